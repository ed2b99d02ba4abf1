/* draw.c: random numbers. Number i of a call depends on (seed, i) alone; four come from one block of the
 * generator. */
#include "runtime/kernels/kernel.h"
#include "runtime/kernels/math.h"
#include "runtime/kernels/split.h"
#include "runtime/random.h"

enum { BLOCKS = 64, NUMBERS = 4 * BLOCKS, TOUCHED = 2 * NUMBERS }; /* generator blocks at a time */

/* uniform[4 b + w]: word w of block first + b, as a number in (0,1). */
static void uniform_blocks(uint64_t seed, int64_t first, real uniform[NUMBERS]) {
  uint32_t word[4][BLOCKS];
  rt_random_blocks(seed, (uint64_t)first, BLOCKS, *word);
  for (int w = 0; w < 4; w++) {
    SIMD for (int b = 0; b < BLOCKS; b++) uniform[4 * b + w] =
        RT_DOUBLE ? (real)(((double)word[w][b] + 0.5) * 0x1p-32)
                  : ((real)(int32_t)(word[w][b] >> 9) + (real)0.5) * (real)0x1p-23;
  }
}

typedef void shape_numbers(const struct rt_call *call, real *uniform);

/* Task i of a random op fills numbers NUMBERS i onwards. */
static void draw(const struct rt_call *call, int64_t begin, int64_t end, shape_numbers *numbers) {
  int64_t count = call->out[0].shape->count;
  for (int64_t i = begin; i < end; i++) {
    real uniform[NUMBERS], *y = out_data(call, 0) + i * NUMBERS;
    uniform_blocks(call->seed, i * BLOCKS, uniform);
    numbers(call, uniform);
    int64_t n = split_min(NUMBERS, count - i * NUMBERS);
    for (int64_t k = 0; k < n; k++) y[k] = uniform[k];
  }
}

static void keep_or_drop(const struct rt_call *call, real *x) {
  real rate = (real)call->real, kept = rate < 1 ? 1 / (1 - rate) : 0;
  SIMD for (int i = 0; i < NUMBERS; i++) x[i] = x[i] >= rate ? kept : 0;
}

/* Gumbel (1954): by the inverse of the distribution function exp(-exp(-x)). */
static void make_gumbel(const struct rt_call *call, real *x) {
  (void)call;
  SIMD for (int i = 0; i < NUMBERS; i++) x[i] = -LANE_LOG(-LANE_LOG(x[i]));
}

static void draw_bernoulli(const struct rt_call *call, int64_t begin, int64_t end) {
  draw(call, begin, end, keep_or_drop);
}
static void draw_gumbel(const struct rt_call *call, int64_t begin, int64_t end) {
  draw(call, begin, end, make_gumbel);
}

static void split_draws(const struct rt_call *call, range_body *body) {
  split_range(call, split_ceil(call->out[0].shape->count, NUMBERS), TOUCHED, body);
}

/* A word times `of` has the number in its upper half (Lemire 2019), whatever the precision. */
static void draw_sample(const struct rt_call *call, int64_t begin, int64_t end) {
  int64_t count = call->out[0].shape->count;
  for (int64_t i = begin; i < end; i++) {
    uint32_t word[4][BLOCKS];
    int64_t n = split_min(NUMBERS, count - i * NUMBERS);
    int32_t *y = (int32_t *)call->out[0].data + i * NUMBERS;
    rt_random_blocks(call->seed, (uint64_t)(i * BLOCKS), BLOCKS, *word);
    for (int64_t k = 0; k < n; k++)
      y[k] = (int32_t)((uint64_t)word[k % 4][k / 4] * (uint64_t)call->attr[0] >> 32);
  }
}

static void spread_range(const struct rt_call *call, int64_t begin, int64_t end) {
  int32_t *y = call->out[0].data;
  double step = (double)call->attr[0] / (double)call->out[0].shape->count;
  for (int64_t k = begin; k < end; k++) y[k] = (int32_t)((double)k * step);
}

void KERNEL(sample)(const struct rt_call *call) {
  if (call->attr[1])
    split_range(call, call->out[0].shape->count, 1, spread_range);
  else
    split_draws(call, draw_sample);
}
void KERNEL(bernoulli)(const struct rt_call *call) { split_draws(call, draw_bernoulli); }
void KERNEL(gumbel)(const struct rt_call *call) { split_draws(call, draw_gumbel); }
