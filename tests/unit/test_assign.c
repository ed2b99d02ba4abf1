/* test_assign.c: the pairs of least cost against all ways to make pairs. */
#include "tests/unit/ragged.h"

enum { TRIALS = 300, MOST = 6 };

/* What pairs cost together. One that is infinite or NaN counts more than all that are not. */
struct total {
  int odd;
  double sum;
};

static struct total added(struct total t, double cost) {
  if (isfinite(cost))
    t.sum += cost;
  else
    t.odd++;
  return t;
}

static bool is_less(struct total a, struct total b) {
  return a.odd != b.odd ? a.odd < b.odd : a.sum < b.sum - 1e-9 * (1 + fabs(b.sum));
}

/* The least total of rows i.. of an [n, m] cost, n <= m, when the columns of `used` are taken. */
static struct total least_of(const double *cost, int64_t n, int64_t m, bool turned, int64_t i,
                             unsigned used) {
  struct total best = {INT32_MAX, 0};
  if (i == n) return (struct total){0, 0};
  for (int64_t j = 0; j < m; j++) {
    if (used >> j & 1) continue;
    struct total t = least_of(cost, n, m, turned, i + 1, used | 1u << j);
    t = added(t, turned ? cost[j * n + i] : cost[i * m + j]);
    if (is_less(t, best)) best = t;
  }
  return best;
}

static void check_pairs(const double *cost, const double *y, int64_t n, int64_t m) {
  struct total got = {0, 0};
  int64_t pairs = 0;
  for (int64_t i = 0; i < n; i++) {
    double in_row = 0;
    for (int64_t j = 0; j < m; j++) {
      const double one = y[i * m + j];
      assert_true(one == 0 || one == 1);
      in_row += one;
      if (one == 1) got = added(got, cost[i * m + j]);
    }
    assert_true(in_row <= 1);
    pairs += (int64_t)in_row;
  }
  for (int64_t j = 0; j < m; j++) {
    double in_column = 0;
    for (int64_t i = 0; i < n; i++) in_column += y[i * m + j];
    assert_true(in_column <= 1);
  }
  assert_int_equal(pairs, n < m ? n : m);
  const struct total want = n <= m ? least_of(cost, n, m, false, 0, 0) : least_of(cost, m, n, true, 0, 0);
  assert_int_equal(got.odd, want.odd);
  if (!(fabs(got.sum - want.sum) <= 1e-6 * (1 + fabs(want.sum))))
    fail_msg("%lld x %lld: pairs that cost %.9g, and %.9g is possible", (long long)n, (long long)m, got.sum,
             want.sum);
}

/* One run in double, which the runs of all precisions, instruction sets and threads must repeat. */
static void pairs_of(const struct batch *b, struct value *cost, struct value *y) {
  struct value *in[] = {cost};
  struct rt_shape shape = with_offsets(cost);
  struct rt_tensor x = {cost->number, &shape}, out = {y->number, &shape};
  struct rt_call call = {.in_count = 1, .out_count = 1, .in = &x, .out = &out, .pool = pools[0]};
  call.examples = b->examples;
  run_op(OP_assign, RT_F64, RT_BASE, &call);
  check(OP_assign, &(struct rt_call){.examples = b->examples}, 1, in, y, 0);
}

enum costs { ANY, TIES, ODD, EQUAL, LARGE };

static double draw(enum costs costs) {
  static const double odd[] = {NAN, INFINITY, NAN, -1, 2};
  switch (costs) {
    case TIES: return (double)below(3);
    case ODD: return below(3) ? (float)uniform() : odd[below(5)];
    case EQUAL: return 1;
    case LARGE: return (float)((2 * uniform() - 1) * 3e38);
    default: return (float)(2 * uniform() - 1);
  }
}

static void pairs_cost_the_least(void **state) {
  (void)state;
  for (int trial = 0; trial < TRIALS; trial++) {
    struct batch b = random_batch(MOST + 1);
    struct value cost, y;
    const bool batched = below(4);
    const int axes[] = {batched ? RAGGED : (int)below(MOST + 1),
                        batched && below(2) ? OTHER : (int)below(MOST + 1)};
    value_init(&cost, &b, batched, 2, axes);
    value_init(&y, &b, batched, 2, axes);
    for (int64_t k = 0; k < cost.shape.count; k++) cost.number[k] = draw((enum costs)(trial % 5));
    pairs_of(&b, &cost, &y);
    for (int64_t e = 0; e < cost.shape.examples; e++)
      check_pairs(cost.number + cost.offset[e], y.number + cost.offset[e], rt_size(&cost.shape, 0, e),
                  rt_size(&cost.shape, 1, e));
    value_free(&cost);
    value_free(&y);
  }
}

/* Pairs that are far cheaper than all others, in a random order: they are found whatever the size. */
static void hidden_pairs_are_found(void **state) {
  (void)state;
  static const int sizes[][2] = {{1, 1}, {40, 40}, {30, 200}, {200, 30}, {300, 300}};
  struct batch one = {.examples = 1};
  for (size_t s = 0; s < RT_COUNT(sizes); s++) {
    const int n = sizes[s][0], m = sizes[s][1];
    struct value cost, y, want;
    value_init(&cost, &one, false, 2, sizes[s]);
    value_init(&y, &one, false, 2, sizes[s]);
    value_init(&want, &one, false, 2, sizes[s]);
    int taken[300] = {0};
    for (int64_t k = 0; k < cost.shape.count; k++) cost.number[k] = (float)uniform();
    for (int i = 0; i < (n < m ? n : m); i++) {
      int at = (int)below(n < m ? m : n);
      while (taken[at]) at = (at + 1) % (n < m ? m : n);
      taken[at] = 1;
      const int64_t k = n < m ? (int64_t)i * m + at : (int64_t)at * m + i;
      cost.number[k] -= 2;
      want.number[k] = 1;
    }
    pairs_of(&one, &cost, &y);
    for (int64_t k = 0; k < y.shape.count; k++) assert_true(y.number[k] == want.number[k]);
    value_free(&cost);
    value_free(&y);
    value_free(&want);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(pairs_cost_the_least),
      cmocka_unit_test(hidden_pairs_are_found),
  };
  return cmocka_run_group_tests(tests, make_pools, free_pools);
}
