/* ragged.h: random ragged tensors for tests, kernels run on them in every precision, instruction set and
 * number of threads, and results held against what plain loops in double computed. */
#ifndef AQ_TESTS_RAGGED_H
#define AQ_TESTS_RAGGED_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "runtime/ops.h"
#include "runtime/random.h"
#include "runtime/threads.h"
#include "runtime/panels.h"
#include "tests/unit/run_op.h"

enum {
  RAGGED = -1,
  OTHER = -2,
  MOST_EXAMPLES = 12,
  MOST_OPERANDS = 4,
  MOST_THREADS = 4,
  MOST_NUMBERS = 4 << 20
};

/* A batch: how many examples it has, and the sizes of its two ragged dims, RAGGED and OTHER. */
struct batch {
  int64_t examples;
  int64_t each[2][MOST_EXAMPLES];
};

struct value {
  struct rt_shape shape;
  int64_t offset[MOST_EXAMPLES + 1];
  double *number; /* the operand, or what a result should be */
  int32_t *id;    /* whole numbers instead */
};

static uint64_t draws;
static inline int64_t below(int64_t n) { return rt_random_below(7, draws++, n); }
static inline double uniform(void) { return rt_random_uniform(8, draws++); }

static inline struct batch random_batch(int64_t most) {
  static const int64_t examples[] = {0, 1, 1, 2, 5, MOST_EXAMPLES};
  struct batch b = {.examples = examples[below(RT_COUNT(examples))]};
  for (int d = 0; d < 2; d++)
    for (int e = 0; e < MOST_EXAMPLES; e++) b.each[d][e] = below(4) ? below(most) : below(3);
  return b;
}

/* axes: sizes, or RAGGED, or OTHER. */
static inline struct rt_shape shape_of(const struct batch *b, bool batched, int rank, const int *axes) {
  struct rt_shape s = {.rank = rank, .batched = batched, .examples = batched ? b->examples : 1};
  for (int a = 0; a < rank; a++) {
    s.size[a] = axes[a];
    if (axes[a] >= 0) continue;
    s.ragged = true;
    s.each[a] = b->each[-1 - axes[a]];
    s.size[a] = 0;
    for (int64_t e = 0; e < s.examples; e++) s.size[a] += s.each[a][e];
  }
  for (int64_t e = 0; e < s.examples; e++) s.count += rt_extent(&s, 0, rank, e);
  return s;
}

static inline void value_init(struct value *v, const struct batch *b, bool batched, int rank,
                              const int *axes) {
  memset(v, 0, sizeof *v);
  v->shape = shape_of(b, batched, rank, axes);
  for (int64_t e = 0; e < v->shape.examples; e++)
    v->offset[e + 1] = v->offset[e] + rt_extent(&v->shape, 0, rank, e);
  if (v->shape.count > MOST_NUMBERS)
    fail_msg("a test makes a tensor of %lld numbers, too many for a test", (long long)v->shape.count);
  v->number = calloc((size_t)v->shape.count + 1, sizeof *v->number);
  assert_non_null(v->number);
}

/* Numbers that float holds exactly. */
static inline void value_random(struct value *v) {
  for (int64_t i = 0; i < v->shape.count; i++) v->number[i] = (float)(2 * uniform() - 1);
}

static inline void value_ids(struct value *v, int64_t limit) {
  v->id = calloc((size_t)v->shape.count + 1, sizeof *v->id);
  assert_non_null(v->id);
  for (int64_t i = 0; i < v->shape.count; i++) v->id[i] = (int32_t)(below(limit + 1) - 1);
}

static inline void value_free(struct value *v) {
  free(v->number);
  free(v->id);
}

/* Position of an element; index has an entry for each axis. */
static inline int64_t at(const struct value *v, int64_t e, const int64_t *index) {
  int64_t i = 0;
  for (int a = 0; a < v->shape.rank; a++) i = i * rt_size(&v->shape, a, e) + index[a];
  return v->offset[v->shape.batched ? e : 0] + i;
}

/* for (walk_start(w, v, e); walk_on(w); walk_next(w)): all indices of an example. */
struct walk {
  int64_t index[RT_MAX_RANK], size[RT_MAX_RANK];
  int rank;
  bool on;
};
static inline void walk_start(struct walk *w, const struct value *v, int64_t e) {
  memset(w, 0, sizeof *w);
  w->rank = v->shape.rank;
  w->on = true;
  for (int a = 0; a < w->rank; a++) {
    w->size[a] = rt_size(&v->shape, a, e);
    w->on = w->on && w->size[a] > 0;
  }
}
static inline void walk_next(struct walk *w) {
  for (int a = w->rank - 1; a >= 0; a--) {
    if (++w->index[a] < w->size[a]) return;
    w->index[a] = 0;
  }
  w->on = false;
}

/* ---- running ---- */

static struct rt_pool *pools[MOST_THREADS];

static int make_pools(void **state) {
  (void)state;
  for (int i = 0; i < MOST_THREADS; i++)
    if (!(pools[i] = rt_pool_new(i + 1, NULL))) return -1;
  return 0;
}

static int free_pools(void **state) {
  (void)state;
  for (int i = 0; i < MOST_THREADS; i++) rt_pool_free(pools[i]);
  return 0;
}

static inline void *in_precision(const struct value *v, enum rt_precision precision) {
  if (v->id) return v->id;
  size_t n = (size_t)v->shape.count;
  float *f = malloc((n + 1) * sizeof(double));
  double *d = (double *)(void *)f;
  assert_non_null(f);
  for (size_t i = 0; i < n; i++)
    if (precision == RT_F64)
      d[i] = v->number[i];
    else
      f[i] = (float)v->number[i];
  return f;
}

static inline void compare(enum rt_op op, const struct value *want, const void *got,
                           enum rt_precision precision, double tolerance) {
  double bound = precision == RT_F64 ? tolerance * 1e-8 : tolerance;
  for (int64_t i = 0; i < want->shape.count; i++) {
    double w = want->number[i],
           g = precision == RT_F64 ? ((const double *)got)[i] : (double)((const float *)got)[i];
    if (!(fabs(g - w) <= bound * (1 + fabs(w))) && g != w && !(g != g && w != w))
      fail_msg("%s, %s: element %lld of %lld is %.9g, not %.9g", rt_op_info[op].name,
               precision == RT_F64 ? "f64" : "f32", (long long)i, (long long)want->shape.count, g, w);
  }
}

static inline struct rt_shape with_offsets(const struct value *v) {
  struct rt_shape s = v->shape;
  if (s.ragged) s.offset = v->offset;
  return s;
}

/* Runs the op with each number of threads, and compares. */
static inline void check_threads(enum rt_op op, struct rt_call call, enum rt_precision precision,
                                 enum rt_isa isa, const struct value *out, double tolerance) {
  struct rt_shape out_shape = with_offsets(out);
  size_t size = (size_t)out->shape.count * (precision == RT_F64 ? sizeof(double) : sizeof(float));
  void *result[MOST_THREADS];
  for (int t = 0; t < MOST_THREADS; t++) {
    result[t] = malloc(size + 8);
    assert_non_null(result[t]);
    memset(result[t], 0xA5, size + 8);
    struct rt_tensor y = {result[t], &out_shape};
    call.out_count = 1;
    call.out = &y;
    call.pool = pools[t];
    run_op(op, precision, isa, &call);
    for (int k = 0; k < 8; k++) assert_int_equal(((unsigned char *)result[t])[size + (size_t)k], 0xA5);
    if (memcmp(result[t], result[0], size))
      fail_msg("%s: %d threads give another result than one", rt_op_info[op].name, t + 1);
  }
  compare(op, out, result[0], precision, tolerance);
  for (int t = 0; t < MOST_THREADS; t++) free(result[t]);
}

/* Once more, with the matrix as panels. */
static inline void check_panels(struct rt_call call, enum rt_precision precision, enum rt_isa isa,
                                const struct value *out, double tolerance) {
  const struct rt_shape *matrix = call.in[1].shape;
  int64_t wide = rt_panel_wide(precision, isa), rows = matrix->size[0];
  int64_t columns = rows ? matrix->count / rows : 0;
  if (!wide || !matrix->count || call.attr[0]) return;
  void *panels = malloc(rt_panels_bytes(rows, columns, wide, precision));
  assert_non_null(panels);
  rt_panels_fill(rows, columns, wide, precision, call.in[1].data, panels);
  call.panels = panels;
  check_threads(OP_project, call, precision, isa, out, tolerance);
  free(panels);
}

/* Runs op on in[0..count-1] and compares with out. call: attr, real, size_each, seed and examples are taken
 * from it. */
static inline void check(enum rt_op op, const struct rt_call *with, int count, struct value *const *in,
                         const struct value *out, double tolerance) {
  for (int precision = RT_F32; precision <= RT_F64; precision++)
    for (int isa = 0; isa <= (int)rt_best_isa(); isa++) {
      struct rt_shape shape[MOST_OPERANDS];
      struct rt_tensor tensor[MOST_OPERANDS];
      for (int i = 0; i < count; i++) {
        shape[i] = with_offsets(in[i]);
        tensor[i] = (struct rt_tensor){in_precision(in[i], (enum rt_precision)precision), &shape[i]};
      }
      struct rt_call call = *with;
      call.in_count = count;
      call.in = tensor;
      check_threads(op, call, (enum rt_precision)precision, (enum rt_isa)isa, out, tolerance);
      if (op == OP_project)
        check_panels(call, (enum rt_precision)precision, (enum rt_isa)isa, out, tolerance);
      for (int i = 0; i < count; i++)
        if (!in[i]->id) free(tensor[i].data);
    }
}

#endif
