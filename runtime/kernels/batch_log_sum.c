/* batch_log_sum.c: the one op that looks from an example at the others of its batch, and its gradient.
 *
 *   y[i] = log of the sum over j of exp(a[i] . b[j])   over j = i and all j with same[j] != same[i]
 *
 * A task makes whole results, and takes the others in their order: no sum is shared between tasks. */
#include "runtime/kernels/kernel.h"
#include "runtime/kernels/math.h"
#include "runtime/kernels/split.h"
#include "runtime/kernels/dot_row.h"

struct batch {
  int64_t examples, n;
  const real *a, *b, *same;
};

static struct batch batch_of(const struct rt_call *call) {
  const struct rt_shape *a = call->in[0].shape;
  return (struct batch){a->batched ? a->examples : 1, rt_size(a, 0, 0), in_data(call, 0), in_data(call, 1),
                        in_data(call, 2)};
}

static bool counts(const struct batch *s, int64_t i, int64_t j) { return i == j || s->same[i] != s->same[j]; }

static real score(const struct batch *s, int64_t i, int64_t j) {
  return dot_row(s->a + i * s->n, s->b + j * s->n, s->n);
}

static void log_sums(const struct rt_call *call, int64_t begin, int64_t end) {
  const struct batch s = batch_of(call);
  for (int64_t i = begin; i < end; i++) {
    real most = score(&s, i, i), sum = 1;
    for (int64_t j = 0; j < s.examples; j++) {
      if (j == i || !counts(&s, i, j)) continue;
      const real x = score(&s, i, j);
      if (x > most) {
        sum = sum * LANE_EXP(most - x) + 1;
        most = x;
      } else {
        sum += LANE_EXP(x - most);
      }
    }
    out_data(call, 0)[i] = most + LANE_LOG(sum);
  }
}

void KERNEL(batch_log_sum)(const struct rt_call *call) {
  const struct batch s = batch_of(call);
  split_range(call, s.examples, s.examples * (s.n + 1), log_sums);
}

/* ---- backwards: a[i] receives the sum over j of dy[i] p[i, j] b[j], b[j] that over i of dy[i] p[i, j] a[i],
 * where p[i, j] = exp(a[i] . b[j] - y[i]) ---- */

static void add_share(const struct rt_call *call, const struct batch *s, int64_t i, int64_t j,
                      const real *row, real *out) {
  if (!counts(s, i, j)) return;
  const real share = in_data(call, 4)[i] * LANE_EXP(score(s, i, j) - in_data(call, 3)[i]);
  SIMD for (int64_t k = 0; k < s->n; k++) out[k] += share * row[k];
}

static void log_sums_back(const struct rt_call *call, int64_t begin, int64_t end) {
  const struct batch s = batch_of(call);
  const bool of_b = call->attr[0];
  for (int64_t e = begin; e < end; e++) {
    real *out = out_data(call, 0) + e * s.n;
    for (int64_t k = 0; k < s.n; k++) out[k] = 0;
    for (int64_t other = 0; other < s.examples; other++)
      if (of_b)
        add_share(call, &s, other, e, s.a + other * s.n, out);
      else
        add_share(call, &s, e, other, s.b + other * s.n, out);
  }
}

void KERNEL(batch_log_sum_grad)(const struct rt_call *call) {
  const struct batch s = batch_of(call);
  split_range(call, s.examples, s.examples * (s.n + 1), log_sums_back);
}
