/* machine_numbers.c: what a machine has computed, as doubles. */
#include "libaq/internal.h"

void lib_output_size(const struct rt_tensor *tensor, int64_t *rows, int64_t *columns) {
  const struct rt_shape *s = tensor->shape;
  *columns = s->rank == 0 ? 1 : s->size[s->rank - 1];
  *rows = *columns ? s->count / *columns : 0;
}

void lib_to_double(const struct rt_tensor *tensor, enum rt_precision precision, double *out) {
  for (int64_t i = 0; i < tensor->shape->count; i++) out[i] = lib_number_at(tensor->data, precision, i);
}
