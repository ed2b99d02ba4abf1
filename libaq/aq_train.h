/* aq_train.h: training, and how data were read. A part of aq.h, which includes it. */
#ifndef AQ_TRAIN_H
#define AQ_TRAIN_H

#include "aq_base.h"
#include "aq_profile.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Training ---- */

/* A step was taken, an epoch has ended, a file was written. */
enum aq_event { AQ_STEP, AQ_EPOCH, AQ_SAVED };
/* Tells a callback what has happened; strings live as long as the callback runs. */
typedef struct aq_progress {
  size_t size;
  enum aq_event event;
  int64_t epoch, epochs; /* epoch counts from 1 */
  int64_t step, steps;   /* over all epochs */
  double loss;           /* STEP: mean of the epoch so far; EPOCH: of the epoch */
  double examples_per_second, seconds_left;
  const char *metric;       /* EPOCH: what is measured on the validation data, "accuracy"; NULL: nothing is */
  double value, valid_loss; /* of metric; valid_loss is NaN when no row has a label that training saw */
  bool best;                /* EPOCH: it is the best so far, and is kept */
  const char *path;         /* SAVED: the file */
  double learning_rate;     /* of the last step; parameters may have others by their groups */
} aq_progress;

typedef struct aq_train_options {
  size_t size;                      /* sizeof(aq_train_options) */
  const char *train, *valid, *test; /* paths; valid and test may be NULL. Rows to test are read and checked
                                       before training begins; aq_report_new measures on them */
  double hold; /* without valid: the part of the training rows, 0 to 1, that is held back for validation */
  /* Where the best model goes; NULL: nowhere. A checkpoint goes beside it, to "PATH.ckpt", unless PATH is a
   * device or a pipe. Both are written when training ends or is stopped, at the end of epochs as often as
   * costs little, and within an epoch after each minute. */
  const char *save;
  bool resume; /* go on from that checkpoint, bit for bit as if training had never stopped; only epochs,
                  patience and until may differ from what it began with */
  /* Settings that hosts change most; all others are given to the program (aq_program_options.set). */
  int64_t epochs, batch, seed; /* below 0: what the program says */
  double learning_rate;        /* below 0: what the program says */
  /* "f1=0.9", or "topic.f1=0.9" of the output topic: stop once this metric is that good on the validation
   * data, which there must be. The epoch that is best by it is kept, unless `metric` names another one. NULL:
   * train all epochs. */
  const char *until;
  int threads; /* 1; 0: all cores. Results do not depend on it */
  enum aq_precision precision;
  enum aq_bad_row bad_rows;
  /* Called after the first step, after each epoch, when a file was written, and in between at most about 20
   * times a second. When it returns false, training stops before the next step: it writes the checkpoint, and
   * aq_trainer_run returns AQ_INTERRUPTED. NULL: nobody is told. */
  bool (*progress)(void *context, const aq_progress *progress);
  void *context; /* handed to progress, measure and read */
  enum aq_header header;
  const char *metric;    /* "f1", or "topic.f1" of the output topic: keep the epoch that is best by it on the
                          * validation data; NULL: the one that the program says */
  enum aq_format format; /* of all its files */
  /* Instead of hold: the last row of each value of this field of the training file is held back, in the order
   * of the file. The program need not have a column of it. */
  const char *hold_last;
  /* Cross-validation, instead of hold: the rows of the training file are spread over so many folds, and those
   * of number `fold`, from 1, are held back for validation. Rows of one class of the first output are spread
   * evenly. With fold_by, all rows with one value of this field are in one fold. Trainings that differ in
   * `fold` alone hold back each row once (aq_trainer_report, aq_report_add). */
  int64_t folds, fold; /* folds 0: none */
  const char *fold_by;
  int64_t split_seed; /* which rows hold and folds take; below 0: the seed of the training says it */
  /* Also rows that are held back teach vocabularies, labels and scales, which are then the same for each
   * fold: models of which one is made need that (aq_model_ensemble). */
  bool learn_from_held;
  aq_pool *pool; /* as in aq_eval_options */
  /* Go on from what aq_trainer_save_memory has given, as `resume` does from a file. The bytes are not needed
   * after aq_trainer_new. NULL: begin. */
  const void *checkpoint;
  size_t checkpoint_length;
  /* A measure of the host's own. After each epoch it gets the model as it is now, and says how good that is
   * in *value; NaN is the worst. The epoch that is best by it is kept, patience waits for it, and progress,
   * epochs, curves and the model have it by the name of `measured`; no metric of aq's decides then. There
   * need be no validation data. The model is the trainer's; a session of it that the host keeps stays as it
   * is. false: it cannot be measured now; training stops, and when it goes on, the epoch is measured again.
   */
  bool (*measure)(void *context, aq_model *model, double *value);
  const char *measured; /* what it is called, as in "profit" */
  bool least_is_best;   /* of that measure */
  /* Rows in memory instead of the files train and valid, which are NULL then. They are needed until
   * aq_trainer_new has returned. */
  const aq_rows *rows, *valid_rows;
  /* Go on with this model, for more rows of its task; it is not needed after aq_trainer_new, and the
   * program's `weights` are for a new task. Parameters with its names begin as its; columns with its names
   * and kinds have the vocabularies of texts, the widths and the scales that it has: words that it does not
   * know stay unknown. Labels of the rows that it does not know are added to its own, and their parameters
   * begin anew. Where program is NULL, it is the model's own. */
  aq_model *from;
  /* The training rows, as they would stand in a file of `format` (AUTO is TSV): puts at most size bytes into
   * buffer and returns how many; 0: the end. Below 0: it has failed, and the call ends with AQ_IO. It is
   * called by aq_trainer_new alone, until the end. NULL: they are in train or rows. */
  ptrdiff_t (*read)(void *context, char *buffer, size_t size);
  /* Without any rows: how many steps aq_trainer_step will take, which the schedule reckons with. 0: nobody
   * knows; then the schedule must not depend on it. */
  int64_t steps;
  aq_profile *profile;      /* where its time goes is added to this; NULL: nobody asks */
  const aq_rows *test_rows; /* in place of the file test; as valid_rows */
} aq_train_options;
void aq_train_options_init(aq_train_options *options); /* sets size and the defaults */

/* Reads the data, learns vocabularies, compiles, and gives parameters their first values. The program is not
 * needed afterwards. Without rows (no train), what the columns would learn must be given by the program or by
 * a model, `from`: then the host brings the rows of each step (aq_trainer_step). */
int aq_trainer_new(aq_program *program, const aq_train_options *options, aq_trainer **trainer);
int aq_trainer_run(aq_trainer *trainer);
void aq_trainer_free(aq_trainer *trainer);
const aq_message *aq_trainer_message(const aq_trainer *trainer);
/* A model of its own with the best parameters so far, also after an interrupt. Before the first epoch has
 * ended they are those of now. */
int aq_trainer_model(aq_trainer *trainer, aq_model **model);
typedef struct aq_train_facts {
  size_t size;
  int64_t rows, valid_rows, test_rows, skipped_rows;
  int64_t parameters, trained_parameters; /* numbers; those that are not frozen */
  int64_t steps;              /* that this trainer took itself, without those before its checkpoint */
  int64_t epochs, best_epoch; /* epochs completed, also before the checkpoint; the one kept, from 1 */
  int64_t epochs_set;         /* how many the settings ask for */
  double seconds, examples_per_second; /* of those steps */
  double loss;                         /* mean of the last epoch */
  uint64_t allocations_in_steps;       /* after the first step; 0 unless memory was too short to prepare */
  bool reached;                        /* what `until` asks for */
  bool header; /* false: the first line of the training file is a row, and fields go by position */
  bool blind;  /* training saw no label of the validation data: no epoch is better than another, so the last
                  is kept */
  /* Rows of valid_rows to which the kept epoch gives no finite answer, under AQ_BAD_ROW_SKIP: metric and loss
   * leave them out. */
  int64_t unanswered_valid_rows;
  /* Rows of valid_rows with a label that no training row has: they count as errors, and the loss leaves them
   * out. */
  int64_t unseen_valid_rows;
  /* For load("MODEL.aqm", …): words and labels whose rows were found there; those that were not, which begin
   * as without load. And tables of a file that does not say what its rows are: they went by position. */
  int64_t loaded_words, new_words, tables_by_position;
  /* With a model as weights of the program: how many parameters begin as its, how many do not, and the names
   * of the first of those with commas between them, cut where they are too long. */
  int64_t taken_tensors, begun_tensors;
  const char *begun;
  int64_t taken_members; /* of that model; of an ensemble they begin as those of the first */
  int64_t seed;          /* of the training */
  int64_t padded_rows;   /* as in aq_begin_facts */
  double learning_rate;  /* the highest that a parameter is trained with; 0: none will change */
} aq_train_facts;
const aq_train_facts *aq_trainer_facts(const aq_trainer *trainer); /* until training goes on */
/* About the training, validation and test data together; header and by_position are of the training data. */
const aq_reading *aq_trainer_reading(const aq_trainer *trainer);

#ifdef __cplusplus
}
#endif
#endif
