/* test_along.c: running sums, thresholds of rows and picks from tables against plain loops in double, on random ragged shapes. */
#include "tests/unit/ragged.h"

enum { TRIALS = 60, LONGEST = 200 };

/* Axes 0.. of a random shape: fixed sizes from 0, and ragged ones when it is per example. */
static int random_axes(int *axes, int most_rank, bool batched, int longest)
{
  int rank = (int)below(most_rank + 1);
  for (int a = 0; a < rank; a++)
    axes[a] = batched && below(3) == 0 ? (below(2) ? RAGGED : OTHER) : (int)below(below(4) ? 7 : longest);
  return rank;
}

static struct batch batch_for(int trial)
{
  return random_batch(trial % 8 == 0 ? 60 : 12);
}

/* ---- cumsum ---- */

static void running_sum(struct value *y, const struct value *a, int axis, bool reverse)
{
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

static void cumsum_trial(const struct batch *b, bool batched, int rank, const int *axes, int axis)
{
  struct value a, y, *in[] = { &a };
  int64_t attr[RT_MAX_ATTR] = { axis, below(2) };
  value_init(&a, b, batched, rank, axes);
  value_init(&y, b, batched, rank, axes);
  value_random(&a);
  running_sum(&y, &a, axis, attr[1]);
  check(OP_cumsum, &(struct rt_call){ .attr = attr, .examples = b->examples }, 1, in, &y, 1e-6);
  value_free(&a);
  value_free(&y);
}

static void cumsum_adds_up(void **state)
{
  (void)state;
  for (int trial = 0; trial < 3 * TRIALS; trial++) {
    struct batch b = batch_for(trial);
    bool batched = below(4);
    int axes[3], rank = random_axes(axes, 3, batched, trial % 8 ? 20 : LONGEST);
    if (rank > 0)
      cumsum_trial(&b, batched, rank, axes, (int)below(rank));
  }
  struct batch one = { .examples = 1 };
  cumsum_trial(&one, false, 3, (const int[]){ 3, 50, 300 }, 1);
  cumsum_trial(&one, false, 1, (const int[]){ 3000 }, 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(cumsum_adds_up),
  };
  return cmocka_run_group_tests(tests, make_pools, free_pools);
}
