/* same_value.c: do two rows of a column hold the same? */
#include <string.h>

#include "libaq/internal.h"
#include "runtime/io/dtype.h"
#include "runtime/map.h"

static const unsigned char *value_of(const struct io_values *v, int64_t row, size_t *length) {
  const size_t element = io_dtype_size(v->of.element) * (size_t)v->of.width;
  *length = (size_t)io_payload_count(&v->of, row) * element;
  return (const unsigned char *)v->of.elements + (size_t)io_payload_begin(&v->of, row) * element;
}

bool lib_same_value(const struct io_values *v, int64_t a, int64_t b) {
  size_t length, other;
  const unsigned char *x = value_of(v, a, &length), *y = value_of(v, b, &other);
  return length == other && (length == 0 || !memcmp(x, y, length));
}

uint64_t lib_value_hash(const struct io_values *v, int64_t row) {
  size_t length;
  const unsigned char *x = value_of(v, row, &length);
  return rt_hash_bytes(x, length);
}
