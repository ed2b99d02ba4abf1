/* test_memory_rows.c: rows in memory in place of files: the same models and reports come of them, bit for
 * bit, and what is wrong with them is told with row and column. */
#include "tests/unit/libaq_files.h"

#include <math.h>

static const char program[] = "dim D = 8\n"
                              "data {\n"
                              "  text: words[T <= 4, V]\n"
                              "  age: number(missing = mean, scale = standard)\n"
                              "  place: vector[N]\n"
                              "  seen: ids[S, I]\n"
                              "  label: class[C]\n"
                              "}\n"
                              "model m(text, age, place, seen) -> label {\n"
                              "  x = mean(embed(text, D), T) + sum(embed(seen, D), S)\n"
                              "  return linear(concat(tanh(x), place), C) * (1 + age)\n"
                              "}\n"
                              "loss cross_entropy\n"
                              "train { optimizer = adamw(lr = 3e-2), batch = 4, epochs = 5 }\n";

enum { ROWS = 8 };
static const char *const text[ROWS] = {
    "good film",     "bad film",     "a good play", "a bad play",
    "good and fine", "bad and dull", "fine",        "dull and bad and long"};
static const double age[ROWS] = {31, 20.5, NAN, 7, 0, -1, 1e3, 0.25};
static const double place[2 * ROWS] = {1, 2, 3, 4, 5, 6, 7, 8, 0.5, 0.25, 0, 0, 1, 1, 2, 2};
static const int32_t seen[] = {0, 1, 2, 3, 3, 3, 1, 0, 4, 2};
static const size_t begin[ROWS + 1] = {0, 1, 2, 2, 5, 6, 7, 9, 10};
static const char *const label[ROWS] = {"yes", "no", "yes", "no", "yes", "no", "yes", "no"};

static const char file[] = "text\tage\tplace\tseen\tlabel\n"
                           "good film\t31\t1 2\t0\tyes\n"
                           "bad film\t20.5\t3 4\t1\tno\n"
                           "a good play\t\t5 6\t\tyes\n"
                           "a bad play\t7\t7 8\t2 3 3\tno\n"
                           "good and fine\t0\t0.5 0.25\t3\tyes\n"
                           "bad and dull\t-1\t0 0\t1\tno\n"
                           "fine\t1e3\t1 1\t0 4\tyes\n"
                           "dull and bad and long\t0.25\t2 2\t2\tno\n";

static aq_rows *new_rows(void) {
  aq_rows *rows;
  assert_int_equal(aq_rows_new(&rows), AQ_OK);
  return rows;
}

static void good(aq_rows *rows, int status) {
  if (status != AQ_OK) fail_msg("%s", aq_rows_message(rows)->text);
}

static aq_rows *typed_rows(void) {
  aq_rows *rows = new_rows();
  good(rows, aq_rows_texts(rows, "text", text, NULL, ROWS));
  good(rows, aq_rows_numbers(rows, "age", age, ROWS, 1));
  good(rows, aq_rows_numbers(rows, "place", place, ROWS, 2));
  good(rows, aq_rows_ids(rows, "seen", seen, begin, ROWS));
  good(rows, aq_rows_texts(rows, "label", label, NULL, ROWS));
  assert_int_equal(aq_rows_count(rows), ROWS);
  return rows;
}

/* The same as texts, row by row, their columns in another order from row to row. */
static aq_rows *added_rows(void) {
  aq_rows *rows = new_rows();
  char copy[sizeof file], *line = copy, *next;
  memcpy(copy, file, sizeof file);
  for (int r = -1; *line; line = next, r++) {
    const char *name[] = {"text", "age", "place", "seen", "label"}, *field[5];
    next = strchr(line, '\n');
    *next++ = '\0';
    for (int f = 0; f < 5; f++) field[f] = strsep(&line, "\t");
    for (int k = 0; k < r; k++) {
      const char *n = name[k % 5], *f = field[k % 5];
      name[k % 5] = name[(k + 1) % 5], field[k % 5] = field[(k + 1) % 5];
      name[(k + 1) % 5] = n, field[(k + 1) % 5] = f;
    }
    if (r >= 0) good(rows, aq_rows_add(rows, name, field, NULL, 5));
  }
  assert_int_equal(aq_rows_count(rows), ROWS);
  return rows;
}

static aq_trainer *trainer_of(const char *source, aq_train_options *options, int *status) {
  aq_program *p = program_of(source);
  aq_trainer *trainer;
  options->threads = 1;
  *status = aq_trainer_new(p, options, &trainer);
  aq_program_free(p);
  return trainer;
}

static aq_model *run(aq_trainer *trainer) {
  aq_model *model;
  if (aq_trainer_run(trainer) || aq_trainer_model(trainer, &model))
    fail_msg("%s", aq_trainer_message(trainer)->text);
  return model;
}

static aq_model *train(aq_train_options *options) {
  int status;
  aq_trainer *trainer = trainer_of(program, options, &status);
  if (status != AQ_OK) fail_msg("%s", aq_trainer_message(trainer)->text);
  aq_model *model = run(trainer);
  aq_trainer_free(trainer);
  return model;
}

static aq_model *train_on(const char *path, const aq_rows *rows, double hold) {
  aq_train_options options;
  aq_train_options_init(&options);
  options.train = path;
  options.rows = rows;
  options.hold = hold;
  return train(&options);
}

static void assert_same_model(aq_model *one, aq_model *other) {
  char *a, *b;
  size_t n, m;
  assert_int_equal(aq_model_save_memory(one, &a, &n), AQ_OK);
  assert_int_equal(aq_model_save_memory(other, &b, &m), AQ_OK);
  assert_int_equal(n, m);
  assert_memory_equal(a, b, n);
  aq_text_free(a);
  aq_text_free(b);
}

static void assert_refused(const char *source, aq_rows *rows, int code, int row, const char *words);

static void test_the_same_model(void **state) {
  (void)state;
  aq_rows *typed = typed_rows(), *added = added_rows();
  for (int held = 0; held < 2; held++) {
    aq_model *of_file = train_on(write_text("rows.tsv", file), NULL, held * 0.25);
    aq_model *of_typed = train_on(NULL, typed, held * 0.25), *of_added = train_on(NULL, added, held * 0.25);
    assert_same_model(of_file, of_typed);
    assert_same_model(of_file, of_added);
    aq_model_free(of_file);
    aq_model_free(of_typed);
    aq_model_free(of_added);
  }
  aq_rows_free(typed);
  aq_rows_free(added);
}

/* Which rows a fold or a last row is, does not depend on how they are given; nor do the rows that are judged.
 */
static void test_the_same_split(void **state) {
  (void)state;
  const char *path = write_text("rows.tsv", file);
  aq_rows *typed = typed_rows();
  for (int split = 0; split < 3; split++) {
    aq_train_options options;
    aq_train_options_init(&options);
    if (split == 0) options.hold_last = "label";
    if (split > 0) options.folds = 2, options.fold = 1;
    if (split == 2) options.fold_by = "place";
    options.train = path;
    aq_model *of_file = train(&options);
    options.train = NULL;
    options.rows = typed;
    int status;
    aq_trainer *trainer = trainer_of(program, &options, &status);
    assert_int_equal(status, AQ_OK);
    aq_model *of_rows = run(trainer);
    assert_same_model(of_file, of_rows);
    aq_report *report;
    aq_eval_options judged;
    aq_eval_options_init(&judged);
    judged.held_by = trainer;
    assert_int_equal(aq_report_of_rows(of_rows, typed, &judged, &report), AQ_OK);
    assert_int_equal(aq_report_rows(report, NULL), aq_trainer_facts(trainer)->valid_rows);
    aq_report_free(report);
    aq_trainer_free(trainer);
    aq_model_free(of_file);
    aq_model_free(of_rows);
  }
  aq_train_options options;
  aq_train_options_init(&options);
  options.rows = typed;
  options.hold_last = "age";
  int status;
  aq_trainer *trainer = trainer_of(program, &options, &status);
  assert_int_equal(status, AQ_BAD_DATA);
  assert_message(aq_trainer_message(trainer), AQ_BAD_DATA, 3, "row 3: this row has no \"age\"");
  aq_trainer_free(trainer);
  aq_rows_free(typed);
}

/* Where the program says the labels, their numbers are known before training. */
static void test_given_labels(void **state) {
  (void)state;
  static const char given[] = "data { text: words[T], label: class[C](labels = \"no, so-so, yes\") }\n"
                              "model m(text) -> label { return linear(mean(embed(text, 4), T), C) }\n"
                              "loss cross_entropy\ntrain { epochs = 2 }\n";
  const int32_t number[ROWS] = {2, 0, 2, 0, 2, 0, 2, 0}, wrong[ROWS] = {3};
  aq_model *model[2];
  aq_rows *rows = new_rows();
  for (int k = 0; k < 2; k++) {
    aq_rows_clear(rows);
    good(rows, aq_rows_texts(rows, "text", text, NULL, ROWS));
    if (k)
      good(rows, aq_rows_ids(rows, "label", number, NULL, ROWS));
    else
      good(rows, aq_rows_texts(rows, "label", label, NULL, ROWS));
    aq_train_options options;
    aq_train_options_init(&options);
    options.rows = rows;
    int status;
    aq_trainer *trainer = trainer_of(given, &options, &status);
    assert_int_equal(status, AQ_OK);
    model[k] = run(trainer);
    aq_trainer_free(trainer);
  }
  assert_same_model(model[0], model[1]);
  aq_model_free(model[0]);
  aq_model_free(model[1]);
  aq_rows_clear(rows);
  good(rows, aq_rows_texts(rows, "text", text, NULL, ROWS));
  good(rows, aq_rows_ids(rows, "label", wrong, NULL, ROWS));
  assert_refused(given, rows, AQ_BAD_DATA, 1, "row 1, column `label`: 3 is not below 3, how many classes");
}

/* Validation rows count as a validation file does, and limits cut texts as they do there. */
static void test_validation(void **state) {
  (void)state;
  aq_rows *rows = typed_rows(), *valid = new_rows();
  const char *const name[] = {"label", "text", "age", "seen", "place", "more"};
  const char *const field[] = {"yes", "one two three four five six", "?", "9 1", "1,1", "x"};
  good(valid, aq_rows_add(valid, name, field, NULL, 6));
  aq_train_options options;
  aq_train_options_init(&options);
  options.rows = rows;
  options.valid_rows = options.test_rows = valid;
  int status;
  aq_trainer *trainer = trainer_of(program, &options, &status);
  assert_int_equal(status, AQ_OK);
  assert_int_equal(aq_trainer_facts(trainer)->test_rows, 1);
  aq_rows_free(rows); /* needed no more */
  aq_rows_free(valid);
  assert_int_equal(aq_trainer_facts(trainer)->rows, ROWS);
  assert_int_equal(aq_trainer_facts(trainer)->valid_rows, 1);
  const aq_reading *reading = aq_trainer_reading(trainer);
  assert_int_equal(reading->rows, ROWS + 2);
  assert_int_equal(reading->cut_count, 1);
  assert_int_equal(reading->cut[0]->texts, 3);
  assert_int_equal(reading->cut[0]->tokens, 5);
  aq_model_free(run(trainer));
  aq_trainer_free(trainer);
}

static void test_reports(void **state) {
  (void)state;
  aq_rows *rows = typed_rows();
  aq_model *model = train_on(NULL, rows, 0);
  aq_report *of_rows, *of_file;
  aq_eval_options options;
  aq_eval_options_init(&options);
  options.threads = 1;
  options.errors = 3;
  assert_int_equal(aq_report_of_rows(model, rows, &options, &of_rows), AQ_OK);
  assert_int_equal(aq_report_new(model, write_text("rows.tsv", file), &options, &of_file), AQ_OK);
  assert_int_equal(aq_report_rows(of_rows, NULL), ROWS);
  double one, other;
  aq_report_metric(of_rows, "log_loss", &one);
  aq_report_metric(of_file, "log_loss", &other);
  assert_true(one == other);
  assert_non_null(strstr(aq_report_json(of_rows), "\"hardest\""));
  aq_report_free(of_rows);
  aq_report_free(of_file);
  assert_int_equal(aq_report_of_rows(model, NULL, &options, &of_rows), AQ_USAGE);
  aq_report_free(of_rows);
  aq_rows_free(rows);
  aq_model_free(model);
}

/* ---- what is wrong ---- */

/* Trains on rows of which one column is another, and expects that message. */
static void assert_refused(const char *source, aq_rows *rows, int code, int row, const char *words) {
  aq_train_options options;
  aq_train_options_init(&options);
  options.rows = rows;
  int status;
  aq_trainer *trainer = trainer_of(source, &options, &status);
  assert_int_equal(status, code);
  assert_message(aq_trainer_message(trainer), code, row, words);
  assert_string_equal(aq_trainer_message(trainer)->file, "");
  aq_trainer_free(trainer);
  aq_rows_free(rows);
}

static const char numbers[] =
    "data { age: number, place: vector[2], many: vector[T, 2], grid: matrix[2, 2],\n"
    "       weigh: weight, item: ids[S, 5], y: number }\n"
    "model m(age, place, many, grid, item) -> y {\n"
    "  return age + sum(place) + sum(many) + sum(grid) + sum(embed(item, 1))\n"
    "}\n"
    "loss squared_error\n"
    "train { epochs = 1 }\n";

/* Rows of that program, all columns but `without`. */
static aq_rows *number_rows(const char *without) {
  static const double two[8] = {1, 2, 3, 4, 5, 6, 7, 8};
  static const size_t lists[] = {0, 2, 2};
  static const int32_t item[] = {0, 4};
  aq_rows *rows = new_rows();
  const struct {
    const char *name;
    size_t width;
  } column[] = {{"age", 1}, {"place", 2}, {"grid", 4}, {"weigh", 1}, {"y", 1}};
  for (size_t k = 0; k < 5; k++)
    if (strcmp(column[k].name, without))
      good(rows, aq_rows_numbers(rows, column[k].name, two, 2, column[k].width));
  if (strcmp("many", without)) good(rows, aq_rows_vectors(rows, "many", two, lists, 2, 2));
  if (strcmp("item", without)) good(rows, aq_rows_ids(rows, "item", item, NULL, 2));
  return rows;
}

static void test_numbers_are_checked(void **state) {
  (void)state;
  const double bad[] = {1, NAN, 1, INFINITY}, large[] = {1, 1e39}, below[] = {1, -1},
               endless[] = {1, -INFINITY};
  const float wide[] = {1, 2, 3, 4, 5, 6};
  const int32_t item[] = {4, 5}, under[] = {-1, 0};
  aq_rows *rows = number_rows("age");
  good(rows, aq_rows_numbers(rows, "age", bad, 2, 1));
  assert_refused(numbers, rows, AQ_BAD_DATA, 2, "row 2, column `age`: NaN");
  rows = number_rows("place");
  good(rows, aq_rows_numbers(rows, "place", bad, 2, 2));
  assert_refused(numbers, rows, AQ_BAD_DATA, 1, "row 1, column `place`: number 2, NaN");
  rows = number_rows("age");
  good(rows, aq_rows_numbers(rows, "age", large, 2, 1));
  assert_refused(numbers, rows, AQ_BAD_DATA, 2, "row 2, column `age`: 1e39 is too large for float");
  rows = number_rows("age");
  good(rows, aq_rows_numbers(rows, "age", endless, 2, 1));
  assert_refused(numbers, rows, AQ_BAD_DATA, 2, "row 2, column `age`: infinity is not a finite number");
  rows = number_rows("weigh");
  good(rows, aq_rows_numbers(rows, "weigh", below, 2, 1));
  assert_refused(numbers, rows, AQ_BAD_DATA, 2, "row 2, column `weigh`: -1 is below 0");
  rows = number_rows("place");
  good(rows, aq_rows_floats(rows, "place", wide, 2, 3));
  assert_refused(numbers, rows, AQ_BAD_DATA, 1, "row 1, column `place`: 3 numbers");
  rows = number_rows("age");
  good(rows, aq_rows_floats(rows, "age", wide, 2, 2));
  assert_refused(numbers, rows, AQ_BAD_DATA, 1, "row 1, column `age`: 2 numbers");
  rows = number_rows("grid");
  good(rows, aq_rows_floats(rows, "grid", wide, 2, 3));
  assert_refused(numbers, rows, AQ_BAD_DATA, 1, "row 1, column `grid`: 3 numbers");
  rows = number_rows("item");
  good(rows, aq_rows_ids(rows, "item", item, NULL, 2));
  assert_refused(numbers, rows, AQ_BAD_DATA, 2, "row 2, column `item`: 5 is not below 5");
  rows = number_rows("item");
  good(rows, aq_rows_ids(rows, "item", under, NULL, 2));
  assert_refused(numbers, rows, AQ_BAD_DATA, 1, "row 1, column `item`: -1 is no whole number from 0 on");
}

static void test_columns_are_checked(void **state) {
  (void)state;
  const int32_t id[] = {1, 1};
  const double number[] = {1, 1};
  const char *const bad[] = {"x", "1"}, *const utf8[] = {"1", "\xff"};
  assert_refused(numbers, number_rows("y"), AQ_USAGE, 0,
                 "the rows have no column `y`; they have `age`, `place`");
  aq_rows *rows = number_rows("item");
  good(rows, aq_rows_numbers(rows, "item", number, 2, 1));
  assert_refused(numbers, rows, AQ_USAGE, 0, "the rows have numbers in the column `item`, which is `ids`");
  rows = number_rows("age");
  good(rows, aq_rows_ids(rows, "age", id, NULL, 2));
  assert_refused(numbers, rows, AQ_USAGE, 0, "the rows have ids in the column `age`, which is `number`");
  rows = number_rows("age");
  good(rows, aq_rows_texts(rows, "age", bad, NULL, 2));
  assert_refused(numbers, rows, AQ_BAD_DATA, 1, "row 1, column `age`: \"x\" is not a number");
  rows = number_rows("age");
  good(rows, aq_rows_texts(rows, "age", utf8, NULL, 2));
  assert_refused(numbers, rows, AQ_BAD_DATA, 2, "row 2, column `age`: byte 0xff (byte 1) is not valid UTF-8");
  rows = number_rows("age");
  good(rows, aq_rows_texts(rows, "age", bad, (const size_t[]){1, 2}, 2)); /* the NUL byte of "1" */
  assert_refused(numbers, rows, AQ_BAD_DATA, 1, "row 1, column `age`: \"x\"");
  rows = new_rows();
  good(rows, aq_rows_ids(rows, "text", id, NULL, 2));
  good(rows, aq_rows_texts(rows, "label", bad, NULL, 2));
  assert_refused(reader_program, rows, AQ_USAGE, 0,
                 "ids in the column `text`, whose vocabulary is not known yet");
  assert_refused(reader_program, new_rows(), AQ_USAGE, 0, "the rows have no column `text`; they have none");
  rows = new_rows();
  good(rows, aq_rows_texts(rows, "text", NULL, NULL, 0));
  good(rows, aq_rows_texts(rows, "label", NULL, NULL, 0));
  assert_refused(reader_program, rows, AQ_BAD_DATA, 0, "there are no rows");
}

/* Requirements of the program hold, and rows that do not meet them can be skipped. */
static void test_bad_rows(void **state) {
  (void)state;
  static const char first[] = "data { text: words[T, V], label: class[C] }\n"
                              "model m(text) -> label { return linear(embed(text, 4)[0], C) }\n"
                              "loss cross_entropy\ntrain { epochs = 1 }\n";
  const char *const some[] = {"a b", "", "b", NULL}, *const y[] = {"p", "p", "q", "q"};
  for (int skip = 0; skip < 2; skip++) {
    aq_rows *rows = new_rows();
    good(rows, aq_rows_texts(rows, "text", some, NULL, 4));
    good(rows, aq_rows_texts(rows, "label", y, NULL, 4));
    aq_train_options options;
    aq_train_options_init(&options);
    options.rows = rows;
    options.bad_rows = skip ? AQ_BAD_ROW_SKIP : AQ_BAD_ROW_STOP;
    int status;
    aq_trainer *trainer = trainer_of(first, &options, &status);
    assert_int_equal(status, skip ? AQ_OK : AQ_BAD_DATA);
    if (skip) {
      assert_int_equal(aq_trainer_facts(trainer)->skipped_rows, 2);
      const aq_reading *reading = aq_trainer_reading(trainer);
      assert_message(reading->first_skipped, AQ_BAD_DATA, 2, "row 2, column `text`: ");
    } else {
      assert_message(aq_trainer_message(trainer), AQ_BAD_DATA, 2, "row 2, column `text`: ");
      assert_null(strstr(aq_trainer_message(trainer)->hint, "--"));
    }
    aq_trainer_free(trainer);
    aq_rows_free(rows);
  }
}

/* What the table itself refuses changes nothing. */
static void test_filling(void **state) {
  (void)state;
  aq_rows *rows = new_rows();
  const char *const one[] = {"a", "b"}, *const twice[] = {"x", "x"}, *const xy[] = {"x", "y"};
  const size_t back[] = {0, 2, 1};
  const int32_t id[] = {1, 2};
  assert_int_equal(aq_rows_texts(rows, "x", one, NULL, 2), AQ_OK);
  assert_int_equal(aq_rows_texts(rows, "y", one, NULL, 1), AQ_USAGE);
  assert_message(aq_rows_message(rows), AQ_USAGE, 0, "1 row of the column `y`, where `x` has 2");
  assert_int_equal(aq_rows_texts(rows, "x", one, NULL, 2), AQ_USAGE);
  assert_message(aq_rows_message(rows), AQ_USAGE, 0, "the column `x` is there already");
  assert_int_equal(aq_rows_ids(rows, "z", id, back, 2), AQ_USAGE);
  assert_message(aq_rows_message(rows), AQ_USAGE, 0, "begin[1] is 2 and begin[2] is 1");
  assert_int_equal(aq_rows_add(rows, xy, one, NULL, 2), AQ_USAGE);
  assert_message(aq_rows_message(rows), AQ_USAGE, 0, "a row of 2 fields, where the rows before it have 1");
  assert_int_equal(aq_rows_add(rows, &xy[1], one, NULL, 1), AQ_USAGE);
  assert_message(aq_rows_message(rows), AQ_USAGE, 0, "the rows before this one have no column `y`");
  assert_int_equal(aq_rows_add(rows, xy, &one[1], NULL, 1), AQ_OK);
  assert_int_equal(aq_rows_count(rows), 3);
  aq_rows_clear(rows);
  assert_int_equal(aq_rows_count(rows), 0);
  const size_t endless[] = {1, SIZE_MAX};
  assert_int_equal(aq_rows_texts(rows, "x", one, endless, 2), AQ_USAGE);
  assert_message(aq_rows_message(rows), AQ_USAGE, 0, "length[1] is 18446744073709551615: the column `x`");
  assert_int_equal(aq_rows_add(rows, xy, one, endless, 2), AQ_USAGE);
  assert_message(aq_rows_message(rows), AQ_USAGE, 0, "length[1] is 18446744073709551615: the column `y`");
  assert_int_equal(aq_rows_count(rows), 0);
  assert_int_equal(aq_rows_add(rows, twice, one, NULL, 2), AQ_USAGE);
  assert_int_equal(aq_rows_numbers(rows, "x", (const double[]){1, 2}, 2, 1), AQ_OK);
  assert_int_equal(aq_rows_add(rows, xy, one, NULL, 1), AQ_USAGE);
  assert_message(aq_rows_message(rows), AQ_USAGE, 0, "the column `x` has numbers, and a row adds texts");
  aq_rows_clear(rows);
  assert_int_equal(aq_rows_add(rows, xy, one, NULL, 2), AQ_OK);
  assert_int_equal(aq_rows_add(rows, twice, one, NULL, 2), AQ_USAGE);
  assert_message(aq_rows_message(rows), AQ_USAGE, 0, "twice");
  assert_int_equal(aq_rows_count(rows), 1);
  aq_rows_free(rows);
}

/* ---- texts, alerts and shares of rows ---- */

static void test_writing(void **state) {
  (void)state;
  aq_model *translator = trained("data { en: words[S], de: words[T <= 9, W] }\n"
                                 "model translate(en, de) -> next(de) {\n"
                                 "  return linear(cumsum(embed(de, 4), T) + mean(embed(en, 4), S), W)\n}\n"
                                 "train { epochs = 3 }\n",
                                 write_text("pairs.tsv", "en\tde\na dog\tein Hund\na cat\teine Katze\n"));
  static const char *const field[] = {"a red dog", "eine", "a cat", ""}, *const en[] = {field[0], field[2]},
                           *const de[] = {field[1], field[3]};
  aq_session *session = session_of(translator, NULL);
  aq_generate_options options;
  aq_generate_options_init(&options);
  options.length = 4;
  for (int lacks = 0; lacks < 2; lacks++) { /* the text that is written */
    char expected[2][100];
    aq_rows *rows = new_rows();
    good(rows, aq_rows_texts(rows, "en", en, NULL, 2));
    if (!lacks) good(rows, aq_rows_texts(rows, "de", de, NULL, 2));
    options.rows = NULL;
    assert_int_equal(aq_session_generate(session, lacks ? en : field, NULL, lacks ? 1 : 2, 2, &options),
                     AQ_OK);
    for (size_t r = 0; r < 2; r++)
      snprintf(expected[r], sizeof expected[r], "%s", aq_session_written(session, r)->text);
    options.rows = rows;
    assert_int_equal(aq_session_generate(session, NULL, NULL, 0, 0, &options), AQ_OK);
    for (size_t r = 0; r < 2; r++) assert_string_equal(aq_session_written(session, r)->text, expected[r]);
    assert_int_equal(aq_session_unknown(session)->count, 1);
    assert_string_equal(aq_session_unknown(session)->some, "red");
    assert_int_equal(aq_session_generate(session, en, NULL, 1, 2, &options), AQ_USAGE);
    aq_rows_clear(rows);
    good(rows, aq_rows_texts(rows, "fr", en, NULL, 2));
    assert_int_equal(aq_session_generate(session, NULL, NULL, 0, 0, &options), AQ_USAGE);
    assert_non_null(strstr(aq_session_message(session)->text, "the rows have no column `en`"));
    aq_rows_free(rows);
  }
  aq_session_free(session);
  aq_model_free(translator);
}

/* What a stream writes of rows and of the same in a file. */
static void test_streams(void **state) {
  (void)state;
  aq_model *model = trained(program, write_text("rows.tsv", file));
  aq_rows *rows = typed_rows();
  aq_session *session = session_of(model, NULL);
  struct host of_file = {0}, of_rows = {0}, alerts = {0};
  aq_predict_options options;
  aq_predict_options_init(&options);
  options.write = host_write;
  options.path = path_of("rows.tsv");
  options.json = true;
  options.context = &of_file;
  assert_int_equal(aq_session_predict_stream(session, &options), AQ_OK);
  options.context = &of_rows;
  options.rows = rows;
  assert_int_equal(aq_session_predict_stream(session, &options), AQ_OK);
  assert_string_equal(of_file.output, of_rows.output);
  options.window = ROWS;
  options.by = "seen"; /* of ids */
  assert_int_equal(aq_session_predict_stream(session, &options), AQ_OK);
  assert_non_null(strstr(of_rows.output, "{\"lines\":[4,4],\"by\":{\"seen\":\"2 3 3\"},\"shares\":{"));
  options =
      (aq_predict_options){.size = sizeof options, .rows = rows, .write = host_write, .context = &alerts};
  options.alert = "label=no p>0";
  assert_int_equal(aq_session_predict_stream(session, &options), AQ_OK);
  options.json = true;
  assert_int_equal(aq_session_predict_stream(session, &options), AQ_OK);
  assert_non_null(strstr(alerts.output, "no\t2\n"));
  assert_non_null(strstr(alerts.output, "{\"line\":2,\"prediction\":{\"label\":{\"label\":\"no\""));
  aq_rows_clear(rows); /* without rows there is nothing to say */
  aq_predict_options_init(&options);
  options.rows = rows;
  options.write = host_write;
  options.context = &alerts;
  alerts = (struct host){0};
  assert_int_equal(aq_session_predict_stream(session, &options), AQ_OK);
  assert_string_equal(alerts.output, "");
  aq_rows_free(rows);
  aq_session_free(session);
  aq_model_free(model);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_the_same_model),
      cmocka_unit_test(test_the_same_split),
      cmocka_unit_test(test_given_labels),
      cmocka_unit_test(test_validation),
      cmocka_unit_test(test_reports),
      cmocka_unit_test(test_numbers_are_checked),
      cmocka_unit_test(test_columns_are_checked),
      cmocka_unit_test(test_bad_rows),
      cmocka_unit_test(test_filling),
      cmocka_unit_test(test_writing),
      cmocka_unit_test(test_streams),
  };
  return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
