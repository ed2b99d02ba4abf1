/* product_rate.c: what a plain matrix product reaches on this machine, to compare with. */
#include "libaq/profile/profile.h"

#include "runtime/blas.h"
#include "runtime/limits.h"

/* Large enough for a BLAS to be at its best; three of them fit into a cache of the second level in float. */
enum { EDGE = 512, ROUNDS = 8 };
#define EDGES .m = EDGE, .n = EDGE, .k = EDGE, .lda = EDGE, .ldb = EDGE, .ldc = EDGE

struct plain {
  void *numbers; /* [threads] three matrices each */
  enum rt_precision precision;
};

static void multiply(void *context, int64_t task, void *scratch) {
  const struct plain *p = context;
  const size_t matrix = (size_t)EDGE * EDGE;
  (void)scratch;
  if (p->precision == RT_F64) {
    double *a = (double *)p->numbers + (size_t)task * 3 * matrix;
    rt_gemm_f64(&(struct rt_product_f64){EDGES, .a = a, .b = a + matrix, .c = a + 2 * matrix});
  } else {
    float *a = (float *)p->numbers + (size_t)task * 3 * matrix;
    rt_gemm_f32(&(struct rt_product_f32){EDGES, .a = a, .b = a + matrix, .c = a + 2 * matrix});
  }
}

static void fill(struct plain *p, size_t count) {
  for (size_t k = 0; k < count; k++)
    if (p->precision == RT_F64)
      ((double *)p->numbers)[k] = (double)(k % 17) * 0.125 - 1;
    else
      ((float *)p->numbers)[k] = (float)(k % 17) * 0.125F - 1;
}

/* The best of some rounds. */
static double fastest(struct rt_pool *pool, struct plain *p, int threads) {
  double best = 0;
  for (int k = 0; k < ROUNDS; k++) {
    const int64_t from = rt_clock();
    rt_parallel(pool, threads, multiply, p);
    const double rate = 2.0 * EDGE * EDGE * EDGE * 1e9 / (double)(rt_clock() - from);
    best = rate > best ? rate : best;
  }
  return best;
}

double profile_product_rate(int threads, enum rt_precision precision) {
  struct rt_error error = {0};
  const size_t each = precision == RT_F64 ? sizeof(double) : sizeof(float),
               count = (size_t)threads * 3 * EDGE * EDGE;
  struct plain p = {rt_alloc_aligned(count * each), precision};
  struct rt_pool *pool = p.numbers ? rt_pool_new(threads, &error) : NULL;
  double rate = 0;
  if (pool) {
    fill(&p, count);
    rate = fastest(pool, &p, threads);
  }
  rt_pool_free(pool);
  rt_free_aligned(p.numbers);
  return rate;
}
