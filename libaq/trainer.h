/* trainer.h: what trainer.c and checkpoint.c share. */
#ifndef AQ_LIBAQ_TRAINER_H
#define AQ_LIBAQ_TRAINER_H

#include "libaq/internal.h"
#include "runtime/optimizer.h"

/* Where training is. All of it goes into a checkpoint, and nothing else decides what comes next. */
struct train_state {
  int64_t epoch;                         /* from 0 */
  int64_t position;                      /* examples of this epoch already used */
  double loss_sum, loss_rows;            /* of this epoch */
  int64_t step;
  int64_t best_epoch, since_best;        /* from 1; 0: none yet */
  double best_value;
  bool reached;
};

struct aq_trainer {
  struct lib_message message;
  aq_train_options options;
  char *train, *valid, *test, *save, *until;   /* copies of the paths */
  struct vm_module *module;
  struct io_schema schema;
  struct io_dataset train_data, valid_data;
  bool has_valid, text;
  char *source;
  int64_t test_rows, skipped;

  enum rt_precision precision;
  struct vm_settings settings;           /* with the options' values put in */
  struct rt_pool *pool;
  struct lib_params params, best;
  struct vm_machine *machine;            /* of "train" */
  struct lib_feed feed;
  struct lib_judge judge;                /* on the validation data */
  const struct rep_metric *metric;       /* of output 0: decides what is best */
  struct rep_goal goal;
  uint32_t goal_output;
  bool has_goal;

  struct rt_optimizer *optimizer;
  struct rt_gradient *gradient;          /* [params] */
  int64_t *order;                        /* [train rows] this epoch's */

  struct train_state state;
  aq_train_facts facts;
  double started, last_shown;
  bool stopped;
};

int lib_checkpoint_write(struct aq_trainer *t, struct rt_error *error);
int lib_checkpoint_read(struct aq_trainer *t, struct rt_error *error);
void lib_train_order(struct aq_trainer *t);   /* order for state.epoch */
static inline int64_t lib_train_steps(const struct aq_trainer *t) {
  return (t->train_data.rows + t->settings.batch - 1) / t->settings.batch;
}

#endif
