/* attend_one.c: a single query, as when a text is written token by token. Tiles of a block of queries would
 * be nearly empty: here the scores of up to LANE_TILE keys stand side by side instead. */
#include "runtime/kernels/attend_tile.h"
#include "runtime/kernels/math.h"

#include <string.h>

/* A stretch of keys that the query is compared with. */
struct attend_stretch {
  int64_t query, first, count, fast; /* fast: rounded up to whole vectors */
};

/* Eight numbers at a time: heads are narrow. */
enum { EIGHT = 8 };
typedef real attend_eight __attribute__((vector_size(8 * sizeof(real))));

/* sum += a * b. */
static inline void attend_more(const real *a, const real *b, attend_eight *sum) {
  attend_eight x, y;
  memcpy(&x, a, sizeof x);
  memcpy(&y, b, sizeof y);
  *sum += x * y;
}

typedef real attend_four __attribute__((vector_size(4 * sizeof(real))));

/* Two halves of eight numbers, added. */
static inline void attend_halves(const attend_eight *a, attend_four *sum) {
  attend_four half[2];
  memcpy(half, a, sizeof half);
  *sum = half[0] + half[1];
}

/* The four sums of four numbers each. */
static inline void attend_totals(const attend_four a[4], real *to) {
#if __has_builtin(__builtin_shufflevector)
  attend_four left =
      __builtin_shufflevector(a[0], a[1], 0, 4, 1, 5) + __builtin_shufflevector(a[0], a[1], 2, 6, 3, 7);
  attend_four right =
      __builtin_shufflevector(a[2], a[3], 0, 4, 1, 5) + __builtin_shufflevector(a[2], a[3], 2, 6, 3, 7);
  attend_four sum =
      __builtin_shufflevector(left, right, 0, 1, 4, 5) + __builtin_shufflevector(left, right, 2, 3, 6, 7);
  memcpy(to, &sum, sizeof sum);
#else
  for (int k = 0; k < 4; k++) to[k] = (a[k][0] + a[k][2]) + (a[k][1] + a[k][3]);
#endif
}

/* A vector times each of `count` <= 4 others, which stand `stride` apart. */
static inline void attend_dots_of_four(const real *a, const real *b, int64_t stride, int64_t width, int count,
                                       real *to) {
  attend_eight sum[4] = {{0}, {0}, {0}, {0}};
  attend_four half[4];
  int64_t f = 0;
  for (; f + EIGHT <= width; f += EIGHT)
    for (int k = 0; k < count; k++) attend_more(a + f, b + k * stride + f, &sum[k]);
  for (int k = 0; k < 4; k++) attend_halves(&sum[k], &half[k]);
  real total[4];
  attend_totals(half, total);
  for (; f < width; f++)
    for (int k = 0; k < count; k++) total[k] += a[f] * b[k * stride + f];
  for (int k = 0; k < count; k++) to[k] = total[k];
}

static void attend_dots(const struct attend_head *head, const struct attend_stretch *at, real *score) {
  const real *query = head->query.data + at->query * head->query.i_stride;
  const real *key = head->key.data + at->first * head->key.j_stride;
  const int64_t width = head->query.width, stride = head->key.j_stride;
  int64_t j = 0;
  if (width == EIGHT)
    for (; j + 4 <= at->count; j += 4)
      attend_dots_of_four(query, key + j * stride, stride, EIGHT, 4, score + j);
  else
    for (; j + 4 <= at->count; j += 4)
      attend_dots_of_four(query, key + j * stride, stride, width, 4, score + j);
  if (j < at->count)
    attend_dots_of_four(query, key + j * stride, stride, width, (int)(at->count - j), score + j);
  for (j = at->count; j < at->fast; j++) score[j] = 0;
}

static void attend_slot(const struct attend_head *head, const struct lane_program *program,
                        const struct attend_stretch *at, const real *score, struct lane_registers *registers,
                        real *out) {
  struct lane_tile tile = {.slow = 1, .fast = at->fast, .fast_valid = at->count};
  int input = 0;
  tile.first_row = head->moved + at->query, tile.first_column = head->keys_moved + at->first;
  tile.head = head->head, tile.example = head->example, tile.seed = head->call->seed;
  if (score) {
    tile.input[0] = score, tile.slow_stride[0] = at->fast, tile.fast_stride[0] = 1, tile.length[0] = 0;
    tile.padded = 1;
    input++;
  }
  for (int k = 0; k < head->plan->extra_count; k++, input++) {
    const struct attend_view *extra = &head->extra[k];
    tile.input[input] = extra->data + at->query * extra->i_stride + at->first * extra->j_stride;
    tile.slow_stride[input] = extra->i_stride, tile.fast_stride[input] = extra->j_stride;
    tile.length[input] = extra->width;
  }
  KERNEL(lane_run)(program, &tile, registers, 1, &out);
}

/* Scores become weights: exp(score - top). What is hidden, and what fills the last vector, has none. */
static real attend_weights(const struct attend_stretch *at, const real *mask, real *score, real *top) {
  real most = *top, sum = 0;
  if (mask) attend_hide(score, mask, -(real)INFINITY, at->fast);
  for (int64_t j = at->count; j < at->fast; j++) score[j] = -(real)INFINITY;
#pragma omp simd reduction(max : most)
  for (int64_t j = 0; j < at->fast; j++) most = score[j] > most ? score[j] : most;
  real base = most == -(real)INFINITY ? 0 : most;
#pragma omp simd reduction(+ : sum)
  for (int64_t j = 0; j < at->fast; j++) {
    score[j] = LANE_EXP(score[j] - base);
    sum += score[j];
  }
  *top = most;
  return sum;
}

/* Eight features of the weighted sum of values, added to y * scale. */
static void attend_add_eight(const real *value, int64_t stride, const real *weight, int64_t count, real scale,
                             real *y) {
  attend_eight sum[4] = {{0}, {0}, {0}, {0}}, row[4], before;
  int64_t j = 0;
  for (; j + 4 <= count; j += 4) {
    for (int k = 0; k < 4; k++) memcpy(&row[k], value + (j + k) * stride, sizeof row[k]);
    for (int k = 0; k < 4; k++) sum[k] += weight[j + k] * row[k];
  }
  for (; j < count; j++) {
    memcpy(&row[0], value + j * stride, sizeof row[0]);
    sum[0] += weight[j] * row[0];
  }
  memcpy(&before, y, sizeof before);
  before = before * scale + ((sum[0] + sum[1]) + (sum[2] + sum[3]));
  memcpy(y, &before, sizeof before);
}

/* y = y * scale + the weighted sum of the values that are seen; a hidden one takes no part, whatever it
 * holds. */
static void attend_add_seen(const struct attend_head *head, const struct attend_stretch *at, const real *mask,
                            const real *weight, real scale, real *y) {
  const real *value = head->value.data + at->first * head->value.j_stride;
  const int64_t width = head->value.width, stride = head->value.j_stride;
  for (int64_t f = 0; f < width; f++) y[f] *= scale;
  for (int64_t j = 0; j < at->count; j++)
    for (int64_t f = 0; mask[j] != 0 && f < width; f++) y[f] += weight[j] * value[j * stride + f];
}

/* The same where all are seen. */
static void attend_add(const struct attend_head *head, const struct attend_stretch *at, const real *weight,
                       real scale, real *y) {
  const real *value = head->value.data + at->first * head->value.j_stride;
  const int64_t width = head->value.width, stride = head->value.j_stride;
  int64_t f = 0;
  for (; f + EIGHT <= width; f += EIGHT) attend_add_eight(value + f, stride, weight, at->count, scale, y + f);
  for (; f < width; f++) {
    real sum = y[f] * scale;
    for (int64_t j = 0; j < at->count; j++) sum += weight[j] * value[j * stride + f];
    y[f] = sum;
  }
}

void KERNEL(attend_one)(const struct attend_head *head, const struct attend_view *y,
                        const struct attend_view *lse, struct attend_space *space) {
  struct attend_stretch at = {.query = head->first_query};
  real *out = y->data + at.query * y->i_stride, top = -(real)INFINITY, sum = 0;
  memset(out, 0, (size_t)y->width * sizeof *out);
  for (at.first = head->first_key; at.first < head->end_key; at.first += at.count) {
    int64_t left = head->end_key - at.first;
    at.count = left < LANE_TILE ? left : LANE_TILE;
    at.fast = (at.count + RT_VECTOR - 1) / RT_VECTOR * RT_VECTOR;
    enum lane_truth seen = KERNEL(attend_sees)(head, at.query, 1, at.first, at.count);
    if (seen == LANE_FALSE) continue;
    attend_dots(head, &at, space->score);
    if (head->plan->score)
      attend_slot(head, head->plan->score, &at, space->score, &space->score_regs, space->score);
    const real *mask = seen == LANE_TRUE ? NULL : space->mask;
    if (mask) attend_slot(head, head->plan->mask, &at, NULL, &space->mask_regs, space->mask);
    real before = top, more = attend_weights(&at, mask, space->score, &top);
    real scale = LANE_EXP(before - (top == -(real)INFINITY ? 0 : top));
    sum = sum * scale + more;
    if (mask)
      attend_add_seen(head, &at, mask, space->score, scale, out);
    else
      attend_add(head, &at, space->score, scale, out);
  }
  real by = sum != 0 ? 1 / sum : 0;
  for (int64_t f = 0; f < y->width; f++) out[f] *= by;
  lse->data[at.query * lse->i_stride] = sum != 0 ? top + LANE_LOG(sum) : -(real)INFINITY;
}
