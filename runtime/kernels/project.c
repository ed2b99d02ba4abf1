/* project.c: project, project_back and project_grad: products of packed rows with a shared matrix.
 *
 * The rows of all examples lie one behind the other, so that ragged leading axes make no difference: one
 * product serves the batch. With group, axis g holds as many independent products, whose rows lie G * k (or G
 * * N) numbers apart. */
#include "runtime/kernels/kernel.h"
#include "runtime/kernels/product.h"
#include "runtime/kernels/split.h"

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

void KERNEL(project)(const struct rt_call *call) {
  const struct sizes s = sizes_of(call, call->in[1].shape, call->out[0].shape, false);
  const int64_t k = s.groups * s.k, n = s.groups * s.n;
  struct rt_product p = {.m = s.rows, .n = s.n, .k = s.k, .lda = k, .ldb = n, .ldc = n};
  for (int64_t g = 0; g < s.groups; g++) {
    p.a = in_data(call, 0) + g * s.k, p.b = in_data(call, 1) + g * s.n, p.c = out_data(call, 0) + g * s.n;
    KERNEL(product)(call->pool, &p);
  }
}

void KERNEL(project_back)(const struct rt_call *call) {
  const struct sizes s = sizes_of(call, call->in[1].shape, call->out[0].shape, true);
  const int64_t k = s.groups * s.k, n = s.groups * s.n;
  struct rt_product p = {.tb = true, .m = s.rows, .n = s.k, .k = s.n, .lda = n, .ldb = n, .ldc = k};
  for (int64_t g = 0; g < s.groups; g++) {
    p.a = in_data(call, 0) + g * s.n, p.b = in_data(call, 1) + g * s.n, p.c = out_data(call, 0) + g * s.k;
    KERNEL(product)(call->pool, &p);
  }
}

void KERNEL(project_grad)(const struct rt_call *call) {
  const struct sizes s = sizes_of(call, call->out[0].shape, call->in[0].shape, true);
  const int64_t k = s.groups * s.k, n = s.groups * s.n;
  struct rt_product p = {.ta = true, .m = s.k, .n = s.n, .k = s.rows, .lda = k, .ldb = n, .ldc = n};
  for (int64_t g = 0; g < s.groups; g++) {
    p.a = in_data(call, 0) + g * s.k, p.b = in_data(call, 1) + g * s.n, p.c = out_data(call, 0) + g * s.n;
    KERNEL(product)(call->pool, &p);
  }
}
