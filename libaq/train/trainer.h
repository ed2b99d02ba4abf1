/* trainer.h: what trainer.c and checkpoint.c share. */
#ifndef AQ_LIBAQ_TRAINER_H
#define AQ_LIBAQ_TRAINER_H

#include <math.h>

#include "libaq/judge/judge.h"
#include "libaq/profile/profile.h"
#include "libaq/rows/feed_ahead.h"
#include "runtime/io/file.h"
#include "runtime/optimizer.h"

/* Where training is. A checkpoint has all of it, and nothing else decides what comes next. */
struct train_state {
  int64_t epoch;                  /* from 0 */
  int64_t position;               /* how many examples of this epoch were used */
  double loss_sum, loss_rows;     /* of this epoch */
  int64_t step;                   /* all that were taken */
  int64_t host_steps;             /* of these, the ones on rows of the host's (host_steps.c) */
  int64_t best_epoch, since_best; /* from 1; 0: none yet */
  int64_t best_unanswered;        /* rows of the validation data without a finite answer in that epoch */
  double best_value, best_loss;   /* the metric and the loss of that epoch on the validation data */
  double rate;                    /* the learning rate that the host has set; below 0: none */
  bool reached;
};

/* What there is to be learned of an output (target_rows.c). */
struct lib_target_rows {
  aq_label_rows *label; /* [count] the most frequent first; names in aq_trainer.names */
  size_t count;
  aq_baseline baseline; /* size 0: there is none */
};

struct aq_trainer {
  struct lib_message message;
  aq_train_options options;
  char *train, *valid, *test, *save, *until, *metric_name, *hold_last, *fold_by,
      *measured; /* copies of the options */
  struct vm_module *module;
  struct vm_allowed allowed; /* native code, in the module's arena */
  struct io_schema schema;
  struct lib_row_check row_check;
  struct io_dataset train_data, valid_data;
  bool has_valid, text;
  struct io_lock *lock; /* that keeps others from writing the same model */
  char *source, *folder,
      *run; /* source and folder as in a model; run: what a checkpoint must agree with (checkpoint.c) */
  uint64_t program; /* its digest */
  int64_t test_rows;
  struct lib_target_rows *target; /* [outputs] */
  struct rt_arena names;
  struct lib_reading reading; /* of all files */

  enum rt_precision precision;
  struct vm_settings settings; /* with the values that options give */
  struct rt_pool *pool;
  struct lib_params params, best;
  struct aq_model *from; /* whose weights training begins with; NULL: none, and after aq_trainer_new */
  const char *from_path;
  struct rt_text from_bytes;  /* its parameters, when options give it; freed by aq_trainer_new */
  struct lib_loaded loaded;   /* what was found in files that parameters load */
  struct lib_params average;  /* of params over the steps, with the setting `average`; else empty */
  struct vm_machine *machine; /* of "train" or VM_TRAIN_MANY */
  struct lib_feed feed;
  struct lib_ahead *ahead;    /* makes the next batch ready; NULL: nothing does */
  struct lib_judge judge;     /* on the validation data */
  struct lib_measure best_by; /* which metric decides the best epoch; asked.metric NULL: it is the host's
                                 measure, or with no name, there is none */
  struct aq_model *shown;     /* that the host measures; NULL: it has not yet */
  struct rep_goal goal;
  uint32_t goal_output;
  bool has_goal;
  bool blind; /* training saw no label of the validation data, so no epoch is better than another */

  struct rt_optimizer *optimizer;
  struct rt_gradient *gradient; /* [params] */
  bool *learns;   /* [params] the loss depends on it; the others have no moments and never change */
  bool *by_ids;   /* [params] a table of which a step reads only the rows that its gradient is for */
  int64_t *order; /* [train rows] this epoch's */

  struct train_state state;
  aq_epoch *history; /* [history_count] epochs that have ended (training_shown.c) */
  size_t history_count, history_capacity;
  aq_train_facts
      facts;      /* steps, seconds and examples are of this process, not of what a checkpoint stands for */
  int64_t judged; /* the step after which the validation data were judged last, maybe in part; -1: none */
  int64_t examples;
  double started, last_shown;
  int64_t steps_before;       /* facts.steps at the start of this run */
  double saved_at, save_cost; /* lib_seconds of the last save, 0: never; how long it took */
  bool unsaved;               /* the model file is not known to hold the best */
  bool saved;                 /* the checkpoint has the present state */
  bool ready, stopped;        /* ready: aq_trainer_new has succeeded */
  bool running;               /* in a call that trains: callbacks of the host cannot begin another */
  bool freed;                 /* meanwhile */
};

/* Ends a call that trains: the trainer is freed if the host has done so meanwhile. */
int lib_train_end(struct aq_trainer *t, int status);

/* Are there rows to learn from? Else the host steps on its own, and nothing is learned of columns. */
static inline bool lib_train_has_rows(const struct aq_trainer *t) {
  return t->options.train || t->options.rows || t->options.read;
}
/* Compiles the program, NULL: that of the model that options give (train_program.c). */
int lib_train_program(struct aq_trainer *t, aq_program *program, struct rt_error *error);
/* Does the learning rate of a step depend on how many there will be? */
bool lib_schedule_needs_total(const struct vm_settings *settings);
/* Without rows nobody knows how many steps there will be, unless the host says so (schedule_check.c). */
int lib_check_schedule(const struct aq_trainer *t, struct rt_error *error);
/* Are rows of the training file held back for validation? */
static inline bool lib_train_holds_back(const aq_train_options *o) {
  return o->hold > 0 || o->hold_last || o->folds;
}
/* Reads the rows to learn from and to validate, and binds the module to their sizes (training_rows.c). */
int lib_train_read(struct aq_trainer *t, struct rt_error *error);
int lib_train_check_test(struct aq_trainer *t, struct rt_error *error);

/* Is there a number after each epoch, by which the best one is known? */
static inline bool lib_train_has_measure(const struct aq_trainer *t) {
  return t->has_valid || t->options.measure;
}
/* What the host measures of the present parameters (host_measure.c). RT_INTERRUPTED: it does not. */
int lib_train_measure(struct aq_trainer *t, double *value, struct rt_error *error);
/* Is the present epoch better than the best so far? */
bool lib_measure_better(const struct aq_trainer *t, double value);
int lib_check_measure(const aq_train_options *options, struct rt_error *error);

/* The present parameters, as they are judged, kept and saved: their running average, if the program asks for
 * one. */
static inline const struct lib_params *lib_train_now(const struct aq_trainer *t) {
  return t->settings.average > 0 ? &t->average : &t->params;
}
/* The best parameters so far; before the first epoch has ended, the present ones. */
static inline const struct lib_params *lib_train_best(const struct aq_trainer *t) {
  return t->state.best_epoch ? &t->best : lib_train_now(t);
}
/* The learning rate of the last step. */
static inline double lib_train_rate(const struct aq_trainer *t) { return rt_optimizer_rate(t->optimizer); }
/* One step on those rows. After a failure nothing has changed. */
struct lib_step_loss {
  double value, weight; /* how much it counts in a mean */
};
int lib_train_batch(struct aq_trainer *t, struct lib_batch batch, struct lib_step_loss *loss,
                    struct rt_error *error);
/* The last step may have made a parameter infinite; only the loss of a next step would show it. */
int lib_train_finite(struct aq_trainer *t, struct rt_error *error);
/* Calls the host's progress callback, if there is one. */
void lib_train_tell(struct aq_trainer *t, const aq_progress *p);
/* Notes the epoch that has just ended. */
int lib_train_note(struct aq_trainer *t, const aq_progress *p, struct rt_error *error);
int lib_target_rows(struct aq_trainer *t, struct rt_error *error); /* fills target */
void lib_target_rows_free(struct aq_trainer *t);
/* Fills a model with copies of parameters: an empty one, or one that was filled by it before. Call
 * rt_optimizer_flush before. */
int lib_train_copy(struct aq_trainer *t, const struct lib_params *params, struct aq_model *model,
                   struct rt_error *error);
/* Fills an empty one with copies of the best parameters, and says by which number they are. */
int lib_train_model(struct aq_trainer *t, struct aq_model *model, struct rt_error *error);

/* Fails unless the model and its checkpoint can be created where they should go, and nobody else writes them.
 * Until the trainer is freed, nobody else can. */
int lib_checkpoint_prepare(struct aq_trainer *t, struct rt_error *error);
int lib_checkpoint_write(struct aq_trainer *t, struct rt_error *error);
/* From the file beside the model, or the bytes that the options give. */
int lib_checkpoint_read(struct aq_trainer *t, struct rt_error *error);
/* May a call train now? steps: on rows of the host's. RT_USAGE: the trainer is not ready, has no rows,
 * belongs to another process, or is training. */
int lib_train_begin(struct aq_trainer *t, bool steps, struct rt_error *error);
/* Steps in an epoch. The batch is never larger than the data. */
static inline int64_t lib_train_steps(const struct aq_trainer *t) {
  return (t->train_data.rows + t->settings.batch - 1) / t->settings.batch;
}
/* All steps that the schedule reckons with. */
static inline int64_t lib_train_total(const struct aq_trainer *t) {
  return lib_train_has_rows(t) ? lib_train_steps(t) * t->settings.epochs : t->options.steps;
}
#endif
