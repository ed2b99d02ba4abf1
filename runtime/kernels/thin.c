/* thin.c: products of few rows with AVX-512: the words of a sentence with a matrix of the model.
 *
 * Each number of b is used for few rows only, so packing b costs as much as the product, and what counts is
 * how fast b comes. It is read where it lies, WIDE columns at a time from top to bottom, and for all rows
 * while it is near. The hardware does not foresee this way through memory, so lines are asked for ahead. The
 * rows fall into blocks of nearly equal heights of at most TALL, whose sums stay in registers. a is packed,
 * column by column of a block. Each number of the result is one sum in the order of k, whatever the blocks
 * and the number of threads. */
#include "runtime/kernels/kernel.h"
#include "runtime/kernels/split.h"
#include "runtime/kernels/square.h"
#include "runtime/kernels/thin.h"

#if RT_VECTOR_BYTES == 64

enum {
  TALL = 14,
  VECTORS = 2, /* TALL * VECTORS sums, VECTORS of b and one number of a fill the 32 registers */
  WIDE = VECTORS * RT_VECTOR,
  PANEL = 16,           /* numbers from column to column of a packed block */
  AHEAD = 12,           /* rows of b from the one in use to the one that is asked for */
  MOST_ROWS = 2 * TALL, /* beyond, b is used often enough for OpenBLAS' ways */
  LEAST_ROWS = 4,
  LEAST_OF_B = 1 << 15,                      /* smaller ones OpenBLAS takes as they lie, at the same speed */
  MOST_OF_A = (2 << 20) / (int)sizeof(real), /* and of the last columns of b beside it */
  TASK = 1 << 20                             /* multiply-adds worth a task, which packs all of a */
};

typedef real vector __attribute__((vector_size(RT_VECTOR_BYTES)));

struct thin {
  struct rt_product of;
  int64_t tasks, blocks;
};

/* ---- the operands ---- */

/* rows of k numbers, as k columns of PANEL numbers, of which the first `rows` count. */
static void pack_block(int64_t rows, int64_t k, const real *a, int64_t lda, real *to) {
  int64_t squares = k / RT_VECTOR * RT_VECTOR;
  for (int64_t l = 0; l < squares; l += RT_VECTOR)
    for (int64_t i = 0; i < rows; i += RT_VECTOR)
      square_transpose(a + i * lda + l, lda, rows - i, to + l * PANEL + i, PANEL);
  for (int64_t l = squares; l < k; l++)
    for (int64_t i = 0; i < rows; i++) to[l * PANEL + i] = a[i * lda + l];
}

static int64_t first_row(const struct thin *t, int64_t block) { return t->of.m * block / t->blocks; }

static void pack_rows(const struct thin *t, real *to) {
  const struct rt_product *p = &t->of;
  for (int64_t block = 0; block < t->blocks; block++) {
    int64_t first = first_row(t, block);
    pack_block(first_row(t, block + 1) - first, p->k, p->a + first * p->lda, p->lda,
               to + block * p->k * PANEL);
  }
}

/* The last columns, fewer than WIDE, as a matrix of WIDE columns of its own. */
static void widen(int64_t k, int64_t columns, const real *b, int64_t ldb, real *to) {
  for (int64_t l = 0; l < k; l++)
    for (int64_t j = 0; j < WIDE; j++) to[l * WIDE + j] = j < columns ? b[l * ldb + j] : 0;
}

/* ---- multiplying ---- */

/* A block of a with WIDE columns of b. next: where the columns begin that come then. */
struct block {
  int64_t k, ldb, ldc;
  const real *a, *b, *next;
  real *c;
  bool add;
};

static inline __attribute__((always_inline)) void multiply(const int height, const struct block *x) {
  vector sum[TALL][VECTORS];
  const real *a = x->a, *b = x->b, *ahead = x->b + AHEAD * x->ldb;
#pragma GCC unroll 16
  for (int i = 0; i < height; i++)
#pragma GCC unroll 2
    for (int v = 0; v < VECTORS; v++) {
      sum[i][v] = (vector){0};
      if (x->add) memcpy(&sum[i][v], x->c + i * x->ldc + v * RT_VECTOR, sizeof sum[i][v]);
    }
  for (int64_t l = 0; l < x->k; l++, a += PANEL, b += x->ldb, ahead += x->ldb) {
    vector row[VECTORS];
    if (l + AHEAD == x->k) ahead = x->next;
    memcpy(row, b, sizeof row);
    __builtin_prefetch(ahead);
    __builtin_prefetch(ahead + RT_VECTOR);
#pragma GCC unroll 16
    for (int i = 0; i < height; i++)
#pragma GCC unroll 2
      for (int v = 0; v < VECTORS; v++) sum[i][v] += a[i] * row[v];
  }
#pragma GCC unroll 16
  for (int i = 0; i < height; i++)
#pragma GCC unroll 2
    for (int v = 0; v < VECTORS; v++) memcpy(x->c + i * x->ldc + v * RT_VECTOR, &sum[i][v], sizeof sum[i][v]);
}

typedef void of_height(const struct block *x);
#define HEIGHT(n)                                                                                            \
  static void multiply_##n(const struct block *x) { multiply(n, x); }
HEIGHT(1)
HEIGHT(2)
HEIGHT(3)
HEIGHT(4)
HEIGHT(5)
HEIGHT(6)
HEIGHT(7)
HEIGHT(8)
HEIGHT(9)
HEIGHT(10)
HEIGHT(11)
HEIGHT(12)
HEIGHT(13)
HEIGHT(14)
static of_height *const of[TALL + 1] = {NULL,        multiply_1,  multiply_2,  multiply_3,  multiply_4,
                                        multiply_5,  multiply_6,  multiply_7,  multiply_8,  multiply_9,
                                        multiply_10, multiply_11, multiply_12, multiply_13, multiply_14};

/* All rows with the columns from j on. */
static void multiply_columns(const struct thin *t, int64_t j, const real *a, const real *next) {
  const struct rt_product *p = &t->of;
  for (int64_t n = 0; n < t->blocks; n++) {
    int64_t first = first_row(t, n);
    struct block x = {
        .k = p->k, .ldb = p->ldb, .ldc = p->ldc, .a = a + n * p->k * PANEL, .b = p->b + j, .add = p->add};
    x.c = p->c + first * p->ldc + j;
    x.next = n + 1 < t->blocks ? x.b : next; /* near by then, or wanted next */
    of[first_row(t, n + 1) - first](&x);
  }
}

/* The same for the last columns, by way of room for whole panels. */
static void multiply_last(const struct thin *t, int64_t j, const real *a, real *room) {
  const struct rt_product *p = &t->of;
  int64_t columns = p->n - j;
  real sum[TALL * WIDE];
  widen(p->k, columns, p->b + j, p->ldb, room);
  for (int64_t n = 0; n < t->blocks; n++) {
    int64_t first = first_row(t, n), rows = first_row(t, n + 1) - first;
    struct block x = {p->k, WIDE, WIDE, a + n * p->k * PANEL, room, room, sum, false};
    of[rows](&x);
    for (int64_t i = 0; i < rows; i++)
      for (int64_t c = 0; c < columns; c++) {
        real *to = p->c + (first + i) * p->ldc + j + c;
        *to = p->add ? *to + sum[i * WIDE + c] : sum[i * WIDE + c];
      }
  }
}

static void thin_task(void *context, int64_t task, void *scratch) {
  const struct thin *t = context;
  int64_t panels = split_ceil(t->of.n, WIDE), end = panels * (task + 1) / t->tasks;
  real *a = scratch, *room = a + t->blocks * t->of.k * PANEL;
  pack_rows(t, a);
  for (int64_t panel = panels * task / t->tasks; panel < end; panel++) {
    int64_t j = panel * WIDE;
    if (j + WIDE > t->of.n)
      multiply_last(t, j, a, room);
    else
      multiply_columns(t, j, a, t->of.b + (panel + 1 < end ? j + WIDE : j));
  }
}

/* ---- the whole ---- */

static int64_t blocks_of(int64_t m) { return split_ceil(m, TALL); }

static int64_t packed_numbers(const struct rt_product *p) { return (blocks_of(p->m) * PANEL + WIDE) * p->k; }

bool KERNEL(thin_suits)(const struct rt_product *p) {
  return !p->ta && !p->tb && p->m >= LEAST_ROWS && p->m <= MOST_ROWS && p->n >= WIDE && p->k > AHEAD
         && p->k * p->n >= LEAST_OF_B && packed_numbers(p) <= MOST_OF_A;
}

size_t KERNEL(thin_scratch)(const struct rt_product *p) { return (size_t)packed_numbers(p) * sizeof(real); }

void KERNEL(thin_product)(struct rt_pool *pool, const struct rt_product *p) {
  int64_t panels = split_ceil(p->n, WIDE), tasks = p->m * p->n * p->k / TASK;
  struct thin t = {*p, split_max(1, split_min(tasks, panels)), blocks_of(p->m)};
  rt_parallel(pool, t.tasks, thin_task, &t);
}

#endif
