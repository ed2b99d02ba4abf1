/* gather.c: gather, scatter and onehot. A negative id names no row: it gathers zeros and scatters nothing. An
 * id past the end cannot come from checked data; it gathers NaN, which the trainer reports. */
#include "runtime/kernels/kernel.h"
#include "runtime/kernels/math.h"
#include "runtime/kernels/split.h"

#include <string.h>

/* Rows lie anywhere: the first numbers of those that come are asked for. */
enum { AHEAD = 4, LINE = 64 / sizeof(real), MOST_AHEAD = 256 };

static void fetch_row(const real *table, int64_t size, int64_t width, int32_t id) {
  if (id < 0 || id >= size) return;
  for (int64_t k = 0; k < width && k < MOST_AHEAD; k += LINE) __builtin_prefetch(table + id * width + k);
}

static void gather_rows(const real *table, int64_t size, int64_t width, int64_t count, const int32_t *ids,
                        real *y) {
  for (int64_t i = 0; i < count; i++, y += width) {
    if (i + AHEAD < count) fetch_row(table, size, width, ids[i + AHEAD]);
    if (ids[i] >= 0 && ids[i] < size) {
      memcpy(y, table + ids[i] * width, (size_t)width * sizeof *y);
      continue;
    }
    for (int64_t k = 0; k < width; k++) y[k] = ids[i] < 0 ? 0 : (real)NAN;
  }
}

/* Numbers in a row of the table, in one example. */
static int64_t row_width(const struct rt_shape *table, int64_t e) {
  return rt_extent(table, 1, table->rank, e);
}

static void gather_range(const struct rt_call *call, int64_t begin, int64_t end) {
  const struct rt_shape *table = call->in[0].shape;
  int64_t width = row_width(table, 0);
  gather_rows(in_data(call, 0), table->size[0], width, end - begin, in_ids(call, 1) + begin,
              out_data(call, 0) + begin * width);
}

/* Each example has a table of its own. */
static void gather_examples(const struct rt_call *call, int64_t begin, int64_t end) {
  const struct rt_shape *table = call->in[0].shape, *ids = call->in[1].shape;
  for (int64_t e = begin; e < end; e++)
    gather_rows(in_data(call, 0) + rt_offset(table, e), rt_size(table, 0, e), row_width(table, e),
                rt_extent(ids, 0, ids->rank, e), in_ids(call, 1) + rt_offset(ids, e),
                out_data(call, 0) + rt_offset(call->out[0].shape, e));
}

void KERNEL(gather)(const struct rt_call *call) {
  const struct rt_shape *table = call->in[0].shape, *ids = call->in[1].shape, *y = call->out[0].shape;
  if (y->count == 0) return;
  if (!table->batched && ids->batched == y->batched)
    split_range(call, ids->count, row_width(table, 0), gather_range);
  else
    split_examples(call, y, gather_examples);
}

/* ---- scatter: a task owns a range of the table's rows, and adds what belongs there in the order of the ids
 * ---- */

enum { MOST_RANGES = 32 };

struct scatter {
  const struct rt_call *call;
  int64_t size, width, ranges;
};

static void add_row(int64_t n, const real *restrict from, real *restrict to) {
  SIMD for (int64_t i = 0; i < n; i++) to[i] += from[i];
}

static void scatter_ids(const struct scatter *s, int64_t begin, int64_t end, int64_t count,
                        const int32_t *ids, const real *dy) {
  real *table = out_data(s->call, 0);
  for (int64_t i = 0; i < count; i++)
    if (ids[i] >= begin && ids[i] < end) add_row(s->width, dy + i * s->width, table + ids[i] * s->width);
}

static void scatter_task(void *context, int64_t task, void *scratch) {
  (void)scratch;
  const struct scatter *s = context;
  const struct rt_shape *ids = s->call->in[0].shape, *dy = s->call->in[1].shape;
  int64_t begin = s->size * task / s->ranges, end = s->size * (task + 1) / s->ranges;
  memset(out_data(s->call, 0) + begin * s->width, 0, (size_t)((end - begin) * s->width) * sizeof(real));
  if (ids->batched == dy->batched) {
    scatter_ids(s, begin, end, ids->count, in_ids(s->call, 0), in_data(s->call, 1));
    return;
  }
  for (int64_t e = 0; e < dy->examples; e++)
    scatter_ids(s, begin, end, rt_extent(ids, 0, ids->rank, e), in_ids(s->call, 0) + rt_offset(ids, e),
                in_data(s->call, 1) + rt_offset(dy, e));
}

void KERNEL(scatter)(const struct rt_call *call) {
  const struct rt_shape *table = call->out[0].shape;
  if (table->count == 0) return;
  struct scatter s = {call, table->size[0], row_width(table, 0), 0};
  int64_t touched = table->count + call->in[1].shape->count;
  s.ranges = split_max(1, split_min(split_min(MOST_RANGES, s.size), touched / SPLIT_GRAIN));
  rt_parallel(call->pool, s.ranges, scatter_task, &s);
}

/* ---- onehot ---- */

static void onehot_span(const struct rt_call *call, const struct span *span) {
  const int32_t *ids = in_ids(call, 0) + span_offset(span, call->in[0].shape, 1);
  real *y = out_data(call, 0) + span_offset(span, call->out[0].shape, span->n);
  for (int64_t r = 0; r < span->rows; r++, y += span->n) {
    memset(y, 0, (size_t)span->n * sizeof *y);
    if (ids[r] >= 0 && ids[r] < span->n) y[ids[r]] = 1;
  }
}

void KERNEL(onehot)(const struct rt_call *call) { split_rows(call, call->out[0].shape, onehot_span); }
