/* project.c: project, project_back, project_back_add and project_grad: products of packed rows with a shared
 * matrix.
 *
 * The rows of all examples lie one behind the other, so that ragged leading axes make no difference: one
 * product serves the batch. With group, axis g holds as many independent products, whose rows lie G * k (or G
 * * N) numbers apart. */
#include "runtime/kernels/kernel.h"
#include "runtime/kernels/product.h"

#include <string.h>

struct sizes {
  int64_t rows, groups, k, n;
}; /* n: all the further axes of w together */

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
  struct sizes s = sizes_of(call, call->in[1].shape, call->out[0].shape, false);
  const real *x = call->in[0].data, *w = call->in[1].data;
  real *y = call->out[0].data;
  for (int64_t g = 0; g < s.groups; g++) KERNEL(product)
  (call->pool, false, false, s.rows, s.n, s.k, x + g * s.k, s.groups * s.k, w + g * s.n, s.groups * s.n,
   false, y + g * s.n, s.groups * s.n);
}

static void back(const struct rt_call *call, bool add) {
  struct sizes s = sizes_of(call, call->in[1].shape, call->out[0].shape, true);
  const real *y = call->in[0].data, *w = call->in[1].data;
  real *x = call->out[0].data;
  for (int64_t g = 0; g < s.groups; g++) KERNEL(product)
  (call->pool, false, true, s.rows, s.k, s.n, y + g * s.n, s.groups * s.n, w + g * s.n, s.groups * s.n, add,
   x + g * s.k, s.groups * s.k);
}

void KERNEL(project_back)(const struct rt_call *call) { back(call, false); }

/* As a rule the memory plan has put x where `to` is. */
void KERNEL(project_back_add)(const struct rt_call *call) {
  const void *to = call->in[2].data;
  void *x = call->out[0].data;
  if (x != to && call->out[0].shape->count > 0)
    memcpy(x, to, (size_t)call->out[0].shape->count * sizeof(real));
  back(call, true);
}

void KERNEL(project_grad)(const struct rt_call *call) {
  struct sizes s = sizes_of(call, call->out[0].shape, call->in[0].shape, true);
  const real *x = call->in[0].data, *y = call->in[1].data;
  real *w = call->out[0].data;
  for (int64_t g = 0; g < s.groups; g++) KERNEL(product)
  (call->pool, true, false, s.k, s.n, s.rows, x + g * s.k, s.groups * s.k, y + g * s.n, s.groups * s.n, false,
   w + g * s.n, s.groups * s.n);
}
