/* attention_grad.c: the backward pass. Tiles of scores are made again from the queries, the keys and lse (Dao
 * et al. 2022). w are the weights, d the multipliers of drop and s' the shaped scores:
 * - dvalue_j = sum_i w d dy_i
 * - dw = d (dy_i . value_j)
 * - softmax: ds' = w (dw - delta_i), where delta_i = sum_j w dw = dy_i . y_i is given
 * - other heads: ds' = dw
 * - ds and what the extras receive: the second part of the program score_grad, from s, the extras and ds'
 * - dquery_i = sum_j ds key_j
 * - dkey_j = sum_i ds query_i
 *
 * What a mask hides contributes nothing, whatever the programs make of it. */
#include "runtime/kernels/attend_grads.h"
#include "runtime/kernels/attend_masked.h"
#include "runtime/kernels/vector_exp.h"

#include <string.h>

/* A block of queries: what the tiles of its scores take. */
struct attend_rows {
  real neg_lse[ATTEND_QUERIES]; /* -lse; but -infinity where lse is -infinity: such a row has no weights */
  real delta[ATTEND_QUERIES];
  real *query_t, *dy_t; /* transposed */
  struct attend_matrix query, dy, dquery;
  bool started; /* has dquery been written? */
  bool care;    /* is there a mask, and are not all numbers of the queries finite? */
};

/* A tile or some of its keys: s' but for the head's factor; what the weights are written to; dw, which
 * becomes ds'. */
struct attend_tiles {
  const real *shaped;
  real *weights, *grad;
};

/* A block of keys. */
struct attend_columns {
  struct attend_matrix key, value, dkey, dvalue;
  bool add; /* to dkey and dvalue? */
};

/* ---- results ---- */

static struct attend_view attend_grad_of(const struct attend_head *head, const struct attend_operand *operand,
                                         const struct rt_tensor *out, int64_t width) {
  return KERNEL(attend_result)(head, out, attend_has(operand, ATTEND_I), attend_has(operand, ATTEND_J),
                               width);
}

void KERNEL(attend_zero)(const struct attend_head *head, const struct attend_view *view) {
  int64_t first_i = view->i_stride ? head->first_query : 0, end_i = view->i_stride ? head->end_query : 1;
  int64_t first_j = view->j_stride ? head->first_key : 0, end_j = view->j_stride ? head->end_key : 1;
  for (int64_t i = first_i; i < end_i; i++)
    for (int64_t j = first_j; j < end_j; j++)
      memset(view->data + i * view->i_stride + j * view->j_stride, 0, (size_t)view->width * sizeof(real));
}

/* Does the second part of score_grad, from score_end on, read s, from the input or from a register that shows
 * it? */
static bool attend_reads_score(const struct lane_program *program, int score_end) {
  uint64_t shows = 0;
  for (int n = 0; program && n < program->instr_count; n++) {
    const struct lane_instr *in = &program->instr[n];
    bool is_score = in->op == LANE_input && in->a == 0;
    if (n >= score_end && (is_score || lane_reads(in) & shows)) return true;
    shows &= ~((uint64_t)1 << in->out);
    if (is_score) shows |= (uint64_t)1 << in->out;
  }
  return false;
}

void KERNEL(attend_grads_init)(const struct attend_head *head, struct attend_grads *g) {
  const struct rt_call *call = head->call;
  const struct attend_plan *plan = head->plan;
  const struct rt_tensor *out = call->out;
  const struct attend_operand dy = attend_kept(&plan->out, call->attr[1]);
  g->delta = KERNEL(attend_result)(head, &call->in[3], true, false, 1);
  g->lse = KERNEL(attend_result)(head, &call->in[4], true, false, 1);
  g->dy = KERNEL(attend_bind)(&dy, &call->in[5], head->example, head->head, head->heads);
  g->query = attend_grad_of(head, &plan->query, out++, head->query.width);
  g->key = attend_grad_of(head, &plan->key, out++, head->key.width);
  g->value = attend_grad_of(head, &plan->value, out++, head->value.width);
  /* A row of dquery is written with its first block of keys. A head of one block each needs no zeros for dkey
   * and dvalue either. */
  g->add_query = (!g->query.i_stride && head->queries > 1) || head->cut;
  g->add_key = head->queries > ATTEND_QUERIES || head->keys > ATTEND_KEYS || head->queries < 1
               || !g->key.j_stride || !g->value.j_stride;
  if (head->begins && (g->add_query || head->queries < 1)) KERNEL(attend_zero)(head, &g->query);
  if (head->begins && g->add_key) KERNEL(attend_zero)(head, &g->key), KERNEL(attend_zero)(head, &g->value);
  g->reads_score = attend_reads_score(head->score_grad, plan->score_end);
  g->outputs = 1;
  for (int k = 0; k < plan->extra_count; k++) {
    if (!plan->wants_grad[k]) continue;
    g->extra[k] = attend_grad_of(head, &plan->extra[k], out++, head->extra[k].width);
    const bool pairs = attend_has(&plan->extra[k], ATTEND_I) && attend_has(&plan->extra[k], ATTEND_J);
    if (head->begins || pairs) KERNEL(attend_zero)(head, &g->extra[k]);
    g->outputs += attend_has(&plan->extra[k], ATTEND_FEATURE) ? 2 : 1;
  }
}

/* ---- extras ---- */

/* A table: each lane adds to the element that LANE_gather would read there. */
static void attend_scatter(const struct attend_view *to, const struct attend_block *strip, const real *part,
                           const real *at) {
  if (to->width < 1) return;
  for (int64_t j = 0; j < strip->keys; j++)
    for (int64_t q = 0; q < strip->queries; q++) {
      int64_t element = lane_index(at[j * strip->fast + q], to->width);
      to->data[(strip->first_query + q) * to->i_stride + (strip->first_key + j) * to->j_stride + element] +=
          part[j * strip->fast + q];
    }
}

void KERNEL(attend_add_extra)(const struct attend_view *to, const struct attend_block *strip,
                              const real *part, const real *at) {
  if (at) {
    attend_scatter(to, strip, part, at);
    return;
  }
  real *data = to->data + strip->first_query * to->i_stride + strip->first_key * to->j_stride;
  real sums[ATTEND_QUERIES] = {0}, total = 0;
  for (int64_t j = 0; j < strip->keys; j++, part += strip->fast) {
    if (to->i_stride && to->j_stride)
      for (int64_t q = 0; q < strip->queries; q++) data[q * to->i_stride + j * to->j_stride] += part[q];
    else if (to->i_stride)
#pragma omp simd
      for (int64_t q = 0; q < strip->queries; q++) sums[q] += part[q];
    else {
      real sum = 0;
#pragma omp simd reduction(+ : sum)
      for (int64_t q = 0; q < strip->queries; q++) sum += part[q];
      if (to->j_stride)
        data[j * to->j_stride] += sum;
      else
        total += sum;
    }
  }
  if (to->i_stride && !to->j_stride)
    for (int64_t q = 0; q < strip->queries; q++) data[q * to->i_stride] += sums[q];
  else if (!to->i_stride && !to->j_stride)
    *data += total;
}

/* s' of a strip: the first part of score_grad. tile: for both parts; grad: where ds' will be. */
static const real *attend_shape_grad(const struct attend_head *head, const struct attend_block *strip,
                                     struct attend_space *space, const real *score, const real *grad,
                                     struct lane_tile *tile) {
  const struct attend_plan *plan = head->plan;
  if (!head->score_grad) return score;
  attend_input(strip, grad, tile, KERNEL(attend_inputs)(head, strip, score, tile));
  return KERNEL(lane_begin)(head->score_grad, tile, &space->grad_regs, plan->score_end, plan->score_register,
                            space->shaped);
}

/* From ds' in `grad` (of a strip) to ds in its place and to the extras: the second part. */
static void attend_score_grad(const struct attend_head *head, const struct attend_grads *g,
                              const struct attend_block *strip, const struct lane_tile *tile,
                              struct attend_space *space, real *grad) {
  const struct attend_plan *plan = head->plan;
  if (!head->score_grad) return;
  int64_t count = strip->keys * strip->fast;
  real *out[LANE_MAX_OUTPUTS];
  out[0] = grad;
  for (int k = 1; k < g->outputs; k++) out[k] = space->part[k];
  KERNEL(lane_finish)(plan->score_grad, tile, &space->grad_regs, plan->score_end, g->outputs, out);
  if (strip->seen != LANE_TRUE)
    for (int k = 0; k < g->outputs; k++) attend_hide(out[k], space->mask, 0, count);
  for (int k = 0, part = 1; k < plan->extra_count; k++) {
    if (!plan->wants_grad[k]) continue;
    bool table = attend_has(&plan->extra[k], ATTEND_FEATURE);
    KERNEL(attend_add_extra)(&g->extra[k], strip, out[part], table ? out[part + 1] : NULL);
    part += table ? 2 : 1;
  }
}

/* ---- tiles ---- */

/* Of `count` vectors of queries from `first` on. */
static inline __attribute__((always_inline)) void attend_softmax_columns(int count, int64_t first,
                                                                         const struct attend_block *block,
                                                                         const struct attend_rows *rows,
                                                                         real factor,
                                                                         const struct attend_tiles *tiles) {
  exp_vector less[EXP_SIDE_BY_SIDE], minus[EXP_SIDE_BY_SIDE], w[EXP_SIDE_BY_SIDE], dw[EXP_SIDE_BY_SIDE];
  EXP_EACH memcpy(&less[v], rows->neg_lse + first + v * RT_VECTOR, sizeof less[v]);
  EXP_EACH memcpy(&minus[v], rows->delta + first + v * RT_VECTOR, sizeof minus[v]);
  for (int64_t at = first; at < block->keys * block->fast; at += block->fast) {
    EXP_EACH memcpy(&w[v], tiles->shaped + at + v * RT_VECTOR, sizeof w[v]);
    EXP_EACH memcpy(&dw[v], tiles->grad + at + v * RT_VECTOR, sizeof dw[v]);
    EXP_EACH w[v] = w[v] * factor + less[v];
    EXP_EACH dw[v] = (dw[v] - minus[v]) * factor;
    vector_exp2(w, count, EXP_BY);
    EXP_EACH dw[v] *= w[v];
    EXP_EACH memcpy(tiles->weights + at + v * RT_VECTOR, &w[v], sizeof w[v]);
    EXP_EACH memcpy(tiles->grad + at + v * RT_VECTOR, &dw[v], sizeof dw[v]);
  }
}

/* w = exp(s' - lse), ds' = w (dw - delta); with the factor, of s' and its gradient. */
static void attend_softmax_grad(const struct attend_block *block, const struct attend_rows *rows, real factor,
                                const struct attend_tiles *tiles) {
  int64_t q = 0;
  for (; q + 2 * RT_VECTOR <= block->fast; q += 2 * RT_VECTOR)
    attend_softmax_columns(2, q, block, rows, factor, tiles);
  if (q < block->fast) attend_softmax_columns(1, q, block, rows, factor, tiles);
}

/* Must products leave out hidden pairs one by one, because some numbers are not finite? */
static bool attend_cares(const struct attend_band *band, const struct attend_block *block,
                         const struct attend_rows *rows) {
  return block->seen == LANE_MIXED && (band->care || rows->care);
}

/* Turns the tiles score and grad (s and dy . value) into w d and ds. care: hidden weights are set to 0, as
 * they could be 0 times NaN. */
static void attend_tiles_grad(const struct attend_head *head, const struct attend_grads *g,
                              const struct attend_block *block, const struct attend_rows *rows, bool care,
                              struct attend_space *space) {
  const struct attend_plan *plan = head->plan;
  const bool whole = plan->softmax && !head->score_grad && block->seen == LANE_TRUE && !plan->drop;
  struct attend_block strip;
  struct lane_tile tile;
  for (int64_t done = 0; done < block->keys; done += strip.keys) {
    strip = whole ? *block : attend_strip(block, done);
    int64_t count = strip.keys * strip.fast;
    real *score = space->score + done * block->fast, *grad = space->grad + done * block->fast;
    real *weights = g->reads_score ? space->shaped : score;
    const real *shaped = attend_shape_grad(head, &strip, space, score, grad, &tile);
    if (strip.seen != LANE_TRUE) KERNEL(attend_see)(head, &strip, space, shaped, weights), shaped = weights;
    if (plan->drop) {
      KERNEL(attend_lanes)(head, plan->drop, &strip, NULL, &space->drop_regs, space->drop);
      attend_multiply(grad, space->drop, count);
    }
    if (plan->softmax)
      attend_softmax_grad(&strip, rows, head->factor, &(struct attend_tiles){shaped, weights, grad});
    else {
      if (strip.seen != LANE_TRUE) attend_hide(grad, space->mask, 0, count);
      if (weights != shaped) memcpy(weights, shaped, (size_t)count * sizeof(real));
    }
    if (plan->drop) attend_multiply(weights, space->drop, count);
    if (care) attend_hide(weights, space->mask, 0, count), attend_hide(grad, space->mask, 0, count);
    attend_score_grad(head, g, &strip, &tile, space, grad);
    if (weights != score) memcpy(score, weights, (size_t)count * sizeof(real));
  }
}

/* Are the queries, their dy and the numbers of their softmax all finite? The lse of a query that sees
 * nothing, -infinity, counts as finite. */
static bool attend_rows_finite(int64_t queries, const struct attend_band *band,
                               const struct attend_rows *rows) {
  real sum[RT_VECTOR] = {0}, total = 0;
  for (int64_t first = 0; first < queries; first += RT_VECTOR)
#pragma omp simd
    for (int v = 0; v < RT_VECTOR; v++) {
      const real less = rows->neg_lse[first + v];
      sum[v] += rows->delta[first + v] * 0 + (less == -(real)INFINITY ? 0 : less) * 0;
    }
  for (int v = 0; v < RT_VECTOR; v++) total += sum[v];
  return total == 0 && KERNEL(attend_finite)(rows->query, queries, band->query_width)
         && KERNEL(attend_finite)(rows->dy, queries, band->value_width);
}

static void attend_rows_begin(const struct attend_head *head, const struct attend_grads *g,
                              const struct attend_band *band, int b, struct attend_rows *rows) {
  const struct attend_block *block = &band->block[b];
  for (int64_t q = 0; q < block->fast; q++) rows->delta[q] = 0, rows->neg_lse[q] = -(real)INFINITY;
  for (int64_t q = 0; q < block->queries && head->plan->softmax; q++) {
    int64_t i = block->first_query + q;
    real lse = g->lse.data[i * g->lse.i_stride];
    rows->delta[q] = g->delta.data[i * g->delta.i_stride];
    rows->neg_lse[q] = lse == -(real)INFINITY ? lse : -lse;
  }
  if (head->query.width <= ATTEND_WIDTH)
    KERNEL(attend_transpose)(&head->query, block, 0, head->query.width, rows->query_t);
  if (g->dy.width <= ATTEND_WIDTH) KERNEL(attend_transpose)(&g->dy, block, 0, g->dy.width, rows->dy_t);
  rows->care = head->plan->mask && !attend_rows_finite(block->queries, band, rows);
}

/* Where the b-th block of a band has its rows. */
static void attend_rows_place(const struct attend_head *head, const struct attend_grads *g,
                              const struct attend_band *band, int b, const struct attend_space *space,
                              struct attend_rows *rows) {
  const struct attend_block *block = &band->block[b];
  int64_t slot = b * band->slot;
  rows->query_t = space->query_t + slot, rows->dy_t = space->grad_t + slot;
  rows->query = attend_at(&head->query, block->first_query, 0);
  rows->dy = attend_at(&g->dy, block->first_query, 0);
  rows->dquery = attend_at(&g->query, block->first_query, 0);
  rows->started = !band->packed && g->add_query;
  if (!band->packed) return;
  rows->query = KERNEL(attend_pack)(rows->query, block->queries, head->query.width, space->query + slot);
  rows->dy = KERNEL(attend_pack)(rows->dy, block->queries, g->dy.width, space->dy + slot);
  rows->dquery = (struct attend_matrix){space->row + slot, band->query_width, 1};
}

/* dquery of a block: what has seen no key is 0. */
static void attend_rows_end(const struct attend_head *head, const struct attend_grads *g,
                            const struct attend_band *band, int b, const struct attend_rows *rows) {
  const struct attend_block *block = &band->block[b];
  struct attend_matrix to = attend_at(&g->query, block->first_query, 0);
  if (rows->started && band->packed)
    KERNEL(attend_unpack)(rows->dquery, block->queries, head->query.width, to, g->add_query);
  for (int64_t q = 0; q < block->queries && !rows->started && !g->add_query; q++)
    memset(to.data + q * to.row, 0, (size_t)head->query.width * sizeof(real));
}

/* Adds what the tiles w d and ds of the b-th block give to dvalue, dkey and dquery. */
static void attend_products(const struct attend_band *band, int b, struct attend_rows *rows,
                            struct attend_columns *columns, const struct attend_space *space) {
  const struct attend_block *block = &band->block[b];
  const bool care = attend_cares(band, block, rows);
  const int64_t fast = block->fast, queries = block->queries, keys = block->keys;
  const struct attend_matrix seen = {space->seen, fast, 1}, seen_by_query = {space->seen, 1, fast};
  const struct attend_sum sums[] = {
      {keys, band->value_width, queries, {space->score, fast, 1}, rows->dy, columns->dvalue, columns->add},
      {keys, band->query_width, queries, {space->grad, fast, 1}, rows->query, columns->dkey, columns->add},
      {queries, band->query_width, keys, {space->grad, 1, fast}, columns->key, rows->dquery, rows->started}};
  for (int k = 0; k < 3; k++) attend_seen_sum(&sums[k], care, k < 2 ? seen : seen_by_query, space->clean);
  columns->add = rows->started = true;
}

/* A block of keys against all blocks of a band. */
static void attend_keys_backward(const struct attend_head *head, const struct attend_grads *g,
                                 struct attend_band *band, struct attend_rows *rows,
                                 struct attend_space *space) {
  int64_t first = band->block->first_key, keys = band->block->keys;
  struct attend_columns columns = {attend_at(&head->key, 0, first), attend_at(&head->value, 0, first),
                                   attend_at(&g->key, 0, first), attend_at(&g->value, 0, first), g->add_key};
  struct attend_matrix dkey = columns.dkey, dvalue = columns.dvalue;
  if (band->packed) {
    columns.key = KERNEL(attend_pack)(columns.key, keys, head->key.width, space->key);
    columns.value = KERNEL(attend_pack)(columns.value, keys, head->value.width, space->value);
    columns.dkey = (struct attend_matrix){space->dkey, band->query_width, 1};
    columns.dvalue = (struct attend_matrix){space->dvalue, band->value_width, 1};
    columns.add = false;
  }
  band->care = attend_hides(band)
               && !(KERNEL(attend_finite)(columns.key, keys, band->query_width)
                    && KERNEL(attend_finite)(columns.value, keys, band->value_width));
  for (int b = 0; b < band->count; b++) {
    const struct attend_block *block = &band->block[b];
    bool care = attend_cares(band, block, &rows[b]);
    KERNEL(attend_fetch)(head, band, b);
    if (block->seen == LANE_FALSE) continue;
    KERNEL(attend_scores)(&head->query, columns.key, block, rows[b].query_t, space->score);
    KERNEL(attend_scores)(&g->dy, columns.value, block, rows[b].dy_t, space->grad);
    attend_tiles_grad(head, g, block, &rows[b], care, space);
    if (care) KERNEL(attend_mask)(head, block, space);
    attend_products(band, b, &rows[b], &columns, space);
  }
  if (!band->packed || !columns.add) return;
  KERNEL(attend_unpack)(columns.dkey, keys, head->key.width, dkey, true);
  KERNEL(attend_unpack)(columns.dvalue, keys, head->value.width, dvalue, true);
}

static void attend_band_backward(const struct attend_head *head, const struct attend_grads *g,
                                 struct attend_band *band, struct attend_space *space) {
  struct attend_rows rows[ATTEND_BAND];
  bool any = false;
  for (int b = 0; b < band->count; b++) {
    attend_rows_place(head, g, band, b, space, &rows[b]);
    attend_rows_begin(head, g, band, b, &rows[b]);
  }
  for (; KERNEL(attend_next)(head, band->block, band->count); any = true)
    attend_keys_backward(head, g, band, rows, space);
  for (int b = 0; b < band->count; b++) attend_rows_end(head, g, band, b, &rows[b]);
  if (!any && !g->add_key) KERNEL(attend_zero)(head, &g->key), KERNEL(attend_zero)(head, &g->value);
}

static void attend_backward(const struct attend_head *head, struct attend_space *space) {
  struct attend_grads g;
  struct attend_band band;
  KERNEL(attend_grads_init)(head, &g);
  for (int64_t first = head->first_query; first < head->end_query;
       first += (int64_t)band.count * ATTEND_QUERIES) {
    KERNEL(attend_band)(head, first, &band);
    attend_band_backward(head, &g, &band, space);
  }
}

/* A head can be cut by pairs when every gradient is a sum over queries alone or over keys alone. */
static enum attend_cut attend_grad_cut(const struct attend_plan *plan) {
  if (plan->row_count) return ATTEND_WHOLE;
  bool apart = attend_has(&plan->query, ATTEND_I) && attend_has(&plan->key, ATTEND_J)
               && attend_has(&plan->value, ATTEND_J);
  for (int k = 0; k < plan->extra_count; k++)
    if (plan->wants_grad[k])
      apart &= attend_has(&plan->extra[k], ATTEND_I) || attend_has(&plan->extra[k], ATTEND_J);
  return apart ? ATTEND_BY_PAIRS : ATTEND_WHOLE;
}

/* There are as many heads, queries and examples as delta has, which has the axes of y but no features. */
static struct attend_call attend_backward_call(const struct rt_call *call) {
  return (struct attend_call){.call = call,
                              .roles = call->attend->out,
                              .shape = call->in[3].shape,
                              .first_extra = 6,
                              .value = 2,
                              .cut = attend_grad_cut(call->attend),
                              .task =
                                  call->attend->row_count ? KERNEL(attend_rows_backward) : attend_backward,
                              .gradient = true};
}

void KERNEL(attention_grad)(const struct rt_call *call) {
  const struct attend_call attend = attend_backward_call(call);
  KERNEL(attend_run)(&attend);
}

size_t KERNEL(attention_grad_scratch)(const struct rt_call *call) {
  const struct attend_call attend = attend_backward_call(call);
  return KERNEL(attend_room)(&attend);
}
