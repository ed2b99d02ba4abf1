/* internal.h: what stands behind the handles of aq.h, for the files of libaq/. */
#ifndef AQ_LIBAQ_INTERNAL_H
#define AQ_LIBAQ_INTERNAL_H

#include "compiler/compile.h"
#include "libaq/aq.h"
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
  char ran_unused[256], ran_unread[256];
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
  /* [count] those that products read as panels too (params_panels.c); NULL: none are made yet */
  void **_Atomic panels;
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
      *from_bytes;      /* the model's tensors in memory, not in that file; NULL: they are there */
  struct rt_pool *pool; /* draws the numbers, which are the same for any; NULL: the caller does */
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
/* Of the same module and precision. Panels of what was there are forgotten. */
void lib_params_copy(struct lib_params *to, const struct lib_params *from);
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
static inline int64_t lib_likeliest(const double *p, int64_t classes) {
  int64_t best = 0; /* of equal ones the first */
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
/* Puts the lengths of that many rows, evenly from all over the data, into `sizes`. */
int lib_feed_sample(struct lib_feed *feed, const struct io_dataset *data, int64_t batch,
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
  const char *path;      /* its file, or what its bytes are called, in the arena; NULL: it comes from none */
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
/* lib_params_panels of each member (members.c), for who predicts. */
int lib_model_panels(struct aq_model *model, struct rt_error *error);
/* The vocabulary of a column, or NULL. */
const struct io_vocab *lib_model_vocab(const struct aq_model *model, const struct vm_input *input);
struct aq_model *lib_model_new(void);
/* One user more, who calls aq_model_free in the end. Returns the model. */
struct aq_model *lib_model_share(struct aq_model *model);
/* Where a call about a model says what is wrong: this thread's aq_model_message will have it. */
struct rt_error *lib_model_begin(const struct aq_model *model);
/* What is damaged in a model that was loaded has the model's file as its place. A place in the program that
 * is there becomes a part of the message. */
void lib_name_model(const struct aq_model *model, struct rt_error *error);
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
/* The same from memory, which is not needed afterwards; name is for messages, and may be NULL. */
int lib_model_read_bytes(struct aq_model *model, const char *name, const void *bytes, size_t length,
                         struct rt_error *error);
/* The program and the columns in a file may not fit each other: every input must have its column, of its
 * kind. The name of one that has not, or NULL. writes: the model writes text, see aq_model.text. */
const char *lib_model_misfit(const struct vm_module *module, const struct io_schema *schema, bool writes);
/* The program as a model keeps it, after cc_compile_model: with the settings that it was given, but for those
 * of own[0..count-1], which replace them. The caller frees *json. */
int lib_source_write(struct cc_program *program, const struct cc_assigned *own, int count, char **json,
                     struct rt_error *error);
/* Compiles that text alone, taken for hostile: no file is read. vector: as in cc_program, or NULL. */
struct vm_module *lib_source_compile(const char *json, const char *vector, struct rt_error *error);
/* Adds the names of the values that are such vectors, each with a NUL byte behind it. */
int lib_source_vectors(const char *json, struct rt_text *names, struct rt_error *error);
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
  bool header, semicolons;
  size_t by_position;
  struct lib_message first, doubt, odd_tags;
  aq_cut **cut; /* [cut_count], of which cut_made have memory */
  size_t cut_count, cut_made, cut_capacity;
};
void lib_reading_clear(struct lib_reading *reading);
/* Adds what was met in a file. header, semicolons and by_position stay those of the first file. */
int lib_reading_add(struct lib_reading *reading, const struct io_schema *schema,
                    const struct io_dataset *data, struct rt_error *error);
/* Adds the texts that were cut in a batch of a stream. Names belong to the schema. */
int lib_reading_cuts(struct lib_reading *reading, const struct io_schema *schema,
                     const struct io_dataset *data, struct rt_error *error);
/* Adds what another reading met, of rows with the columns of the schema. */
int lib_reading_join(struct lib_reading *reading, const struct io_schema *schema,
                     const struct lib_reading *other, struct rt_error *error);
void lib_reading_skipped(struct lib_reading *reading, const struct rt_error *reason, int64_t count);
/* How the fields of a file are told apart; its header and semicolons are set before. by_position is how many
 * there are, or 0. */
void lib_reading_position(struct lib_reading *reading, const char *file, size_t by_position);
/* line: a first line that may have been a header; NULL: there is no doubt. */
void lib_reading_doubt(struct lib_reading *reading, const char *file, const char *line);
/* Learns the schemes of tags from the training rows, where the program does not say them, and notes steps
 * between tags that these have and that will never be predicted (tag_schemes.c). */
int lib_learn_schemes(struct lib_reading *reading, struct io_schema *schema, const struct io_dataset *train,
                      struct rt_error *error);
/* What a handle gives out: its own; NULL of NULL. */
const aq_reading *lib_reading_view(const struct lib_reading *reading);
void lib_reading_free(struct lib_reading *reading);

/* ---- options, and threads ---- */

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
