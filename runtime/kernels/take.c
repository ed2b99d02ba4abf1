/* take.c: picks an element from a table for each index, as a slot does when it indexes (lane_index). A row of
 * indices reads the row of the table at the same place on the axes that both have. take_grad adds up at the
 * same places. */
#include "runtime/kernels/kernel.h"
#include "runtime/kernels/lane_run.h"
#include "runtime/kernels/split.h"

#include <string.h>

/* One example: the axes of the index, and how far a step along each goes in the table, 0 when the table lacks
 * it. The last axis apart. */
struct picks {
  int rank; /* axes before the last */
  int64_t size[RT_MAX_RANK], step[RT_MAX_RANK];
  int64_t rows, last, last_step; /* rows of `last` indices */
  int64_t n, extent;             /* elements of a row of the table, and of the table */
};

static struct picks picks_of(const struct rt_shape *table, const struct rt_shape *index, int64_t axes,
                             int64_t e) {
  struct picks p = {.rank = index->rank ? index->rank - 1 : 0,
                    .rows = 1,
                    .last = 1,
                    .n = rt_size(table, table->rank - 1, e)};
  p.extent = p.n;
  for (int x = index->rank - 1; x >= 0; x--) {
    int64_t size = rt_size(index, x, e), step = axes >> x & 1 ? p.extent : 0;
    p.extent *= axes >> x & 1 ? size : 1;
    if (x == index->rank - 1) {
      p.last = size;
      p.last_step = step;
    } else {
      p.size[x] = size;
      p.step[x] = step;
      p.rows *= size;
    }
  }
  return p;
}

/* Where a walk over rows is, and where its row of the table starts. */
struct place {
  int64_t at[RT_MAX_RANK], base;
};

static struct place place_of(const struct picks *p, int64_t row) {
  struct place place = {.base = 0};
  for (int x = p->rank - 1; x >= 0; x--) {
    place.at[x] = row % p->size[x];
    place.base += place.at[x] * p->step[x];
    row /= p->size[x];
  }
  return place;
}

static void next_row(const struct picks *p, struct place *place) {
  for (int x = p->rank - 1; x >= 0; x--) {
    place->base += p->step[x];
    if (++place->at[x] < p->size[x]) return;
    place->base -= p->size[x] * p->step[x];
    place->at[x] = 0;
  }
}

/* Have all examples the same sizes? */
static bool is_even(const struct rt_shape *table, const struct rt_shape *index) {
  return (!table->ragged && !index->ragged) || index->examples == 1;
}

/* ---- take ---- */

static void take_rows(const struct rt_call *call, const struct picks *p, int64_t e, int64_t first,
                      int64_t count) {
  const struct rt_shape *index_shape = call->in[1].shape;
  const real *table = in_data(call, 0) + rt_offset(call->in[0].shape, e);
  const real *index = in_data(call, 1) + rt_offset(index_shape, e) + first * p->last;
  real *y = out_data(call, 0) + rt_offset(call->out[0].shape, e) + first * p->last;
  struct place place = place_of(p, first);
  for (int64_t r = 0; r < count; r++, index += p->last, y += p->last, next_row(p, &place))
    for (int64_t i = 0; i < p->last; i++)
      y[i] = p->n ? table[place.base + i * p->last_step + lane_index(index[i], p->n)] : 0;
}

static void take_batch(const struct rt_call *call, int64_t begin, int64_t end) {
  struct picks p = picks_of(call->in[0].shape, call->in[1].shape, call->attr[0], 0);
  while (begin < end) {
    int64_t e = begin / p.rows, stop = split_min(end, (e + 1) * p.rows);
    take_rows(call, &p, e, begin - e * p.rows, stop - begin);
    begin = stop;
  }
}

static void take_examples(const struct rt_call *call, int64_t begin, int64_t end) {
  for (int64_t e = begin; e < end; e++) {
    struct picks p = picks_of(call->in[0].shape, call->in[1].shape, call->attr[0], e);
    if (p.rows * p.last > 0) take_rows(call, &p, e, 0, p.rows);
  }
}

void KERNEL(take)(const struct rt_call *call) {
  const struct rt_shape *y = call->out[0].shape;
  if (y->count == 0) return;
  if (is_even(call->in[0].shape, call->in[1].shape)) {
    struct picks p = picks_of(call->in[0].shape, call->in[1].shape, call->attr[0], 0);
    split_range(call, p.rows * y->examples, p.last, take_batch);
  } else {
    split_examples(call, y, take_examples);
  }
}

/* ---- take_grad: each example has a table of its own to add to. When the table has the first axis of the
 * indices, that axis cuts the work ---- */

static int64_t parts_of(const struct rt_shape *index, int64_t axes, int64_t e) {
  return index->rank > 1 && axes & 1 ? rt_size(index, 0, e) : 1;
}

static void grad_part(const struct rt_call *call, const struct picks *p, int64_t e, int64_t part,
                      int64_t parts) {
  int64_t rows = p->rows / parts, first = part * rows, extent = p->extent / parts;
  const real *index = in_data(call, 0) + rt_offset(call->in[0].shape, e) + first * p->last;
  const real *dy = in_data(call, 1) + rt_offset(call->in[1].shape, e) + first * p->last;
  real *table = out_data(call, 0) + rt_offset(call->out[0].shape, e);
  memset(table + part * extent, 0, (size_t)extent * sizeof *table);
  if (rows * p->last * p->n == 0) return;
  struct place place = place_of(p, first);
  for (int64_t r = 0; r < rows; r++, index += p->last, dy += p->last, next_row(p, &place))
    for (int64_t i = 0; i < p->last; i++)
      table[place.base + i * p->last_step + lane_index(index[i], p->n)] += dy[i];
}

static void grad_parts(const struct rt_call *call, int64_t begin, int64_t end) {
  const struct rt_shape *index = call->in[0].shape;
  struct picks p = picks_of(call->out[0].shape, index, call->attr[0], 0);
  int64_t parts = parts_of(index, call->attr[0], 0);
  for (int64_t k = begin; k < end; k++) grad_part(call, &p, k / parts, k % parts, parts);
}

static void grad_examples(const struct rt_call *call, int64_t begin, int64_t end) {
  const struct rt_shape *index = call->in[0].shape;
  for (int64_t e = begin; e < end; e++) {
    struct picks p = picks_of(call->out[0].shape, index, call->attr[0], e);
    int64_t parts = parts_of(index, call->attr[0], e);
    for (int64_t part = 0; part < parts; part++) grad_part(call, &p, e, part, parts);
  }
}

void KERNEL(take_grad)(const struct rt_call *call) {
  const struct rt_shape *index = call->in[0].shape, *table = call->out[0].shape;
  if (table->count == 0) return;
  if (is_even(table, index)) {
    int64_t count = index->examples * parts_of(index, call->attr[0], 0);
    split_range(call, count, (index->count + table->count) / count, grad_parts);
  } else {
    split_examples(call, index, grad_examples);
  }
}
