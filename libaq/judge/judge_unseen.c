/* judge_unseen.c: labels of the truth that training did not see. */
#include "libaq/judge/judge.h"

int lib_unseen_class(struct rep_report *report, const struct io_intern *unseen, int32_t label, size_t *index,
                     struct rt_error *error) {
  size_t length;
  const char *text = io_intern_text(unseen, -1 - label, &length);
  char *name = rt_strndup(text, length);
  int status = name ? rep_class(report, name, index, error) : rt_no_memory(error);
  rt_free(name);
  return status;
}
