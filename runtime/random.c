/* random.c: single random numbers; kernels draw theirs in bulk from the same generator
 * (runtime/kernels/fill.c). */
#include "runtime/random.h"

#include <math.h>

/* Word 2 of the counter keeps apart what draws from one seed; the kernels' blocks have 0 there. */
enum { BITS = 1, SEEDS, NORMALS };

static const double TURN = 6.283185307179586; /* 2 pi */

uint64_t rt_random_bits(uint64_t seed, uint64_t position) {
  uint32_t x[4] = {(uint32_t)position, (uint32_t)(position >> 32), BITS, 0};
  rt_philox(x, (uint32_t)seed, (uint32_t)(seed >> 32));
  return (uint64_t)x[1] << 32 | x[0];
}

uint64_t rt_random_seed(uint64_t seed, uint64_t stream) {
  uint32_t x[4] = {(uint32_t)stream, (uint32_t)(stream >> 32), SEEDS, 0};
  rt_philox(x, (uint32_t)seed, (uint32_t)(seed >> 32));
  return (uint64_t)x[1] << 32 | x[0];
}

double rt_random_uniform(uint64_t seed, uint64_t position) {
  return ((double)(rt_random_bits(seed, position) >> 12) + 0.5) * 0x1p-52;
}

/* Box and Muller (1958); of the two numbers that a pair makes, one is used. */
double rt_random_normal(uint64_t seed, uint64_t position) {
  uint32_t x[4] = {(uint32_t)position, (uint32_t)(position >> 32), NORMALS, 0};
  rt_philox(x, (uint32_t)seed, (uint32_t)(seed >> 32));
  uint64_t a = (uint64_t)x[1] << 32 | x[0], b = (uint64_t)x[3] << 32 | x[2];
  double radius = sqrt(-2 * log(((double)(a >> 12) + 0.5) * 0x1p-52));
  return radius * cos(TURN * ((double)(b >> 12) + 0.5) * 0x1p-52);
}

/* The first 2^64 mod limit numbers are drawn again, so that as many are left for each result. Redraws come
 * from streams of their own and disturb no other position. */
int64_t rt_random_below(uint64_t seed, uint64_t position, int64_t limit) {
  uint64_t range = (uint64_t)limit, uneven = (0 - range) % range;
  for (uint64_t attempt = 0;; attempt++) {
    uint64_t bits = rt_random_bits(attempt ? rt_random_seed(seed, attempt) : seed, position);
    if (bits >= uneven) return (int64_t)(bits % range);
  }
}

void rt_random_shuffle(uint64_t seed, int64_t count, int64_t *items) {
  for (int64_t i = count - 1; i > 0; i--) {
    int64_t j = rt_random_below(seed, (uint64_t)i, i + 1), item = items[i];
    items[i] = items[j];
    items[j] = item;
  }
}
