/* test_report.c: the report's numbers, layout, metric names and goals, and its manners when memory runs out.
 */
#include "tests/unit/rationed_memory.h"
#include "libaq/judge/report.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CLOSE(a, b) assert_true(fabs((a) - (b)) < 1e-12)

static double value_of(struct rep_report *r, const char *name) {
  struct rep_asked asked;
  assert_int_equal(rep_metric_find(r, name, &asked, NULL), RT_OK);
  return rep_value(r, &asked);
}

/* Names the classes that text separates by spaces, and adds rows of one-letter classes: truth, prediction,
 * space. */
static void fill(struct rep_report *r, enum rep_kind kind, const char *const *names, const char *rows) {
  size_t index, predicted;
  assert_int_equal(rep_init(r, kind, NULL), RT_OK);
  for (; *names; names++) assert_int_equal(rep_class(r, *names, &index, NULL), RT_OK);
  for (; *rows; rows += rows[2] ? 3 : 2) {
    char truth[] = {rows[0], 0}, guess[] = {rows[1], 0};
    assert_int_equal(rep_class(r, truth, &index, NULL), RT_OK);
    assert_int_equal(rep_class(r, guess, &predicted, NULL), RT_OK);
    assert_int_equal(rep_add_class(r, index, predicted, NULL, 0, NULL), RT_OK);
  }
}

static const char *const abc[] = {"c", "a", "b", NULL};
static const char *const none[] = {NULL};

static void averages_by_hand(void **state) {
  (void)state;
  struct rep_report r;
  fill(&r, REP_CLASS, abc, "aa aa ab ba bb cb");
  /* a: p 2/3, r 2/3, f1 2/3; b: p 1/3, r 1/2, f1 2/5; c: never predicted */
  struct rep_scores b = rep_class_scores(&r, 2), macro = rep_average_scores(&r, REP_MACRO);
  CLOSE(b.precision, 1 / 3.0);
  CLOSE(b.recall, 0.5);
  CLOSE(b.f1, 0.4);
  assert_int_equal(b.support, 2);
  CLOSE(macro.f1, (2 / 3.0 + 0.4) / 3);
  CLOSE(rep_average_scores(&r, REP_WEIGHTED).f1, (3 * 2 / 3.0 + 2 * 0.4) / 6);
  CLOSE(rep_average_scores(&r, REP_MICRO).precision, 0.5);
  CLOSE(value_of(&r, "accuracy"), 0.5);
  CLOSE(value_of(&r, "f1"), macro.f1);
  CLOSE(value_of(&r, "recall"), macro.recall);
  rep_free(&r);
}

static void text_layout(void **state) {
  (void)state;
  struct rep_report r;
  struct rt_text out = {0};
  fill(&r, REP_TAGS, abc, "aa aa ab ba bb");
  rep_add_loss(&r, 1.0, 5);
  assert_int_equal(rep_write(&r, 4, AQ_TEXT, &out, NULL), RT_OK);
  assert_string_equal(out.data, "              precision    recall  f1-score   support\n"
                                "\n"
                                "           a     0.6667    0.6667    0.6667         3\n"
                                "           b     0.5000    0.5000    0.5000         2\n"
                                "\n"
                                "    accuracy                         0.6000         5\n"
                                "   macro avg     0.5833    0.5833    0.5833         5\n"
                                "weighted avg     0.6000    0.6000    0.6000         5\n"
                                "\n"
                                "   micro avg     0.6000    0.6000    0.6000         5\n"
                                "        loss     0.2000\n");
  rt_text_free(&out);
  rep_free(&r);
}

static void json_layout(void **state) {
  (void)state;
  struct rep_report r;
  struct rt_text out = {0};
  static const char *const quoted[] = {"b\"\\\n", "a", NULL};
  fill(&r, REP_CLASS, quoted, "aa aa");
  assert_int_equal(rep_add_class(&r, 0, 1, NULL, 0, NULL), RT_OK);
  assert_int_equal(rep_write(&r, 4, AQ_JSON, &out, NULL), RT_OK);
  assert_string_equal(
      out.data,
      "{\"kind\":\"class\",\"rows\":3,\"accuracy\":0.6666666666666666,\"f1\":0.4,\"f1_micro\":0."
      "6666666666666666,"
      "\"f1_weighted\":0.5333333333333333,\"precision\":0.3333333333333333,\"precision_weighted\":0."
      "4444444444444444,"
      "\"recall\":0.5,\"recall_weighted\":0.6666666666666666,\"auc\":null,\"log_loss\":null,\"loss\":null,"
      "\"classes\":[{\"name\":\"a\",\"support\":2,\"precision\":0.6666666666666666,\"recall\":1,\"f1\":0.8,"
      "\"predicted\":3},"
      "{\"name\":\"b\\\"\\\\\\n\",\"support\":1,\"precision\":0,\"recall\":0,\"f1\":0,\"predicted\":0}],"
      "\"averages\":{\"micro\":{\"support\":3,\"precision\":0.6666666666666666,\"recall\":0.6666666666666666,"
      "\"f1\":0.6666666666666666},\"macro\":{\"support\":3,\"precision\":0.3333333333333333,\"recall\":0.5,"
      "\"f1\":0.4},\"weighted\":{\"support\":3,\"precision\":0.4444444444444444,\"recall\":0."
      "6666666666666666,"
      "\"f1\":0.5333333333333333}},\"confusion\":[[2,0],[1,0]]}");
  rt_text_free(&out);
  rep_free(&r);
}

static void no_rows(void **state) {
  (void)state;
  struct rep_report r;
  struct rt_text out = {0};
  fill(&r, REP_CLASS, abc, "");
  assert_true(isnan(value_of(&r, "accuracy")));
  assert_true(isnan(value_of(&r, "f1")));
  assert_true(isnan(value_of(&r, "loss")));
  assert_int_equal(rep_write(&r, 2, AQ_TEXT, &out, NULL), RT_OK);
  assert_string_equal(out.data, "no rows\n");
  rt_text_free(&out);
  rep_free(&r);
}

static void reset_keeps_classes(void **state) {
  (void)state;
  struct rep_report r;
  fill(&r, REP_CLASS, abc, "aa ab cb");
  rep_reset(&r);
  assert_int_equal(r.rows, 0);
  assert_int_equal(r.class_count, 3);
  assert_int_equal(rep_add_class(&r, 1, 1, NULL, 0, NULL), RT_OK);
  CLOSE(value_of(&r, "accuracy"), 1);
  CLOSE(value_of(&r, "f1"), 1); /* only a class that occurs counts */
  for (size_t k = 0; k < r.confusion_side * r.confusion_side; k++)
    assert_int_equal(r.confusion[k], k == r.confusion_side + 1);
  rep_free(&r);
}

static void many_classes(void **state) {
  (void)state;
  struct rep_report r;
  fill(&r, REP_CLASS, none, "");
  char name[16];
  size_t index;
  for (int c = 0; c < REP_CONFUSION_MAX + 500; c++) {
    snprintf(name, sizeof name, "k%d", c * 7919 % 1524);
    assert_int_equal(rep_class(&r, name, &index, NULL), RT_OK);
    assert_int_equal(index, c);
    assert_int_equal(rep_add_class(&r, index, index, NULL, 0, NULL), RT_OK);
    assert_true(c >= REP_CONFUSION_MAX || r.confusion[index * r.confusion_side + index] == 1);
    assert_true(c < 5 || c >= REP_CONFUSION_MAX || r.confusion[4 * r.confusion_side + 4] == 1);
  }
  assert_null(r.confusion);
  for (size_t k = 1; k < r.class_count; k++)
    assert_true(strcmp(r.classes[r.order[k - 1]].name, r.classes[r.order[k]].name) < 0);
  CLOSE(value_of(&r, "f1"), 1);
  assert_int_equal(rep_class(&r, "k5", &index, NULL), RT_OK);
  assert_string_equal(r.classes[index].name, "k5");
  rep_free(&r);
}

static void chances(void **state) {
  (void)state;
  struct rep_report r;
  assert_int_equal(rep_init(&r, REP_CHANCE, NULL), RT_OK);
  static const double rows[][2] = {{1, 0.8}, {0, 0.8}, {0, 0.5}, {1, 0.6}, {1, 0.4}, {0, 0.1}};
  for (size_t k = 0; k < RT_COUNT(rows); k++)
    assert_int_equal(rep_add_chance(&r, rows[k][0], rows[k][1], NULL), RT_OK);
  /* 9 pairs: the 0.8 wins 2 and ties 1, the 0.6 wins 2, the 0.4 wins 1 */
  CLOSE(value_of(&r, "auc"), 5.5 / 9);
  CLOSE(value_of(&r, "auc"), 5.5 / 9);
  CLOSE(value_of(&r, "accuracy"), 4 / 6.0);
  CLOSE(value_of(&r, "brier"), (0.04 + 0.64 + 0.25 + 0.16 + 0.36 + 0.01) / 6);
  CLOSE(value_of(&r, "log_loss"), -(log(0.8) + log(0.2) + log(0.5) + log(0.6) + log(0.4) + log(0.9)) / 6);
  struct rt_error e = {0};
  assert_int_equal(rep_add_chance(&r, 1.5, 0.5, &e), RT_BAD_DATA);
  assert_string_equal(e.text, "row 7: the target of a probability is from 0 to 1, and this one is 1.5");
  rt_error_clear(&e);
  assert_int_equal(rep_add_chance(&r, 1, NAN, &e), RT_NOT_FINITE);
  assert_string_equal(e.text, "row 7: the probability of class '0' is not a finite number");
  assert_int_equal(r.rows, 6);
  CLOSE(value_of(&r, "brier"), 1.46 / 6);
  /* a target between 0 and 1 */
  rep_reset(&r);
  assert_int_equal(rep_add_chance(&r, 0.7, 0.8, NULL), RT_OK);
  assert_int_equal(rep_add_chance(&r, 0.2, 0.6, NULL), RT_OK);
  CLOSE(value_of(&r, "accuracy"), 0.5);
  CLOSE(value_of(&r, "brier"), (0.01 + 0.16) / 2);
  CLOSE(value_of(&r, "log_loss"), -(0.7 * log(0.8) + 0.3 * log(0.2) + 0.2 * log(0.6) + 0.8 * log(0.4)) / 2);
  rep_free(&r);
}

static void auc_needs_both_classes(void **state) {
  (void)state;
  struct rep_report r;
  assert_int_equal(rep_init(&r, REP_CHANCE, NULL), RT_OK);
  for (int k = 0; k < 5; k++) assert_int_equal(rep_add_chance(&r, 1, 0.1 * k, NULL), RT_OK);
  assert_true(isnan(value_of(&r, "auc")));
  assert_int_equal(rep_add_chance(&r, 0, 0.25, NULL), RT_OK);
  CLOSE(value_of(&r, "auc"), 0.4);
  rep_free(&r);
}

static void impossible_probabilities_stay_finite(void **state) {
  (void)state;
  struct rep_report r;
  fill(&r, REP_CLASS, abc, "");
  assert_int_equal(rep_add_class(&r, 0, 1, (double[]){0, 1, 0}, 3, NULL), RT_OK);
  CLOSE(value_of(&r, "log_loss"), -log(0x1p-52));
  /* a label the model does not know: it gave it no probability */
  assert_int_equal(rep_add_class(&r, 2, 1, (double[]){0.5, 0.5}, 2, NULL), RT_OK);
  CLOSE(value_of(&r, "log_loss"), -log(0x1p-52));
  rep_free(&r);
}

static void numbers(void **state) {
  (void)state;
  struct rep_report r;
  assert_int_equal(rep_init(&r, REP_NUMBER, NULL), RT_OK);
  static const double truth[] = {1, 2, 3, 6}, predicted[] = {1, 3, 3, 4};
  for (int k = 0; k < 4; k++) {
    assert_int_equal(rep_add_numbers(&r, &truth[k], &predicted[k], 1, NULL), RT_OK);
    assert_true(k > 0 || isnan(value_of(&r, "r2")));
  }
  CLOSE(value_of(&r, "rmse"), sqrt(5 / 4.0));
  CLOSE(value_of(&r, "mae"), 0.75);
  CLOSE(value_of(&r, "r2"), 1 - 5 / 14.0);
  struct rt_error e = {0};
  assert_int_equal(rep_add_numbers(&r, (double[]){1, 2}, (double[]){1, 2}, 2, &e), RT_USAGE);
  assert_string_equal(e.text, "row 5 holds 2 numbers, and the rows before it 1");
  rt_error_clear(&e);
  assert_int_equal(rep_add_numbers(&r, &truth[0], (double[]){INFINITY}, 1, &e), RT_NOT_FINITE);
  assert_string_equal(e.text, "row 5: the prediction is not a finite number");
  rep_reset(&r);
  for (int k = 0; k < 3; k++) /* a constant target, once explained and once not, averaged over the columns */
    assert_int_equal(rep_add_numbers(&r, (double[]){0.1, 0.1}, (double[]){0.1, 0.2}, 2, NULL), RT_OK);
  CLOSE(value_of(&r, "r2"), 0.5);
  CLOSE(value_of(&r, "rmse"), 0.05);
  rep_free(&r);
}

static void next_tokens(void **state) {
  (void)state;
  struct rep_report r;
  struct rt_text out = {0};
  assert_int_equal(rep_init(&r, REP_NEXT, NULL), RT_OK);
  assert_int_equal(rep_add_next(&r, 10 * log(4), 10, NULL), RT_OK);
  assert_int_equal(rep_add_next(&r, 30 * log(8), 30, NULL), RT_OK);
  CLOSE(value_of(&r, "bits_per_token"), 2.75);
  CLOSE(value_of(&r, "perplexity"), exp2(2.75));
  CLOSE(value_of(&r, "loss"), 2.75 * log(2));
  assert_int_equal(rep_add_next(&r, NAN, 1, NULL), RT_NOT_FINITE);
  assert_int_equal(rep_write(&r, 3, AQ_TEXT, &out, NULL), RT_OK);
  assert_string_equal(out.data, "        tokens         40\n"
                                "          loss      1.906\n"
                                "    perplexity      6.727\n"
                                "bits_per_token      2.750\n");
  rt_text_free(&out);
  rep_free(&r);
}

static void long_sums_keep_their_digits(void **state) {
  (void)state;
  struct rep_sum sum = {0, 0};
  rep_sum_add(&sum, 1e16);
  for (int k = 0; k < 1000; k++) rep_sum_add(&sum, 1);
  rep_sum_add(&sum, -1e16);
  CLOSE(rep_sum_value(&sum), 1000);
  rep_sum_add(&sum, INFINITY);
  assert_true(isinf(rep_sum_value(&sum)));
}

static void unknown_class_is_refused(void **state) {
  (void)state;
  struct rep_report r;
  struct rt_error e = {0};
  fill(&r, REP_CLASS, abc, "");
  assert_int_equal(rep_add_class(&r, 0, 3, NULL, 0, &e), RT_USAGE);
  assert_string_equal(e.text, "class 3 was never named: the report knows 3 classes");
  assert_int_equal(r.rows, 0);
  rep_free(&r);
}

static void metric_names(void **state) {
  (void)state;
  struct rep_report r;
  struct rep_asked metric;
  fill(&r, REP_CLASS, abc, "");
  static const struct {
    const char *name, *message;
  } wrong[] = {
      {"f2", "there is no metric 'f2'; for a class there are accuracy, f1, f1_micro, f1_weighted, precision, "
             "precision_weighted, recall, recall_weighted, recall@K, mrr, ndcg@K, log_loss, loss"},
      {"rmse", "'rmse' does not measure a class; what does: accuracy, f1, f1_micro, f1_weighted, precision, "
               "precision_weighted, recall, recall_weighted, recall@K, mrr, ndcg@K, log_loss, loss"},
      {"auc",
       "auc is for two classes, and there are 3; use one of accuracy, f1, f1_micro, f1_weighted, precision, "
       "precision_weighted, recall, recall_weighted, recall@K, mrr, ndcg@K, log_loss, loss"},
      {"", "there is no metric ''; for a class there are accuracy, f1, f1_micro, f1_weighted, precision, "
           "precision_weighted, recall, recall_weighted, recall@K, mrr, ndcg@K, log_loss, loss"},
  };
  static const char *const none_of[] = {"recall@",    "recall@0",          "recall@x",
                                        "recall@1.5", "recall@9999999999", "f1@3"};
  for (size_t k = 0; k < RT_COUNT(none_of); k++)
    assert_int_equal(rep_metric_find(&r, none_of[k], &metric, NULL), RT_USAGE);
  for (size_t k = 0; k < RT_COUNT(wrong); k++) {
    struct rt_error e = {0};
    assert_int_equal(rep_metric_find(&r, wrong[k].name, &metric, &e), RT_USAGE);
    assert_string_equal(e.text, wrong[k].message);
  }
  assert_int_equal(rep_metric_find(&r, "loss", &metric, NULL), RT_OK);
  assert_false(metric.metric->higher);
  assert_true(rep_metric_better(metric.metric, 0.1, 0.2));
  assert_false(rep_metric_better(metric.metric, 0.2, 0.2));
  assert_true(rep_metric_better(metric.metric, 0.2, NAN));
  assert_false(rep_metric_better(metric.metric, NAN, 0.2));
  assert_int_equal(rep_metric_find(&r, "f1", &metric, NULL), RT_OK);
  assert_true(rep_metric_better(metric.metric, 0.3, 0.2));
  assert_int_equal(rep_metric_find(&r, "recall@20", &metric, NULL), RT_OK);
  assert_int_equal(metric.k, 20);
  assert_string_equal(metric.name, "recall@20");
  rep_free(&r);
}

/* Places 1, 3, 3, 12 and none. */
static void ranks(void **state) {
  (void)state;
  struct rep_report r;
  assert_int_equal(rep_init(&r, REP_CLASS, NULL), RT_OK);
  static const size_t place[] = {1, 3, 12, 3, 0};
  for (size_t k = 0; k < RT_COUNT(place); k++) assert_int_equal(rep_add_rank(&r, place[k], NULL), RT_OK);
  CLOSE(value_of(&r, "recall@1"), 0.2);
  CLOSE(value_of(&r, "recall@2"), 0.2);
  CLOSE(value_of(&r, "recall@3"), 0.6);
  CLOSE(value_of(&r, "recall@10"), 0.6);
  CLOSE(value_of(&r, "recall@999999999"), 0.8);
  CLOSE(value_of(&r, "mrr"), (1 + 2 / 3.0 + 1 / 12.0) / 5);
  CLOSE(value_of(&r, "ndcg@10"), (1 + 2 / log2(4)) / 5);
  CLOSE(value_of(&r, "ndcg@12"), (1 + 2 / log2(4) + 1 / log2(13)) / 5);
  rep_reset(&r);
  assert_true(isnan(value_of(&r, "mrr")));
  /* What scores as much as the right answer stands before it. */
  assert_int_equal(rep_rank((const double[]){1, 3, 2, 3, 0}, 5, 1), 2);
  assert_int_equal(rep_rank((const double[]){1, 3, 2, 3, 0}, 5, 4), 5);
  assert_int_equal(rep_rank((const double[]){1, 1, 1}, 3, 0), 3);
  rep_free(&r);
}

static void goals(void **state) {
  (void)state;
  struct rep_report r;
  struct rep_goal goal;
  fill(&r, REP_CLASS, abc, "aa aa ab bb");
  assert_int_equal(rep_goal_read(&r, "accuracy=0.75", &goal, NULL), RT_OK);
  assert_true(rep_goal_met(&goal, &r));
  assert_int_equal(rep_goal_read(&r, "accuracy=7.6e-1", &goal, NULL), RT_OK);
  assert_false(rep_goal_met(&goal, &r));
  assert_int_equal(rep_goal_read(&r, "loss=.2", &goal, NULL), RT_OK);
  assert_false(rep_goal_met(&goal, &r)); /* no loss was ever given */
  rep_add_loss(&r, 0.4, 4);
  assert_true(rep_goal_met(&goal, &r));
  static const struct {
    const char *text, *message, *hint;
  } wrong[] = {
      {"f1", "a goal is a metric and a value, such as accuracy=0.9, and this is 'f1'", ""},
      {"f1=", "'' is not a number that f1 could reach", ""},
      {"f1=0,9", "'0,9' is not a number that f1 could reach", ""},
      {"f1=nan", "'nan' is not a number that f1 could reach", ""},
      {"f1=1e999", "'1e999' is not a number that f1 could reach", ""},
      {"f1=90", "f1 can never be 90: no value is better than 1", "f1 is a fraction: write f1=0.9"},
      {"log_loss=-1", "log_loss can never be -1: no value is better than 0", ""},
  };
  for (size_t k = 0; k < RT_COUNT(wrong); k++) {
    struct rt_error e = {0};
    assert_int_equal(rep_goal_read(&r, wrong[k].text, &goal, &e), RT_USAGE);
    assert_string_equal(e.text, wrong[k].message);
    assert_string_equal(e.hint, wrong[k].hint);
  }
  rep_free(&r);
}

static int whole_life(void) {
  struct rep_report r = {0};
  struct rt_text out = {0};
  int status = rep_init(&r, REP_CHANCE, NULL);
  for (int k = 0; k < 40 && !status; k++) status = rep_add_chance(&r, k % 2, k / 40.0, NULL);
  size_t index;
  for (int k = 0; k < 12 && !status; k++) status = rep_class(&r, (char[]){(char)('a' + k), 0}, &index, NULL);
  if (!status) status = rep_write(&r, 4, AQ_TEXT, &out, NULL);
  if (!status) status = rep_write(&r, 4, AQ_JSON, &out, NULL);
  rt_text_free(&out);
  rep_free(&r);
  return status;
}

static void memory_runs_out(void **state) {
  (void)state;
  int status = RT_NO_MEMORY, tried = 0;
  for (; status && tried < 1000; tried++) {
    struct ration memory = {.left = tried};
    rt_set_allocator(ration_resize, &memory);
    status = whole_life();
    rt_set_allocator(NULL, NULL);
    assert_true(status == RT_OK || status == RT_NO_MEMORY);
  }
  assert_int_equal(status, RT_OK);
  assert_true(tried > 10);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(averages_by_hand),
      cmocka_unit_test(text_layout),
      cmocka_unit_test(json_layout),
      cmocka_unit_test(no_rows),
      cmocka_unit_test(reset_keeps_classes),
      cmocka_unit_test(many_classes),
      cmocka_unit_test(chances),
      cmocka_unit_test(auc_needs_both_classes),
      cmocka_unit_test(impossible_probabilities_stay_finite),
      cmocka_unit_test(numbers),
      cmocka_unit_test(next_tokens),
      cmocka_unit_test(long_sums_keep_their_digits),
      cmocka_unit_test(unknown_class_is_refused),
      cmocka_unit_test(metric_names),
      cmocka_unit_test(ranks),
      cmocka_unit_test(goals),
      cmocka_unit_test(memory_runs_out),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
