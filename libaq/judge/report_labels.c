/* report_labels.c: rows with several labels. */
#include <math.h>
#include <string.h>

#include "libaq/judge/report.h"

/* A label counts as predicted above this probability, when nothing else is said. With a loss for each label
 * alone, as binary cross-entropy is, that is where it becomes likelier than not. */
static const double THRESHOLD = 0.5;

int rep_next_above(struct rep_report *r, double above, struct rt_error *e) {
  if (rt_grow((void **)&r->above, &r->above_capacity, r->above_count + 1, sizeof *r->above))
    return rt_no_memory(e);
  r->above[r->above_count++] = above;
  return RT_OK;
}

bool rep_is_predicted(const struct rep_report *r, size_t label, double probability) {
  return probability > (label < r->above_count ? r->above[label] : THRESHOLD);
}

/* Marks the labels of a row; a label that stands there twice is one. */
static int mark(struct rep_report *r, const struct rep_labels *row, struct rt_error *e) {
  if (rt_grow((void **)&r->label_mark, &r->mark_capacity, r->class_count + 1, 1)) return rt_no_memory(e);
  memset(r->label_mark, 0, r->class_count);
  for (size_t k = 0; k < row->count; k++) {
    if (row->truth[k] >= r->class_count)
      return rt_fail(e, RT_USAGE, "class %zu was never named: the report knows %zu classes", row->truth[k],
                     r->class_count);
    r->label_mark[row->truth[k]] = 1;
  }
  return RT_OK;
}

/* Once there are too many scores, none are kept: an average over some rows would be of no use. */
static int keep_scores(struct rep_report *r, const struct rep_labels *row, struct rt_error *e) {
  size_t count = r->label_scores + row->proba_count;
  if (r->scores_dropped || count > REP_SCORES_MAX) {
    r->scores_dropped = true;
    return RT_OK;
  }
  if (rt_grow((void **)&r->label_score, &r->score_capacity, count, sizeof *r->label_score))
    return rt_no_memory(e);
  for (size_t k = 0; k < row->proba_count; k++)
    r->label_score[r->label_scores++] = (float)rep_scored(row->proba[k], r->label_mark[k]);
  return RT_OK;
}

int rep_add_labels(struct rep_report *r, const struct rep_labels *row, struct rt_error *e) {
  bool right = true;
  if (row->proba_count > r->class_count)
    return rt_fail(e, RT_USAGE, "%zu probabilities, and the report knows %zu classes", row->proba_count,
                   r->class_count);
  for (size_t k = 0; k < row->proba_count; k++)
    if (!isfinite(row->proba[k]))
      return rt_fail(e, RT_NOT_FINITE, "row %llu: the probability of label '%s' is not a finite number",
                     (unsigned long long)r->rows + 1, r->classes[k].name);
  int status = mark(r, row, e);
  if (status == RT_OK) status = keep_scores(r, row, e);
  if (status != RT_OK) return status;
  for (size_t k = 0; k < r->class_count; k++) {
    bool predicted = k < row->proba_count && rep_is_predicted(r, k, row->proba[k]), has = r->label_mark[k];
    r->classes[k].truths += has;
    r->classes[k].unseen += has && rep_is_unseen(r, k);
    r->classes[k].predictions += predicted;
    r->classes[k].hits += has && predicted;
    right &= has == predicted;
  }
  r->exact += right;
  r->rows++;
  return RT_OK;
}

/* The sum over thresholds of precision times the recall that each adds; rows of one score count together, as
 * scikit-learn's average_precision_score has it. x is sorted by falling score. */
static double average_precision(const double *x, size_t n, double positives) {
  double sum = 0, hits = 0;
  for (size_t k = 0; k < n;) {
    double score = fabs(x[k]), before = hits;
    for (; k < n && fabs(x[k]) == score; k++) hits += rep_is_positive(x[k]);
    sum += (hits - before) / positives * (hits / (double)k);
  }
  return sum;
}

/* What the rows have of label c whose models know it: *rows of them, the highest score first unless it is
 * right in no row. Returns in how many it is. */
static double scores_of(const struct rep_report *r, size_t labels, size_t c, double *x, size_t *rows) {
  double positives = 0;
  *rows = 0;
  for (size_t k = c; k < r->label_scores; k += labels) {
    if (isnan(r->label_score[k])) continue;
    x[*rows] = (double)r->label_score[k];
    positives += rep_is_positive(x[(*rows)++]);
  }
  if (positives > 0) rep_sort_scored(x, *rows);
  return positives;
}

double rep_mean_average_precision(const struct rep_report *r) {
  size_t labels = r->model_classes ? r->model_classes : r->class_count;
  size_t rows = labels ? r->label_scores / labels : 0, counted = 0, judged;
  double *x = r->scores_dropped || !rows ? NULL : rt_zalloc(rows, sizeof *x);
  double sum = 0;
  if (!x) return NAN;
  for (size_t c = 0; c < labels; c++) {
    double positives = scores_of(r, labels, c, x, &judged);
    if (positives == 0) continue;
    sum += average_precision(x, judged, positives);
    counted++;
  }
  rt_free(x);
  return counted ? sum / (double)counted : NAN;
}

/* The cut of the highest f1, 2 hits / (predicted + positives), among those between two scores. x is sorted by
 * falling score. */
static double best_cut(const double *x, size_t n, double positives) {
  double best = -1, hits = 0, cut = 0;
  for (size_t k = 0; k < n;) {
    double score = fabs(x[k]);
    for (; k < n && fabs(x[k]) == score; k++) hits += rep_is_positive(x[k]);
    double f1 = 2 * hits / ((double)k + positives);
    if (f1 <= best) continue;
    best = f1;
    cut = (score + (k < n ? fabs(x[k]) : 0)) / 2;
  }
  return cut;
}

int rep_best_above(const struct rep_report *r, double usual, size_t labels, double *above) {
  size_t rows = r->scores_dropped || !labels ? 0 : r->label_scores / labels, judged;
  double *x = rt_zalloc(rows + 1, sizeof *x);
  if (!x) return RT_NO_MEMORY;
  for (size_t c = 0; c < labels; c++) {
    double positives = rows ? scores_of(r, labels, c, x, &judged) : 0;
    above[c] = positives > 0 ? best_cut(x, judged, positives) : usual;
  }
  rt_free(x);
  return RT_OK;
}
