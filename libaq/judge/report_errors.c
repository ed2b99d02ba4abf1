/* report_errors.c: what a report says of errors: which classes are taken for each other, and whether a
 * probability of 0.8 is right in 8 of 10 rows. */
#include <math.h>
#include <stdlib.h>

#include "libaq/judge/report.h"
#include "libaq/shown/printable.h"
#include "libaq/shown/shown_curve.h"

double rep_calibration_error(const struct rep_report *r) {
  double sum = 0, rows = 0;
  for (int b = 0; b < REP_BINS; b++) {
    sum += fabs((double)r->bin[b].hits - rep_sum_value(&r->bin[b].confidence));
    rows += (double)r->bin[b].rows;
  }
  return rows > 0 ? sum / rows : NAN;
}

/* Drawn on pages: how often answers are right over what they say, beside what would be perfect. */
static void draw_calibration(const struct rep_report *r, aq_shown *s) {
  double says[REP_BINS + 2], right[REP_BINS + 2];
  size_t count = 0;
  says[count] = 0;
  right[count++] = NAN;
  for (int b = 0; b < REP_BINS; b++) {
    double rows = (double)r->bin[b].rows;
    if (rows == 0) continue;
    says[count] = rep_sum_value(&r->bin[b].confidence) / rows;
    right[count++] = (double)r->bin[b].hits / rows;
  }
  says[count] = 1;
  right[count++] = NAN;
  static const char *const name[] = {"how often it is right", "if it were calibrated"};
  const double *const value[] = {right, says};
  const aq_curve *curve = shown_keep_curve(
      s,
      &(aq_curve){.title = "calibration",
                  .about = "Above the dashed line the model is right more often than it says, below it less "
                           "often.",
                  .place = "probability of the answer",
                  .at = says,
                  .count = count,
                  .line_name = name,
                  .line_value = value,
                  .line_count = RT_COUNT(value),
                  .marked = NAN});
  if (curve) shown_draw_curve(s, curve);
  shown_only(s, SHOWN_ON_PAGES);
}

static const struct shown_column bin_columns[] = {
    {"rows", "rows"}, {"confidence", "says"}, {"accuracy", "is right"}};
static const struct shown_column bin_columns_of_tags[RT_COUNT(bin_columns)] = {
    {"rows", "words"}, {"confidence", "says"}, {"accuracy", "is right"}};

static void say_no_calibration(aq_shown *s) {
  aq_shown_note(s, NULL, "\nno calibration: it is of answers that are one class, and of tags");
  shown_only(s, SHOWN_IN_TEXT);
}

void rep_show_calibration(const struct rep_report *r, aq_shown *s) {
  const struct shown_node *row[REP_BINS] = {NULL};
  double error = rep_calibration_error(r);
  if (isnan(error)) {
    say_no_calibration(s);
    return;
  }
  aq_shown_begin(s, "calibration");
  aq_shown_say(s, "calibration: the probability of the answer, and how often it is right");
  aq_shown_real(s, "error", NULL, error);
  aq_shown_list(s, "bins");
  for (int b = 0; b < REP_BINS; b++) {
    double rows = (double)r->bin[b].rows;
    aq_shown_begin(s, NULL);
    aq_shown_real(s, "from", NULL, (double)b / REP_BINS);
    aq_shown_real(s, "to", NULL, (b + 1.0) / REP_BINS);
    aq_shown_whole(s, "rows", NULL, (int64_t)rows);
    aq_shown_real(s, "confidence", NULL, rows ? rep_sum_value(&r->bin[b].confidence) / rows : NAN);
    aq_shown_real(s, "accuracy", NULL, rows ? (double)r->bin[b].hits / rows : NAN);
    aq_shown_end(s);
    row[b] = shown_latest(s);
  }
  aq_shown_end(s);
  shown_table(s, r->kind & REP_OF_TAGS ? bin_columns_of_tags : bin_columns, RT_COUNT(bin_columns));
  for (int b = 0; b < REP_BINS; b++) {
    static const char *const label[REP_BINS] = {"0.0-0.1", "0.1-0.2", "0.2-0.3", "0.3-0.4", "0.4-0.5",
                                                "0.5-0.6", "0.6-0.7", "0.7-0.8", "0.8-0.9", "0.9-1.0"};
    if (r->bin[b].rows) shown_row(s, label[b], row[b]);
  }
  aq_shown_end(s);
  aq_shown_note(s, NULL, "expected calibration error %.4f", error);
  draw_calibration(r, s);
  aq_shown_end(s);
}

/* ---- confusions ---- */

struct confusion {
  uint64_t rows;
  size_t truth, said; /* in the order of their names */
};

static int most_first(const void *one, const void *other) {
  const struct confusion *a = one, *b = other;
  if (a->rows != b->rows) return a->rows < b->rows ? 1 : -1;
  if (a->truth != b->truth) return a->truth < b->truth ? -1 : 1;
  return a->said < b->said ? -1 : a->said > b->said;
}

static const char *name_of(const struct rep_report *r, size_t k) { return r->classes[r->order[k]].name; }

static void show_confusion(const struct rep_report *r, const struct confusion *c, aq_shown *s) {
  struct rt_text line = {0};
  aq_shown_begin(s, NULL);
  aq_shown_text(s, "truth", NULL, name_of(r, c->truth));
  aq_shown_text(s, "predicted", NULL, name_of(r, c->said));
  aq_shown_whole(s, "rows", NULL, (int64_t)c->rows);
  aq_shown_end(s);
  printable_line(&line, name_of(r, c->truth));
  rt_text_puts(&line, " taken for ");
  printable_line(&line, name_of(r, c->said));
  uint64_t all = r->classes[r->order[c->truth]].truths;
  rt_text_printf(&line, ": %llu of %llu", (unsigned long long)c->rows, (unsigned long long)all);
  if (line.failed)
    shown_fail(s, RT_NO_MEMORY);
  else
    aq_shown_note(s, NULL, "%s", line.data);
  rt_text_free(&line);
}

int rep_show_confusions(const struct rep_report *r, size_t most, aq_shown *s, struct rt_error *e) {
  size_t n = r->class_count, count = 0;
  struct confusion *found = r->confusion ? rt_zalloc(n * n + 1, sizeof *found) : NULL;
  if (!r->confusion) return RT_OK;
  if (!found) return rt_no_memory(e);
  for (size_t t = 0; t < n; t++)
    for (size_t p = 0; p < n; p++) {
      uint64_t rows = r->confusion[r->order[t] * r->confusion_side + r->order[p]];
      if (t != p && rows) found[count++] = (struct confusion){rows, t, p};
    }
  qsort(found, count, sizeof *found, most_first);
  aq_shown_list(s, "confusions");
  aq_shown_say(s, count ? "most frequent confusions" : "no class is taken for another");
  for (size_t k = 0; k < count && k < most; k++) show_confusion(r, &found[k], s);
  aq_shown_end(s);
  rt_free(found);
  return RT_OK;
}
