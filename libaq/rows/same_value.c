/* same_value.c: do two rows of a column hold the same? */
#include <string.h>

#include "libaq/internal.h"
#include "runtime/io/dtype.h"

const unsigned char *lib_value_bytes(const struct io_values *v, int64_t row, size_t *length) {
  const size_t element = io_dtype_size(v->of.element);
  int64_t elements;
  const int64_t first = io_payload_row(&v->of, row, &elements);
  *length = (size_t)elements * element;
  if (*length == 0) return (const unsigned char *)"";
  return (const unsigned char *)v->of.elements + (size_t)first * element;
}

bool lib_same_value(const struct io_values *v, int64_t a, int64_t b) {
  size_t length, other;
  const unsigned char *x = lib_value_bytes(v, a, &length), *y = lib_value_bytes(v, b, &other);
  return length == other && !memcmp(x, y, length);
}
