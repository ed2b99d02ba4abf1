/* aq_loop.h: what the loop of train, look, change and repeat needs beyond one training: a part of aq.h, which
 * includes it. */
#ifndef AQ_LOOP_H
#define AQ_LOOP_H

#include "aq_base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- What calls may take ---- */

/* A server answers within a second or not at all; a user presses a key. Whatever takes long (compiling,
 * loading, reading, predicting, writing, explaining, judging, training) asks now and then whether it may go
 * on:
 *
 *     aq_limits *limits = aq_limits_new();
 *     aq_limits_use(limits);                  for this thread
 *     aq_limits_set(limits, 0.5, 0, 0);       half a second from now
 *     status = aq_session_predict(…);         AQ_INTERRUPTED: it would have taken longer
 *
 * A call that was stopped leaves its handle as it was before: it can be called again. A training that was
 * stopped has written its checkpoint, and aq_trainer_run goes on where it was, also within the validation
 * data; a trainer that begins with the checkpoint begins these anew. What a training saves counts for no
 * limit and is not stopped. */
typedef aq_limits aq_limits;
aq_limits *aq_limits_new(void); /* without limits; NULL: no memory */
/* One that this thread uses no longer counts; another thread must not be using it. */
void aq_limits_free(aq_limits *limits);
/* The calls of this thread obey these from now on; NULL: none. One thread at a time uses an aq_limits. */
void aq_limits_use(aq_limits *limits);
/* What all calls together may take from now on. 0: any. An interrupt before is forgotten. work: numbers that
 * are computed, rows that are read, expressions that are compiled; the same for each machine and number of
 * threads. bytes: what calls allocate in this thread beyond what they free, when it is malloc's;
 * AQ_NO_MEMORY when it is not enough. An allocator of the host's counts for itself. AQ_USAGE: a number below
 * 0, or NULL. */
int aq_limits_set(aq_limits *limits, double seconds, int64_t work, int64_t bytes);
int64_t aq_limits_done(const aq_limits *limits); /* the work since they were set */
/* Stops the call that runs under these limits, and those that follow, until aq_limits_set. Any thread may
 * call it, and a signal handler. */
void aq_interrupt(aq_limits *limits);

/* ---- Alternatives ---- */

/* A `choose(a, b, …)` of a program: of its alternatives the first one counts, unless a
 * definition says another: "score=s". Found by aq_program_new. */
typedef struct aq_choice {
  size_t size;
  const char *name;      /* "score", what it is bound to; where several are called so, "read.score" */
  const char *full_name; /* "read.score" in any case */
  const char *const *alternative; /* [count] the name that the program gives it, or how it is written there */
  size_t count, chosen;
  bool given; /* a definition says which */
} aq_choice;
size_t aq_program_choice_count(const aq_program *program);
/* k from 0; NULL beyond the last. It lives as long as the program. */
const aq_choice *aq_program_choice(const aq_program *program, size_t k);

/* Is one value of a metric better than another? Above 0: yes; below 0: the other is; 0: they are equal, or
 * there is no such metric. name: "f1", or with an output "topic.f1". A value that is no number is the worst.
 */
int aq_metric_compare(const char *name, double one, double other);

/* ---- What there is to be learned ---- */

/* A label of an output, and how often it stands in the data. */
typedef struct aq_label_rows {
  size_t size;
  const char *name;
  int64_t rows, valid_rows; /* to learn from, and to validate; of tags: words */
  bool only_valid;          /* the validation data alone have it: the model does not know it */
} aq_label_rows;
/* The labels of an output, the most frequent to learn from first; the last ones may be those that stand in
 * the validation data alone. 0: the output has no labels. Known from aq_trainer_new on, and as long as the
 * trainer lives. */
size_t aq_trainer_label_count(const aq_trainer *trainer, size_t output);
const aq_label_rows *aq_trainer_label(const aq_trainer *trainer, size_t output, size_t label);

/* How good an answer is that does not look at the row: what a model has to beat. Of a class and of tags it is
 * the most frequent label, measured as accuracy; of a number it is the mean, measured as rmse. It is learned
 * from the training data and measured on the validation data, or where there are none on the former. */
typedef struct aq_baseline {
  size_t size;
  const char *metric; /* "accuracy", "rmse" */
  double value;
  const char *label; /* that is always said; NULL: a number is */
  double mean;       /* that number */
  bool on_valid;     /* measured on the validation data */
} aq_baseline;
/* NULL: there is no such answer for this output. It lives as long as the trainer. */
const aq_baseline *aq_trainer_baseline(const aq_trainer *trainer, size_t output);

/* ---- How training went ---- */

/* An epoch that has ended. */
typedef struct aq_epoch {
  size_t size;
  int64_t epoch;            /* from 1 */
  double loss;              /* mean over the training data */
  double valid_loss, value; /* on the validation data; value: of the metric. NaN: it was not measured */
  double learning_rate;     /* of its last step */
} aq_epoch;
/* Those so far, the oldest first. A training that goes on from a checkpoint has those before it as well. */
size_t aq_trainer_epoch_count(const aq_trainer *trainer);
/* k from 0; NULL beyond the last. It lives until training goes on. */
const aq_epoch *aq_trainer_epoch(const aq_trainer *trainer, size_t k);

/* Adds to the open object of a tree what is known of a training: "settings", "targets" (labels, how often
 * they stand there, and what is easy to reach) and "curves" (its epochs). With a report of the model's
 * answers that is the page which `aqc train --report` writes:
 *
 *     aq_shown *page = aq_shown_new(false), *answers;
 *     aq_trainer_show(trainer, page);
 *     aq_report_shown(report, &answers);
 *     aq_shown_tree(page, "report", answers);
 *     aq_shown_write(page, AQ_HTML, &text);
 */
void aq_trainer_show(const aq_trainer *trainer, aq_shown *shown);

/* ---- How good is it really? ---- */

/* How good the best parameters so far are on the trainer's validation data, a file of them, rows held back or
 * a fold. With a model, which must have learned its columns from the same rows: how good that one is. The
 * report is the caller's. Cross-validation in five lines:
 *
 *     for (options.folds = 5, options.fold = 1; options.fold <= 5; options.fold++) {
 *       … aq_trainer_new(program, &options, &trainer) …
 *       … aq_trainer_run(trainer) …
 *       … aq_trainer_report(trainer, NULL, &report[options.fold - 1]) …
 *       if (options.fold > 1) … aq_report_add(report[0], report[options.fold - 1]) …
 *     }
 *
 * AQ_USAGE: there are no validation data. The trainer has the message. */
int aq_trainer_report(aq_trainer *trainer, aq_model *model, aq_report **report);

enum { AQ_MOST_MEMBERS = 100 };
/* One model of several, at most AQ_MOST_MEMBERS, which are not needed afterwards: trainings of one program
 * whose columns have learned from the same rows, with other seeds or, with learn_from_held, other folds.
 * Probabilities and numbers that it answers are the means of theirs; tags are the likeliest that may follow
 * each other, by the means; a loss is the mean of their losses, and so are thresholds and what
 * aq_model_metric says. Texts that go on and matches have no such mean: AQ_USAGE. Whatever looks into it
 * (aq_session_attend, aq_model_explain) sees the first member. The model is the caller's; after a failure it
 * has the message. */
int aq_model_ensemble(aq_model *const *member, size_t count, aq_model **model);
size_t aq_model_member_count(const aq_model *model); /* 1: it is no ensemble */

#ifdef __cplusplus
}
#endif
#endif
