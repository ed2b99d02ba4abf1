/* diagnostics.c: see diagnostics.h. */
#include "compiler/source/diagnostics.h"

#include <string.h>

struct rt_error *cc_report(struct cc_diagnostics *list, bool warning) {
  rt_error_clear(&list->spare.message);
  list->error_count += !warning;
  if (list->count == CC_DIAGNOSTICS_MAX) {
    list->left_out++;
    return &list->spare.message;
  }
  if (rt_grow((void **)&list->item, &list->capacity, list->count + 1, sizeof *list->item)) {
    list->failed = true;
    return &list->spare.message;
  }
  struct cc_diagnostic *item = &list->item[list->count++];
  *item = (struct cc_diagnostic){.warning = warning};
  return &item->message;
}

static bool same(const struct rt_error *a, const struct rt_error *b) {
  return a->line == b->line && a->column == b->column && !strcmp(a->file, b->file)
         && !strcmp(a->text, b->text);
}

static int add_once(struct cc_diagnostics *list, const struct rt_error *message, bool warning) {
  for (size_t i = 0; i < list->count; i++)
    if (same(&list->item[i].message, message)) return RT_OK;
  *cc_report(list, warning) = *message;
  return list->failed ? RT_NO_MEMORY : RT_OK;
}

int cc_report_copy(struct cc_diagnostics *list, const struct rt_error *error) {
  return error->code == RT_NO_MEMORY ? RT_NO_MEMORY : add_once(list, error, false);
}

int cc_warn(struct cc_diagnostics *list, const struct rt_error *warning) {
  return add_once(list, warning, true);
}

void cc_drop_warnings(struct cc_diagnostics *list) {
  size_t kept = 0;
  for (size_t i = 0; i < list->count; i++)
    if (!list->item[i].warning) list->item[kept++] = list->item[i];
  list->count = kept;
}

/* Of each message, the number of the first one that is about its file. */
static void number_files(struct cc_diagnostics *list) {
  for (size_t k = 0; k < list->count; k++) {
    list->item[k].file = k;
    for (size_t j = k; j-- > 0;)
      if (!strcmp(list->item[j].message.file, list->item[k].message.file)) list->item[k].file = j;
  }
}

static bool comes_before(const struct cc_diagnostic *a, const struct cc_diagnostic *b) {
  const struct rt_error *x = &a->message, *y = &b->message;
  if (a->file != b->file) return a->file < b->file;
  return x->line < y->line || (x->line == y->line && x->column < y->column);
}

/* By insertion: there are few, and they come nearly in order. */
void cc_diagnostics_sort(struct cc_diagnostics *list) {
  number_files(list);
  for (size_t k = 1; k < list->count; k++)
    for (size_t at = k; at > 0 && comes_before(&list->item[at], &list->item[at - 1]); at--) {
      list->spare = list->item[at];
      list->item[at] = list->item[at - 1];
      list->item[at - 1] = list->spare;
    }
}

const struct rt_error *cc_first_error(const struct cc_diagnostics *list) {
  for (size_t i = 0; i < list->count; i++)
    if (!list->item[i].warning) return &list->item[i].message;
  return NULL;
}

void cc_diagnostics_free(struct cc_diagnostics *list) { rt_free(list->item); }
