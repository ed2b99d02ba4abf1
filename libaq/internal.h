/* internal.h: what stands behind the handles of aq.h, for the files of libaq/. */
#ifndef AQ_LIBAQ_INTERNAL_H
#define AQ_LIBAQ_INTERNAL_H

#include "compiler/compile.h"
#include "libaq/aq.h"
#include "libaq/judge/hardest.h"
#include "libaq/judge/report.h"
#include "libaq/host_options.h"
#include "libaq/predict/tag_path.h"
#include "runtime/io/data.h"
#include "runtime/io/safetensors.h"
#include "vm/machine.h"
#include "vm/native_library.h"

#include <stdatomic.h>

/* A handle's message: written as rt_error, read as aq_message. */
struct lib_message {
  struct rt_error error;
  aq_message view;
};
aq_message lib_message_of(const struct rt_error *error);
const aq_message *lib_view(struct lib_message *message);
struct lib_message *lib_thread_message(void); /* of this thread's calls that have no handle */
const aq_message *lib_nothing(void);          /* the message of a handle that is NULL */
int lib_no_path(struct rt_error *error);
int lib_no_place(struct rt_error *error); /* where a result goes */
static inline struct rt_error *lib_begin(struct lib_message *message) {
  rt_error_clear(&message->error);
  return &message->error;
}

/* Makes this file the place of an error that has none yet. */
void lib_name_file(struct rt_error *error, const char *path);
/* Adds the place and source line of another error as a hint. */
void lib_hint_place(const struct rt_error *from, struct rt_error *error);
/* Hands a finished text to the caller, "" rather than NULL. When the text had no memory, it is freed. */
int lib_give_text(struct rt_text *from, char **text, struct rt_error *error);

struct aq_program {
  struct lib_message message;
  const char *function;       /* to be compiled alone; NULL: the model */
  struct cc_program *program; /* NULL when it has errors that forbid to compile it */
  struct cc_program *read;    /* the same; with errors, what could be read of it, for more diagnostics */
  aq_message shown;           /* the diagnostic that was asked for */
  struct cc_assigned *define, *set; /* copies, texts in the arena */
  struct aq_model *from;            /* whose weights it begins with; NULL: none is given */
  const char *from_path;            /* its file, in the arena */
  struct vm_allowed allowed;        /* native code, in the arena */
  struct rt_arena arena;
  struct vm_module *model;  /* that the last check compiled, for its requirements; or NULL */
  const char **requirement; /* in words */
  aq_extern *native;        /* [native_count] of it */
  size_t native_count;
  aq_choice *choice; /* [of read] */
  aq_run_facts ran;  /* of the last aq_program_run, with its text */
  char ran_unused[256];
};

/* Which native code the options allow (model/natives.c). All that it points to is in the arena. */
int lib_allow(struct vm_allowed *allowed, const aq_load_options *options, struct rt_arena *arena,
              struct rt_error *error);
/* The same code for somebody who may live longer. */
int lib_allow_as(struct vm_allowed *allowed, const struct vm_allowed *from, struct rt_arena *arena,
                 struct rt_error *error);
/* What hosts are told of them: *list of *count, in the arena. */
int lib_list_natives(const struct vm_module *module, struct rt_arena *arena, aq_extern **list, size_t *count,
                     struct rt_error *error);
/* Binds the module's native functions; fails unless all of them are allowed. */
int lib_need_natives(struct vm_module *module, const struct vm_allowed *allowed, struct rt_error *error);

/* RT_USAGE for a program with errors: there is nothing to compile then. */
int lib_can_compile(const struct aq_program *program, struct rt_error *error);

/* Number `at` of an array of float or double. */
static inline double lib_number_at(const void *numbers, enum rt_precision precision, int64_t at) {
  return precision == RT_F64 ? ((const double *)numbers)[at] : (double)((const float *)numbers)[at];
}

/* ---- parameters (params.c) ---- */

/* The values of a module's parameters, row-major, float or double. */
struct lib_params {
  enum rt_precision precision;
  uint32_t count;
  void **data; /* [count] aligned blocks */
  int64_t *elements;
  void **panels; /* [count] those that products read as panels too (params_panels.c); NULL: none are kept */
};
/* Hints at where the program makes a parameter, if that is known. */
void lib_place_param(const struct vm_param *param, struct rt_error *error);
/* Allocates them, without values. All dims of the parameters must be bound. */
int lib_params_init(struct lib_params *params, const struct vm_module *module, enum rt_precision precision,
                    struct rt_error *error);
/* What parameters begin with. */
struct lib_beginning {
  const struct vm_module *module;
  /* Trained: a table that is loaded from a model file takes the row of each word from there. NULL: there are
   * no columns. */
  const struct io_schema *schema;
  uint64_t seed;
  struct aq_model *from; /* a model whose parameters of the same name count instead; NULL: none */
  const char *from_path;
  const struct rt_text
      *from_bytes; /* the model's tensors in memory, not in that file; NULL: they are there */
};
struct lib_loaded {
  int64_t entries, found; /* words and labels in axes that go by words; how many of them the model file has */
  int64_t by_position;   /* tables of learned words, loaded from a file that does not say what its rows are */
  int64_t padded;        /* rows of tables behind those of a given vocabulary, which are left out */
  int64_t taken;         /* parameters that begin as in `from` */
  int64_t taken_members; /* of `from` */
  char begun[256];       /* the names of the first others, with commas between them */
  int64_t begun_count;
  int64_t
      unused; /* tensors of the files that parameters were loaded from, which no parameter is loaded from */
  char unused_names[256];
};
/* Fills every parameter as its initialiser says. Random numbers depend on the seed and the parameter's name
 * alone, so that a new parameter does not change the others. loaded may be NULL. */
int lib_params_fill(struct lib_params *params, const struct lib_beginning *how, struct lib_loaded *loaded,
                    struct rt_error *error);
/* Parameters whose names are those of the model, behind the first dot, become what they are there. RT_USAGE:
 * a shape differs, or there is none. */
int lib_params_take(struct lib_params *params, const struct vm_module *module, const struct aq_model *from,
                    struct rt_error *error);
/* Reads them from the tensors named prefix + path. Every one must be there, with its shape. */
int lib_params_read(struct lib_params *params, const struct vm_module *module, const struct io_tensors *file,
                    const char *prefix, struct rt_error *error);
/* Describes them in out[params->count] for io_tensors_save; names and shapes go to the arena. */
int lib_params_describe(const struct lib_params *params, const struct vm_module *module, const char *prefix,
                        struct rt_arena *arena, struct io_tensor_out *out, struct rt_error *error);
void lib_params_copy(struct lib_params *to,
                     const struct lib_params *from); /* the same module and precision */
int lib_params_convert(struct lib_params *to, const struct lib_params *from, const struct vm_module *module,
                       enum rt_precision precision, struct rt_error *error);
/* Fails with that code unless all numbers are finite. The message says which parameter `when`: "the parameter
 * m.W is no longer finite". */
int lib_params_check(const struct lib_params *params, const struct vm_module *module, int code,
                     const char *when, struct rt_error *error);
void lib_params_bind(const struct lib_params *params, struct vm_machine *machine);
void lib_params_bind_panels(const struct lib_params *params, struct vm_machine *machine); /* and the panels */
void lib_params_free(struct lib_params *params);

/* ---- data into machines (feed.c) ---- */

/* The columns of a model that others of the same name and kind begin with. */
struct lib_known {
  const struct io_schema *schema; /* trained */
  bool all;         /* also labels, widths and how numbers are scaled; else vocabularies of texts alone */
  bool adds_labels; /* with all: rows will be read, and labels that they have are added to those */
};
/* The schema for a module's inputs. text: the data are one plain text, and rows are windows of it. known may
 * be NULL. */
int lib_schema(const struct vm_module *module, bool text, const struct lib_known *known,
               struct io_schema *schema, struct rt_error *error);
/* Gives an untrained schema what is known (taken_columns.c). */
int lib_take_columns(const struct vm_module *module, const struct lib_known *known, struct io_schema *schema,
                     struct rt_error *error);
/* The schema of a module when no rows are read: all that training would learn is known or given, and the
 * module's dims get their sizes. *text: rows are windows of a plain text (begin_model.c). RT_BAD_DATA: a
 * column would have to learn something. */
int lib_schema_without_rows(struct vm_module *module, const struct lib_known *known, bool *text,
                            struct io_schema *schema, struct rt_error *error);
/* Gives the module's symbols that data decide the sizes of the trained schema. Fails where the program has
 * given such a dim another size. */
int lib_bind_dims(struct vm_module *module, const struct io_schema *schema, struct rt_error *error);
/* Has a row of so many tokens, of a column that a model goes on with, room for one more (session_extend)? Not
 * when its end is marked, or when it is complete. */
static inline bool lib_extends(const struct io_column *column, int64_t tokens) {
  return column->kind->whole ? tokens <= io_whole(column) : !column->ends;
}
/* How many tokens of a row an input sees: of a text that the model continues, one less than there are. */
int64_t lib_row_length(const struct vm_input *input, const struct io_values *v, int64_t row);
/* The class of the highest probability; of equal ones the first. */
static inline int64_t lib_likeliest(const double *p, int64_t classes) {
  int64_t best = 0;
  for (int64_t k = 1; k < classes; k++) best = p[k] > p[best] ? k : best;
  return best;
}
/* Of a box that a model gives, the number of its likeliest class among the columns. */
int64_t lib_likeliest_box(const double *answer, int64_t columns);

/* ---- what the program asks of a row (row_check.c) ---- */

/* What the reader of data asks about each row: are columns whose lengths have one name equally long, and does
 * the row meet the program's requirements, as far as the sizes in them are known? */
struct lib_row_check {
  const struct vm_module *module;
  const struct io_schema *schema;
  int *column;   /* [inputs] in the schema */
  int64_t *size; /* [symbols] of the last row; -1: not known */
  /* A text to be continued will get one more token before it is fed (session_extend). */
  bool extends;
  struct io_row_check hook;    /* what the reader asks; its context is this */
  enum rt_precision precision; /* of the numbers; RT_F32 unless set after lib_row_check_init */
};
/* Do numbers fit the precision, and targets the loss (number_check.c)? *column: the one that does not. */
int lib_check_numbers(const struct lib_row_check *check, const struct io_dataset *data, int64_t row,
                      int *column, struct rt_error *error);
/* Module and schema must outlive the check, which must not be moved. */
int lib_row_check_init(struct lib_row_check *check, const struct vm_module *module,
                       const struct io_schema *schema, struct rt_error *error);
/* Does a requirement depend on a size of the whole file, such as the number of classes? Then rows are looked
 * at again (io_dataset_recheck) when it is known. */
bool lib_row_check_later(const struct lib_row_check *check);
void lib_row_check_free(struct lib_row_check *check);

/* Rows of a dataset that are computed together, by their numbers from 0. */
struct lib_batch {
  const struct io_dataset *data;
  const int64_t *row; /* [count] */
  int64_t count;
};

/* Do two rows of a column hold the same (same_value.c)? Then these bytes are the same. */
bool lib_same_value(const struct io_values *values, int64_t a, int64_t b);
const unsigned char *lib_value_bytes(const struct io_values *values, int64_t row, size_t *length);

/* Packs rows of datasets into the inputs of machines of one module. */
struct lib_feed {
  const struct vm_module *module;
  enum rt_precision precision;
  int *column;      /* [inputs] in the schema */
  void **buffer;    /* [inputs] */
  size_t *capacity; /* [inputs] elements */
  int64_t **sizes;  /* [symbols] per example, NULL for symbols that are not ragged */
  size_t *sizes_capacity;
  int64_t tokens; /* of the last batch, in its longest input */
  const struct io_schema *schema;
  const uint64_t *chance; /* while training: the seed of what these change at random; NULL: nothing */
};
int lib_feed_init(struct lib_feed *feed, const struct vm_module *module, const struct io_schema *schema,
                  enum rt_precision precision, struct rt_error *error);
/* Makes room for any batch of that many rows, so that feeding allocates nothing later. `sizes` then are those
 * of the largest batch that there could be. */
int lib_feed_reserve(struct lib_feed *feed, const struct io_dataset *data, int64_t batch,
                     struct rt_error *error);
/* Binds the machine to the sizes of the batch, and sets the inputs that it uses. */
int lib_feed_rows(struct lib_feed *feed, struct vm_machine *machine, struct lib_batch batch,
                  struct rt_error *error);
/* Its two halves: reads the rows into the buffers of the feed, which another thread may do while the machine
 * runs; and the rest. */
int lib_feed_fill(struct lib_feed *feed, const struct vm_machine *machine, struct lib_batch batch,
                  struct rt_error *error);
int lib_feed_bind(struct lib_feed *feed, struct vm_machine *machine, int64_t count, struct rt_error *error);
/* The boxes of a row, as a model is given them, in the precision of the feed, and how many these are (out
 * NULL: that alone). While images are changed at random, those that are hardly seen any more are left out
 * (feed_boxes.c). */
int64_t lib_give_boxes(const struct lib_feed *feed, uint32_t input, struct lib_batch batch, int64_t example,
                       void *out);
/* The seed of what is changed at random in a column of an example. */
uint64_t lib_feed_chance(const struct lib_feed *feed, int column, int64_t example);
/* Runs a machine that was fed with the batch. An error of one example hints at its row (run_batch.c). */
void lib_hint_row(struct lib_batch batch, struct rt_error *error);
int lib_run_batch(struct vm_machine *machine, struct lib_batch batch, uint64_t seed, struct rt_error *error);
/* How many rows an output's loss is the mean of, in the batch last fed: tokens when each token has a target,
 * else examples. The sum of all losses counts rows as the first output does. */
double lib_feed_weight(const struct lib_feed *feed, uint32_t output, int64_t count);
void lib_feed_free(struct lib_feed *feed);

/* ---- models (model.c, model_file.c) ---- */

struct aq_model {
  uint64_t number;       /* of all models of the process, from 1 */
  atomic_int users;      /* the host, until it frees the model, and who has been given it since */
  struct rt_error error; /* why it could not be made */
  struct vm_module *module;
  struct io_schema schema;  /* trained; empty for a model without data */
  struct lib_params params; /* always float or double as trained */
  struct lib_params *more;  /* [more_count] those of an ensemble's other members */
  uint32_t more_count;
  bool trained, text;
  char *metric; /* name, or NULL */
  double metric_value;
  char *source; /* the program, to be compiled again (model_source.c) */
  char *folder; /* where the program was, with the slash, to be left out of what is saved; NULL: not known */
  const char ***class_text; /* [outputs][classes], in the arena */
  aq_column *column;        /* [column_count], in the arena */
  aq_head *head;            /* [head_count], in the arena */
  size_t head_count;
  aq_extern *native; /* [native_count], in the arena */
  size_t column_count, native_count;
  aq_begin_facts begun;      /* of aq_model_begin */
  const char **requirement;  /* the module's, in words */
  struct vm_allowed allowed; /* native code, in the arena */
  struct rt_arena arena;
};

/* ---- ensembles (members.c) ---- */

/* 1: it is no ensemble. */
static inline uint32_t lib_model_members(const struct aq_model *model) { return 1 + model->more_count; }
/* Fails where the mean of several models' answers would be none. */
int lib_ensemble_check(const struct vm_module *module, struct rt_error *error);
/* The columns as text, but for thresholds: of two models or trainings, ids mean the same when it is the same.
 */
int lib_write_columns(const struct io_schema *schema, struct rt_text *out, struct rt_error *error);
/* The parameters of each member, in the precision in which they are run. */
struct lib_members {
  const struct lib_params **of; /* [count] */
  struct lib_params *converted; /* [count] those in another precision than the model's */
  uint32_t count;
};
int lib_members_init(struct lib_members *members, const struct aq_model *model, enum rt_precision precision,
                     struct rt_error *error);
void lib_members_free(struct lib_members *members);
/* The mean of the members' answers. Zero it before use. */
struct lib_mean {
  double *sum;
  size_t capacity, count;
  int added; /* members so far */
};
int lib_add_answers(struct lib_mean *mean, const double *value, size_t count, struct rt_error *error);
void lib_take_mean(struct lib_mean *mean, double *value);
/* Of tags: the mean probabilities become the scores, and the path is the likeliest that may be. */
int lib_mean_tags(struct tag_answers *answers, struct lib_mean *mean, const struct tag_scores *scores,
                  struct rt_error *error);

/* Fills class_text, column, native and requirement; const after that (model_words.c). */
int lib_model_words(struct aq_model *model, struct rt_error *error);
/* lib_params_panels of each member (members.c). Of a model that has its parameters, once. */
int lib_model_panels(struct aq_model *model, struct rt_error *error);
/* The vocabulary of a column, or NULL. */
const struct io_vocab *lib_model_vocab(const struct aq_model *model, const struct vm_input *input);
struct aq_model *lib_model_new(void);
/* One user more, who calls aq_model_free in the end. Returns the model. */
struct aq_model *lib_model_share(struct aq_model *model);
/* Where a call about a model says what is wrong: this thread's aq_model_message will have it. */
struct rt_error *lib_model_begin(const struct aq_model *model);
/* Keeps the error of a model that could not be made. Returns the status. */
int lib_model_made(struct aq_model *model, int status, const struct rt_error *error);
/* Has it parameters? AQ_USAGE otherwise, and the error says what became of it. */
int lib_model_trained(const struct aq_model *model, struct rt_error *error);
/* The module with that seed, and without the program's folder in the places that it gives. */
int lib_model_bytecode(const struct aq_model *model, int64_t seed, struct rt_arena *arena,
                       struct rt_text *bytes, struct rt_error *error);
/* A model file: parameters, and all else as its metadata. */
int lib_model_write(const struct aq_model *model, struct io_save *save, struct rt_error *error);
int lib_model_save(const struct aq_model *model, const char *path, struct rt_error *error);
int lib_model_read(struct aq_model *model, const char *path, struct rt_error *error);
/* The same from memory, which is not needed afterwards; name is for messages. */
int lib_model_read_bytes(struct aq_model *model, const char *name, const void *bytes, size_t length,
                         struct rt_error *error);
/* The program and the columns in a file may not fit each other: every input must have its column, of its
 * kind. The name of one that has not, or NULL. */
const char *lib_model_misfit(const struct aq_model *model);
/* The program as a model keeps it, after cc_compile_model: with the settings that it was given, but for those
 * of own[0..count-1], which replace them. The caller frees *json. */
int lib_source_write(struct cc_program *program, const struct cc_assigned *own, int count, char **json,
                     struct rt_error *error);
/* Compiles from that text alone: no file is read. The text is taken for hostile. vector: the value that the
 * model is asked for in place of its answers (cc_program.vector), or NULL. */
struct vm_module *lib_source_compile(const char *json, const char *vector, struct rt_error *error);
/* The same text with other settings, own[0..count-1]. The caller frees *with. */
int lib_source_set(const char *json, const struct cc_assigned *own, int count, char **with,
                   struct rt_error *error);
/* cc_program_digest of the program there. */
int lib_source_digest(const char *json, uint64_t *digest, struct rt_error *error);
/* What a program of a model knows of config.json, as a JSON object. */
int lib_source_config(const char *json, struct rt_text *config, struct rt_error *error);
/* Saves a file (save_file.c): the old one or the new one, whatever happens. */
int lib_save_file(const char *path, const void *bytes, size_t length, struct rt_error *error);
/* ---- what was met in data (reading.c) ---- */

/* What aq_reading shows. Zero it before use. */
struct lib_reading {
  aq_reading view;
  int64_t rows, skipped;
  bool header;
  size_t by_position;
  struct lib_message first, doubt, odd_tags;
  aq_cut **cut; /* [cut_count], of which cut_made have memory */
  size_t cut_count, cut_made, cut_capacity;
};
void lib_reading_clear(struct lib_reading *reading);
/* Adds what was met in a file. header and by_position stay those of the first file. */
int lib_reading_add(struct lib_reading *reading, const struct io_schema *schema,
                    const struct io_dataset *data, struct rt_error *error);
/* Adds the texts that were cut in a batch of a stream. Names belong to the schema. */
int lib_reading_cuts(struct lib_reading *reading, const struct io_schema *schema,
                     const struct io_dataset *data, struct rt_error *error);
/* Adds what another reading met, of rows with the columns of the schema. */
int lib_reading_join(struct lib_reading *reading, const struct io_schema *schema,
                     const struct lib_reading *other, struct rt_error *error);
void lib_reading_skipped(struct lib_reading *reading, const struct rt_error *reason, int64_t count);
/* How the fields of a file are told apart: by_position is how many there are, or 0. */
void lib_reading_position(struct lib_reading *reading, const char *file, bool header, size_t by_position);
/* line: a first line that may have been a header; NULL: there is no doubt. */
void lib_reading_doubt(struct lib_reading *reading, const char *file, const char *line);
/* Learns the schemes of tags from the training rows, where the program does not say them, and notes steps
 * between tags that these have and that will never be predicted (tag_schemes.c). */
int lib_learn_schemes(struct lib_reading *reading, struct io_schema *schema, const struct io_dataset *train,
                      struct rt_error *error);
/* What a handle gives out: its own; NULL of NULL. */
const aq_reading *lib_reading_view(const struct lib_reading *reading);
void lib_reading_free(struct lib_reading *reading);

/* ---- predicting and judging (judge.c) ---- */

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
/* Is this a threshold, and does the model predict several labels? Otherwise RT_USAGE. */
/* Of options: a beam makes sense for the model. */
int lib_check_beam(const struct vm_module *module, int64_t beam, struct rt_error *error);
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

enum rt_precision lib_precision(enum aq_precision precision);
enum io_header lib_header(enum aq_header header);
/* So many threads of its own, 0 is as many as there are cores; or those of a shared pool (host_pool.c). */
struct rt_pool *lib_pool(int threads, struct aq_pool *shared, struct rt_error *error);
/* One user more, who leaves in the end. Returns the pool, which may be NULL. A host that frees it more than
 * once meanwhile takes it from no user. */
struct aq_pool *lib_pool_share(struct aq_pool *pool);
void lib_pool_leave(struct aq_pool *pool);
double lib_seconds(void);

#endif
