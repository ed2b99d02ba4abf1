/* test_rows.c: kernels along the last axis, and cross entropy, against plain loops in double; gradients
 * against central differences. */
#include "tests/unit/ragged.h"

enum { TRIALS = 50, LONGEST = 200 };

static void random_rows(struct value *v, struct value *heads, const struct batch *b, bool batched) {
  int axes[3], rank = (int)below(3);
  for (int a = 0; a < rank; a++)
    axes[a] = a == 0 && batched && below(2) ? (below(2) ? RAGGED : OTHER) : (int)below(6);
  value_init(heads, b, batched, rank, axes);
  axes[rank] = batched && below(3) == 0 ? RAGGED : below(2) ? 1 + (int)below(8) : (int)below(LONGEST);
  value_init(v, b, batched, rank + 1, axes);
  value_random(v);
}

/* Calls body for each row of v, with the rows of other and y that lie where it does. */
typedef void row_body(const double *a, const double *other, int64_t n, double real, double *y);
static void each_row(const struct value *v, row_body *body, const double *other, double eps, double *y) {
  for (int64_t e = 0; e < v->shape.examples; e++) {
    int64_t n = rt_size(&v->shape, v->shape.rank - 1, e);
    for (int64_t i = v->offset[e]; i < v->offset[e + 1]; i += n)
      body(v->number + i, other ? other + i : NULL, n, eps, y + i);
  }
}

static void softmax_row(const double *a, const double *other, int64_t n, double real, double *y) {
  (void)other, (void)real;
  double sum = 0;
  for (int64_t i = 0; i < n; i++) sum += exp(a[i]);
  for (int64_t i = 0; i < n; i++) y[i] = exp(a[i]) / sum;
}

static void log_softmax_row(const double *a, const double *other, int64_t n, double real, double *y) {
  softmax_row(a, other, n, real, y);
  for (int64_t i = 0; i < n; i++) y[i] = log(y[i]);
}

/* In long double, for the differences that are taken of it. */
static void norm_row(const long double *a, int64_t n, double eps, bool centre, long double *y) {
  long double mean = 0, square = 0;
  for (int64_t i = 0; i < n; i++) mean += centre ? a[i] / (long double)n : 0;
  for (int64_t i = 0; i < n; i++) square += (a[i] - mean) * (a[i] - mean) / (long double)n;
  for (int64_t i = 0; i < n; i++) y[i] = (a[i] - mean) / sqrtl(square + (long double)eps);
}

static void norm_row_of(const double *a, int64_t n, double eps, bool centre, double *y) {
  long double x[LONGEST] = {0}, z[LONGEST];
  for (int64_t i = 0; i < n; i++) x[i] = a[i];
  norm_row(x, n, eps, centre, z);
  for (int64_t i = 0; i < n; i++) y[i] = (double)z[i];
}

static void standardize_row(const double *a, const double *other, int64_t n, double eps, double *y) {
  (void)other;
  norm_row_of(a, n, eps, true, y);
}

static void rms_row(const double *a, const double *other, int64_t n, double eps, double *y) {
  (void)other;
  norm_row_of(a, n, eps, false, y);
}

/* da[i] = sum of dy over the change of y when a[i] changes; differences over four points are exact to h^4. */
static void differences(const double *a, const double *dy, int64_t n, double eps, bool centre, double *da) {
  static const long double step[] = {1, -1, 2, -2}, weight[] = {8, -8, -1, 1}, h = 1e-4L;
  long double x[LONGEST] = {0}, y[LONGEST];
  for (int64_t i = 0; i < n; i++) {
    long double sum = 0;
    for (int s = 0; s < 4; s++) {
      for (int64_t k = 0; k < n; k++) x[k] = a[k] + (k == i ? step[s] * h : 0);
      norm_row(x, n, eps, centre, y);
      for (int64_t k = 0; k < n; k++) sum += dy[k] * weight[s] * y[k] / (12 * h);
    }
    da[i] = (double)sum;
  }
}

static void standardize_grad_row(const double *a, const double *dy, int64_t n, double eps, double *da) {
  differences(a, dy, n, eps, true, da);
}

static void rms_grad_row(const double *a, const double *dy, int64_t n, double eps, double *da) {
  differences(a, dy, n, eps, false, da);
}

static void rows_are_right(enum rt_op op, row_body *body, bool gradient) {
  for (int trial = 0; trial < TRIALS; trial++) {
    struct batch b = random_batch(trial % 8 == 0 ? 150 : 20);
    struct value a, heads, y, dy, *in[] = {&a, &dy};
    bool batched = below(4);
    random_rows(&a, &heads, &b, batched);
    int axes[4];
    for (int x = 0; x < a.shape.rank; x++)
      axes[x] = a.shape.each[x] == b.each[0] ? RAGGED : a.shape.each[x] ? OTHER : (int)a.shape.size[x];
    value_init(&y, &b, batched, a.shape.rank, axes);
    value_init(&dy, &b, batched, a.shape.rank, axes);
    value_random(&dy);
    each_row(&a, body, dy.number, 0.1, y.number);
    struct rt_call call = {.real = 0.1, .examples = b.examples};
    check(op, &call, gradient ? 2 : 1, in, &y, 2e-5);
    value_free(&a);
    value_free(&heads);
    value_free(&y);
    value_free(&dy);
  }
}

static void softmax_sums_to_one(void **state) {
  (void)state;
  rows_are_right(OP_softmax, softmax_row, false);
}
static void log_softmax_is_its_log(void **state) {
  (void)state;
  rows_are_right(OP_log_softmax, log_softmax_row, false);
}
static void standardize_centres_and_scales(void **state) {
  (void)state;
  rows_are_right(OP_standardize, standardize_row, false);
}
static void rms_scales(void **state) {
  (void)state;
  rows_are_right(OP_rms, rms_row, false);
}
static void standardize_grad_agrees(void **state) {
  (void)state;
  rows_are_right(OP_standardize_grad, standardize_grad_row, true);
}
static void rms_grad_agrees(void **state) {
  (void)state;
  rows_are_right(OP_rms_grad, rms_grad_row, true);
}

/* y of each row of a: its product with the row of b that lies at the same place along the axes that b has. */
static void dot_by_loops(const struct value *a, const struct value *b, int64_t axes, struct value *y) {
  for (int64_t e = 0; e < a->shape.examples; e++) {
    struct walk w;
    for (walk_start(&w, a, e); w.on; walk_next(&w)) {
      int64_t index[RT_MAX_RANK], kept = 0;
      for (int x = 0; x < a->shape.rank; x++)
        if (axes >> x & 1) index[kept++] = w.index[x];
      y->number[at(y, e, w.index)] += a->number[at(a, e, w.index)] * b->number[at(b, e, index)];
    }
  }
}

static void dot_trial(const struct batch *batch, bool batched, int rank, const int *axes, int64_t mask,
                      bool own) {
  struct value a, b, y, *in[] = {&a, &b};
  int kept[RT_MAX_RANK], count = 0;
  for (int x = 0; x < rank; x++)
    if (mask >> x & 1) {
      kept[count++] = axes[x];
      own = own || axes[x] < 0;
    }
  value_init(&a, batch, batched, rank, axes);
  value_init(&b, batch, batched && own, count, kept);
  value_init(&y, batch, batched, rank - 1, axes);
  value_random(&a);
  value_random(&b);
  dot_by_loops(&a, &b, mask, &y);
  check(OP_dot, &(struct rt_call){.attr = &mask, .examples = batch->examples}, 2, in, &y, 2e-5);
  value_free(&a);
  value_free(&b);
  value_free(&y);
}

static void dot_multiplies_rows(void **state) {
  (void)state;
  for (int trial = 0; trial < 8 * TRIALS; trial++) {
    struct batch batch = random_batch(trial % 8 == 0 ? 150 : 20);
    bool batched = below(4);
    int axes[4], rank = 1 + (int)below(trial % 8 == 0 ? 3 : 4);
    for (int x = 0; x < rank; x++)
      axes[x] = batched && below(3) == 0 && (trial % 8 || x == 0) ? (below(2) ? RAGGED : OTHER)
                                                                  : (int)below(x == rank - 1 ? 100 : 6);
    if (rank == 4 && axes[0] < 0) axes[1] = 3, axes[2] = 2;
    int64_t last = (int64_t)1 << (rank - 1), mask = below(3) ? last | below(last) : 2 * last - 1;
    dot_trial(&batch, batched, rank, axes, mask, below(3));
  }
  struct batch one = {.examples = 1}, three = {.examples = 3};
  for (int64_t mask = 4; mask < 8; mask++) { /* cut into many tasks */
    dot_trial(&one, true, 3, (const int[]){900, 8, 64}, mask, true);
    dot_trial(&three, true, 3, (const int[]){700, 3, 50}, mask, mask % 2);
  }
}

static void extremes_do_not_overflow(void **state) {
  (void)state;
  struct batch b = {.examples = 1};
  int axes[] = {4, 3};
  static const double in[] = {1000,      1000,      -1000,     -INFINITY, 0,     0,
                              -INFINITY, -INFINITY, -INFINITY, -1e30,     -1e30, -1e30};
  static const double softmax[] = {.5, .5, 0, 0, .5, .5, 0, 0, 0, 1. / 3, 1. / 3, 1. / 3};
  struct value a, y, *arg[] = {&a};
  value_init(&a, &b, true, 2, axes);
  value_init(&y, &b, true, 2, axes);
  memcpy(a.number, in, sizeof in);
  memcpy(y.number, softmax, sizeof softmax);
  check(OP_softmax, &(struct rt_call){.examples = 1}, 1, arg, &y, 1e-6);
  value_free(&a);
  value_free(&y);
}

/* shared: the logits of all examples are the same parameter. */
static void cross_entropy_trial(bool shared, int trial) {
  struct batch b = random_batch(trial % 8 == 0 ? 150 : 20);
  struct value logits, target, loss, dy, da;
  int axes[3] = {2, 3}, rank = (int)below(3);
  bool batched = shared || below(4);
  if (!shared)
    for (int a = 0; a < rank; a++) axes[a] = a == 0 && batched && below(2) ? RAGGED : (int)below(6);
  value_init(&target, &b, batched, rank, axes);
  value_init(&loss, &b, batched, rank, axes);
  value_init(&dy, &b, batched, rank, axes);
  int classes = axes[rank] = 1 + (int)below(90);
  value_init(&logits, &b, batched && !shared, rank + 1, axes);
  value_init(&da, &b, batched, rank + 1, axes);
  value_ids(&target, classes);
  value_random(&logits);
  value_random(&dy);
  for (int64_t i = 0; i < loss.shape.count; i++) {
    const double *a = logits.number + (shared ? i % (logits.shape.count / classes) : i) * classes;
    double sum = 0;
    for (int k = 0; k < classes; k++) sum += exp(a[k]);
    int t = target.id[i];
    loss.number[i] = t < 0 ? 0 : log(sum) - a[t];
    for (int k = 0; k < classes; k++)
      da.number[i * classes + k] = t < 0 ? 0 : dy.number[i] * (exp(a[k]) / sum - (k == t));
  }
  struct rt_call call = {.examples = b.examples};
  check(OP_cross_entropy, &call, 2, (struct value *[]){&logits, &target}, &loss, 1e-5);
  check(OP_cross_entropy_grad, &call, 3, (struct value *[]){&logits, &target, &dy}, &da, 1e-5);
  value_free(&logits);
  value_free(&target);
  value_free(&loss);
  value_free(&dy);
  value_free(&da);
}

static void cross_entropy_and_its_gradient(void **state) {
  (void)state;
  for (int trial = 0; trial < TRIALS; trial++) cross_entropy_trial(trial % 4 == 3, trial);
}

static void a_target_that_is_no_class_is_not_a_number(void **state) {
  (void)state;
  struct batch b = {.examples = 1};
  int axes[] = {5};
  struct value logits, target, loss;
  value_init(&logits, &b, true, 1, axes);
  value_init(&target, &b, true, 0, axes);
  value_init(&loss, &b, true, 0, axes);
  value_ids(&target, 1);
  target.id[0] = 5;
  loss.number[0] = NAN;
  check(OP_cross_entropy, &(struct rt_call){.examples = 1}, 2, (struct value *[]){&logits, &target}, &loss,
        0);
  value_free(&logits);
  value_free(&target);
  value_free(&loss);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(softmax_sums_to_one),
      cmocka_unit_test(log_softmax_is_its_log),
      cmocka_unit_test(extremes_do_not_overflow),
      cmocka_unit_test(standardize_centres_and_scales),
      cmocka_unit_test(rms_scales),
      cmocka_unit_test(standardize_grad_agrees),
      cmocka_unit_test(rms_grad_agrees),
      cmocka_unit_test(dot_multiplies_rows),
      cmocka_unit_test(cross_entropy_and_its_gradient),
      cmocka_unit_test(a_target_that_is_no_class_is_not_a_number),
  };
  return cmocka_run_group_tests(tests, make_pools, free_pools);
}
