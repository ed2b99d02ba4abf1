/* hold.c: holding rows out of training. */
#include <math.h>

#include "runtime/io/data.h"
#include "runtime/random.h"

/* A number 0..bound-1, each as likely. Numbers of the last round of bound, which is not whole, are thrown
 * away. */
static uint64_t random_below(uint64_t *state, uint64_t bound) {
  uint64_t limit = UINT64_MAX - UINT64_MAX % bound, x;
  do x = rt_mix64(*state += RT_GOLDEN);
  while (x >= limit);
  return x % bound;
}

/* Marks the last n rows of the shuffle; order is scratch for it. */
static void mark_held(int64_t *order, int64_t rows, int64_t n, uint64_t seed, bool *marks) {
  for (int64_t i = 0; i < rows; i++) order[i] = i;
  for (int64_t i = rows - 1; i >= rows - n; i--) {
    int64_t j = (int64_t)random_below(&seed, (uint64_t)i + 1);
    marks[order[j]] = true;
    order[j] = order[i];
  }
}

int io_hold(int64_t rows, double fraction, uint64_t seed, struct io_split *split, struct rt_error *error) {
  *split = (struct io_split){0};
  if (!(fraction > 0 && fraction < 1))
    return rt_fail(error, RT_USAGE, "the part to hold out must be between 0 and 1, not %g", fraction);
  if (rows < 2)
    return rt_fail(error, RT_BAD_DATA, "%lld row%s cannot be split", (long long)rows, rows == 1 ? "" : "s");
  int64_t *numbers = rt_zalloc((size_t)rows, sizeof *numbers);
  bool *marks = rt_zalloc((size_t)rows, sizeof *marks);
  if (!numbers || !marks) {
    rt_free(numbers);
    rt_free(marks);
    return rt_no_memory(error);
  }
  int64_t n = llround((double)rows * fraction);
  n = n < 1 ? 1 : n > rows - 1 ? rows - 1 : n;
  mark_held(numbers, rows, n, seed, marks);
  split->kept = numbers;
  split->held = numbers + (rows - n);
  for (int64_t i = 0; i < rows; i++)
    if (marks[i])
      split->held[split->held_count++] = i;
    else
      split->kept[split->kept_count++] = i;
  rt_free(marks);
  return RT_OK;
}
