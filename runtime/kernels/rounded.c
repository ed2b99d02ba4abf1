/* rounded.c: matrix products of numbers rounded to bfloat16, which is the upper half of a float, with sums in
 * float.
 *
 * A float holds the product of two bfloat16 exactly. So where the processor has no instruction for such
 * products, ordinary ones give the same: each number of the result is one sum in float, over pairs of k, of
 * each the second first, as AVX-512 BF16 does it. It does not depend on tiles, threads or the instruction
 * set.
 *
 * A task packs its rows of a, TALL side by side, and b WIDE columns at a time, both as pairs along k: the
 * lower half of a word is the number at an even k, the upper half that at the next one. */
#include "runtime/kernels/kernel.h"
#include "runtime/kernels/rounded.h"
#include "runtime/kernels/split.h"

#include <string.h>

#if !RT_DOUBLE

#if RT_VECTOR_BYTES == 64 && defined __x86_64__
#include <immintrin.h>
#define ROUNDED_NATIVE 1
#else
#define ROUNDED_NATIVE 0
#endif

enum {
  VECTORS = 2,
  TALL = RT_VECTOR_BYTES == 64 ? 12 : 4, /* TALL * VECTORS sums stay in registers */
  WIDE = VECTORS * RT_VECTOR,
  PAIRS = 64, /* along k in a packed block */
  DEPTH = 2 * PAIRS,
  ROWS = 96,     /* of the result in a task */
  COLUMNS = 256, /* the same; packing a is shared by them */
  PANELS = ROWS / TALL,
  INLINE_WORK = 100000 /* multiply-adds not worth a second thread */
};

typedef float sums __attribute__((vector_size(RT_VECTOR_BYTES)));
typedef uint32_t words __attribute__((vector_size(RT_VECTOR_BYTES)));

/* ---- packing ---- */

/* To the nearest, of two the even one. What is no number stays none. */
static inline uint32_t upper_half(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  const uint32_t near = bits + 0x7FFF + (bits >> 16 & 1);
  return ((bits & 0x7FFFFFFF) > 0x7F800000 ? bits | 0x400000 : near) >> 16;
}

/* An operand seen as lines of numbers that are multiplied: rows of op(a), columns of op(b). */
struct lines {
  const float *data;
  int64_t line, along; /* numbers from line to line, and along k */
  int64_t count, depth;
};

/* [pairs, width] words of up to `width` lines. What there is not is 0. */
static inline __attribute__((always_inline)) void pack(int width, struct lines from, uint32_t *to) {
  for (int64_t l = 0; l < from.depth; l += 2, to += width) {
    const float *even = from.data + l * from.along, *odd = even + from.along;
    if (from.count < width || l + 1 == from.depth) memset(to, 0, (size_t)width * sizeof *to);
    if (l + 1 == from.depth)
      for (int64_t j = 0; j < from.count; j++) to[j] = upper_half(even[j * from.line]);
    else if (from.line == 1)
      SIMD for (int64_t j = 0; j < from.count; j++) to[j] = upper_half(even[j]) | upper_half(odd[j]) << 16;
    else
      for (int64_t j = 0; j < from.count; j++)
        to[j] = upper_half(even[j * from.line]) | upper_half(odd[j * from.line]) << 16;
  }
}

/* ---- a block of the result ---- */

struct block {
  const uint32_t *a, *b;
  int64_t pairs;
  float sum[TALL][WIDE];
};

static inline sums of_upper(words x) { return (sums)(x & 0xFFFF0000u); }
static inline sums of_lower(words x) { return (sums)(x << 16); }
static inline sums add_pairs(sums sum, words a, words b) {
  sum += of_upper(a) * of_upper(b);
  return sum + of_lower(a) * of_lower(b);
}

#define EACH_SUM                                                                                             \
  _Pragma("GCC unroll 16") for (int i = 0; i < TALL; i++)                                                    \
      _Pragma("GCC unroll 2") for (int v = 0; v < VECTORS; v++)

#define DEFINE_ADD_BLOCK(name, add)                                                                          \
  name(struct block *x) {                                                                                    \
    const uint32_t *a = x->a, *b = x->b;                                                                     \
    sums sum[TALL][VECTORS];                                                                                 \
    EACH_SUM memcpy(&sum[i][v], &x->sum[i][v * RT_VECTOR], sizeof sum[i][v]);                                \
    for (int64_t l = 0; l < x->pairs; l++, a += TALL, b += WIDE) {                                           \
      words row[VECTORS];                                                                                    \
      _Pragma("GCC unroll 2") for (int v = 0; v < VECTORS; v++)                                              \
          memcpy(&row[v], b + v * RT_VECTOR, sizeof row[v]);                                                 \
      EACH_SUM sum[i][v] = add(sum[i][v], (words){0} + a[i], row[v]);                                        \
    }                                                                                                        \
    EACH_SUM memcpy(&x->sum[i][v * RT_VECTOR], &sum[i][v], sizeof sum[i][v]);                                \
  }
static void DEFINE_ADD_BLOCK(add_block, add_pairs)
#if ROUNDED_NATIVE
#define NATIVE __attribute__((target("avx512bf16")))
    NATIVE static inline sums add_pairs_native(sums sum, words a, words b) {
  return (sums)_mm512_dpbf16_ps((__m512)sum, (__m512bh)a, (__m512bh)b);
}
NATIVE static void DEFINE_ADD_BLOCK(add_block_native, add_pairs_native)
#endif

    typedef void block_adder(struct block *block);

static block_adder *best_adder(void) {
#if ROUNDED_NATIVE
  if (rt_multiplies_bf16()) return add_block_native;
#endif
  return add_block;
}

/* ---- products ---- */

/* The columns from j on of rows of a that are packed. first: nothing has been added to c yet. */
static void add_columns(const struct rt_product_f32 *p, block_adder *add, int64_t j, const uint32_t *a,
                        struct block *x) {
  const int64_t n = split_min(WIDE, p->n - j);
  for (int64_t i = 0; i < p->m; i += TALL, a += PAIRS * TALL) {
    const int64_t m = split_min(TALL, p->m - i);
    float *c = p->c + i * p->ldc + j;
    memset(x->sum, 0, sizeof x->sum);
    for (int64_t r = 0; p->add && r < m; r++) memcpy(x->sum[r], c + r * p->ldc, (size_t)n * sizeof *c);
    x->a = a;
    add(x);
    for (int64_t r = 0; r < m; r++) memcpy(c + r * p->ldc, x->sum[r], (size_t)n * sizeof *c);
  }
}

/* Of at most ROWS rows. */
static void multiply_rows(const struct rt_product_f32 *p) {
  uint32_t a[PANELS * PAIRS * TALL], b[PAIRS * WIDE];
  struct rt_product_f32 part = *p;
  block_adder *add = best_adder();
  for (int64_t l = 0; l < p->k; l += DEPTH, part.add = true) {
    const int64_t depth = split_min(DEPTH, p->k - l);
    struct lines rows = {p->a, p->ta ? 1 : p->lda, p->ta ? p->lda : 1, 0, depth},
                 columns = {p->b, p->tb ? p->ldb : 1, p->tb ? 1 : p->ldb, 0, depth};
    rows.data += l * rows.along;
    columns.data += l * columns.along;
    for (int64_t i = 0; i < p->m; i += TALL) {
      struct lines few = rows;
      few.data += i * few.line;
      few.count = split_min(TALL, p->m - i);
      pack(TALL, few, a + i * PAIRS);
    }
    for (int64_t j = 0; j < p->n; j += WIDE) {
      struct lines few = columns;
      struct block x = {.b = b, .pairs = (depth + 1) / 2};
      few.data += j * few.line;
      few.count = split_min(WIDE, p->n - j);
      pack(WIDE, few, b);
      add_columns(&part, add, j, a, &x);
    }
  }
}

/* What is left of the product from row i and column j on, at most so many of each. */
static struct rt_product_f32 part_of(const struct rt_product_f32 *p, int64_t i, int64_t j, int64_t columns) {
  struct rt_product_f32 part = *p;
  part.m = split_min(ROWS, p->m - i);
  part.n = split_min(columns, p->n - j);
  part.a += i * (p->ta ? 1 : p->lda);
  part.b += j * (p->tb ? p->ldb : 1);
  part.c += i * p->ldc + j;
  return part;
}

static void clear(const struct rt_product_f32 *p) {
  for (int64_t i = 0; i < p->m; i++) memset(p->c + i * p->ldc, 0, (size_t)p->n * sizeof *p->c);
}

void KERNEL(rounded_alone)(const struct rt_product_f32 *p) {
  if (p->k <= 0 && !p->add) clear(p);
  for (int64_t i = 0; i < p->m; i += ROWS) {
    const struct rt_product_f32 part = part_of(p, i, 0, p->n);
    multiply_rows(&part);
  }
}

static void multiply_part(void *context, int64_t task, void *scratch) {
  (void)scratch;
  const struct rt_product_f32 *p = context;
  const int64_t across = split_ceil(p->n, COLUMNS);
  const struct rt_product_f32 part = part_of(p, task / across * ROWS, task % across * COLUMNS, COLUMNS);
  multiply_rows(&part);
}

void KERNEL(rounded_product)(struct rt_pool *pool, const struct rt_product_f32 *p) {
  struct rt_product_f32 whole = *p;
  if (p->m <= 0 || p->n <= 0) return;
  if (p->k <= 0 || (double)p->m * (double)p->n * (double)p->k <= INLINE_WORK)
    KERNEL(rounded_alone)(p);
  else
    rt_parallel(pool, split_ceil(p->m, ROWS) * split_ceil(p->n, COLUMNS), multiply_part, &whole);
}

#endif
