/* repeat_scores.c: what several trainings reach, as a table with mean and standard deviation. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aqc/repeat.h"
#include "aqc/messages.h"

enum { WIDTH = 10, LEFT = 22, LINE = 1024 };

static void add_column(struct scores *s, const char *name, aq_report *report) {
  double value;
  for (size_t k = 0; k < s->count; k++)
    if (!strcmp(s->name[k], name)) return;
  if (s->count == SCORES_MOST || aq_report_metric(report, name, &value) != AQ_OK) return;
  snprintf(s->name[s->count++], sizeof s->name[0], "%s", name);
}

/* A metric with the name of its output, where there are several. */
static void add_of_output(struct scores *s, const aq_model *model, size_t o, const char *metric,
                          aq_report *report) {
  char name[96];
  bool several = aq_model_output_count(model) > 1;
  snprintf(name, sizeof name, "%s%s%s", several ? aq_model_output_name(model, o) : "", several ? "." : "",
           metric);
  add_column(s, name, report);
}

void scores_begin(struct scores *s, const aq_model *model, aq_report *report) {
  static const char *const usual[] = {"entity_f1", "accuracy", "f1", "mean_average_precision", "rmse", "mae"};
  static const char *const ranks[] = {"mrr", "recall@1"};
  const char *chosen = aq_model_metric(model, NULL);
  if (chosen[0] && strchr(chosen, '.')) add_column(s, chosen, report);
  if (chosen[0] && !strchr(chosen, '.')) add_of_output(s, model, 0, chosen, report);
  for (size_t o = 0; o < aq_model_output_count(model); o++) {
    size_t before = s->count;
    for (size_t k = 0; k < sizeof usual / sizeof *usual; k++) add_of_output(s, model, o, usual[k], report);
    for (size_t k = 0; s->count == before && k < sizeof ranks / sizeof *ranks; k++)
      add_of_output(s, model, o, ranks[k], report);
    add_of_output(s, model, o, "loss", report);
  }
}

void scores_read(const struct scores *s, aq_report *report, double value[SCORES_MOST]) {
  for (size_t k = 0; k < s->count; k++)
    if (aq_report_metric(report, s->name[k], &value[k]) != AQ_OK) value[k] = NAN;
}

static int width_of(const struct scores *s, size_t k) {
  int width = (int)strlen(s->name[k]);
  return width < WIDTH ? WIDTH : width;
}

/* The values of a line behind what stands on its left. */
static void write_line(const struct scores *s, const char *left, const double *value, aq_shown *shown) {
  char line[LINE];
  int length = snprintf(line, sizeof line, "%-*s", LEFT, left);
  for (size_t k = 0; k < s->count && length < LINE; k++) {
    char number[VALUE_TEXT];
    length += snprintf(line + length, sizeof line - (size_t)length, "  %*s", width_of(s, k),
                       value_text(number, value[k]));
  }
  aq_shown_note(shown, NULL, "%s", line);
}

static void write_head(const struct scores *s, aq_shown *shown) {
  char line[LINE];
  int length = snprintf(line, sizeof line, "%-6s  %6s  %6s", s->one, "rows", "epoch");
  for (size_t k = 0; k < s->count && length < LINE; k++)
    length += snprintf(line + length, sizeof line - (size_t)length, "  %*s", width_of(s, k), s->name[k]);
  aq_shown_note(shown, NULL, "%s", line);
}

static void show_values(const struct scores *s, const char *key, const double *value, aq_shown *shown) {
  aq_shown_begin(shown, key);
  for (size_t k = 0; k < s->count; k++) aq_shown_real(shown, s->name[k], NULL, value[k]);
  aq_shown_end(shown);
}

static void show_run(const struct scores *s, const struct score *run, aq_shown *shown) {
  char left[64];
  aq_shown_begin(shown, NULL);
  aq_shown_whole(shown, s->one, NULL, run->number);
  aq_shown_whole(shown, "rows", NULL, run->facts.rows);
  aq_shown_whole(shown, "validation_rows", NULL, run->facts.valid_rows);
  aq_shown_whole(shown, "judged_rows", NULL, run->rows);
  aq_shown_whole(shown, "epochs", NULL, run->facts.epochs);
  aq_shown_whole(shown, "best_epoch", NULL, run->facts.best_epoch);
  aq_shown_real(shown, "seconds", NULL, run->facts.seconds);
  show_values(s, "metrics", run->value, shown);
  if (run->report) aq_shown_tree(shown, "report", run->report);
  snprintf(left, sizeof left, "%-6lld  %6lld  %6lld", (long long)run->number, (long long)run->rows,
           (long long)run->facts.best_epoch);
  write_line(s, left, run->value, shown);
  aq_shown_end(shown);
}

static double mean_of(const struct scores *s, size_t k) {
  double sum = 0;
  for (size_t r = 0; r < s->done; r++) sum += s->row[r].value[k];
  return sum / (double)s->done;
}

static double deviation_of(const struct scores *s, size_t k) {
  double sum = 0, mean = mean_of(s, k);
  for (size_t r = 0; r < s->done; r++) sum += (s->row[r].value[k] - mean) * (s->row[r].value[k] - mean);
  return s->done > 1 ? sqrt(sum / (double)(s->done - 1)) : NAN;
}

void scores_show(const struct scores *s, aq_shown *shown) {
  double mean[SCORES_MOST], deviation[SCORES_MOST];
  char key[16];
  for (size_t k = 0; k < s->count; k++) mean[k] = mean_of(s, k), deviation[k] = deviation_of(s, k);
  snprintf(key, sizeof key, "%ss", s->one);
  write_head(s, shown);
  aq_shown_list(shown, key);
  for (size_t r = 0; r < s->done; r++) show_run(s, &s->row[r], shown);
  aq_shown_end(shown);
  write_line(s, "mean", mean, shown);
  show_values(s, "mean", mean, shown);
  write_line(s, "standard deviation", deviation, shown);
  show_values(s, "sd", deviation, shown);
}

void scores_show_line(const struct scores *s, aq_shown *shown, const char *key, const char *left,
                      const double value[SCORES_MOST]) {
  write_line(s, left, value, shown);
  show_values(s, key, value, shown);
}

void scores_free(struct scores *s) {
  for (size_t r = 0; s->row && r < s->done; r++) aq_shown_free(s->row[r].report);
  free(s->row);
}
