/* thin.c: products of few rows with AVX2 and AVX-512: the words of a sentence with a matrix of the model.
 *
 * Each number of b is used for few rows only, so packing b costs as much as the product, and what counts is
 * how fast b comes. It is read where it lies, some columns at a time from top to bottom, and for all rows
 * while it is near. The hardware does not foresee this way through memory, so lines are asked for ahead. The
 * rows fall into blocks of nearly equal heights of at most TALL, whose sums stay in registers; one row or two
 * take more columns at a time, so that there are sums enough to work on while others wait. With AVX-512 a is
 * packed, column by column of a block. Each number of the result is one sum in the order of k, whatever the
 * blocks and the number of threads.
 *
 * Of b as panels (runtime/panels.h) no line pushes out another, and the rest stays as it is. */
#include "runtime/kernels/kernel.h"
#include "runtime/kernels/split.h"
#include "runtime/kernels/square.h"
#include "runtime/kernels/thin.h"
#include "runtime/panels.h"

#if RT_VECTOR_BYTES >= 32

#if RT_VECTOR_BYTES == 64
enum {
  TALL = 14,            /* TALL * 2 sums, 2 vectors of b and one number of a fill the 32 registers */
  MOST_ROWS = 2 * TALL, /* beyond, b is used often enough for OpenBLAS' ways */
  MOST_OF_LARGE = MOST_ROWS,
  LEAST_ROWS = 4,
  LEAST_OF_B = 1 << 15, /* smaller ones OpenBLAS takes as they lie, at the same speed */
  LEAST_WORK = 300000,  /* so it does with little to do */
  PACKS = true
};
#else
enum {
  TALL = 6, /* as above, of 16 registers */
  MOST_ROWS = 64,
  MOST_OF_LARGE = 24, /* with a b of more than LARGE_B numbers */
  LEAST_ROWS = 1,
  LEAST_OF_B = 0,
  LEAST_WORK = 0,
  PACKS = false /* six rows can be read where they lie */
};
#endif

enum {
  WIDE = 2 * RT_VECTOR,                      /* columns at a time */
  MOST_VECTORS = PACKS ? 2 : 8,              /* of b at a time */
  PANEL = 16,                                /* numbers from column to column of a packed block */
  AHEAD = 12,                                /* rows of b from the one in use to the one that is asked for */
  VECTORS_OF_LINE = 64 / RT_VECTOR_BYTES,    /* of the caches */
  MOST_OF_A = (2 << 20) / (int)sizeof(real), /* that are packed */
  LARGE_B = 1 << 16,
  WIDE_OF_FLAT = 1 << 10, /* least columns of a b of AHEAD rows or less, as of heads that are mixed */
  TASK = 1 << 20          /* multiply-adds worth a task, which packs all of a */
};

_Static_assert((int)RT_PANELS_LEAST_DEPTH > (int)AHEAD, "lines are asked for ahead");
_Static_assert(WIDE == RT_PANEL_WIDE(RT_VECTOR_BYTES, sizeof(real)), "as runtime/panels.c lays them out");
typedef real vector __attribute__((vector_size(RT_VECTOR_BYTES)));

struct thin {
  struct rt_product of;
  int64_t tasks, blocks, wide; /* wide: columns at a time */
  const real *panels;          /* of b; NULL: it is read where it lies */
};

/* ---- the rows ---- */

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

/* ---- multiplying ---- */

/* A block of a with columns of b. next: where the columns begin that come then, which are asked for ahead. */
struct block {
  int64_t k, lda, ldb, ldc;
  const real *a, *b, *next;
  real *c;
  bool add;
};

static inline __attribute__((always_inline)) void multiply(const int height, const int vectors,
                                                           const struct block *x) {
  vector sum[TALL][MOST_VECTORS];
  const int64_t below = PACKS ? 1 : x->lda, beside = PACKS ? PANEL : 1;
  const real *a = x->a, *b = x->b, *ahead = x->k > AHEAD ? x->b + AHEAD * x->ldb : x->next;
#pragma GCC unroll 16
  for (int i = 0; i < height; i++)
#pragma GCC unroll 8
    for (int v = 0; v < vectors; v++) {
      sum[i][v] = (vector){0};
      if (x->add) memcpy(&sum[i][v], x->c + i * x->ldc + v * RT_VECTOR, sizeof sum[i][v]);
    }
  for (int64_t l = 0; l < x->k; l++, a += beside, b += x->ldb, ahead += x->ldb) {
    vector row[MOST_VECTORS];
    if (l + AHEAD == x->k) ahead = x->next;
#pragma GCC unroll 8
    for (int v = 0; v < vectors; v++) memcpy(&row[v], b + v * RT_VECTOR, sizeof row[v]);
#pragma GCC unroll 8
    for (int v = 0; v < vectors; v += VECTORS_OF_LINE) __builtin_prefetch(ahead + v * RT_VECTOR);
#pragma GCC unroll 16
    for (int i = 0; i < height; i++)
#pragma GCC unroll 8
      for (int v = 0; v < vectors; v++) sum[i][v] += a[i * below] * row[v];
  }
#pragma GCC unroll 16
  for (int i = 0; i < height; i++)
#pragma GCC unroll 8
    for (int v = 0; v < vectors; v++) memcpy(x->c + i * x->ldc + v * RT_VECTOR, &sum[i][v], sizeof sum[i][v]);
}

/* By height; one row or two may take more vectors of b at a time. */
typedef void of_height(const struct block *x);
#if RT_VECTOR_BYTES == 64
#define HEIGHTS(H)                                                                                           \
  H(1, 2)                                                                                                    \
  H(2, 2) H(3, 2) H(4, 2) H(5, 2) H(6, 2) H(7, 2) H(8, 2) H(9, 2) H(10, 2) H(11, 2) H(12, 2) H(13, 2) H(14, 2)
#else
#define HEIGHTS(H) H(1, 2) H(2, 2) H(3, 2) H(4, 2) H(5, 2) H(6, 2)
#endif
#define HEIGHT(n, vectors)                                                                                   \
  static void multiply_##n##_##vectors(const struct block *x) { multiply(n, vectors, x); }
#define ENTRY(n, vectors) [n] = multiply_##n##_##vectors,
HEIGHTS(HEIGHT)
static of_height *const of[TALL + 1] = {HEIGHTS(ENTRY)};

#if RT_VECTOR_BYTES == 64
static of_height *of_rows(int64_t rows, int64_t wide) { return (void)wide, of[rows]; }
#else
HEIGHT(1, 8)
HEIGHT(2, 4)
static of_height *of_rows(int64_t rows, int64_t wide) {
  return wide == WIDE ? of[rows] : rows == 1 ? multiply_1_8 : multiply_2_4;
}
#endif

/* How many columns are taken at a time. */
static int64_t wide_of(const struct rt_product *p) {
  const int64_t wide = RT_VECTOR * (PACKS || p->m > 2 ? 2 : p->m == 1 ? 8 : 4);
  return p->n < wide ? WIDE : wide;
}

/* Column j of b, where columns begin that are taken at a time. */
static const real *column_of(const struct thin *t, int64_t j) {
  return t->panels ? t->panels + j * t->of.k : t->of.b + j;
}

/* Block n of the rows and the columns from j on, for which there is nothing to add to. */
static struct block block_of(const struct thin *t, int64_t n, int64_t j, const real *packed) {
  const struct rt_product *p = &t->of;
  const real *a = PACKS ? packed + n * p->k * PANEL : p->a + first_row(t, n) * p->lda;
  const real *b = column_of(t, j);
  return (struct block){
      .k = p->k, .lda = p->lda, .ldb = t->panels ? WIDE : p->ldb, .a = a, .b = b, .next = b};
}

/* All rows with the columns from j on. */
static void multiply_columns(const struct thin *t, int64_t j, const real *packed, const real *next) {
  const struct rt_product *p = &t->of;
  for (int64_t n = 0; n < t->blocks; n++) {
    const int64_t first = first_row(t, n);
    struct block x = block_of(t, n, j, packed);
    x.c = p->c + first * p->ldc + j, x.ldc = p->ldc, x.add = p->add;
    if (n + 1 == t->blocks) x.next = next; /* its own are near by then */
    of_rows(first_row(t, n + 1) - first, t->wide)(&x);
  }
}

/* The last columns, fewer than are taken at a time: those before them are computed once more, or behind them
 * the zeros of the panel. */
static void multiply_last(const struct thin *t, int64_t columns, const real *packed) {
  const struct rt_product *p = &t->of;
  const int64_t known = t->panels ? 0 : t->wide - columns;
  real sum[TALL * MOST_VECTORS * RT_VECTOR];
  for (int64_t n = 0; n < t->blocks; n++) {
    const int64_t first = first_row(t, n), rows = first_row(t, n + 1) - first;
    struct block x = block_of(t, n, p->n - columns - known, packed);
    x.c = sum, x.ldc = t->wide;
    of_rows(rows, t->wide)(&x);
    for (int64_t i = 0; i < rows; i++)
      for (int64_t c = 0; c < columns; c++) {
        real *to = p->c + (first + i) * p->ldc + p->n - columns + c;
        const real of_b = sum[i * t->wide + known + c];
        *to = p->add ? *to + of_b : of_b;
      }
  }
}

static void thin_task(void *context, int64_t task, void *scratch) {
  const struct thin *t = context;
  const int64_t panels = split_ceil(t->of.n, t->wide), end = panels * (task + 1) / t->tasks;
  if (PACKS) pack_rows(t, scratch);
  for (int64_t panel = panels * task / t->tasks; panel < end; panel++) {
    const int64_t j = panel * t->wide;
    if (j + t->wide > t->of.n)
      multiply_last(t, t->of.n - j, scratch);
    else
      multiply_columns(t, j, scratch, column_of(t, panel + 1 < end ? j + t->wide : j));
  }
}

/* ---- the whole ---- */

static int64_t packed_numbers(const struct rt_product *p) {
  return PACKS ? split_ceil(p->m, TALL) * PANEL * p->k : 0;
}

bool KERNEL(thin_suits)(const struct rt_product *p) {
  const int64_t of_b = p->k * p->n;
  return !p->ta && !p->tb && p->m >= LEAST_ROWS && p->m <= (of_b > LARGE_B ? MOST_OF_LARGE : MOST_ROWS)
         && p->n >= (p->k > AHEAD ? WIDE : WIDE_OF_FLAT) && of_b >= LEAST_OF_B && p->m * of_b > LEAST_WORK
         && packed_numbers(p) <= MOST_OF_A;
}

size_t KERNEL(thin_scratch)(const struct rt_product *p) { return (size_t)packed_numbers(p) * sizeof(real); }

static void multiply_all(struct rt_pool *pool, struct thin t) {
  const struct rt_product *p = &t.of;
  t.blocks = split_ceil(p->m, TALL);
  t.tasks = split_max(1, split_min(p->m * p->n * p->k / TASK, split_ceil(p->n, t.wide)));
  rt_parallel(pool, t.tasks, thin_task, &t);
}

void KERNEL(thin_product)(struct rt_pool *pool, const struct rt_product *p) {
  multiply_all(pool, (struct thin){.of = *p, .wide = wide_of(p)});
}

bool KERNEL(panels_suit)(const struct rt_product *p) {
  return (PACKS || p->m >= RT_PANELS_LEAST_ROWS || p->n <= WIDE) && p->k >= RT_PANELS_LEAST_DEPTH
         && p->m * p->k <= RT_PANELS_MOST && packed_numbers(p) <= MOST_OF_A;
}

void KERNEL(panels_product)(struct rt_pool *pool, const struct rt_product *p, const real *panels) {
  multiply_all(pool, (struct thin){.of = *p, .wide = WIDE, .panels = panels});
}

#endif
