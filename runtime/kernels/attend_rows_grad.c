/* attend_rows_grad.c: the backward pass of heads with row values. w are the weights, d the multipliers of
 * drop:
 * - dvalue_j = sum_i w d dy_i
 * - dw = d (dy_i . value_j)
 * - the row values of the forward pass, then those of the backward pass, which read dw
 * - ds and what the extras receive: the program score_grad, from s, the extras, all row values and dw
 * - dquery_i = sum_j ds key_j
 * - dkey_j = sum_i ds query_i
 *
 * What a mask hides contributes nothing, whatever the programs make of it. */
#include "runtime/kernels/attend_few.h"
#include "runtime/kernels/attend_grads.h"
#include "runtime/kernels/attend_masked.h"
#include "runtime/kernels/attend_near.h"

#include <string.h>

/* What one extra takes of score_grad. */
struct row_extra {
  const struct attend_view *to;
  int part;   /* the output that is its contribution */
  bool table; /* the next output is where that goes */
  bool once;  /* is it added once for each query, not for each pair? */
};

struct row_grads {
  struct attend_grads to;
  struct row_extra extra[ATTEND_MAX_EXTRAS];
  int extras;
};

/* ---- extras ---- */

/* Does an output vary with the key? */
static bool rows_varies(const struct lane_program *program, int output) {
  int class = 0;
  for (int n = 0; n < program->instr_count; n++)
    if (program->instr[n].out == program->output[output]) class = program->instr[n].out_class;
  return class & (LANE_J | LANE_D);
}

static void rows_grads_init(const struct attend_head *head, struct row_grads *g) {
  const struct attend_plan *plan = head->plan;
  KERNEL(attend_grads_init)(head, &g->to);
  g->extras = 0;
  for (int k = 0, part = 1; k < plan->extra_count; k++) {
    if (!plan->wants_grad[k]) continue;
    struct row_extra *extra = &g->extra[g->extras++];
    *extra = (struct row_extra){
        .to = &g->to.extra[k], .part = part, .table = attend_has(&plan->extra[k], ATTEND_FEATURE)};
    extra->once = !attend_has(&plan->extra[k], ATTEND_J) && !rows_varies(plan->score_grad, part)
                  && !(extra->table && rows_varies(plan->score_grad, part + 1));
    part += extra->table ? 2 : 1;
  }
}

/* What a strip gives to the extras; first: is it the first of these queries? */
static void rows_extras(const struct row_grads *g, const struct attend_queried *rows,
                        const struct attend_block *strip, bool first, real *const *part) {
  struct attend_block key = *strip;
  key.keys = 1;
  for (int k = 0; k < g->extras; k++) {
    const struct row_extra *extra = &g->extra[k];
    const real *element = extra->table ? part[extra->part + 1] : NULL;
    if (extra->once && !first) continue;
    if (extra->once)
      attend_hide(part[extra->part], rows->seen, 0, strip->fast);
    else if (strip->seen != LANE_TRUE)
      attend_hide(part[extra->part], rows->mask + strip->at, 0, strip->keys * strip->fast);
    KERNEL(attend_add_extra)(extra->to, extra->once ? &key : strip, part[extra->part], element);
  }
}

/* ---- blocks ---- */

/* dw of all pieces. */
static void rows_gradient(const struct attend_head *head, const struct row_grads *g,
                          struct attend_space *space, struct attend_queried *rows) {
  struct attend_block strip;
  if (g->to.dy.width <= ATTEND_WIDTH)
    KERNEL(attend_transpose)(&g->to.dy, &rows->block, 0, g->to.dy.width, space->grad_t);
  for (int64_t p = 0; p < rows->pieces; p++) {
    struct attend_block block = attend_piece_block(rows, p);
    real *dw = rows->dw + block.at;
    KERNEL(attend_scores)(&g->to.dy, attend_at(&head->value, 0, block.first_key), &block, space->grad_t, dw);
    for (int64_t done = 0; head->plan->drop && done < block.keys; done += strip.keys) {
      strip = attend_strip(&block, done);
      KERNEL(attend_lanes)(head, head->plan->drop, &strip, NULL, &space->drop_regs, space->drop);
      attend_multiply(dw + done * block.fast, space->drop, strip.keys * strip.fast);
    }
  }
}

/* The tiles space->score = w d and space->grad = ds of a piece, and what it gives to the extras. */
static void rows_tiles(const struct attend_head *head, const struct row_grads *g, struct attend_space *space,
                       const struct attend_queried *rows, int64_t p) {
  const struct attend_plan *plan = head->plan;
  struct attend_block block = attend_piece_block(rows, p), strip;
  real *part[LANE_MAX_OUTPUTS];
  for (int k = 1; k < g->to.outputs; k++) part[k] = space->part[k];
  for (int64_t done = 0; done < block.keys; done += strip.keys) {
    strip = attend_strip(&block, done);
    int64_t count = strip.keys * strip.fast;
    real *weights = space->score + done * block.fast;
    struct lane_tile tile;
    KERNEL(attend_row_inputs)(head, plan->score_grad, rows, &strip, &tile);
    const real *shaped = KERNEL(lane_begin)(plan->score_grad, &tile, &space->grad_regs, plan->score_end,
                                            plan->score_register, weights);
    if (shaped != weights) memcpy(weights, shaped, (size_t)count * sizeof(real));
    if (strip.seen != LANE_TRUE) attend_hide(weights, rows->mask + strip.at, 0, count);
    if (plan->drop) {
      KERNEL(attend_lanes)(head, plan->drop, &strip, NULL, &space->drop_regs, space->drop);
      attend_multiply(weights, space->drop, count);
    }
    part[0] = space->grad + done * block.fast;
    KERNEL(lane_finish)(plan->score_grad, &tile, &space->grad_regs, plan->score_end, g->to.outputs, part);
    if (strip.seen != LANE_TRUE) attend_hide(part[0], rows->mask + strip.at, 0, count);
    rows_extras(g, rows, &strip, p == 0 && done == 0, part);
  }
}

/* Adds what the tiles of a piece give to dvalue, dkey and dquery. */
static void rows_products(const struct attend_head *head, const struct attend_grads *g,
                          const struct attend_space *space, const struct attend_queried *rows, int64_t p) {
  const struct attend_block block = attend_piece_block(rows, p);
  const int64_t i = block.first_query, j = block.first_key, fast = block.fast;
  real *mask = rows->mask + block.at;
  const struct attend_matrix seen = {mask, fast, 1}, seen_by_query = {mask, 1, fast};
  const struct attend_sum sums[] = {{block.keys,
                                     g->dy.width,
                                     block.queries,
                                     {space->score, fast, 1},
                                     attend_at(&g->dy, i, 0),
                                     attend_at(&g->value, 0, j),
                                     g->add_key},
                                    {block.keys,
                                     head->query.width,
                                     block.queries,
                                     {space->grad, fast, 1},
                                     attend_at(&head->query, i, 0),
                                     attend_at(&g->key, 0, j),
                                     g->add_key},
                                    {block.queries,
                                     head->query.width,
                                     block.keys,
                                     {space->grad, 1, fast},
                                     attend_at(&head->key, 0, j),
                                     attend_at(&g->query, i, 0),
                                     p > 0 || g->add_query}};
  for (int k = 0; k < 3; k++) {
    bool care = block.seen != LANE_TRUE && !KERNEL(attend_finite)(sums[k].b, sums[k].k, sums[k].n);
    attend_seen_sum(&sums[k], care, k < 2 ? seen : seen_by_query, space->clean);
  }
}

/* A block of queries that sees no key: gradients that are written and not added to become 0. */
static void rows_nothing(const struct attend_head *head, const struct attend_grads *g,
                         const struct attend_block *block) {
  for (int64_t q = 0; q < block->queries && !g->add_query; q++)
    memset(g->query.data + (block->first_query + q) * g->query.i_stride, 0,
           (size_t)g->query.width * sizeof(real));
  if (!g->add_key) KERNEL(attend_zero)(head, &g->key), KERNEL(attend_zero)(head, &g->value);
}

/* A block of queries each of which needs few keys; false: it does not. */
static bool rows_few_backward(const struct attend_head *head, const struct row_grads *g,
                              struct attend_space *space, const struct attend_dead *dead,
                              const struct attend_queried *all) {
  const int64_t i = all->block.first_query, wide = g->to.dy.width;
  const struct attend_matrix dy = attend_at(&g->to.dy, i, 0), query = attend_at(&head->query, i, 0),
                             key = attend_at(&head->key, 0, 0);
  struct attend_lists lists;
  if (!KERNEL(attend_few)(head, space, dead, all, &lists)) return false;
  for (int64_t p = 0; p < lists.rows.pieces; p++) {
    const struct attend_block block = attend_piece_block(&lists.rows, p);
    const struct attend_listed dw = {&lists, block, lists.rows.dw + block.at};
    KERNEL(attend_lists_dot)(&dw, dy, wide, attend_at(&head->value, 0, 0));
  }
  KERNEL(attend_row_values)(head, space, dead->row + 1, head->plan->row_count, &g->to.lse, &lists.rows);
  if (!attend_values_finite(&lists.rows, head->plan->row_count)) return false;
  for (int64_t p = 0; p < lists.rows.pieces; p++) {
    const struct attend_block block = attend_piece_block(&lists.rows, p);
    const struct attend_listed w = {&lists, block, space->score}, ds = {&lists, block, space->grad};
    rows_tiles(head, g, space, &lists.rows, p);
    KERNEL(attend_lists_spread)(&w, dy, wide, attend_at(&g->to.value, 0, 0));
    KERNEL(attend_lists_spread)(&ds, query, head->query.width, attend_at(&g->to.key, 0, 0));
    KERNEL(attend_lists_sum)
    (&ds, key, head->query.width, attend_at(&g->to.query, i, 0), p > 0 || g->to.add_query);
  }
  return true;
}

static void rows_all_backward(const struct attend_head *head, const struct row_grads *g,
                              struct attend_space *space, int begin, struct attend_queried *rows) {
  rows_gradient(head, g, space, rows);
  KERNEL(attend_row_values)(head, space, begin, head->plan->row_count, &g->to.lse, rows);
  for (int64_t p = 0; p < rows->pieces; p++) {
    rows_tiles(head, g, space, rows, p);
    rows_products(head, &g->to, space, rows, p);
  }
  if (!rows->pieces) rows_nothing(head, &g->to, &rows->block);
}

void KERNEL(attend_rows_backward)(const struct attend_head *given, struct attend_space *space) {
  struct attend_head closer, *const head = &closer;
  struct row_grads g;
  struct attend_dead dead;
  struct attend_queried rows;
  KERNEL(attend_near_begin)(given, &space->near, &closer);
  rows_grads_init(head, &g);
  KERNEL(attend_few_find)(given, &g.to.dy, &dead);
  const int begin = dead.known ? dead.row + 1 : 0;
  const struct attend_view key = g.to.key, value = g.to.value;
  KERNEL(attend_near_sums)(&space->near, &g.to.key, &g.to.value);
  for (int64_t first = 0; first < head->queries; first += ATTEND_QUERIES) {
    KERNEL(attend_queried_init)(head, space, first, &rows);
    KERNEL(attend_row_values)(head, space, 0, begin, &g.to.lse, &rows);
    if (!rows_few_backward(head, &g, space, &dead, &rows)) rows_all_backward(head, &g, space, begin, &rows);
  }
  KERNEL(attend_near_end)(&space->near, head->keys, &key, &value);
}
