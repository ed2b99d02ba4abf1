/* test_folds.c: which rows the folds of a cross-validation take. */
#include "tests/unit/io_files.h"
#include "tests/unit/io_kinds.h"

#include "runtime/io/data.h"

enum { ROWS = 103, USERS = 11 };

/* Row i has the class c(i % 3), a word of its own, and a user of whom some have many rows. */
static int class_of(int64_t i) { return i % 10 == 0 ? 2 : (int)(i % 2); }
static int user_of(int64_t i) { return (int)(i * i % USERS); }

static const char *write_rows(int rows) {
  static char content[16000];
  strcpy(content, "text\tlabel\tuser\n");
  for (int i = 0; i < rows; i++)
    sprintf(content + strlen(content), "common w%d\tc%d\tu%d\n", i, class_of(i), user_of(i));
  return write_text("folds.tsv", content);
}

/* Notes in which fold each row is held out; each is in the other folds' training rows. */
static void split(struct io_folding how, bool learns_all, int fold[ROWS]) {
  for (int i = 0; i < ROWS; i++) fold[i] = 0;
  for (how.fold = 1; how.fold <= how.folds; how.fold++) {
    struct io_schema s = {0};
    struct io_column *c;
    struct io_dataset train, held;
    struct rt_error e = {0};
    bool kept[ROWS] = {false};
    struct io_data_options o = {.folding = &how, .learns_all = learns_all};
    assert_int_equal(io_schema_add(&s, "text", &io_kind_words, &c, NULL), RT_OK);
    assert_int_equal(io_schema_add(&s, "label", &io_kind_class, &c, NULL), RT_OK);
    if (io_dataset_train(write_rows(ROWS), &s, &o, &train, &held, &e) != RT_OK) fail_msg("%s", e.text);
    assert_int_equal(train.rows + held.rows, ROWS);
    /* unknown, common, and a word for each row that was learned from */
    assert_int_equal(s.columns[0].vocab->count, 2 + (learns_all ? ROWS : train.rows));
    for (int64_t r = 0; r < train.rows; r++) kept[train.lines[r] - 2] = true;
    for (int64_t r = 0; r < held.rows; r++) {
      int64_t row = held.lines[r] - 2;
      assert_false(kept[row]);
      assert_int_equal(fold[row], 0);
      fold[row] = (int)how.fold;
    }
    io_dataset_free(&train);
    io_dataset_free(&held);
    io_schema_free(&s);
  }
  for (int i = 0; i < ROWS; i++) assert_int_not_equal(fold[i], 0);
}

/* The numbers of rows of a class in each fold differ by one at most; class -1: of all rows. */
static void assert_even(const int *fold, int folds, int class) {
  int count[16] = {0}, least = ROWS, most = 0;
  for (int i = 0; i < ROWS; i++)
    if (class < 0 || class_of(i) == class) count[fold[i]]++;
  for (int f = 1; f <= folds; f++) {
    least = count[f] < least ? count[f] : least;
    most = count[f] > most ? count[f] : most;
  }
  assert_true(most - least <= 1);
}

static void each_row_once(void **state) {
  (void)state;
  int one[ROWS], again[ROWS], other[ROWS], all[ROWS], plain[ROWS];
  for (int folds = 2; folds <= 12; folds += 5) {
    struct io_folding how = {.folds = folds, .seed = 3, .classes = 1};
    split(how, false, one);
    for (int class = -1; class < 3; class ++) assert_even(one, folds, class);
    split(how, false, again);
    assert_memory_equal(one, again, sizeof one);
    split(how, true, all); /* whatever the numbers of the classes are */
    assert_memory_equal(one, all, sizeof one);
    how.seed = 4;
    split(how, false, other);
    assert_memory_not_equal(one, other, sizeof one);
    how.classes = -1;
    split(how, false, plain);
    assert_even(plain, folds, -1);
  }
}

static void groups_stay_together(void **state) {
  (void)state;
  int fold[ROWS], of[USERS] = {0}, rows[8] = {0};
  for (int folds = 2; folds <= 5; folds++) {
    memset(of, 0, sizeof of);
    memset(rows, 0, sizeof rows);
    split((struct io_folding){.folds = folds, .seed = 1, .by = "user", .classes = 1}, false, fold);
    for (int i = 0; i < ROWS; i++) {
      int user = user_of(i);
      if (of[user]) assert_int_equal(of[user], fold[i]);
      of[user] = fold[i];
      rows[fold[i]]++;
    }
    for (int f = 1; f <= folds; f++) assert_true(rows[f] > 0);
  }
}

static void too_few(void **state) {
  (void)state;
  struct io_schema s = {0};
  struct io_column *c;
  struct io_dataset train, held;
  struct rt_error e = {0};
  struct io_folding how = {.folds = 5, .fold = 1, .classes = -1};
  struct io_data_options o = {.folding = &how};
  assert_int_equal(io_schema_add(&s, "text", &io_kind_words, &c, NULL), RT_OK);
  assert_int_equal(io_dataset_train(write_rows(4), &s, &o, &train, &held, &e), RT_BAD_DATA);
  assert_non_null(strstr(e.text, "has 4 rows, too few for 5 folds"));
  how.by = "user";
  how.folds = 8;
  e = (struct rt_error){0};
  assert_int_equal(io_dataset_train(write_rows(ROWS), &s, &o, &train, &held, &e), RT_BAD_DATA);
  assert_non_null(strstr(e.text, "the field user has 6 different values, too few for 8 folds"));
  how.by = "author";
  e = (struct rt_error){0};
  assert_int_equal(io_dataset_train(write_rows(ROWS), &s, &o, &train, &held, &e), RT_BAD_DATA);
  assert_non_null(strstr(e.text, "the header has no column \"author\""));
  e = (struct rt_error){0};
  how = (struct io_folding){.folds = 3, .fold = 4, .classes = -1};
  assert_int_equal(io_dataset_train(write_rows(ROWS), &s, &o, &train, &held, &e), RT_USAGE);
  io_schema_free(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(each_row_once), cmocka_unit_test(groups_stay_together),
                                     cmocka_unit_test(too_few)};
  return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
