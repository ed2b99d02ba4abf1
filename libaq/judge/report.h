/* report.h: how good predictions are. A report takes (truth, prediction) one row at a time and gives every
 * metric of its kind of target, as text laid out like scikit-learn's classification_report and as JSON.
 *
 * A report belongs to one thread. Its numbers depend on the rows and their order alone. */
#ifndef AQ_LIBAQ_REPORT_H
#define AQ_LIBAQ_REPORT_H

#include <math.h>

#include "libaq/aq.h"
#include "libaq/judge/edits.h"
#include "libaq/judge/tag_names.h"
#include "libaq/judge/text_metrics.h"
#include "runtime/base.h"
#include "vm/target.h"

/* What is predicted; it decides which metrics there are. The values are bits, so that a metric can name
 * several. */
enum rep_kind {
#define TARGET(name, ...) REP_##name = 1 << VM_TARGET_##name,
#include "vm/targets.def"
#undef TARGET
};
/* Tags, whatever the loss. */
enum { REP_OF_TAGS = REP_TAGS | REP_CHAIN };
/* A row has any number of answers, each above a probability. */
enum { REP_SEVERAL = REP_LABELS | REP_BOXES };
/* What comes next, in a text or an image. */
enum { REP_OF_NEXT = REP_NEXT | REP_PIXELS };
/* The row of targets.def. REP_CHANCE is also measured as the classes "0" and "1"; a row of REP_TAGS and
 * REP_NEXT is a token. */
const struct vm_target *rep_target(enum rep_kind kind);

/* A sum that keeps its rounding error (Neumaier 1974), so that long streams lose no digits. */
struct rep_sum {
  double sum, rest;
};

struct rep_class {
  char *name;
  uint64_t hits, truths, predictions;
  uint64_t unseen;     /* of the truths: rows whose model does not have the class */
  struct tag_name tag; /* of tags */
};

/* A type of entities that tags mark. */
struct rep_entity {
  char *type;
  uint64_t hits, truths, predictions;
};

/* One column of a regression: running mean and squared deviation of the truth (Welford 1962), and errors. */
struct rep_column {
  double mean, deviation;
  struct rep_sum squares, absolutes;
};

/* The probability of the positive class, and whether the truth was positive, kept for the ranking that AUC
 * is: one number, whose sign says that it was not. */
static inline double rep_scored(double score, bool positive) { return copysign(score, positive ? 1 : -1); }
static inline bool rep_is_positive(double scored) { return !signbit(scored); }

/* Rows by the probability that the model gives its answer, in tenths. */
enum { REP_BINS = 10 };
struct rep_bin {
  uint64_t rows, hits;
  struct rep_sum confidence;
};

/* Above this many classes the confusion matrix, which grows with their square, is not kept. */
#define REP_CONFUSION_MAX 1024
/* So many scores of labels are kept, in 128 MiB, for the ranking that average precision is. */
#define REP_SCORES_MAX ((size_t)1 << 25)

struct rep_report {
  enum rep_kind kind;
  uint64_t rows;       /* examples, or tokens */
  struct rep_sum loss; /* the output's own loss, as rep_add_loss was told */
  double loss_weight;
  struct rep_class *classes; /* [class_count], in the order they were named */
  size_t *order;             /* [class_count], class indices sorted by the bytes of their names */
  size_t class_count, class_capacity, order_capacity;
  size_t model_classes; /* the first so many are the model's, those behind them the evaluated data's alone; 0:
                           all */
  uint64_t *confusion;  /* [truth, prediction] with rows of confusion_side; NULL above REP_CONFUSION_MAX */
  size_t confusion_side;
  struct rep_sum log_loss, brier;
  struct rep_bin bin[REP_BINS];
  uint64_t log_loss_rows;
  uint64_t unanswered,
      unanswered_unseen; /* rows without an answer; those of them whose class the model has not */
  double *scored;        /* [scored_count] rep_scored, two classes with probabilities only */
  size_t scored_count, scored_capacity;
  struct rep_column *columns; /* [column_count]; of images one: the mean errors of the points of each */
  struct rep_sum psnr;        /* REP_IMAGE: of each image */
  size_t column_count;
  struct rep_entity *entity; /* [entity_count], sorted by type: of tags whose names mark entities */
  size_t entity_count, entity_capacity;
  /* REP_LABELS: for each row, the score of every label of the model, as rep_scored; NaN: the model of the row
   * does not have the label. Dropped when there are more than REP_SCORES_MAX. */
  float *label_score;
  size_t label_scores, score_capacity;
  bool scores_dropped;
  double *above; /* [above_count] the probability above which each label counts as predicted */
  size_t above_count, above_capacity;
  uint8_t *label_mark; /* [mark_capacity] scratch: whether the row has a label */
  size_t mark_capacity;
  /* In what place the right answer stood among all, the best first: ranked[k] rows in place k + 1, and
   * ranked_rows in all. An answer that the model does not know stands in none. REP_CLASS and
   * REP_MATCH. */
  uint64_t *ranked;
  size_t rank_count, rank_capacity;
  uint64_t ranked_rows;
  /* Rows of the label that stands for what the model does not know; NULL: there is no such label. Owned by
   * who asks. */
  struct rep_scope {
    const char *label;
    struct rep_scope_row {
      double best; /* the highest probability of the other labels */
      bool out, right;
    } * row;
    size_t count, capacity;
  } scope;
  /* REP_BOXES: what was found in all images (report_boxes.c). */
  struct rep_found {
    double score;
    uint32_t class;
    uint16_t right; /* a bit for each least overlap: it has got a thing */
  } * found_box;
  size_t found_boxes, found_capacity;
  uint64_t found;    /* REP_MATCH: among so many */
  int64_t negatives; /* each right class was ranked among so many drawn ones; 0: among all */
  /* REP_NEXT: texts that were written, and compared with the right ones; so many of them have the same
   * tokens. */
  uint64_t texts, exact;
  struct bleu bleu, bleu_lower;
  struct chrf chrf;
  struct edits edits; /* of the same texts, or of those that frames spell */
};

int rep_init(struct rep_report *r, enum rep_kind kind, struct rt_error *e);
void rep_free(struct rep_report *r);
/* Forgets the rows and keeps the classes, for the next epoch. */
void rep_reset(struct rep_report *r);

/* The index of the class with this name. A new name gets the next index, from 0. Name the classes of the
 * model first, then call rep_model_classes; labels that come later are those that only the data have. */
int rep_class(struct rep_report *r, const char *name, size_t *index, struct rt_error *e);
/* The model has the classes named so far. Rows of classes that are named later count as errors. */
void rep_model_classes(struct rep_report *r);
static inline bool rep_is_unseen(const struct rep_report *r, size_t index) {
  return r->model_classes && index >= r->model_classes;
}
/* How many rows, or labels of REP_LABELS, are of a class that the model does not have. Accuracy, precision,
 * recall and f1 count them as errors; loss, log_loss and auc leave them out, because the model gives such a
 * class no probability. */
uint64_t rep_unseen_rows(const struct rep_report *r);
/* How many rows loss, log_loss and auc are of: those whose class the model has, and that have an answer. */
uint64_t rep_scored_rows(const struct rep_report *r);

/* Adds the rows of another report of the same kind, and of as many numbers in a row. The models may know
 * other classes. After a failure r is as before. */
int rep_merge(struct rep_report *r, const struct rep_report *other, struct rt_error *e);

/* The same row for what is out of scope, when scope.label is set (report_scope.c). */
int rep_add_scope(struct rep_report *r, size_t truth, const double *proba, size_t count, struct rt_error *e);
/* How many rows were. */
size_t rep_scope_out(const struct rep_report *r);
void rep_show_scope(const struct rep_report *r, aq_shown *s);

/* The place of the right answer of a row, from 1; 0: it has none. */
int rep_add_rank(struct rep_report *r, size_t rank, struct rt_error *e);
/* The place of number `right` of the scores: what scores as much stands before it. */
size_t rep_rank(const double *score, size_t count, size_t right);
/* The share of rows whose right answer is among the first k; the mean of 1 / place; the mean of
 * 1 / log2(1 + place) over the places up to k. What has no place counts 0. */
double rep_recall_at(const struct rep_report *r, int64_t k);
double rep_mrr(const struct rep_report *r);
double rep_ndcg_at(const struct rep_report *r, int64_t k);

/* One row of REP_CLASS or REP_TAGS. proba: [proba_count] probabilities in the order of the classes, or NULL;
 * a class beyond proba_count had none. RT_USAGE for a class that was never named, RT_NOT_FINITE for a
 * probability that is not a number. A refused row leaves the report as it was. */
int rep_add_class(struct rep_report *r, size_t truth, size_t predicted, const double *proba,
                  size_t proba_count, struct rt_error *e);
/* One row of REP_TAGS to which the model gives no answer. It counts as an error, but as a prediction of no
 * class; loss, log_loss and auc leave it out. */
int rep_add_unanswered(struct rep_report *r, size_t truth, struct rt_error *e);
/* All tags of a text together, for the entities that they mark; each has been added as a row as well. A
 * number that is no class has no answer. */
void rep_add_tags(struct rep_report *r, const size_t *truth, const size_t *predicted, size_t count);
/* The next label of REP_LABELS, from 0 on, counts as predicted above that probability; without a call, above
 * one half. */
int rep_next_above(struct rep_report *r, double above, struct rt_error *e);
/* Does it count as predicted with this probability? */
bool rep_is_predicted(const struct rep_report *r, size_t label, double probability);
/* For each label [labels] of the model the probability with which its f1 over the rows so far is highest,
 * half way between two of its scores; `usual` where no row has the label, or no scores are kept. */
int rep_best_above(const struct rep_report *r, double usual, size_t labels, double *above);
/* One row of REP_LABELS: its labels, and the probabilities [proba_count] of the model's. */
struct rep_labels {
  const size_t *truth;
  size_t count;
  const double *proba;
  size_t proba_count;
};
int rep_add_labels(struct rep_report *r, const struct rep_labels *row, struct rt_error *e);
/* The mean over the labels that some row has of their average precision. NaN where no scores are kept. */
double rep_mean_average_precision(const struct rep_report *r);
/* One row of REP_BOXES: the things that an image has, and the boxes that were found. at: left, top, right,
 * bottom. */
struct rep_thing {
  double at[4];
  size_t class;
  uint16_t taken; /* 0 */
  double score;   /* 0; then that of the box that overlaps it by half */
};
struct rep_box {
  double at[4], score;
  size_t class;
  bool right; /* false; then: it overlaps a thing of its class by half */
};
struct rep_image {
  struct rep_thing *thing; /* [things] */
  struct rep_box *box;     /* [boxes] */
  size_t things, boxes;
};
int rep_add_image(struct rep_report *r, const struct rep_image *image, struct rt_error *e);
/* Average precision is over ten least overlaps, of which the first alone is usual, too. */
enum { REP_OVERLAPS = 10 };
#define REP_LEAST_OVERLAP(level) (0.5 + 0.05 * (level))
/* The area that two boxes share, as a part of what either covers. */
double rep_overlap(const double *a, const double *b);
/* The mean over the classes of their average precision, where boxes overlap by half at least; and the mean of
 * that over all least overlaps. NaN: no image has a thing. */
double rep_box_precision(const struct rep_report *r);
double rep_box_precision_range(const struct rep_report *r);
/* Of one class. */
double rep_class_box_precision(const struct rep_report *r, size_t class, bool range);
/* Adds those of another report, whose classes have these numbers here. */
int rep_merge_boxes(struct rep_report *r, const struct rep_report *from, const size_t *index,
                    struct rt_error *e);
/* One row of REP_CHANCE: the truth, from 0 to 1 (else RT_BAD_DATA), and the predicted probability of 1. Truth
 * and prediction count as 1 when they are above 0.5; log_loss and brier take the truth as it is. */
int rep_add_chance(struct rep_report *r, double truth, double proba, struct rt_error *e);
/* One row of REP_NUMBER: truth and predicted [width]; every row has the width of the first. */
int rep_add_numbers(struct rep_report *r, const double *truth, const double *predicted, size_t width,
                    struct rt_error *e);
/* The psnr of an image that is as it should be, which would count more than all others. */
enum { REP_MOST_PSNR = 100 };
/* One row of REP_IMAGE: truth and predicted [count] points and channels, from 0 to 1; what is beyond counts
 * as these. *psnr: its own. */
int rep_add_picture(struct rep_report *r, const double *truth, const double *predicted, size_t count,
                    double *psnr, struct rt_error *e);
/* Some tokens of REP_NEXT: the sum of -ln p(token) over them, in nats. */
int rep_add_next(struct rep_report *r, double nats, uint64_t tokens, struct rt_error *e);
/* A text of REP_NEXT that the model has written, and the right one. */
int rep_add_text(struct rep_report *r, const char *written, const char *right, bool same_tokens,
                 struct rt_error *e);
/* One row of REP_FRAMES: the text that the frames spell, and the right one. */
int rep_add_frames(struct rep_report *r, const char *written, const char *right, bool same_tokens,
                   struct rt_error *e);
/* The model's own loss, summed over `weight` rows. Not for REP_NEXT: rep_add_next adds its loss. */
void rep_add_loss(struct rep_report *r, double sum, double weight);

/* Precision, recall and f1 of one class or an average; 0 where they would divide by zero. */
struct rep_scores {
  double precision, recall, f1;
  uint64_t support;
};
struct rep_scores rep_class_scores(const struct rep_report *r, size_t index);

/* Do all tags of the model mark entities, such as B-place, I-place and O (entities.c)? */
bool rep_has_entities(const struct rep_report *r);
/* Of one type of entities, and of all together. */
struct rep_scores rep_entity_scores(const struct rep_report *r, size_t index);
struct rep_scores rep_all_entity_scores(const struct rep_report *r);
/* What report.c does to classes is done to entities. */
int rep_name_entity(struct rep_report *r, struct rep_class *class, struct rt_error *e);
void rep_forget_entities(struct rep_report *r);
void rep_free_entities(struct rep_report *r);

/* Averages over the classes that occur as truth or prediction, as scikit-learn takes them. */
enum rep_average { REP_MICRO, REP_MACRO, REP_WEIGHTED };
struct rep_scores rep_average_scores(const struct rep_report *r, enum rep_average average);

/* Metrics by name. A value is NaN where the rows do not define it: without rows or probabilities, AUC with
 * one class, R² of one row. value may reorder the rows that are kept for AUC. */
enum { REP_IN_TABLE = 1, REP_TWO_CLASSES = 2, REP_OF_TEXTS = 4, REP_OF_ENTITIES = 8, REP_OF_RANKS = 16 };
struct rep_metric {
  const char *name;
  double (*value)(struct rep_report *r); /* NULL: it is `at` */
  bool higher;                           /* a higher value is better */
  double best;                           /* no value is better than this: 1 or 0, infinity when unbounded */
  unsigned kinds;                        /* enum rep_kind bits */
  const char *doc; /* what it is for any k is said in the first row of that name; NULL in the others */
  unsigned flags;  /* REP_IN_TABLE: the table of the report shows it; REP_TWO_CLASSES: it is for two alone;
                     REP_OF_TEXTS: it needs texts that were written; REP_OF_ENTITIES: tags that mark entities;
                     REP_OF_RANKS: it is of the places of the right answers */
  /* Of the first k places. A report shows it for the k of the row; any other may be asked for: recall@20. */
  double (*at)(const struct rep_report *r, int64_t k);
  int64_t k;
};
extern const struct rep_metric rep_metrics[];
extern const size_t rep_metric_count;
/* How a list writes row m: accuracy, recall@K. False: a row before it is written like that too. */
bool rep_metric_listed(size_t m, char written[32]);
/* Does the name mean row m? recall, recall@K and recall@20 mean recall@1. */
bool rep_metric_meant(size_t m, const char *name);

/* Is it a metric of what was added? */
bool rep_measures(const struct rep_report *r, const struct rep_metric *metric);
/* A metric as somebody asks for it: recall@20 is the row recall@1 with k = 20. */
struct rep_asked {
  const struct rep_metric *metric; /* NULL: nothing was asked for */
  int64_t k;
  char name[32];
};
double rep_value(struct rep_report *r, const struct rep_asked *asked);
/* The metric of this name, if this report has it; else RT_USAGE, and the message lists those that it has.
 * Name the classes before, because AUC is for two classes. */
int rep_metric_find(const struct rep_report *r, const char *name, struct rep_asked *asked,
                    struct rt_error *e);
/* The value of a row of the list. */
double rep_metric_value(struct rep_report *r, const struct rep_metric *metric);
/* The one that says which epoch is best, unless somebody names another. */
const char *rep_usual_metric(const struct rep_report *r);
/* Is value better than the other one? NaN is better than no value, and every number is better than NaN. */
bool rep_metric_better(const struct rep_metric *metric, double value, double than);

/* A goal such as "f1=0.9" or "loss=0.2". That value or a better one meets it. */
struct rep_goal {
  struct rep_asked asked;
  double value;
};
int rep_goal_read(const struct rep_report *r, const char *text, struct rep_goal *goal, struct rt_error *e);
bool rep_goal_met(const struct rep_goal *goal, struct rep_report *r);

/* Adds all facts to the open object of s. As text, classes give the table of scikit-learn's
 * classification_report(digits = digits, zero_division = 0), byte for byte, then the micro average and the
 * metrics that the table does not have. One thing differs: when no row is right, support stays a whole number
 * (scikit-learn 1.2 prints 7 as 7.0 there). digits: 1 to 15. The same rows give the same bytes. */
int rep_show(struct rep_report *r, int digits, aq_shown *s, struct rt_error *e);
/* Writes these facts alone. */
int rep_write(struct rep_report *r, int digits, enum aq_form form, struct rt_text *out, struct rt_error *e);

/* report_errors.c: what is known of errors. The expected calibration error is the mean over rows of how far
 * the probability is from how often it is right, in bins (Naeini, Cooper, Hauskrecht 2015); NaN: there are no
 * probabilities. */
double rep_calibration_error(const struct rep_report *r);
void rep_show_calibration(const struct rep_report *r, aq_shown *s);
/* The confusion matrix, on pages (report_confusion.c). */
void rep_draw_confusion(const struct rep_report *r, aq_shown *s);
/* Which classes are most often taken for which others. */
int rep_show_confusions(const struct rep_report *r, size_t most, aq_shown *s, struct rt_error *e);

/* Sorts rep_scored by falling score. */
void rep_sort_scored(double *x, size_t n);
/* How likely a positive row scores higher than a negative one; as high counts half. Sorts them. NaN: there
 * are none of a kind. */
double rep_roc_area(double *x, size_t n);
/* sum + x, and its value. */
void rep_sum_add(struct rep_sum *sum, double x);
double rep_sum_value(const struct rep_sum *sum);

#endif
