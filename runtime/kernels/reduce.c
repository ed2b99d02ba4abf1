/* reduce.c: sum and maximum over axes, and over the examples when the result is shared. Work is cut over
 * results only, so that the order of every sum is given by the shape. */
#include "runtime/kernels/kernel.h"
#include "runtime/kernels/split.h"
#include "runtime/kernels/fold.h"

#include <math.h>

/* The narrowest piece of columns worth a task: a line of the cache; and where there are many, several lines
 * side by side, which come faster than as many from one row after another. */
enum { COLUMNS = 16, WIDE_COLUMNS = 128, WANTED_PIECES = 4 };

/* small[j] += sum over rows of big[r, j]. Eight rows at a time, added as a tree: fewer passes over small, and
 * smaller errors. */
static void add_rows(int64_t rows, int64_t stride, int64_t n, const real *restrict big,
                     real *restrict small) {
  int64_t r = 0;
  for (; r + 8 <= rows; r += 8) {
    const real *b = big + r * stride;
    SIMD for (int64_t j = 0; j < n; j++) {
      real low = (b[j] + b[j + stride]) + (b[j + 2 * stride] + b[j + 3 * stride]);
      real high = (b[j + 4 * stride] + b[j + 5 * stride]) + (b[j + 6 * stride] + b[j + 7 * stride]);
      small[j] += low + high;
    }
  }
  for (; r < rows; r++) {
    SIMD for (int64_t j = 0; j < n; j++) small[j] += big[r * stride + j];
  }
}

/* Blocks keep the error of a long sum small. */
static real sum_of(int64_t n, const real *a) {
  real total = 0;
  for (int64_t block = 0; block < n; block += 1024) {
    int64_t end = split_min(n, block + 1024);
    real s = 0;
    _Pragma("omp simd reduction(+ : s)") for (int64_t i = block; i < end; i++) s += a[i];
    total += s;
  }
  return total;
}

/* NaN is larger than anything, and so reaches the result. */
static real larger(real a, real b) { return ((a > b) | (a != a)) ? a : b; }

static void raise_rows(int64_t rows, int64_t stride, int64_t n, const real *restrict big,
                       real *restrict small) {
  for (int64_t r = 0; r < rows; r++) {
    SIMD for (int64_t j = 0; j < n; j++) small[j] = larger(big[r * stride + j], small[j]);
  }
}

static real maximum_of(int64_t n, const real *a) {
  enum { LANES = 16 };
  real m[LANES];
  for (int l = 0; l < LANES; l++) m[l] = -INFINITY;
  int64_t i = 0;
  for (; i + LANES <= n; i += LANES) {
    SIMD for (int l = 0; l < LANES; l++) m[l] = larger(a[i + l], m[l]);
  }
  for (int l = 0; i < n; i++, l++) m[l] = larger(a[i], m[l]);
  for (int l = 1; l < LANES; l++) m[0] = larger(m[l], m[0]);
  return m[0];
}

static void fold_in(bool maximum, const struct fold_group *g, int count, const real *big, real *small) {
  if (count == 0) {
    small[0] = maximum ? larger(big[0], small[0]) : small[0] + big[0];
  } else if (count == 1 && !g->small) {
    if (maximum)
      small[0] = larger(maximum_of(g->size, big), small[0]);
    else
      small[0] += sum_of(g->size, big);
  } else if (count == 1 || (count == 2 && !g[0].small && g[1].small)) {
    const struct fold_group *row = &g[count - 1];
    int64_t rows = count == 2 ? g->size : 1, stride = count == 2 ? g->big : 0;
    (maximum ? raise_rows : add_rows)(rows, stride, row->size, big, small);
  } else {
    for (int64_t i = 0; i < g->size; i++)
      fold_in(maximum, g + 1, count - 1, big + i * g->big, small + i * g->small);
  }
}

static int64_t kept_count(const struct fold *f) {
  int64_t n = 1;
  for (int i = 0; i < f->count; i++)
    if (f->group[i].small) n *= f->group[i].size;
  return n;
}

static void start(bool maximum, int64_t n, real *small) {
  SIMD for (int64_t i = 0; i < n; i++) small[i] = maximum ? -INFINITY : 0;
}

/* ---- the whole packed batch as one table: the first kept group in pieces ---- */

static void reduce_piece(const struct rt_call *call, bool maximum, int64_t begin, int64_t end) {
  struct fold f = {.count = 0};
  fold_batch(&f, call->in[0].shape, call->out[0].shape, call->attr[0]);
  int kept = f.count && !f.group[0].small ? 1 : 0;
  const real *big = in_data(call, 0);
  real *small = out_data(call, 0);
  if (kept < f.count) {
    f.group[kept].size = end - begin;
    big += begin * f.group[kept].big;
    small += begin * f.group[kept].small;
  }
  start(maximum, kept_count(&f), small);
  fold_in(maximum, f.group, f.count, big, small);
}

static void sum_piece(const struct rt_call *call, int64_t begin, int64_t end) {
  reduce_piece(call, false, begin, end);
}
static void maximum_piece(const struct rt_call *call, int64_t begin, int64_t end) {
  reduce_piece(call, true, begin, end);
}

static void reduce_batch(const struct rt_call *call, bool maximum, const struct fold *f) {
  int kept = f->count && !f->group[0].small ? 1 : 0;
  int64_t pieces = kept < f->count ? f->group[kept].size : 1;
  int64_t touched = split_max(1, call->in[0].shape->count / pieces);
  if (kept == 1) {
    int64_t columns = split_max(COLUMNS, split_min(WIDE_COLUMNS, pieces / WANTED_PIECES));
    touched = split_min(touched, SPLIT_GRAIN / columns);
  }
  split_range(call, pieces, touched, maximum ? maximum_piece : sum_piece);
}

/* ---- example by example ---- */

static void reduce_example(const struct rt_call *call, bool maximum, int64_t e) {
  const struct rt_shape *big = call->in[0].shape, *small = call->out[0].shape;
  struct fold f = {.count = 0};
  fold_example(&f, big, call->attr[0], e);
  real *to = out_data(call, 0) + rt_offset(small, e);
  bool nothing = rt_extent(big, 0, big->rank, e) == 0;
  if (small->batched) start(maximum && !nothing, rt_extent(small, 0, small->rank, e), to);
  if (!nothing) fold_in(maximum, f.group, f.count, in_data(call, 0) + rt_offset(big, e), to);
}

static void sum_examples(const struct rt_call *call, int64_t begin, int64_t end) {
  for (int64_t e = begin; e < end; e++) reduce_example(call, false, e);
}

static void maximum_examples(const struct rt_call *call, int64_t begin, int64_t end) {
  for (int64_t e = begin; e < end; e++) reduce_example(call, true, e);
}

static void reduce(const struct rt_call *call, bool maximum) {
  const struct rt_shape *big = call->in[0].shape, *small = call->out[0].shape;
  struct fold f = {.count = 0};
  if (small->count == 0) return;
  if (big->count == 0) {
    start(false, small->count, out_data(call, 0));
  } else if (fold_batch(&f, big, small, call->attr[0])) {
    reduce_batch(call, maximum, &f);
  } else if (small->batched) {
    split_range(call, small->examples, big->count / small->examples,
                maximum ? maximum_examples : sum_examples);
  } else {
    start(maximum, small->count, out_data(call, 0));
    for (int64_t e = 0; e < big->examples; e++) reduce_example(call, maximum, e);
  }
}

void KERNEL(sum)(const struct rt_call *call) { reduce(call, false); }
void KERNEL(maximum)(const struct rt_call *call) { reduce(call, true); }
