/* folds.c: spreads rows over the folds of a cross-validation. */
#include <stdlib.h>

#include "runtime/io/data.h"
#include "runtime/random.h"

/* Something to be sorted: first by key, then by place. */
struct item {
  int64_t key, place, number;
};

static int by_key(const void *one, const void *other) {
  const struct item *a = one, *b = other;
  if (a->key != b->key) return a->key < b->key ? -1 : 1;
  return a->place < b->place ? -1 : a->place > b->place;
}

/* The place of each number in an order that the seed gives. */
static int shuffle(struct item *item, int64_t count, uint64_t seed) {
  int64_t *order = rt_zalloc((size_t)count + 1, sizeof *order);
  if (!order) return RT_NO_MEMORY;
  for (int64_t k = 0; k < count; k++) order[k] = k;
  rt_random_shuffle(rt_random_seed(seed ^ 0x666f6c64u, 0), count, order);
  for (int64_t k = 0; k < count; k++) item[order[k]].place = k;
  rt_free(order);
  return RT_OK;
}

/* Gives rows of one class one key, that of its first row: it does not matter how classes are numbered. */
static void key_by_class(const struct io_values *classes, struct item *item, int64_t rows) {
  const int32_t *id = io_payload_ids(&classes->of);
  for (int64_t r = 0; r < rows; r++) item[r] = (struct item){id[r], r, r};
  qsort(item, (size_t)rows, sizeof *item, by_key);
  for (int64_t k = 0, first = 0; k < rows; k++) {
    if (id[item[k].number] != id[item[first].number]) first = k;
    item[k].key = item[first].number;
  }
}

static int by_number(const void *one, const void *other) {
  const struct item *a = one, *b = other;
  return a->number < b->number ? -1 : a->number > b->number;
}

/* Rows in the order of the seed, class by class, are dealt to the folds in turn: the folds' sizes differ by
 * one at most, and so do their numbers of rows of a class. */
static int deal_rows(const struct io_dataset *data, const struct io_folding *how, int64_t *part) {
  struct item *item = rt_zalloc((size_t)data->rows, sizeof *item);
  if (!item) return RT_NO_MEMORY;
  if (how->classes >= 0) {
    key_by_class(&data->values[how->classes], item, data->rows);
    qsort(item, (size_t)data->rows, sizeof *item, by_number);
  } else
    for (int64_t r = 0; r < data->rows; r++) item[r] = (struct item){0, 0, r};
  int status = shuffle(item, data->rows, how->seed);
  if (status == RT_OK) qsort(item, (size_t)data->rows, sizeof *item, by_key);
  for (int64_t k = 0; status == RT_OK && k < data->rows; k++) part[item[k].number] = k % how->folds;
  rt_free(item);
  return status;
}

static int64_t lightest(const int64_t *rows, int64_t folds) {
  int64_t best = 0;
  for (int64_t f = 1; f < folds; f++)
    if (rows[f] < rows[best]) best = f;
  return best;
}

/* Groups, the largest first and equal ones in the order of the seed, go to the fold that has fewest rows so
 * far. */
static int deal_groups(const struct io_dataset *data, const struct io_folding *how, int64_t *part) {
  const struct io_groups *groups = &data->groups;
  const int64_t count = groups->values.count;
  struct item *item = rt_zalloc((size_t)count, sizeof *item);
  int64_t *rows = rt_zalloc((size_t)how->folds, sizeof *rows), *fold = rt_zalloc((size_t)count, sizeof *fold);
  int status = item && rows && fold ? RT_OK : RT_NO_MEMORY;
  for (int64_t g = 0; status == RT_OK && g < count; g++) item[g].number = g;
  for (int64_t r = 0; status == RT_OK && r < data->rows; r++) item[groups->of[r]].key--;
  if (status == RT_OK) status = shuffle(item, count, how->seed);
  if (status == RT_OK) qsort(item, (size_t)count, sizeof *item, by_key);
  for (int64_t k = 0; status == RT_OK && k < count; k++) {
    int64_t to = lightest(rows, how->folds);
    fold[item[k].number] = to;
    rows[to] -= item[k].key;
  }
  for (int64_t r = 0; status == RT_OK && r < data->rows; r++) part[r] = fold[groups->of[r]];
  rt_free(item);
  rt_free(rows);
  rt_free(fold);
  return status;
}

static int check(const struct io_dataset *data, const struct io_folding *how, struct rt_error *error) {
  if (how->folds < 2 || how->fold < 1 || how->fold > how->folds)
    return rt_fail(error, RT_USAGE, "there is no fold %lld of %lld: there are at least 2, counted from 1",
                   (long long)how->fold, (long long)how->folds);
  if (how->by && data->groups.values.count < how->folds)
    return rt_fail_in(error, RT_BAD_DATA, data->name,
                      "the field %.60s has %lld different value%s, too few for %lld folds", how->by,
                      (long long)data->groups.values.count, data->groups.values.count == 1 ? "" : "s",
                      (long long)how->folds);
  if (data->rows < how->folds)
    return rt_fail_in(error, RT_BAD_DATA, data->name, "has %lld row%s, too few for %lld folds",
                      (long long)data->rows, data->rows == 1 ? "" : "s", (long long)how->folds);
  return RT_OK;
}

int io_fold(const struct io_dataset *data, const struct io_folding *how, struct io_split *split,
            struct rt_error *error) {
  *split = (struct io_split){0};
  int status = check(data, how, error);
  if (status != RT_OK) return status;
  int64_t *part = rt_zalloc((size_t)data->rows, sizeof *part), held = 0;
  split->kept = rt_zalloc((size_t)data->rows, sizeof *split->kept);
  status = part && split->kept ? RT_OK : RT_NO_MEMORY;
  if (status == RT_OK) status = how->by ? deal_groups(data, how, part) : deal_rows(data, how, part);
  for (int64_t r = 0; status == RT_OK && r < data->rows; r++) held += part[r] == how->fold - 1;
  split->held = split->kept + (data->rows - held);
  for (int64_t r = 0; status == RT_OK && r < data->rows; r++)
    if (part[r] == how->fold - 1)
      split->held[split->held_count++] = r;
    else
      split->kept[split->kept_count++] = r;
  rt_free(part);
  if (status == RT_OK) return RT_OK;
  rt_free(split->kept);
  *split = (struct io_split){0};
  return rt_no_memory(error);
}
