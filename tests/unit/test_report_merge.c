/* test_report_merge.c: two reports together say what one of all rows says. */
#include "libaq/judge/report.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { ROWS = 60 };

static double uniform(unsigned *state) {
  *state = *state * 1664525u + 1013904223u;
  return (double)(*state >> 8) / (1 << 24);
}

static void name(struct rep_report *r, const char *const *names) {
  size_t index;
  for (; *names; names++) assert_int_equal(rep_class(r, *names, &index, NULL), RT_OK);
}

/* Row k of a kind of target: the same whichever report it is added to. */
static void add_row(struct rep_report *r, int k) {
  unsigned state = 77u + (unsigned)k * 7919u;
  double p[4], sum = 0;
  for (int c = 0; c < 4; c++) sum += p[c] = 0.05 + uniform(&state);
  size_t classes = r->kind == REP_LABELS ? 4 : r->kind == REP_CHANCE ? 2 : r->class_count, best = 0;
  if (r->kind != REP_LABELS)
    for (size_t c = 0; c < 4; c++) p[c] /= sum;
  for (size_t c = 0; c < classes; c++) best = p[c] > p[best] ? c : best;
  const size_t truth = (size_t)(uniform(&state) * (double)classes);
  const double number[] = {10 * uniform(&state), uniform(&state) - 3}, said[] = {10 * p[0], -3 + p[1]};
  int status = RT_OK;
  if (r->kind == REP_CLASS) status = rep_add_class(r, truth, best, p, classes, NULL);
  if (r->kind == REP_CLASS && status == RT_OK) status = rep_add_rank(r, rep_rank(p, classes, truth), NULL);
  if (r->kind == REP_TAGS) {
    const size_t right[] = {truth, best, truth}, answer[] = {best, best, truth};
    for (int t = 0; t < 3 && status == RT_OK; t++)
      status = rep_add_class(r, right[t], answer[t], p, classes, NULL);
    if (status == RT_OK) status = rep_add_unanswered(r, truth, NULL);
    rep_add_tags(r, right, answer, 3);
  }
  const size_t labels[] = {truth, best};
  if (r->kind == REP_LABELS)
    status = rep_add_labels(r, &(struct rep_labels){labels, 1 + (size_t)(k % 2), p, 4}, NULL);
  if (r->kind == REP_CHANCE) status = rep_add_chance(r, k % 3 == 0, p[0], NULL);
  if (r->kind & (REP_NUMBER | REP_VECTOR)) status = rep_add_numbers(r, number, said, 2, NULL);
  if (r->kind == REP_NEXT) status = rep_add_next(r, 3 * p[0], 4, NULL);
  if (r->kind == REP_MATCH)
    r->rows++, r->found = 9, status = rep_add_rank(r, 1 + truth % 4 + (size_t)k % 5, NULL);
  assert_int_equal(status, RT_OK);
  if (r->kind != REP_NEXT) rep_add_loss(r, p[0] * 2, 2);
}

static void begin(struct rep_report *r, enum rep_kind kind, const char *const *names) {
  assert_int_equal(rep_init(r, kind, NULL), RT_OK);
  if (names) name(r, names);
  if (names) rep_model_classes(r);
}

static void same_metrics(struct rep_report *a, struct rep_report *b) {
  int compared = 0;
  for (size_t m = 0; m < rep_metric_count; m++) {
    assert_int_equal(rep_measures(a, &rep_metrics[m]), rep_measures(b, &rep_metrics[m]));
    if (!rep_measures(a, &rep_metrics[m])) continue;
    double one = rep_metric_value(a, &rep_metrics[m]), other = rep_metric_value(b, &rep_metrics[m]);
    if (isnan(one) ? !isnan(other) : fabs(one - other) > 1e-12)
      fail_msg("%s: %.17g, not %.17g", rep_metrics[m].name, other, one);
    compared += !isnan(one);
  }
  assert_true(compared > 0);
}

/* Rows at odd and even places, or all in one of them. */
static void halves(enum rep_kind kind, const char *const *names, int parts) {
  struct rep_report all, one, other;
  begin(&all, kind, names);
  begin(&one, kind, names);
  begin(&other, kind, names);
  for (int k = 0; k < ROWS; k++) add_row(&all, k);
  for (int k = 0; k < ROWS; k++) add_row(k % parts ? &one : &other, k);
  assert_int_equal(rep_merge(&one, &other, NULL), RT_OK);
  assert_int_equal(all.rows, one.rows);
  same_metrics(&all, &one);
  for (size_t t = 0; t < all.class_count; t++)
    for (size_t p = 0; all.confusion && p < all.class_count; p++)
      assert_int_equal(all.confusion[t * all.confusion_side + p], one.confusion[t * one.confusion_side + p]);
  rep_free(&all);
  rep_free(&one);
  rep_free(&other);
}

static void every_kind(void **state) {
  (void)state;
  static const char *const two[] = {"b", "a", NULL}, *const four[] = {"d", "a", "c", "b", NULL},
                           *const tags[] = {"O", "B-x", "I-x", "B-y", NULL};
  for (int parts = 1; parts <= 3; parts++) {
    halves(REP_CLASS, two, parts);
    halves(REP_CLASS, four, parts);
    halves(REP_TAGS, tags, parts);
    halves(REP_LABELS, four, parts);
    halves(REP_CHANCE, NULL, parts);
    halves(REP_NUMBER, NULL, parts);
    halves(REP_VECTOR, NULL, parts);
    halves(REP_NEXT, NULL, parts);
    halves(REP_MATCH, NULL, parts);
  }
}

static size_t place(const struct rep_report *r, const char *class) {
  size_t k = 0;
  while (strcmp(r->classes[k].name, class) != 0) k++;
  return k;
}

/* One model knows a and b, the other b and c: classes go by their names, and a row whose model does not know
 * its class counts as an error. */
static void other_classes(void **state) {
  (void)state;
  static const char *const ab[] = {"a", "b", NULL}, *const cb[] = {"c", "b", NULL};
  const double p[] = {0.75, 0.25};
  struct rep_report one, other;
  size_t c, a;
  begin(&one, REP_CLASS, ab);
  begin(&other, REP_CLASS, cb);
  assert_int_equal(rep_class(&one, "c", &c, NULL), RT_OK);
  assert_int_equal(rep_class(&other, "a", &a, NULL), RT_OK);
  assert_int_equal(rep_add_class(&one, 0, 0, p, 2, NULL), RT_OK);   /* a as a */
  assert_int_equal(rep_add_class(&one, c, 1, p, 2, NULL), RT_OK);   /* c as b, unseen */
  assert_int_equal(rep_add_class(&other, 0, 0, p, 2, NULL), RT_OK); /* c as c */
  assert_int_equal(rep_add_class(&other, 1, 0, p, 2, NULL), RT_OK); /* b as c */
  assert_int_equal(rep_add_class(&other, a, 0, p, 2, NULL), RT_OK); /* a as c, unseen */
  assert_int_equal(rep_merge(&one, &other, NULL), RT_OK);
  assert_int_equal(one.rows, 5);
  assert_int_equal(one.model_classes, 3);
  assert_int_equal(rep_unseen_rows(&one), 2);
  assert_int_equal(rep_scored_rows(&one), 3);
  assert_int_equal(one.classes[place(&one, "a")].truths, 2);
  assert_int_equal(one.classes[place(&one, "a")].unseen, 1);
  assert_int_equal(one.classes[place(&one, "c")].predictions, 3);
  assert_int_equal(one.confusion[place(&one, "c") * one.confusion_side + place(&one, "b")], 1);
  assert_int_equal(one.confusion[place(&one, "a") * one.confusion_side + place(&one, "c")], 1);
  rep_free(&one);
  rep_free(&other);
}

/* A label that the model of a row does not have is not ranked there. */
static void other_labels(void **state) {
  (void)state;
  static const char *const ab[] = {"a", "b", NULL}, *const b[] = {"b", NULL};
  const double high[] = {0.9, 0.2}, low[] = {0.1, 0.8};
  const size_t first = 0, second = 1;
  struct rep_report one, other;
  begin(&one, REP_LABELS, ab);
  begin(&other, REP_LABELS, b);
  assert_int_equal(rep_add_labels(&one, &(struct rep_labels){&first, 1, high, 2}, NULL), RT_OK);
  assert_int_equal(rep_add_labels(&one, &(struct rep_labels){&second, 1, low, 2}, NULL), RT_OK);
  assert_int_equal(rep_add_labels(&other, &(struct rep_labels){&first, 1, high, 1}, NULL), RT_OK);
  assert_int_equal(rep_merge(&one, &other, NULL), RT_OK);
  assert_int_equal(one.model_classes, 2);
  assert_true(rep_mean_average_precision(&one) == 1);
  rep_free(&one);
  rep_free(&other);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(every_kind), cmocka_unit_test(other_classes),
                                     cmocka_unit_test(other_labels)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
