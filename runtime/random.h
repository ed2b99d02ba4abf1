/* random.h: random numbers without a state. Number i of a stream is a function of (seed, i) alone: it makes
 * no difference who draws it, when, or on which thread.
 *
 * The generator is Philox-4x32-10: J. Salmon, M. Moraes, R. Dror, D. Shaw, "Parallel random numbers: as easy
 * as 1, 2, 3", SC 2011. */
#ifndef AQ_RUNTIME_RANDOM_H
#define AQ_RUNTIME_RANDOM_H

#include "runtime/base.h"

/* Ten rounds over the counter x[0..3] with a key of two words. Inline, so that a loop over it vectorises. */
static inline void rt_philox(uint32_t x[4], uint32_t key0, uint32_t key1) {
  uint32_t x0 = x[0], x1 = x[1], x2 = x[2], x3 = x[3];
  for (int round = 0; round < 10; round++) {
    uint64_t a = (uint64_t)x0 * 0xD2511F53u, b = (uint64_t)x2 * 0xCD9E8D57u;
    uint32_t y0 = (uint32_t)(b >> 32) ^ x1 ^ (key0 + (uint32_t)round * 0x9E3779B9u);
    uint32_t y2 = (uint32_t)(a >> 32) ^ x3 ^ (key1 + (uint32_t)round * 0xBB67AE85u);
    x1 = (uint32_t)b;
    x3 = (uint32_t)a;
    x0 = y0;
    x2 = y2;
  }
  x[0] = x0;
  x[1] = x1;
  x[2] = x2;
  x[3] = x3;
}

/* Blocks first..first+count-1 of the stream of seed: word w of block first + b goes to word[w * count + b].
 */
static inline void rt_random_blocks(uint64_t seed, uint64_t first, int count, uint32_t *restrict word) {
  uint32_t *restrict x0 = word, *restrict x1 = x0 + count, *restrict x2 = x1 + count,
                     *restrict x3 = x2 + count;
  _Pragma("omp simd") for (int b = 0; b < count; b++) {
    uint64_t block = first + (uint64_t)b;
    uint32_t x[4] = {(uint32_t)block, (uint32_t)(block >> 32), 0, 0};
    rt_philox(x, (uint32_t)seed, (uint32_t)(seed >> 32));
    x0[b] = x[0];
    x1[b] = x[1];
    x2[b] = x[2];
    x3[b] = x[3];
  }
}

/* SplitMix64: G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014. Its
 * numbers are rt_mix64 of the multiples of RT_GOLDEN, which is 2^64 over the golden ratio. */
#define RT_GOLDEN UINT64_C(0x9E3779B97F4A7C15)
static inline uint64_t rt_mix64(uint64_t x) {
  x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
  x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
  return x ^ (x >> 31);
}

/* The seed of one stream: of a purpose, an epoch, a parameter. Streams of different numbers are independent.
 */
uint64_t rt_random_seed(uint64_t seed, uint64_t stream);

uint64_t rt_random_bits(uint64_t seed, uint64_t position);
double rt_random_uniform(uint64_t seed, uint64_t position); /* in (0,1), an odd multiple of 2^-53 */
double rt_random_normal(uint64_t seed, uint64_t position);  /* mean 0, standard deviation 1 */
int64_t rt_random_below(uint64_t seed, uint64_t position,
                        int64_t limit); /* 0..limit-1, each as likely; limit is at least 1 */

/* Shuffles the items; every order is as likely (Fisher and Yates). */
void rt_random_shuffle(uint64_t seed, int64_t count, int64_t *items);

#endif
