/* pool.c: the largest of each square of an image, number by number, and what the image receives. */
#include "runtime/kernels/kernel.h"
#include "runtime/kernels/split.h"

enum { NUMBERS = 64 }; /* that are looked at side by side */

/* Rows of squares lie one behind the other in all examples of equal sizes; `size` rows of an image make one.
 */
struct squares {
  int64_t size, columns, numbers; /* columns: of squares */
};

static struct squares squares_of(const struct rt_call *call, const struct rt_shape *pooled, int64_t e) {
  return (struct squares){call->attr[0], rt_size(pooled, 1, e), rt_size(pooled, 2, e)};
}

/* For each point of a square, from left to right and from the top down: its number k, and where it is. */
#define EACH_POINT(s, k, at)                                                                                 \
  for (int64_t k = 0, row_ = 0; row_ < (s)->size; row_++)                                                    \
    for (int64_t at = row_ * (s)->columns * (s)->size * (s)->numbers, end_ = at + (s)->size * (s)->numbers;  \
         at < end_; at += (s)->numbers, k++)

/* The first of those that are the largest counts: the gradient goes to it alone. */
static void largest(const struct squares *s, int64_t count, const real *x, real *restrict most) {
  SIMD for (int64_t i = 0; i < count; i++) most[i] = x[i];
  EACH_POINT(s, k, at) {
    const real *other = x + at;
    SIMD for (int64_t i = 0; i < count; i++) most[i] = other[i] > most[i] ? other[i] : most[i];
  }
}

static void give_back(const struct squares *s, int64_t count, const real *x, const real *dy, real *dx) {
  real most[NUMBERS], wins[NUMBERS];
  SIMD for (int64_t i = 0; i < count; i++) {
    most[i] = x[i];
    wins[i] = 0;
  }
  EACH_POINT(s, k, at) {
    const real *other = x + at, number = (real)k;
    SIMD for (int64_t i = 0; i < count; i++) {
      wins[i] = other[i] > most[i] ? number : wins[i];
      most[i] = other[i] > most[i] ? other[i] : most[i];
    }
  }
  EACH_POINT(s, k, at) {
    real *to = dx + at, number = (real)k;
    SIMD for (int64_t i = 0; i < count; i++) to[i] = wins[i] == number ? dy[i] : 0;
  }
}

/* So many rows of squares, which begin at x and y. */
static void pool_rows(const struct squares *s, int64_t rows, const real *x, real *y) {
  const int64_t row = s->size * s->size * s->columns * s->numbers;
  for (int64_t r = 0; r < rows; r++, x += row)
    for (int64_t j = 0; j < s->columns; j++, y += s->numbers)
      for (int64_t n = 0; n < s->numbers; n += NUMBERS)
        largest(s, split_min(NUMBERS, s->numbers - n), x + j * s->size * s->numbers + n, y + n);
}

static void give_rows(const struct squares *s, int64_t rows, const real *x, const real *dy, real *dx) {
  const int64_t row = s->size * s->size * s->columns * s->numbers;
  for (int64_t r = 0; r < rows; r++, x += row, dx += row)
    for (int64_t j = 0; j < s->columns; j++, dy += s->numbers)
      for (int64_t n = 0; n < s->numbers; n += NUMBERS) {
        const int64_t at = j * s->size * s->numbers + n;
        give_back(s, split_min(NUMBERS, s->numbers - n), x + at, dy + n, dx + at);
      }
}

static void pool_examples(const struct rt_call *call, int64_t begin, int64_t end) {
  const struct rt_shape *x = call->in[0].shape, *y = call->out[0].shape;
  for (int64_t e = begin; e < end; e++) {
    const struct squares s = squares_of(call, y, e);
    pool_rows(&s, rt_size(y, 0, e), in_data(call, 0) + rt_offset(x, e), out_data(call, 0) + rt_offset(y, e));
  }
}

void KERNEL(max_pool)(const struct rt_call *call) {
  if (call->out[0].shape->count) split_examples(call, call->in[0].shape, pool_examples);
}

static void give_examples(const struct rt_call *call, int64_t begin, int64_t end) {
  const struct rt_shape *x = call->in[0].shape, *y = call->in[1].shape;
  for (int64_t e = begin; e < end; e++) {
    const struct squares s = squares_of(call, y, e);
    give_rows(&s, rt_size(y, 0, e), in_data(call, 0) + rt_offset(x, e), in_data(call, 1) + rt_offset(y, e),
              out_data(call, 0) + rt_offset(x, e));
  }
}

void KERNEL(max_pool_grad)(const struct rt_call *call) {
  if (call->out[0].shape->count) split_examples(call, call->out[0].shape, give_examples);
}
