/* report_scope.c: rows that are none of what a model knows. They are told by the highest probability of an
 * answer: below a threshold it is rejected. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "libaq/judge/report.h"
#include "libaq/shown/shown_tree.h"

static const double thresholds[] = {0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99};

int rep_add_scope(struct rep_report *r, size_t truth, const double *proba, size_t count, struct rt_error *e) {
  struct rep_scope *s = &r->scope;
  size_t best = count;
  for (size_t k = 0; k < count; k++)
    if (strcmp(r->classes[k].name, s->label) != 0 && (best == count || proba[k] > proba[best])) best = k;
  if (rt_grow((void **)&s->row, &s->capacity, s->count + 1, sizeof *s->row)) return rt_no_memory(e);
  s->row[s->count++] = (struct rep_scope_row){best < count ? proba[best] : 0,
                                              !strcmp(r->classes[truth].name, s->label), best == truth};
  return RT_OK;
}

size_t rep_scope_out(const struct rep_report *r) {
  size_t out = 0;
  for (size_t k = 0; k < r->scope.count; k++) out += r->scope.row[k].out;
  return out;
}

/* How likely a row out of scope has a lower probability than one in scope. */
static double roc_area(const struct rep_scope *s) {
  double *x = rt_zalloc(s->count + 1, sizeof *x);
  if (!x) return NAN;
  for (size_t k = 0; k < s->count; k++) x[k] = rep_scored(s->row[k].best, !s->row[k].out);
  double area = rep_roc_area(x, s->count);
  rt_free(x);
  return area;
}

static double part(size_t of, size_t all) { return all ? (double)of / (double)all : 0; }

static const struct shown_node *show_threshold(const struct rep_scope *s, double threshold, aq_shown *shown) {
  size_t out = 0, rejected = 0, caught = 0, right = 0;
  for (size_t k = 0; k < s->count; k++) {
    const struct rep_scope_row *row = &s->row[k];
    bool low = row->best < threshold;
    out += row->out;
    rejected += low;
    caught += low && row->out;
    right += !low && row->right && !row->out;
  }
  aq_shown_begin(shown, NULL);
  aq_shown_real(shown, "threshold", NULL, threshold);
  aq_shown_real(shown, "recall", NULL, part(caught, out));
  aq_shown_real(shown, "precision", NULL, part(caught, rejected));
  aq_shown_real(shown, "in_scope", NULL, part(right, s->count - out));
  aq_shown_real(shown, "accuracy", NULL, part(right + caught, s->count));
  aq_shown_end(shown);
  return shown_latest(shown);
}

void rep_show_scope(const struct rep_report *r, aq_shown *shown) {
  static const struct shown_column columns[] = {
      {"recall", "recall"}, {"precision", "precision"}, {"in_scope", "in scope"}, {"accuracy", "accuracy"}};
  const struct rep_scope *s = &r->scope;
  const struct shown_node *row[RT_COUNT(thresholds)];
  char name[40];
  if (!s->label || !s->count) return;
  double area = roc_area(s);
  aq_shown_begin(shown, "out_of_scope");
  aq_shown_text(shown, "label", NULL, s->label);
  aq_shown_whole(shown, "rows", NULL, (int64_t)rep_scope_out(r));
  aq_shown_real(shown, "auc", NULL, area);
  aq_shown_list(shown, "thresholds");
  for (size_t k = 0; k < RT_COUNT(thresholds); k++) row[k] = show_threshold(s, thresholds[k], shown);
  aq_shown_end(shown);
  aq_shown_end(shown);
  aq_shown_note(shown, NULL,
                "\n%zu of %zu rows are out of scope (%s). An answer below a threshold is rejected:\n",
                rep_scope_out(r), s->count, s->label);
  shown_table(shown, columns, RT_COUNT(columns));
  for (size_t k = 0; k < RT_COUNT(thresholds); k++) {
    snprintf(name, sizeof name, "below %g", thresholds[k]);
    shown_row(shown, name, row[k]);
  }
  aq_shown_end(shown);
  aq_shown_note(shown, NULL, "\narea under the ROC curve of what is out of scope: %.4f\n", area);
}
