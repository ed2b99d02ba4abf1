/* report.h: how good predictions are. A report takes (truth, prediction) one row at a time and gives every
 * metric of its kind of target, as text laid out like scikit-learn's classification_report and as JSON.
 *
 * A report belongs to one thread. Its numbers depend on the rows and their order alone. */
#ifndef AQ_LIBAQ_REPORT_H
#define AQ_LIBAQ_REPORT_H

#include "libaq/aq.h"
#include "runtime/base.h"
#include "vm/target.h"

/* What is predicted decides what can be measured. The values are bits, so that a metric can name several. */
enum rep_kind {
#define TARGET(name, ...) REP_##name = 1 << VM_TARGET_##name,
#include "vm/targets.def"
#undef TARGET
};
/* Their rows of targets.def: REP_CHANCE is measured as the classes "0" and "1" too, and of REP_TAGS and
 * REP_NEXT a row is a token. */
const struct vm_target *rep_target(enum rep_kind kind);

/* A sum that carries its rounding error along (Neumaier 1974), so that long streams lose no digits. */
struct rep_sum {
  double sum, rest;
};

struct rep_class {
  char *name;
  uint64_t hits, truths, predictions;
};

/* One column of a regression: running mean and squared deviation of the truth (Welford 1962), and errors. */
struct rep_column {
  double mean, deviation;
  struct rep_sum squares, absolutes;
};

/* A probability of the positive class and whether the truth was positive, kept for the ranking that AUC is.
 */
struct rep_scored {
  double score;
  bool positive;
};

/* Above this many classes the confusion matrix, which grows with their square, is not kept. */
#define REP_CONFUSION_MAX 1024

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
  uint64_t log_loss_rows;
  uint64_t unanswered,
      unanswered_unseen;     /* rows without an answer; those of them whose class the model has not */
  struct rep_scored *scored; /* [scored_count], two classes with probabilities only */
  size_t scored_count, scored_capacity;
  struct rep_column *columns; /* [column_count] */
  size_t column_count;
};

int rep_init(struct rep_report *r, enum rep_kind kind, struct rt_error *e);
void rep_free(struct rep_report *r);
/* Forgets the rows and keeps the classes: the next epoch's validation. */
void rep_reset(struct rep_report *r);

/* The index of the class with this name, which is added when it is new: indices count 0, 1, 2 … in the order
 * of first naming. Name all classes of the model first, then labels that only the evaluated data has. */
int rep_class(struct rep_report *r, const char *name, size_t *index, struct rt_error *e);
/* The classes named so far are all that the model has; rows of those named later are errors. */
void rep_model_classes(struct rep_report *r);
/* Rows whose class the model does not have. Accuracy, precision, recall and f1 count them as errors; loss,
 * log_loss and auc leave them out, as the model gives such a class no probability. */
uint64_t rep_unseen_rows(const struct rep_report *r);
/* The other rows, but those without an answer. */
uint64_t rep_scored_rows(const struct rep_report *r);

/* One row of REP_CLASS or REP_TAGS. proba: [proba_count] probabilities in the order of the classes, or NULL;
 * a class beyond proba_count had none. RT_USAGE for a class that was never named, RT_NOT_FINITE for a
 * probability that is not a number. A refused row leaves the report as it was. */
int rep_add_class(struct rep_report *r, size_t truth, size_t predicted, const double *proba,
                  size_t proba_count, struct rt_error *e);
/* One row of REP_TAGS to which the model gives no answer: an error, which no predicted class has. Loss,
 * log_loss and auc leave it out. */
int rep_add_unanswered(struct rep_report *r, size_t truth, struct rt_error *e);
/* One row of REP_CHANCE: truth from 0 to 1 (else RT_BAD_DATA), the probability of 1. Above 0.5 either counts
 * as 1; log_loss and brier take the truth as it is. */
int rep_add_chance(struct rep_report *r, double truth, double proba, struct rt_error *e);
/* One row of REP_NUMBER: truth and predicted [width]; every row has the width of the first. */
int rep_add_numbers(struct rep_report *r, const double *truth, const double *predicted, size_t width,
                    struct rt_error *e);
/* REP_NEXT: the sum of -ln p(token) over some tokens, in nats. */
int rep_add_next(struct rep_report *r, double nats, uint64_t tokens, struct rt_error *e);
/* The model's own loss, summed over weight rows; any kind but REP_NEXT, whose loss comes with rep_add_next.
 */
void rep_add_loss(struct rep_report *r, double sum, double weight);

/* Precision, recall and f1 of one class or an average. What would divide by zero is 0. */
struct rep_scores {
  double precision, recall, f1;
  uint64_t support;
};
struct rep_scores rep_class_scores(const struct rep_report *r, size_t index);

/* Averages over the classes that occur as truth or prediction, as scikit-learn takes them. */
enum rep_average { REP_MICRO, REP_MACRO, REP_WEIGHTED };
struct rep_scores rep_average_scores(const struct rep_report *r, enum rep_average average);

/* Metrics by name, for --until and early stopping. A value is NaN where the rows do not define it: no rows,
 * no probabilities, AUC with one class, R² of one row. value may reorder the rows kept for AUC. */
enum { REP_IN_TABLE = 1, REP_TWO_CLASSES = 2 };
struct rep_metric {
  const char *name;
  double (*value)(struct rep_report *r);
  bool higher;    /* a higher value is better */
  double best;    /* no value is better than this: 1 or 0, infinity when unbounded */
  unsigned kinds; /* enum rep_kind bits */
  const char *doc;
  unsigned flags; /* REP_IN_TABLE: the table of the report shows it; REP_TWO_CLASSES: it is for two alone */
};
extern const struct rep_metric rep_metrics[];
extern const size_t rep_metric_count;

/* The metric of this name if it can measure this report; else RT_USAGE with a message that lists those that
 * can. Classes must have been named before, as AUC is for two. */
int rep_metric_find(const struct rep_report *r, const char *name, const struct rep_metric **metric,
                    struct rt_error *e);
/* Whether value is better than than; a NaN is better than nothing, and anything better than a NaN. */
bool rep_metric_better(const struct rep_metric *metric, double value, double than);

/* A goal such as "f1=0.9" or "loss=0.2", met by that value or a better one. */
struct rep_goal {
  const struct rep_metric *metric;
  double value;
};
int rep_goal_read(const struct rep_report *r, const char *text, struct rep_goal *goal, struct rt_error *e);
bool rep_goal_met(const struct rep_goal *goal, struct rep_report *r);

/* Adds to the open object of s: all facts, and, as text, the table of scikit-learn's
 * classification_report(digits = digits, zero_division = 0), byte for byte, with the class names sorted as it
 * sorts them, if there are classes; the micro average, and the metrics that the table does not show. Where no
 * row at all is right, support stays a whole number (scikit-learn 1.2 prints 7 as 7.0 there). digits: 1
 * to 15. The same rows give the same bytes. */
int rep_show(struct rep_report *r, int digits, aq_shown *s, struct rt_error *e);
/* That alone, written. */
int rep_write(struct rep_report *r, int digits, enum aq_form form, struct rt_text *out, struct rt_error *e);

/* sum + x, and its value. */
void rep_sum_add(struct rep_sum *sum, double x);
double rep_sum_value(const struct rep_sum *sum);

#endif
