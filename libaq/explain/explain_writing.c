/* explain_writing.c: what `aqc generate` computes for each token, and what is kept of a text for it. */
#include <inttypes.h>

#include "libaq/explain/explain.h"

/* Elements of a value of the step when a text has so many tokens already; -1: too many to count. */
static int64_t elements(const struct explanation *x, const struct vm_type *type, int64_t before) {
  int64_t count = 1, size, was = x->size[x->module->continuing.before];
  x->size[x->module->continuing.before] = before;
  for (int a = 0; a < type->rank && count >= 0; a++)
    if (vm_dim_value(&x->module->dims, type->dim[a], x->size, &size, NULL) != RT_OK
        || __builtin_mul_overflow(count, size, &count))
      count = -1;
  x->size[x->module->continuing.before] = was;
  return count;
}

/* Is it the first of those with as many rows? */
static bool is_first(const struct vm_continuing *c, uint32_t k) {
  for (uint32_t before = 0; before < k; before++)
    if (c->kept[before].most == c->kept[k].most) return false;
  return c->kept[k].most > 0;
}

/* What is kept for a while only. */
static void windows(struct explanation *x, const struct vm_function *f) {
  const struct vm_continuing *c = &x->module->continuing;
  int listed = 0;
  for (uint32_t k = 0; k < c->kept_count; k++) {
    struct rt_text names = {0};
    if (!is_first(c, k)) continue;
    if (!listed++) aq_shown_list(x->shown, "windows");
    aq_shown_begin(x->shown, NULL);
    aq_shown_whole(x->shown, "rows", NULL, c->kept[k].most);
    aq_shown_list(x->shown, "of");
    for (uint32_t other = k; other < c->kept_count; other++) {
      if (c->kept[other].most != c->kept[k].most || c->kept[other].next == UINT32_MAX) continue;
      const char *name = f->output_name[c->kept[other].next];
      aq_shown_text(x->shown, NULL, NULL, name);
      rt_text_printf(&names, "%s%s", names.length ? ", " : "", *name ? name : "a value without a name");
    }
    aq_shown_end(x->shown);
    aq_shown_end(x->shown);
    aq_shown_note(x->shown, NULL, "keeps the last %" PRId64 " row%s of %s: no query sees those before",
                  c->kept[k].most, c->kept[k].most == 1 ? "" : "s", names.data ? names.data : "");
    rt_text_free(&names);
  }
  if (listed) aq_shown_end(x->shown);
}

static void step(struct explanation *x, const struct vm_function *f) {
  const struct vm_continuing *c = &x->module->continuing;
  int64_t each = 0, beside = 0;
  for (uint32_t k = 0; k < c->kept_count; k++)
    if (c->kept[k].most) x->size[c->kept[k].rows] = c->kept[k].most;
  for (uint32_t k = 0; k < f->argument_count; k++) {
    int64_t none = elements(x, &f->argument[k], 0), one = elements(x, &f->argument[k], 1);
    if (!f->argument[k].batched || none < 0 || one < 0) continue;
    each += one - none;
    beside += none;
  }
  aq_shown_flag(x->shown, "token_by_token", NULL, true);
  aq_shown_whole(x->shown, "numbers_per_token", NULL, each);
  aq_shown_whole(x->shown, "numbers_per_text", NULL, beside);
  aq_shown_note(x->shown, NULL,
                "one position for each token; of a text, %" PRId64 " number%s for each token and %" PRId64
                " beside are kept",
                each, each == 1 ? "" : "s", beside);
  windows(x, f);
}

static void whole(struct explanation *x, const struct vm_continuing *c) {
  aq_shown_flag(x->shown, "token_by_token", NULL, false);
  aq_shown_text(x->shown, "why", NULL, c->why);
  if (c->file) {
    aq_shown_text(x->shown, "file", NULL, c->file);
    aq_shown_whole(x->shown, "line", NULL, c->line);
  }
  aq_shown_note(x->shown, NULL, "the whole model for each token: %s%s%s%s", c->text ? "`" : "",
                c->text ? c->text : "this", c->text ? "` " : " ", c->why);
}

void explain_writing(struct explanation *x) {
  const struct vm_function *f = vm_module_function(x->module, "step");
  const struct vm_continuing *c = &x->module->continuing;
  if (!f && !c->why) return;
  aq_shown_begin(x->shown, "generate");
  aq_shown_say(x->shown, "generate");
  if (f)
    step(x, f);
  else
    whole(x, c);
  aq_shown_end(x->shown);
}
