/* packed.c: matrix products by kernels of our own, of packed operands.
 *
 * OpenBLAS packs both operands in each call, and calls run in one thread. So the smaller the tiles that
 * threads share, the more often it packs the same numbers. Here b is packed once for all threads, a part of
 * it at a time, which stays in their caches while rows of the result are shared among them.
 *
 * A part is `depth` rows of b by some columns. Of it there are panels of WIDE columns, row by row; a worker
 * packs its rows of a likewise, in panels of TALL rows, column by column. The innermost loop keeps a block of
 * TALL x WIDE numbers of the result in registers. Each number of the result is one sum in the order of k, cut
 * where the depths are cut, and so does not depend on how rows and columns are shared. */
#include "runtime/kernels/kernel.h"
#include "runtime/kernels/packed.h"
#include "runtime/kernels/split.h"
#include "runtime/kernels/square.h"
#include "runtime/lent_pool.h"

#if RT_VECTOR_BYTES >= 32

/* TALL * VECTORS sums, VECTORS of b and one number of a fill the registers: 32 of AVX-512, 16 of AVX2. */
enum { VECTORS = 2, WIDE = VECTORS * RT_VECTOR };
#if RT_VECTOR_BYTES == 64
enum {
  TALL = 14,
  DEPTH = 384,       /* a panel of a, 14 x 384 floats, stays in the nearest cache */
  NEAR_PANELS = 16,  /* of b, which stay in the second cache */
  PART_OF_A = 8,     /* the share of the scratch that panels of a have, one in so many */
  MOST_IN_PLACE = 0, /* a is read as it lies for so many columns */
  LEAST_ROWS = 192,  /* of a product, below which packing takes too large a share */
  LEAST_COLUMNS = 192,
  LEAST_DEPTH = 128
};
#else
enum {
  TALL = 6,
  DEPTH = 384,
  NEAR_PANELS = 1,    /* of b, which stays in the nearest cache */
  PART_OF_A = 16,     /* as above: half of the second cache */
  MOST_IN_PLACE = 64, /* a is read as it lies for so many columns: packing it takes longer than it gains */
  LEAST_ROWS = 40,    /* of a product: below, OpenBLAS is as fast, or faster */
  LEAST_COLUMNS = 32,
  LEAST_DEPTH = 16
};
#endif

enum {
  NUMBERS = (4 << 20) / (int)sizeof(real),            /* of both operands that a worker holds at most */
  TALL_PANELS = NUMBERS / PART_OF_A / (TALL * DEPTH), /* of a that a task has at most */
  WIDE_PANELS = NUMBERS / 8 * 7 / (WIDE * DEPTH),     /* of b in a part at most */
  AT_ONCE = 8,                                        /* panels side by side that are packed together */
  PACKED_AT_ONCE = 4,                                 /* panels of b in a task */
  AHEAD = 16,                                         /* rows that are asked for before they are packed */
  WANTED_TASKS = 4, /* and multiples of it, so that few threads have as many each */
  HALVED_DEPTH = 256,
  HALVED_RESULT = 1 << 16, /* numbers at most */
  MANY_THREADS = 4,        /* beyond which there are twice as many tasks */
  ALONE = 300000,          /* multiply-adds not worth a second thread */
  CACHE_LINE = 64 / (int)sizeof(real)
};

typedef real vector __attribute__((vector_size(RT_VECTOR_BYTES)));

/* How a product is cut. tasks: of a half of k; packs: columns of b that a task packs; room_b: numbers of the
 * panels of b; room_c: of the second half's result; room_a: of the panels of a that a task has. */
struct cut {
  int64_t halves, half, tasks, columns, depth, packs, room_b, room_c, room_a;
  bool in_place; /* a is read where it lies, but for the last rows */
};

struct part {
  struct rt_product of; /* these columns and this depth of the whole product */
  struct cut cut;
  real *b; /* panels */
};

/* ---- packing ---- */

/* What a panel is made of: `count` columns or rows of `depth` numbers. Where `along`, the numbers that stand
 * in a row of the panel lie side by side, else those of a column. */
struct source {
  const real *data;
  int64_t ld, count, depth;
  bool along;
};

/* One row of panels that lie side by side, whose rows are `below` numbers from the panel to the next. In
 * whole vectors, the last of which reaches beyond its row; */
static inline __attribute__((always_inline)) void copy_row(int width, const real *x, int64_t panels,
                                                           int64_t below, real *to) {
  for (int64_t k = 0; k < panels; k++, x += width, to += below)
#pragma GCC unroll 2
    for (int j = 0; j < width; j += RT_VECTOR) {
      vector line;
      memcpy(&line, x + j, sizeof line);
      memcpy(to + j, &line, sizeof line);
    }
}
/* and number by number, with 0 for what the matrix has no more. */
static inline __attribute__((always_inline)) void copy_edge(int width, const real *x, int64_t panels,
                                                            int64_t below, int64_t count, real *to) {
  for (int64_t k = 0; k < panels; k++, x += width, to += below, count -= width)
    for (int j = 0; j < width; j++) to[j] = j < count ? x[j] : 0;
}

/* Panels side by side whose rows lie in rows of the matrix. These are far from each other: so each is asked
 * for in time, and what there is of its lines is used at once. The last row of a panel must not reach into
 * the next panel, nor any row beyond the matrix. */
static inline __attribute__((always_inline)) void pack_rows(int width, struct source from, int64_t panels,
                                                            real *to) {
  const int over = (width + RT_VECTOR - 1) / RT_VECTOR * RT_VECTOR - width;
  const int64_t below = width * from.depth, last = over ? from.depth - 1 : from.depth;
  const int64_t inner = split_min(panels, split_max(0, from.count - over) / width);
  const real *x = from.data;
  for (int64_t l = 0; l < from.depth; l++, x += from.ld, to += width) {
    const int64_t whole = l < last ? inner : 0, done = whole * width;
    for (int64_t j = 0; j < panels * width; j += CACHE_LINE) __builtin_prefetch(x + AHEAD * from.ld + j);
    copy_row(width, x, whole, below, to);
    copy_edge(width, x + done, panels - whole, below, from.count - done, to + whole * below);
  }
}

/* A panel whose rows are columns of the matrix is read line by line, while the lines of the next one come. */
static inline __attribute__((always_inline)) void ask_for_lines(const real *x, int64_t ld, int count) {
  for (int j = 0; j < count; j++) __builtin_prefetch(x + j * ld);
}

/* A panel whose rows are columns of the matrix. */
static inline __attribute__((always_inline)) void pack_columns(int width, struct source from, real *to) {
  const real *x = from.data;
  const int64_t ld = from.ld, count = from.count, squares = from.depth / RT_VECTOR * RT_VECTOR;
  /* The last square of a row may reach beyond it, into the next one: so it is written first. */
  for (int64_t line = 0; line < squares; line += CACHE_LINE) {
    ask_for_lines(x + width * ld + line, ld, width);
    for (int j = (width - 1) / RT_VECTOR * RT_VECTOR; j >= 0; j -= RT_VECTOR)
      for (int64_t l = line; l < split_min(squares, line + CACHE_LINE); l += RT_VECTOR)
        square_transpose(x + j * ld + l, ld, split_min(count, width) - j, to + l * width + j, width);
  }
  for (int64_t l = squares; l < from.depth; l++)
    for (int j = 0; j < width; j++) to[l * width + j] = j < count ? x[j * ld + l] : 0;
}

/* Panels of WIDE columns, or TALL rows, side by side: [depth, width] numbers each. What the last one lacks of
 * the width is 0. */
static inline __attribute__((always_inline)) void pack_panels(int width, struct source from, int64_t panels,
                                                              real *to) {
  const int64_t step = from.along ? width : width * from.ld, most = from.along ? AT_ONCE : 1;
  while (panels > 0) {
    const int64_t now = split_min(panels, most);
    if (from.along)
      pack_rows(width, from, now, to);
    else
      pack_columns(width, from, to);
    panels -= now, from.data += now * step, from.count -= now * width, to += now * width * from.depth;
  }
}

static void pack_b(const struct part *part, int64_t task) {
  const struct rt_product *p = &part->of;
  const int64_t j = task * part->cut.packs, end = split_min(p->n, j + part->cut.packs);
  const struct source from = {p->b + (p->tb ? j * p->ldb : j), p->ldb, p->n - j, p->k, !p->tb};
  pack_panels(WIDE, from, split_ceil(end - j, WIDE), part->b + j * p->k);
}

static void pack_a(const struct rt_product *p, int64_t first, int64_t end, real *to) {
  const struct source from = {p->a + (p->ta ? first : first * p->lda), p->lda, p->m - first, p->k, p->ta};
  pack_panels(TALL, from, split_ceil(end - first, TALL), to);
}

/* ---- multiplying ---- */

/* TALL rows of a and a panel of b. */
struct block {
  const real *a, *b;
  int64_t below, beside; /* numbers of a from row to row, and from column to column */
};

/* TALL x WIDE numbers. The lines of c come from far, and asked for all at once they would keep those of a and
 * b waiting. So each row is asked for at its own time. */
static inline __attribute__((always_inline)) void sum_block(int64_t k, struct block block, const real *c,
                                                            int64_t ldc, vector sum[TALL][VECTORS]) {
  const real *a = block.a, *b = block.b;
  int64_t each = (k + TALL - 1) / TALL;
#pragma GCC unroll 16
  for (int i = 0; i < TALL; i++)
#pragma GCC unroll 2
    for (int v = 0; v < VECTORS; v++) sum[i][v] = (vector){0};
  for (int64_t from = 0; from < k; from += each, c += ldc) {
    int64_t end = split_min(k, from + each);
    __builtin_prefetch(c, 1);
    __builtin_prefetch(c + RT_VECTOR, 1);
    for (int64_t l = from; l < end; l++, a += block.beside, b += WIDE) {
      vector row[VECTORS];
#pragma GCC unroll 2
      for (int v = 0; v < VECTORS; v++) memcpy(&row[v], b + v * RT_VECTOR, sizeof row[v]);
#pragma GCC unroll 16
      for (int i = 0; i < TALL; i++)
#pragma GCC unroll 2
        for (int v = 0; v < VECTORS; v++) sum[i][v] += a[i * block.below] * row[v];
    }
  }
}

/* rows x columns of c, of at most TALL x WIDE. */
static inline __attribute__((always_inline)) void multiply(const struct rt_product *p, struct block block) {
  vector sum[TALL][VECTORS];
  if (p->m >= TALL && p->n >= WIDE) {
    sum_block(p->k, block, p->c, p->ldc, sum);
#pragma GCC unroll 16
    for (int i = 0; i < TALL; i++)
#pragma GCC unroll 2
      for (int v = 0; v < VECTORS; v++) {
        vector old;
        real *to = p->c + i * p->ldc + v * RT_VECTOR;
        if (p->add) {
          memcpy(&old, to, sizeof old);
          sum[i][v] += old;
        }
        memcpy(to, &sum[i][v], sizeof sum[i][v]);
      }
    return;
  }
  real edge[TALL][WIDE];
  sum_block(p->k, block, edge[0], 0, sum);
#pragma GCC unroll 16
  for (int i = 0; i < TALL; i++)
#pragma GCC unroll 2
    for (int v = 0; v < VECTORS; v++) memcpy(&edge[i][v * RT_VECTOR], &sum[i][v], sizeof sum[i][v]);
  for (int64_t i = 0; i < split_min(p->m, TALL); i++)
    for (int64_t j = 0; j < split_min(p->n, WIDE); j++) {
      real *to = p->c + i * p->ldc + j;
      *to = p->add ? *to + edge[i][j] : edge[i][j];
    }
}

static void multiply_packed(const struct rt_product *p, const real *a, const real *b) {
  multiply(p, (struct block){a, b, 1, TALL});
}
static void multiply_in_place(const struct rt_product *p, const real *a, const real *b) {
  multiply(p, (struct block){a, b, p->lda, 1});
}

static int64_t first_row(const struct part *part, int64_t task) {
  int64_t panels = split_ceil(part->of.m, TALL);
  return split_min(part->of.m, panels * task / part->cut.tasks * TALL);
}

/* The next panel of b comes from the third cache, or from memory. Each block of this one asks for a share of
 * it. */
static void ask_for_next(const struct rt_product *p, int64_t row, int64_t rows, const real *panel) {
  int64_t lines = split_ceil(WIDE * p->k, CACHE_LINE), blocks = split_ceil(rows, TALL), block = row / TALL;
  for (int64_t l = lines * block / blocks; l < lines * (block + 1) / blocks; l++)
    __builtin_prefetch(panel + l * CACHE_LINE, 0, 2);
}

static void multiply_rows(const struct part *part, int64_t task, real *a) {
  const struct rt_product *p = &part->of;
  int64_t first = first_row(part, task), end = first_row(part, task + 1);
  const int64_t packed = part->cut.in_place ? first + (end - first) / TALL * TALL : first;
  pack_a(p, packed, end, a);
  for (int64_t near = 0; near < p->n; near += NEAR_PANELS * WIDE)
    for (int64_t i = first; i < end; i += TALL)
      for (int64_t j = near; j < split_min(p->n, near + NEAR_PANELS * WIDE); j += WIDE) {
        const real *b = part->b + j * p->k;
        struct rt_product block = {.add = p->add, .m = p->m - i, .n = p->n - j, .k = p->k, .ldc = p->ldc};
        block.c = p->c + i * p->ldc + j, block.lda = p->lda;
        if (NEAR_PANELS == 1) ask_for_next(p, i - first, end - first, b + WIDE * p->k);
        if (i < packed)
          multiply_in_place(&block, p->a + i * p->lda, b);
        else
          multiply_packed(&block, a + (i - packed) * p->k, b);
      }
}

/* ---- the whole ---- */

/* A product of long sums and a small result, as the gradient of weights is, is made in halves of k: the first
 * goes to c, the second to a room, and both are added at the end. So a thread reads the rows that it has
 * written itself, where it would read half of them out of the cache of another one. */
struct halves {
  struct part part[2];
  int64_t packs; /* tasks that pack a half */
  real *second;  /* its result, [m, n] */
};

static void pack_halves(void *context, int64_t task, void *scratch) {
  (void)scratch;
  const struct halves *h = context;
  pack_b(&h->part[task / h->packs], task % h->packs);
}

static void multiply_halves(void *context, int64_t task, void *scratch) {
  const struct halves *h = context;
  const struct cut *cut = &h->part[0].cut;
  multiply_rows(&h->part[task / cut->tasks], task % cut->tasks, (real *)scratch + cut->room_b + cut->room_c);
}

static void add_halves(void *context, int64_t task, void *scratch) {
  (void)scratch;
  const struct halves *h = context;
  const struct rt_product *p = &h->part[0].of;
  for (int64_t i = p->m * task / WANTED_TASKS; i < p->m * (task + 1) / WANTED_TASKS; i++) {
    real *restrict to = p->c + i * p->ldc;
    const real *restrict from = h->second + i * p->n;
    SIMD for (int64_t j = 0; j < p->n; j++) to[j] += from[j];
  }
}

/* n in as few parts as have at most `most` each, of about equal sizes that are multiples of `of`. */
static int64_t part_of(int64_t n, int64_t most, int64_t of) {
  int64_t parts = split_ceil(n, most);
  return split_ceil(split_ceil(n, parts), of) * of;
}

static int64_t tasks_of(const struct rt_product *p, int64_t panels) {
  if ((double)p->m * (double)p->n * (double)p->k <= ALONE) return 1;
  return split_ceil(split_ceil(panels, TALL_PANELS), WANTED_TASKS) * WANTED_TASKS;
}

static bool is_halved(const struct rt_product *p) {
  return p->ta && p->k >= HALVED_DEPTH && p->n <= WIDE_PANELS * WIDE && p->m * p->n <= HALVED_RESULT;
}

/* A panel is written in whole vectors, the last of which may reach beyond it. */
static struct cut cut_of(const struct rt_product *p) {
  int64_t panels = split_ceil(p->m, TALL), tasks = tasks_of(p, panels);
  struct cut cut = {.halves = tasks > 1 && is_halved(p) ? 2 : 1};
  cut.half = part_of(p->k, split_ceil(p->k, cut.halves), RT_VECTOR);
  cut.tasks = tasks / cut.halves;
  cut.columns = part_of(p->n, WIDE_PANELS * WIDE, WIDE);
  cut.depth = part_of(split_min(cut.half, p->k), DEPTH, RT_VECTOR);
  cut.packs = tasks > 1 ? PACKED_AT_ONCE * WIDE : cut.columns;
  cut.room_b = cut.halves * cut.columns * cut.depth;
  cut.room_c = cut.halves > 1 ? p->m * p->n : 0;
  cut.in_place = !p->ta && p->n <= MOST_IN_PLACE;
  cut.room_a = split_ceil(panels, cut.tasks) * TALL * cut.depth + RT_VECTOR;
  return cut;
}

bool KERNEL(packed_suits)(const struct rt_product *p) {
  return p->m >= LEAST_ROWS && p->n >= LEAST_COLUMNS && p->k >= LEAST_DEPTH;
}

size_t KERNEL(packed_scratch)(const struct rt_product *p) {
  struct cut cut = cut_of(p);
  return (size_t)(cut.room_b + cut.room_c + cut.room_a) * sizeof(real);
}

/* The panels of b, and what the second half gives, lie in the scratch of whoever runs this, where its panels
 * of a do not. */
static void take_room(void *context, int64_t task, void *scratch) {
  (void)task;
  *(real **)context = scratch;
}

/* The columns from j on, and of each half the depth from l on. */
static struct part part_at(const struct rt_product *p, struct cut cut, int half, int64_t j, int64_t l,
                           real *room) {
  struct part part = {.of = *p, .cut = cut, .b = room + half * cut.columns * cut.depth};
  int64_t at = half * cut.half + l, end = split_min(p->k, (half + 1) * cut.half);
  part.of.add = l || (p->add && !half);
  part.of.n = split_min(cut.columns, p->n - j);
  part.of.k = split_max(0, split_min(cut.depth, end - at));
  part.of.a += p->ta ? at * p->lda : at;
  part.of.b += p->tb ? j * p->ldb + at : at * p->ldb + j;
  part.of.c += j;
  if (half) part.of.c = room + cut.room_b, part.of.ldc = p->n;
  return part;
}

void KERNEL(packed_product)(struct rt_pool *pool, const struct rt_product *p) {
  struct cut cut = cut_of(p);
  real *room;
  if (cut.tasks > 1 && rt_pool_threads(pool) > MANY_THREADS) cut.tasks *= 2;
  rt_parallel(pool, 1, take_room, &room);
  struct halves h = {.second = room + cut.room_b};
  for (int64_t j = 0; j < p->n; j += cut.columns)
    for (int64_t l = 0; l < split_min(cut.half, p->k); l += cut.depth) {
      for (int half = 0; half < cut.halves; half++) h.part[half] = part_at(p, cut, half, j, l, room);
      h.packs = split_ceil(h.part[0].of.n, cut.packs);
      rt_parallel(pool, cut.halves * h.packs, pack_halves, &h);
      rt_parallel(pool, cut.halves * cut.tasks, multiply_halves, &h);
    }
  if (cut.halves > 1) rt_parallel(pool, WANTED_TASKS, add_halves, &h);
}

#endif
