/* options.h: the options of a command line. Each verb has a table of those that it takes; parsing and --help
 * read it. */
#ifndef AQC_OPTIONS_H
#define AQC_OPTIONS_H

#include <aq.h>

/* All that options can set, for every verb. */
struct settings {
  char **operand; /* the words that are no options, in order */
  int operand_count;
  bool help;

  struct given {
    struct given_value {
      const char *name, *value, *origin; /* name NULL: value is all of it, "D=64" */
    } * item;
    size_t count;
  } define, set, allow, files; /* dims and consts; settings of train { }; native code and folders of files, by
                                  their paths as values */
  const char *valid, *test, *output, *until, *report;
  double hold;
  const char *hold_last; /* --hold last(FIELD) */
  int64_t folds, seeds;  /* train: 0: one training */
  const char *fold_by;   /* --folds '5(FIELD)' */
  bool ensemble;
  bool profile;
  const char *trace;
  int64_t batch, seed, threads;
  enum aq_precision precision;
  enum aq_bad_row bad_rows;
  enum aq_header header;
  enum aq_format format;
  bool resume, quiet, json;
  bool cosine, probabilities, write, generate, check, causal, strict, gradients, unfused, save_params, source;
  int64_t trials, errors; /* tune; eval */
  bool calibration, attention;
  int64_t top, length, repeat, beam, frame_beam, negatives;
  double temperature, tolerance, top_p, repeat_penalty;
  const char *out_of_scope, *below, *texts;
  const char *prompt, *stop, *images;
  int64_t texts_wanted;   /* generate: of the prompt; 0: one */
  const char *alert, *by; /* predict: which rows to write, and what groups them */
  int64_t window;
  double surge, threshold;
  const char *weights;
  const char *function, *inputs, *params, *html, *head, *png;
  const char *data, *target, *as; /* new: a table to look at */
  bool list;
};

/* What follows an option, and the type of the setting that it fills. */
enum option_kind {
  OPTION_FLAG,      /* nothing; bool */
  OPTION_TEXT,      /* const char * */
  OPTION_READS,     /* a file that is read; const char * */
  OPTION_WRITES,    /* a file that is written; const char * */
  OPTION_PLACE,     /* the same, or a folder for several; const char * */
  OPTION_COUNT,     /* a whole number from 1; int64_t */
  OPTION_SEVERAL,   /* a whole number from 2; int64_t */
  OPTION_WHOLE,     /* a whole number from 0; int64_t */
  OPTION_NUMBER,    /* a number from 0; double */
  OPTION_HOLD,      /* 10% or 0.1, between 0 and 1, double; or last(FIELD): hold_last */
  OPTION_FOLDS,     /* 5, or 5(FIELD): fold_by; int64_t */
  OPTION_PRECISION, /* f32, f64 or bf16; enum aq_precision */
  OPTION_BAD_ROW,   /* stop or skip; enum aq_bad_row */
  OPTION_HEADER,    /* auto, yes or no; enum aq_header */
  OPTION_FORMAT,    /* enum aq_format */
  OPTION_GIVEN,     /* NAME=VALUE, any number of times; adds to a struct given */
  OPTION_SETTING    /* VALUE of the setting of train { } that has the name of the option; adds to set */
};

struct option {
  char letter; /* 0: none */
  const char *name;
  enum option_kind kind;
  const char *value; /* what --help calls the value; NULL: it is a flag */
  size_t field;      /* offset in struct settings */
  const char *help;
  const char *origin; /* of what is given: what messages call its value */
};

#define OPTION(letter, name, kind, value, field, help)                                                       \
  { letter, name, OPTION_##kind, value, offsetof(struct settings, field), help, NULL }
#define OPTION_TRAIN(name, value, help)                                                                      \
  { 0, name, OPTION_SETTING, value, offsetof(struct settings, set), help, "--" name }
#define OPTION_END                                                                                           \
  { 0, NULL, OPTION_FLAG, NULL, 0, NULL, NULL }

/* Options that mean the same for several verbs. */
#define OPTION_SET_DIM                                                                                       \
  {                                                                                                          \
    'D', "define", OPTION_GIVEN, "NAME=V", offsetof(struct settings, define),                                \
        "the dim or const NAME is V, whatever the program says; repeatable", "-D"                            \
  }
#define OPTION_SET_WEIGHTS                                                                                   \
  OPTION(0, "weights", TEXT, "FOLDER", weights,                                                              \
         "pretrained weights: a folder with config.json and model.safetensors, or a model, .aqm")
#define OPTION_SET_SETTING                                                                                   \
  {                                                                                                          \
    0, "set", OPTION_GIVEN, "train.NAME=V", offsetof(struct settings, set),                                  \
        "the setting NAME of train { } is V, whatever the program says; repeatable", "--set"                 \
  }
#define OPTION_SET_THREADS                                                                                   \
  OPTION(0, "threads", COUNT, "N", threads,                                                                  \
         "threads to use (default: all cores); results do not depend on it")
#define PRECISIONS "f32|f64|bf16" /* in the order of enum aq_precision */
#define OPTION_SET_PRECISION                                                                                 \
  OPTION(0, "precision", PRECISION, PRECISIONS, precision,                                                   \
         "compute with float or double numbers, or round what matrices multiply (default: f32)")
#define OPTION_SET_KEPT_PRECISION                                                                            \
  OPTION(0, "precision", PRECISION, "f32|f64", precision, "float or double numbers (default: f32)")
#define OPTION_SET_BAD_ROW                                                                                   \
  OPTION(0, "on-bad-row", BAD_ROW, "stop|skip", bad_rows, "stop at a bad row (default), or skip and count it")
#define OPTION_SET_HEADER                                                                                    \
  OPTION(0, "header", HEADER, "auto|yes|no", header,                                                         \
         "is the first line a header? (default: when it names the columns)")
#define OPTION_SET_FORMAT                                                                                    \
  OPTION(0, "format", FORMAT, "auto|tsv|csv|lines|jsonl|fasttext", format,                                   \
         "how tables are written (default: by the file's name)")
#define OPTION_SET_JSON OPTION(0, "json", FLAG, NULL, json, "results, and messages, as JSON")
#define OPTION_SET_HTML OPTION(0, "html", WRITES, "FILE", html, "write a page for a browser instead")
#define OPTION_SET_QUIET OPTION('q', "quiet", FLAG, NULL, quiet, "no progress and no remarks")
#define OPTION_SET_FUNCTION                                                                                  \
  OPTION(0, "fn", TEXT, "NAME", function, "a function or head alone, in place of the model")
/* Of verbs that run a program or a model, or may look at its libraries. */
#define OPTION_SET_FFI                                                                                       \
  {                                                                                                          \
    0, "allow-ffi", OPTION_GIVEN, "PATH", offsetof(struct settings, allow),                                  \
        "run native code of this library, or of libraries in this folder; repeatable", "--allow-ffi"         \
  }
#define OPTION_SET_UNFUSED                                                                                   \
  OPTION(0, "unfused", FLAG, NULL, unfused, "compute each head as tensors of all its scores, for comparison")
/* Of verbs that read the rows of a file. */
#define OPTION_SET_FILES                                                                                     \
  {                                                                                                          \
    0, "files-from", OPTION_GIVEN, "FOLDER", offsetof(struct settings, files),                               \
        "rows may name files in this folder, too, beside those in that of their table; repeatable",          \
        "--files-from"                                                                                       \
  }
/* Of verbs that run a model on the rows of a file. */
#define OPTION_SET_ROWS                                                                                      \
  OPTION_SET_THREADS, OPTION_SET_PRECISION, OPTION_SET_BAD_ROW, OPTION_SET_HEADER, OPTION_SET_FORMAT,        \
      OPTION_SET_FILES, OPTION_SET_QUIET

struct verb;

void settings_init(struct settings *settings);
void settings_free(struct settings *settings);
/* Reads the arguments after the verb. It moves operands to the front of argument, and cuts NAME=V in two
 * there. AQ_OK, or AQ_USAGE after saying what is wrong. */
int options_parse(const struct verb *verb, int count, char **argument, struct settings *settings);

/* Word `number`, from 0, of a list such as "stop|skip"; behind the last, *length is 0. */
const char *option_word(const char *words, int number, size_t *length);

#endif
