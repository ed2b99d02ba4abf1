/* aq.h: the whole public interface of libaq: compile .aq programs, train them, run them, look into them.
 *
 * Ownership. The caller owns what a function named _new, _load or _open makes, and gives it to the _free of
 * the same name; _free accepts NULL. The caller also owns a text that comes back through `char **text`, and
 * gives it to aq_text_free. All other strings and structs that a handle gives out belong to the handle. They
 * live until its next call or its _free, unless said otherwise.
 *
 * Errors. Every call that can fail returns a status; AQ_OK is 0. A call that makes a handle sets *handle even
 * when it fails, so that aq_*_message(handle) can say what was wrong: free that handle all the same. Only
 * when there is no memory for the handle itself, *handle is NULL. A NULL where something is needed (a handle,
 * a path, a place for a result) is AQ_USAGE, and so is a call on a handle whose making failed. Functions
 * without a status then return "", 0, false or NULL.
 *
 * Options. Every aq_…_options begins with its size, which aq_…_options_init sets, with the defaults. A later
 * libaq has more fields behind those of today, and takes what hosts of today know. A size that no version up
 * to this one has, 0 among them, is AQ_USAGE, and so is a value that a field cannot have. NULL: the defaults.
 *
 * Threads. An aq_model is immutable and may be shared between threads. Every other handle belongs to one
 * thread at a time, and to the process that made it: after fork a child frees it and makes its own, and is
 * told so by AQ_USAGE when it uses the parent's. Models may be used on both sides.
 *
 * Nothing here exits, aborts, prints, installs a signal handler or writes to stdout or stderr. */
#ifndef AQ_H
#define AQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aq_begin.h"   /* a program for a table, a model of pretrained weights */
#include "aq_host.h"    /* threads that handles share */
#include "aq_loop.h"    /* what is to be learned: how often each label stands there, what is easy to reach */
#include "aq_native.h"  /* functions of shared libraries and of the host */
#include "aq_shown.h"   /* reports and explanations as trees of facts */
#include "aq_vectors.h" /* a vector for each row, and search among vectors */

#ifdef __cplusplus
extern "C" {
#endif

const char *aq_version(void); /* "0.1.0"; `pkg-config --modversion aq` says the same */

/* Statuses. The command aqc has them as exit codes. */
enum aq_status {
  AQ_OK = 0,
  AQ_NEGATIVE = 1,    /* the call worked, and the answer is no: the gradients do not agree */
  AQ_USAGE = 64,      /* an argument makes no sense */
  AQ_BAD_DATA = 65,   /* bad source, data or model file */
  AQ_NO_INPUT = 66,   /* a file is not there or cannot be read */
  AQ_NOT_FINITE = 70, /* the loss, a gradient, a parameter or an answer is no longer a number */
  AQ_NO_MEMORY = 71,
  AQ_CANNOT_CREATE = 73, /* a file cannot be created there */
  AQ_IO = 74,            /* reading or writing failed: a full disk, a reader that has gone */
  AQ_NOT_ALLOWED = 77,   /* native code without permission */
  AQ_INTERRUPTED = 130   /* the progress callback or aq_interrupt has stopped it, or limits are used up */
};

/* What went wrong, and where. Lines and columns count from 1; 0: it is about no line. No string is NULL. */
typedef struct aq_message {
  int code; /* enum aq_status */
  int line, column;
  const char *file, *text, *excerpt, *hint; /* excerpt: source lines with carets, several lines */
} aq_message;

/* A message as a person reads it:
 *
 *     m.aq:3:9: `y` has no value here
 *      3 |   x = y
 *        |       ^
 *     hint: did you mean `x`?
 *
 * Control characters are written out, as in \x1b. colour: with the escape sequences of a terminal. */
enum aq_severity { AQ_ERROR, AQ_WARNING, AQ_REMARK };
int aq_message_format(const aq_message *message, enum aq_severity severity, bool colour, char **text);

/* Where the whole library gets its memory from. Call it before anything else; NULL restores malloc.
 * resize(context, NULL, n) allocates n bytes, resize(context, p, n) resizes, and resize(context, p, 0) frees
 * and returns NULL. When it returns NULL for a size above 0, the call that needed the memory fails with
 * AQ_NO_MEMORY. */
typedef void *aq_resize(void *context, void *block, size_t size);
void aq_set_allocator(aq_resize *resize, void *context);

/* There is one OpenBLAS in a process. aq has threads of its own, and computes best when OpenBLAS uses one and
 * the instructions of this processor, which it does not always find by itself. Where aq is the first to load
 * OpenBLAS, it sets it so. Where the host has it already, its settings are left as they are, and products
 * take as many threads as those say; unless the host calls this before anything else: then aq may change them
 * for the whole process. No other thread may use OpenBLAS meanwhile. The environment's OPENBLAS_CORETYPE
 * counts in any case. */
void aq_take_over_blas(void);

/* ---- Programs: source text, parsed, names checked ---- */

typedef struct aq_program aq_program;

/* What counts instead of what the program says: "D" and "64", "lr" and "0.01". value is written as in a
 * program. Where name is NULL, value is all of it as on a command line: "D=64", "train.lr=0.01". origin is
 * what messages call the text, NULL: "-D" or "--set". What is wrong with it is AQ_USAGE. */
typedef struct aq_given {
  const char *name, *value, *origin;
} aq_given;

typedef struct aq_program_options {
  size_t size;            /* sizeof(aq_program_options) */
  const aq_given *define; /* dims and consts */
  size_t define_count;
  bool no_imports; /* refuse `import "file"`: the source may come from anywhere */
  bool unfused; /* compute every head as tensors of all its scores: slow and large, to compare the fused ones
                   with */
  const aq_given *set; /* settings of train { } */
  size_t set_count;
  const char *function; /* a fn or head that aq_model_compile takes alone, in place of the model */
  /* Pretrained weights. A folder as Hugging Face has it: there config("…") finds config.json, and files of
   * load, vocab and merges are looked for first. Or a model, "MODEL.aqm": config("…") finds what that one
   * knows, columns of texts with its names and kinds have its vocabularies, and parameters with its names
   * begin as its. NULL: neither. */
  const char *weights;
  const char *const *allow_ffi; /* [allow_ffi_count] native code that may run, as in aq_load_options */
  size_t allow_ffi_count;
  const aq_externs *externs;
} aq_program_options;
void aq_program_options_init(aq_program_options *options); /* sets size and the defaults */
/* Parses the file at path. When text is not NULL, its `length` bytes are parsed instead, and path is only the
 * name that messages use. options may be NULL. */
int aq_program_new(const char *path, const char *text, size_t length, const aq_program_options *options,
                   aq_program **program);
void aq_program_free(aq_program *program);
const aq_message *aq_program_message(const aq_program *program);
/* Proves every shape, without data. After an aq_program_new that found errors it may be called too: it then
 * checks what those errors did not spoil. */
int aq_program_check(aq_program *program);

/* All that aq_program_new and aq_program_check have found, errors first; aq_program_message has the first of
 * them. At most 100 are kept, but aq_program_error_count counts all errors. A warning (nothing uses a name)
 * has the severity AQ_WARNING and the code AQ_NEGATIVE; a program with errors has no warnings. */
size_t aq_program_diagnostic_count(const aq_program *program);
size_t aq_program_error_count(const aq_program *program);
/* k counts from 0; NULL beyond the last. severity may be NULL. Valid until the next call for this program. */
const aq_message *aq_program_diagnostic(const aq_program *program, size_t k, enum aq_severity *severity);
bool aq_program_has_model(const aq_program *program);
/* Files that the program names and reads, in import, load, vocab, merges, config and extern, counted from 0;
 * NULL beyond the last. All of them are known once it was checked, or a model or a trainer was made of it. */
const char *aq_program_file(const aq_program *program, size_t k);
/* What the sizes of a row have to be like for the program to run on it: "each text needs at least 1 word",
 * because the program says `x[0]`. What the declared limits prove, as in words[1 <= T], is not listed. A row
 * that does not meet a requirement is a bad row. They are known after a check without errors, counted from 0,
 * and live until the next check; "" beyond the last. *place, unless place is NULL, tells where the program
 * asks for it: file, line and column, in text the words there ("x[0]"), in excerpt the line. */
size_t aq_program_requirement_count(const aq_program *program);
const char *aq_program_requirement(const aq_program *program, size_t requirement, aq_message *place);

/* What the results of a function see of its arguments along the axes that begin those: nothing, each position
 * itself, what came before too, or all, and then what looks ahead and where. function NULL: the model, or the
 * last function. *causal: nothing looks ahead. *shown is the caller's; NULL when it fails. */
int aq_program_causality(aq_program *program, const char *function, bool *causal, aq_shown **shown);

/* A source text in the canonical layout. name is for messages; *message, unless message is NULL, lives until
 * the next call of this function in the same thread. *formatted is freed with aq_text_free. */
int aq_format(const char *name, const char *text, size_t length, char **formatted, aq_message *message);
void aq_text_free(char *text);
/* Saves a file as models are saved: the bytes go beside it and then take its name, so that there is the old
 * file or the new one, whatever happens. A link stays one; a device or a pipe is written directly. *message
 * is as for aq_format. */
int aq_save_file(const char *path, const void *bytes, size_t length, aq_message *message);
/* A name of the language in words: its line, "softmax(x, DIM): …", and an example of its use. It may be a
 * built-in or library function, a keyword, a slot, a kind of column or an option of one, a setting of
 * training, an optimizer, a schedule or a metric; what it means in several ways has several lines. name NULL:
 * a line for every function, sorted by name; "": one for every other word. AQ_USAGE: there is no such name;
 * the hint may have the nearest one. *message is as for aq_format. */
int aq_describe(const char *name, char **text, aq_message *message);

/* Finds the name that a misspelt word means, as the hints of aq's own messages do. Call it once for each
 * candidate; best is what it returned for the one before, at first NULL. It returns the nearer of the two, or
 * NULL as long as none is near. */
const char *aq_nearer(const char *word, const char *best, const char *candidate);

/* ---- Models: a compiled program with its parameters ---- */

typedef struct aq_model aq_model;
enum aq_precision { AQ_F32, AQ_F64 };

/* Loads a trained model from a .aqm file that this version of aq or an older one has written. No other file
 * is read: the program with its imports is in the model, and is compiled again when the bytecode there is of
 * another version. The file is taken for hostile: all of it is checked, and parameters must be finite. */
int aq_model_load(const char *path, aq_model **model);
/* The same for the bytes of such a file, which are not needed afterwards. name is for messages. */
int aq_model_load_memory(const char *name, const void *bytes, size_t length, aq_model **model);
int aq_model_save(const aq_model *model, const char *path); /* replaces the file at once or not at all */
/* The bytes of the file that aq_model_save would write: the caller's, for aq_text_free. */
int aq_model_save_memory(const aq_model *model, char **bytes, size_t *length);
/* Sessions and reports keep what they need of a model: it may be freed before them. */
void aq_model_free(aq_model *model);
/* About the last call of this thread for the model, or, in a thread that has made none, about its making.
 * Valid until the thread's next call of this function. */
const aq_message *aq_model_message(const aq_model *model);

/* A model without parameters, from a program or from a .aqb file: it can be listed, explained and saved as
 * bytecode, but cannot predict. No data are needed. */
int aq_model_compile(aq_program *program, aq_model **model);
int aq_model_load_bytecode(const char *path, aq_model **model);
int aq_model_save_bytecode(const aq_model *model, const char *path);
int aq_model_listing(const aq_model *model, char **text); /* the instructions, as `aqc dis` shows them */

/* An instruction of that listing. Its signature "x:[*r,n] -> [*r,n]" has the axes of operands and result; *r
 * is any number of axes. The texts live as long as the process. */
typedef struct aq_op {
  const char *name, *signature, *attributes, *about; /* attributes: their names; about: what it computes */
} aq_op;
bool aq_op_at(size_t k, aq_op *op); /* k from 0; false beyond the last */
/* What the compiler made of the program: its parameters, which heads are fused and why others are not, and
 * the instructions, memory and floating-point operations for an example of `length` tokens. */
int aq_model_explain(const aq_model *model, int64_t length, enum aq_form form, char **text);

/* The columns that a model reads, and the outputs that it predicts. All numbers count from 0. */
typedef struct aq_column {
  const char *name, *kind; /* as declared: "text", "words" */
  const char *field;  /* the field of a row that it reads: its own name, or with `from = text` that of text */
  bool is_target;     /* the model predicts it */
  int64_t vocabulary; /* how many words or classes are known; 0: it has none */
} aq_column;
size_t aq_model_column_count(const aq_model *model);
aq_column aq_model_column(const aq_model *model, size_t column);
size_t aq_model_output_count(const aq_model *model);
const char *aq_model_output_name(const aq_model *model, size_t output);
size_t aq_model_class_count(const aq_model *model, size_t output); /* 0: it is no class, but numbers */
const char *aq_model_class(const aq_model *model, size_t output, size_t number);
/* The same as aq_program_requirement, for as long as the model lives. */
size_t aq_model_requirement_count(const aq_model *model);
const char *aq_model_requirement(const aq_model *model, size_t requirement, aq_message *place);
/* The metric by which the best epoch was chosen, and its value on the validation data; "" and 0: there were
 * none. value may be NULL. */
const char *aq_model_metric(const aq_model *model, double *value);
size_t aq_model_parameter_count(const aq_model *model); /* numbers, not tensors */

/* ---- Training ---- */

typedef struct aq_trainer aq_trainer;

enum aq_bad_row { AQ_BAD_ROW_STOP, AQ_BAD_ROW_SKIP };

/* Whether the first line of a table is a header. AUTO: it is a header when it names every column that is
 * needed. When it names only some, or differs from the names in case alone, it is refused. Any other first
 * line is a row, and fields are told apart by their position; so is the first line of a stream with one field
 * to a line. YES: it is a header; when it names no column, it is left out, and fields go by position. NO: it
 * is a row. */
enum aq_header { AQ_HEADER_AUTO, AQ_HEADER_YES, AQ_HEADER_NO };
/* How tables are written. AUTO: by the file's name, .tsv, .csv, .jsonl (or .ndjson), .txt, each also .gz;
 * other names and streams are TSV. A .txt file is LINES, a field each, or FASTTEXT when the columns are a
 * text and a class or labels. JSONL: a JSON object a line, whose keys are the columns. */
enum aq_format {
  AQ_FORMAT_AUTO,
  AQ_FORMAT_TSV,
  AQ_FORMAT_CSV,
  AQ_FORMAT_LINES,
  AQ_FORMAT_JSONL,
  AQ_FORMAT_FASTTEXT
};

/* A column with texts that were longer than its limit, as in words[T <= 128]. They were cut there. */
typedef struct aq_cut {
  const char *column, *unit, *one; /* unit: what the limit counts, "words"; one: one of them, "word" */
  int64_t limit;
  int64_t texts, tokens; /* how many texts were cut, and how many words (or characters, …) were cut off */
} aq_cut;

/* How data were read. Strings and cuts live until the trainer, report or session reads again or is freed, and
 * no longer than the model. */
typedef struct aq_reading {
  int64_t rows, skipped;    /* good rows, and bad ones that AQ_BAD_ROW_SKIP left out */
  aq_message first_skipped; /* why the first of those was bad; code AQ_OK: there was none */
  bool header;              /* the first line was a header */
  size_t by_position;  /* how many fields a row has, when they were told apart by position alone; else 0 */
  aq_message doubt;    /* the first line was taken for a row, but may be a header; code AQ_OK: no doubt */
  aq_message odd_tags; /* training rows have steps between tags that no answer has; code AQ_OK: none */
  const aq_cut *cut;   /* [cut_count] */
  size_t cut_count;
} aq_reading;

/* A step was taken, an epoch has ended, a file was written. */
enum aq_event { AQ_STEP, AQ_EPOCH, AQ_SAVED };
/* Tells a callback what has happened; strings live as long as the callback runs. */
typedef struct aq_progress {
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
  const char *train, *valid, *test; /* paths; valid and test may be NULL */
  double hold; /* without valid: the part of the training rows, 0 to 1, that is held back for validation */
  /* Where the best model goes; NULL: nowhere. A checkpoint goes beside it, to "PATH.ckpt", unless PATH is a
   * device or a pipe. Both are written when training ends or is stopped, at the end of epochs as often as
   * costs little, and within an epoch after each minute. */
  const char *save;
  bool resume; /* go on from that checkpoint, bit for bit as if training had never stopped; only epochs,
                  patience and until may differ from what it began with */
  /* Settings that hosts change most; all others are given to the program (aq_given). */
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
  void *context; /* handed to progress */
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
  struct aq_pool *pool; /* as in aq_eval_options */
} aq_train_options;
void aq_train_options_init(aq_train_options *options); /* sets size and the defaults */

/* Reads the data, learns vocabularies, compiles, and gives parameters their first values. The program is not
 * needed afterwards. */
int aq_trainer_new(aq_program *program, const aq_train_options *options, aq_trainer **trainer);
int aq_trainer_run(aq_trainer *trainer);
void aq_trainer_free(aq_trainer *trainer);
const aq_message *aq_trainer_message(const aq_trainer *trainer);
/* A model of its own with the best parameters so far, also after an interrupt. Before the first epoch has
 * ended they are those of now. */
int aq_trainer_model(aq_trainer *trainer, aq_model **model);
typedef struct aq_train_facts {
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
  char begun[256];
  int64_t taken_members; /* of that model; of an ensemble they begin as those of the first */
  int64_t seed;          /* of the training */
} aq_train_facts;
aq_train_facts aq_trainer_facts(const aq_trainer *trainer);
/* About the training, validation and test data together; header and by_position are of the training data. */
aq_reading aq_trainer_reading(const aq_trainer *trainer);

/* ---- Evaluation: a report of predictions for labelled rows, and options that sessions take too ---- */

#include "aq_report.h"

/* ---- Prediction ---- */

typedef struct aq_session aq_session;

/* Predicts with a model. options may be NULL. */
int aq_session_new(aq_model *model, const aq_eval_options *options, aq_session **session);
void aq_session_free(aq_session *session);
const aq_message *aq_session_message(const aq_session *session);

/* A field of a row, as it would stand in a table: a text, a number, or the numbers of a vector with spaces
 * between them. It need not end with a NUL byte. */
typedef struct aq_field {
  const char *text; /* NULL: empty, whatever the length */
  size_t length;    /* bytes */
} aq_field;
/* Predicts one example. field: what the input columns read, in their order; a field that several columns read
 * stands once. AQ_NOT_FINITE: an answer is infinite or NaN; then there are no scores. */
int aq_session_predict(aq_session *session, const aq_field *field, size_t count);
/* The scores of an output after a prediction: [rows, columns], row after row. A class has one row, with the
 * probability of each class; tags have such a row for each word up to the limit of the text; a number or
 * vector has one row, with its numbers. The tags that aq_session_predict_stream writes are those of the best
 * path, which need not take the likeliest of each word. rows and columns may be NULL. NULL: there is no such
 * output, or no prediction. Valid until the next call. */
const double *aq_session_scores(aq_session *session, size_t output, size_t *rows, size_t *columns);

/* Predicts a stream of lines in order: one line out for each line in. A header gives no line, and an empty
 * stream nothing. Target columns may be in it, and are not looked at. What was predicted is written before
 * `read` is called again. A bad row stops the stream, and the message has its line; when bad rows are
 * skipped, an empty line stands for it.
 *
 * As text, a line has a field for each output, with tabs between them: a label, or tags or numbers with
 * spaces between them. With probabilities or top, fields LABEL=P follow a label, for all classes or for the
 * best; tags are followed by one field with the probability of each. A word behind the limit of its text has
 * the tag
 * "<cut>". A newline in a label is written as \n, a tab as \t.
 *
 * As JSON, a line is an object with a member for each output: {"label":…,"probability":…}, {"labels":[…]}
 * with null for a word behind the limit, or the numbers. Where texts were cut it also has
 * "data":{"cut":{COLUMN:N}}. A bad row is {"error":…,"line":…}.
 *
 * AQ_USAGE: an alert that makes no sense for the model, with the place in the excerpt; top where no output is
 * a class, or probabilities where all outputs are numbers.
 *
 * The last digits of a row's numbers depend on the rows that are computed with it (about 1e-7 of a number in
 * float, 1e-16 in double), because BLAS adds in another order for other numbers of rows. The same rows in the
 * same batches give the same bits, for any number of threads. How lines from `read` fall into batches depends
 * on when they come. */
typedef struct aq_predict_options {
  size_t size;      /* sizeof(aq_predict_options) */
  const char *path; /* NULL or "-": lines come from `read` */
  /* Puts at most size bytes into buffer and returns how many; 0: the end. */
  size_t (*read)(void *context, char *buffer, size_t size);
  int (*write)(void *context, const char *text, size_t length); /* not 0: stop with AQ_IO */
  void *context;                                                /* handed to both */
  bool probabilities, json; /* probabilities: of all classes; together with top as JSON alone */
  int top;                  /* so many of the likeliest classes with their probabilities; 0: the best alone */
  /* A condition, "label=negative p>0.9": only rows of which it is so are written, each behind its answer. As
   * JSON: {"line":…,"prediction":{…},"row":…}. NULL: all answers are written, without their rows. */
  const char *alert;
  /* Above 0: the answers are not written, but for every `window` rows the share of each label among them:
   * "lines 2-101\tgood=0.7\tbad=0.3", {"lines":[2,101],"shares":{"good":0.7,"bad":0.3}}. The lines count
   * from 1. With top, only the largest shares. */
  int64_t window;
  /* Above 1: instead, a line when the share of a label among the last `window` rows is so many times what it
   * was among as many rows before: "lines 102-201\tsurge\tbad=0.6\tbefore=0.2",
   * {"lines":[102,201],"surge":{"label":"bad","share":0.6,"before":0.2}}. 0: no such lines. */
  double surge;
  /* Windows for each value of this output, or else of this column of the rows: "lines 2-9\ttopic=oil\t…",
   * "by":{"topic":"oil"}. NULL: one for all rows. */
  const char *by;
  /* Above 0: a class whose probability is lower is not written, but `below_label` in its place. Not with
   * windows. */
  double below;
  const char *below_label;
} aq_predict_options;
void aq_predict_options_init(aq_predict_options *options);
int aq_session_predict_stream(aq_session *session, const aq_predict_options *options);
/* How many bad rows of the last stream were skipped. */
int64_t aq_session_skipped(const aq_session *session);
/* How the last stream, or the last example, was read. */
aq_reading aq_session_reading(const aq_session *session);

/* ---- Writing texts ---- */

/* A token that a model has written. */
typedef struct aq_token {
  size_t row;       /* of which text, from 0 */
  const char *text; /* what it adds, with a space before a word where one belongs; no NUL byte at its end */
  size_t length;
  int32_t id;
  double log_probability; /* natural; as the model says, whatever the temperature */
} aq_token;

enum aq_then { AQ_GO_ON, AQ_END_TEXT, AQ_END_ALL };
typedef enum aq_then aq_on_token(void *context, const aq_token *token); /* returns what is to happen next */

/* How a model that predicts next(text) writes. Tokens are drawn, unless the temperature is 0 or there are
 * beams. A token's probability is changed in this order: tokens that the text or its prompt has already get
 * the power repeat_penalty (after Keskar et al. 2019); all get the power 1 / temperature; then `top` of the
 * likeliest are left, and of these as many as make the part top_p of the probability (Holtzman et al. 2020).
 */
typedef struct aq_generate_options {
  size_t size;    /* sizeof(aq_generate_options) */
  int64_t length; /* tokens to write at most; 200 */
  /* 0: the likeliest token each time; 1: drawn as the model says. Below 0: 1; but 0 for a model that reads
   * other columns than the text it writes, unless top or top_p are given. */
  double temperature;
  int top;      /* 0: all */
  double top_p; /* above 0, at most 1; 1: all */
  /* Above 0: search for the likeliest text, with so many beginnings side by side. The answer has the largest
   * log(p) / ((5 + n) / 6)^0.6 of its n tokens, the end included (Wu et al. 2016, equation 14). */
  int beam;
  double repeat_penalty; /* above 0; 1: none */
  const char *stop;      /* the text ends before this one; NULL: none */
  int64_t seed;          /* draws come from it and the number of the text, whatever texts are beside it */
  /* Told of each token as soon as it belongs to the text; with beams, when the text has ended. It may end
   * this text behind the token, or all of them. NULL: nobody is told. */
  aq_on_token *token;
  void *context; /* handed to token, read and write */
  /* For aq_session_generate_stream alone; as in aq_predict_options. */
  const char *path;
  size_t (*read)(void *context, char *buffer, size_t size);
  int (*write)(void *context, const char *text, size_t length);
  bool json;
} aq_generate_options;
void aq_generate_options_init(aq_generate_options *options); /* sets size and the defaults */

/* Writes a text for each row. field: [rows, count] what the input columns read, in their order. The field of
 * the text that is written is what it begins with; when the model reads other columns, it may be left out of
 * all rows. A row that cannot be written is an error, but others are written nonetheless. */
int aq_session_generate(aq_session *session, const aq_field *field, size_t count, size_t rows,
                        const aq_generate_options *options);
/* Writes a text for each line of a stream, as aq_session_predict_stream does; so many at once as the
 * session's options say, divided by the beams. When the model reads other columns than the text it writes,
 * that one is not looked at, as targets are not. A newline in a text is written as \n, a tab as \t. As JSON,
 * a line is what aq_session_written_shown gives. */
int aq_session_generate_stream(aq_session *session, const aq_generate_options *options);

enum aq_ended { AQ_ENDED_BY_MODEL, AQ_ENDED_AT_LENGTH, AQ_ENDED_AT_STOP, AQ_ENDED_BY_HOST };
/* A text that was written, without its prompt. */
typedef struct aq_written {
  const char *text; /* ends with a NUL byte */
  size_t length, count;
  const aq_token *token;  /* [count]; the end is none of them */
  double log_probability; /* of all of them, and of the end when the model has ended the text */
  enum aq_ended ended;
} aq_written;
/* What was written for a row, from 0: valid until the next call, empty where there is none. Or as a tree, for
 * aq_shown_free: {"text":…,"tokens":[{"token":…,"log_probability":…},…],"log_probability":…,"ended":…}, where
 * ended is "model", "length", "stop" or "host". */
aq_written aq_session_written(const aq_session *session, size_t row);
int aq_session_written_shown(aq_session *session, size_t row, aq_shown **shown);

/* Words, or other tokens, of the last prompts that the model does not know. */
typedef struct aq_unknown {
  int64_t count;
  const char *some, *tokens; /* the first few different ones, "foo, bar"; what they are, "words" */
} aq_unknown;
aq_unknown aq_session_unknown(const aq_session *session);

/* ---- Looking into a model ---- */

/* The attention of one named head on one example; or the weights with which a program mixes its heads. */
typedef struct aq_map {
  const char *name;            /* "sentiment.semantic" */
  bool is_mixing;              /* of a mix; then heads and rows are 1 */
  size_t heads, rows, columns; /* rows are queries, columns keys */
  const double *weight;        /* [heads, rows, columns] */
  /* [rows], [columns]: the tokens, and of a mix the names of what it weighs; NULL: there are none. */
  const char *const *query, *const *key;
} aq_map;
/* Makes the maps of one example, which is given as for aq_session_predict. They live until the next call. */
int aq_session_attend(aq_session *session, const aq_field *field, size_t count);
size_t aq_session_map_count(const aq_session *session);
aq_map aq_session_map(const aq_session *session, size_t map);

/* ---- Functions on tensors ---- */

#include "aq_function.h"

/* Compares the gradients of the model's loss with central differences, in double, on random data of several
 * sizes. *worst is the largest relative error. AQ_NEGATIVE: it is above the tolerance, and the message names
 * the parameter. *text is a table with a line for each parameter. worst and text may be NULL. */
int aq_program_gradcheck(aq_program *program, int64_t seed, double tolerance, double *worst, char **text);

#ifdef __cplusplus
}
#endif
#endif
