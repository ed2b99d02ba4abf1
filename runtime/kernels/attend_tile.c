/* attend_tile.c: binding a head's operands, walking its blocks, running its lane programs. */
#include "runtime/kernels/attend_tile.h"
#include "runtime/kernels/square.h"
#include "runtime/lent_pool.h"

#include <math.h>
#include <string.h>

#define LEAST_FACTOR ((real)0x1p-20) /* far from what overflows, as its reciprocal is */

/* ---- operands ---- */

/* Size of the axis with a role, or `absent`. */
static int64_t attend_size(const struct attend_operand *operand, const struct rt_shape *shape, int role,
                           int64_t example, int64_t absent) {
  for (int a = 0; a < operand->rank; a++)
    if (operand->role[a] == role) return rt_size(shape, a, example);
  return absent;
}

struct attend_view KERNEL(attend_bind)(const struct attend_operand *operand, const struct rt_tensor *tensor,
                                       int64_t example, int64_t head, int64_t heads) {
  struct attend_view view = {.data = (real *)tensor->data + rt_offset(tensor->shape, example), .width = 1};
  int64_t stride = 1;
  for (int a = operand->rank - 1; a >= 0; a--) {
    int64_t size = rt_size(tensor->shape, a, example);
    switch (operand->role[a]) {
      case ATTEND_I: view.i_stride = stride; break;
      case ATTEND_J: view.j_stride = stride; break;
      case ATTEND_H:
        view.data += (size > 0 && size < heads ? head / (heads / size) : head) * stride;
        break; /* grouped queries */
      default: view.width *= size;
    }
    stride *= size;
  }
  return view;
}

struct attend_view KERNEL(attend_result)(const struct attend_head *head, const struct rt_tensor *out,
                                         bool has_i, bool has_j, int64_t width) {
  struct attend_view view = {.width = width};
  int64_t row = head->heads * width;
  view.data = (real *)out->data + rt_offset(out->shape, head->example) + head->head * width;
  view.j_stride = has_j ? row : 0;
  view.i_stride = has_i ? row * (has_j ? head->keys : 1) : 0;
  return view;
}

/* How many keys: as the result says, when it has a j axis (the weights have one), else as the first operand
 * that has one. */
static int64_t attend_keys(const struct attend_call *c, int64_t example) {
  const struct attend_plan *plan = c->call->attend;
  const struct rt_tensor *in = c->call->in;
  int64_t keys = attend_size(&c->roles, c->shape, ATTEND_J, example, -1);
  if (keys < 0) keys = attend_size(&plan->key, in[1].shape, ATTEND_J, example, -1);
  if (keys < 0 && c->value >= 0) keys = attend_size(&plan->value, in[c->value].shape, ATTEND_J, example, -1);
  for (int k = 0; k < plan->extra_count && keys < 0; k++)
    keys = attend_size(&plan->extra[k], in[c->first_extra + k].shape, ATTEND_J, example, -1);
  return keys < 0 ? 1 : keys;
}

/* i of query 0. */
static int64_t attend_moved(const struct attend_call *c, int64_t example) {
  const struct rt_call *call = c->call;
  return c->moved ? (call->size_each ? call->size_each[example] : call->attr[c->moved]) - 1 : 0;
}

/* j of key 0. */
static int64_t attend_keys_moved(const struct attend_call *c, int64_t moved, int64_t queries, int64_t keys) {
  return c->moved && c->call->attr[c->moved + 1] ? moved + queries - keys : 0;
}

static void attend_enter(const struct attend_call *c, struct attend_head *head, int64_t example, int64_t h,
                         int64_t heads) {
  const struct attend_plan *plan = c->call->attend;
  const struct rt_tensor *in = c->call->in;
  *head = (struct attend_head){.call = c->call, .plan = plan, .example = example, .head = h, .heads = heads};
  head->queries = attend_size(&c->roles, c->shape, ATTEND_I, example, 1);
  head->keys = attend_keys(c, example);
  head->moved = attend_moved(c, example);
  head->keys_moved = attend_keys_moved(c, head->moved, head->queries, head->keys);
  head->query = KERNEL(attend_bind)(&plan->query, &in[0], example, h, heads);
  head->key = KERNEL(attend_bind)(&plan->key, &in[1], example, h, heads);
  if (c->value >= 0) head->value = KERNEL(attend_bind)(&plan->value, &in[c->value], example, h, heads);
  for (int k = 0; k < plan->extra_count; k++)
    head->extra[k] = KERNEL(attend_bind)(&plan->extra[k], &in[c->first_extra + k], example, h, heads);
}

/* ---- factors ---- */

/* Does a softmax's score only multiply s, or divide it, by what is the same for a whole head, as s / sqrt(K)
 * does? */
static bool attend_only_scales(const struct attend_plan *plan) {
  const struct lane_program *p = plan->score;
  const struct lane_instr *last = p ? &p->instr[p->instr_count - 1] : NULL;
  int scores = 0, raw = -1;
  if (!p || !plan->softmax || last->out != p->output[0]) return false;
  for (int k = 0; k < plan->extra_count; k++)
    if (plan->wants_grad[k]) return false;
  for (const struct lane_instr *in = p->instr; in < last; in++) {
    const bool is_score = in->op == LANE_input && in->a == 0;
    if (!is_score && (in->out_class || in->out == raw)) return false;
    if (is_score) scores++, raw = in->out;
  }
  if (scores != 1 || last->a == last->b) return false;
  return (last->op == LANE_mul && (last->a == raw || last->b == raw))
         || (last->op == LANE_div && last->a == raw);
}

/* What becomes of 1. */
static real attend_scaled(const struct attend_head *head, struct attend_space *space) {
  const struct attend_block one = {.queries = 1, .fast = RT_VECTOR, .keys = 1};
  for (int k = 0; k < RT_VECTOR; k++) space->score[k] = 1;
  KERNEL(attend_lanes)(head, head->plan->score, &one, space->score, &space->score_regs, space->shaped);
  return space->shaped[0];
}

/* The factor is left to the softmax, which multiplies as it computes weights. scales: attend_only_scales. */
static void attend_take_factor(struct attend_head *head, bool scales, struct attend_space *space) {
  const struct attend_plan *plan = head->plan;
  head->score = plan->score, head->score_grad = plan->score_grad;
  head->factor = 1;
  if (!scales) return;
  const real factor = attend_scaled(head, space);
  if (!(factor >= LEAST_FACTOR && factor <= 1 / LEAST_FACTOR)) return;
  head->score = head->score_grad = NULL;
  head->factor = factor;
}

/* ---- tasks ---- */

enum {
  ATTEND_TASK = 1 << 17, /* multiplications in a task: about ten microseconds */
  ATTEND_CUT = 512       /* queries of one task of a head that is cut: a multiple of their block */
};

struct attend_job {
  const struct attend_call *call;
  int64_t heads, segments; /* heads of one example, of all examples */
  int64_t chunks;          /* of the queries of a head, each of which is a task; 1 when it is whole */
  int64_t round;   /* of a head that is cut by pairs: which chunk of the keys each chunk of queries has */
  int64_t grouped; /* heads of one task, when a head is one task or less */
  struct attend_room room;
  bool wide;   /* whole numbers above those that float holds: see lane_run.h */
  bool scales; /* attend_only_scales */
};

/* Where a part of a length begins, which is a whole number of blocks. */
static int64_t attend_part(int64_t length, int64_t block, int64_t part, int64_t parts) {
  const int64_t first = (length + block - 1) / block * part / parts * block;
  return first < length ? first : length;
}

/* The chunk-th task of a head, which begins with the last queries, so that under a causal mask long tasks
 * come before short ones. In the first round queries meet the keys beside them, then those before. */
static void attend_cut(const struct attend_job *job, int64_t chunk, struct attend_head *head) {
  const int64_t chunks = job->chunks, part = chunks - 1 - chunk;
  head->end_query = head->queries, head->end_key = head->keys;
  head->begins = true;
  if (chunks == 1) return;
  if (job->call->cut == ATTEND_BY_QUERIES) {
    const int64_t end = (part + 1) * ATTEND_CUT;
    head->first_query = part * ATTEND_CUT, head->end_query = end < head->queries ? end : head->queries;
    return;
  }
  const int64_t keys = (part + chunks - job->round) % chunks;
  head->cut = true, head->begins = job->round == 0;
  head->first_query = attend_part(head->queries, ATTEND_QUERIES, part, chunks);
  head->end_query = attend_part(head->queries, ATTEND_QUERIES, part + 1, chunks);
  head->first_key = attend_part(head->keys, ATTEND_KEYS, keys, chunks);
  head->end_key = attend_part(head->keys, ATTEND_KEYS, keys + 1, chunks);
}

static void attend_work(void *context, int64_t task, void *scratch) {
  const struct attend_job *job = context;
  const struct attend_call *call = job->call;
  struct attend_space space;
  struct attend_head head;
  KERNEL(attend_place)(call->call->attend, &job->room, scratch, &space);
  if (!job->wide)
    space.score_regs.wide = space.mask_regs.wide = space.drop_regs.wide = space.grad_regs.wide = NULL;
  int64_t groups = (job->segments + job->grouped - 1) / job->grouped, segment = task % groups * job->grouped;
  int64_t end = segment + job->grouped < job->segments ? segment + job->grouped : job->segments;
  for (; segment < end; segment++) {
    attend_enter(call, &head, segment / job->heads, segment % job->heads, job->heads);
    attend_cut(job, task / groups, &head);
    space.score_regs.warm = space.mask_regs.warm = space.drop_regs.warm = space.grad_regs.warm = false;
    attend_take_factor(&head, job->scales, &space);
    call->task(&head, &space);
  }
}

/* ---- sizes ---- */

/* The largest of any example. */
struct attend_sizes {
  int64_t queries, keys, width;
  int64_t last_query, last_key; /* where they end in their texts */
  double work;                  /* pairs of queries and keys, of all examples */
};

static int64_t attend_features(const struct attend_operand *operand, const struct rt_shape *shape,
                               int64_t example) {
  int64_t width = 1;
  for (int a = 0; a < operand->rank; a++)
    if (operand->role[a] >= ATTEND_FEATURE) width *= rt_size(shape, a, example);
  return width;
}

static void attend_most(int64_t *most, int64_t size) { *most = size > *most ? size : *most; }

static struct attend_sizes attend_measure(const struct attend_call *c) {
  const struct attend_plan *plan = c->call->attend;
  struct attend_sizes sizes = {0};
  for (int64_t e = 0; e < c->shape->examples; e++) {
    int64_t queries = attend_size(&c->roles, c->shape, ATTEND_I, e, 1), keys = attend_keys(c, e),
            moved = attend_moved(c, e);
    sizes.work += (double)queries * (double)keys;
    attend_most(&sizes.queries, queries), attend_most(&sizes.keys, keys);
    attend_most(&sizes.last_query, moved + queries);
    attend_most(&sizes.last_key, keys + attend_keys_moved(c, moved, queries, keys));
    attend_most(&sizes.width, attend_features(&plan->query, c->call->in[0].shape, e));
    if (c->value >= 0)
      attend_most(&sizes.width, attend_features(&plan->value, c->call->in[c->value].shape, e));
  }
  return sizes;
}

static int64_t attend_heads(const struct attend_call *c) {
  return c->shape->examples ? attend_size(&c->roles, c->shape, ATTEND_H, 0, 1) : 0;
}

/* Is an extra one number for each head of each example, such as the length of a text? */
static bool attend_is_number(const struct attend_operand *extra) {
  for (int a = 0; a < extra->rank; a++)
    if (extra->role[a] != ATTEND_H) return false;
  return true;
}

/* What is known of an extra by its numbers. */
static struct lane_input_range attend_extra_range(const struct attend_call *call, int k, int64_t heads) {
  const struct attend_operand *extra = &call->call->attend->extra[k];
  const struct rt_tensor *tensor = &call->call->in[call->first_extra + k];
  struct lane_input_range range = {INFINITY, -INFINITY, true};
  if (!attend_is_number(extra)) return (struct lane_input_range){0};
  for (int64_t e = 0; e < (tensor->shape->batched ? call->shape->examples : 1); e++)
    for (int64_t h = 0; h < (extra->rank ? heads : 1); h++) {
      double x = (double)*KERNEL(attend_bind)(extra, tensor, e, h, heads).data;
      range.low = fmin(range.low, x), range.high = fmax(range.high, x);
      range.whole &= x == floor(x);
    }
  return range;
}

/* Do formulas of positions need more than float holds? input: of the score, which mask and drop do not have,
 * and the extras. */
static bool attend_passes_float(const struct attend_call *call, const struct attend_sizes *sizes,
                                const struct lane_input_range *input) {
  const struct attend_plan *plan = call->call->attend;
  const struct lane_program *programs[4 + ATTEND_MAX_ROWS] = {plan->mask, plan->drop, plan->score,
                                                              plan->score_grad};
  struct lane_ranges ranges = {.rows = sizes->last_query > 0 ? sizes->last_query : 1,
                               .columns = sizes->last_key > 0 ? sizes->last_key : 1,
                               .more_heads = attend_heads(call) - 1};
  if (RT_DOUBLE) return false;
  for (int k = 0; k < plan->row_count; k++) programs[4 + k] = plan->row[k].program;
  for (int k = 0; k < 4 + plan->row_count; k++)
    if (programs[k] && lane_passes_float(programs[k], &ranges, input + (k < 2))) return true;
  return false;
}

/* Whatever the numbers of the extras are. */
static bool attend_may_pass_float(const struct attend_call *call, const struct attend_sizes *sizes) {
  const struct attend_plan *plan = call->call->attend;
  static const struct lane_input_range unknown[1 + LANE_MAX_INPUTS];
  for (int k = 0; k < plan->extra_count && !RT_DOUBLE; k++)
    if (attend_is_number(&plan->extra[k])) return true;
  return attend_passes_float(call, sizes, unknown);
}

static bool attend_passes_now(const struct attend_call *call, const struct attend_sizes *sizes) {
  struct lane_input_range input[1 + LANE_MAX_INPUTS] = {{0}};
  for (int k = 0; k < call->call->attend->extra_count; k++)
    input[1 + k] = attend_extra_range(call, k, attend_heads(call));
  return attend_passes_float(call, sizes, input);
}

static struct attend_room attend_room_of(const struct attend_call *call, const struct attend_sizes *sizes) {
  return (struct attend_room){.queries = sizes->queries,
                              .keys = sizes->keys,
                              .width = sizes->width,
                              .gradient = call->gradient,
                              .wide = attend_may_pass_float(call, sizes)};
}

size_t KERNEL(attend_room)(const struct attend_call *call) {
  const struct attend_sizes sizes = attend_measure(call);
  const struct attend_room room = attend_room_of(call, &sizes);
  struct attend_space space;
  return KERNEL(attend_place)(call->call->attend, &room, NULL, &space);
}

/* ---- running ---- */

static int64_t attend_chunks(int64_t length) {
  return length > ATTEND_CUT ? (length + ATTEND_CUT - 1) / ATTEND_CUT : 1;
}

void KERNEL(attend_run)(const struct attend_call *call) {
  const struct attend_sizes sizes = attend_measure(call);
  struct attend_job job = {.call = call, .chunks = 1, .grouped = 1, .heads = attend_heads(call)};
  job.segments = call->shape->examples * job.heads;
  if (!job.segments) return;
  job.room = attend_room_of(call, &sizes);
  job.wide = job.room.wide && attend_passes_now(call, &sizes);
  job.scales = attend_only_scales(call->call->attend);
  const bool pairs = call->cut == ATTEND_BY_PAIRS && job.segments == 1;
  if (pairs || call->cut == ATTEND_BY_QUERIES) job.chunks = attend_chunks(sizes.queries);
  if (job.chunks == 1) {
    double each = sizes.work / (double)call->shape->examples * 64 + 4096;
    job.grouped = each < ATTEND_TASK ? (int64_t)(ATTEND_TASK / each) : 1;
  }
  const int64_t tasks = (job.segments + job.grouped - 1) / job.grouped * job.chunks;
  for (; job.round < (pairs ? job.chunks : 1); job.round++)
    rt_parallel(call->call->pool, tasks, attend_work, &job);
}

/* ---- blocks ---- */

enum lane_truth KERNEL(attend_sees)(const struct attend_head *head, int64_t first_query, int64_t queries,
                                    int64_t first_key, int64_t keys) {
  struct lane_ranges ranges = {
      head->moved + first_query, queries, head->keys_moved + first_key, keys, head->head, 0};
  return head->plan->mask ? lane_truth_over(head->plan->mask, &ranges) : LANE_TRUE;
}

/* How many blocks of keys from first on are provably hidden from all queries. The number tried is doubled,
 * then halved, so that a long stretch costs the logarithm of its length. */
static int64_t attend_hidden(const struct attend_head *head, int64_t first_query, int64_t queries,
                             int64_t first) {
  int64_t key = first, step = ATTEND_KEYS;
  bool hidden = true;
  while (step >= ATTEND_KEYS && key < head->end_key) {
    int64_t left = head->end_key - key, keys = step < left ? step : left;
    if (KERNEL(attend_sees)(head, first_query, queries, key, keys) == LANE_FALSE)
      key += keys;
    else
      hidden = false;
    step = hidden ? step * 2 : step / 2;
  }
  return key - first;
}

bool KERNEL(attend_next)(const struct attend_head *head, struct attend_block *blocks, int count) {
  const struct attend_block *last = &blocks[count - 1];
  int64_t first_query = blocks->first_query, queries = last->first_query + last->queries - first_query;
  int64_t key = blocks->first_key + blocks->keys, keys;
  enum lane_truth seen;
  for (;; key += attend_hidden(head, first_query, queries, key)) {
    if (key >= head->end_key) return false;
    keys = head->end_key - key < ATTEND_KEYS ? head->end_key - key : ATTEND_KEYS;
    seen = KERNEL(attend_sees)(head, first_query, queries, key, keys);
    if (seen != LANE_FALSE) break;
  }
  for (int b = 0; b < count; b++) {
    struct attend_block *block = &blocks[b];
    block->first_key = key, block->keys = keys;
    block->seen = seen == LANE_MIXED && count > 1
                      ? KERNEL(attend_sees)(head, block->first_query, block->queries, key, keys)
                      : seen;
  }
  return true;
}

void KERNEL(attend_band)(const struct attend_head *head, int64_t first, struct attend_band *band) {
  int64_t left = (head->end_query - first + ATTEND_QUERIES - 1) / ATTEND_QUERIES;
  int64_t query = attend_padded(head->query.width), value = attend_padded(head->value.width),
          width = query > value ? query : value;
  *band =
      (struct attend_band){.count = 1, .query_width = head->query.width, .value_width = head->value.width};
  if (left > 1 && width <= ATTEND_PACKED) {
    int64_t most = width * ATTEND_BAND > ATTEND_WIDTH ? ATTEND_WIDTH / width : ATTEND_BAND;
    band->packed = true;
    band->count = (int)(left < most ? left : most);
    band->query_width = query, band->value_width = value;
    band->slot = width * ATTEND_QUERIES;
  }
  for (int b = 0; b < band->count; b++)
    band->block[b] = attend_queries(head, first + (int64_t)b * ATTEND_QUERIES);
}

struct attend_matrix KERNEL(attend_pack)(struct attend_matrix from, int64_t rows, int64_t width, real *to) {
  int64_t padded = attend_padded(width);
  for (int64_t r = 0; r < rows; r++) {
    const real *row = from.data + r * from.row;
    real *packed = to + r * padded;
#pragma omp simd
    for (int64_t f = 0; f < width; f++) packed[f] = row[f];
    for (int64_t f = width; f < padded; f++) packed[f] = 0;
  }
  return (struct attend_matrix){to, padded, 1};
}

void KERNEL(attend_fetch)(const struct attend_head *head, const struct attend_band *band, int b) {
  const struct attend_view *const views[] = {&head->key, &head->value};
  int64_t next = band->block->first_key + band->block->keys, left = head->end_key - next;
  int64_t rows = left < ATTEND_KEYS ? left : ATTEND_KEYS, line = 64 / (int64_t)sizeof(real);
  if (!band->packed) return;
  for (size_t k = 0; k < RT_COUNT(views); k++)
    for (int64_t j = next + rows * b / band->count; j < next + rows * (b + 1) / band->count; j++)
      for (int64_t f = 0; f < views[k]->width; f += line)
        __builtin_prefetch(views[k]->data + j * views[k]->j_stride + f, 0, 2);
}

void KERNEL(attend_unpack)(struct attend_matrix from, int64_t rows, int64_t width, struct attend_matrix to,
                           bool add) {
  for (int64_t r = 0; r < rows; r++) {
    const real *row = from.data + r * from.row;
    real *into = to.data + r * to.row;
    if (!add)
      memcpy(into, row, (size_t)width * sizeof(real));
    else
#pragma omp simd
      for (int64_t f = 0; f < width; f++) into[f] += row[f];
  }
}

void KERNEL(attend_transpose)(const struct attend_view *from, const struct attend_block *block, int64_t first,
                              int64_t end, real *to) {
  int64_t squares = (end - first) / RT_VECTOR * RT_VECTOR;
  for (int64_t q = 0; q < block->fast; q += RT_VECTOR) {
    const real *row = from->data + (block->first_query + q) * from->i_stride + first;
    int64_t rows = block->queries - q;
    for (int64_t k = 0; k < squares; k += RT_VECTOR)
      square_transpose(row + k, from->i_stride, rows, to + k * block->fast + q, block->fast);
    for (int64_t k = squares; k < end - first; k++)
      for (int64_t r = 0; r < RT_VECTOR; r++)
        to[k * block->fast + q + r] = r < rows ? row[r * from->i_stride + k] : 0;
  }
}

void KERNEL(attend_scores)(const struct attend_view *queries, struct attend_matrix keys,
                           const struct attend_block *block, real *transposed, real *tile) {
  struct attend_sum sum = {.m = block->keys,
                           .n = block->fast,
                           .a = keys,
                           .b = {transposed, block->fast, 1},
                           .c = {tile, block->fast, 1}};
  int64_t width = queries->width;
  for (int64_t first = 0; first < width || first == 0; first += ATTEND_WIDTH) {
    int64_t end = width < first + ATTEND_WIDTH ? width : first + ATTEND_WIDTH;
    if (width > ATTEND_WIDTH) KERNEL(attend_transpose)(queries, block, first, end, transposed);
    sum.k = end - first, sum.add = first > 0;
    KERNEL(attend_product)(&sum);
    sum.a.data += end - first;
  }
}

/* ---- lane programs ---- */

int KERNEL(attend_inputs)(const struct attend_head *head, const struct attend_block *block, const real *score,
                          struct lane_tile *tile) {
  int input = 0, extras = head->plan->extra_count;
  tile->rows_fast = true;
  tile->slow = block->keys, tile->fast = block->fast, tile->fast_valid = block->queries;
  tile->first_row = head->moved + block->first_query,
  tile->first_column = head->keys_moved + block->first_key;
  tile->head = head->head, tile->example = head->example, tile->seed = head->call->seed;
  tile->padded = 0;
  if (score) attend_input(block, score, tile, input++);
  for (int k = 0; k < extras; k++, input++) {
    const struct attend_view *extra = &head->extra[k];
    tile->input[input] =
        extra->data + block->first_query * extra->i_stride + block->first_key * extra->j_stride;
    tile->slow_stride[input] = extra->j_stride, tile->fast_stride[input] = extra->i_stride;
    tile->length[input] = extra->width;
  }
  return input;
}

void KERNEL(attend_lanes)(const struct attend_head *head, const struct lane_program *program,
                          const struct attend_block *block, const real *score,
                          struct lane_registers *registers, real *out) {
  struct lane_tile tile;
  KERNEL(attend_inputs)(head, block, score, &tile);
  KERNEL(lane_run)(program, &tile, registers, 1, &out);
}

void KERNEL(attend_see)(const struct attend_head *head, const struct attend_block *strip,
                        struct attend_space *space, const real *shaped, real *to) {
  const real *mask = space->mask, hidden = head->plan->softmax ? -(real)INFINITY : 0;
  KERNEL(attend_lanes)(head, head->plan->mask, strip, NULL, &space->mask_regs, space->mask);
  ATTEND_LANES(k, strip->keys * strip->fast) to[k] = mask[k] != 0 ? shaped[k] : hidden;
}

void KERNEL(attend_shape)(const struct attend_head *head, const struct attend_block *block,
                          struct attend_space *space, real *tile) {
  struct attend_block strip;
  if (!head->score && block->seen == LANE_TRUE) return;
  for (int64_t done = 0; done < block->keys; done += strip.keys, tile += strip.keys * strip.fast) {
    strip = attend_strip(block, done);
    if (head->score) KERNEL(attend_lanes)(head, head->score, &strip, tile, &space->score_regs, tile);
    if (strip.seen != LANE_TRUE) KERNEL(attend_see)(head, &strip, space, tile, tile);
  }
}
