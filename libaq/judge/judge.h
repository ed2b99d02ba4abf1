/* judge.h: runs the function "eval" over data, and judges what a model answers. */
#ifndef AQ_LIBAQ_JUDGE_H
#define AQ_LIBAQ_JUDGE_H

#include "libaq/internal.h"
#include "libaq/judge/hardest.h"
#include "libaq/judge/report.h"

/* Rows that will be judged together once there are enough of them. */
struct lib_waiting {
  int64_t *row, *number; /* [count] in the data at hand; in all data, from 0 */
  size_t row_capacity, number_capacity;
  int64_t count, done; /* done: so many of them are judged */
  bool singly;         /* one of them cannot be: each is judged by itself */
};

/* Runs the function "eval" over datasets and judges every output. */
struct lib_judge {
  const struct vm_module *module;
  const struct io_schema *schema;
  struct vm_machine *machine; /* of "eval" */
  struct lib_feed feed;
  struct lib_ahead *ahead;   /* makes the next batch ready; NULL: nothing does (lib_judge_look_ahead) */
  struct rep_report *report; /* [outputs] */
  const struct lib_params *params;
  struct rt_pool *pool;
  bool skip; /* leave out and count rows whose answers are not finite; else the first of them is an error */
  int64_t skipped;
  struct rt_error first_skipped;
  double loss, loss_rows; /* sum of the batches' losses times their weights, and sum of the weights; without
                             rows with a label that training did not see */
  double *scratch;
  size_t scratch_capacity;
  double *truth;
  size_t truth_capacity;
  size_t *labels; /* of a row of several */
  size_t labels_capacity;
  struct tag_answers *tags; /* [outputs] */
  struct lib_judge_text {   /* of one text: what its tags are, and what the model says */
    size_t *truth, *said;
    size_t truth_capacity, said_capacity, count;
    int64_t *first; /* [texts + 1] of a batch: the word where each begins */
    size_t first_capacity;
  } of_text;
  int64_t batch;                    /* so many rows are judged together */
  struct lib_waiting known, unseen; /* rows whose labels the model has, and the others */
  int64_t next;                     /* the row of the data at hand that is looked at next */
  int64_t before;                   /* rows before these data */
  int64_t moved;                    /* the last rows of the data, which waited in those before them */
  const int64_t *number;            /* [rows] of the batch at hand, in all data */
  struct lib_match *match;          /* [outputs] vectors of matches, or NULL */
  float *pair;                      /* scratch: the two vectors of a row */
  size_t pair_capacity;
  int64_t beam;                      /* see frame_text.h */
  int64_t negatives, seed;           /* see lib_judge_draw */
  uint8_t *mark;                     /* [classes] scratch */
  struct lib_hardest *hardest;       /* [outputs]; NULL: none are kept */
  const struct lib_members *members; /* of an ensemble; NULL: params are run alone */
  struct lib_mean *mean;             /* [outputs] of their answers */
  double *lost; /* of a batch: the sum of the loss and its weight, then those of each output */
  size_t mark_capacity;
  int64_t *coming; /* rows of the next batch, which are made ready */
  size_t coming_capacity;
};
/* Of the rows of a training file, those that a training held back (training_rows.c): *data becomes these. It
 * was read with the field `beside` of lib_held_beside, NULL: none; a plain text is split by lib_held_part. */
int lib_held_rows(const struct aq_trainer *trainer, struct io_dataset *data, struct rt_error *error);
const char *lib_held_beside(const struct aq_trainer *trainer);
double lib_held_part(const struct aq_trainer *trainer);
int lib_judge_init(struct lib_judge *judge, const struct vm_module *module, const struct io_schema *schema,
                   const struct lib_params *params, struct rt_pool *pool, struct rt_error *error);
/* Another thread makes rows of these data ready, where it pays. They stay, and no others are judged. */
int lib_judge_look_ahead(struct lib_judge *judge, const struct io_dataset *data, int64_t batch,
                         struct rt_error *error);
/* Judges an ensemble: each member is run, and their answers are averaged. The loss is the mean of theirs. */
int lib_judge_members(struct lib_judge *judge, const struct lib_members *members, struct rt_error *error);
/* Runs the batch that was fed, with each member. Fails as vm_machine_run and lib_judge_check do. with_loss:
 * fills lost. */
int lib_judge_batch(struct lib_judge *judge, struct lib_batch batch, bool with_loss, struct rt_error *error);
/* The answers for an output, in scratch: those of the machine's last run, or of an ensemble the mean. */
int lib_judge_answers(struct lib_judge *judge, uint32_t output, struct rt_error *error);
int lib_judge_tag_answers(struct lib_judge *judge, struct lib_batch batch, uint32_t output,
                          struct tag_scores *scores, struct rt_error *error);
/* Judges an output of tags for the batch that the machine has just run (judge_tags.c). */
int lib_judge_tags(struct lib_judge *judge, struct lib_batch batch, uint32_t output, struct rt_error *error);
/* The same of a text that frames spell (judge_frames.c). */
int lib_judge_frames(struct lib_judge *judge, struct lib_batch batch, uint32_t output,
                     struct rt_error *error);
/* The same of images (judge_images.c). */
int lib_judge_images(struct lib_judge *judge, struct lib_batch batch, uint32_t output,
                     struct rt_error *error);
/* Keeps the vectors of a match for the batch that the machine has just run, and ranks all that were kept
 * (judge_match.c). */
int lib_judge_match(struct lib_judge *judge, struct lib_batch batch, uint32_t output, struct rt_error *error);
/* Judges the boxes of the batch that the machine has just run (judge_boxes.c). */
int lib_judge_boxes(struct lib_judge *judge, struct lib_batch batch, uint32_t output, struct rt_error *error);
int lib_judge_rank_matches(struct lib_judge *judge, struct rt_error *error);
void lib_judge_forget_matches(struct lib_judge *judge);
void lib_judge_free_matches(struct lib_judge *judge);
/* Adds the place of the right class of row r of the batch at hand to the report of an output of classes; p:
 * the probabilities of the classes (judge_ranks.c). */
int lib_judge_rank(struct lib_judge *judge, struct lib_batch batch, int64_t r, uint32_t output,
                   const double *p, struct rt_error *error);
/* From now on the right class is ranked among so many others that are drawn for each row, none of them in its
 * other columns, instead of among all. */
int lib_judge_draw(struct lib_judge *judge, int64_t negatives, int64_t seed, struct rt_error *error);
/* The index of a label that the model does not have: its number is below 0. */
int lib_unseen_class(struct rep_report *report, const struct io_intern *unseen, int32_t label, size_t *index,
                     struct rt_error *error);
/* As what the predictions of an output are judged: classes, tags, numbers, … */
enum rep_kind lib_report_kind(const struct vm_module *module, const struct vm_output *output);
/* A metric of an output, by name (measure.c): "f1" of the first output, "topic.f1" of the output topic. */
struct lib_measure {
  const char *name; /* as it was given; not owned */
  uint32_t output;
  struct rep_asked asked;
};
/* The output named before the point, else the first; *name becomes what stands behind the point. */
int lib_metric_output(const struct vm_module *module, const char **name, uint32_t *output,
                      struct rt_error *error);
/* The same of a metric that chooses an epoch or is to be reached: `loss` of several outputs needs a name. */
int lib_chosen_output(const struct vm_module *module, const char **name, uint32_t *output,
                      struct rt_error *error);
/* Of a metric without the name of an output that does not measure the first one: which output it measures. */
void lib_hint_output(const struct vm_module *module, const char *name, struct rt_error *error);
int lib_measure_find(const struct vm_module *module, const struct rep_report *report, const char *name,
                     struct lib_measure *measure, struct rt_error *error);
/* Fails unless a metric can be measured of what the module predicts. */
int lib_check_metric(const struct vm_module *module, const char *metric, struct rt_error *error);
/* Gives an error the place of the setting that it is about. */
void lib_place_setting(const struct vm_where *where, struct rt_error *error);
/* Judges data that come in pieces, and gives the same numbers however they are cut: begin; then rows of each
 * piece; between two pieces the rows that wait for their batch move to the next one; end with the last piece.
 * After RT_INTERRUPTED, the call of rows or of end may be made again and goes on. */
void lib_judge_begin(struct lib_judge *judge, int64_t batch);
int lib_judge_rows(struct lib_judge *judge, const struct io_dataset *data, struct rt_error *error);
/* All rows of `from` were given; `into` has the next ones. */
int lib_judge_move(struct lib_judge *judge, const struct io_dataset *from, struct io_dataset *into,
                   struct rt_error *error);
int lib_judge_end(struct lib_judge *judge, const struct io_dataset *data, struct rt_error *error);
/* All at once. */
int lib_judge_run(struct lib_judge *judge, const struct io_dataset *data, int64_t batch,
                  struct rt_error *error);
/* How many rows have a label that training did not see. They are judged, but not part of the loss. */
int64_t lib_judge_unseen(const struct lib_judge *judge, const struct io_dataset *data);
/* Did training see no label of this output at all? Then its metrics are 0 whatever the model says. */
bool lib_judge_blind(const struct lib_judge *judge, const struct io_dataset *data, uint32_t output);
/* Has the model write a text for each row, as options->generate says, and adds what they are like to the
 * report of the output that it writes (judge_texts.c): begin, then rows of each piece, which keep the fields
 * of that text (io_data_options.keeps). *at_once: how many rows a piece should have. */
struct lib_writing_judge;
int lib_judge_texts_begin(struct lib_writing_judge **writing, struct aq_model *model,
                          const aq_eval_options *options, int64_t *at_once, struct rt_error *error);
int lib_judge_texts_rows(struct lib_writing_judge *writing, struct lib_judge *judge,
                         const struct io_dataset *data, struct rt_error *error);
void lib_judge_texts_free(struct lib_writing_judge *writing);
/* A file that is judged, in pieces as far as that is possible (judge_file.c). */
struct lib_judge_file {
  struct lib_judge *judge;
  const struct aq_model *model;
  const char *path; /* NULL: the rows are in memory */
  const struct io_data_options *reading;
  const struct aq_trainer *held_by;  /* only the rows that this training holds back; NULL: all */
  struct lib_writing_judge *writing; /* or NULL */
  struct io_portion portion;         /* how much is read at once */
  struct lib_reading *met;
  int64_t rows; /* that were read */
};
int lib_judge_file(struct lib_judge_file *file, int64_t batch, struct rt_error *error);
/* aq_report_new with pieces of so many rows; 0: as many as are good. */
int lib_report_pieces(struct aq_model *model, const char *path, const aq_eval_options *options, int64_t piece,
                      struct aq_report **report);
/* The first output that is a text to be written; the number of outputs: there is none. */
uint32_t lib_text_output(const struct vm_module *module);
/* All labels count as predicted above that probability. False: the model predicts no labels. */
bool lib_judge_threshold(struct lib_judge *judge, double threshold);
void lib_judge_free(struct lib_judge *judge);
/* A report of rows that are read already (evaluate.c). */
int lib_report_of(struct aq_model *model, const struct io_dataset *data, const aq_eval_options *options,
                  struct aq_report **report, struct rt_error *error);
/* Of options: a beam makes sense for the model. Otherwise RT_USAGE. */
int lib_check_beam(const struct vm_module *module, int64_t beam, struct rt_error *error);
/* Is this a threshold, and does the model predict several labels? Otherwise RT_USAGE. */
int lib_check_threshold(const struct vm_module *module, double threshold, struct rt_error *error);
/* RT_NOT_FINITE unless all answers for the batch that the machine has just run are finite, and so is its
 * loss, which goes to *loss (loss NULL: it is not looked at). A loss too large for float is computed in
 * double. */
int lib_judge_check(struct lib_judge *judge, struct lib_batch batch, double *loss, struct rt_error *error);
/* Does training minimise more than the loss of one output? */
bool lib_has_total(const struct vm_module *module);
/* Output `output` of the function "eval" after a run, as one number. */
double lib_judge_value(const struct lib_judge *judge, uint32_t output);
/* How much the loss of an output counts the rows of the batch that the machine has just run, where the
 * program says so. */
bool lib_judge_weight(const struct lib_judge *judge, uint32_t output, double *weight);
/* Hints at one that is less than 0: then the loss is not a number. */
void lib_judge_hint_weight(const struct lib_judge *judge, struct rt_error *error);
/* An output as rows by columns: the last axis, of classes or numbers, is the columns. */
void lib_output_size(const struct rt_tensor *tensor, int64_t *rows, int64_t *columns);
void lib_to_double(const struct rt_tensor *tensor, enum rt_precision precision, double *out);
/* The answers for tags: best paths, and probabilities in place of the scores. tensor: what the model returns,
 * which scores->score holds as double. Fills the rest of scores; first: [texts + 1] room for scores->first.
 */
int lib_answer_tags(struct tag_answers *answers, const struct rt_tensor *tensor, struct tag_scores *scores,
                    int64_t *first, const struct vm_output *output, struct rt_error *error);

#endif
