/* assign.c: the pairs of least cost (Kuhn 1955), by shortest ways (Jonker and Volgenant 1987).
 *
 * The shorter side are the rows here. Each gets a column in turn: the cheapest way from it to a free column,
 * over columns that others have and would give up, is found as Dijkstra does, among costs that prices of rows
 * and columns keep from being negative. n rows and m columns take n * n * m steps. */
#include <math.h>

#include "runtime/kernels/kernel.h"
#include "runtime/kernels/split.h"

enum { FREE = -1 };
#define MOST 1e290 /* of a cost, so that sums of them are numbers */

/* An example: n rows, m columns, n <= m. Column m is where a way begins. */
struct task {
  int64_t n, m, row_step, column_step; /* where in cost the next row is, the next column */
  const real *cost;
  double low, high, odd;   /* finite costs; what those count that are none */
  double *row, *column;    /* [m + 1] prices */
  double *way;             /* [m + 1] what the cheapest way to a column costs */
  int32_t *owner, *before; /* [m + 1] the row that has a column; the column before it on the way */
  int32_t *done;           /* [m + 1] */
};

/* A cost that is infinite or not a number: one such pair costs more than all others together. */
static void measure(struct task *t) {
  t->low = INFINITY, t->high = -INFINITY;
  for (int64_t k = 0; k < t->n * t->m; k++) {
    const double x = (double)t->cost[k];
    if (!isfinite(x)) continue;
    t->low = x < t->low ? x : t->low;
    t->high = x > t->high ? x : t->high;
  }
  if (t->low > t->high) t->low = t->high = 0;
  t->odd = fmin((t->high - t->low + 1) * (double)(t->n + 1), MOST);
}

/* From 0 on, so that large costs keep their differences. */
static double cost_of(const struct task *t, int64_t i, int64_t j) {
  const double x = (double)t->cost[i * t->row_step + j * t->column_step];
  return x >= t->low && x <= t->high ? fmin(x - t->low, MOST) : x < t->low ? 0 : t->odd;
}

/* Looks at the columns from the one that the way has come to; gives the cheapest that is not done. */
static int64_t look_on(struct task *t, int64_t from) {
  const int64_t i = t->owner[from];
  int64_t best = 0;
  double least = INFINITY;
  t->done[from] = 1;
  for (int64_t j = 0; j < t->m; j++) {
    if (t->done[j]) continue;
    const double x = cost_of(t, i, j) - t->row[i] - t->column[j];
    if (x < t->way[j]) {
      t->way[j] = x;
      t->before[j] = (int32_t)from;
    }
    if (t->way[j] < least) {
      least = t->way[j];
      best = j;
    }
  }
  for (int64_t j = 0; j <= t->m; j++)
    if (t->done[j]) {
      t->row[t->owner[j]] += least;
      t->column[j] -= least;
    } else
      t->way[j] -= least;
  return best;
}

static void give_column(struct task *t, int64_t i) {
  int64_t at = t->m;
  t->owner[at] = (int32_t)i;
  for (int64_t j = 0; j <= t->m; j++) {
    t->way[j] = INFINITY;
    t->done[j] = 0;
  }
  while (t->owner[at] != FREE) at = look_on(t, at);
  while (at != t->m) {
    t->owner[at] = t->owner[t->before[at]];
    at = t->before[at];
  }
}

static void run_task(struct task *t, void *scratch, real *y) {
  const int64_t places = t->m + 1;
  t->row = scratch;
  t->column = t->row + places;
  t->way = t->column + places;
  t->owner = (int32_t *)(void *)(t->way + places);
  t->before = t->owner + places;
  t->done = t->before + places;
  measure(t);
  for (int64_t j = 0; j <= t->m; j++) {
    t->row[j] = t->column[j] = 0;
    t->owner[j] = FREE;
  }
  for (int64_t i = 0; i < t->n; i++) give_column(t, i);
  for (int64_t k = 0; k < t->n * t->m; k++) y[k] = 0;
  for (int64_t j = 0; j < t->m; j++)
    if (t->owner[j] != FREE) y[t->owner[j] * t->row_step + j * t->column_step] = 1;
}

struct assigning {
  const struct rt_call *call;
};

static void assign_example(void *context, int64_t e, void *scratch) {
  const struct rt_call *call = ((struct assigning *)context)->call;
  const struct rt_shape *s = call->in[0].shape;
  const int64_t rows = rt_size(s, 0, e), columns = rt_size(s, 1, e), first = rt_offset(s, e);
  const bool turned = rows > columns;
  struct task t = {.n = turned ? columns : rows,
                   .m = turned ? rows : columns,
                   .row_step = turned ? 1 : columns,
                   .column_step = turned ? columns : 1,
                   .cost = in_data(call, 0) + first};
  run_task(&t, scratch, out_data(call, 0) + first);
}

void KERNEL(assign)(const struct rt_call *call) {
  const struct rt_shape *s = call->in[0].shape;
  struct assigning job = {call};
  if (s->count) rt_parallel(call->pool, s->batched ? s->examples : 1, assign_example, &job);
}

/* Numbers for each of the longer side, and one more of each kind. */
size_t KERNEL(assign_scratch)(const struct rt_call *call) {
  const struct rt_shape *s = call->in[0].shape;
  int64_t longer = 0;
  for (int64_t e = 0; e < (s->ragged ? s->examples : 1); e++)
    longer = split_max(longer, split_max(rt_size(s, 0, e), rt_size(s, 1, e)));
  return ((size_t)longer + 1) * (3 * sizeof(double) + 3 * sizeof(int32_t));
}
