/* draw.c: random numbers. Number i of a call depends on (seed, i) alone; four come from one block of the
 * generator. */
#include "runtime/kernels/kernel.h"
#include "runtime/kernels/math.h"
#include "runtime/kernels/split.h"
#include "runtime/random.h"

#include <string.h>

#if defined __SSE2__
#include <immintrin.h>
#endif

enum { BLOCKS = 64, NUMBERS = 4 * BLOCKS, TOUCHED = 2 * NUMBERS }; /* generator blocks at a time */

/* ---- words ---- */

#if defined __SSE2__
/* Some blocks of the generator side by side, a word of each in 64 bits. Only the lower halves count: what a
 * round leaves in the upper ones, the next does not read. */
typedef uint64_t lanes __attribute__((vector_size(RT_VECTOR_BYTES)));
enum { LANES = RT_VECTOR_BYTES / 8, SETS = 2, AT_ONCE = LANES * SETS };

/* The products of lower halves, all 64 bits of each. */
static inline lanes product(lanes x, lanes y) {
#if defined __AVX512F__
  return (lanes)_mm512_mul_epu32((__m512i)x, (__m512i)y);
#elif defined __AVX2__
  return (lanes)_mm256_mul_epu32((__m256i)x, (__m256i)y);
#else
  return (lanes)_mm_mul_epu32((__m128i)x, (__m128i)y);
#endif
}

/* What rt_philox does, with AT_ONCE counters, of which the two upper words are 0. */
static inline __attribute__((always_inline)) void philox_lanes(uint64_t seed, lanes x[4][SETS]) {
  const lanes by0 = (lanes){0} + 0xD2511F53u, by2 = (lanes){0} + 0xCD9E8D57u;
  for (uint32_t round = 0; round < 10; round++) {
    const lanes key0 = (lanes){0} + (uint32_t)((uint32_t)seed + round * 0x9E3779B9u);
    const lanes key1 = (lanes){0} + (uint32_t)((uint32_t)(seed >> 32) + round * 0xBB67AE85u);
#pragma GCC unroll 2
    for (int s = 0; s < SETS; s++) {
      lanes a = product(x[0][s], by0), b = product(x[2][s], by2);
      x[0][s] = b >> 32 ^ x[1][s] ^ key0;
      x[2][s] = a >> 32 ^ x[3][s] ^ key1;
      x[1][s] = b;
      x[3][s] = a;
    }
  }
}

/* word[4 b + w]: word w of block first + b. */
static void draw_words(uint64_t seed, uint64_t first, uint32_t word[NUMBERS]) {
  for (int from = 0; from < BLOCKS; from += AT_ONCE) {
    uint64_t block[AT_ONCE], pair[2][AT_ONCE];
    lanes x[4][SETS];
    for (int b = 0; b < AT_ONCE; b++) block[b] = first + (uint64_t)(from + b);
#pragma GCC unroll 2
    for (int s = 0; s < SETS; s++) {
      memcpy(&x[0][s], block + s * LANES, sizeof x[0][s]);
      x[1][s] = x[0][s] >> 32;
      x[2][s] = x[3][s] = (lanes){0};
    }
    philox_lanes(seed, x);
#pragma GCC unroll 2
    for (int s = 0; s < SETS; s++)
#pragma GCC unroll 2
      for (int k = 0; k < 2; k++) {
        lanes both = (x[2 * k][s] & 0xFFFFFFFFu) | x[2 * k + 1][s] << 32;
        memcpy(&pair[k][s * LANES], &both, sizeof both);
      }
    for (int b = 0; b < AT_ONCE; b++)
      for (int k = 0; k < 2; k++) {
        uint32_t *w = word + 4 * (from + b) + 2 * k;
        w[0] = (uint32_t)pair[k][b];
        w[1] = (uint32_t)(pair[k][b] >> 32);
      }
  }
}
#else
static void draw_words(uint64_t seed, uint64_t first, uint32_t word[NUMBERS]) {
  uint32_t apart[4][BLOCKS];
  rt_random_blocks(seed, first, BLOCKS, *apart);
  for (int k = 0; k < NUMBERS; k++) word[k] = apart[k % 4][k / 4];
}
#endif

/* ---- numbers ---- */

/* The words of the blocks from `first` on as numbers in (0,1). */
static void uniform_blocks(uint64_t seed, int64_t first, real uniform[NUMBERS]) {
  uint32_t word[NUMBERS];
  draw_words(seed, (uint64_t)first, word);
  SIMD for (int k = 0; k < NUMBERS; k++) uniform[k] =
      RT_DOUBLE ? (real)(((double)word[k] + 0.5) * 0x1p-32)
                : ((real)(int32_t)(word[k] >> 9) + (real)0.5) * (real)0x1p-23;
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
    uint32_t word[NUMBERS];
    int64_t n = split_min(NUMBERS, count - i * NUMBERS);
    int32_t *y = (int32_t *)call->out[0].data + i * NUMBERS;
    draw_words(call->seed, (uint64_t)(i * BLOCKS), word);
    for (int64_t k = 0; k < n; k++) y[k] = (int32_t)((uint64_t)word[k] * (uint64_t)call->attr[0] >> 32);
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
