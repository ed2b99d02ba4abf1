/* arguments.h: what a callee takes, declared once as rows, and the one way of matching it with what is given:
 * for functions, heads, built-ins, losses, initialisers, optimizers, schedules, columns and train { }. A row
 * stands with the thing that it belongs to; the messages are here. */
#ifndef AQ_COMPILER_FRONT_ARGUMENTS_H
#define AQ_COMPILER_FRONT_ARGUMENTS_H

#include <math.h>

#include "compiler/front/elaborate.h"
#include "runtime/threshold.h"

#define CC_FROM_TO(a, b)                                                                                     \
  { .min = (a), .max = (b) }
#define CC_FROM_BELOW(a, b)                                                                                  \
  { .min = (a), .max = (b), .max_open = true }
#define CC_FROM(a) CC_FROM_BELOW(a, INFINITY)              /* and finite */
#define CC_ALPHA CC_FROM_TO(RT_LEAST_ALPHA, RT_MOST_ALPHA) /* of entmax; 1 is softmax, 2 sparsemax */

enum cc_takes {
  CC_TAKES_ANY,            /* a value that the callee looks at itself: most often a tensor */
  CC_TAKES_NUMBER,         /* known while compiling */
  CC_TAKES_WHOLE,          /* such a number without a fraction */
  CC_TAKES_STEPS,          /* a whole number, or a part of all steps of training as in 10% */
  CC_TAKES_SWITCH,         /* true or false */
  CC_TAKES_DIM,            /* the size that names an axis */
  CC_TAKES_SHAPE,          /* a list of sizes */
  CC_TAKES_LIST,           /* a list */
  CC_TAKES_FUNCTION,       /* a function, head or built-in */
  CC_TAKES_TEXT,           /* in quotes */
  CC_TAKES_NAME,           /* of a column or an output; not an expression */
  CC_TAKES_WORD,           /* one of a few words, which are written bare and are no expression */
  CC_TAKES_WORD_OR_NUMBER, /* such a word, whose text is then set, or a number */
  CC_TAKES_WAY             /* a name with arguments of its own: optimizer = adamw(lr = 0.1) */
};

/* The numbers from min to max; an open end is not one of them. {0} is every finite number. */
struct cc_range {
  double min, max;
  bool min_open, max_open;
};

struct cc_parameter {
  const char *name;
  enum cc_takes takes;
  struct cc_range range;
  bool optional, by_name; /* by_name: never by position */
  bool rest;              /* any number of arguments by position */
  double fallback;        /* of an optional number */
  size_t
      offset; /* of a setting: where its double, int64_t or rt_amount stands in the struct that is filled */
  const struct gr_node *node; /* of a function's own parameter: where it is declared */
  const char *doc;            /* of a setting: what `aqc help` says of it */
  int words;
  const char *const *word; /* of CC_TAKES_WORD: [words], the first of which is number 1 */
};

struct cc_callee {
  const char *name, *noun; /* noun: what a parameter is called, "argument" or "setting" */
  const struct cc_parameter *parameter;
  int count;
  const struct gr_node *declared; /* the definition of a function or head, else NULL */
  bool open;                      /* hands on names that are not its own; of[i] is then -1 */
};

/* Fills of[i] with the number of the parameter that argument i is for. name[i] is NULL for an argument by
 * position. */
struct cc_given {
  int count;
  const char *const *name;
  const struct gr_span *span;
};
int cc_match(struct cc_context *c, const struct cc_callee *callee, struct gr_span call,
             const struct cc_given *given, int *of);

/* The same for the arguments of a call: by position, then by name. *of is in the arena. */
int cc_match_call(struct cc_context *c, const struct cc_callee *callee, const struct cc_call_args *args,
                  int **of);

/* Arguments as they stand in the program, matched and evaluated by what their parameters take; of one that is
 * not given, arg is NULL and number is the fallback. list is [count] of GR_ARG. */
struct cc_setting {
  const struct gr_node *arg; /* what is behind the name */
  struct gr_span span;
  double number;
  const char *text;
  const char *said_in; /* the file of the program in which the text stands */
};
int cc_match_settings(struct cc_context *c, const struct cc_callee *callee, struct gr_span call,
                      struct gr_node *const *list, int count, struct cc_setting *setting);
/* Writes the numbers that are given to where their rows say. */
void cc_store_settings(struct cc_context *c, const struct cc_callee *callee, const struct cc_setting *setting,
                       void *base);
/* The same for `normal` or `normal(std = 0.1)`, which is no function: `with` has no place behind it. */
int cc_match_way(struct cc_context *c, const struct cc_callee *callee, const struct gr_node *node,
                 struct cc_setting *setting);

/* The arguments of a call, which are values already. In *matched, value[p] is that of parameter p by
 * position, as far as one is given (CC_NONE: left out), then come those of `rest`; named[k] is that of the
 * k-th parameter by name alone, then come names that an open callee hands on. Numbers are numbers within
 * their range, and the fallback where they are left out. */
int cc_match_values(struct cc_context *c, const struct cc_callee *callee, const struct cc_call_args *args,
                    struct cc_call_args *matched);

/* What `normal`, `load` and the like take behind `param[…] =`; false: none is called so. */
bool cc_initialiser_callee(const char *name, struct cc_callee *callee);

/* objective.c: what train { } takes whatever its optimizer, from 0 on; NULL behind the last. */
const struct cc_parameter *cc_train_setting(int number);

/* softmax(x, DIM) */
void cc_write_callee(struct rt_text *out, const struct cc_callee *callee);
/* The same, in the arena. */
const char *cc_written(struct cc_context *c, const struct cc_callee *callee);
/* "lr, momentum and weight_decay"; in the arena. */
const char *cc_listed(struct cc_context *c, int count, const char *const *name);
/* Refuses a number outside its range, and says what the range is. */
int cc_check_range(struct cc_context *c, const struct cc_callee *callee, const struct cc_parameter *parameter,
                   double number, struct gr_span span);

#endif
