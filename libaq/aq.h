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
 * Structs. A later libaq has more fields, behind those of today. So each struct begins with its size, and
 * none is handed over by value or in an array; aq_tensor alone is, and stays as it is for ever. What comes
 * out is a pointer to const, owned by a handle or by the thread; NULL: there is none, or it is beyond the
 * last. Its size is that of the library: a host that was compiled with a newer aq.h asks it whether a field
 * is there, and who copies such a struct sets the size of the copy. What goes in has the size that the host
 * knows, and what is behind it counts as 0, or as its default. A size that no version up to this one has, 0
 * among them, is AQ_USAGE, and so is a value that a field cannot have.
 *
 * Options. aq_…_options_init sets the size and the defaults. NULL: the defaults.
 *
 * Threads. An aq_model is immutable and may be shared between threads. Every other handle belongs to one
 * thread at a time, and to the process that made it: after fork a child frees it and makes its own, and is
 * told so by AQ_USAGE when it uses the parent's. Models may be used on both sides.
 *
 * Callbacks. They may call what they like, but while a handle calls its host, whatever else computes with it
 * is AQ_USAGE. What frees it then counts when the call has returned: a training stops for that.
 *
 * Nothing here exits, aborts, prints, installs a signal handler or writes to stdout or stderr. */
#ifndef AQ_H
#define AQ_H

#include "aq_base.h"     /* handles, statuses, messages */
#include "aq_batch.h"    /* many rows at once, and all that a model says of each */
#include "aq_begin.h"    /* a program for a table, a model of pretrained weights */
#include "aq_function.h" /* functions on tensors */
#include "aq_host.h"     /* threads that handles share */
#include "aq_loop.h"     /* what is to be learned: how often each label stands there, what is easy to reach */
#include "aq_native.h"   /* functions of shared libraries and of the host */
#include "aq_profile.h"  /* where the time of a training or a run goes */
#include "aq_report.h"   /* how good predictions are, and options that sessions take too */
#include "aq_rows.h"     /* rows in memory, in place of files */
#include "aq_session.h"  /* predicting, writing texts, attention */
#include "aq_shown.h"    /* reports and explanations as trees of facts */
#include "aq_steps.h"    /* training by the hand of the host: rates, steps, the state as bytes */
#include "aq_train.h"    /* training, and how data were read */
#include "aq_vectors.h"  /* a vector for each row, and search among vectors */

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Programs: source text, parsed, names checked ---- */

typedef struct aq_program_options {
  size_t size; /* sizeof(aq_program_options) */
  /* [define_count] dims, consts and choices that count instead of what the program says: "D=64". What is
   * wrong with one is AQ_USAGE. */
  const char *const *define;
  size_t define_count;
  bool no_imports; /* refuse `import "file"`: the source may come from anywhere */
  bool unfused; /* compute every head as tensors of all its scores: slow and large, to compare the fused ones
                   with */
  const char *const *set; /* [set_count] the same for settings of train { }: "train.lr=0.01" */
  size_t set_count;
  const char *function; /* a fn or head that aq_model_compile takes alone, in place of the model */
  /* Pretrained weights. A folder as Hugging Face has it: there config("…") finds config.json, and files of
   * load, vocab and merges are looked for first. Or a model, "MODEL.aqm": config("…") finds what that one
   * knows, columns of texts with its names and kinds have its vocabularies, and parameters with its names
   * begin as its: it is what a new task starts from. To go on with a model of the same task, which keeps its
   * labels and scales as well, see aq_train_options.from. NULL: neither. */
  const char *weights;
  const char *const *allow_ffi; /* [allow_ffi_count] native code that may run, as in aq_load_options */
  size_t allow_ffi_count;
  const aq_externs *externs;
  /* [define_count], [set_count] What messages call the texts, and then they show their values alone: "--lr".
   * NULL, or NULL for one: "the option define" and "the option set", and the whole text. */
  const char *const *define_origin, *const *set_origin;
  const char *const *files_from; /* [files_from_count] folders that rows may name files of, as in
                                    aq_load_options */
  size_t files_from_count;
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
 * asks for it: file, line and column, in text the words there ("x[0]"), in excerpt the line. It is the
 * thread's, until its next such call; NULL beyond the last. */
size_t aq_program_requirement_count(const aq_program *program);
const char *aq_program_requirement(const aq_program *program, size_t requirement, const aq_message **place);

/* What the results of a function see of its arguments along the axes that begin those: nothing, each position
 * itself, what came before too, or all, and then what looks ahead and where. function NULL: the model, or the
 * last function. *causal: nothing looks ahead. *shown is the caller's; NULL when it fails. */
int aq_program_causality(aq_program *program, const char *function, bool *causal, aq_shown **shown);

/* A source text in the canonical layout. name is for messages. *message, unless message is NULL, is set in
 * any case, and lives until the next call of this thread that has such an argument. *formatted is freed with
 * aq_text_free. */
int aq_format(const char *name, const char *text, size_t length, char **formatted,
              const aq_message **message);
void aq_text_free(char *text);
/* Saves a file as models are saved: the bytes go beside it and then take its name, so that there is the old
 * file or the new one, whatever happens. A link stays one; a device or a pipe is written directly. *message
 * is as for aq_format. */
int aq_save_file(const char *path, const void *bytes, size_t length, const aq_message **message);
/* A name of the language in words: its line, "softmax(x, DIM): …", and an example of its use. It may be a
 * built-in or library function, a keyword, a slot, a kind of column or an option of one, a setting of
 * training, an optimizer, a schedule or a metric; what it means in several ways has several lines. name NULL:
 * a line for every function, sorted by name; "": one for every other word. AQ_USAGE: there is no such name;
 * the hint may have the nearest one. *message is as for aq_format. */
int aq_describe(const char *name, char **text, const aq_message **message);

/* Finds the name that a misspelt word means, as the hints of aq's own messages do. Call it once for each
 * candidate; best is what it returned for the one before, at first NULL. It returns the nearer of the two, or
 * NULL as long as none is near. */
const char *aq_nearer(const char *word, const char *best, const char *candidate);

/* Compares the gradients of the model's loss with central differences, in double, on random data of several
 * sizes. Where aq_program_options.function names a fn or head, or there is no model (then of the last one),
 * they are those of the sum of sin(x) of all numbers x that it returns, also for its arguments. *worst is the
 * largest relative error. AQ_NEGATIVE: it is above the tolerance, and the message names the parameter. *text
 * is a table with a line for each of them; a warning of the program (aq_program_diagnostic) names those whose
 * gradients are 0 throughout, of which nothing is shown. worst and text may be NULL. */
int aq_program_gradcheck(aq_program *program, int64_t seed, double tolerance, double *worst, char **text);

/* ---- Models: a compiled program with its parameters ---- */

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
/* The program that the model was made of, as its model file has it: file 0, and its imports from 1 on, each
 * under the name by which the program imports it. Both texts are for aq_text_free; name may be NULL.
 * AQ_USAGE: there is no such file, or no program at all, as in bytecode. */
int aq_model_source(const aq_model *model, size_t file, char **name, char **text);

/* An instruction of that listing. Its signature "x:[*r,n] -> [*r,n]" has the axes of operands and result; *r
 * is any number of axes. The texts live as long as the process. */
typedef struct aq_op {
  size_t size;
  const char *name, *signature, *attributes, *about; /* attributes: their names; about: what it computes */
} aq_op;
/* k from 0; NULL beyond the last. It is the thread's, until its next call of this function. */
const aq_op *aq_op_at(size_t k);
/* What the compiler made of the program: its parameters, which heads are fused and why others are not, and
 * the instructions, memory and floating-point operations for an example of `length` tokens. */
int aq_model_explain(const aq_model *model, int64_t length, enum aq_form form, char **text);

/* The columns that a model reads, and the outputs that it predicts. All numbers count from 0. */
typedef struct aq_column {
  size_t size;
  const char *name, *kind; /* as declared: "text", "words" */
  const char *field;  /* the field of a row that it reads: its own name, or with `from = text` that of text */
  bool is_target;     /* the model predicts it */
  int64_t vocabulary; /* how many words or classes are known; 0: it has none */
} aq_column;
size_t aq_model_column_count(const aq_model *model);
const aq_column *aq_model_column(const aq_model *model, size_t column); /* NULL beyond the last */
/* The heads of which aq_session_attend will make a map, and the mixes, in the order of the maps. */
typedef struct aq_head {
  size_t size;
  const char *name;  /* as the map is called */
  bool is_mixing;    /* as aq_map has it */
  const char *shape; /* of its weights, as the program has it: "[H, T, T]", heads, queries and keys */
} aq_head;
size_t aq_model_head_count(const aq_model *model);
const aq_head *aq_model_head(const aq_model *model, size_t head); /* NULL beyond the last */
size_t aq_model_output_count(const aq_model *model);
const char *aq_model_output_name(const aq_model *model, size_t output);
size_t aq_model_class_count(const aq_model *model, size_t output); /* 0: it is no class, but numbers */
const char *aq_model_class(const aq_model *model, size_t output, size_t number);
/* The same as aq_program_requirement, for as long as the model lives. */
size_t aq_model_requirement_count(const aq_model *model);
const char *aq_model_requirement(const aq_model *model, size_t requirement, const aq_message **place);
/* The metric by which the best epoch was chosen, and its value on the validation data; "" and 0: there were
 * none. value may be NULL. */
const char *aq_model_metric(const aq_model *model, double *value);
size_t aq_model_parameter_count(const aq_model *model); /* numbers, not tensors */

#ifdef __cplusplus
}
#endif
#endif
