/* attend_product.c: the matrix products of attention tiles. Tiles are a few tens of numbers on a side. At
 * that size it shows what a BLAS call spends on checking and packing; here nothing is packed. The kernel is
 * the usual one: a block of c in registers, one row of b and one number of a at a time. */
#include "runtime/kernels/attend_tile.h"

#include <string.h>

typedef real product_vector __attribute__((vector_size(RT_VECTOR_BYTES)));

/* Vectors of each row of c in registers: AVX-512 and NEON have 32, the others 16. */
#if RT_VECTOR_BYTES == 64 || defined __aarch64__
enum { PRODUCT_VECTORS = 4 };
#else
enum { PRODUCT_VECTORS = 2 };
#endif
enum { PRODUCT_ROWS = 6 };

static inline product_vector product_load(const real *from) {
  product_vector v;
  memcpy(&v, from, sizeof v);
  return v;
}

static inline void product_store(real *to, product_vector v) { memcpy(to, &v, sizeof v); }

/* rows x vectors of c, both constants where this is inlined. */
static inline __attribute__((always_inline)) void product_block(int rows, int vectors,
                                                                const struct attend_sum *of) {
  product_vector sum[PRODUCT_ROWS][PRODUCT_VECTORS] = {{{0}}};
  const real *pa = of->a.data, *pb = of->b.data;
  for (int64_t k = 0; k < of->k; k++, pa += of->a.column, pb += of->b.row) {
    product_vector row[PRODUCT_VECTORS];
#pragma GCC unroll 8
    for (int v = 0; v < vectors; v++) row[v] = product_load(pb + (int64_t)v * RT_VECTOR);
#pragma GCC unroll 8
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 8
      for (int v = 0; v < vectors; v++) sum[r][v] += pa[r * of->a.row] * row[v];
  }
#pragma GCC unroll 8
  for (int r = 0; r < rows; r++)
#pragma GCC unroll 8
    for (int v = 0; v < vectors; v++) {
      real *to = of->c.data + r * of->c.row + (int64_t)v * RT_VECTOR;
      product_store(to, of->add ? product_load(to) + sum[r][v] : sum[r][v]);
    }
}

/* A column of blocks, `vectors` wide, of about equal heights: a last block of one row would wait for its own
 * sums. */
static inline __attribute__((always_inline)) void product_column(int vectors, struct attend_sum of) {
  for (int64_t blocks = (of.m + PRODUCT_ROWS - 1) / PRODUCT_ROWS; blocks > 0; blocks--) {
    int64_t rows = (of.m + blocks - 1) / blocks;
    switch (rows) {
      case 6: product_block(6, vectors, &of); break;
      case 5: product_block(5, vectors, &of); break;
      case 4: product_block(4, vectors, &of); break;
      case 3: product_block(3, vectors, &of); break;
      case 2: product_block(2, vectors, &of); break;
      default: product_block(1, vectors, &of);
    }
    of.m -= rows, of.a.data += rows * of.a.row, of.c.data += rows * of.c.row;
  }
}

/* Rows of b that stand a power of two apart, and far, fall on few lines of the cache, and every block of c
 * reads them. When there are enough blocks, b is copied to rows next to each other. */
enum {
  PRODUCT_DEPTH = 64,
  PRODUCT_WIDE = PRODUCT_VECTORS * RT_VECTOR,
  PRODUCT_PAIR = 2 * RT_VECTOR,
  PRODUCT_NEAR =
      256 / sizeof(real), /* from row to row: PRODUCT_DEPTH of them keep to half of a cache of 32 KB */
  PRODUCT_WORTH = 4 * PRODUCT_ROWS
};

static void product_column_wide(struct attend_sum of) {
  if (of.k > PRODUCT_DEPTH || of.m < PRODUCT_WORTH || of.b.row <= PRODUCT_NEAR) {
    product_column(PRODUCT_VECTORS, of);
    return;
  }
  real copy[PRODUCT_DEPTH * PRODUCT_WIDE] __attribute__((aligned(RT_VECTOR_BYTES)));
  for (int64_t k = 0; k < of.k; k++)
#pragma GCC unroll 8
    for (int64_t v = 0; v < PRODUCT_WIDE; v += RT_VECTOR) /* a memcpy of all would move 16 bytes at a time */
      product_store(copy + k * PRODUCT_WIDE + v, product_load(of.b.data + k * of.b.row + v));
  of.b = (struct attend_matrix){copy, PRODUCT_WIDE, 1};
  product_column(PRODUCT_VECTORS, of);
}

static void product_column_2(struct attend_sum of) { product_column(2, of); }

static void product_column_1(struct attend_sum of) { product_column(1, of); }

/* Fewer columns than a vector has: they are padded, PRODUCT_DEPTH rows of b and PRODUCT_ROWS of c at a time.
 */
static void product_edge(const struct attend_sum *edge) {
  const struct attend_matrix a = edge->a, b = edge->b, c = edge->c;
  const int64_t m = edge->m, n = edge->n, depth = edge->k;
  real padded[PRODUCT_DEPTH * RT_VECTOR], sums[PRODUCT_ROWS * RT_VECTOR];
  struct attend_matrix pb = {padded, RT_VECTOR, 1}, pc = {sums, RT_VECTOR, 1};
  memset(padded, 0, sizeof padded);
  for (int64_t first = 0; first < depth || first == 0; first += PRODUCT_DEPTH) {
    int64_t part = depth - first < PRODUCT_DEPTH ? depth - first : PRODUCT_DEPTH;
    for (int64_t k = 0; k < part; k++)
      for (int64_t j = 0; j < n; j++) padded[k * RT_VECTOR + j] = b.data[(first + k) * b.row + j];
    for (int64_t i = 0; i < m; i += PRODUCT_ROWS) {
      struct attend_matrix pa = {a.data + i * a.row + first * a.column, a.row, a.column};
      int64_t rows = m - i < PRODUCT_ROWS ? m - i : PRODUCT_ROWS;
      product_column_1((struct attend_sum){.m = rows, .k = part, .a = pa, .b = pb, .c = pc});
      for (int64_t r = 0; r < rows; r++) {
        real *to = c.data + (i + r) * c.row;
        for (int64_t j = 0; j < n; j++)
          to[j] = edge->add || first ? to[j] + sums[r * RT_VECTOR + j] : sums[r * RT_VECTOR + j];
      }
    }
  }
}

void KERNEL(attend_product)(const struct attend_sum *sum) {
  struct attend_sum left = *sum; /* columns of b and c that are still to be done */
  for (; left.n >= PRODUCT_WIDE; left.n -= PRODUCT_WIDE) {
    product_column_wide(left);
    left.b.data += PRODUCT_WIDE, left.c.data += PRODUCT_WIDE;
  }
  if (PRODUCT_VECTORS > 2)
    for (; left.n >= PRODUCT_PAIR; left.n -= PRODUCT_PAIR) {
      product_column_2(left);
      left.b.data += PRODUCT_PAIR, left.c.data += PRODUCT_PAIR;
    }
  for (; left.n >= RT_VECTOR; left.n -= RT_VECTOR) {
    product_column_1(left);
    left.b.data += RT_VECTOR, left.c.data += RT_VECTOR;
  }
  if (left.n > 0) product_edge(&left);
}
