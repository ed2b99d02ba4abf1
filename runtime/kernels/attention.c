/* attention.c: the forward pass: blocks of queries against blocks of keys, with the softmax kept up to date
 * from block to block (Milakov and Gimelshein 2018; Rabe and Staats 2021; Dao et al. 2022), so that scores
 * exist for one tile only. */
#include "runtime/kernels/attend_masked.h"
#include "runtime/kernels/math.h"
#include "runtime/kernels/vector_exp.h"

#include <string.h>

#define ATTEND_BEHIND 8

/* The softmax of a block of queries so far. Scores are s' but for the head's factor. */
struct attend_rows {
  real top[ATTEND_QUERIES];   /* largest score, or nearly */
  real sum[ATTEND_QUERIES];   /* of exp((score - top) factor) */
  real scale[ATTEND_QUERIES]; /* what the last block's new maximum makes of all before it */
  real *query_t;              /* the block's queries, transposed */
  struct attend_matrix y;     /* sums of values so far, weighted by exp(score - top) */
  bool started;               /* are there any? */
};

static void attend_drop(const struct attend_head *head, const struct attend_block *strip,
                        struct attend_space *space, real *tile) {
  KERNEL(attend_lanes)(head, head->plan->drop, strip, NULL, &space->drop_regs, space->drop);
  attend_multiply(tile, space->drop, strip->keys * strip->fast);
}

/* The largest score of each query; or top, where the largest is not far above it. Then no weight is above
 * 2^ATTEND_BEHIND, and what was summed before need not be multiplied. by: see attend_exp. */
static void attend_top(const real *tile, int64_t keys, int64_t fast, real by, real *top) {
  real most[ATTEND_QUERIES];
  const real behind = ATTEND_BEHIND / by;
  for (int q = 0; q < ATTEND_QUERIES; q++) most[q] = -(real)INFINITY;
  for (int64_t j = 0; j < keys; j++, tile += fast)
    ATTEND_LANES(q, fast) most[q] = tile[q] > most[q] ? tile[q] : most[q];
  ATTEND_LANES(q, fast) top[q] = most[q] > top[q] + behind ? most[q] : top[q];
}

/* A row that has seen nothing has top = -infinity; 0 is subtracted instead. */
static inline real attend_base(real top) { return top == -(real)INFINITY ? 0 : top; }

/* Of `count` vectors of queries from `first` on. */
static inline __attribute__((always_inline)) void attend_exp_columns(int count, int64_t first,
                                                                     const struct attend_block *block,
                                                                     real by, struct attend_rows *rows,
                                                                     real *tile) {
  exp_vector base[EXP_SIDE_BY_SIDE], total[EXP_SIDE_BY_SIDE], w[EXP_SIDE_BY_SIDE];
  EXP_EACH {
    real lane[RT_VECTOR];
    for (int k = 0; k < RT_VECTOR; k++) lane[k] = attend_base(rows->top[first + v * RT_VECTOR + k]);
    memcpy(&base[v], lane, sizeof lane);
    memcpy(&total[v], rows->sum + first + v * RT_VECTOR, sizeof total[v]);
  }
  tile += first;
  for (int64_t j = 0; j < block->keys; j++, tile += block->fast) {
    EXP_EACH memcpy(&w[v], tile + v * RT_VECTOR, sizeof w[v]);
    EXP_EACH w[v] -= base[v];
    vector_exp2(w, count, by);
    EXP_EACH memcpy(tile + v * RT_VECTOR, &w[v], sizeof w[v]);
    EXP_EACH total[v] += w[v];
  }
  EXP_EACH memcpy(rows->sum + first + v * RT_VECTOR, &total[v], sizeof total[v]);
}

/* tile = 2^((tile - top) by), and its sum. */
static void attend_exp(const struct attend_block *block, real by, struct attend_rows *rows, real *tile) {
  int64_t q = 0;
  for (; q + 2 * RT_VECTOR <= block->fast; q += 2 * RT_VECTOR)
    attend_exp_columns(2, q, block, by, rows, tile);
  if (q < block->fast) attend_exp_columns(1, q, block, by, rows, tile);
}

/* What a new top makes of the sums before it. */
static void attend_move(const real *before, int64_t fast, real by, struct attend_rows *rows) {
  ATTEND_LANES(q, fast) rows->scale[q] = before[q] - attend_base(rows->top[q]);
  for (int64_t q = 0; q < fast; q += RT_VECTOR) {
    exp_vector scale;
    memcpy(&scale, rows->scale + q, sizeof scale);
    vector_exp2(&scale, 1, by);
    memcpy(rows->scale + q, &scale, sizeof scale);
  }
  ATTEND_LANES(q, fast) rows->sum[q] *= rows->scale[q];
}

/* Turns a tile of raw scores into weights. A softmax divides by its sum when the row is finished. */
static void attend_weigh(const struct attend_head *head, const struct attend_block *block,
                         struct attend_space *space, struct attend_rows *rows, bool dropped) {
  real before[ATTEND_QUERIES], by = head->factor * EXP_BY;
  struct attend_block strip;
  KERNEL(attend_shape)(head, block, space, space->score);
  if (head->plan->softmax) {
    memcpy(before, rows->top, sizeof before);
    attend_top(space->score, block->keys, block->fast, by, rows->top);
    attend_move(before, block->fast, by, rows);
    attend_exp(block, by, rows, space->score);
  }
  for (int64_t done = 0; dropped && done < block->keys; done += strip.keys) {
    strip = attend_strip(block, done);
    attend_drop(head, &strip, space, space->score + done * block->fast);
  }
}

static void attend_rescale(struct attend_matrix y, int64_t rows, int64_t width, const real *scale) {
  for (int64_t q = 0; q < rows; q++) {
    real *row = y.data + q * y.row, by = scale[q];
    if (by == 1) continue;
#pragma omp simd
    for (int64_t f = 0; f < width; f++) row[f] *= by;
  }
}

/* Finishes a block of queries: for a softmax, divides the sums of values by the sums of weights. Writes y
 * (where the sums may already be) and lse. A row that has seen nothing is 0. */
static void attend_finish(const struct attend_head *head, const struct attend_view *y,
                          const struct attend_view *lse, const struct attend_block *block,
                          const struct attend_rows *rows) {
  real ends[ATTEND_QUERIES], scale[ATTEND_QUERIES];
  const real *top = rows->top, *sum = rows->sum, factor = head->factor;
  bool softmax = head->plan->softmax;
  ATTEND_LANES(q, block->fast) scale[q] = 1;
  if (softmax) {
    ATTEND_LANES(q, block->fast) {
      const real part = 1 / sum[q], end = top[q] * factor + LANE_LOG(sum[q]);
      scale[q] = sum[q] != 0 ? part : 0;
      ends[q] = sum[q] != 0 ? end : -(real)INFINITY;
    }
  }
  for (int64_t q = 0; q < block->queries; q++) {
    const real *from = rows->y.data + q * rows->y.row, by = scale[q];
    real *to = y->data + (block->first_query + q) * y->i_stride;
    if (softmax) lse->data[(block->first_query + q) * lse->i_stride] = ends[q];
    if (!rows->started)
      memset(to, 0, (size_t)y->width * sizeof(real));
    else if (from != to || by != 1)
#pragma omp simd
      for (int64_t f = 0; f < y->width; f++) to[f] = from[f] * by;
  }
}

static void attend_begin(const struct attend_head *head, const struct attend_block *block, real *query_t,
                         struct attend_rows *rows) {
  for (int q = 0; q < ATTEND_QUERIES; q++) rows->top[q] = -(real)INFINITY, rows->sum[q] = 0;
  rows->started = false;
  rows->query_t = query_t;
  if (head->query.width <= ATTEND_WIDTH)
    KERNEL(attend_transpose)(&head->query, block, 0, head->query.width, query_t);
}

/* A block of keys and their values. */
struct attend_keyed {
  struct attend_matrix key, value;
};

/* A block of keys against the b-th block of the band's queries. */
static void attend_block_forward(const struct attend_head *head, const struct attend_band *band, int b,
                                 const struct attend_keyed *keyed, struct attend_rows *rows,
                                 struct attend_space *space) {
  const struct attend_block *block = &band->block[b];
  if (block->seen == LANE_FALSE) return;
  KERNEL(attend_scores)(&head->query, keyed->key, block, rows->query_t, space->score);
  attend_weigh(head, block, space, rows, head->plan->drop);
  if (rows->started && head->plan->softmax)
    attend_rescale(rows->y, block->queries, band->value_width, rows->scale);
  const struct attend_matrix seen = {space->seen, 1, block->fast};
  const struct attend_sum sum = {.m = block->queries,
                                 .n = band->value_width,
                                 .k = block->keys,
                                 .a = {space->score, 1, block->fast},
                                 .b = keyed->value,
                                 .c = rows->y,
                                 .add = rows->started};
  bool care = band->care && block->seen != LANE_TRUE;
  if (care) KERNEL(attend_mask)(head, block, space);
  attend_seen_sum(&sum, care, seen, space->clean);
  rows->started = true;
}

static void attend_band_forward(const struct attend_head *head, struct attend_band *band,
                                const struct attend_view *y, const struct attend_view *lse,
                                struct attend_space *space) {
  struct attend_rows rows[ATTEND_BAND];
  for (int b = 0; b < band->count; b++) {
    attend_begin(head, &band->block[b], space->query_t + b * band->slot, &rows[b]);
    rows[b].y = band->packed ? (struct attend_matrix){space->row + b * band->slot, band->value_width, 1}
                             : attend_at(y, band->block[b].first_query, 0);
  }
  while (KERNEL(attend_next)(head, band->block, band->count)) {
    int64_t first = band->block->first_key, count = band->block->keys;
    struct attend_keyed keyed = {attend_at(&head->key, 0, first), attend_at(&head->value, 0, first)};
    if (band->packed) {
      keyed.key = KERNEL(attend_pack)(keyed.key, count, head->key.width, space->key);
      keyed.value = KERNEL(attend_pack)(keyed.value, count, head->value.width, space->value);
    }
    band->care = attend_hides(band) && !KERNEL(attend_finite)(keyed.value, count, band->value_width);
    for (int b = 0; b < band->count; b++) {
      KERNEL(attend_fetch)(head, band, b);
      attend_block_forward(head, band, b, &keyed, &rows[b], space);
    }
  }
  for (int b = 0; b < band->count; b++) attend_finish(head, y, lse, &band->block[b], &rows[b]);
}

static void attend_forward(const struct attend_head *head, struct attend_space *space) {
  struct attend_view y = KERNEL(attend_result)(head, &head->call->out[0], true, false, head->value.width);
  struct attend_view lse = KERNEL(attend_result)(head, &head->call->out[1], true, false, 1);
  struct attend_band band;
  bool one = head->end_query - head->first_query == 1 && head->plan->softmax && !head->plan->drop;
  if (one) {
    KERNEL(attend_one)(head, &y, &lse, space);
    return;
  }
  for (int64_t first = head->first_query; first < head->end_query;
       first += (int64_t)band.count * ATTEND_QUERIES) {
    KERNEL(attend_band)(head, first, &band);
    attend_band_forward(head, &band, &y, &lse, space);
  }
}

static struct attend_call attend_forward_call(const struct rt_call *call) {
  return (struct attend_call){.call = call,
                              .roles = call->attend->out,
                              .shape = call->out[0].shape,
                              .first_extra = 3,
                              .value = 2,
                              .cut = ATTEND_BY_QUERIES,
                              .task = call->attend->row_count ? KERNEL(attend_rows_forward) : attend_forward,
                              .moved = 1};
}

void KERNEL(attention)(const struct rt_call *call) {
  const struct attend_call attend = attend_forward_call(call);
  KERNEL(attend_run)(&attend);
}

size_t KERNEL(attention_scratch)(const struct rt_call *call) {
  const struct attend_call attend = attend_forward_call(call);
  return KERNEL(attend_room)(&attend);
}

/* ---- the weights themselves, for people to look at ---- */

/* The weights of a tile whose rows are finished, to w[i, j]. */
static void attend_write(const struct attend_head *head, const struct attend_block *block,
                         const struct attend_rows *rows, struct attend_space *space, real *w) {
  const bool softmax = head->plan->softmax;
  struct attend_rows again = *rows; /* the sums are ready */
  real *tile = space->score;
  KERNEL(attend_shape)(head, block, space, tile);
  if (softmax) attend_exp(block, head->factor * EXP_BY, &again, tile);
  for (int64_t q = 0; q < block->queries; q++) {
    real *row = w + (block->first_query + q) * head->keys + block->first_key;
    real scale = !softmax ? 1 : rows->sum[q] != 0 ? 1 / rows->sum[q] : 0;
    for (int64_t j = 0; j < block->keys; j++) row[j] = tile[j * block->fast + q] * scale;
  }
}

static void attend_look(const struct attend_head *head, struct attend_space *space) {
  int64_t first = head->first_query, end = head->end_query;
  const struct rt_tensor *out = &head->call->out[0];
  real *w =
      (real *)out->data + rt_offset(out->shape, head->example) + head->head * head->queries * head->keys;
  struct attend_rows rows;
  if (first < end) memset(w + first * head->keys, 0, (size_t)((end - first) * head->keys) * sizeof(real));
  for (; first < end; first += ATTEND_QUERIES) {
    struct attend_block block = attend_queries(head, first);
    attend_begin(head, &block, space->query_t, &rows);
    while (head->plan->softmax && KERNEL(attend_next)(head, &block, 1)) {
      KERNEL(attend_scores)
      (&head->query, attend_at(&head->key, 0, block.first_key), &block, space->query_t, space->score);
      attend_weigh(head, &block, space, &rows, false);
    }
    block.first_key = head->first_key, block.keys = 0;
    while (KERNEL(attend_next)(head, &block, 1)) {
      KERNEL(attend_scores)
      (&head->query, attend_at(&head->key, 0, block.first_key), &block, space->query_t, space->score);
      attend_write(head, &block, &rows, space, w);
    }
  }
}

static struct attend_call attend_look_call(const struct rt_call *call) {
  struct attend_call attend = {.call = call,
                               .shape = call->out[0].shape,
                               .first_extra = 2,
                               .value = -1,
                               .cut = ATTEND_BY_QUERIES,
                               .task = call->attend->row_count ? KERNEL(attend_rows_look) : attend_look};
  const struct attend_operand *y = &call->attend->out;
  const uint8_t order[] = {ATTEND_H, ATTEND_I};
  for (size_t k = 0; k < RT_COUNT(order); k++)
    for (int a = 0; a < y->rank; a++)
      if (y->role[a] == order[k]) attend.roles.role[attend.roles.rank++] = order[k];
  attend.roles.role[attend.roles.rank++] = ATTEND_J;
  return attend;
}

void KERNEL(attention_weights)(const struct rt_call *call) {
  const struct attend_call attend = attend_look_call(call);
  KERNEL(attend_run)(&attend);
}

size_t KERNEL(attention_weights_scratch)(const struct rt_call *call) {
  const struct attend_call attend = attend_look_call(call);
  return KERNEL(attend_room)(&attend);
}
