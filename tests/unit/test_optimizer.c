/* test_optimizer.c: steps against the formulas in double; a table whose gradients come as rows ends, bit for
 * bit, where one with dense gradients does, and so does its running average. */
#include "tests/unit/ragged.h"
#include "runtime/optimizer.h"

static const struct rt_optimizer_config adamw = {
    .method = RT_ADAMW, .lr = 0.01, .beta1 = 0.9, .beta2 = 0.99, .epsilon = 1e-8};
static const struct rt_optimizer_config sgd = {.method = RT_SGD, .lr = 0.05, .beta1 = 0.8};

/* ---- learning rates ---- */

static void rates_warm_up_and_decline(void **state) {
  (void)state;
  struct rt_optimizer_config c = {.lr = 2, .warmup = 4, .total = 12, .last = 0.1};
  assert_float_equal(rt_learning_rate(&c, 1), 0.5, 1e-12);
  assert_float_equal(rt_learning_rate(&c, 4), 2, 1e-12);
  assert_float_equal(rt_learning_rate(&c, 100), 2, 1e-12);
  c.decline = RT_LINEAR;
  assert_float_equal(rt_learning_rate(&c, 2), 1, 1e-12);
  assert_float_equal(rt_learning_rate(&c, 5), 2, 1e-12);
  assert_float_equal(rt_learning_rate(&c, 9), 2 * (0.1 + 0.9 * 0.5), 1e-12);
  assert_float_equal(rt_learning_rate(&c, 12), 2 * (0.1 + 0.9 / 8), 1e-12);
  assert_float_equal(rt_learning_rate(&c, 13), 0.2, 1e-12);
  assert_float_equal(rt_learning_rate(&c, 1000), 0.2, 1e-12);
  c.decline = RT_COSINE;
  assert_float_equal(rt_learning_rate(&c, 7), 2 * (0.1 + 0.9 * 0.5 * (1 + cos(3.14159265358979 / 4))), 1e-12);
  assert_float_equal(rt_learning_rate(&c, 13), 0.2, 1e-12);
  c.total = 1;
  c.warmup = 0;
  assert_float_equal(rt_learning_rate(&c, 1), 2, 1e-12);
  c.decline = RT_LINEAR;
  assert_float_equal(rt_learning_rate(&c, 1), 2, 1e-12);
}

/* ---- against the formulas ---- */

enum { A = 70, B = 3 }; /* numbers of two parameters; the second does not decay */

static void formula_step(const struct rt_optimizer_config *c, int64_t t, int n, double decay, double scale,
                         double *w, double *m, double *v, const double *gradient) {
  double lr = rt_learning_rate(c, t);
  for (int i = 0; i < n; i++) {
    double g = gradient[i] * scale;
    m[i] = c->beta1 * m[i] + (c->method == RT_ADAMW ? 1 - c->beta1 : 1) * g;
    v[i] = c->beta2 * v[i] + (1 - c->beta2) * g * g;
    double by = c->nesterov ? g + c->beta1 * m[i] : m[i];
    if (c->method == RT_ADAMW)
      by = m[i] / (1 - pow(c->beta1, (double)t)) / (sqrt(v[i] / (1 - pow(c->beta2, (double)t))) + c->epsilon);
    w[i] -= lr * decay * w[i] + lr * by;
  }
}

static void follow_formula(struct rt_optimizer_config c) {
  double w[A + B], want[A + B], m[A + B] = {0}, v[A + B] = {0}, g[A + B];
  double average[A + B], sum[A + B] = {0}, weights = 0;
  for (int i = 0; i < A + B; i++) w[i] = want[i] = average[i] = uniform() - 0.5;
  struct rt_parameter p[] = {{w, 1, A, false, true, average}, {w + A, B, 1, false, false, average + A}};
  struct rt_optimizer *o = rt_optimizer_new(&c, p, 2, RT_F64, pools[1], NULL);
  assert_non_null(o);
  for (int64_t t = 1; t <= 40; t++) {
    double square = 0, norm;
    for (int i = 0; i < A + B; i++) {
      g[i] = 4 * uniform() - 2;
      square += g[i] * g[i];
    }
    struct rt_gradient gradient[] = {{.form = RT_DENSE, .numbers = g}, {.form = RT_DENSE, .numbers = g + A}};
    assert_int_equal(rt_optimizer_step(o, gradient, &norm, NULL), RT_OK);
    assert_float_equal(norm, sqrt(square), 1e-10);
    double scale = c.clip > 0 && sqrt(square) > c.clip ? c.clip / sqrt(square) : 1;
    formula_step(&c, t, A, c.decay, scale, want, m, v, g);
    formula_step(&c, t, B, 0, scale, want + A, m + A, v + A, g + A);
    weights = c.average * weights + 1;
    for (int i = 0; i < A + B; i++) {
      sum[i] = c.average * sum[i] + want[i];
      if (fabs(average[i] - sum[i] / weights) > 1e-11)
        fail_msg("step %d: the average of parameter %d is %.15g, not %.15g", (int)t, i, average[i],
                 sum[i] / weights);
    }
    assert_int_equal(rt_optimizer_steps(o), t);
    assert_float_equal(rt_optimizer_lr(o), rt_learning_rate(&c, t), 0);
  }
  for (int i = 0; i < A + B; i++)
    if (fabs(w[i] - want[i]) > 1e-11)
      fail_msg("method %d: parameter %d is %.15g, not %.15g", c.method, i, w[i], want[i]);
  rt_optimizer_free(o);
}

static void steps_follow_the_formulas(void **state) {
  (void)state;
  for (int k = 0; k < 8; k++) {
    struct rt_optimizer_config c = k & 1 ? sgd : adamw;
    c.decay = k & 2 ? 0.1 : 0;
    c.clip = k & 4 ? 3 : 0;
    c.nesterov = k & 2;
    c.warmup = 5;
    c.decline = k & 4 ? RT_COSINE : RT_LINEAR;
    c.total = 30;
    c.average = k & 2 ? 0.999 : 0.5;
    follow_formula(c);
  }
}

/* ---- rows against dense ---- */

enum { ROWS = 230, WIDTH = 71, IDS = 12, DENSE = 40 };

/* A table and a plain parameter, the averages of both, and their optimizer. */
struct model {
  float table[ROWS * WIDTH], plain[DENSE];
  float table_average[ROWS * WIDTH], plain_average[DENSE];
  struct rt_optimizer *optimizer;
};

static struct model *model_new(const struct rt_optimizer_config *c, int threads) {
  struct model *m = calloc(1, sizeof *m);
  assert_non_null(m);
  for (int i = 0; i < ROWS * WIDTH; i++)
    m->table[i] = m->table_average[i] = (float)rt_random_normal(1, (uint64_t)i);
  bool averaged = c->average > 0;
  struct rt_parameter p[] = {{m->table, ROWS, WIDTH, true, true, averaged ? m->table_average : NULL},
                             {m->plain, 1, DENSE, false, true, averaged ? m->plain_average : NULL}};
  m->optimizer = rt_optimizer_new(c, p, 2, RT_F32, pools[threads - 1], NULL);
  assert_non_null(m->optimizer);
  return m;
}

static void model_free(struct model *m) {
  rt_optimizer_free(m->optimizer);
  free(m);
}

struct batch_gradient {
  int32_t ids[IDS];
  float rows[IDS * WIDTH], dense[ROWS * WIDTH], plain[DENSE];
};

/* Half of the ids come from a few rows, some name no row; some rows never come up. */
static void random_gradient(struct batch_gradient *b, uint64_t step) {
  memset(b, 0, sizeof *b);
  for (int i = 0; i < IDS; i++) {
    int64_t kind = rt_random_below(2, step * IDS + (uint64_t)i, 10);
    b->ids[i] =
        kind == 0 ? -1 : (int32_t)rt_random_below(3, step * IDS + (uint64_t)i, kind < 5 ? 7 : ROWS - 30);
    for (int k = 0; k < WIDTH; k++) {
      b->rows[i * WIDTH + k] =
          (float)rt_random_uniform(4, (step * IDS + (uint64_t)i) * WIDTH + (uint64_t)k) - 0.5f;
      if (b->ids[i] >= 0) b->dense[b->ids[i] * WIDTH + k] += b->rows[i * WIDTH + k];
    }
  }
  for (int i = 0; i < DENSE; i++) b->plain[i] = (float)rt_random_normal(5, step * DENSE + (uint64_t)i);
}

static void take_step(struct model *m, const struct batch_gradient *b, bool as_rows) {
  struct rt_gradient g[] = {{.form = RT_DENSE, .numbers = b->dense}, {.form = RT_DENSE, .numbers = b->plain}};
  if (as_rows) {
    assert_int_equal(rt_optimizer_use(m->optimizer, 0, b->ids, IDS, NULL), RT_OK);
    g[0] = (struct rt_gradient){RT_ROWS, b->rows, b->ids, IDS};
  }
  double norm;
  assert_int_equal(rt_optimizer_step(m->optimizer, g, &norm, NULL), RT_OK);
}

static void assert_same(const struct model *a, const struct model *b) {
  assert_memory_equal(a->table, b->table, sizeof a->table);
  assert_memory_equal(a->plain, b->plain, sizeof a->plain);
  assert_memory_equal(a->table_average, b->table_average, sizeof a->table_average);
  assert_memory_equal(a->plain_average, b->plain_average, sizeof a->plain_average);
  for (int k = 0; k < rt_optimizer_moments(a->optimizer); k++)
    assert_memory_equal(rt_optimizer_moment(a->optimizer, 0, k), rt_optimizer_moment(b->optimizer, 0, k),
                        sizeof a->table);
}

static void compare_forms(const struct rt_optimizer_config *c, int threads, uint64_t steps) {
  static struct batch_gradient b;
  struct model *dense = model_new(c, 1), *rows = model_new(c, threads);
  assert_int_equal(rt_optimizer_reserve(rows->optimizer, 0, IDS, NULL), RT_OK);
  uint64_t allocations = rt_alloc_count();
  for (uint64_t s = 0; s < steps; s++) {
    random_gradient(&b, s);
    take_step(dense, &b, false);
    if (s % 97 == 40) { /* the whole table is about to be read */
      take_step(rows, &b, true);
      rt_optimizer_use_all(rows->optimizer, 0);
      assert_memory_equal(dense->table, rows->table, sizeof dense->table);
      assert_memory_equal(dense->table_average, rows->table_average, sizeof dense->table_average);
      continue;
    }
    take_step(rows, &b, s % 500 != 499); /* now and then a dense gradient reaches the table that is behind */
    if (s % 100 == 50)                   /* what a batch is about to read is current */
      for (int i = 0; i < IDS; i++)
        if (b.ids[i] >= 0)
          assert_memory_equal(&dense->table[b.ids[i] * WIDTH], &rows->table[b.ids[i] * WIDTH],
                              WIDTH * sizeof(float));
  }
  assert_true(rt_alloc_count() == allocations);
  rt_optimizer_flush(rows->optimizer);
  assert_same(dense, rows);
  model_free(dense);
  model_free(rows);
}

static void rows_end_where_dense_gradients_do(void **state) {
  (void)state;
  for (int k = 0; k < 8; k++) {
    struct rt_optimizer_config c = k & 1 ? sgd : adamw;
    c.decay = k & 2 ? 0.02 : 0;
    c.clip = k & 4 ? 0.7 : 0;
    c.nesterov = k & 4;
    c.warmup = 20;
    c.decline = RT_COSINE;
    c.total = 900;
    c.last = 0.1;
    c.average = k % 4 == 3 ? 0 : k % 2 ? 0.9 : 0.999;
    compare_forms(&c, 1 + k % MOST_THREADS, k < 2 ? 1400 : 300); /* 1400: more than the history holds */
  }
}

static void a_step_without_gradient_leaves_a_parameter_alone(void **state) {
  (void)state;
  static struct batch_gradient b;
  struct rt_optimizer_config c = adamw;
  c.decay = 0.1;
  c.average = 0.9;
  struct model *m = model_new(&c, 2), *like = model_new(&c, 2);
  random_gradient(&b, 1);
  take_step(m, &b, true);
  take_step(like, &b, true);
  rt_optimizer_flush(like->optimizer);
  struct rt_gradient none[2] = {{.form = RT_NO_GRADIENT}};
  double norm;
  assert_int_equal(rt_optimizer_step(m->optimizer, none, &norm, NULL), RT_OK);
  assert_true(norm == 0);
  rt_optimizer_flush(m->optimizer);
  assert_same(m, like);
  assert_int_equal(rt_optimizer_steps(m->optimizer), 2);
  model_free(m);
  model_free(like);
}

/* ---- checkpoints, failures ---- */

static void a_checkpoint_goes_on_bit_for_bit(void **state) {
  (void)state;
  static struct batch_gradient b;
  struct rt_optimizer_config c = adamw;
  c.decay = 0.1;
  c.decline = RT_LINEAR;
  c.total = 60;
  c.average = 0.95;
  struct model *whole = model_new(&c, 1), *first = model_new(&c, 2), *second = model_new(&c, 3);
  for (uint64_t s = 0; s < 50; s++) {
    random_gradient(&b, s);
    take_step(whole, &b, true);
    take_step(s < 25 ? first : second, &b, true);
    if (s != 24) continue;
    rt_optimizer_flush(first->optimizer);
    memcpy(second->table, first->table, sizeof first->table);
    memcpy(second->plain, first->plain, sizeof first->plain);
    memcpy(second->table_average, first->table_average, sizeof first->table_average);
    memcpy(second->plain_average, first->plain_average, sizeof first->plain_average);
    for (int k = 0; k < rt_optimizer_moments(first->optimizer); k++) {
      memcpy(rt_optimizer_moment(second->optimizer, 0, k), rt_optimizer_moment(first->optimizer, 0, k),
             sizeof first->table);
      memcpy(rt_optimizer_moment(second->optimizer, 1, k), rt_optimizer_moment(first->optimizer, 1, k),
             sizeof first->plain);
    }
    rt_optimizer_set_steps(second->optimizer, rt_optimizer_steps(first->optimizer));
  }
  rt_optimizer_flush(whole->optimizer);
  rt_optimizer_flush(second->optimizer);
  assert_same(whole, second);
  model_free(whole);
  model_free(first);
  model_free(second);
}

static void what_is_not_finite_changes_nothing(void **state) {
  (void)state;
  static struct batch_gradient b;
  struct model *m = model_new(&adamw, 2), *before = model_new(&adamw, 2);
  struct rt_error error = {0};
  random_gradient(&b, 1);
  b.rows[5 * WIDTH + 3] = NAN;
  b.ids[5] = 3;
  struct rt_gradient g[] = {{RT_ROWS, b.rows, b.ids, IDS}, {.form = RT_DENSE, .numbers = b.plain}};
  assert_int_equal(rt_optimizer_step(m->optimizer, g, NULL, &error), RT_NOT_FINITE);
  assert_true(strlen(error.text) > 0);
  assert_same(m, before);
  assert_int_equal(rt_optimizer_steps(m->optimizer), 0);
  g[0].form = RT_NO_GRADIENT;
  g[1].form = RT_ROWS;
  rt_error_clear(&error);
  assert_int_equal(rt_optimizer_step(m->optimizer, g, NULL, &error), RT_USAGE);
  assert_int_equal(rt_optimizer_steps(m->optimizer), 0);
  model_free(m);
  model_free(before);
}

static void settings_that_cannot_be_are_refused(void **state) {
  (void)state;
  struct rt_optimizer_config bad[] = {adamw, adamw, adamw, adamw, adamw, adamw, adamw, adamw, sgd, sgd};
  bad[0].lr = NAN;
  bad[1].beta1 = 1;
  bad[2].beta2 = -0.1;
  bad[3].epsilon = 0;
  bad[4].decay = -1;
  bad[5].clip = NAN;
  bad[6].average = 1;
  bad[7].average = NAN;
  bad[8].average = -0.5;
  bad[9].lr = -1;
  for (size_t i = 0; i < RT_COUNT(bad); i++) {
    struct rt_error error = {0};
    assert_null(rt_optimizer_new(&bad[i], NULL, 0, RT_F32, pools[0], &error));
    assert_int_equal(error.code, RT_USAGE);
  }
}

static int allocations_left;
static void *limited(void *context, void *block, size_t size) {
  (void)context;
  if (size == 0) {
    free(block);
    return NULL;
  }
  return allocations_left-- > 0 ? realloc(block, size) : NULL;
}

/* Fails at each allocation in turn, until a model is made and a step taken. */
static void lack_of_memory_is_an_error(void **state) {
  (void)state;
  static float table[20 * 4];
  static const float rows[2 * 4] = {1};
  static const int32_t ids[] = {3, 3};
  struct rt_parameter p = {table, 20, 4, true, true, NULL};
  struct rt_gradient g = {RT_ROWS, rows, ids, 2};
  int failures = 0, status = RT_NO_MEMORY;
  rt_set_allocator(limited, NULL);
  while (status) {
    struct rt_error error = {0};
    allocations_left = failures;
    struct rt_optimizer *o = rt_optimizer_new(&adamw, &p, 1, RT_F32, pools[0], &error);
    status = o ? rt_optimizer_step(o, &g, NULL, &error) : RT_NO_MEMORY;
    assert_int_equal(error.code, status ? RT_NO_MEMORY : RT_OK);
    assert_true(status || rt_optimizer_steps(o) == 1);
    rt_optimizer_free(o);
    assert_true(failures++ < 100);
  }
  rt_set_allocator(NULL, NULL);
  assert_true(failures > 10);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rates_warm_up_and_decline),
      cmocka_unit_test(steps_follow_the_formulas),
      cmocka_unit_test(rows_end_where_dense_gradients_do),
      cmocka_unit_test(a_step_without_gradient_leaves_a_parameter_alone),
      cmocka_unit_test(a_checkpoint_goes_on_bit_for_bit),
      cmocka_unit_test(what_is_not_finite_changes_nothing),
      cmocka_unit_test(settings_that_cannot_be_are_refused),
      cmocka_unit_test(lack_of_memory_is_an_error),
  };
  return cmocka_run_group_tests(tests, make_pools, free_pools);
}
