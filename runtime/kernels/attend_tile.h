/* attend_tile.h: what the attention kernels share: one head of one example, its tiles of scores, and the
 * products between them.
 *
 * A tile holds the scores of a block of queries and a block of keys, transposed: keys slow, queries fast, the
 * queries padded with junk to whole vectors. So sums and maxima over keys are sums and maxima of vectors, and
 * neither keys nor values are ever transposed: only the block of queries is, once for all its keys.
 *
 * The rows of one head stand far apart in memory, as all heads lie side by side, and so fall on few lines of
 * the cache. Therefore several blocks of queries, a band, share copies of keys and values that stand close
 * together. */
#ifndef AQ_RUNTIME_KERNELS_ATTEND_TILE_H
#define AQ_RUNTIME_KERNELS_ATTEND_TILE_H

#include "runtime/kernels/kernel.h"
#include "runtime/attend_plan.h"
#include "runtime/kernels/lane_run.h"
#include "runtime/threads.h"

enum {
  ATTEND_WIDTH = 512, /* features that are transposed at a time */
  ATTEND_BAND = 8,    /* most blocks of queries in a band: as many as have ATTEND_WIDTH features together */
  ATTEND_PACKED = 128 /* most features of rows that are packed */
};

/* Numbers in a tile, in transposed rows of a block or a band, and in packed rows of a block of keys. */
enum {
  ATTEND_TILE = ATTEND_KEYS * ATTEND_QUERIES,
  ATTEND_TURNED = ATTEND_WIDTH * ATTEND_QUERIES,
  ATTEND_COPIES = ATTEND_KEYS * ATTEND_PACKED
};

/* Runs what follows for q = 0..count-1. count is a whole number of vectors, as in tiles, so that no lane is
 * left for a scalar loop before or behind. */
#define ATTEND_LANES(q, count)                                                                               \
  for (int64_t q##_vector = 0; q##_vector < (count); q##_vector += RT_VECTOR)                                \
  _Pragma("omp simd") for (int64_t q = q##_vector; q < q##_vector + RT_VECTOR; q++)

/* An operand of one head of one example: its number (i, j, feature) is data[i * i_stride + j * j_stride +
 * feature]. */
struct attend_view {
  real *data;
  int64_t i_stride, j_stride; /* 0 for an axis that the operand lacks */
  int64_t width;              /* features; 1 without feature axes */
};

/* One head of one example, or the part of it that a task has. */
struct attend_head {
  const struct rt_call *call;
  const struct attend_plan *plan;
  int64_t example, head, heads;
  int64_t queries, keys;                              /* n and m */
  int64_t first_query, end_query, first_key, end_key; /* the task's part */
  int64_t moved;                                      /* i of query 0: it may stand behind earlier keys */
  int64_t keys_moved;                                 /* j of key 0: keys before it may be gone */
  bool cut;    /* are there other tasks for the same queries, or the same keys? */
  bool begins; /* is this the first one for its queries, and for its keys? */
  struct attend_view query, key, value, extra[ATTEND_MAX_EXTRAS]; /* value.data: NULL when the op has none */
  /* The plan's, NULL where they only multiply by `factor`: a softmax does that as it computes its weights.
   * factor is 1 otherwise. */
  const struct lane_program *score, *score_grad;
  real factor;
};

/* Of a head with row values: a block of keys that a block of queries sees. seen: what the mask says of it,
 * LANE_TRUE or LANE_MIXED. */
struct attend_piece {
  int64_t first_key, keys;
  enum lane_truth seen;
};

/* What the working memory of a call depends on. */
struct attend_room {
  int64_t queries, keys, width; /* the most of any example; width: features of a query or a value */
  bool gradient;                /* are there tiles and rows of gradients? */
  bool wide;                    /* may there be whole numbers above those that float holds? See lane_run.h */
};

/* Keys and values of a head with row values, copied to rows next to each other block by block as queries meet
 * them, and sums for their gradients (attend_near.c). */
struct attend_near {
  real *copy[2], *sum[2];    /* [keys][padded width]: of keys, of values; NULL: there is no room */
  bool *met;                 /* of each block of keys: is it copied? */
  struct attend_view far[2]; /* what is copied; data is NULL where nothing is */
};

/* Working memory of one task, in its worker's scratch. Each block of queries or keys has fewer numbers where
 * the room says that no more are used; what is not used at all has no place. */
struct attend_space {
  struct lane_registers score_regs, mask_regs, drop_regs, grad_regs;
  struct lane_wide wide[2]; /* of score_grad, which other programs interrupt; of all others */
  real *query_t,
      *grad_t; /* [ATTEND_WIDTH][ATTEND_QUERIES]: transposed queries and dy of a block, or of a band */
  real *key, *value, *dkey, *dvalue; /* [ATTEND_KEYS][ATTEND_PACKED]: packed blocks */
  real *query, *dy,
      *row;           /* [ATTEND_QUERIES][ATTEND_WIDTH]: packed blocks of a band; row: of y, or of dquery */
  real *score, *grad; /* [ATTEND_KEYS][ATTEND_QUERIES]: tiles */
  real *seen, *clean; /* of masked products: the mask of a tile; [ATTEND_KEYS][ATTEND_PACKED] */
  real *shaped, *mask, *drop;   /* [LANE_TILE]: what the lane programs give for part of a tile */
  real *part[LANE_MAX_OUTPUTS]; /* [LANE_TILE] */
  real *row_registers;          /* of the program of a row value */
  real *rows;                   /* of a block of queries: tiles and pieces for all its keys (attend_rows.c) */
  struct attend_near near;
};
/* Puts it from base on; NULL: nowhere. How many bytes it takes; SIZE_MAX: more than can be counted. */
size_t KERNEL(attend_place)(const struct attend_plan *plan, const struct attend_room *room, char *base,
                            struct attend_space *space);

/* Element (m, n) is data[m * row + n * column]. */
struct attend_matrix {
  real *data;
  int64_t row, column;
};

/* A block of queries against a block of keys, or a few of its keys. */
struct attend_block {
  int64_t first_query, queries, fast; /* fast: queries rounded up to whole vectors */
  int64_t first_key, keys;
  int64_t at;           /* where it begins in tiles of all keys of these queries (attend_rows.h) */
  enum lane_truth seen; /* what the mask says of it */
};

/* Blocks of queries that meet each block of keys one after the other. packed: the products read and write
 * copies of rows, padded with zeros to whole vectors. That is not worth it for a lone block, or for wide
 * rows. */
struct attend_band {
  int count;
  bool packed;
  int64_t query_width, value_width; /* columns of the products: the features, padded when packed */
  int64_t slot;                     /* numbers that each block has of the band's working memory */
  bool care; /* does the mask hide some of the keys at hand, and are not all of their rows finite? */
  struct attend_block block[ATTEND_BAND];
};

/* What a kernel does with a head or a part of it. */
typedef void attend_task(const struct attend_head *head, struct attend_space *space);

/* How a long head may be cut into tasks.
 * - ATTEND_WHOLE: not at all
 * - ATTEND_BY_QUERIES: every task makes all results of some queries
 * - ATTEND_BY_PAIRS: a lone head, in rounds of tasks: each has some queries and some keys, and no two of a
 * round have the same. So all can add to what they have. The rounds are the same for any number of threads,
 * and so is the order of every sum */
enum attend_cut { ATTEND_WHOLE, ATTEND_BY_QUERIES, ATTEND_BY_PAIRS };

/* Runs a task over all heads of all examples. roles and shape say how many examples, heads and queries there
 * are: those of a result, or of whatever has its axes i and h. first_extra: number of the first extra among
 * the inputs; value: that of value, or -1. moved: the attribute that says which position the first query
 * has, counted from 1; the next one, whether the last key has that of the last query. 0: the first ones are
 * at 0. */
struct attend_call {
  const struct rt_call *call;
  struct attend_operand roles;
  const struct rt_shape *shape;
  int first_extra, value;
  enum attend_cut cut;
  attend_task *task;
  int moved;
  bool gradient;
};
void KERNEL(attend_run)(const struct attend_call *call);
/* The bytes of scratch that it needs of each worker. */
size_t KERNEL(attend_room)(const struct attend_call *call);

/* An operand as one head of one example sees it; heads: how many there are. */
struct attend_view KERNEL(attend_bind)(const struct attend_operand *operand, const struct rt_tensor *tensor,
                                       int64_t example, int64_t head, int64_t heads);

/* A result of one head, laid out (i?, j?, h?, feature) as runtime/attend_plan.h says. */
struct attend_view KERNEL(attend_result)(const struct attend_head *head, const struct rt_tensor *out,
                                         bool has_i, bool has_j, int64_t width);

/* What the mask says of these queries and keys. */
enum lane_truth KERNEL(attend_sees)(const struct attend_head *head, int64_t first_query, int64_t queries,
                                    int64_t first_key, int64_t keys);

/* The next block of the head's part of the keys for `count` neighbouring blocks of queries: sets their
 * first_key, keys and seen. Keys that the mask hides from all of them are skipped; some of several may see
 * nothing of a block. Start with keys = 0 and first_key = the head's; false at the end. */
bool KERNEL(attend_next)(const struct attend_head *head, struct attend_block *blocks, int count);

/* The band of the head's part of the queries that begins at first, against no keys yet. */
void KERNEL(attend_band)(const struct attend_head *head, int64_t first, struct attend_band *band);

/* from[i, feature] of a block's queries, transposed: to[feature - first][query], 0 behind the last query. At
 * most ATTEND_WIDTH features. */
void KERNEL(attend_transpose)(const struct attend_view *from, const struct attend_block *block, int64_t first,
                              int64_t end, real *to);

/* tile[key][query] = sum over features of keys[key, feature] queries[query, feature], for the keys of the
 * block. transposed: the queries, when attend_transpose has put them there because they are at most
 * ATTEND_WIDTH wide; else working memory. */
void KERNEL(attend_scores)(const struct attend_view *queries, struct attend_matrix keys,
                           const struct attend_block *block, real *transposed, real *tile);

/* The tile of such a block, its inputs so far (score, when given, and the extras), and how many they are. */
int KERNEL(attend_inputs)(const struct attend_head *head, const struct attend_block *block, const real *score,
                          struct lane_tile *tile);

/* Runs score, mask or drop over a block of at most LANE_TILE lanes. score: a dense tile of the block for the
 * program that has it as an input, or NULL. */
void KERNEL(attend_lanes)(const struct attend_head *head, const struct lane_program *program,
                          const struct attend_block *block, const real *score,
                          struct lane_registers *registers, real *out);

/* Hides a strip of shaped scores: to = shaped where the mask sees the pair, else -infinity (softmax) or 0
 * (weights). `to` may be shaped; the mask is left in space->mask. */
void KERNEL(attend_see)(const struct attend_head *head, const struct attend_block *strip,
                        struct attend_space *space, const real *shaped, real *to);

/* s', but for the factor, of a block of raw scores, hidden where the mask says so, in their place. */
void KERNEL(attend_shape)(const struct attend_head *head, const struct attend_block *block,
                          struct attend_space *space, real *tile);

/* y and lse of the only query of the head's part: a softmax without drop and row values (attend_one.c). */
void KERNEL(attend_one)(const struct attend_head *head, const struct attend_view *y,
                        const struct attend_view *lse, struct attend_space *space);

/* Tasks for heads with row values (attend_rows.c, attend_rows_grad.c). */
attend_task KERNEL(attend_rows_forward), KERNEL(attend_rows_look), KERNEL(attend_rows_backward);

/* c[m, n] = or += sum over k of a[m, k] b[k, n]; b and c have unit column strides. Strides may be 0: with
 * add, rows of c that lie in the same place are all summed into it. */
struct attend_sum {
  int64_t m, n, k;
  struct attend_matrix a, b, c;
  bool add;
};
void KERNEL(attend_product)(const struct attend_sum *sum);

/* Rows copied next to each other in `to`, padded with zeros to whole vectors. */
struct attend_matrix KERNEL(attend_pack)(struct attend_matrix from, int64_t rows, int64_t width, real *to);

/* Asks the cache for the b-th part of the keys and values behind the band's block of keys, while the b-th
 * block of queries is worked on. */
void KERNEL(attend_fetch)(const struct attend_head *head, const struct attend_band *band, int b);

/* The way back: writes packed rows, or adds them. Rows of `to` that lie in the same place are summed into it.
 */
void KERNEL(attend_unpack)(struct attend_matrix from, int64_t rows, int64_t width, struct attend_matrix to,
                           bool add);

/* Numbers in a packed row. */
static inline int64_t attend_padded(int64_t width) { return (width + RT_VECTOR - 1) / RT_VECTOR * RT_VECTOR; }

/* An operand from query i and key j on. */
static inline struct attend_matrix attend_at(const struct attend_view *view, int64_t i, int64_t j) {
  return (struct attend_matrix){view->data + i * view->i_stride + j * view->j_stride,
                                view->i_stride + view->j_stride, 1};
}

/* Makes numbers that lie as the tile does its next input. */
static inline void attend_input(const struct attend_block *block, const real *numbers, struct lane_tile *tile,
                                int input) {
  tile->input[input] = numbers, tile->slow_stride[input] = block->fast, tile->fast_stride[input] = 1,
  tile->length[input] = 0;
  tile->padded |= 1u << input;
}

static inline void attend_hide(real *values, const real *mask, real hidden, int64_t count) {
  ATTEND_LANES(k, count) values[k] = mask[k] != 0 ? values[k] : hidden;
}

static inline void attend_multiply(real *values, const real *by, int64_t count) {
  ATTEND_LANES(k, count) values[k] *= by[k];
}

/* The block of queries that begins at first, against no keys yet. */
static inline struct attend_block attend_queries(const struct attend_head *head, int64_t first) {
  int64_t left = head->end_query - first;
  struct attend_block block = {.first_query = first,
                               .queries = left < ATTEND_QUERIES ? left : ATTEND_QUERIES};
  block.first_key = head->first_key;
  block.fast = (block.queries + RT_VECTOR - 1) / RT_VECTOR * RT_VECTOR;
  return block;
}

/* The keys of a block, a few at a time so that they fit a lane tile: from `done` on. */
static inline struct attend_block attend_strip(const struct attend_block *block, int64_t done) {
  struct attend_block strip = *block;
  int64_t most = LANE_TILE / block->fast, left = block->keys - done;
  strip.first_key += done;
  strip.at += done * block->fast;
  strip.keys = left < most ? left : most;
  return strip;
}

#endif
