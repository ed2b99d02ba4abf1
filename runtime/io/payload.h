/* payload.h: the values of a column, row after row and never padded.
 *
 * A value is `width` elements of one type: one id or number, the N numbers of vector[N]. A row has one value,
 * or in a ragged column as many as it likes. Two rows, of 2 and 3 values of width 2:
 *
 *     elements  a0 a1  b0 b1 | c0 c1  d0 d1  e0 e1
 *     offsets   0              2                     5
 *
 * So ragged axes, which differ from row to row, are outside; fixed ones are inside and multiply to the width.
 */
#ifndef AQ_RUNTIME_IO_PAYLOAD_H
#define AQ_RUNTIME_IO_PAYLOAD_H

#include "runtime/io/dtype.h"

struct io_payload {
  enum io_dtype element; /* IO_I32: ids; IO_F64: numbers */
  int64_t width;         /* elements of a value; 0 while the first row has not told it */
  bool apart; /* the values are kept elsewhere: the elements are numbers of what has them, one a row, however
                 many values a row has */
  int64_t *offsets; /* ragged: [rows + 1] where each row begins, counted in values; NULL otherwise */
  void *elements;
  size_t capacity; /* of elements */
  size_t offsets_capacity;
};

/* An empty payload. RT_NO_MEMORY. */
int io_payload_init(struct io_payload *p, enum io_dtype element, int64_t width, bool ragged);
void io_payload_free(struct io_payload *p);
/* Makes room for so many elements. RT_NO_MEMORY. */
int io_payload_reserve(struct io_payload *p, int64_t elements);
/* Ends row number `row` of a ragged payload, behind the first `values` values of all rows. RT_NO_MEMORY. */
int io_payload_end_row(struct io_payload *p, int64_t row, int64_t values);
/* Copies the rows of those numbers, in that order, behind the first `before` rows of another payload of the
 * same form. RT_NO_MEMORY. */
int io_payload_append(struct io_payload *into, int64_t before, const struct io_payload *from,
                      const int64_t *rows, int64_t count);

/* The number of a row's first value: how many there are before it. */
static inline int64_t io_payload_begin(const struct io_payload *p, int64_t row) {
  return p->offsets ? p->offsets[row] : row;
}
/* How many values a row has. */
static inline int64_t io_payload_count(const struct io_payload *p, int64_t row) {
  return io_payload_begin(p, row + 1) - io_payload_begin(p, row);
}
/* Element number k as a number, whatever its type. */
double io_payload_number(const struct io_payload *p, int64_t k);
/* Where the elements of a row begin, and how many there are. */
static inline int64_t io_payload_row(const struct io_payload *p, int64_t row, int64_t *elements) {
  *elements = p->apart ? 1 : io_payload_count(p, row) * p->width;
  return p->apart ? row : io_payload_begin(p, row) * p->width;
}
/* The elements, when they are ids or doubles: value v begins at number v * width. */
static inline int32_t *io_payload_ids(const struct io_payload *p) { return p->elements; }
static inline double *io_payload_numbers(const struct io_payload *p) { return p->elements; }

#endif
