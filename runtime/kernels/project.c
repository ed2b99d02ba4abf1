/* project.c: project, project_back and project_grad: products of packed rows with a shared matrix.
 *
 * The rows of all examples lie one behind the other, so that ragged leading axes make no difference: one
 * product serves the batch. With group, axis g holds as many independent products, whose rows lie G * k (or G
 * * N) numbers apart. */
#include "runtime/kernels/kernel.h"
#include "runtime/kernels/product.h"
#include "runtime/kernels/split.h"
#include "runtime/kernels/thin.h"

struct sizes {
  int64_t rows, groups, k, n; /* n: all the further axes of w together */
};

/* w: [k,*n], or [k,g,*n]. packed holds rows * groups * width numbers. */
static struct sizes sizes_of(const struct rt_call *call, const struct rt_shape *w,
                             const struct rt_shape *packed, bool by_k) {
  struct sizes s = {0, call->attr[0] ? w->size[1] : 1, w->size[0],
                    rt_extent(w, call->attr[0] ? 2 : 1, w->rank, 0)};
  int64_t width = s.groups * (by_k ? s.k : s.n);
  s.rows = width ? packed->count / width : 0;
  return s;
}

/* A product of one group, without its places. step: numbers from an operand of a group to the next one's, the
 * groups lie side by side. */
struct products {
  struct rt_product first;
  int64_t groups, step_a, step_b, step_c;
};

static struct products project_of(const struct rt_call *call) {
  const struct sizes s = sizes_of(call, call->in[1].shape, call->out[0].shape, false);
  const int64_t k = s.groups * s.k, n = s.groups * s.n;
  const struct rt_product p = {.m = s.rows, .n = s.n, .k = s.k, .lda = k, .ldb = n, .ldc = n};
  return (struct products){p, s.groups, s.k, s.n, s.n};
}

static struct products project_back_of(const struct rt_call *call) {
  const struct sizes s = sizes_of(call, call->in[1].shape, call->out[0].shape, true);
  const int64_t k = s.groups * s.k, n = s.groups * s.n;
  const struct rt_product p = {.tb = true, .m = s.rows, .n = s.k, .k = s.n, .lda = n, .ldb = n, .ldc = k};
  return (struct products){p, s.groups, s.n, s.n, s.k};
}

static struct products project_grad_of(const struct rt_call *call) {
  const struct sizes s = sizes_of(call, call->out[0].shape, call->in[0].shape, true);
  const int64_t k = s.groups * s.k, n = s.groups * s.n;
  const struct rt_product p = {.ta = true, .m = s.k, .n = s.n, .k = s.rows, .lda = k, .ldb = n, .ldc = n};
  return (struct products){p, s.groups, s.k, s.n, s.n};
}

static void multiply(const struct rt_call *call, const struct products *all) {
  struct rt_product p = all->first;
  for (int64_t g = 0; g < all->groups; g++) {
    p.a = in_data(call, 0) + g * all->step_a;
    p.b = in_data(call, 1) + g * all->step_b;
    p.c = out_data(call, 0) + g * all->step_c;
    product_shared(call, &p);
  }
}

#define PROJECT(name)                                                                                        \
  void KERNEL(name)(const struct rt_call *call) {                                                            \
    const struct products all = name##_of(call);                                                             \
    multiply(call, &all);                                                                                    \
  }                                                                                                          \
  size_t KERNEL(name##_scratch)(const struct rt_call *call) {                                                \
    const struct products all = name##_of(call);                                                             \
    return KERNEL(product_scratch)(&all.first);                                                              \
  }
PROJECT(project_back)
PROJECT(project_grad)

#if RT_VECTOR_BYTES >= 32
static bool reads_panels(const struct rt_call *call, const struct products *all) {
  return call->panels && all->groups == 1 && !call->rounds && KERNEL(panels_suit)(&all->first);
}
static void multiply_panels(const struct rt_call *call, struct rt_product p) {
  p.a = in_data(call, 0);
  p.c = out_data(call, 0);
  KERNEL(panels_product)(call->pool, &p, call->panels);
}
static size_t panels_scratch(const struct rt_product *p) { return KERNEL(thin_scratch)(p); }
#else
static bool reads_panels(const struct rt_call *call, const struct products *all) {
  return (void)call, (void)all, false;
}
static void multiply_panels(const struct rt_call *call, struct rt_product p) { (void)call, (void)p; }
static size_t panels_scratch(const struct rt_product *p) { return (void)p, 0; }
#endif

void KERNEL(project)(const struct rt_call *call) {
  const struct products all = project_of(call);
  if (reads_panels(call, &all))
    multiply_panels(call, all.first);
  else
    multiply(call, &all);
}
size_t KERNEL(project_scratch)(const struct rt_call *call) {
  const struct products all = project_of(call);
  return reads_panels(call, &all) ? panels_scratch(&all.first) : KERNEL(product_scratch)(&all.first);
}
