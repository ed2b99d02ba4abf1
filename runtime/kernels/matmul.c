/* matmul.c: one matrix product for each example and leading index. */
#include "runtime/kernels/kernel.h"
#include "runtime/kernels/product.h"
#include "runtime/kernels/split.h"

enum {
  LARGE = 1 << 22, /* multiply-adds from which a product is cut itself */
  TASK = 1 << 18   /* multiply-adds worth a task */
};

/* The products of one example: lead of them, whose matrices lie one behind the other. */
struct matrices {
  int64_t lead;
  struct rt_product first;
};

static struct matrices matrices_of(const struct rt_call *call, int64_t e) {
  const struct rt_shape *a = call->in[0].shape, *b = call->in[1].shape, *c = call->out[0].shape;
  const bool ta = call->attr[0], tb = call->attr[1];
  int rank = c->rank;
  int64_t m = rt_size(c, rank - 2, e), n = rt_size(c, rank - 1, e),
          k = rt_size(a, ta ? rank - 2 : rank - 1, e);
  return (struct matrices){rt_extent(c, 0, rank - 2, e),
                           {.ta = ta,
                            .tb = tb,
                            .m = m,
                            .n = n,
                            .k = k,
                            .a = in_data(call, 0) + rt_offset(a, e),
                            .b = in_data(call, 1) + rt_offset(b, e),
                            .c = out_data(call, 0) + rt_offset(c, e),
                            .lda = ta ? m : k,
                            .ldb = tb ? k : n,
                            .ldc = n}};
}

static struct rt_product product_at(const struct matrices *x, int64_t i) {
  struct rt_product p = x->first;
  p.a += i * p.m * p.k;
  p.b += i * p.k * p.n;
  p.c += i * p.m * p.n;
  return p;
}

static void multiply(const struct matrices *x, int64_t i) {
  const struct rt_product p = product_at(x, i);
  rt_gemm(&p);
}

/* Ragged leading axes: by example. */
static void multiply_examples(const struct rt_call *call, int64_t begin, int64_t end) {
  for (int64_t e = begin; e < end; e++) {
    struct matrices x = matrices_of(call, e);
    for (int64_t i = 0; i < x.lead; i++) multiply(&x, i);
  }
}

/* As many leading indices in every example: by example and index. */
static void multiply_range(const struct rt_call *call, int64_t begin, int64_t end) {
  struct matrices x = matrices_of(call, 0);
  int64_t lead = x.lead, at = 0;
  for (int64_t i = begin; i < end; i++) {
    if (i / lead != at) x = matrices_of(call, at = i / lead);
    multiply(&x, i % lead);
  }
}

/* Few large products: each is cut into tiles. */
static void multiply_large(const struct rt_call *call, int64_t examples) {
  for (int64_t e = 0; e < examples; e++) {
    struct matrices x = matrices_of(call, e);
    for (int64_t i = 0; i < x.lead; i++) {
      const struct rt_product p = product_at(&x, i);
      KERNEL(product)(call->pool, &p);
    }
  }
}

/* One matrix for all rows of all examples: b is shared, and nothing leads. */
static bool multiply_packed(const struct rt_call *call) {
  const struct rt_shape *a = call->in[0].shape, *b = call->in[1].shape, *c = call->out[0].shape;
  if (c->rank != 2 || call->attr[0] || b->batched || !a->batched) return false;
  struct rt_product p = matrices_of(call, 0).first;
  p.m = p.n > 0 ? c->count / p.n : 0;
  KERNEL(product)(call->pool, &p);
  return true;
}

void KERNEL(matmul)(const struct rt_call *call) {
  const struct rt_shape *a = call->in[0].shape, *c = call->out[0].shape;
  int64_t examples = c->batched ? c->examples : 1;
  if (c->count == 0 || multiply_packed(call)) return;
  bool even = true;
  for (int axis = 0; axis < c->rank - 2; axis++) even = even && !c->each[axis];
  double products = 0, work = 0; /* work: m n k over all products */
  for (int64_t e = 0; e < examples; e++) {
    struct matrices x = matrices_of(call, e);
    products += (double)x.lead;
    work += (double)x.lead * (double)x.first.m * (double)x.first.n * (double)x.first.k;
  }
  int64_t each = (int64_t)(work / products) + 1;
  if (a->count > 0 && each >= LARGE)
    multiply_large(call, examples);
  else if (even)
    split_range(call, (int64_t)products, split_max(1, each / (TASK / SPLIT_GRAIN)), multiply_range);
  else
    split_range(call, examples, split_max(1, (int64_t)(work / (double)examples) / (TASK / SPLIT_GRAIN)),
                multiply_examples);
}
