/* attend_rows.c: row values, and the forward pass of heads that have them. */
#include "runtime/kernels/attend_few.h"
#include "runtime/kernels/attend_masked.h"
#include "runtime/kernels/attend_near.h"
#include "runtime/kernels/threshold_rows.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* ---- scores ---- */

static void rows_place(const struct attend_head *head, const struct attend_space *space, int64_t first,
                       struct attend_queried *rows) {
  int64_t blocks = (head->keys + ATTEND_KEYS - 1) / ATTEND_KEYS,
          tiles = blocks * ATTEND_KEYS * ATTEND_QUERIES;
  rows->block = attend_queries(head, first);
  rows->registers = (struct lane_registers){.storage = space->row_registers, .wide = space->score_regs.wide};
  rows->score = space->rows;
  rows->mask = rows->score + tiles, rows->dw = rows->mask + tiles, rows->given = rows->dw + tiles;
  rows->piece = (struct attend_piece *)(rows->given + tiles);
  rows->pieces = rows->keys = 0;
  for (int q = 0; q < ATTEND_QUERIES; q++) rows->seen[q] = 0;
}
static_assert(ATTEND_ROW_TILES == 4, "the buffers of rows_place");

/* Masks of a piece, and how many keys it lets each query see. */
static void rows_see(const struct attend_head *head, struct attend_space *space, struct attend_queried *rows,
                     const struct attend_block *block) {
  struct attend_block strip;
  real *mask = rows->mask + block->at, *seen = rows->seen;
  if (block->seen == LANE_TRUE) {
    ATTEND_LANES(q, block->fast) seen[q] += (real)block->keys;
    return;
  }
  for (int64_t done = 0; done < block->keys; done += strip.keys) {
    strip = attend_strip(block, done);
    KERNEL(attend_lanes)(head, head->plan->mask, &strip, NULL, &space->mask_regs, rows->mask + strip.at);
  }
  for (int64_t j = 0; j < block->keys; j++, mask += block->fast)
    ATTEND_LANES(q, block->fast) seen[q] += mask[q] != 0 ? 1 : 0;
}

void KERNEL(attend_queried_init)(const struct attend_head *head, struct attend_space *space, int64_t first,
                                 struct attend_queried *rows) {
  rows_place(head, space, first, rows);
  struct attend_block block = rows->block;
  if (head->query.width <= ATTEND_WIDTH)
    KERNEL(attend_transpose)(&head->query, &block, 0, head->query.width, space->query_t);
  while (KERNEL(attend_next)(head, &block, 1)) {
    rows->piece[rows->pieces] = (struct attend_piece){block.first_key, block.keys, block.seen};
    struct attend_block piece = attend_piece_block(rows, rows->pieces++);
    rows->keys += piece.keys;
    KERNEL(attend_near_meet)(&space->near, &piece);
    KERNEL(attend_scores)
    (&head->query, attend_at(&head->key, 0, piece.first_key), &piece, space->query_t, rows->score + piece.at);
    rows_see(head, space, rows, &piece);
  }
}

/* ---- row values ---- */

void KERNEL(attend_row_inputs)(const struct attend_head *head, const struct lane_program *program,
                               const struct attend_queried *rows, const struct attend_block *strip,
                               struct lane_tile *tile) {
  int input = KERNEL(attend_inputs)(head, strip, rows->score + strip->at, tile);
  for (int k = 0; k < head->plan->row_count; k++, input++) {
    tile->input[input] = rows->value[k], tile->slow_stride[input] = 0, tile->fast_stride[input] = 1,
    tile->length[input] = 0;
    tile->padded |= 1u << input;
  }
  if (program->input_count > input) attend_input(strip, rows->dw + strip->at, tile, input);
}

/* Runs a program of one result over a strip. */
static void rows_lanes(const struct attend_head *head, const struct lane_program *program,
                       const struct attend_queried *rows, const struct attend_block *strip,
                       struct lane_registers *registers, real *out) {
  struct lane_tile tile;
  KERNEL(attend_row_inputs)(head, program, rows, strip, &tile);
  KERNEL(lane_run)(program, &tile, registers, 1, &out);
}

/* Reduces `keys` rows of numbers into value: x is the next number, v what there was before it. */
#define ROWS_REDUCE(name, expression)                                                                        \
  static void name(const real *a, int64_t keys, int64_t fast, real *value) {                                 \
    for (int64_t first = 0; first < fast; first += RT_VECTOR) {                                              \
      real so_far[RT_VECTOR];                                                                                \
      memcpy(so_far, value + first, sizeof so_far);                                                          \
      for (int64_t j = 0; j < keys; j++) {                                                                   \
        const real *row = a + j * fast + first;                                                              \
        _Pragma("omp simd") for (int k = 0; k < RT_VECTOR; k++) {                                            \
          const real x = row[k], v = so_far[k];                                                              \
          so_far[k] = (expression);                                                                          \
        }                                                                                                    \
      }                                                                                                      \
      memcpy(value + first, so_far, sizeof so_far);                                                          \
    }                                                                                                        \
  }
ROWS_REDUCE(rows_sum, v + x)
ROWS_REDUCE(rows_max, x > v || x != x ? x : v)

/* reduce: NULL for reductions that need a whole row at once. hidden: a number that leaves the result as it
 * is. */
struct row_rule {
  void (*reduce)(const real *a, int64_t keys, int64_t fast, real *value);
  real hidden;
};

static const struct row_rule row_rules[ATTEND_REDUCE_COUNT] = {
    [ATTEND_SUM] = {rows_sum, 0},
    [ATTEND_MAX] = {rows_max, -(real)INFINITY},
    [ATTEND_ENTMAX] = {NULL, -(real)INFINITY},
    [ATTEND_KTH] = {NULL, -(real)INFINITY},
};

static void rows_reduce(const struct attend_head *head, struct attend_space *space,
                        const struct attend_row *row, struct attend_queried *rows, real *value) {
  const struct row_rule *rule = &row_rules[row->reduce];
  struct attend_block strip;
  for (int64_t p = 0; p < rows->pieces; p++) {
    struct attend_block block = attend_piece_block(rows, p);
    for (int64_t done = 0; done < block.keys; done += strip.keys) {
      strip = attend_strip(&block, done);
      real *given = rule->reduce ? space->shaped : rows->given + strip.at;
      rows_lanes(head, row->program, rows, &strip, &rows->registers, given);
      if (block.seen != LANE_TRUE)
        attend_hide(given, rows->mask + strip.at, rule->hidden, strip.keys * strip.fast);
      if (rule->reduce) rule->reduce(given, strip.keys, strip.fast, value);
    }
  }
}

static void rows_value(const struct attend_head *head, struct attend_space *space, int number,
                       struct attend_queried *rows) {
  const struct attend_row *row = &head->plan->row[number];
  const struct row_rule *rule = &row_rules[row->reduce];
  const real *seen = rows->seen;
  real *value = rows->value[number];
  ATTEND_LANES(q, rows->block.fast) value[q] = rule->hidden;
  rows->registers.warm = false;
  rows_reduce(head, space, row, rows, value);
  if (!rule->reduce) KERNEL(threshold_rows)
  (rows->given, rows->keys, rows->block.fast, row->reduce == ATTEND_KTH ? RT_KTH : RT_ENTMAX, row->parameter,
   value);
  const real none = row->reduce == ATTEND_MAX ? -(real)INFINITY : (real)NAN; /* nothing equals the latter */
  ATTEND_LANES(q, rows->block.fast) value[q] = (seen[q] > 0) & (value[q] != none) ? value[q] : 0;
}

void KERNEL(attend_row_values)(const struct attend_head *head, struct attend_space *space, int first, int end,
                               const struct attend_view *kept, struct attend_queried *rows) {
  const int kept_row = kept ? attend_kept_row(head->plan) : -1;
  for (int k = first; k < end; k++) {
    if (k != kept_row) {
      rows_value(head, space, k, rows);
      continue;
    }
    for (int64_t q = 0; q < rows->block.fast; q++)
      rows->value[k][q] =
          q < rows->block.queries ? kept->data[(rows->block.first_query + q) * kept->i_stride] : 0;
  }
}

/* ---- weights ---- */

static void rows_tile(const struct attend_head *head, struct attend_space *space,
                      const struct attend_queried *rows, int64_t p, bool dropped) {
  struct attend_block block = attend_piece_block(rows, p), strip;
  for (int64_t done = 0; done < block.keys; done += strip.keys) {
    strip = attend_strip(&block, done);
    int64_t count = strip.keys * strip.fast;
    real *weights = space->score + done * block.fast;
    rows_lanes(head, head->plan->score, rows, &strip, &space->score_regs, weights);
    if (strip.seen != LANE_TRUE) attend_hide(weights, rows->mask + strip.at, 0, count);
    if (!dropped) continue;
    KERNEL(attend_lanes)(head, head->plan->drop, &strip, NULL, &space->drop_regs, space->drop);
    attend_multiply(weights, space->drop, count);
  }
}

bool KERNEL(attend_few)(const struct attend_head *head, struct attend_space *space,
                        const struct attend_dead *dead, const struct attend_queried *all,
                        struct attend_lists *lists) {
  struct attend_block strip;
  struct lane_tile tile;
  if (!dead->known) return false;
  KERNEL(attend_lists_begin)(all, lists);
  for (int64_t p = 0; p < all->pieces; p++) {
    const struct attend_block block = attend_piece_block(all, p);
    for (int64_t done = 0; done < block.keys; done += strip.keys) {
      strip = attend_strip(&block, done);
      const int64_t count = strip.keys * strip.fast;
      KERNEL(attend_row_inputs)(head, head->plan->score, all, &strip, &tile);
      const real *verdict = KERNEL(lane_begin)(head->plan->score, &tile, &space->score_regs, dead->end,
                                               dead->reg, space->shaped);
      if (strip.seen != LANE_TRUE) {
        if (verdict != space->shaped) memcpy(space->shaped, verdict, (size_t)count * sizeof(real));
        attend_hide(space->shaped, all->mask + strip.at, dead->dead, count);
        verdict = space->shaped;
      }
      if (!KERNEL(attend_lists_add)(&strip, verdict, dead->dead, all, lists)) return false;
    }
  }
  KERNEL(attend_lists_end)(all, lists);
  return lists->rows.keys > 0;
}

/* y of a block of queries, each of which needs few keys; false: it does not. */
static bool rows_few_forward(const struct attend_head *head, struct attend_space *space,
                             const struct attend_dead *dead, const struct attend_queried *all,
                             const struct attend_view *y) {
  const int end = attend_forward_rows(head->plan);
  struct attend_lists lists;
  if (!KERNEL(attend_few)(head, space, dead, all, &lists)) return false;
  KERNEL(attend_row_values)(head, space, dead->row + 1, end, NULL, &lists.rows);
  if (!attend_values_finite(&lists.rows, end)) return false;
  for (int64_t p = 0; p < lists.rows.pieces; p++) {
    rows_tile(head, space, &lists.rows, p, false);
    const struct attend_listed listed = {&lists, attend_piece_block(&lists.rows, p), space->score};
    KERNEL(attend_lists_sum)
    (&listed, attend_at(&head->value, 0, 0), y->width, attend_at(y, all->block.first_query, 0), p > 0);
  }
  return true;
}

static void rows_all_forward(const struct attend_head *head, struct attend_space *space,
                             const struct attend_queried *rows, const struct attend_view *y) {
  const int64_t first = rows->block.first_query;
  for (int64_t p = 0; p < rows->pieces; p++) {
    rows_tile(head, space, rows, p, head->plan->drop);
    const struct attend_block block = attend_piece_block(rows, p);
    const struct attend_matrix seen = {rows->mask + block.at, 1, block.fast};
    const struct attend_sum sum = {.m = block.queries,
                                   .n = y->width,
                                   .k = block.keys,
                                   .a = {space->score, 1, block.fast},
                                   .b = attend_at(&head->value, 0, block.first_key),
                                   .c = attend_at(y, first, 0),
                                   .add = p > 0};
    bool care = block.seen != LANE_TRUE && !KERNEL(attend_finite)(sum.b, sum.k, sum.n);
    attend_seen_sum(&sum, care, seen, space->clean);
  }
  for (int64_t q = 0; q < rows->block.queries && !rows->pieces; q++)
    memset(y->data + (first + q) * y->i_stride, 0, (size_t)y->width * sizeof(real));
}

void KERNEL(attend_few_find)(const struct attend_head *head, const struct attend_view *dy,
                             struct attend_dead *dead) {
  const int64_t queries = head->end_query - head->first_query, i = head->first_query;
  KERNEL(attend_dead_find)(head, dy, dead);
  dead->known = dead->known && head->value.width % RT_VECTOR == 0 && head->query.width % RT_VECTOR == 0
                && KERNEL(attend_finite)(attend_at(&head->key, 0, 0), head->keys, head->key.width)
                && KERNEL(attend_finite)(attend_at(&head->value, 0, 0), head->keys, head->value.width)
                && KERNEL(attend_finite)(attend_at(&head->query, i, 0), queries, head->query.width)
                && (!dy || KERNEL(attend_finite)(attend_at(dy, i, 0), queries, dy->width));
}

void KERNEL(attend_rows_forward)(const struct attend_head *given, struct attend_space *space) {
  struct attend_head closer, *const head = &closer;
  KERNEL(attend_near_begin)(given, &space->near, &closer);
  struct attend_view y = KERNEL(attend_result)(head, &head->call->out[0], true, false, head->value.width);
  struct attend_view lse = KERNEL(attend_result)(head, &head->call->out[1], true, false, 1);
  const int kept = attend_kept_row(head->plan), end = attend_forward_rows(head->plan);
  struct attend_dead dead;
  struct attend_queried rows;
  KERNEL(attend_few_find)(given, NULL, &dead);
  const int begin = dead.known ? dead.row + 1 : end;
  for (int64_t first = head->first_query; first < head->end_query; first += ATTEND_QUERIES) {
    KERNEL(attend_queried_init)(head, space, first, &rows);
    KERNEL(attend_row_values)(head, space, 0, begin, NULL, &rows);
    if (!rows_few_forward(head, space, &dead, &rows, &y)) {
      KERNEL(attend_row_values)(head, space, begin, end, NULL, &rows);
      rows_all_forward(head, space, &rows, &y);
    }
    for (int64_t q = 0; q < rows.block.queries; q++)
      lse.data[(first + q) * lse.i_stride] = kept < 0 ? 0 : rows.value[kept][q];
  }
}

/* ---- the weights themselves ---- */

void KERNEL(attend_rows_look)(const struct attend_head *given, struct attend_space *space) {
  struct attend_head closer, *const head = &closer;
  KERNEL(attend_near_begin)(given, &space->near, &closer);
  const struct rt_tensor *out = &head->call->out[0];
  real *w =
      (real *)out->data + rt_offset(out->shape, head->example) + head->head * head->queries * head->keys;
  struct attend_queried rows;
  for (int64_t first = head->first_query; first < head->end_query; first += ATTEND_QUERIES) {
    KERNEL(attend_queried_init)(head, space, first, &rows);
    KERNEL(attend_row_values)(head, space, 0, attend_forward_rows(head->plan), NULL, &rows);
    memset(w + first * head->keys, 0, (size_t)(rows.block.queries * head->keys) * sizeof(real));
    for (int64_t p = 0; p < rows.pieces; p++) {
      rows_tile(head, space, &rows, p, false);
      for (int64_t q = 0; q < rows.block.queries; q++)
        for (int64_t j = 0; j < rows.piece[p].keys; j++)
          w[(first + q) * head->keys + rows.piece[p].first_key + j] = space->score[j * rows.block.fast + q];
    }
  }
}
