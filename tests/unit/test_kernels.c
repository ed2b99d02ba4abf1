/* test_kernels.c: kernels of shapes, reductions, rows and tables against plain loops in double, on random
 * ragged shapes. */
#include "tests/unit/ragged.h"

enum { TRIALS = 60, RAGGED_SIZE = 70, SMALL = 300, LARGE = 20000 };

/* A random shape of at most about `most` numbers in an example, when a ragged dim is RAGGED_SIZE: the sizes 0
 * and 1 and ragged ones are as likely as others. */
static int random_axes(int *axes, int most_rank, bool batched, int64_t most) {
  static const int sizes[] = {0, 1, 2, 3, 5, 7, 17, 33, 64, 70, 3, 16, 4, 8};
  int rank = (int)below(most_rank + 1);
  int64_t count = 1;
  for (int a = 0; a < rank; a++) {
    int64_t kind = below(5);
    axes[a] = batched && kind == 0 ? RAGGED : batched && kind == 1 ? OTHER : sizes[below(RT_COUNT(sizes))];
    if (axes[a] == 0 && below(4)) axes[a] = 6;
    int64_t size = axes[a] < 0 ? RAGGED_SIZE : axes[a] ? axes[a] : 1;
    if (count * size > most) axes[a] = (int)(size = 1);
    count *= size;
  }
  return rank;
}

static struct batch batch_for(int trial) { return random_batch(trial % 8 == 0 ? 150 : 20); }

/* ---- expand, sum, maximum ---- */

static void pick(const int64_t *index, int rank, int64_t mask, int64_t *kept) {
  for (int a = 0, k = 0; a < rank; a++)
    if (mask >> a & 1) kept[k++] = index[a];
}

static void random_fold(struct value *big, struct value *small, const struct batch *b, int64_t *mask,
                        bool small_batched) {
  int axes[4], kept[4], rank, n = 0;
  bool batched = small_batched || below(4);
  rank = random_axes(axes, 4, batched, LARGE);
  *mask = below(1 << rank);
  for (int a = 0; a < rank; a++) {
    if (!small_batched && axes[a] < 0) *mask &= ~(INT64_C(1) << a); /* what is shared has no ragged axes */
    if (*mask >> a & 1) kept[n++] = axes[a];
  }
  value_init(big, b, batched, rank, axes);
  value_init(small, b, small_batched, n, kept);
}

static void expand_repeats(void **state) {
  (void)state;
  for (int trial = 0; trial < TRIALS; trial++) {
    struct batch b = batch_for(trial);
    struct value big, small, *in[] = {&small};
    int64_t mask, kept[4];
    random_fold(&big, &small, &b, &mask, below(2));
    value_random(&small);
    struct walk w;
    for (int64_t e = 0; e < big.shape.examples; e++)
      for (walk_start(&w, &big, e); w.on; walk_next(&w)) {
        pick(w.index, w.rank, mask, kept);
        big.number[at(&big, e, w.index)] = small.number[at(&small, e, kept)];
      }
    check(OP_expand, &(struct rt_call){.attr = &mask, .examples = b.examples}, 1, in, &big, 0);
    value_free(&big);
    value_free(&small);
  }
}

static void reduce_and_compare(enum rt_op op, const struct batch *b, int64_t mask, struct value *big,
                               struct value *small) {
  struct value *in[] = {big};
  int64_t kept[4];
  value_random(big);
  char *seen = calloc((size_t)small->shape.count + 1, 1);
  struct walk w;
  for (int64_t e = 0; e < big->shape.examples; e++)
    for (walk_start(&w, big, e); w.on; walk_next(&w)) {
      pick(w.index, w.rank, mask, kept);
      int64_t to = at(small, e, kept);
      double x = big->number[at(big, e, w.index)], *y = &small->number[to];
      *y = op == OP_sum ? *y + x : !seen[to] || x > *y ? x : *y;
      seen[to] = 1;
    }
  check(op, &(struct rt_call){.attr = &mask, .examples = b->examples}, 1, in, small, 4e-5);
  free(seen);
  value_free(big);
  value_free(small);
}

static void reduce_trial(enum rt_op op, int trial) {
  struct batch b = batch_for(trial);
  struct value big, small;
  int64_t mask;
  random_fold(&big, &small, &b, &mask, below(2));
  reduce_and_compare(op, &b, mask, &big, &small);
}

/* Of all rows of a batch, as the gradient of a bias is: columns are cut by how many there are. */
static void wide_rows_are_reduced(void **state) {
  (void)state;
  static const int columns[] = {16, 63, 64, 65, 255, 257, 511, 513, 1003};
  for (size_t k = 0; k < sizeof columns / sizeof *columns; k++)
    for (int op = 0; op < 2; op++) {
      struct batch b = batch_for(1);
      struct value big, small;
      value_init(&big, &b, true, 2, (const int[]){33, columns[k]});
      value_init(&small, &b, false, 1, &columns[k]);
      reduce_and_compare(op ? OP_maximum : OP_sum, &b, 2, &big, &small);
    }
}

static void sum_adds(void **state) {
  (void)state;
  for (int trial = 0; trial < 3 * TRIALS; trial++) reduce_trial(OP_sum, trial);
}

static void maximum_finds_the_largest(void **state) {
  (void)state;
  for (int trial = 0; trial < TRIALS; trial++) reduce_trial(OP_maximum, trial);
}

static void maximum_keeps_nan(void **state) {
  (void)state;
  struct batch b = {.examples = 1};
  struct value a, y, *in[] = {&a};
  int axes[] = {40};
  int64_t mask = 0;
  value_init(&a, &b, true, 1, axes);
  value_init(&y, &b, true, 0, NULL);
  value_random(&a);
  a.number[3] = NAN;
  y.number[0] = NAN;
  check(OP_maximum, &(struct rt_call){.attr = &mask, .examples = 1}, 1, in, &y, 0);
  value_free(&a);
  value_free(&y);
}

/* ---- transpose, slice, pad, concat ---- */

static void transpose_moves_axes(void **state) {
  (void)state;
  for (int trial = 0; trial < 2 * TRIALS; trial++) {
    struct batch b = batch_for(trial);
    struct value a, y, *in[] = {&a};
    bool batched = below(4);
    int axes[4], moved[4], order[4], rank = random_axes(axes, 4, batched, LARGE);
    int64_t attr = 0, from[4];
    for (int x = 0; x < rank; x++) {
      int j = (int)below(x + 1);
      order[x] = order[j];
      order[j] = x;
    }
    for (int x = 0; x < rank; x++) {
      attr |= (int64_t)order[x] << 4 * x;
      moved[x] = axes[order[x]];
    }
    value_init(&a, &b, batched, rank, axes);
    value_init(&y, &b, batched, rank, moved);
    value_random(&a);
    struct walk w;
    for (int64_t e = 0; e < y.shape.examples; e++)
      for (walk_start(&w, &y, e); w.on; walk_next(&w)) {
        for (int x = 0; x < rank; x++) from[order[x]] = w.index[x];
        y.number[at(&y, e, w.index)] = a.number[at(&a, e, from)];
      }
    check(OP_transpose, &(struct rt_call){.attr = &attr, .examples = b.examples}, 1, in, &y, 0);
    value_free(&a);
    value_free(&y);
  }
}

/* The long and the short tensor of a slice, or of a pad. A ragged long axis has room for one more than the
 * short one. */
static void slice_trial(bool pad, int trial) {
  struct batch b = batch_for(trial);
  struct value big, part, *in[] = {pad ? &part : &big};
  bool batched = below(4), shared_long = batched && !pad && below(3) == 0;
  int axes[4], rank = random_axes(axes, 3, batched && !shared_long, SMALL) + 1, axis = (int)below(rank);
  axes[rank - 1] = 5;
  int64_t start = below(4), starts[MOST_EXAMPLES];
  bool ragged_starts = batched && below(2);
  int whole = shared_long ? 200 : 12;
  for (int e = 0; e < MOST_EXAMPLES; e++) starts[e] = below(4);
  bool ragged_part = batched && below(2);
  axes[axis] = whole;
  if (ragged_part && !shared_long) { /* RAGGED in the part, OTHER = RAGGED + 4 in the whole */
    for (int e = 0; e < MOST_EXAMPLES; e++) b.each[1][e] = b.each[0][e] + 4;
    axes[axis] = OTHER;
  }
  value_init(&big, &b, batched && !shared_long, rank, axes);
  axes[axis] = ragged_part ? RAGGED : 8;
  value_init(&part, &b, batched, rank, axes);
  value_random(in[0]);
  struct walk w;
  for (int64_t e = 0; e < part.shape.examples; e++)
    for (walk_start(&w, &part, e); w.on; walk_next(&w)) {
      int64_t to[4];
      memcpy(to, w.index, sizeof to);
      to[axis] += ragged_starts ? starts[e] : start;
      double *x = &part.number[at(&part, e, w.index)], *y = &big.number[at(&big, e, to)];
      if (pad)
        *y = *x;
      else
        *x = *y;
    }
  int64_t attr[] = {axis, start};
  check(pad ? OP_pad : OP_slice,
        &(struct rt_call){.attr = attr, .size_each = ragged_starts ? starts : NULL, .examples = b.examples},
        1, in, pad ? &big : &part, 0);
  value_free(&big);
  value_free(&part);
}

static void slice_cuts(void **state) {
  (void)state;
  for (int trial = 0; trial < TRIALS; trial++) slice_trial(false, trial);
}

static void pad_is_the_reverse_of_slice(void **state) {
  (void)state;
  for (int trial = 0; trial < TRIALS; trial++) slice_trial(true, trial);
}

static void concat_puts_one_behind_the_other(void **state) {
  (void)state;
  for (int trial = 0; trial < TRIALS; trial++) {
    struct batch b = batch_for(trial);
    struct value a[3], y, *in[] = {&a[0], &a[1], &a[2]};
    bool batched = below(4), ragged = batched && below(2);
    int axes[4], rank = random_axes(axes, 3, batched, SMALL) + 1, count = 1 + (int)below(3), constant = 0;
    axes[rank - 1] = 3;
    int axis = (int)below(rank);
    for (int k = 0; k < count; k++) {
      axes[axis] = ragged && k == 0 ? RAGGED : (int)below(9);
      constant += axes[axis] < 0 ? 0 : axes[axis];
      value_init(&a[k], &b, batched, rank, axes);
      value_random(&a[k]);
    }
    for (int e = 0; e < MOST_EXAMPLES; e++)
      if (ragged) b.each[1][e] = b.each[0][e] + constant;
    for (int x = 0; x < rank; x++)
      if (ragged && x != axis && axes[x] == OTHER) goto next; /* OTHER is taken by the result's axis */
    axes[axis] = ragged ? OTHER : constant;
    value_init(&y, &b, batched, rank, axes);
    struct walk w;
    for (int64_t e = 0; e < y.shape.examples; e++) {
      int64_t start = 0;
      for (int k = 0; k < count; k++) {
        for (walk_start(&w, &a[k], e); w.on; walk_next(&w)) {
          int64_t to[4];
          memcpy(to, w.index, sizeof to);
          to[axis] += start;
          y.number[at(&y, e, to)] = a[k].number[at(&a[k], e, w.index)];
        }
        start += rt_size(&a[k].shape, axis, e);
      }
    }
    int64_t attr = axis;
    check(OP_concat, &(struct rt_call){.attr = &attr, .examples = b.examples}, count, in, &y, 0);
    value_free(&y);
  next:
    for (int k = 0; k < count; k++) value_free(&a[k]);
  }
}

/* ---- from nothing ---- */

static void fills_are_what_they_say(void **state) {
  (void)state;
  for (int trial = 0; trial < 20; trial++) {
    struct batch b = batch_for(trial);
    struct value y;
    int ragged[] = {RAGGED};
    int64_t attr = 13, sum = 0;
    value_init(&y, &b, true, 1, ragged);
    struct walk w;
    for (int64_t e = 0; e < b.examples; e++)
      for (walk_start(&w, &y, e); w.on; walk_next(&w)) y.number[at(&y, e, w.index)] = (double)w.index[0];
    check(OP_iota, &(struct rt_call){.examples = b.examples}, 0, NULL, &y, 0);
    for (int64_t i = 0; i < y.shape.count; i++) y.number[i] = -2.5;
    check(OP_constant, &(struct rt_call){.real = -2.5, .examples = b.examples}, 0, NULL, &y, 0);
    value_free(&y);
    value_init(&y, &b, true, 0, NULL);
    for (int64_t e = 0; e < b.examples; e++) {
      y.number[e] = (double)b.each[0][e];
      sum += b.each[0][e];
    }
    check(OP_size, &(struct rt_call){.attr = &attr, .size_each = b.each[0], .examples = b.examples}, 0, NULL,
          &y, 0);
    value_free(&y);
    value_init(&y, &b, false, 0, NULL);
    y.number[0] = 13;
    check(OP_size, &(struct rt_call){.attr = &attr, .examples = b.examples}, 0, NULL, &y, 0);
    y.number[0] = (double)sum;
    check(OP_rows, &(struct rt_call){.attr = &attr, .size_each = b.each[0], .examples = b.examples}, 0, NULL,
          &y, 0);
    y.number[0] = 13.0 * (double)b.examples;
    check(OP_rows, &(struct rt_call){.attr = &attr, .examples = b.examples}, 0, NULL, &y, 0);
    value_free(&y);
  }
}

/* ---- tables ---- */

static void tables_gather_and_scatter(void **state) {
  (void)state;
  for (int trial = 0; trial < TRIALS; trial++) {
    struct batch b = batch_for(trial);
    struct value table, ids, rows, *gathers[] = {&table, &ids}, *scatters[] = {&ids, &rows};
    int axes[6], rank = random_axes(axes, 2, true, SMALL),
                 wide[] = {1 + (int)below(trial % 8 ? 40 : 3000), 1 + (int)below(70), 2};
    int width = (int)below(3);
    value_init(&ids, &b, true, rank, axes);
    value_ids(&ids, wide[0]);
    value_init(&table, &b, false, 1 + width, wide);
    value_random(&table);
    memcpy(axes + rank, wide + 1, (size_t)width * sizeof *axes);
    value_init(&rows, &b, true, rank + width, axes);
    int64_t n = rt_extent(&table.shape, 1, 1 + width, 0);
    for (int64_t i = 0; i < rows.shape.count; i++)
      rows.number[i] = ids.id[i / n] < 0 ? 0 : table.number[ids.id[i / n] * n + i % n];
    check(OP_gather, &(struct rt_call){.examples = b.examples}, 2, gathers, &rows, 0);
    value_random(&rows);
    memset(table.number, 0, (size_t)table.shape.count * sizeof(double));
    for (int64_t i = 0; i < rows.shape.count; i++)
      if (ids.id[i / n] >= 0) table.number[ids.id[i / n] * n + i % n] += rows.number[i];
    check(OP_scatter, &(struct rt_call){.examples = b.examples}, 2, scatters, &table, 2e-5);
    value_free(&table);
    value_free(&ids);
    value_free(&rows);
  }
}

static void gather_reads_each_examples_own_table(void **state) {
  (void)state;
  for (int trial = 0; trial < 20; trial++) {
    struct batch b = batch_for(trial);
    struct value table, ids, y, *in[] = {&table, &ids};
    int tall[] = {RAGGED, 3}, one[] = {OTHER}, result[] = {OTHER, 3};
    value_init(&table, &b, true, 2, tall);
    value_init(&ids, &b, true, 1, one);
    value_init(&y, &b, true, 2, result);
    value_random(&table);
    value_ids(&ids, 30);
    for (int64_t e = 0; e < b.examples; e++)
      for (int64_t i = 0; i < b.each[1][e]; i++) {
        int32_t *id = &ids.id[ids.offset[e] + i];
        if (*id >= b.each[0][e]) *id = -1;
        for (int k = 0; k < 3; k++)
          y.number[y.offset[e] + 3 * i + k] = *id < 0 ? 0 : table.number[table.offset[e] + 3 * *id + k];
      }
    check(OP_gather, &(struct rt_call){.examples = b.examples}, 2, in, &y, 0);
    value_free(&table);
    value_free(&ids);
    value_free(&y);
  }
}

static void onehot_marks_the_id(void **state) {
  (void)state;
  for (int trial = 0; trial < TRIALS; trial++) {
    struct batch b = batch_for(trial);
    struct value ids, y, *in[] = {&ids};
    bool batched = below(4);
    int axes[4], rank = random_axes(axes, 2, batched, LARGE);
    value_init(&ids, &b, batched, rank, axes);
    axes[rank] = batched && below(2) ? RAGGED : 7;
    value_init(&y, &b, batched, rank + 1, axes);
    value_ids(&ids, 8);
    struct walk w;
    for (int64_t e = 0; e < y.shape.examples; e++)
      for (walk_start(&w, &y, e); w.on; walk_next(&w))
        y.number[at(&y, e, w.index)] = ids.id[at(&ids, e, w.index)] == w.index[rank];
    check(OP_onehot, &(struct rt_call){.examples = b.examples}, 1, in, &y, 0);
    value_free(&ids);
    value_free(&y);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(expand_repeats),
      cmocka_unit_test(sum_adds),
      cmocka_unit_test(wide_rows_are_reduced),
      cmocka_unit_test(maximum_finds_the_largest),
      cmocka_unit_test(maximum_keeps_nan),
      cmocka_unit_test(transpose_moves_axes),
      cmocka_unit_test(slice_cuts),
      cmocka_unit_test(pad_is_the_reverse_of_slice),
      cmocka_unit_test(concat_puts_one_behind_the_other),
      cmocka_unit_test(fills_are_what_they_say),
      cmocka_unit_test(tables_gather_and_scatter),
      cmocka_unit_test(gather_reads_each_examples_own_table),
      cmocka_unit_test(onehot_marks_the_id),
  };
  return cmocka_run_group_tests(tests, make_pools, free_pools);
}
