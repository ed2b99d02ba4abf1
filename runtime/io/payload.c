/* payload.c: see payload.h. */
#include "runtime/io/payload.h"

#include <string.h>

#include "runtime/io/grow.h"

int io_payload_init(struct io_payload *p, enum io_dtype element, int64_t width, bool ragged) {
  *p = (struct io_payload){.element = element, .width = width};
  return ragged ? io_payload_end_row(p, -1, 0) : RT_OK;
}

void io_payload_free(struct io_payload *p) {
  rt_free(p->offsets);
  rt_free(p->elements);
  *p = (struct io_payload){0};
}

static size_t value_size(const struct io_payload *p) { return (size_t)p->width * io_dtype_size(p->element); }

int io_payload_reserve(struct io_payload *p, int64_t elements) {
  return rt_grow(&p->elements, &p->capacity, (size_t)elements, io_dtype_size(p->element));
}

int io_payload_end_row(struct io_payload *p, int64_t row, int64_t values) {
  if (IO_GROW(p->offsets, p->offsets_capacity, (size_t)(row + 2)) != RT_OK) return RT_NO_MEMORY;
  p->offsets[row + 1] = values;
  return RT_OK;
}

int io_payload_append(struct io_payload *into, int64_t before, const struct io_payload *from,
                      const int64_t *rows, int64_t count) {
  const size_t size = value_size(from);
  int64_t at = io_payload_begin(into, before), total = at;
  for (int64_t r = 0; r < count; r++) total += io_payload_count(from, rows[r]);
  if (io_payload_reserve(into, total * from->width) != RT_OK) return RT_NO_MEMORY;
  for (int64_t r = 0; r < count; r++) {
    int64_t n = io_payload_count(from, rows[r]);
    if (n > 0)
      memcpy((char *)into->elements + (size_t)at * size,
             (const char *)from->elements + (size_t)io_payload_begin(from, rows[r]) * size, (size_t)n * size);
    at += n;
    if (into->offsets && io_payload_end_row(into, before + r, at) != RT_OK) return RT_NO_MEMORY;
  }
  return RT_OK;
}

double io_payload_number(const struct io_payload *p, int64_t k) {
  const size_t size = io_dtype_size(p->element);
  double number = 0;
  io_dtype_to_double(p->element, (const unsigned char *)p->elements + (size_t)k * size, 1, &number);
  return number;
}
