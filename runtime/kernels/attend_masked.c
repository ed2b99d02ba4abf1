/* attend_masked.c: products over the pairs that a mask lets through, of rows that may not be finite. */
#include "runtime/kernels/attend_masked.h"

#include <string.h>

typedef real masked_vector __attribute__((vector_size(RT_VECTOR_BYTES)));

/* 0 times a finite number is 0. A sum for each of four rows, so that none waits for itself. */
bool KERNEL(attend_finite)(struct attend_matrix rows, int64_t count, int64_t width) {
  masked_vector sum[4] = {{0}}, number;
  const int64_t whole = width / RT_VECTOR * RT_VECTOR;
  real total = 0;
  for (int64_t r = 0; r < count; r += 4) {
    const real *row[4];
#pragma GCC unroll 4
    for (int64_t k = 0; k < 4; k++) row[k] = rows.data + (r + k < count ? r + k : r) * rows.row;
    for (int64_t f = 0; f < whole; f += RT_VECTOR)
#pragma GCC unroll 4
      for (int k = 0; k < 4; k++) {
        memcpy(&number, row[k] + f, sizeof number);
        sum[k] += number * 0;
      }
    for (int64_t f = whole; f < width; f++)
      total += (row[0][f] * 0 + row[1][f] * 0) + (row[2][f] * 0 + row[3][f] * 0);
  }
  sum[0] += sum[1] + (sum[2] + sum[3]);
  for (int v = 0; v < RT_VECTOR; v++) total += sum[0][v];
  return total == 0;
}

void KERNEL(attend_mask)(const struct attend_head *head, const struct attend_block *block,
                         struct attend_space *space) {
  struct attend_block strip;
  for (int64_t done = 0; done < block->keys; done += strip.keys) {
    strip = attend_strip(block, done);
    KERNEL(attend_lanes)
    (head, head->plan->mask, &strip, NULL, &space->mask_regs, space->seen + done * block->fast);
  }
}

/* Rows that are not finite count as 0 in the product, and are then added for those that see them. */
void KERNEL(attend_masked_product)(const struct attend_sum *sum, struct attend_matrix seen, real *clean) {
  struct attend_sum part = *sum;
  bool finite[ATTEND_KEYS];
  for (int64_t k = 0; k < sum->k; k++) {
    struct attend_matrix row = {sum->b.data + k * sum->b.row, sum->b.row, 1};
    finite[k] = KERNEL(attend_finite)(row, 1, sum->n);
  }
  for (int64_t first = 0; first < sum->n; first += ATTEND_PACKED) {
    part.n = sum->n - first < ATTEND_PACKED ? sum->n - first : ATTEND_PACKED;
    part.b = (struct attend_matrix){clean, part.n, 1};
    part.c.data = sum->c.data + first;
    for (int64_t k = 0; k < sum->k; k++)
      if (finite[k])
        memcpy(clean + k * part.n, sum->b.data + k * sum->b.row + first, (size_t)part.n * sizeof(real));
      else
        memset(clean + k * part.n, 0, (size_t)part.n * sizeof(real));
    KERNEL(attend_product)(&part);
  }
  for (int64_t k = 0; k < sum->k; k++)
    for (int64_t m = 0; m < sum->m && !finite[k]; m++) {
      const real *row = sum->b.data + k * sum->b.row, a = sum->a.data[m * sum->a.row + k * sum->a.column];
      real *to = sum->c.data + m * sum->c.row;
      if (seen.data[m * seen.row + k * seen.column] != 0)
        for (int64_t n = 0; n < sum->n; n++) to[n] += a * row[n];
    }
}
