/* shown_write.c: writes a tree of facts in the form that is asked for. */
#include "libaq/internal.h"
#include "libaq/shown/shown_tree.h"

/* A host may nest as deeply as it likes, and even put a tree into itself. */
static bool is_too_deep(const struct shown_node *node, int left) {
  if (left == 0) return true;
  if (node->kind == SHOWN_OTHER) return is_too_deep(node->of, left - 1);
  for (const struct shown_node *child = node->first; child; child = child->next)
    if (is_too_deep(child, left - 1)) return true;
  return false;
}

static int write_tree(const aq_shown *s, enum aq_form form, struct rt_text *out) {
  static void (*const writer[])(const aq_shown *, struct rt_text *) = {
      [AQ_TEXT] = shown_as_text, [AQ_JSON] = shown_as_json, [AQ_HTML] = shown_as_html};
  if (form < AQ_TEXT || form > AQ_HTML) return RT_USAGE;
  if (!s) return RT_NO_MEMORY;
  if (s->failed) return s->failed;
  if (is_too_deep(&s->root, SHOWN_DEEPEST)) return RT_USAGE;
  writer[form](s, out);
  return out->failed ? RT_NO_MEMORY : RT_OK;
}

int shown_finish(aq_shown *s, enum aq_form form, struct rt_text *out, struct rt_error *error) {
  int status = write_tree(s, form, out);
  aq_shown_free(s);
  if (status == RT_NO_MEMORY) return rt_no_memory(error);
  return status != RT_OK ? rt_fail(error, status, "there is no such form, or the tree is too deep") : RT_OK;
}

int aq_shown_png(const aq_shown *s, char **bytes, size_t *length) {
  struct rt_text out = {0};
  struct rt_error error = {0};
  if (!bytes || !length) return AQ_USAGE;
  *bytes = NULL;
  *length = 0;
  if (!s) return AQ_NO_MEMORY;
  if (s->failed) return s->failed;
  int status = is_too_deep(&s->root, SHOWN_DEEPEST) ? AQ_USAGE : shown_as_png(s, &out);
  if (status == RT_OK) status = lib_give_text(&out, bytes, &error);
  if (status == RT_OK)
    *length = out.length;
  else
    rt_text_free(&out);
  return status;
}

int aq_shown_write(const aq_shown *s, enum aq_form form, char **text) {
  struct rt_text out = {0};
  struct rt_error error = {0};
  if (!text) return AQ_USAGE;
  *text = NULL;
  int status = write_tree(s, form, &out);
  if (status == RT_OK) return lib_give_text(&out, text, &error);
  rt_text_free(&out);
  return status;
}
