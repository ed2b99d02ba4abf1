/* test_optimizer.c: every optimiser of the list against formulas in double that are written here again; a
 * table whose gradients come as rows ends, bit for bit, where one with dense gradients does, and so does its
 * running average. */
#include "tests/unit/ragged.h"
#include "tests/unit/rationed_memory.h"
#include "runtime/optimizer.h"

static const double LR = 0.01;

/* A row with its own defaults. */
static struct rt_optimizer_config config_of(int method) {
  struct rt_optimizer_config c = {.method = &rt_method[method],
                                  .schedule = &rt_schedule[RT_SCHEDULE_constant]};
  for (int k = 0; k < c.method->settings; k++) c.setting[k] = c.method->setting[k].fallback;
  return c;
}

static void set_schedule(struct rt_optimizer_config *c, int schedule, int64_t warmup, int64_t total) {
  c->schedule = &rt_schedule[schedule];
  for (int k = 0; k < c->schedule->settings; k++) {
    const struct rt_setting *setting = &c->schedule->setting[k];
    struct rt_amount part = {0, setting->fallback};
    bool steps = setting->range.takes == RT_TAKES_STEPS;
    c->schedule_setting[k] = steps ? (double)rt_amount_steps(&part, (double)total) : setting->fallback;
  }
  c->warmup = warmup;
  c->total = total;
}

static void set(struct rt_optimizer_config *c, const char *name, double value) {
  for (int k = 0; k < c->method->settings; k++)
    if (!strcmp(c->method->setting[k].name, name)) c->setting[k] = value;
}

static double get(const struct rt_optimizer_config *c, const char *name) {
  for (int k = 0; k < c->method->settings; k++)
    if (!strcmp(c->method->setting[k].name, name)) return c->setting[k];
  fail_msg("%s has no %s", c->method->name, name);
  return 0;
}

/* ---- learning rates ---- */

static double share(const struct rt_optimizer_config *c, int64_t step) {
  return rt_schedule_share(c->schedule, c->schedule_setting, step, c->warmup, c->total);
}

static void rates_warm_up_and_decline(void **state) {
  (void)state;
  struct rt_optimizer_config c = {0};
  set_schedule(&c, RT_SCHEDULE_constant, 4, 12);
  assert_float_equal(share(&c, 1), 0.25, 1e-12);
  assert_float_equal(share(&c, 4), 1, 1e-12);
  assert_float_equal(share(&c, 100), 1, 1e-12);
  set_schedule(&c, RT_SCHEDULE_linear, 4, 12);
  c.schedule_setting[0] = 0.1;
  assert_float_equal(share(&c, 2), 0.5, 1e-12);
  assert_float_equal(share(&c, 5), 1, 1e-12);
  assert_float_equal(share(&c, 9), 0.1 + 0.9 * 0.5, 1e-12);
  assert_float_equal(share(&c, 12), 0.1 + 0.9 / 8, 1e-12);
  assert_float_equal(share(&c, 13), 0.1, 1e-12);
  assert_float_equal(share(&c, 1000), 0.1, 1e-12);
  set_schedule(&c, RT_SCHEDULE_cosine, 4, 12);
  c.schedule_setting[0] = 0.1;
  assert_float_equal(share(&c, 7), 0.1 + 0.9 * 0.5 * (1 + cos(3.14159265358979 / 4)), 1e-12);
  assert_float_equal(share(&c, 13), 0.1, 1e-12);
  for (int k = 0; k < RT_SCHEDULES; k++) { /* a training of one step learns */
    set_schedule(&c, k, 0, 1);
    assert_true(k == RT_SCHEDULE_one_cycle || share(&c, 1) == 1);
  }
}

/* torch.optim.lr_scheduler.OneCycleLR(max_lr = 1, total_steps = 10): of ten steps three rise. */
static void one_cycle_is_that_of_pytorch(void **state) {
  (void)state;
  static const double want[] = {0.04,
                                0.52,
                                1,
                                0.9504846320134737,
                                0.8117456539497631,
                                0.6112620219362893,
                                0.38874197806371075,
                                0.18825834605023698,
                                0.04951936798652637,
                                4e-6};
  struct rt_optimizer_config c = {0};
  set_schedule(&c, RT_SCHEDULE_one_cycle, 3, 10);
  for (int t = 1; t <= 10; t++) assert_float_equal(share(&c, t), want[t - 1], 1e-9);
}

static void the_others_by_hand(void **state) {
  (void)state;
  struct rt_optimizer_config c = {0};
  set_schedule(&c, RT_SCHEDULE_inverse_sqrt, 4, 100);
  assert_float_equal(share(&c, 2), 0.5, 1e-12);
  assert_float_equal(share(&c, 4), 1, 1e-12);
  assert_float_equal(share(&c, 16), 0.5, 1e-12);
  assert_float_equal(share(&c, 100), 0.2, 1e-12);
  set_schedule(&c, RT_SCHEDULE_inverse_sqrt, 0, 100);
  assert_float_equal(share(&c, 25), 0.2, 1e-12);
  set_schedule(&c, RT_SCHEDULE_step, 0, 10); /* 30% of 10 is 3 */
  static const double want[] = {1, 1, 1, 0.1, 0.1, 0.1, 0.01, 0.01, 0.01, 0.001};
  for (int t = 1; t <= 10; t++) assert_float_equal(share(&c, t), want[t - 1], 1e-12);
}

/* ---- against the formulas ---- */

enum { A = 70, B = 3 }; /* numbers of two parameters; the second does not decay */

/* What a formula works with: one number, its gradient, and what the optimiser keeps of it. */
struct number {
  double w, g, m, v;
};
typedef void formula(const struct rt_optimizer_config *c, double t, double lr, double decay,
                     struct number *x);

static void formula_adam(const struct rt_optimizer_config *c, double t, double lr, double decay,
                         struct number *x) {
  double b1 = get(c, "beta1"), b2 = get(c, "beta2"), g = x->g + decay * x->w;
  x->m = b1 * x->m + (1 - b1) * g;
  x->v = b2 * x->v + (1 - b2) * g * g;
  x->w -= lr * (x->m / (1 - pow(b1, t))) / (sqrt(x->v / (1 - pow(b2, t))) + get(c, "eps"));
}

static void formula_adamw(const struct rt_optimizer_config *c, double t, double lr, double decay,
                          struct number *x) {
  x->w -= lr * decay * x->w;
  formula_adam(c, t, lr, 0, x);
}

static void formula_sgd(const struct rt_optimizer_config *c, double t, double lr, double decay,
                        struct number *x) {
  (void)t;
  double momentum = get(c, "momentum"), g = x->g + decay * x->w;
  x->m = momentum * x->m + g;
  x->w -= lr * (get(c, "nesterov") != 0 ? g + momentum * x->m : x->m);
}

static void formula_adagrad(const struct rt_optimizer_config *c, double t, double lr, double decay,
                            struct number *x) {
  double g = x->g + decay * x->w;
  x->v += g * g;
  x->w -= lr / (1 + (t - 1) * get(c, "lr_decay")) * g / (sqrt(x->v) + get(c, "eps"));
}

static void formula_rmsprop(const struct rt_optimizer_config *c, double t, double lr, double decay,
                            struct number *x) {
  (void)t;
  double alpha = get(c, "alpha"), g = x->g + decay * x->w;
  x->v = alpha * x->v + (1 - alpha) * g * g;
  x->m = get(c, "momentum") * x->m + g / (sqrt(x->v) + get(c, "eps"));
  x->w -= lr * x->m;
}

static void formula_lion(const struct rt_optimizer_config *c, double t, double lr, double decay,
                         struct number *x) {
  (void)t;
  double b1 = get(c, "beta1"), b2 = get(c, "beta2"), way = b1 * x->m + (1 - b1) * x->g;
  x->w -= lr * (decay * x->w + (way > 0) - (way < 0));
  x->m = b2 * x->m + (1 - b2) * x->g;
}

static formula *const formulas[RT_METHODS] = {
    [RT_METHOD_adamw] = formula_adamw,     [RT_METHOD_adam] = formula_adam,
    [RT_METHOD_sgd] = formula_sgd,         [RT_METHOD_adagrad] = formula_adagrad,
    [RT_METHOD_rmsprop] = formula_rmsprop, [RT_METHOD_lion] = formula_lion,
};

static void follow_formula(struct rt_optimizer_config c, double decay) {
  double w[A + B], g[A + B];
  struct number x[A + B] = {{0}};
  double average[A + B], sum[A + B] = {0}, weights = 0;
  for (int i = 0; i < A + B; i++) w[i] = x[i].w = average[i] = uniform() - 0.5;
  struct rt_parameter p[] = {{w, 1, A, false, LR, decay, average},
                             {w + A, B, 1, false, 3 * LR, 0, average + A}};
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
    for (int i = 0; i < A + B; i++) {
      x[i].g = g[i] * scale;
      formulas[c.method - rt_method](&c, (double)t, (i < A ? LR : 3 * LR) * share(&c, t), i < A ? decay : 0,
                                     &x[i]);
    }
    weights = c.average * weights + 1;
    for (int i = 0; i < A + B; i++) {
      sum[i] = c.average * sum[i] + x[i].w;
      if (fabs(average[i] - sum[i] / weights) > 1e-11)
        fail_msg("step %d: the average of parameter %d is %.15g, not %.15g", (int)t, i, average[i],
                 sum[i] / weights);
    }
    assert_int_equal(rt_optimizer_steps(o), t);
  }
  for (int i = 0; i < A + B; i++)
    if (fabs(w[i] - x[i].w) > 1e-11)
      fail_msg("%s: parameter %d is %.15g, not %.15g", c.method->name, i, w[i], x[i].w);
  rt_optimizer_free(o);
}

/* The settings of a row away from their defaults. */
static void vary(struct rt_optimizer_config *c) {
  set(c, "beta2", 0.98);
  set(c, "momentum", 0.8);
  set(c, "nesterov", 1);
  set(c, "lr_decay", 0.1);
}

static void steps_follow_the_formulas(void **state) {
  (void)state;
  for (int k = 0; k < 8 * RT_METHODS; k++) {
    struct rt_optimizer_config c = config_of(k / 8);
    if (!formulas[k / 8]) fail_msg("write down here what %s computes", c.method->name);
    if (k & 1) vary(&c);
    c.clip = k & 4 ? 3 : 0;
    set_schedule(&c, k & 4 ? RT_SCHEDULE_cosine : RT_SCHEDULE_linear, 5, 30);
    c.average = k & 2 ? 0.999 : 0.5;
    follow_formula(c, k & 2 ? 0.1 : 0);
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

static struct model *model_new(const struct rt_optimizer_config *c, double decay, int threads) {
  struct model *m = calloc(1, sizeof *m);
  assert_non_null(m);
  for (int i = 0; i < ROWS * WIDTH; i++)
    m->table[i] = m->table_average[i] = (float)rt_random_normal(1, (uint64_t)i);
  bool averaged = c->average > 0;
  struct rt_parameter p[] = {{m->table, ROWS, WIDTH, true, LR, decay, averaged ? m->table_average : NULL},
                             {m->plain, 1, DENSE, false, LR, decay, averaged ? m->plain_average : NULL}};
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
  for (int k = 0; k < RT_MOST_MOMENTS && rt_optimizer_moment(a->optimizer, 0, k); k++)
    assert_memory_equal(rt_optimizer_moment(a->optimizer, 0, k), rt_optimizer_moment(b->optimizer, 0, k),
                        sizeof a->table);
}

static void compare_forms(const struct rt_optimizer_config *c, double decay, int threads, uint64_t steps) {
  static struct batch_gradient b;
  struct model *dense = model_new(c, decay, 1), *rows = model_new(c, decay, threads);
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
  for (int k = 0; k < 8 * RT_METHODS; k++) {
    struct rt_optimizer_config c = config_of(k / 8);
    if (k & 1) vary(&c);
    c.clip = k & 4 ? 0.7 : 0;
    set_schedule(&c, RT_SCHEDULE_cosine, 20, 900);
    c.schedule_setting[0] = 0.1;
    c.average = k % 4 == 3 ? 0 : k % 2 ? 0.9 : 0.999;
    /* 1400: more than the history holds */
    compare_forms(&c, k & 2 ? 0.02 : 0, 1 + k % MOST_THREADS, k % 8 < 2 ? 1400 : 300);
  }
}

static void a_step_without_gradient_leaves_a_parameter_alone(void **state) {
  (void)state;
  static struct batch_gradient b;
  struct rt_optimizer_config c = config_of(RT_METHOD_adamw);
  c.average = 0.9;
  struct model *m = model_new(&c, 0.1, 2), *like = model_new(&c, 0.1, 2);
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

static void go_on_from_a_checkpoint(int method) {
  static struct batch_gradient b;
  struct rt_optimizer_config c = config_of(method);
  vary(&c);
  set_schedule(&c, RT_SCHEDULE_linear, 0, 60);
  c.average = 0.95;
  struct model *whole = model_new(&c, 0.1, 1), *first = model_new(&c, 0.1, 2),
               *second = model_new(&c, 0.1, 3);
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
    for (int k = 0; k < c.method->moments; k++) {
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

static void a_checkpoint_goes_on_bit_for_bit(void **state) {
  (void)state;
  for (int k = 0; k < RT_METHODS; k++) go_on_from_a_checkpoint(k);
}

static void what_is_not_finite_changes_nothing(void **state) {
  (void)state;
  static struct batch_gradient b;
  struct rt_optimizer_config c = config_of(RT_METHOD_adamw);
  struct model *m = model_new(&c, 0, 2), *before = model_new(&c, 0, 2);
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
  struct rt_optimizer_config good = config_of(RT_METHOD_adamw), bad[6];
  for (size_t i = 0; i < RT_COUNT(bad); i++) bad[i] = good;
  set(&bad[0], "beta1", 1);
  set(&bad[1], "beta2", -0.1);
  set(&bad[2], "eps", 0);
  bad[3].clip = NAN;
  bad[4].average = 1;
  bad[5].average = NAN;
  for (size_t i = 0; i < RT_COUNT(bad); i++) {
    struct rt_error error = {0};
    assert_null(rt_optimizer_new(&bad[i], NULL, 0, RT_F32, pools[0], &error));
    assert_int_equal(error.code, RT_USAGE);
  }
  struct rt_parameter wrong[] = {{.lr = NAN}, {.lr = -1}, {.decay = -1}};
  for (size_t i = 0; i < RT_COUNT(wrong); i++) {
    struct rt_error error = {0};
    assert_null(rt_optimizer_new(&good, &wrong[i], 1, RT_F32, pools[0], &error));
    assert_int_equal(error.code, RT_USAGE);
  }
}

static struct ration memory;

/* Fails at each allocation in turn, until a model is made and a step taken. */
static void lack_of_memory_is_an_error(void **state) {
  (void)state;
  static float table[20 * 4];
  static const float rows[2 * 4] = {1};
  static const int32_t ids[] = {3, 3};
  struct rt_parameter p = {table, 20, 4, true, LR, 0, NULL};
  struct rt_gradient g = {RT_ROWS, rows, ids, 2};
  struct rt_optimizer_config c = config_of(RT_METHOD_adamw);
  int failures = 0, status = RT_NO_MEMORY;
  rt_set_allocator(ration_resize, &memory);
  while (status) {
    struct rt_error error = {0};
    memory.left = failures;
    struct rt_optimizer *o = rt_optimizer_new(&c, &p, 1, RT_F32, pools[0], &error);
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
      cmocka_unit_test(one_cycle_is_that_of_pytorch),
      cmocka_unit_test(the_others_by_hand),
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
