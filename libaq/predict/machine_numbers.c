/* machine_numbers.c: what a machine has computed, as doubles. */
#include "libaq/judge/judge.h"
#include "vm/link.h"

void lib_output_size(const struct rt_tensor *tensor, int64_t *rows, int64_t *columns) {
  const struct rt_shape *s = tensor->shape;
  *columns = s->rank == 0 ? 1 : s->size[s->rank - 1];
  *rows = *columns ? s->count / *columns : 0;
}

void lib_to_double(const struct rt_tensor *tensor, enum rt_precision precision, double *out) {
  for (int64_t i = 0; i < tensor->shape->count; i++) out[i] = lib_number_at(tensor->data, precision, i);
}

/* Scores of steps are [words, classes, classes]. */
static bool is_chain(const struct rt_shape *s, int64_t classes) {
  return s->rank == 3 && !s->each[1] && !s->each[2] && s->size[1] == classes;
}

int lib_answer_tags(struct tag_answers *answers, const struct rt_tensor *tensor, struct tag_scores *scores,
                    int64_t *first, const struct vm_output *output, struct rt_error *error) {
  const struct rt_shape *shape = tensor->shape;
  const struct vm_link *link = vm_link_find(output->link);
  int64_t rows, wide;
  lib_output_size(tensor, &rows, &scores->classes);
  scores->chain = !link->apply;
  if (scores->chain && !is_chain(shape, scores->classes))
    return rt_fail(error, RT_BAD_DATA, "the scores of %s are not those of steps", output->name);
  wide = scores->chain ? scores->classes * scores->classes : scores->classes;
  for (int64_t e = 0; e < scores->texts; e++) first[e] = wide ? rt_offset(shape, e) / wide : 0;
  first[scores->texts] = wide ? shape->count / wide : 0;
  scores->first = first;
  if (tag_answers_read(answers, scores) != RT_OK) return rt_no_memory(error);
  if (link->apply) link->apply(scores->score, rows, scores->classes);
  return RT_OK;
}
