/* test_random.c: the generator gives the published numbers; what is drawn from it has the distribution it
 * should have and depends on seed and position alone. */
#include "tests/unit/ragged.h"

/* From the known-answer tests that come with the authors' Random123 library. */
static void philox_gives_the_published_numbers(void **state) {
  (void)state;
  static const struct {
    uint32_t counter[4], key[2], want[4];
  } known[] = {
      {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
      {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
       {0xffffffff, 0xffffffff},
       {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
      {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
       {0xa4093822, 0x299f31d0},
       {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
  };
  for (size_t i = 0; i < RT_COUNT(known); i++) {
    uint32_t x[4];
    memcpy(x, known[i].counter, sizeof x);
    rt_philox(x, known[i].key[0], known[i].key[1]);
    assert_memory_equal(x, known[i].want, sizeof x);
  }
}

static void numbers_have_their_moments(void **state) {
  (void)state;
  enum { N = 100000 };
  double mean = 0, square = 0, normal = 0, variance = 0, fourth = 0;
  for (int i = 0; i < N; i++) {
    double u = rt_random_uniform(3, (uint64_t)i), z = rt_random_normal(3, (uint64_t)i);
    assert_true(u > 0 && u < 1 && isfinite(z));
    mean += u / N;
    square += u * u / N;
    normal += z / N;
    variance += z * z / N;
    fourth += z * z * z * z / N;
  }
  /* four standard errors or so */
  assert_true(fabs(mean - 0.5) < 0.004 && fabs(square - 1.0 / 3) < 0.004);
  assert_true(fabs(normal) < 0.013 && fabs(variance - 1) < 0.02 && fabs(fourth - 3) < 0.15);
}

static void below_is_even(void **state) {
  (void)state;
  int count[7] = {0};
  for (uint64_t i = 0; i < 70000; i++) {
    int64_t k = rt_random_below(11, i, 7);
    assert_true(k >= 0 && k < 7);
    count[k]++;
  }
  for (int k = 0; k < 7; k++) assert_true(abs(count[k] - 10000) < 400);
  assert_int_equal(rt_random_below(1, 2, 1), 0);
  assert_true(rt_random_below(1, 2, INT64_MAX) >= 0);
}

static void shuffle_permutes(void **state) {
  (void)state;
  enum { N = 500 };
  int64_t items[N], again[N];
  bool seen[N] = {false};
  int fixed = 0;
  for (int i = 0; i < N; i++) items[i] = again[i] = i;
  rt_random_shuffle(5, N, items);
  rt_random_shuffle(5, N, again);
  assert_memory_equal(items, again, sizeof items);
  for (int i = 0; i < N; i++) {
    assert_false(seen[items[i]]);
    seen[items[i]] = true;
    fixed += items[i] == i;
  }
  assert_true(fixed < 10);
  rt_random_shuffle(6, N, again);
  assert_memory_not_equal(items, again, sizeof items);
  rt_random_shuffle(5, 0, items);
  /* Every order of three comes up as often. */
  int orders[27] = {0};
  for (uint64_t s = 0; s < 6000; s++) {
    int64_t three[] = {0, 1, 2};
    rt_random_shuffle(s, 3, three);
    orders[three[0] * 9 + three[1] * 3 + three[2]]++;
  }
  for (int o = 0; o < 27; o++) assert_true(orders[o] == 0 || abs(orders[o] - 1000) < 130);
}

static void seeds_part_streams(void **state) {
  (void)state;
  for (uint64_t s = 0; s < 100; s++) {
    assert_true(rt_random_seed(s, 0) != rt_random_seed(s, 1));
    assert_true(rt_random_bits(s, 0) != rt_random_bits(s + 1, 0));
    assert_true(rt_random_bits(s, 0) != rt_random_seed(s, 0));
  }
}

/* Runs a random op over n numbers; out holds doubles. */
static void draw(enum rt_op op, enum rt_precision precision, enum rt_isa isa, int threads, uint64_t seed,
                 double rate, int n, double *out) {
  struct rt_shape shape = {.rank = 1, .batched = true, .examples = 1, .count = n, .size = {n}};
  void *data = calloc((size_t)n + 1, sizeof(double));
  assert_non_null(data);
  struct rt_tensor y = {data, &shape};
  struct rt_call call = {
      .out_count = 1, .out = &y, .real = rate, .seed = seed, .examples = 1, .pool = pools[threads - 1]};
  rt_kernel_of(op, precision, isa)(&call);
  for (int i = 0; i < n; i++) out[i] = precision == RT_F64 ? ((double *)data)[i] : (double)((float *)data)[i];
  free(data);
}

static void draws_depend_on_seed_and_position_alone(void **state) {
  (void)state;
  enum { N = 50000 };
  static double a[N], b[N];
  static const enum rt_op ops[] = {OP_gumbel, OP_bernoulli};
  for (size_t o = 0; o < RT_COUNT(ops); o++)
    for (int p = RT_F32; p <= RT_F64; p++) {
      draw(ops[o], (enum rt_precision)p, RT_BASE, 1, 42, 0.3, N, a);
      for (int isa = 0; isa <= (int)rt_best_isa(); isa++)
        for (int threads = 1; threads <= MOST_THREADS; threads++) {
          draw(ops[o], (enum rt_precision)p, (enum rt_isa)isa, threads, 42, 0.3, N - threads, b);
          for (int i = 0; i < N - threads; i++)
            assert_true(fabs(a[i] - b[i]) <= (ops[o] == OP_gumbel ? 4e-6 : 0)); /* log rounds differently */
        }
      draw(ops[o], (enum rt_precision)p, rt_best_isa(), 2, 43, 0.3, N, b);
      assert_memory_not_equal(a, b, sizeof a);
    }
}

/* Word i % 4 of block i / 4 decides about number i, however many blocks a kernel makes at once. */
static void what_is_dropped_follows_the_generator(void **state) {
  (void)state;
  enum { BLOCKS = 300, N = 4 * BLOCKS };
  const uint64_t seed = UINT64_C(0xFEDCBA9876543210);
  static uint32_t word[4][BLOCKS];
  static double x[N];
  rt_random_blocks(seed, 0, BLOCKS, *word);
  for (int p = RT_F32; p <= RT_F64; p++)
    for (int isa = 0; isa <= (int)rt_best_isa(); isa++) {
      draw(OP_bernoulli, (enum rt_precision)p, (enum rt_isa)isa, 1, seed, 0.5, N, x);
      for (int i = 0; i < N; i++) assert_true((x[i] != 0) == (word[i % 4][i / 4] >= UINT32_C(0x80000000)));
    }
}

static void draws_have_their_distribution(void **state) {
  (void)state;
  enum { N = 200000 };
  static double x[N];
  for (int p = RT_F32; p <= RT_F64; p++) {
    double mean = 0, square = 0, kept = 0;
    draw(OP_gumbel, (enum rt_precision)p, rt_best_isa(), 2, 9, 0, N, x);
    for (int i = 0; i < N; i++) {
      mean += x[i] / N;
      square += x[i] * x[i] / N;
    }
    assert_true(fabs(mean - 0.5772157) < 0.01
                && fabs(square - mean * mean - 1.6449341) < 0.03); /* Euler's constant, pi^2 / 6 */
    draw(OP_bernoulli, (enum rt_precision)p, rt_best_isa(), 2, 9, 0.2, N, x);
    for (int i = 0; i < N; i++) {
      assert_true(x[i] == 0 || fabs(x[i] - 1.25) < 1e-6);
      kept += x[i] != 0;
    }
    assert_true(fabs(kept / N - 0.8) < 0.005);
    draw(OP_bernoulli, (enum rt_precision)p, rt_best_isa(), 1, 9, 1, 100, x);
    for (int i = 0; i < 100; i++) assert_true(x[i] == 0);
    draw(OP_bernoulli, (enum rt_precision)p, rt_best_isa(), 1, 9, 0, 100, x);
    for (int i = 0; i < 100; i++) assert_true(x[i] == 1);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(philox_gives_the_published_numbers),
      cmocka_unit_test(numbers_have_their_moments),
      cmocka_unit_test(below_is_even),
      cmocka_unit_test(shuffle_permutes),
      cmocka_unit_test(seeds_part_streams),
      cmocka_unit_test(draws_depend_on_seed_and_position_alone),
      cmocka_unit_test(what_is_dropped_follows_the_generator),
      cmocka_unit_test(draws_have_their_distribution),
  };
  return cmocka_run_group_tests(tests, make_pools, free_pools);
}
