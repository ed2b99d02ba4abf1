/* forward_chain.c: the forward pass over a chain of choices (Rabiner 1989), and its gradient.
 *
 *   y[0, b] = mean over a of score[0, a, b]
 *   y[t, b] = log of the sum over a of exp(x[t-1, a] + score[t, a, b])   with x = log_softmax(y)
 *
 * So the logarithm of the sum over all ways is that of exp(y[t]), added up over t, and no number grows with
 * the length of the chain. */
#include "runtime/kernels/kernel.h"
#include "runtime/kernels/log_sum.h"
#include "runtime/kernels/split.h"

enum { COLUMNS = 64 }; /* choices whose sums run side by side */

/* An example: positions, and choices at each. */
struct chain {
  int64_t t, n;
  const real *score, *y;
};

static struct chain chain_of(const struct rt_call *call, int64_t e, const real *y) {
  const struct rt_shape *s = call->in[0].shape;
  return (struct chain){rt_size(s, 0, e), rt_size(s, 2, e), in_data(call, 0) + rt_offset(s, e), y};
}

static void first_row(int64_t n, const real *score, real *y) {
  for (int64_t b = 0; b < n; b++) y[b] = 0;
  for (int64_t a = 0; a < n; a++) SIMD for (int64_t b = 0; b < n; b++) y[b] += score[a * n + b];
  SIMD for (int64_t b = 0; b < n; b++) y[b] /= (real)n;
}

/* Some columns of a row: y[b] of the scores [a, b] and the row before. all: log_sum of that row. */
static void sum_strip(const struct chain *c, const real *before, real all, const real *score, int64_t width,
                      real *y) {
  real most[COLUMNS], sum[COLUMNS] = {0};
  for (int64_t b = 0; b < width; b++) most[b] = -INFINITY;
  for (int64_t a = 0; a < c->n; a++) {
    const real x = before[a] - all, *row = score + a * c->n;
    SIMD for (int64_t b = 0; b < width; b++) most[b] = x + row[b] > most[b] ? x + row[b] : most[b];
  }
  for (int64_t b = 0; b < width; b++) most[b] = most[b] == -INFINITY ? 0 : most[b];
  for (int64_t a = 0; a < c->n; a++) {
    const real x = before[a] - all, *row = score + a * c->n;
    SIMD for (int64_t b = 0; b < width; b++) sum[b] += LANE_EXP(x + row[b] - most[b]);
  }
  SIMD for (int64_t b = 0; b < width; b++) y[b] = most[b] + LANE_LOG(sum[b]);
}

static void run_chain(const struct chain *c, real *y) {
  if (c->t > 0) first_row(c->n, c->score, y);
  for (int64_t t = 1; t < c->t; t++) {
    const real *before = y + (t - 1) * c->n, *score = c->score + t * c->n * c->n;
    const real all = log_sum(c->n, before);
    for (int64_t b = 0; b < c->n; b += COLUMNS)
      sum_strip(c, before, all, score + b, split_min(COLUMNS, c->n - b), y + t * c->n + b);
  }
}

static void chain_examples(const struct rt_call *call, int64_t begin, int64_t end) {
  for (int64_t e = begin; e < end; e++) {
    real *y = out_data(call, 0) + rt_offset(call->out[0].shape, e);
    struct chain c = chain_of(call, e, y);
    run_chain(&c, y);
  }
}

void KERNEL(forward_chain)(const struct rt_call *call) {
  const struct rt_shape *scores = call->in[0].shape;
  if (scores->count) split_examples(call, scores, chain_examples);
}

/* ---- backwards ---- */

/* Row t of the gradient, from what y[t] receives, which stands in the last row of `da` and is written over in
 * the end. received: what x[t-1] receives. */
static void spread_back(const struct chain *c, int64_t t, real *da, real *received) {
  const int64_t n = c->n;
  const real *y = c->y + t * n, *before = y - n, *g = da + (n - 1) * n, all = log_sum(n, before);
  for (int64_t a = 0; a < n; a++) {
    const real x = before[a] - all, *score = c->score + (t * n + a) * n;
    real *row = da + a * n, sum = 0;
    SIMD for (int64_t b = 0; b < n; b++) row[b] =
        y[b] == -INFINITY ? 0 : g[b] * LANE_EXP(x + score[b] - y[b]);
    for (int64_t b = 0; b < n; b++) sum += row[b];
    received[a] = sum;
  }
}

/* What y[t] receives: dy, and what x = log_softmax(y) has received, which stands in g. */
static void receive(const struct chain *c, int64_t t, const real *dy, real *g) {
  const real *y = c->y + t * c->n, all = log_sum(c->n, y);
  real sum = 0;
  for (int64_t b = 0; b < c->n; b++) sum += g[b];
  SIMD for (int64_t b = 0; b < c->n; b++) g[b] += dy[t * c->n + b] - sum * LANE_EXP(y[b] - all);
}

static void first_row_back(int64_t n, real *da) {
  const real *g = da + (n - 1) * n;
  for (int64_t a = 0; a < n; a++) SIMD for (int64_t b = 0; b < n; b++) da[a * n + b] = g[b] / (real)n;
}

static void run_back(const struct chain *c, const real *dy, real *da) {
  const int64_t n = c->n;
  for (int64_t b = 0; c->t > 0 && b < n; b++) da[c->t * n * n - n + b] = 0;
  for (int64_t t = c->t - 1; t >= 0; t--) {
    real *row = da + t * n * n, *g = row + (n - 1) * n;
    receive(c, t, dy, g);
    if (t > 0)
      spread_back(c, t, row, row - n);
    else
      first_row_back(n, row);
  }
}

static void chain_examples_back(const struct rt_call *call, int64_t begin, int64_t end) {
  for (int64_t e = begin; e < end; e++) {
    struct chain c = chain_of(call, e, in_data(call, 1) + rt_offset(call->in[1].shape, e));
    run_back(&c, in_data(call, 2) + rt_offset(call->in[2].shape, e),
             out_data(call, 0) + rt_offset(call->out[0].shape, e));
  }
}

void KERNEL(forward_chain_grad)(const struct rt_call *call) {
  const struct rt_shape *scores = call->in[0].shape;
  if (scores->count) split_examples(call, scores, chain_examples_back);
}
