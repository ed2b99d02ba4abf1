/* test_along.c: running sums, thresholds of rows and picks from tables against plain loops in double, on
 * random ragged shapes. */
#include "tests/unit/ragged.h"

#include "runtime/threshold.h"

enum { TRIALS = 60, LONGEST = 200 };

/* Axes 0.. of a random shape: fixed sizes from 0, and ragged ones when it is per example. */
static int random_axes(int *axes, int most_rank, bool batched, int longest) {
  int rank = (int)below(most_rank + 1);
  for (int a = 0; a < rank; a++)
    axes[a] = batched && below(3) == 0 ? (below(2) ? RAGGED : OTHER) : (int)below(below(4) ? 7 : longest);
  return rank;
}

static struct batch batch_for(int trial) { return random_batch(trial % 8 == 0 ? 60 : 12); }

/* ---- cumsum ---- */

static void running_sum(struct value *y, const struct value *a, int axis, bool reverse) {
  struct walk w;
  for (int64_t e = 0; e < a->shape.examples; e++)
    for (walk_start(&w, a, e); w.on; walk_next(&w)) {
      int64_t here = w.index[axis], n = w.size[axis];
      double sum = 0;
      for (int64_t i = reverse ? here : 0; i < (reverse ? n : here + 1); i++) {
        w.index[axis] = i;
        sum += a->number[at(a, e, w.index)];
      }
      w.index[axis] = here;
      y->number[at(y, e, w.index)] = sum;
    }
}

static void cumsum_trial(const struct batch *b, bool batched, int rank, const int *axes, int axis) {
  struct value a, y, *in[] = {&a};
  int64_t attr[RT_MAX_ATTR] = {axis, below(2)};
  value_init(&a, b, batched, rank, axes);
  value_init(&y, b, batched, rank, axes);
  value_random(&a);
  running_sum(&y, &a, axis, attr[1]);
  check(OP_cumsum, &(struct rt_call){.attr = attr, .examples = b->examples}, 1, in, &y, 1e-6);
  value_free(&a);
  value_free(&y);
}

/* ---- forward_chain ---- */

static double log_of_sum(const double *x, int n) {
  double most = -INFINITY, sum = 0;
  for (int k = 0; k < n; k++) most = fmax(most, x[k]);
  for (int k = 0; k < n; k++) sum += exp(x[k] - most);
  return most + log(sum);
}

enum { MOST_CHOICES = 150 };

/* y of one example: t positions, n choices. */
static void pass_forward(const double *score, int64_t t, int n, double *y) {
  double ways[MOST_CHOICES];
  for (int64_t k = 0; k < t; k++) {
    double all = k ? log_of_sum(y + (k - 1) * n, n) : 0;
    for (int b = 0; b < n; b++) {
      double mean = 0;
      for (int a = 0; a < n; a++) {
        double one = score[(k * n + a) * n + b];
        mean += one / n;
        ways[a] = (k ? y[(k - 1) * n + a] - all : 0) + one;
      }
      y[k * n + b] = k ? log_of_sum(ways, n) : mean;
    }
  }
}

static void forward_trial(const struct batch *b, bool batched, int length, int n) {
  struct value a, y, *in[] = {&a};
  value_init(&a, b, batched, 3, (const int[]){length, n, n});
  value_init(&y, b, batched, 2, (const int[]){length, n});
  value_random(&a);
  int64_t done = 0; /* positions of the examples before */
  for (int64_t e = 0; e < a.shape.examples; e++) {
    int64_t t = rt_size(&a.shape, 0, e);
    pass_forward(a.number + done * n * n, t, n, y.number + done * n);
    done += t;
  }
  check(OP_forward_chain, &(struct rt_call){.examples = b->examples}, 1, in, &y, 1e-5);
  value_free(&a);
  value_free(&y);
}

static void chains_go_forward(void **state) {
  (void)state;
  for (int trial = 0; trial < TRIALS; trial++) {
    struct batch b = batch_for(trial);
    bool batched = below(4);
    forward_trial(&b, batched, batched ? RAGGED : (int)below(6), (int)below(trial % 8 ? 7 : MOST_CHOICES));
  }
  struct batch one = {.examples = 1};
  forward_trial(&one, false, 3000, 5);
}

static void cumsum_adds_up(void **state) {
  (void)state;
  for (int trial = 0; trial < 3 * TRIALS; trial++) {
    struct batch b = batch_for(trial);
    bool batched = below(4);
    int axes[3], rank = random_axes(axes, 3, batched, trial % 8 ? 20 : LONGEST);
    if (rank > 0) cumsum_trial(&b, batched, rank, axes, (int)below(rank));
  }
  struct batch one = {.examples = 1};
  cumsum_trial(&one, false, 3, (const int[]){3, 50, 300}, 1);
  cumsum_trial(&one, false, 1, (const int[]){3000}, 0);
}

/* ---- threshold ---- */

/* The u with sum of relu((alpha - 1) (a - top) + u)^(1/(alpha-1)) = 1, by bisection; tau is (alpha - 1) top -
 * u. */
static double entmax_tau(const double *a, int64_t n, double alpha) {
  long double top = -INFINITY, low = 0, high = 1;
  for (int64_t j = 0; j < n; j++) top = a[j] > top ? a[j] : top;
  if (top == -INFINITY) return 0;
  for (int step = 0; step < 200; step++) {
    long double u = (low + high) / 2, sum = 0;
    for (int64_t j = 0; j < n; j++) {
      long double x = (alpha - 1) * (a[j] - top) + u;
      sum += x > 0 ? powl(x, 1 / ((long double)alpha - 1)) : 0;
    }
    *(sum < 1 ? &low : &high) = u;
  }
  return (double)((alpha - 1) * top - high);
}

static int descending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x < y) - (x > y);
}

static double kth_largest(const double *a, int64_t n, int64_t k) {
  double sorted[LONGEST * 16];
  assert_true(n <= (int64_t)RT_COUNT(sorted));
  if (n == 0) return -INFINITY;
  memcpy(sorted, a, (size_t)n * sizeof *a);
  qsort(sorted, (size_t)n, sizeof *sorted, descending);
  while (n > 1 && sorted[n - 1] == -INFINITY) n--;
  return sorted[(k < n ? k : n) - 1];
}

/* Numbers of many sizes, with ties and hidden ones. */
static void random_scores(struct value *v) {
  static const double scales[] = {1, 1, 5, 0.01, 1e-4, 40};
  double scale = scales[below(RT_COUNT(scales))], shift = below(2) ? 0 : 4;
  bool ties = below(3) == 0, hidden = below(3) == 0;
  for (int64_t i = 0; i < v->shape.count; i++) {
    double x = ties ? (double)below(5) - 2 : 2 * uniform() - 1;
    v->number[i] = hidden && below(3) == 0 ? -INFINITY : (float)(scale * x + shift);
  }
}

/* Rows that mislead who looks at some of their numbers only, one after the other. */
static void misleading_scores(struct value *v, int64_t n) {
  for (int64_t i = 0; i < v->shape.count; i++) {
    const int64_t row = i / n, j = i % n, apart = n < 256 ? 2 : n / 128;
    const double at = (double)j / (double)n, few = below(n / 20) == 0;
    switch (row % 12) {
      case 0: v->number[i] = 3; break;
      case 1: v->number[i] = at; break;
      case 2: v->number[i] = -at; break;
      case 3: v->number[i] = j == n - 2 ? 40 : 1; break;
      case 4: v->number[i] = j % apart ? (double)below(1000) : -5; break;
      case 5: v->number[i] = j % apart ? (double)below(1000) * -0.01 : 6; break;
      case 6: v->number[i] = few ? uniform() : -INFINITY; break;
      case 7: v->number[i] = -INFINITY; break;
      case 8: v->number[i] = ldexp(1 + uniform(), -120); break;
      case 9: v->number[i] = 1e37 * (2 * uniform() - 1); break;
      case 10: v->number[i] = few ? 3 + 1e-6 * (double)j : 3; break;
      default: v->number[i] = pow(-1, (double)j) * ldexp(1, (int)below(200) - 100);
    }
    v->number[i] = (float)v->number[i];
  }
}

struct sought {
  enum rt_threshold kind;
  double parameter;
  bool misleading; /* in rows that are */
};

static void threshold_trial(const struct batch *b, bool batched, int rank, const int *axes,
                            struct sought of) {
  const enum rt_threshold kind = of.kind;
  const double parameter = of.parameter;
  struct value a, tau, *in[] = {&a};
  int64_t attr[RT_MAX_ATTR] = {kind};
  value_init(&a, b, batched, rank, axes);
  value_init(&tau, b, batched, rank - 1, axes);
  if (of.misleading)
    misleading_scores(&a, axes[rank - 1]);
  else
    random_scores(&a);
  for (int64_t e = 0; e < a.shape.examples; e++) {
    int64_t n = rt_size(&a.shape, rank - 1, e);
    for (int64_t r = 0; r < tau.offset[e + 1] - tau.offset[e]; r++) {
      const double *row = a.number + a.offset[e] + r * n;
      tau.number[tau.offset[e] + r] =
          kind == RT_KTH ? kth_largest(row, n, (int64_t)parameter) : entmax_tau(row, n, parameter);
    }
  }
  check(OP_threshold, &(struct rt_call){.attr = attr, .real = parameter, .examples = b->examples}, 1, in,
        &tau, kind == RT_KTH ? 0 : 2e-6);
  value_free(&a);
  value_free(&tau);
}

static void threshold_trials(enum rt_threshold kind, double parameter) {
  struct batch one = {.examples = 1};
  for (int trial = 0; trial < TRIALS; trial++) {
    struct batch b = batch_for(trial);
    bool batched = below(4);
    int axes[3] = {1, 1, 1}, rank = random_axes(axes, 3, batched, trial % 8 ? 20 : LONGEST);
    threshold_trial(&b, batched, rank ? rank : 1, axes, (struct sought){kind, parameter, false});
  }
  threshold_trial(&one, false, 2, (const int[]){150, 70}, (struct sought){kind, parameter, false});
  threshold_trial(&one, false, 2, (const int[]){3, LONGEST * 16}, (struct sought){kind, parameter, false});
  const int rows = kind == RT_KTH ? 77 : 12, n = kind == RT_KTH ? LONGEST * 5 : LONGEST / 2;
  threshold_trial(&one, false, 2, (const int[]){rows, n}, (struct sought){kind, parameter, true});
}

static void threshold_of_entmax(void **state) {
  (void)state;
  static const double alphas[] = {2, 1.5, 1.25, 1.1, 1.01, 1.7, 2.5, 4};
  for (size_t k = 0; k < RT_COUNT(alphas); k++) threshold_trials(RT_ENTMAX, alphas[k]);
}

/* Thresholds of a row, and of many side by side: the same to the last bit, whatever is left of the others. */
static void threshold_beside_others(double alpha, enum rt_isa isa) {
  enum { ROWS = 64, N = 301 };
  float number[ROWS * N], together[ROWS], alone;
  const struct batch one = {.examples = 1};
  int64_t attr[RT_MAX_ATTR] = {RT_ENTMAX};
  for (int i = 0; i < ROWS * N; i++)
    number[i] = (float)((uniform() + uniform() + uniform()) * (2 + i / N % 6));
  for (int row = -1; row < ROWS; row++) {
    struct rt_shape from = shape_of(&one, false, 2, (const int[]){row < 0 ? ROWS : 1, N}),
                    to = shape_of(&one, false, 1, (const int[]){row < 0 ? ROWS : 1});
    struct rt_tensor in = {row < 0 ? number : number + row * N, &from},
                     out = {row < 0 ? together : &alone, &to};
    struct rt_call call = {.attr = attr, .real = alpha, .examples = 1, .pool = pools[0]};
    call.in_count = call.out_count = 1;
    call.in = &in;
    call.out = &out;
    run_op(OP_threshold, RT_F32, isa, &call);
    if (row >= 0) assert_memory_equal(&alone, &together[row], sizeof alone);
  }
}

static void threshold_of_a_row_is_its_own(void **state) {
  static const double alphas[] = {2, 1.5, 1.3, 1.1, 2.3};
  (void)state;
  for (int isa = 0; isa <= (int)rt_best_isa(); isa++)
    for (size_t k = 0; k < 4 * RT_COUNT(alphas); k++)
      threshold_beside_others(alphas[k % RT_COUNT(alphas)], (enum rt_isa)isa);
}

static void threshold_finds_the_kth_largest(void **state) {
  (void)state;
  static const double ks[] = {1, 2, 3, 8, 64, 250, 999, 1000, INT32_MAX};
  for (size_t k = 0; k < RT_COUNT(ks); k++) threshold_trials(RT_KTH, ks[k]);
}

/* ---- take ---- */

/* Where an index points in its table; -1 when that is empty. */
static int64_t picked(const struct value *table, int64_t mask, const struct walk *w, int64_t e,
                      double index) {
  int64_t place[4], kept = 0, n = rt_size(&table->shape, table->shape.rank - 1, e);
  for (int x = 0; x < w->rank; x++)
    if (mask >> x & 1) place[kept++] = w->index[x];
  double last = (double)(n - 1), inside = index > 0 ? index < last ? index : last : 0;
  place[kept] = (int64_t)floor(inside + 0.5);
  return n ? at(table, e, place) : -1;
}

static void take_trial(const struct batch *b, bool batched, bool own, int rank, const int *axes, int64_t mask,
                       int n) {
  struct value table, index, y, grad, *takes[] = {&table, &index}, *gives[] = {&index, &y};
  int kept[4], count = 0;
  for (int x = 0; x < rank; x++)
    if (mask >> x & 1) own |= axes[x] < 0, kept[count++] = axes[x];
  kept[count++] = n;
  value_init(&index, b, batched, rank, axes);
  value_init(&y, b, batched, rank, axes);
  value_init(&table, b, own, count, kept);
  value_init(&grad, b, batched, count, kept);
  value_random(&table);
  for (int64_t i = 0; i < index.shape.count; i++)
    index.number[i] = below(20) ? (float)(uniform() * 30 - 5) : NAN;
  struct walk w;
  for (int64_t e = 0; e < y.shape.examples; e++)
    for (walk_start(&w, &y, e); w.on; walk_next(&w)) {
      int64_t from = picked(&table, mask, &w, e, index.number[at(&index, e, w.index)]);
      y.number[at(&y, e, w.index)] = from < 0 ? 0 : table.number[from];
    }
  check(OP_take, &(struct rt_call){.attr = &mask, .examples = b->examples}, 2, takes, &y, 0);
  value_random(&y);
  for (int64_t e = 0; e < y.shape.examples; e++)
    for (walk_start(&w, &y, e); w.on; walk_next(&w)) {
      int64_t to = picked(&grad, mask, &w, e, index.number[at(&index, e, w.index)]);
      if (to >= 0) grad.number[to] += y.number[at(&y, e, w.index)];
    }
  check(OP_take_grad, &(struct rt_call){.attr = &mask, .examples = b->examples}, 2, gives, &grad, 2e-5);
  value_free(&table);
  value_free(&index);
  value_free(&y);
  value_free(&grad);
}

static void take_picks_and_gives_back(void **state) {
  (void)state;
  for (int trial = 0; trial < 3 * TRIALS; trial++) {
    struct batch b = batch_for(trial);
    bool batched = below(4), own = batched && below(2);
    int axes[3], rank = random_axes(axes, 3, batched, 20);
    take_trial(&b, batched, own, rank, axes, below(1 << rank),
               own && below(3) == 0 ? RAGGED : (int)below(25));
  }
  struct batch three = {.examples = 3};
  take_trial(&three, true, false, 3, (const int[]){4, 90, 90}, 1, 20);
  take_trial(&three, true, false, 3, (const int[]){4, 90, 90}, 0, 20);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(take_picks_and_gives_back),
      cmocka_unit_test(threshold_of_entmax),
      cmocka_unit_test(threshold_finds_the_kth_largest),
      cmocka_unit_test(cumsum_adds_up),
      cmocka_unit_test(chains_go_forward),
      cmocka_unit_test(threshold_of_a_row_is_its_own),
  };
  return cmocka_run_group_tests(tests, make_pools, free_pools);
}
