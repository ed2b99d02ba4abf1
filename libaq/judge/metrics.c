/* metrics.c: what the rows of a report amount to. The definitions and the order of their roundings are those
 * of scikit-learn's metrics, so that printed digits agree to the last. */
#include "libaq/judge/report.h"
#include "runtime/io/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double divide(uint64_t part, uint64_t whole) { return whole ? (double)part / (double)whole : 0; }

static struct rep_scores scores_of(uint64_t hits, uint64_t truths, uint64_t predictions) {
  struct rep_scores s = {divide(hits, predictions), divide(hits, truths), 0, truths};
  double sum = s.precision + s.recall;
  s.f1 = 2 * s.precision * s.recall / (sum == 0 ? 1 : sum);
  return s;
}

struct rep_scores rep_class_scores(const struct rep_report *r, size_t index) {
  const struct rep_class *c = &r->classes[index];
  return scores_of(c->hits, c->truths, c->predictions);
}

struct rep_scores rep_entity_scores(const struct rep_report *r, size_t index) {
  const struct rep_entity *t = &r->entity[index];
  return scores_of(t->hits, t->truths, t->predictions);
}

struct rep_scores rep_all_entity_scores(const struct rep_report *r) {
  uint64_t hits = 0, truths = 0, predictions = 0;
  for (size_t k = 0; k < r->entity_count; k++) {
    hits += r->entity[k].hits;
    truths += r->entity[k].truths;
    predictions += r->entity[k].predictions;
  }
  return scores_of(hits, truths, predictions);
}

/* Adds in numpy's order: eight running sums over blocks of at most 128, and larger ranges halved. The
 * averages of the table then round as numpy's do; otherwise the last printed digit could differ. */
static double pairwise(const double *x, size_t n) {
  if (n > 128) {
    size_t half = n / 2 - n / 2 % 8;
    return pairwise(x, half) + pairwise(x + half, n - half);
  }
  double sum = 0;
  size_t i = 0;
  if (n >= 8) {
    double part[8];
    for (; i < 8; i++) part[i] = x[i];
    for (; i + 8 <= n; i += 8)
      for (size_t k = 0; k < 8; k++) part[k] += x[i + k];
    sum = ((part[0] + part[1]) + (part[2] + part[3])) + ((part[4] + part[5]) + (part[6] + part[7]));
  }
  for (; i < n; i++) sum += x[i];
  return sum;
}

static double score_field(const struct rep_scores *s, int field) {
  return field == 0 ? s->precision : field == 1 ? s->recall : s->f1;
}

/* The mean of one field over the classes that occur, equal or weighted by support. When there are too many
 * classes for the stack, it adds block by block, and no longer in numpy's order. */
static double average_field(const struct rep_report *r, enum rep_average average, int field) {
  double block[REP_CONFUSION_MAX];
  struct rep_sum sum = {0, 0};
  size_t filled = 0, present = 0;
  uint64_t support = 0;
  for (size_t k = 0; k < r->class_count; k++) {
    const struct rep_class *c = &r->classes[r->order[k]];
    if (!c->truths && !c->predictions) continue;
    struct rep_scores s = rep_class_scores(r, r->order[k]);
    block[filled++] = score_field(&s, field) * (average == REP_WEIGHTED ? (double)s.support : 1);
    support += s.support;
    present++;
    if (filled == RT_COUNT(block)) {
      rep_sum_add(&sum, pairwise(block, filled));
      filled = 0;
    }
  }
  if (!present) return NAN;
  rep_sum_add(&sum, pairwise(block, filled));
  return rep_sum_value(&sum) / (average == REP_WEIGHTED ? (double)support : (double)present);
}

static uint64_t total_hits(const struct rep_report *r) {
  uint64_t hits = 0;
  for (size_t c = 0; c < r->class_count; c++) hits += r->classes[c].hits;
  return hits;
}

/* Of all classes together. A row has one class and is predicted one, but any number of labels. */
static struct rep_class total(const struct rep_report *r) {
  struct rep_class all = {.hits = total_hits(r), .truths = r->rows, .predictions = r->rows};
  if (!(r->kind & REP_SEVERAL)) return all;
  all.truths = all.predictions = 0;
  for (size_t c = 0; c < r->class_count; c++) {
    all.truths += r->classes[c].truths;
    all.predictions += r->classes[c].predictions;
  }
  return all;
}

struct rep_scores rep_average_scores(const struct rep_report *r, enum rep_average average) {
  if (!r->rows) return (struct rep_scores){NAN, NAN, NAN, 0};
  const struct rep_class all = total(r);
  if (average == REP_MICRO) return scores_of(all.hits, all.truths, all.predictions);
  return (struct rep_scores){average_field(r, average, 0), average_field(r, average, 1),
                             average_field(r, average, 2), all.truths};
}

static double accuracy(struct rep_report *r) { return r->rows ? divide(total_hits(r), r->rows) : NAN; }

static double f1_macro(struct rep_report *r) { return rep_average_scores(r, REP_MACRO).f1; }
static double f1_micro(struct rep_report *r) { return rep_average_scores(r, REP_MICRO).f1; }
static double f1_weighted(struct rep_report *r) { return rep_average_scores(r, REP_WEIGHTED).f1; }
static double precision_macro(struct rep_report *r) { return rep_average_scores(r, REP_MACRO).precision; }
static double precision_weighted(struct rep_report *r) {
  return rep_average_scores(r, REP_WEIGHTED).precision;
}
static double recall_macro(struct rep_report *r) { return rep_average_scores(r, REP_MACRO).recall; }
static double recall_weighted(struct rep_report *r) { return rep_average_scores(r, REP_WEIGHTED).recall; }

static double entity_f1(struct rep_report *r) { return r->rows ? rep_all_entity_scores(r).f1 : NAN; }
static double entity_precision(struct rep_report *r) {
  return r->rows ? rep_all_entity_scores(r).precision : NAN;
}
static double entity_recall(struct rep_report *r) { return r->rows ? rep_all_entity_scores(r).recall : NAN; }

static double precision_micro(struct rep_report *r) { return rep_average_scores(r, REP_MICRO).precision; }
static double recall_micro(struct rep_report *r) { return rep_average_scores(r, REP_MICRO).recall; }
static double subset_accuracy(struct rep_report *r) { return r->rows ? divide(r->exact, r->rows) : NAN; }
static double mean_average_precision(struct rep_report *r) { return rep_mean_average_precision(r); }

static double map50(struct rep_report *r) { return rep_box_precision(r); }
static double map(struct rep_report *r) { return rep_box_precision_range(r); }

static double loss(struct rep_report *r) {
  return r->loss_weight > 0 ? rep_sum_value(&r->loss) / r->loss_weight : NAN;
}

static double log_loss(struct rep_report *r) {
  return r->log_loss_rows ? rep_sum_value(&r->log_loss) / (double)r->log_loss_rows : NAN;
}

static double brier(struct rep_report *r) {
  return r->rows ? rep_sum_value(&r->brier) / (double)r->rows : NAN;
}

static bool has_two_classes(const struct rep_report *r) {
  return (r->model_classes ? r->model_classes : r->class_count) == 2;
}

/* The chance that a positive row scores above a negative one, ties counting half (Mann and Whitney 1947). */
static double auc(struct rep_report *r) {
  if (!has_two_classes(r) || !r->rows || r->scored_count != rep_scored_rows(r)) return NAN;
  return rep_roc_area(r->scored, r->scored_count);
}

static double rmse_column(const struct rep_report *r, const struct rep_column *c) {
  return sqrt(rep_sum_value(&c->squares) / (double)r->rows);
}

static double mae_column(const struct rep_report *r, const struct rep_column *c) {
  return rep_sum_value(&c->absolutes) / (double)r->rows;
}

/* The R² of a constant target is 1 when it is predicted exactly, else 0. */
static double r2_column(const struct rep_report *r, const struct rep_column *c) {
  double squares = rep_sum_value(&c->squares);
  if (r->rows < 2) return NAN;
  if (c->deviation == 0) return squares == 0;
  return 1 - squares / c->deviation;
}

static double mean_column(const struct rep_report *r,
                          double (*value)(const struct rep_report *r, const struct rep_column *c)) {
  struct rep_sum sum = {0, 0};
  for (size_t c = 0; c < r->column_count; c++) rep_sum_add(&sum, value(r, &r->columns[c]));
  return r->rows ? rep_sum_value(&sum) / (double)r->column_count : NAN;
}

static double rmse(struct rep_report *r) { return mean_column(r, rmse_column); }
static double mae(struct rep_report *r) { return mean_column(r, mae_column); }
static double r2(struct rep_report *r) { return mean_column(r, r2_column); }

static double mse(struct rep_report *r) {
  return r->rows ? rep_sum_value(&r->columns->squares) / (double)r->rows : NAN;
}
static double psnr(struct rep_report *r) { return r->rows ? rep_sum_value(&r->psnr) / (double)r->rows : NAN; }

static double mrr(struct rep_report *r) { return rep_mrr(r); }

static double perplexity(struct rep_report *r) { return exp(loss(r)); }
static double bits_per_token(struct rep_report *r) { return loss(r) / log(2); }

static double bleu(struct rep_report *r) { return bleu_value(&r->bleu); }
static double bleu_lower(struct rep_report *r) { return bleu_value(&r->bleu_lower); }
static double chrf(struct rep_report *r) { return chrf_value(&r->chrf); }
static double cer(struct rep_report *r) { return edits_per_letter(&r->edits); }
static double wer(struct rep_report *r) { return edits_per_word(&r->edits); }
static double exact_match(struct rep_report *r) { return divide(r->exact, r->texts); }

#define CLASSES (REP_CLASS | REP_OF_TAGS | REP_CHANCE)
#define ANY_CLASSES (CLASSES | REP_SEVERAL)
#define NUMBERS (REP_NUMBER | REP_VECTOR)
#define ANY (~0u)

const struct rep_metric rep_metrics[] = {
    {"accuracy", accuracy, true, 1, CLASSES, "rows whose class is predicted right", .flags = REP_IN_TABLE},
    {"f1", f1_macro, true, 1, ANY_CLASSES, "mean of the classes' f1 (macro average), two classes included",
     .flags = REP_IN_TABLE},
    {"f1_micro", f1_micro, true, 1, ANY_CLASSES, "f1 over all rows together", .flags = REP_IN_TABLE},
    {"f1_weighted", f1_weighted, true, 1, ANY_CLASSES, "mean of the classes' f1, weighted by support",
     .flags = REP_IN_TABLE},
    {"precision", precision_macro, true, 1, ANY_CLASSES, "mean of the classes' precision (macro average)",
     .flags = REP_IN_TABLE},
    {"precision_weighted", precision_weighted, true, 1, ANY_CLASSES,
     "mean of the classes' precision, weighted by support", .flags = REP_IN_TABLE},
    {"recall", recall_macro, true, 1, ANY_CLASSES, "mean of the classes' recall (macro average)",
     .flags = REP_IN_TABLE},
    {"recall_weighted", recall_weighted, true, 1, ANY_CLASSES,
     "mean of the classes' recall, weighted by support", .flags = REP_IN_TABLE},
    {"precision_micro", precision_micro, true, 1, REP_SEVERAL, "of all labels predicted, the right ones",
     .flags = REP_IN_TABLE},
    {"recall_micro", recall_micro, true, 1, REP_SEVERAL, "of all labels that rows have, those predicted",
     .flags = REP_IN_TABLE},
    {"subset_accuracy", subset_accuracy, true, 1, REP_LABELS,
     "rows whose labels are all predicted, and no other", .flags = 0},
    {"mean_average_precision", mean_average_precision, true, 1, REP_LABELS,
     "mean over the labels of the area under precision and recall, whatever the threshold", .flags = 0},
    {"map50", map50, true, 1, REP_BOXES,
     "mean over the classes of the average precision of boxes that overlap by half (COCO's mAP@0.5)",
     .flags = 0},
    {"map", map, true, 1, REP_BOXES, "the mean of that over least overlaps of 0.5, 0.55, … 0.95 (COCO's mAP)",
     .flags = 0},
    {"entity_f1", entity_f1, true, 1, REP_OF_TAGS,
     "f1 of the entities that tags mark (B-place, I-place, O), as conlleval counts them",
     .flags = REP_OF_ENTITIES | REP_IN_TABLE},
    {"entity_precision", entity_precision, true, 1, REP_OF_TAGS,
     "entities found that are right: the type, the first word and the last",
     .flags = REP_OF_ENTITIES | REP_IN_TABLE},
    {"entity_recall", entity_recall, true, 1, REP_OF_TAGS, "entities that are found",
     .flags = REP_OF_ENTITIES | REP_IN_TABLE},
    {"auc", auc, true, 1, CLASSES, "area under the ROC curve; two classes", .flags = REP_TWO_CLASSES},
    {"recall@1", NULL, true, 1, REP_CLASS | REP_MATCH,
     "rows whose right answer is among the first K, such as recall@10", REP_OF_RANKS, rep_recall_at, 1},
    {"recall@5", NULL, true, 1, REP_CLASS | REP_MATCH, NULL, REP_OF_RANKS, rep_recall_at, 5},
    {"recall@10", NULL, true, 1, REP_CLASS | REP_MATCH, NULL, REP_OF_RANKS, rep_recall_at, 10},
    {"mrr", mrr, true, 1, REP_CLASS | REP_MATCH,
     "mean of 1 / place of the right answer (mean reciprocal rank)", .flags = REP_OF_RANKS},
    {"ndcg@10", NULL, true, 1, REP_CLASS | REP_MATCH,
     "mean of 1 / log2(1 + place) of the right answer, 0 behind the first K, such as ndcg@10", REP_OF_RANKS,
     rep_ndcg_at, 10},
    {"log_loss", log_loss, false, 0, CLASSES,
     "mean of -ln p(true class), p clipped to [2.2e-16, 1 - 2.2e-16]", .flags = 0},
    {"brier", brier, false, 0, REP_CHANCE, "mean squared error of the probability", .flags = 0},
    {"psnr", psnr, true, REP_MOST_PSNR, REP_IMAGE,
     "mean over images of the peak signal to noise ratio, 10 log10(1 / mse), in decibels, each at most 100",
     .flags = 0},
    {"mse", mse, false, 0, REP_IMAGE, "mean squared error of points from 0 to 1", .flags = 0},
    {"rmse", rmse, false, 0, NUMBERS, "root of the mean squared error, averaged over the numbers of a row",
     .flags = 0},
    {"mae", mae, false, 0, NUMBERS | REP_IMAGE, "mean absolute error; of images, of points from 0 to 1",
     .flags = 0},
    {"r2", r2, true, 1, NUMBERS,
     "share of the target's variance explained, averaged over the numbers of a row", .flags = 0},
    {"loss", loss, false, -INFINITY, ANY, "the model's own loss; for text, nats per token", .flags = 0},
    {"perplexity", perplexity, false, 1, REP_OF_NEXT, "e to the loss", .flags = 0},
    {"bits_per_token", bits_per_token, false, 0, REP_NEXT, "the loss in bits", .flags = 0},
    {"bits_per_dim", bits_per_token, false, 0, REP_PIXELS,
     "the loss in bits: mean of -log2 p(level) over all pixels and channels", .flags = 0},
    {"bleu", bleu, true, 100, REP_NEXT, "BLEU of written texts, 0 to 100, as sacrebleu has it",
     .flags = REP_OF_TEXTS},
    {"bleu_lowercase", bleu_lower, true, 100, REP_NEXT, "BLEU whatever the case of letters (sacrebleu -lc)",
     .flags = REP_OF_TEXTS},
    {"chrf", chrf, true, 100, REP_NEXT, "chrF2 of written texts, 0 to 100, as sacrebleu has it",
     .flags = REP_OF_TEXTS},
    {"cer", cer, false, 0, REP_NEXT | REP_FRAMES,
     "edits that make written texts the right ones, for each letter of these (character error rate)",
     .flags = REP_OF_TEXTS},
    {"wer", wer, false, 0, REP_NEXT | REP_FRAMES,
     "edits of words that make written texts the right ones, for each word of these (word error rate)",
     .flags = REP_OF_TEXTS},
    {"exact_match", exact_match, true, 1, REP_NEXT | REP_FRAMES,
     "written texts that have the tokens of the right ones", .flags = REP_OF_TEXTS},
};
const size_t rep_metric_count = RT_COUNT(rep_metrics);

bool rep_measures(const struct rep_report *r, const struct rep_metric *metric) {
  return (metric->kinds & r->kind) != 0 && (!(metric->flags & REP_TWO_CLASSES) || has_two_classes(r))
         && (!(metric->flags & REP_OF_TEXTS) || r->texts || r->kind == REP_FRAMES)
         && (!(metric->flags & REP_OF_ENTITIES) || !r->classes || rep_has_entities(r));
}

const char *rep_usual_metric(const struct rep_report *r) {
  return rep_has_entities(r) ? "entity_f1" : rep_target(r->kind)->metric;
}

/* The length of a metric's name up to its @: recall@1, recall@5 and recall@20 have one stem. */
static int stem(const struct rep_metric *metric) { return (int)strcspn(metric->name, "@"); }

static bool has_stem_before(size_t m) {
  const struct rep_metric *a = &rep_metrics[m];
  return a->at && m > 0 && a[-1].at && stem(a) == stem(a - 1)
         && !memcmp(a->name, a[-1].name, (size_t)stem(a));
}

bool rep_metric_listed(size_t m, char written[32]) {
  const struct rep_metric *metric = &rep_metrics[m];
  snprintf(written, 32, "%.*s%s", stem(metric), metric->name, metric->at ? "@K" : "");
  return !has_stem_before(m);
}

static void list_metrics(const struct rep_report *r, char *out, size_t size) {
  size_t length = 0;
  out[0] = 0;
  for (size_t m = 0; m < rep_metric_count; m++) {
    char written[32];
    if (!rep_metric_listed(m, written) || !rep_measures(r, &rep_metrics[m])) continue;
    if (length + strlen(written) + 2 >= size) return;
    length += (size_t)snprintf(out + length, size - length, ", %s", written);
  }
}

/* Is that the metric's name? *k: of recall@20 it is 20. */
static bool is_named(const struct rep_metric *metric, const char *name, size_t length, int64_t *k) {
  size_t at = (size_t)stem(metric) + 1;
  double number;
  *k = metric->k;
  if (!metric->at) return strlen(metric->name) == length && !memcmp(metric->name, name, length);
  if (length <= at || length > at + 9 || memcmp(metric->name, name, at) != 0) return false;
  for (size_t c = at; c < length; c++)
    if (name[c] < '0' || name[c] > '9') return false;
  if (io_number_parse(name + at, length - at, &number) || number < 1) return false;
  *k = (int64_t)number;
  return true;
}

bool rep_metric_meant(size_t m, const char *name) {
  const struct rep_metric *metric = &rep_metrics[m];
  const size_t at = (size_t)stem(metric);
  int64_t k;
  if (is_named(metric, name, strlen(name), &k)) return true;
  return metric->at && !strncmp(metric->name, name, at) && (!name[at] || !strcmp(name + at, "@K"));
}

static int not_entities(const struct rep_report *r, const struct rep_metric *metric, const char *list,
                        struct rt_error *e) {
  size_t c = 0;
  struct tag_name tag;
  while (c + 1 < r->class_count && tag_name_read(r->classes[c].name, &tag)) c++;
  rt_fail(e, RT_USAGE, "%s is for tags that mark entities, and \"%.40s\" is none of these; use one of %s",
          metric->name, r->class_count ? r->classes[c].name : "", list);
  rt_hint(e, "such tags are B-place, I-place and O, in BIOES E-place and S-place too");
  return RT_USAGE;
}

/* Is it a metric of places, were it not for its K, as in recall@0 and recall@2.5? */
static bool has_odd_places(const char *name, size_t length) {
  const char *at = memchr(name, '@', length);
  size_t before = at ? (size_t)(at - name) : length;
  for (size_t m = 0; m < rep_metric_count && at; m++)
    if (rep_metrics[m].at && (size_t)stem(&rep_metrics[m]) == before
        && !memcmp(rep_metrics[m].name, name, before))
      return true;
  return false;
}

static void hint_metric(const struct rep_report *r, const char *name, size_t length, struct rt_error *e) {
  char wanted[60];
  if (length >= sizeof wanted) return;
  snprintf(wanted, sizeof wanted, "%.*s", (int)length, name);
  struct rt_nearest nearest = {wanted, NULL, 0};
  for (size_t m = 0; m < rep_metric_count; m++)
    if (rep_measures(r, &rep_metrics[m])) rt_nearest_consider(&nearest, rep_metrics[m].name);
  if (nearest.best) rt_hint(e, "did you mean %s?", nearest.best);
}

/* The first length bytes of name. */
static int find_metric(const struct rep_report *r, const char *name, size_t length, struct rep_asked *asked,
                       struct rt_error *e) {
  const struct rep_metric *known = NULL;
  int64_t k;
  for (size_t m = 0; m < rep_metric_count && !known; m++)
    if (is_named(&rep_metrics[m], name, length, &k)) known = &rep_metrics[m];
  if (known && rep_measures(r, known)) {
    *asked = (struct rep_asked){.metric = known, .k = k};
    snprintf(asked->name, sizeof asked->name, "%.*s", (int)length, name);
    return RT_OK;
  }
  char list[500];
  list_metrics(r, list, sizeof list);
  int shown = length < 60 ? (int)length : 60;
  if (!known && has_odd_places(name, length))
    return rt_fail(e, RT_USAGE,
                   "'%.*s': the K of a metric, as in recall@10, is a whole number below a billion", shown,
                   name);
  if (!known) {
    rt_fail(e, RT_USAGE, "there is no metric '%.*s'; for %s there are %s", shown, name,
            rep_target(r->kind)->one, list + 2);
    hint_metric(r, name, length, e);
    return RT_USAGE;
  }
  if (known->kinds & r->kind && known->flags & REP_OF_TEXTS) {
    rt_fail(e, RT_USAGE, "%s measures texts that the model writes, and none are written here; use one of %s",
            known->name, list + 2);
    rt_hint(e, "a report with the option generate writes texts and measures them");
    return RT_USAGE;
  }
  if (known->kinds & r->kind && known->flags & REP_OF_ENTITIES) return not_entities(r, known, list + 2, e);
  if (known->kinds & r->kind)
    return rt_fail(e, RT_USAGE, "%s is for two classes, and there are %zu; use one of %s", known->name,
                   r->class_count, list + 2);
  return rt_fail(e, RT_USAGE, "'%s' does not measure %s; what does: %s", known->name,
                 rep_target(r->kind)->one, list + 2);
}

int rep_metric_find(const struct rep_report *r, const char *name, struct rep_asked *asked,
                    struct rt_error *e) {
  return find_metric(r, name, strlen(name), asked, e);
}

double rep_value(struct rep_report *r, const struct rep_asked *asked) {
  return asked->metric->at ? asked->metric->at(r, asked->k) : asked->metric->value(r);
}

double rep_metric_value(struct rep_report *r, const struct rep_metric *metric) {
  return rep_value(r, &(struct rep_asked){.metric = metric, .k = metric->k});
}

bool rep_metric_better(const struct rep_metric *metric, double value, double than) {
  if (isnan(value) || isnan(than)) return isnan(than) && !isnan(value);
  return metric->higher ? value > than : value < than;
}

int rep_goal_read(const struct rep_report *r, const char *text, struct rep_goal *goal, struct rt_error *e) {
  const char *equals = strchr(text, '=');
  if (!equals)
    return rt_fail(e, RT_USAGE, "a goal is a metric and a value, such as accuracy=0.9, and this is '%.60s'",
                   text);
  struct rep_asked asked;
  int status = find_metric(r, text, (size_t)(equals - text), &asked, e);
  if (status != RT_OK) return status;
  const struct rep_metric *metric = asked.metric;
  double value;
  if (io_number_parse(equals + 1, strlen(equals + 1), &value))
    return rt_fail(e, RT_USAGE, "'%.60s' is not a number that %s could reach", equals + 1, asked.name);
  if (metric->higher ? value > metric->best : value < metric->best) {
    rt_fail(e, RT_USAGE, "%s can never be %.60s: no value is better than %g", asked.name, equals + 1,
            metric->best);
    if (metric->higher && value <= 100)
      rt_hint(e, "%s is a fraction: write %s=%g", asked.name, asked.name, value / 100);
    return RT_USAGE;
  }
  *goal = (struct rep_goal){asked, value};
  return RT_OK;
}

bool rep_goal_met(const struct rep_goal *goal, struct rep_report *r) {
  double value = rep_value(r, &goal->asked);
  return goal->asked.metric->higher ? value >= goal->value : value <= goal->value;
}
