/* tensor.h: what a kernel sees: shapes bound to one batch, operands, and the call.
 *
 * A program speaks of one example. A batch packs its examples one behind the other, never padded. A shared
 * value (a parameter, a constant) exists once. An example's part of a batched value is contiguous and
 * row-major. */
#ifndef AQ_RUNTIME_TENSOR_H
#define AQ_RUNTIME_TENSOR_H

#include "runtime/base.h"

enum { RT_MAX_RANK = 8, RT_MAX_ATTR = 6 };

enum rt_dtype { RT_REAL, RT_INT }; /* float or double by the precision of the run; int32_t */

/* A shape with the sizes of one batch. When ragged, sizes of ragged axes differ between examples. */
struct rt_shape {
  int rank;
  bool batched;                     /* one per example, packed; otherwise one for the whole batch */
  bool ragged;                      /* some axis is */
  int64_t examples;                 /* how many examples the value has: the batch's, or 1 when shared */
  int64_t count;                    /* elements over all examples */
  int64_t size[RT_MAX_RANK];        /* of each axis; for a ragged axis the sum over the examples */
  const int64_t *each[RT_MAX_RANK]; /* sizes of a ragged axis, [examples]; NULL for the others */
  const int64_t *offset; /* [examples + 1] element offsets of the examples when ragged; else NULL */
};

static inline int64_t rt_size(const struct rt_shape *s, int axis, int64_t example) {
  return s->each[axis] ? s->each[axis][example] : s->size[axis];
}
/* First element of an example; 0 for a shared value, whatever the example. */
static inline int64_t rt_offset(const struct rt_shape *s, int64_t example) {
  if (!s->batched) return 0;
  return s->offset ? s->offset[example] : s->examples ? s->count / s->examples * example : 0;
}
/* Elements of one example's axes begin..end-1. */
static inline int64_t rt_extent(const struct rt_shape *s, int begin, int end, int64_t example) {
  int64_t n = 1;
  for (int a = begin; a < end; a++) n *= rt_size(s, a, example);
  return n;
}
/* Do axes begin..rank-1 have the same sizes in every example? Then the value is count / extent rows of that
 * extent. */
static inline bool rt_uniform(const struct rt_shape *s, int begin) {
  for (int a = begin; a < s->rank; a++)
    if (s->each[a]) return false;
  return true;
}

struct rt_tensor {
  void *data; /* RT_REAL: float or double; RT_INT: int32_t */
  const struct rt_shape *shape;
};

struct rt_pool;      /* runtime/threads.h */
struct lane_program; /* runtime/lanes.h */
struct attend_plan;  /* runtime/attend_plan.h */

/* One call of a kernel. Kernels never fail and never allocate: everything here was checked before. Outputs
 * arrive uninitialised and never overlap inputs, except that a LANES kernel may write over an input of the
 * same shape. */
struct rt_call {
  int in_count, out_count;
  const struct rt_tensor *in;
  struct rt_tensor *out;
  const int64_t *attr; /* as the op's row in ops.def names them; dims are sizes by now, of a ragged dim the
                          sum over the examples */
  double real;         /* the op's real-valued attribute */
  bool rounds; /* products of float matrices round their operands to bfloat16 (runtime/kernels/rounded.h) */
  const int64_t *size_each; /* ops with a dim attribute that is ragged: its size in each example, else NULL */
  const struct lane_program *lanes; /* LANES */
  const void *panels;               /* project: the matrix once more (runtime/panels.h), or NULL */
  const struct attend_plan *attend; /* attention */
  uint64_t seed;                    /* random ops: of this run and this call */
  int64_t examples;                 /* of the batch */
  struct rt_pool *pool;
};
typedef void rt_kernel(const struct rt_call *call);

/* The attribute of transpose, 4 bits for each axis of the result: 0x201 is a's axes 1, 0 and 2. */
static inline int rt_order_axis(int64_t order, int x) { return (int)(order >> 4 * x & 15); }
static inline int64_t rt_order_with(int64_t order, int x, int axis) { return order | (int64_t)axis << 4 * x; }

#endif
