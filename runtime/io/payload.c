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
  const size_t size = io_dtype_size(from->element);
  int64_t end = io_payload_begin(into, before), some;
  int64_t at = into->apart ? before : end * from->width, total = at;
  for (int64_t r = 0; r < count; r++, total += some) io_payload_row(from, rows[r], &some);
  if (io_payload_reserve(into, total) != RT_OK) return RT_NO_MEMORY;
  for (int64_t r = 0; r < count; r++) {
    const int64_t first = io_payload_row(from, rows[r], &some);
    if (some > 0)
      memcpy((char *)into->elements + (size_t)at * size, (const char *)from->elements + (size_t)first * size,
             (size_t)some * size);
    at += some;
    end += io_payload_count(from, rows[r]);
    if (into->offsets && io_payload_end_row(into, before + r, end) != RT_OK) return RT_NO_MEMORY;
  }
  return RT_OK;
}

double io_payload_number(const struct io_payload *p, int64_t k) {
  const size_t size = io_dtype_size(p->element);
  double number = 0;
  io_dtype_to_double(p->element, (const unsigned char *)p->elements + (size_t)k * size, 1, &number);
  return number;
}
