/* report_text.c: shows a report, as facts and as the table that a person reads. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "libaq/shown/printable.h"
#include "libaq/judge/report.h"
#include "libaq/shown/shown_tree.h"

static void show_scores(aq_shown *s, struct rep_scores scores) {
  aq_shown_whole(s, "support", NULL, (int64_t)scores.support);
  aq_shown_real(s, "precision", NULL, scores.precision);
  aq_shown_real(s, "recall", NULL, scores.recall);
  aq_shown_real(s, "f1", NULL, scores.f1);
}

static const struct rep_class *in_order(const struct rep_report *r, size_t k) {
  return &r->classes[r->order[k]];
}

/* ---- the facts ---- */

static void show_classes(const struct rep_report *r, aq_shown *s) {
  aq_shown_list(s, "classes");
  for (size_t k = 0; k < r->class_count; k++) {
    aq_shown_begin(s, NULL);
    aq_shown_text(s, "name", NULL, in_order(r, k)->name);
    show_scores(s, rep_class_scores(r, r->order[k]));
    aq_shown_whole(s, "predicted", NULL, (int64_t)in_order(r, k)->predictions);
    for (int range = 0; range < 2 && r->kind == REP_BOXES; range++)
      aq_shown_real(s, range ? "ap" : "ap50", NULL, rep_class_box_precision(r, r->order[k], range));
    aq_shown_end(s);
  }
  aq_shown_end(s);
}

static const struct {
  const char *key, *label;
} averages[] = {
    [REP_MICRO] = {"micro", "micro avg"},
    [REP_MACRO] = {"macro", "macro avg"},
    [REP_WEIGHTED] = {"weighted", "weighted avg"},
};

static void show_averages(const struct rep_report *r, aq_shown *s,
                          const struct shown_node *average[static 3]) {
  aq_shown_begin(s, "averages");
  for (size_t a = 0; a < RT_COUNT(averages); a++) {
    aq_shown_begin(s, averages[a].key);
    show_scores(s, rep_average_scores(r, (enum rep_average)a));
    aq_shown_end(s);
    average[a] = shown_latest(s);
  }
  aq_shown_end(s);
}

/* Is this a label of the data that the model of some row does not have? */
static bool is_unseen(const struct rep_report *r, size_t k) { return in_order(r, k)->unseen; }

static void show_unseen(const struct rep_report *r, aq_shown *s) {
  aq_shown_begin(s, "unseen");
  aq_shown_whole(s, "rows", NULL, (int64_t)rep_unseen_rows(r));
  aq_shown_list(s, "labels");
  for (size_t k = 0; k < r->class_count; k++) {
    if (!is_unseen(r, k)) continue;
    aq_shown_begin(s, NULL);
    aq_shown_text(s, "name", NULL, in_order(r, k)->name);
    aq_shown_whole(s, "rows", NULL, (int64_t)in_order(r, k)->unseen);
    aq_shown_end(s);
  }
  aq_shown_end(s);
  aq_shown_end(s);
}

static void show_entities(const struct rep_report *r, aq_shown *s) {
  aq_shown_list(s, "entities");
  for (size_t k = 0; k < r->entity_count; k++) {
    aq_shown_begin(s, NULL);
    aq_shown_text(s, "type", NULL, r->entity[k].type);
    show_scores(s, rep_entity_scores(r, k));
    aq_shown_whole(s, "predicted", NULL, (int64_t)r->entity[k].predictions);
    aq_shown_end(s);
  }
  aq_shown_end(s);
}

/* confusion[truth][prediction], both in the order of "classes". */
static void show_confusion(const struct rep_report *r, aq_shown *s) {
  double row[REP_CONFUSION_MAX];
  aq_shown_list(s, "confusion");
  for (size_t t = 0; t < r->class_count; t++) {
    for (size_t p = 0; p < r->class_count; p++)
      row[p] = (double)r->confusion[r->order[t] * r->confusion_side + r->order[p]];
    aq_shown_numbers(s, NULL, row, r->class_count);
  }
  aq_shown_end(s);
}

/* ---- what a person reads of them ---- */

static const struct shown_column columns[] = {
    {"precision", "precision"}, {"recall", "recall"}, {"f1", "f1-score"}, {"support", "support"}};
/* Boxes above the threshold that overlap a thing of their class by half are right. */
static const struct shown_column of_boxes[] = {
    {"precision", "precision"}, {"recall", "recall"}, {"f1", "f1-score"},
    {"ap50", "ap50"},           {"ap", "ap"},         {"support", "support"}};

/* Averaged over all rows, precision, recall and f1 are all the accuracy; scikit-learn prints it as f1. */
static const struct shown_node *accuracy_row(const struct rep_report *r, aq_shown *s) {
  aq_shown_begin(s, NULL);
  shown_aside(s);
  aq_shown_real(s, "f1", NULL, rep_average_scores(r, REP_MICRO).f1);
  aq_shown_whole(s, "support", NULL, (int64_t)r->rows);
  aq_shown_end(s);
  return shown_latest(s);
}

static const struct shown_node *entities_row(const struct rep_report *r, aq_shown *s) {
  aq_shown_begin(s, NULL);
  shown_aside(s);
  show_scores(s, rep_all_entity_scores(r));
  aq_shown_end(s);
  return shown_latest(s);
}

/* Each type that occurs, and all together; list: what show_entities has made. */
static void show_entity_table(const struct rep_report *r, aq_shown *s, const struct shown_node *list,
                              const struct shown_node *all) {
  const struct shown_node *type = list ? list->first : NULL;
  aq_shown_note(s, NULL, "%s", "");
  for (size_t k = 0; k < r->entity_count && type; k++, type = type->next)
    if (r->entity[k].type[0] && (r->entity[k].truths || r->entity[k].predictions))
      shown_row(s, r->entity[k].type, type);
  shown_row(s, "entities", all);
}

/* scikit-learn's table; classes: the list that show_classes has made. */
static void show_table(const struct rep_report *r, aq_shown *s, const struct shown_node *classes,
                       const struct shown_node *entities, const struct shown_node *const average[static 3]) {
  const struct shown_node *accuracy = r->kind & REP_SEVERAL ? NULL : accuracy_row(r, s),
                          *all = entities ? entities_row(r, s) : NULL,
                          *class = classes ? classes->first : NULL;
  if (r->kind == REP_BOXES)
    shown_table(s, of_boxes, RT_COUNT(of_boxes));
  else
    shown_table(s, columns, RT_COUNT(columns));
  for (size_t k = 0; k < r->class_count && class; k++, class = class->next)
    if (in_order(r, k)->truths || in_order(r, k)->predictions) shown_row(s, in_order(r, k)->name, class);
  aq_shown_note(s, NULL, "%s", "");
  if (accuracy) shown_row(s, "accuracy", accuracy);
  shown_row(s, averages[REP_MACRO].label, average[REP_MACRO]);
  shown_row(s, averages[REP_WEIGHTED].label, average[REP_WEIGHTED]);
  aq_shown_note(s, NULL, "%s", "");
  shown_row(s, averages[REP_MICRO].label, average[REP_MICRO]);
  if (entities) show_entity_table(r, s, entities, all);
  aq_shown_end(s);
}

enum { MOST_LISTED = 20 };

static void note_unanswered(const struct rep_report *r, aq_shown *s) {
  if (!r->unanswered) return;
  aq_shown_note(s, NULL, "\n%llu tag%s no answer, as the word is behind the limit of its text: counted as %s",
                (unsigned long long)r->unanswered, r->unanswered == 1 ? " has" : "s have",
                r->unanswered == 1 ? "an error" : "errors");
}

/* Names the labels that the model does not have: none of its answers can be right there. */
static int note_unseen(const struct rep_report *r, aq_shown *s, struct rt_error *e) {
  unsigned long long rows = rep_unseen_rows(r);
  struct rt_text labels = {0};
  int count = 0;
  if (!rows) return RT_OK;
  for (size_t k = 0; k < r->class_count; k++) {
    if (!is_unseen(r, k) || ++count > MOST_LISTED) continue;
    rt_text_puts(&labels, count > 1 ? ", " : "");
    printable_line(&labels, in_order(r, k)->name);
    rt_text_printf(&labels, " (%llu)", (unsigned long long)in_order(r, k)->unseen);
  }
  if (count > MOST_LISTED) rt_text_printf(&labels, ", … (%d labels)", count);
  if (r->kind & REP_SEVERAL)
    aq_shown_note(s, NULL, "\n%llu label%s that training did not see, counted as missed: %s", rows,
                  rows == 1 ? "" : "s", labels.data ? labels.data : "");
  else
    aq_shown_note(s, NULL, "\n%llu %s%s with labels that training did not see, counted as errors: %s", rows,
                  r->kind & REP_OF_TAGS ? "tag" : "row", rows == 1 ? "" : "s",
                  labels.data ? labels.data : "");
  int status = labels.failed ? rt_no_memory(e) : RT_OK;
  rt_text_free(&labels);
  return status;
}

/* Among few classes, the first ten places say nothing. */
enum { FEW = 10 };
static bool shows_ranks(const struct rep_report *r) {
  return r->ranked_rows && (r->kind != REP_CLASS || r->negatives || r->model_classes > FEW);
}

/* Metrics of classes are there for any number of them, those of texts only when some were written. */
static bool is_listed(const struct rep_report *r, const struct rep_metric *metric) {
  return metric->kinds & r->kind && (!(metric->flags & REP_OF_TEXTS) || r->texts || r->kind == REP_FRAMES)
         && (!(metric->flags & REP_OF_ENTITIES) || rep_has_entities(r))
         && (!(metric->flags & REP_OF_RANKS) || shows_ranks(r));
}

/* Shows the metrics that are not in the table, unless the rows do not define them. */
static void show_metrics(aq_shown *s, const struct shown_node *metric, const struct rep_report *r) {
  for (size_t m = 0; m < rep_metric_count && metric; m++) {
    if (!is_listed(r, &rep_metrics[m])) continue;
    if (!(rep_metrics[m].flags & REP_IN_TABLE) && !isnan(metric->real))
      shown_row(s, rep_metrics[m].name, metric);
    metric = metric->next;
  }
}

/* A model of words writes lower case, and the right texts have capitals: then bleu says little. */
static void note_case(const struct rep_report *r, aq_shown *s) {
  if (!r->texts || bleu_value(&r->bleu_lower) < bleu_value(&r->bleu) + 0.5) return;
  aq_shown_note(s, NULL, "\n%s",
                "the texts differ in the case of letters, which bleu counts and bleu_lowercase does not");
}

static void note_drawn(const struct rep_report *r, aq_shown *s) {
  if (r->negatives && r->ranked_rows)
    aq_shown_note(s, NULL,
                  "\nrecall, mrr and ndcg below: the right class among %lld others, drawn for each row\n",
                  (long long)r->negatives);
}

/* A class that the model does not know has no loss, but counts in the ranks, as one that is never found. */
static void note_scored(const struct rep_report *r, aq_shown *s) {
  char ranked[80] = "";
  if (shows_ranks(r) && r->ranked_rows != rep_scored_rows(r))
    snprintf(ranked, sizeof ranked, ", but recall@K, mrr and ndcg@K are over %llu",
             (unsigned long long)r->ranked_rows);
  if (rep_scored_rows(r))
    aq_shown_note(s, NULL, "what follows is over the other %llu%s:\n", (unsigned long long)rep_scored_rows(r),
                  ranked);
  else
    aq_shown_note(s, NULL, "no row is left for the loss%s\n", ranked);
}

/* How many columns the names on the left take. */
static int name_width(const struct rep_report *r, int digits) {
  int width = (int)strlen(r->kind == REP_LABELS ? "mean_average_precision"
                          : r->class_count      ? averages[REP_WEIGHTED].label
                                                : "bits_per_token");
  return digits > width ? digits : width;
}

int rep_show(struct rep_report *r, int digits, aq_shown *s, struct rt_error *e) {
  const struct shown_node *average[3] = {NULL}, *classes = NULL, *entities = NULL, *rows, *texts,
                          *metric = NULL;
  digits = digits < 1 ? 1 : digits > 15 ? 15 : digits;
  shown_digits(s, digits);
  shown_grid(s, name_width(r, digits));
  aq_shown_text(s, "kind", NULL, rep_target(r->kind)->name);
  aq_shown_whole(s, "rows", NULL, (int64_t)r->rows);
  rows = shown_latest(s);
  if (r->negatives) aq_shown_whole(s, "negatives", NULL, r->negatives);
  if (r->kind == REP_MATCH) aq_shown_whole(s, "distinct", NULL, (int64_t)r->found);
  const struct shown_node *found = r->kind == REP_MATCH ? shown_latest(s) : NULL;
  const bool written = r->texts && r->kind == REP_NEXT;
  if (written) aq_shown_whole(s, "texts", NULL, (int64_t)r->texts);
  texts = written ? shown_latest(s) : NULL;
  for (size_t m = 0; m < rep_metric_count; m++) {
    if (!is_listed(r, &rep_metrics[m])) continue;
    aq_shown_real(s, rep_metrics[m].name, NULL, rep_metric_value(r, &rep_metrics[m]));
    if (!metric) metric = shown_latest(s);
  }
  if (r->class_count) {
    show_classes(r, s);
    classes = shown_latest(s);
    if (rep_has_entities(r)) {
      show_entities(r, s);
      entities = shown_latest(s);
    }
    show_averages(r, s, average);
    if (r->kind & REP_OF_TAGS) aq_shown_whole(s, "unanswered", NULL, (int64_t)r->unanswered);
    if (r->model_classes) show_unseen(r, s);
    if (r->confusion) show_confusion(r, s);
  }
  if (!r->rows) {
    aq_shown_note(s, NULL, "no rows");
    return RT_OK;
  }
  if (r->class_count)
    show_table(r, s, classes, entities, average);
  else
    shown_row(s, rep_target(r->kind)->rows, rows);
  if (r->kind & REP_SEVERAL) shown_row(s, rep_target(r->kind)->rows, rows);
  if (texts) shown_row(s, "texts", texts);
  note_drawn(r, s);
  if (found) shown_row(s, "distinct", found);
  note_unanswered(r, s);
  int status = note_unseen(r, s, e);
  if (rep_scored_rows(r) < r->rows) note_scored(r, s);
  show_metrics(s, metric, r);
  note_case(r, s);
  rep_show_scope(r, s);
  rep_draw_confusion(r, s);
  return status;
}

int rep_write(struct rep_report *r, int digits, enum aq_form form, struct rt_text *out, struct rt_error *e) {
  aq_shown *s = aq_shown_new(false);
  int status = rep_show(r, digits, s, e), wrote = shown_finish(s, form, out, e);
  return status != RT_OK ? status : wrote;
}
