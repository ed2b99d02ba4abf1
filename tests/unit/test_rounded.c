/* test_rounded.c: matrix products in bf16 against plain loops over operands that the test rounds itself: the
 * same bits for every instruction set and any number of threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/run_op.h"

enum { MOST_THREADS = 3 };

static struct rt_pool *pools[MOST_THREADS];
static int make_pools(void **state) {
  (void)state;
  for (int t = 0; t < MOST_THREADS; t++)
    if (!(pools[t] = rt_pool_new(t + 1, NULL))) return -1;
  return 0;
}
static int free_pools(void **state) {
  (void)state;
  for (int t = 0; t < MOST_THREADS; t++) rt_pool_free(pools[t]);
  return 0;
}

/* To eight significant bits, by arithmetic. */
static float rounded(float x) {
  int exponent;
  if (x == 0 || !isfinite(x)) return x;
  frexp(x, &exponent);
  return (float)ldexp(rint(ldexp(x, 8 - exponent)), exponent - 8);
}

static uint64_t draws = 7;
static float draw(void) {
  draws = draws * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (float)((double)(draws >> 11) * 0x1p-52 - 1);
}
static float *numbers(int64_t count) {
  float *x = malloc(((size_t)count + 1) * sizeof *x);
  assert_non_null(x);
  for (int64_t i = 0; i < count; i++) x[i] = draw();
  return x;
}

/* One product of a matmul or project: op(a) is [m, k], op(b) is [k, n]. */
struct product {
  enum rt_op op;
  bool ta, tb;
  int64_t m, k, n;
  const float *a, *b;
};

static float wanted(const struct product *p, int64_t i, int64_t j) {
  float sum = 0;
  for (int64_t l = 0; l < p->k; l += 2)
    for (int64_t q = l + 1; q >= l; q--)
      if (q < p->k)
        sum += rounded(p->a[p->ta ? q * p->m + i : i * p->k + q])
               * rounded(p->b[p->tb ? j * p->k + q : q * p->n + j]);
  return sum;
}

static struct rt_shape matrix(bool batched, int64_t rows, int64_t columns) {
  return (struct rt_shape){
      .rank = 2, .batched = batched, .examples = 1, .count = rows * columns, .size = {rows, columns}};
}

static void compute(const struct product *p, enum rt_isa isa, int threads, float *c) {
  const bool project = p->op != OP_matmul;
  const struct rt_shape a = p->ta ? matrix(true, p->k, p->m) : matrix(true, p->m, p->k),
                        b = p->tb ? matrix(!project, p->n, p->k) : matrix(!project || p->ta, p->k, p->n),
                        out = matrix(!(project && p->ta), p->m, p->n);
  const struct rt_tensor in[] = {{(float *)p->a, &a}, {(float *)p->b, &b}};
  struct rt_tensor to = {c, &out};
  const int64_t attr[] = {p->op == OP_matmul && p->ta, p->op == OP_matmul && p->tb};
  const struct rt_call call = {.in_count = 2,
                               .out_count = 1,
                               .in = in,
                               .out = &to,
                               .attr = attr,
                               .rounds = true,
                               .examples = 1,
                               .pool = pools[threads]};
  run_op(p->op, RT_BF16, isa, &call);
}

static void check(const struct product *p) {
  const size_t count = (size_t)(p->m * p->n);
  float *c = malloc((count + 1) * sizeof *c);
  assert_non_null(c);
  for (int isa = 0; isa <= (int)rt_best_isa(); isa++)
    for (int threads = 0; threads < MOST_THREADS; threads++) {
      memset(c, 0xA5, (count + 1) * sizeof *c);
      compute(p, (enum rt_isa)isa, threads, c);
      for (int64_t i = 0; i < p->m; i++)
        for (int64_t j = 0; j < p->n; j++) {
          const float w = wanted(p, i, j), g = c[i * p->n + j];
          if (memcmp(&w, &g, sizeof w) != 0 && !(isnan(w) && isnan(g)))
            fail_msg("%s, %s, [%d, %d] of %d x %d x %d: %.9g, not %.9g", rt_op_info[p->op].name,
                     rt_isa_name((enum rt_isa)isa), (int)i, (int)j, (int)p->m, (int)p->k, (int)p->n,
                     (double)g, (double)w);
        }
    }
  free(c);
}

static void products_are_those_of_rounded_operands(void **state) {
  (void)state;
  static const int64_t sizes[][3] = {{1, 1, 1},   {1, 0, 3},    {3, 5, 7},     {13, 128, 33}, {97, 129, 40},
                                     {4, 31, 16}, {100, 70, 3}, {200, 40, 66}, {24, 257, 300}}; /* m, k, n */
  static const struct {
    enum rt_op op;
    bool ta, tb;
  } ways[] = {{OP_project, false, false}, {OP_project_back, false, true}, {OP_project_grad, true, false},
              {OP_matmul, false, false},  {OP_matmul, true, false},       {OP_matmul, false, true},
              {OP_matmul, true, true}};
  for (size_t s = 0; s < RT_COUNT(sizes); s++)
    for (size_t w = 0; w < RT_COUNT(ways); w++) {
      const int64_t m = sizes[s][0], k = sizes[s][1], n = sizes[s][2];
      float *a = numbers(m * k), *b = numbers(k * n);
      if (k > 0) check(&(struct product){ways[w].op, ways[w].ta, ways[w].tb, m, k, n, a, b});
      free(a);
      free(b);
    }
}

/* What lies halfway goes to the even neighbour; too large is infinite; no number stays none. */
static void numbers_round_to_the_nearest(void **state) {
  (void)state;
  static const struct {
    float from, to;
  } cases[] = {{1, 1},
               {0x1.01p0f, 1},
               {0x1.03p0f, 0x1.04p0f},
               {-0x1.01p0f, -1},
               {-0x1.03p0f, -0x1.04p0f},
               {0x1.010002p0f, 0x1.02p0f},
               {0x1.ffp9f, 0x1p10f},
               {3e38f, 0x1.c4p127f},
               {0x1.fffffep127f, INFINITY},
               {-INFINITY, -INFINITY},
               {NAN, NAN}};
  const float one = 1;
  for (size_t k = 0; k < RT_COUNT(cases); k++)
    for (int isa = 0; isa <= (int)rt_best_isa(); isa++) {
      float c;
      compute(&(struct product){OP_project, false, false, 1, 1, 1, &cases[k].from, &one}, (enum rt_isa)isa, 0,
              &c);
      if (c != cases[k].to && !(isnan(c) && isnan(cases[k].to)))
        fail_msg("%a becomes %a, not %a", (double)cases[k].from, (double)c, (double)cases[k].to);
    }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(products_are_those_of_rounded_operands),
                                     cmocka_unit_test(numbers_round_to_the_nearest)};
  return cmocka_run_group_tests(tests, make_pools, free_pools);
}
