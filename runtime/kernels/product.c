/* product.c: how a matrix product is cut. There are four ways, by size.
 *
 * OpenBLAS runs small products (m n k up to rt_blas_info()->small_product, b not transposed) straight from
 * the operands, at the processor's full speed as long as they fit the caches. Then a tile is some rows by 64
 * columns, worked off in steps of a few dozen rows, and k is cut as well, within the tile. A transposed b is
 * turned first, 64 columns at a time, and tiles have more rows to make up for it.
 *
 * OpenBLAS packs anything else, and wants large tiles. thin.c reads what has few rows, and packed.c packs
 * what is large enough on all sides: with AVX-512 what is not small as above, with AVX2, where nothing is,
 * all but very few rows or columns. */
#include "runtime/kernels/kernel.h"
#include "runtime/kernels/packed.h"
#include "runtime/kernels/product.h"
#include "runtime/kernels/split.h"
#include "runtime/kernels/thin.h"

enum {
  INLINE_WORK = 300000, /* multiply-adds not worth a second thread */
  SMALL_ROWS = 8,       /* up to which a small product with a transposed b is one call as well */
  SMALL_COLUMNS = 64,
  SMALL_LEAST_ROWS = 24, /* thinner tiles lose more than packing costs */
  SMALL_MOST_DEPTH = 512,
  TURNED_ROWS = 128,        /* of a tile for which b is turned */
  CACHED_NUMBERS = 1 << 17, /* of b, which every row of tiles reads again */
  CACHED_RESULT = CACHED_NUMBERS / 2,
  BIG_ROWS = 256,
  BIG_COLUMNS = 1024,
  BIG_LEAST_WORK = 1 << 21, /* of a tile, when it is halved to make more of them */
  WANTED_TILES = 8
};

struct tiles {
  int64_t rows, columns, step, depth;
};
struct tiled {
  struct rt_product of;
  struct tiles tile;
  int64_t across; /* tiles side by side */
  bool turns;     /* turns a transposed b */
};

static int64_t round_up(int64_t n, int64_t to) { return (n + to - 1) / to * to; }

static int64_t tile_count(const struct rt_product *p, struct tiles t) {
  return split_ceil(p->m, t.rows) * split_ceil(p->n, t.columns);
}

/* Tiles for products without packing; false when that does not suit these sizes. */
static bool small_tiles(const struct rt_product *p, double small, struct tiles *tiles) {
  bool fits = (double)p->n * (double)p->k <= CACHED_NUMBERS || (double)p->m * (double)p->n <= CACHED_RESULT;
  struct tiles t = {.columns = split_min(SMALL_COLUMNS, p->n), .depth = split_min(p->k, SMALL_MOST_DEPTH)};
  int64_t most = (int64_t)(small / (double)(t.columns * t.depth)) / 4 * 4;
  bool once = !fits && !p->tb && p->m <= most; /* one tile has all rows: b is read once, cached or not */
  if (small == 0 || !(fits || once)) return false;
  int64_t rows =
      split_max(p->tb ? TURNED_ROWS : SMALL_LEAST_ROWS, round_up(split_ceil(p->m, WANTED_TILES), 16));
  t.step = once ? p->m : split_min(rows, most);
  t.rows = p->tb ? rows : t.step;
  if (!once && t.step < SMALL_LEAST_ROWS) return false;
  *tiles = t;
  return true;
}

static struct tiles big_tiles(const struct rt_product *p) {
  struct tiles t = {split_min(BIG_ROWS, round_up(p->m, 16)), split_min(BIG_COLUMNS, round_up(p->n, 16)),
                    BIG_ROWS, p->k};
  while (tile_count(p, t) < WANTED_TILES && t.rows * t.columns * t.depth >= 2 * (int64_t)BIG_LEAST_WORK) {
    if (t.columns > 256 || (t.columns > 64 && t.rows <= 64))
      t.columns = round_up(t.columns / 2, 16);
    else if (t.rows > 64)
      t.rows = round_up(t.rows / 2, 16);
    else
      break;
  }
  return t;
}

/* turned: [k, n] from b: [n, k]; 16 of k at a time, a cache line of b. */
static void turn(int64_t n, int64_t k, const real *restrict b, int64_t ldb, real *restrict turned) {
  for (int64_t block = 0; block < k; block += 16)
    for (int64_t l = block; l < split_min(k, block + 16); l++) {
      SIMD for (int64_t j = 0; j < n; j++) turned[l * n + j] = b[j * ldb + l];
    }
}

static void tile_task(void *context, int64_t task, void *scratch) {
  const struct tiled *t = context;
  const struct rt_product *p = &t->of;
  int64_t top = task / t->across * t->tile.rows, bottom = split_min(p->m, top + t->tile.rows);
  int64_t j = task % t->across * t->tile.columns, n = split_min(t->tile.columns, p->n - j);
  bool turned = p->tb && t->turns;
  for (int64_t l = 0; l < p->k; l += t->tile.depth) {
    int64_t k = split_min(t->tile.depth, p->k - l), ldb = turned ? n : p->ldb;
    const real *b = p->b + (p->tb ? j * p->ldb + l : l * p->ldb + j);
    if (turned) {
      turn(n, k, b, p->ldb, scratch);
      b = scratch;
    }
    for (int64_t i = top; i < bottom; i += t->tile.step)
      rt_gemm(&(struct rt_product){.ta = p->ta,
                                   .tb = p->tb && !turned,
                                   .add = l || p->add,
                                   .m = split_min(t->tile.step, bottom - i),
                                   .n = n,
                                   .k = k,
                                   .a = p->a + (p->ta ? l * p->lda + i : i * p->lda + l),
                                   .b = b,
                                   .c = p->c + i * p->ldc + j,
                                   .lda = p->lda,
                                   .ldb = ldb,
                                   .ldc = p->ldc});
  }
}

/* ---- the ways ---- */

enum way { AT_ONCE, THIN, PACKED, TILED };

#if RT_VECTOR_BYTES >= 32
static bool is_thin(const struct rt_product *p) { return KERNEL(thin_suits)(p); }
static bool is_packed(const struct rt_product *p) { return KERNEL(packed_suits)(p); }
#else
static bool is_thin(const struct rt_product *p) { return (void)p, false; }
static bool is_packed(const struct rt_product *p) { return (void)p, false; }
#endif

/* For m, n of 1 or more. t: of tiles, what is known of them. */
static enum way way_of(const struct rt_product *p, struct tiled *t) {
  double work = (double)p->m * (double)p->n * (double)p->k, small = rt_blas_info()->small_product;
  if (p->k <= 0) return AT_ONCE;
  if (is_thin(p)) return THIN;
  if (small == 0 && is_packed(p)) return PACKED;
  if (work <= INLINE_WORK && !(p->tb && small > 0 && p->m > SMALL_ROWS)) return AT_ONCE;
  t->turns = small_tiles(p, small, &t->tile);
  if (!t->turns && is_packed(p)) return PACKED;
  if (!t->turns) t->tile = big_tiles(p);
  return TILED;
}

void KERNEL(product)(struct rt_pool *pool, const struct rt_product *p) {
  struct tiled t = {.of = *p};
  if (p->m <= 0 || p->n <= 0) return;
  switch (way_of(p, &t)) {
#if RT_VECTOR_BYTES >= 32
    case THIN: KERNEL(thin_product)(pool, p); return;
    case PACKED: KERNEL(packed_product)(pool, p); return;
#endif
    case TILED: break;
    default: rt_gemm(p); return;
  }
  t.across = split_ceil(p->n, t.tile.columns);
  rt_parallel(pool, tile_count(p, t.tile), tile_task, &t);
}

size_t KERNEL(product_scratch)(const struct rt_product *p) {
  struct tiled t = {.of = *p};
  if (p->m <= 0 || p->n <= 0) return 0;
  switch (way_of(p, &t)) {
#if RT_VECTOR_BYTES >= 32
    case THIN: return KERNEL(thin_scratch)(p);
    case PACKED: return KERNEL(packed_scratch)(p);
#endif
    case TILED: return p->tb && t.turns ? (size_t)(t.tile.columns * t.tile.depth) * sizeof(real) : 0;
    default: return 0;
  }
}
