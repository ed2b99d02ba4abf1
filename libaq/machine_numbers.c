/* machine_numbers.c: what a machine has computed, as doubles. */
#include "libaq/internal.h"
#include "vm/link.h"

void lib_output_size(const struct rt_tensor *tensor, int64_t *rows, int64_t *columns) {
  const struct rt_shape *s = tensor->shape;
  *columns = s->rank == 0 ? 1 : s->size[s->rank - 1];
  *rows = *columns ? s->count / *columns : 0;
}

void lib_to_double(const struct rt_tensor *tensor, enum rt_precision precision, double *out) {
  for (int64_t i = 0; i < tensor->shape->count; i++) out[i] = lib_number_at(tensor->data, precision, i);
}

int lib_answer_tags(struct tag_answers *answers, const struct rt_tensor *tensor, struct tag_scores *scores,
                    int64_t *first, const struct vm_output *output, struct rt_error *error) {
  const struct rt_shape *shape = tensor->shape;
  const struct vm_link *link = vm_link_find(output->link);
  int64_t rows;
  lib_output_size(tensor, &rows, &scores->classes);
  for (int64_t e = 0; e <= scores->texts; e++)
    first[e] = scores->classes ? rt_offset(shape, e) / scores->classes : 0;
  first[scores->texts] = rows;
  scores->first = first;
  if (tag_answers_read(answers, scores) != RT_OK) return rt_no_memory(error);
  link->apply(scores->score, rows, scores->classes);
  return RT_OK;
}
