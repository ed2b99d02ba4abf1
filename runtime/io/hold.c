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

/* Makes room for a split, and for a mark of each row that is held. */
static int begin_split(int64_t rows, struct io_split *split, bool **marks, struct rt_error *error) {
  *split = (struct io_split){.kept = rt_zalloc((size_t)rows, sizeof *split->kept)};
  *marks = rt_zalloc((size_t)rows, sizeof **marks);
  if (split->kept && *marks) return RT_OK;
  rt_free(split->kept);
  rt_free(*marks);
  *split = (struct io_split){0};
  return rt_no_memory(error);
}

/* held: how many rows are marked. Frees the marks. */
static void end_split(int64_t rows, int64_t held, bool *marks, struct io_split *split) {
  split->held = split->kept + (rows - held);
  for (int64_t i = 0; i < rows; i++)
    if (marks[i])
      split->held[split->held_count++] = i;
    else
      split->kept[split->kept_count++] = i;
  rt_free(marks);
}

int io_hold_last(const struct io_dataset *data, struct io_split *split, struct rt_error *error) {
  const struct io_groups *groups = &data->groups;
  const int64_t rows = data->rows;
  bool *marks, *met = rt_zalloc((size_t)groups->values.count + 1, sizeof *met);
  *split = (struct io_split){0};
  if (!met) return rt_no_memory(error);
  int status = rows > groups->values.count ? begin_split(rows, split, &marks, error)
                                           : rt_fail_in(error, RT_BAD_DATA, data->name,
                                                        "each value has one row: no row would be left to "
                                                        "learn from when the last one of each is held back");
  for (int64_t i = rows - 1; status == RT_OK && i >= 0; i--) {
    marks[i] = !met[groups->of[i]];
    met[groups->of[i]] = true;
  }
  if (status == RT_OK) end_split(rows, groups->values.count, marks, split);
  rt_free(met);
  return status;
}

int io_hold(int64_t rows, double fraction, uint64_t seed, struct io_split *split, struct rt_error *error) {
  *split = (struct io_split){0};
  if (!(fraction > 0 && fraction < 1))
    return rt_fail(error, RT_USAGE, "the part to hold out must be between 0 and 1, not %g", fraction);
  if (rows < 2)
    return rt_fail(error, RT_BAD_DATA, "%lld row%s cannot be split", (long long)rows, rows == 1 ? "" : "s");
  bool *marks;
  int status = begin_split(rows, split, &marks, error);
  if (status != RT_OK) return status;
  int64_t n = llround((double)rows * fraction);
  n = n < 1 ? 1 : n > rows - 1 ? rows - 1 : n;
  mark_held(split->kept, rows, n, seed, marks);
  end_split(rows, n, marks, split);
  return RT_OK;
}
