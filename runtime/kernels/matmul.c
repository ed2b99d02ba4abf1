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

/* Without their places. */
static struct matrices sizes_of(const struct rt_call *call, int64_t e) {
  const struct rt_shape *a = call->in[0].shape, *c = call->out[0].shape;
  const bool ta = call->attr[0], tb = call->attr[1];
  int rank = c->rank;
  int64_t m = rt_size(c, rank - 2, e), n = rt_size(c, rank - 1, e),
          k = rt_size(a, ta ? rank - 2 : rank - 1, e);
  return (struct matrices){
      rt_extent(c, 0, rank - 2, e),
      {.ta = ta, .tb = tb, .m = m, .n = n, .k = k, .lda = ta ? m : k, .ldb = tb ? k : n, .ldc = n}};
}

static struct matrices matrices_of(const struct rt_call *call, int64_t e) {
  struct matrices x = sizes_of(call, e);
  x.first.a = in_data(call, 0) + rt_offset(call->in[0].shape, e);
  x.first.b = in_data(call, 1) + rt_offset(call->in[1].shape, e);
  x.first.c = out_data(call, 0) + rt_offset(call->out[0].shape, e);
  return x;
}

static struct rt_product product_at(const struct matrices *x, int64_t i) {
  struct rt_product p = x->first;
  p.a += i * p.m * p.k;
  p.b += i * p.k * p.n;
  p.c += i * p.m * p.n;
  return p;
}

static void multiply(const struct rt_call *call, const struct matrices *x, int64_t i) {
  const struct rt_product p = product_at(x, i);
  product_alone(call, &p);
}

/* Ragged leading axes: by example. */
static void multiply_examples(const struct rt_call *call, int64_t begin, int64_t end) {
  for (int64_t e = begin; e < end; e++) {
    struct matrices x = matrices_of(call, e);
    for (int64_t i = 0; i < x.lead; i++) multiply(call, &x, i);
  }
}

/* As many leading indices in every example: by example and index. */
static void multiply_range(const struct rt_call *call, int64_t begin, int64_t end) {
  struct matrices x = matrices_of(call, 0);
  int64_t lead = x.lead, at = 0;
  for (int64_t i = begin; i < end; i++) {
    if (i / lead != at) x = matrices_of(call, at = i / lead);
    multiply(call, &x, i % lead);
  }
}

/* Few large products: each is cut into tiles. */
static void multiply_large(const struct rt_call *call, int64_t examples) {
  for (int64_t e = 0; e < examples; e++) {
    struct matrices x = matrices_of(call, e);
    for (int64_t i = 0; i < x.lead; i++) {
      const struct rt_product p = product_at(&x, i);
      product_shared(call, &p);
    }
  }
}

/* One matrix for all rows of all examples: b is shared, and nothing leads. */
static bool is_packed(const struct rt_call *call) {
  return call->out[0].shape->rank == 2 && !call->attr[0] && !call->in[1].shape->batched
         && call->in[0].shape->batched;
}

/* With as many rows as all examples have. */
static struct rt_product packed(const struct rt_call *call, struct matrices x) {
  x.first.m = x.first.n > 0 ? call->out[0].shape->count / x.first.n : 0;
  return x.first;
}

/* All products of a call. */
struct products {
  int64_t examples;
  double count, work; /* work: m n k over all */
  int64_t each;       /* work of one on average, and 1 */
  bool large;
};

static struct products products_of(const struct rt_call *call) {
  struct products all = {.examples = call->out[0].shape->batched ? call->out[0].shape->examples : 1};
  for (int64_t e = 0; e < all.examples; e++) {
    struct matrices x = sizes_of(call, e);
    all.count += (double)x.lead;
    all.work += (double)x.lead * (double)x.first.m * (double)x.first.n * (double)x.first.k;
  }
  all.each = (int64_t)(all.work / all.count) + 1;
  all.large = call->in[0].shape->count > 0 && all.each >= LARGE;
  return all;
}

void KERNEL(matmul)(const struct rt_call *call) {
  const struct rt_shape *c = call->out[0].shape;
  if (c->count == 0) return;
  if (is_packed(call)) {
    const struct rt_product p = packed(call, matrices_of(call, 0));
    product_shared(call, &p);
    return;
  }
  const struct products all = products_of(call);
  bool even = true;
  for (int axis = 0; axis < c->rank - 2; axis++) even = even && !c->each[axis];
  if (all.large)
    multiply_large(call, all.examples);
  else if (even)
    split_range(call, (int64_t)all.count, split_max(1, all.each / (TASK / SPLIT_GRAIN)), multiply_range);
  else
    split_range(call, all.examples,
                split_max(1, (int64_t)(all.work / (double)all.examples) / (TASK / SPLIT_GRAIN)),
                multiply_examples);
}

size_t KERNEL(matmul_scratch)(const struct rt_call *call) {
  if (call->out[0].shape->count == 0) return 0;
  if (is_packed(call)) {
    const struct rt_product p = packed(call, sizes_of(call, 0));
    return KERNEL(product_scratch)(&p);
  }
  const struct products all = products_of(call);
  size_t most = 0;
  for (int64_t e = 0; all.large && e < all.examples; e++) {
    const struct rt_product p = sizes_of(call, e).first;
    size_t bytes = KERNEL(product_scratch)(&p);
    most = bytes > most ? bytes : most;
  }
  return most;
}
