/* move.c: slice, pad and concat: runs of an axis copied from one tensor to another. */
#include "runtime/kernels/kernel.h"
#include "runtime/kernels/split.h"

#include <string.h>

/* Both tensors as [outer, axis, inner]: of one example, or, packed, of the batch. */
struct run {
  int64_t outer, inner;
  int64_t long_axis, short_axis;     /* sizes of the axis that differs */
  int64_t start;                     /* of the short one in the long one */
  int64_t long_offset, short_offset; /* first elements */
};

/* Can the outer indices of all examples be taken together? Yes when all ragged axes come before the axis. */
static bool packed(const struct rt_shape *a, const struct rt_shape *b, int axis) {
  return a->batched == b->batched && rt_uniform(a, axis) && rt_uniform(b, axis);
}

static struct run run_of(const struct rt_shape *big, const struct rt_shape *part, int axis, int64_t start,
                         int64_t e) {
  struct run r = {.inner = rt_extent(part, axis + 1, part->rank, e), .start = start};
  r.long_axis = rt_size(big, axis, e);
  r.short_axis = rt_size(part, axis, e);
  r.outer = rt_extent(part, 0, axis, e);
  r.long_offset = rt_offset(big, e);
  r.short_offset = rt_offset(part, e);
  return r;
}

/* Outer indices begin..end-1 of the whole batch. */
static struct run run_of_batch(const struct rt_shape *big, const struct rt_shape *part, int axis,
                               int64_t start, int64_t begin, int64_t end) {
  struct run r = {.outer = end - begin, .inner = rt_extent(part, axis + 1, part->rank, 0), .start = start};
  r.long_axis = big->size[axis];
  r.short_axis = part->size[axis];
  r.long_offset = begin * r.long_axis * r.inner;
  r.short_offset = begin * r.short_axis * r.inner;
  return r;
}

static void copy(int64_t n, real *restrict to, const real *restrict from) {
  if (n >= 64) {
    memcpy(to, from, (size_t)n * sizeof *to);
    return;
  }
  for (int64_t i = 0; i < n; i++) to[i] = from[i];
}

/* ---- slice ---- */

static void cut(const struct run *r, const real *from, real *to) {
  int64_t n = r->short_axis * r->inner;
  from += r->long_offset + r->start * r->inner;
  to += r->short_offset;
  for (int64_t o = 0; o < r->outer; o++) copy(n, to + o * n, from + o * r->long_axis * r->inner);
}

static int64_t start_of(const struct rt_call *call, int64_t e) {
  return call->size_each ? call->size_each[e] : call->attr[1];
}

static void slice_batch(const struct rt_call *call, int64_t begin, int64_t end) {
  struct run r =
      run_of_batch(call->in[0].shape, call->out[0].shape, (int)call->attr[0], call->attr[1], begin, end);
  cut(&r, in_data(call, 0), out_data(call, 0));
}

static void slice_examples(const struct rt_call *call, int64_t begin, int64_t end) {
  for (int64_t e = begin; e < end; e++) {
    struct run r = run_of(call->in[0].shape, call->out[0].shape, (int)call->attr[0], start_of(call, e), e);
    cut(&r, in_data(call, 0), out_data(call, 0));
  }
}

void KERNEL(slice)(const struct rt_call *call) {
  const struct rt_shape *a = call->in[0].shape, *y = call->out[0].shape;
  int axis = (int)call->attr[0];
  if (y->count == 0) return;
  int64_t n = rt_extent(y, axis, y->rank, 0);
  if (packed(a, y, axis) && !call->size_each)
    split_range(call, y->count / n, n, slice_batch);
  else
    split_examples(call, y, slice_examples);
}

/* ---- pad ---- */

static void surround(const struct run *r, const real *from, real *to) {
  int64_t n = r->short_axis * r->inner, before = r->start * r->inner, whole = r->long_axis * r->inner;
  from += r->short_offset;
  to += r->long_offset;
  for (int64_t o = 0; o < r->outer; o++, to += whole, from += n) {
    memset(to, 0, (size_t)before * sizeof *to);
    copy(n, to + before, from);
    memset(to + before + n, 0, (size_t)(whole - before - n) * sizeof *to);
  }
}

static void pad_batch(const struct rt_call *call, int64_t begin, int64_t end) {
  struct run r =
      run_of_batch(call->out[0].shape, call->in[0].shape, (int)call->attr[0], call->attr[1], begin, end);
  surround(&r, in_data(call, 0), out_data(call, 0));
}

static void pad_examples(const struct rt_call *call, int64_t begin, int64_t end) {
  for (int64_t e = begin; e < end; e++) {
    struct run r = run_of(call->out[0].shape, call->in[0].shape, (int)call->attr[0], start_of(call, e), e);
    surround(&r, in_data(call, 0), out_data(call, 0));
  }
}

void KERNEL(pad)(const struct rt_call *call) {
  const struct rt_shape *a = call->in[0].shape, *y = call->out[0].shape;
  int axis = (int)call->attr[0];
  if (y->count == 0) return;
  int64_t n = rt_extent(y, axis, y->rank, 0);
  if (packed(a, y, axis) && !call->size_each)
    split_range(call, y->count / n, n, pad_batch);
  else
    split_examples(call, y, pad_examples);
}

/* ---- concat ---- */

static void place(const struct run *r, const real *from, real *to) {
  int64_t n = r->short_axis * r->inner;
  from += r->short_offset;
  to += r->long_offset + r->start * r->inner;
  if (from == to) return; /* rows that go on in their place (vm/machine_append.c) */
  for (int64_t o = 0; o < r->outer; o++) copy(n, to + o * r->long_axis * r->inner, from + o * n);
}

static void concat_batch(const struct rt_call *call, int64_t begin, int64_t end) {
  int axis = (int)call->attr[0];
  for (int64_t k = 0, start = 0; k < call->in_count; k++) {
    const struct rt_shape *part = call->in[k].shape;
    struct run r = run_of_batch(call->out[0].shape, part, axis, start, begin, end);
    place(&r, in_data(call, (int)k), out_data(call, 0));
    start += part->size[axis];
  }
}

static void concat_examples(const struct rt_call *call, int64_t begin, int64_t end) {
  int axis = (int)call->attr[0];
  for (int64_t e = begin; e < end; e++)
    for (int64_t k = 0, start = 0; k < call->in_count; k++) {
      const struct rt_shape *part = call->in[k].shape;
      struct run r = run_of(call->out[0].shape, part, axis, start, e);
      place(&r, in_data(call, (int)k), out_data(call, 0));
      start += rt_size(part, axis, e);
    }
}

void KERNEL(concat)(const struct rt_call *call) {
  const struct rt_shape *y = call->out[0].shape;
  int axis = (int)call->attr[0];
  bool batch = true;
  if (y->count == 0) return;
  for (int k = 0; k < call->in_count; k++) batch = batch && packed(call->in[k].shape, y, axis);
  int64_t n = rt_extent(y, axis, y->rank, 0);
  if (batch)
    split_range(call, y->count / n, n, concat_batch);
  else
    split_examples(call, y, concat_examples);
}
