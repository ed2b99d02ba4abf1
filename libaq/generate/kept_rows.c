/* kept_rows.c: when the rows of one text no longer fit, all texts get new places, with room for about as many
 * rows more as they have. As all texts grow by a row at a time, that is seldom. */
#include "libaq/generate/kept_rows.h"

#include <string.h>

enum { PLACE = 64, LEAST_ROOM = 4096 };

void kept_rows_free(struct kept_rows *rows) {
  rt_free_aligned(rows->data);
  rt_free_aligned(rows->spare);
  rt_free(rows->span);
  rt_free(rows->other);
  rt_free(rows->offset);
}

static int more_spans(struct row_span **span, int64_t used, int64_t texts) {
  struct row_span *more = rt_zalloc((size_t)texts, sizeof *more);
  if (!more) return RT_NO_MEMORY;
  if (used) memcpy(more, *span, (size_t)used * sizeof *more);
  rt_free(*span);
  *span = more;
  return RT_OK;
}

int kept_rows_texts(struct kept_rows *rows, int64_t used, int64_t texts) {
  int64_t *offset = rt_zalloc((size_t)texts + 1, sizeof *offset);
  if (!offset) return RT_NO_MEMORY;
  rt_free(rows->offset);
  rows->offset = offset;
  int status = more_spans(&rows->span, used, texts);
  return status == RT_OK ? more_spans(&rows->other, 0, texts) : status;
}

void kept_rows_begin(struct kept_rows *rows, int64_t texts) {
  memset(rows->span, 0, (size_t)texts * sizeof *rows->span);
}

static size_t bytes_of(const struct rt_shape *shape, int64_t text, size_t element) {
  return (size_t)rt_extent(shape, 0, shape->rank, text) * element; /* at most 2^40 numbers */
}

static size_t rounded(size_t bytes) { return (bytes + PLACE - 1) / PLACE * PLACE; }

/* The spare block becomes one of at least so many bytes. */
static int make_spare(struct kept_rows *rows, size_t bytes, struct rt_error *error) {
  if (rows->spare && bytes <= rows->spare_capacity) return RT_OK;
  rt_free_aligned(rows->spare);
  rows->spare = rt_alloc_aligned(bytes);
  rows->spare_capacity = rows->spare ? bytes : 0;
  return rows->spare ? RT_OK : rt_no_memory(error);
}

static void swap_blocks(struct kept_rows *rows) {
  char *data = rows->data;
  size_t capacity = rows->capacity;
  rows->data = rows->spare;
  rows->capacity = rows->spare_capacity;
  rows->spare = data;
  rows->spare_capacity = capacity;
}

static int place_anew(struct kept_rows *rows, const struct rt_shape *shape, size_t element,
                      struct rt_error *error) {
  size_t total = 0, at = 0, texts = (size_t)shape->examples;
  bool copies = false;
  for (int64_t t = 0; t < shape->examples; t++)
    if (!rt_add(total, rounded(bytes_of(shape, t, element)), &total)) return rt_no_memory(error);
  size_t more = rounded(total / texts > LEAST_ROOM ? total / texts : LEAST_ROOM);
  if (make_spare(rows, total + texts * more, error) != RT_OK) return error->code;
  for (int64_t t = 0; t < shape->examples; t++) {
    struct row_span *span = &rows->span[t];
    copies = copies || (span->bytes && !span->room);
    if (span->bytes) memcpy(rows->spare + at, rows->data + span->first, span->bytes);
    span->first = at;
    span->room = rounded(bytes_of(shape, t, element)) + more;
    at += span->room;
  }
  swap_blocks(rows);
  if (copies) return RT_OK; /* as there will be soon again */
  rt_free_aligned(rows->spare);
  rows->spare = NULL;
  rows->spare_capacity = 0;
  return RT_OK;
}

int kept_rows_fit(struct kept_rows *rows, const struct rt_shape *shape, size_t element,
                  struct rt_error *error) {
  bool fits = true;
  for (int64_t t = 0; t < shape->examples; t++) {
    size_t bytes = bytes_of(shape, t, element);
    if (bytes < rows->span[t].bytes)
      return rt_fail(error, RT_BAD_DATA, "the module loses rows that it keeps");
    fits = fits && bytes <= rows->span[t].room;
  }
  if (!fits && place_anew(rows, shape, element, error) != RT_OK) return error->code;
  for (int64_t t = 0; t < shape->examples; t++) rows->offset[t] = (int64_t)(rows->span[t].first / element);
  return RT_OK;
}

size_t kept_rows_gone(const struct rt_shape *shape, int64_t text, size_t bytes, int64_t most) {
  int64_t count = shape->rank ? rt_size(shape, 0, text) : 0;
  return most && count > most ? bytes / (size_t)count * (size_t)(count - most) : 0;
}

void kept_rows_grown(struct kept_rows *rows, const struct rt_shape *shape, size_t element, int64_t most) {
  for (int64_t t = 0; t < shape->examples; t++) {
    struct row_span *span = &rows->span[t];
    size_t bytes = bytes_of(shape, t, element), gone = kept_rows_gone(shape, t, bytes, most);
    *span = (struct row_span){span->first + gone, bytes - gone, span->room - gone};
  }
}

/* The last text that goes on from another one keeps its place, others get one of their own when rows join. */
void kept_rows_keep(struct kept_rows *rows, const int64_t *from, int64_t count) {
  for (int64_t k = 0; k < count; k++) {
    rows->other[k] = rows->span[from[k]];
    for (int64_t later = k + 1; later < count && rows->other[k].room; later++)
      if (from[later] == from[k]) rows->other[k].room = 0;
  }
  struct row_span *there = rows->span;
  rows->span = rows->other;
  rows->other = there;
}
