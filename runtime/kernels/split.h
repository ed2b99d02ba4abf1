/* split.h: how kernels cut their work into tasks. The cuts depend on shapes alone. Include after kernel.h. */
#ifndef AQ_RUNTIME_KERNELS_SPLIT_H
#define AQ_RUNTIME_KERNELS_SPLIT_H

#include "runtime/threads.h"

/* Numbers touched that are worth a task of their own. */
enum { SPLIT_GRAIN = 16384 };

#define SIMD _Pragma("omp simd")

static inline int64_t split_min(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t split_max(int64_t a, int64_t b) { return a > b ? a : b; }
static inline int64_t split_ceil(int64_t a, int64_t b) { return (a + b - 1) / b; }

static inline const real *in_data(const struct rt_call *call, int k) { return call->in[k].data; }
static inline const int32_t *in_ids(const struct rt_call *call, int k) { return call->in[k].data; }
static inline real *out_data(const struct rt_call *call, int k) { return call->out[k].data; }

/* How many of a count make a piece, when about `most` should: a multiple of `of`, so that pieces are about
 * many times SPLIT_EVEN, or one. Few threads have as many each then. */
enum { SPLIT_EVEN = 4 };
static inline int64_t split_even(int64_t count, int64_t most, int64_t of) {
  int64_t pieces = split_ceil(count, most);
  if (pieces > 1) pieces = split_ceil(pieces, SPLIT_EVEN) * SPLIT_EVEN;
  return split_ceil(split_ceil(count, split_max(1, pieces)), of) * of;
}

/* ---- ranges: 0..count-1 in pieces that touch about SPLIT_GRAIN numbers ---- */

typedef void range_body(const struct rt_call *call, int64_t begin, int64_t end);
struct range_job {
  const struct rt_call *call;
  range_body *body;
  int64_t count, piece;
};

static inline void range_task(void *context, int64_t task, void *scratch) {
  (void)scratch;
  const struct range_job *job = context;
  job->body(job->call, task * job->piece, split_min(job->count, (task + 1) * job->piece));
}

/* touched: how many numbers each of the count touches. */
static inline void split_range(const struct rt_call *call, int64_t count, int64_t touched, range_body *body) {
  int64_t piece = split_max(1, split_even(count, split_max(1, SPLIT_GRAIN / split_max(1, touched)), 1));
  struct range_job job = {call, body, count, piece};
  rt_parallel(call->pool, split_ceil(count, piece), range_task, &job);
}

/* Examples of an output, a task for as many as touch about SPLIT_GRAIN numbers on average. */
static inline void split_examples(const struct rt_call *call, const struct rt_shape *shape,
                                  range_body *body) {
  int64_t examples = shape->batched ? shape->examples : 1;
  if (examples > 0) split_range(call, examples, shape->count / examples, body);
}

/* ---- spans: rows along the last axis ---- */

/* Rows of n numbers each: rows first..first+rows-1 of an example, or of the whole packed batch when example
 * is -1. scratch: see rt_task. */
struct span {
  int64_t example, first, rows, n;
  void *scratch;
};

/* Where the span starts in an operand that has width numbers for each row. A shared operand serves every
 * example. */
static inline int64_t span_offset(const struct span *span, const struct rt_shape *shape, int64_t width) {
  return (span->example < 0 ? 0 : rt_offset(shape, span->example)) + span->first * width;
}

typedef void span_body(const struct rt_call *call, const struct span *span);
struct span_job {
  const struct rt_call *call;
  const struct rt_shape *shape;
  span_body *body;
  int64_t pieces, rows, piece,
      n; /* rows, piece, n: of the packed batch; pieces: of the examples, 0 when packed */
};

static inline void span_task(void *context, int64_t task, void *scratch) {
  const struct span_job *job = context;
  const struct rt_shape *s = job->shape;
  if (!job->pieces) {
    int64_t first = task * job->piece;
    struct span span = {-1, first, split_min(job->piece, job->rows - first), job->n, scratch};
    job->body(job->call, &span);
    return;
  }
  for (int64_t e = s->examples * task / job->pieces; e < s->examples * (task + 1) / job->pieces; e++) {
    struct span span = {e, 0, rt_extent(s, 0, s->rank - 1, e), rt_size(s, s->rank - 1, e), scratch};
    if (span.rows > 0) job->body(job->call, &span);
  }
}

/* May every operand be read as one packed run of rows? Not when only some of them are shared. */
static inline bool span_packed(const struct rt_call *call, const struct rt_shape *shape) {
  for (int i = 0; i < call->in_count; i++)
    if (call->in[i].shape->batched != shape->batched) return false;
  return rt_uniform(shape, shape->rank - 1) || shape->examples == 1;
}

/* Calls body for all rows of shape, which is [*r,n]. */
static inline void split_rows(const struct rt_call *call, const struct rt_shape *shape, span_body *body) {
  struct span_job job = {.call = call, .shape = shape, .body = body};
  if (shape->count == 0) return;
  if (span_packed(call, shape)) {
    job.n = rt_size(shape, shape->rank - 1, 0);
    job.rows = shape->count / job.n;
    job.piece = split_even(job.rows, split_max(1, SPLIT_GRAIN / job.n), 1);
    rt_parallel(call->pool, split_ceil(job.rows, job.piece), span_task, &job);
    return;
  }
  job.pieces = split_min(shape->examples, split_ceil(shape->count, SPLIT_GRAIN));
  rt_parallel(call->pool, job.pieces, span_task, &job);
}

#endif
