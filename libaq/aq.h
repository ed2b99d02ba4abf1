/* aq.h: the whole public interface of libaq: compile .aq programs, train them, run them, look into them.
 *
 * Ownership. What a function named _new, _load or _open makes is the caller's, to be given to the _free of
 * the same name; _free accepts NULL. Strings and structs that a handle gives out belong to it and live until
 * its next call or its _free, unless said otherwise.
 *
 * Errors. Every call that can fail returns a status, AQ_OK being 0. A call that makes a handle sets *handle
 * also when it fails (to NULL only when there is no memory), so that aq_*_message(handle) can say what was
 * wrong; free it all the same. NULL for what is needed (a handle, a path, where a result goes) is AQ_USAGE,
 * and so is using a handle that could not be made; what only looks gives nothing then: "", 0 or false.
 *
 * Threads. An aq_model is immutable and may be shared between threads. Every other handle belongs to one
 * thread at a time.
 *
 * Nothing here exits, aborts, prints, installs a signal handler or writes to stdout or stderr. */
#ifndef AQ_H
#define AQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifdef __GNUC__
#define AQ_FORMAT(text, first) __attribute__((format(printf, text, first)))
#else
#define AQ_FORMAT(text, first)
#endif

const char *aq_version(void); /* "0.1.0"; `pkg-config --modversion aq` says the same */

/* Statuses. They are also the exit codes of the command aqc. */
enum aq_status {
  AQ_OK = 0,
  AQ_NEGATIVE = 1,    /* the answer is no: gradients that do not agree */
  AQ_USAGE = 64,      /* an argument makes no sense */
  AQ_BAD_DATA = 65,   /* bad source, data or model file */
  AQ_NO_INPUT = 66,   /* a file is not there or cannot be read */
  AQ_NOT_FINITE = 70, /* the loss, a gradient, a parameter or an answer is no longer a number */
  AQ_NO_MEMORY = 71,
  AQ_CANNOT_CREATE = 73,
  AQ_IO = 74,
  AQ_NOT_ALLOWED = 77,
  AQ_INTERRUPTED = 130
};

/* What went wrong, and where. Lines and columns count from 1; 0: no place. Strings are "" rather than NULL.
 */
typedef struct aq_message {
  int code; /* enum aq_status */
  int line, column;
  const char *file, *text, *excerpt, *hint; /* excerpt: source lines with carets, several lines */
} aq_message;

/* A message as a person reads it: "FILE:LINE:COLUMN: ", the text, the excerpt, and the hint, each on lines of
 * its own. Control characters are written out, as in \x1b. colour: with colours of a terminal. *text is freed
 * with aq_text_free. */
enum aq_severity { AQ_ERROR, AQ_WARNING, AQ_REMARK };
int aq_message_format(const aq_message *message, enum aq_severity severity, bool colour, char **text);

/* Memory of the whole library. Call before anything else; NULL restores malloc. resize(context, NULL, n)
 * allocates, (context, p, n) resizes, (context, p, 0) frees and returns NULL. Returning NULL for a size above
 * 0 is an orderly AQ_NO_MEMORY. */
typedef void *aq_resize(void *context, void *block, size_t size);
void aq_set_allocator(aq_resize *resize, void *context);

/* ---- What is shown ---- */

/* A report or an explanation is a tree of facts, which is built once and written as text, as JSON or as a
 * page for a browser. A host that shows facts of its own can add them, or build a tree. Nothing here fails by
 * itself: once memory was short additions do nothing, and aq_shown_write says so. A NULL tree is taken for
 * one of those. Texts and numbers are copied. */
typedef struct aq_shown aq_shown;
enum aq_form { AQ_TEXT, AQ_JSON, AQ_HTML }; /* AQ_HTML: a whole page that needs nothing else */

/* An object, open for members. spaced: with spaces after the commas and colons of JSON. */
aq_shown *aq_shown_new(bool spaced);
void aq_shown_free(aq_shown *shown);
/* A fact of what is open: a member called key in JSON (elements of a list have none), and a line `label
 * value` of text, unless label is NULL. A number that is not finite is null, and so is a text that is NULL.
 */
void aq_shown_text(aq_shown *shown, const char *key, const char *label, const char *value);
void aq_shown_whole(aq_shown *shown, const char *key, const char *label, int64_t value);
void aq_shown_real(aq_shown *shown, const char *key, const char *label, double value);
void aq_shown_flag(aq_shown *shown, const char *key, const char *label, bool value);
void aq_shown_numbers(aq_shown *shown, const char *key, const double *number,
                      size_t count); /* in JSON alone */
/* A map of weights, say of aq_session_map: in text and on pages a drawing with a cell for each weight, in
 * JSON an object with the members name, mixing, heads, rows, columns, queries, keys and weight. */
struct aq_map;
void aq_shown_map(aq_shown *shown, const char *key, const struct aq_map *map);
/* All of another tree, which must live as long. */
void aq_shown_tree(aq_shown *shown, const char *key, const aq_shown *tree);
/* Opens an object or a list, for what follows until aq_shown_end. */
void aq_shown_begin(aq_shown *shown, const char *key);
void aq_shown_list(aq_shown *shown, const char *key);
void aq_shown_end(aq_shown *shown);
/* What text says of the fact that was added last, instead of its value; or, of an object or a list that was
 * opened last, its title, below which the rest is indented. */
void aq_shown_say(aq_shown *shown, const char *format, ...) AQ_FORMAT(2, 3);
/* A line of text alone; label may be NULL. */
void aq_shown_note(aq_shown *shown, const char *label, const char *format, ...) AQ_FORMAT(3, 4);
/* The title of a page; text and JSON do not have it. */
void aq_shown_title(aq_shown *shown, const char *format, ...) AQ_FORMAT(2, 3);
/* Text is for a terminal of so many columns (else for 80), and may have its colours (else it has none). */
void aq_shown_terminal(aq_shown *shown, int columns, bool colour);
/* *text: for aq_text_free. AQ_USAGE: the tree nests more than 64 levels, or stands within itself. */
int aq_shown_write(const aq_shown *shown, enum aq_form form, char **text);

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
} aq_program_options;

/* Parses the file at path, or, when text is not NULL, those length bytes under that name. options may be
 * NULL. */
int aq_program_new(const char *path, const char *text, size_t length, const aq_program_options *options,
                   aq_program **program);
void aq_program_free(aq_program *program);
const aq_message *aq_program_message(const aq_program *program);
/* Proves every shape; needs no data. May also follow an aq_program_new that found errors: it then goes on
 * with what they did not spoil. */
int aq_program_check(aq_program *program);

/* All that aq_program_new and aq_program_check have found, errors first; aq_program_message has the first. At
 * most 100 are kept; aq_program_error_count counts the errors that were not, too. Warnings (a name that
 * nothing uses) have the severity AQ_WARNING and the code AQ_NEGATIVE, and there are none as long as there
 * are errors. */
size_t aq_program_diagnostic_count(const aq_program *program);
size_t aq_program_error_count(const aq_program *program);
/* NULL when there is no k-th one. severity may be NULL. Valid until the next call for this program. */
const aq_message *aq_program_diagnostic(const aq_program *program, size_t k, enum aq_severity *severity);
bool aq_program_has_model(const aq_program *program);
/* What the program asks of the sizes of a row, and its declared limits do not prove: after a check that found
 * no fault, "each text needs at least 1 word". A row that does not meet it is a bad row. *place, unless NULL,
 * gets where the program asks for it: file, line, column, in text the words there ("x[0]"), in excerpt the
 * line. "" beyond the last. All lives until the next check of the program. */
size_t aq_program_requirement_count(const aq_program *program);
const char *aq_program_requirement(const aq_program *program, size_t requirement, aq_message *place);

/* The canonical layout of a source text. *formatted is freed with aq_text_free. */
int aq_format(const char *name, const char *text, size_t length, char **formatted, aq_message *message);
void aq_text_free(char *text);
/* What is known of a built-in or library function of this name: its line, "softmax(x, DIM): …", and an
 * example of its use. name NULL: a line for each of them, in the order of the alphabet. *text is freed with
 * aq_text_free. AQ_USAGE: there is none; the hint may name the nearest. */
int aq_describe(const char *name, char **text, aq_message *message);

/* Which of many names does a misspelt word mean? best, the nearest so far or NULL, or candidate when that is
 * nearer; NULL: neither is near. As in the hints of aq's own messages. */
const char *aq_nearer(const char *word, const char *best, const char *candidate);

/* ---- Models: a compiled program with its parameters ---- */

typedef struct aq_model aq_model;
enum aq_precision { AQ_F32, AQ_F64 };

/* A trained model from a .aqm file, of this version of aq or an older one. The file holds all that is needed,
 * its program with imports included; where its bytecode is of another version, the program is compiled again,
 * and no other file is read for that. The file is treated as hostile: all of it is checked, and a parameter
 * that is not finite is refused by its path. */
int aq_model_load(const char *path, aq_model **model);
int aq_model_save(aq_model *model, const char *path); /* replaces the file at once or not at all */
void aq_model_free(aq_model *model);
const aq_message *aq_model_message(const aq_model *model);

/* Compiles without data: for listing and explaining, and for .aqb files. It has no parameters' values and
 * cannot predict. */
int aq_model_compile(aq_program *program, aq_model **model);
int aq_model_load_bytecode(const char *path, aq_model **model);
int aq_model_save_bytecode(aq_model *model, const char *path);
int aq_model_listing(aq_model *model, char **text); /* disassembly; aq_text_free */

/* What an instruction of that listing does. "a:[*r,n] -> [*r,n]" says the axes of operands and result: *r is
 * any number of them. Texts live as long as the process. */
typedef struct aq_op {
  const char *name, *signature, *attributes, *about; /* attributes: their names, "" without any */
} aq_op;
bool aq_op_at(size_t k, aq_op *op); /* false: there are no more than k */
/* What the compiler made of it: which heads are fused, passes, memory and flops for an example of `length`
 * tokens, parameters. aq_text_free. */
int aq_model_explain(aq_model *model, int64_t length, enum aq_form form, char **text);

/* Its columns and outputs. */
typedef struct aq_column {
  const char *name, *kind; /* "words", "class", … as declared */
  const char *field; /* the field of a row that it reads: its name, or that of the column that it is made of
                        (from = …) */
  bool is_target;
  int64_t vocabulary; /* words or classes known, 0 if none */
} aq_column;
size_t aq_model_column_count(const aq_model *model);
aq_column aq_model_column(const aq_model *model, size_t column);
size_t aq_model_output_count(const aq_model *model);
const char *aq_model_output_name(const aq_model *model, size_t output);
size_t aq_model_class_count(const aq_model *model, size_t output); /* 0 for numbers */
const char *aq_model_class(const aq_model *model, size_t output, size_t number);
/* What it asks of the sizes of a row, as aq_program_requirement. */
size_t aq_model_requirement_count(const aq_model *model);
const char *aq_model_requirement(const aq_model *model, size_t requirement, aq_message *place);
/* The main metric on the validation data when it was saved, "" and 0 when it was not trained. */
const char *aq_model_metric(const aq_model *model, double *value);
size_t aq_model_parameter_count(const aq_model *model); /* numbers, not tensors */

/* ---- Training ---- */

typedef struct aq_trainer aq_trainer;

enum aq_bad_row { AQ_BAD_ROW_STOP, AQ_BAD_ROW_SKIP };

/* Is the first line of a table a header? AUTO: it is when it names every column that is needed; but a stream
 * of one field to a line has none. A line that names some of them, or differs in case alone, is refused; any
 * other is the first row, and columns go by position. YES and NO say it; under YES a header that names no
 * column is left out, and columns go by position. */
enum aq_header { AQ_HEADER_AUTO, AQ_HEADER_YES, AQ_HEADER_NO };

/* A column some of whose texts were longer than its limit, as in words[T <= 128]: what is behind it was not
 * read. */
typedef struct aq_cut {
  const char *column, *unit, *one; /* what its length counts: "words", and of one "word" */
  int64_t limit;                   /* as many of them were read */
  int64_t texts, tokens;           /* longer texts; how many words, … they were longer by, all together */
} aq_cut;

/* What was met while data was read. Strings and cuts are valid until its trainer, report or session reads
 * again or is freed, and as long as the model lives. */
typedef struct aq_reading {
  int64_t rows, skipped;    /* good rows, and bad ones left out by AQ_BAD_ROW_SKIP */
  aq_message first_skipped; /* why the first of these was bad; code AQ_OK: there was none */
  bool header;              /* the first line was a header */
  size_t by_position; /* fields of a row whose columns were told apart by their position alone, else 0 */
  aq_message doubt;   /* the first line was taken for a row, but may be a header; code AQ_OK: no doubt */
  const aq_cut *cut;  /* [cut_count] */
  size_t cut_count;
} aq_reading;

/* What happened; strings live during the callback. */
typedef struct aq_progress {
  enum { AQ_STEP, AQ_EPOCH, AQ_SAVED } event;
  int64_t epoch, epochs; /* from 1 */
  int64_t step, steps;   /* of all epochs */
  double loss;           /* STEP: mean of the epoch so far; EPOCH: of the epoch */
  double examples_per_second, seconds_left;
  const char *metric;       /* EPOCH: "accuracy", … of the validation data; NULL when there is none */
  double value, valid_loss; /* valid_loss: NaN when no row has labels that training saw */
  bool best;                /* EPOCH: the best so far, now kept */
  const char *path;         /* SAVED */
} aq_progress;

typedef struct aq_train_options {
  size_t size;
  const char *train, *valid, *test; /* paths; valid and test may be NULL */
  double hold; /* fraction of the training rows held back for validation, when there is no valid */
  /* Where the best model goes, NULL: nowhere. The checkpoint is beside it, "PATH.ckpt", unless it is a device
   * or a pipe. Both are written at the end of epochs, as often as costs little, within epochs after a minute,
   * and when training ends or is stopped. */
  const char *save;
  bool resume; /* go on from the checkpoint, bit for bit as if never stopped; only epochs and until's value
                  may be others */
  /* Settings that hosts change most; all others are given to the program (aq_given). */
  int64_t epochs, batch, seed; /* below 0: what the program says */
  double learning_rate;        /* below 0: what the program says */
  const char *until; /* "f1=0.9": stop when this metric of the first output (or "topic.f1=0.9", of topic) is
                      * that good on the validation data, without which it is an error; without `metric` the
                      * best epoch is the best by this one then. NULL: train all epochs */
  int threads;       /* 0: all cores */
  enum aq_precision precision;
  enum aq_bad_row bad_rows;
  bool choose_blas_core; /* may switch OpenBLAS to the core that fits this CPU, for the whole process */
  /* Called after a run's first step, then now and then, at most about 20 times a second, and after each
   * epoch. Returning false stops at the next step as an interrupt does: the checkpoint is written and
   * AQ_INTERRUPTED returned. */
  bool (*progress)(void *context, const aq_progress *progress);
  void *context;
  enum aq_header header;
  const char *metric; /* "f1", or "topic.f1" of the output topic: the epoch that is best by it on the
                       * validation data is kept; NULL: what the program says */
} aq_train_options;
void aq_train_options_init(aq_train_options *options); /* sets size and the defaults */

/* Reads the data, builds vocabularies, compiles, initialises. */
int aq_trainer_new(aq_program *program, const aq_train_options *options, aq_trainer **trainer);
int aq_trainer_run(aq_trainer *trainer);
void aq_trainer_free(aq_trainer *trainer);
const aq_message *aq_trainer_message(const aq_trainer *trainer);
/* The best weights so far as a model of its own, also after an interrupt; before the first epoch has ended,
 * the present ones. */
int aq_trainer_model(aq_trainer *trainer, aq_model **model);
typedef struct aq_train_facts {
  int64_t rows, valid_rows, test_rows, skipped_rows;
  int64_t parameters, trained_parameters; /* numbers; those that are not frozen */
  int64_t steps;                          /* taken here, without those that a checkpoint stands for */
  int64_t epochs, best_epoch; /* complete, with those of the checkpoint; the one that was kept, from 1 */
  double seconds, examples_per_second, loss; /* of these steps; the loss is of the last epoch */
  uint64_t allocations_in_steps;             /* after the first step: 0 in a healthy build */
  bool reached;                              /* --until was reached */
  bool header; /* false: the first training line names no column, so it counts as data and columns go by
                  position */
  bool blind; /* no validation label is one that training saw: no epoch can be told to be better than another,
                 and the last is kept */
  int64_t unanswered_valid_rows; /* of valid_rows, under AQ_BAD_ROW_SKIP: those that the kept epoch gives no
                                    finite answer; metric and loss leave them out */
  int64_t unseen_valid_rows;     /* of valid_rows, those with a label that no training row has: they count as
                                    errors, and the validation loss leaves them out */
  /* Of words and labels whose rows load("MODEL.aqm", …) takes from a model: those that it has, and those that
   * begin as without it. Tables of learned words whose rows were taken in their order, as the file does not
   * say what they are. */
  int64_t loaded_words, new_words, tables_by_position;
} aq_train_facts;
aq_train_facts aq_trainer_facts(const aq_trainer *trainer);
/* Of the training, validation and test data together; header and by_position are those of the training data.
 */
aq_reading aq_trainer_reading(const aq_trainer *trainer);

/* ---- Evaluation ---- */

typedef struct aq_report aq_report;
typedef struct aq_eval_options {
  size_t size;
  int threads;
  int64_t batch;
  enum aq_precision precision;
  enum aq_bad_row bad_rows;
  bool choose_blas_core;
  enum aq_header header; /* of a report's file, or a session's streams */
} aq_eval_options;
void aq_eval_options_init(aq_eval_options *options);

/* Predicts every row of a labelled file and compares. A label that training did not see is an error of the
 * model: the report has its support and lists it; loss, log_loss and auc leave its rows out. */
int aq_report_new(aq_model *model, const char *path, const aq_eval_options *options, aq_report **report);
void aq_report_free(aq_report *report);
const aq_message *aq_report_message(const aq_report *report);
const char *aq_report_text(aq_report *report); /* laid out as scikit-learn's classification_report */
const char *aq_report_json(aq_report *report);
/* Both of them before they are written, to be added to; NULL or for aq_shown_free. */
int aq_report_shown(aq_report *report, aq_shown **shown);
int aq_report_metric(aq_report *report, const char *name,
                     double *value); /* "accuracy", "f1", "rmse", …; "topic.f1": of the output topic */
int64_t aq_report_rows(const aq_report *report, int64_t *skipped);
aq_reading aq_report_reading(const aq_report *report);

/* ---- Prediction ---- */

typedef struct aq_session aq_session;

int aq_session_new(aq_model *model, const aq_eval_options *options, aq_session **session);
void aq_session_free(aq_session *session);
const aq_message *aq_session_message(const aq_session *session);

/* One example: the fields that the model's input columns read, in order, each once, as texts of given lengths
 * (a vector is numbers separated by spaces). A text that is NULL is empty, whatever its length. */
typedef struct aq_field {
  const char *text;
  size_t length;
} aq_field;
/* AQ_NOT_FINITE when an answer is infinite or NaN: it is none then, and there are no scores. */
int aq_session_predict(aq_session *session, const aq_field *field, size_t count);
/* After a prediction, for each output: the scores of its classes (probabilities; [rows * classes] for tagged
 * sequences, whose rows are the words up to the limit: see aq_session_reading) or its numbers. Valid until
 * the next call. */
const double *aq_session_scores(aq_session *session, size_t output, size_t *rows, size_t *columns);

/* Numbers of one row differ in their last digits (about 1e-7 of them in float, 1e-16 in double) with the rows
 * that are computed with it: BLAS adds in another order for other numbers of rows. The same rows in the same
 * batches give the same bits, for any number of threads; how lines that come through `read` are batched
 * depends on when they come.
 *
 * Predicts a stream of lines in order, one line out per line in; a header line gives none, and an empty
 * stream nothing. Target columns may be there and are ignored. Nothing is held back while `read` waits. A bad
 * row stops the stream with its line in the message; when bad rows are skipped, an empty line stands for it.
 * A line of text has a field for each output, separated by tabs: a label, or tags or numbers separated by
 * spaces; with probabilities or top, fields LABEL=P of all classes or of the best follow a label, and a field
 * of theirs the tags. "<cut>" stands for each word behind the limit of its text, which has no tag. A newline
 * in a label is \n, a tab \t.
 * A line of JSON is an object with a member for each output: {"label":…,"probability":…}, {"labels":[…]}
 * (null: a word behind the limit) or the numbers; where texts were cut it has "data":{"cut":{COLUMN:N}}; a
 * bad row is {"error":…,"line":…}. Asking for top where no output is a class, or for probabilities where
 * there are numbers alone, is AQ_USAGE. */
typedef struct aq_predict_options {
  size_t size;
  const char *path;                                             /* NULL or "-": read with `read` */
  size_t (*read)(void *context, char *buffer, size_t size);     /* 0: the end */
  int (*write)(void *context, const char *text, size_t length); /* not 0: stop, AQ_IO */
  void *context;
  bool probabilities, json; /* probabilities: of all classes; together with top as JSON only */
  int top;                  /* K best classes with their probabilities; 0: the best alone */
} aq_predict_options;
void aq_predict_options_init(aq_predict_options *options);
int aq_session_predict_stream(aq_session *session, const aq_predict_options *options);
/* Bad rows of the last stream, under AQ_BAD_ROW_SKIP: each gave an empty line, or an object with the error,
 * so that lines still go together. */
int64_t aq_session_skipped(const aq_session *session);
/* Of the last stream, or of the example last given. */
aq_reading aq_session_reading(const aq_session *session);

/* Continues a text with a model that predicts next(text). temperature 0: the likeliest each time. Writes
 * pieces as they come, without the prompt; ends at the end of the text, if the model knows one. prompt: the
 * input columns, separated by tabs when there are several; the text to continue may be left out. */
typedef struct aq_generate_options {
  size_t size;
  const char *prompt;
  int64_t length; /* tokens at most */
  double temperature;
  int top; /* draw among the K likeliest; 0: all */
  int64_t seed;
  int (*write)(void *context, const char *text, size_t length);
  void *context;
} aq_generate_options;
void aq_generate_options_init(aq_generate_options *options);
int aq_session_generate(aq_session *session, const aq_generate_options *options);

/* ---- Looking into a model ---- */

/* The attention of every named head on one example, and the mixing weights. */
typedef struct aq_map {
  const char *name;            /* "sentiment.semantic" */
  bool is_mixing;              /* weights of a mix rather than of a head */
  size_t heads, rows, columns; /* [heads, queries, keys]; a mix: [1, 1, n] */
  const double *weight;
  const char *const *query, *const *key; /* [rows], [columns]: the tokens of the text that they are; NULL:
                                            they are those of no text, but numbered */
} aq_map;
/* Looks at one example, given as for aq_session_predict. The maps and their tokens are valid until the next
 * call. */
int aq_session_attend(aq_session *session, const aq_field *field, size_t count);
size_t aq_session_map_count(const aq_session *session);
aq_map aq_session_map(const aq_session *session, size_t map);

/* ---- Functions on tensors: the door for comparing with anything else ---- */

typedef struct aq_run_options {
  size_t size;
  const char *function; /* NULL: the last fn or head of the file */
  const char *inputs;   /* safetensors with one tensor for each argument, by name */
  const char *params;   /* safetensors with parameters by path, NULL: initialised from seed */
  const char *outputs;  /* written: "out" (or "out.0", …) and the gradients "grad.NAME" */
  bool gradients;       /* of the sum of all outputs for every real argument and parameter */
  bool save_params;     /* also write the parameters, as "param.NAME" */
  enum aq_precision precision;
  int64_t seed;
  int threads;
  int64_t repeat; /* runs; above 1 for timing */
  bool choose_blas_core;
} aq_run_options;
void aq_run_options_init(aq_run_options *options);
typedef struct aq_run_facts {
  double seconds_per_run;
  size_t peak_bytes;
} aq_run_facts; /* peak_bytes: of slots, above inputs and parameters */
int aq_program_run(aq_program *program, const aq_run_options *options, aq_run_facts *facts);

/* Compares the gradients of the model's loss with central differences in double, on random data of several
 * sizes. *worst: the largest relative error. AQ_NEGATIVE when above tolerance; the message names the
 * parameter. text: a table for people (aq_text_free), or NULL. */
int aq_program_gradcheck(aq_program *program, int64_t seed, double tolerance, double *worst, char **text);

/* ---- The machine ---- */

/* Version, CPU, instruction set, BLAS core and whether it fits, threads, limits. aq_text_free. */
int aq_doctor(bool choose_blas_core, enum aq_form form, char **text, aq_message *message);

#ifdef __cplusplus
}
#endif
#endif
