/* ast.h: the tree that the parser builds, and nothing but the tree: names are not looked up here, nothing is
 * folded.
 *
 * Every node is one struct; `kind` says what text, number and children mean. The list below is the whole
 * grammar seen from above. "?" marks a child that may be absent (a NULL pointer in its slot: the last child
 * of every CALL is its WITH or NULL), "..." any number of them. */
#ifndef AQ_GRAMMAR_AST_H
#define AQ_GRAMMAR_AST_H

#include "grammar/source.h"

/*        kind        text            children */
#define GR_KINDS(X)                                                                                          \
  X(FILE) /*                 items ...                                                                 */    \
  /* items */                                                                                                \
  X(IMPORT)  /* path            NAME? (as)                   import "layers.aq" as layers                 */ \
  X(DIM)     /* name            expr                         dim D = 64                                   */ \
  X(CONST)   /* name            expr                         const rate = 0.3                             */ \
  X(DATA)    /*                 COLUMN ...                                                                */ \
  X(COLUMN)  /* name            NAME (kind), SHAPE?, ARG ... text: words[T <= 128](min_count = 2)         */ \
  X(FN)      /* name            PARAMS, TYPE? , BLOCK        fn f(x: [T, D], O) -> [T, O] { ... }         */ \
  X(HEAD)    /* name            PARAMS, TYPE?, BLOCK, NAME?  head[H] f(x) { ... }  (NAME: the dim H)      */ \
  X(MODEL)   /* name            PARAMS, OUTPUTS, BLOCK       model m(text) -> label { ... }               */ \
  X(OUTPUTS) /*                 NAME | CALL ...              label, next(text)                            */ \
  X(LOSS)    /*                 expr                         loss cross_entropy                           */ \
  X(TRAIN)   /*                 ARG ...                      train { batch = 32 }                         */ \
  X(EXTERN)  /* name            PARAMS, TYPE, STRING?, NAME? extern fn f(x: number) -> [N] from "l.so"    */ \
  /* parts of items */                                                                                       \
  X(PARAMS) /*                 PARAM ...                                                                 */  \
  X(PARAM)  /* name            TYPE?, default expr?         number 1: variadic (name...)                 */  \
  X(TYPE)   /* NULL, or word   SHAPE, expr? (of)            [T] of V, or `number` or `whole` of an extern */ \
  X(SHAPE)  /*                 expr | STAR | LIMIT ...      [*B, T, 4*D]                                 */  \
  X(STAR)   /* name                                         *B: any leading dims                         */  \
  X(LIMIT)  /*                 expr, most?, least?          1 <= T <= 128, in data shapes only           */  \
  X(BLOCK)  /*                 statements ...               fn f(x) = e has a BLOCK of one RETURN        */  \
  /* statements */                                                                                           \
  X(LET)    /*                 NAME ..., expr (the last)    a, b = e                                     */  \
  X(FOR)    /* variable        RANGE, BLOCK                 for l in 0..L { }                            */  \
  X(IF)     /*                 expr, BLOCK, BLOCK|IF?       if L > 2 { } else { }                        */  \
  X(RETURN) /*                 expr | ARG ...               return z = x, w = weights(x)                 */  \
  /* expressions */                                                                                          \
  X(NAME)   /* name                                                                                      */  \
  X(NUMBER) /* as written                                   number: its value; 10% is 0.1                */  \
  X(STRING) /* unescaped                                                                                 */  \
  X(LIST)   /*                 expr ...                     [0.5, 0.3, 0.2]                              */  \
  X(EACH)   /* variable        RANGE, expr                  [f(x, l) for l in 0..L]                      */  \
  X(CALL)   /*                 callee, ARG ..., WITH?       f(x, rate = 0.1) with { mask = j <= i }      */  \
  X(ARG)    /* name or NULL    expr                                                                      */  \
  X(WITH)   /*                 SLOT ...                                                                  */  \
  X(SLOT)   /* slot            NAME ..., expr (the last)    self.mask = j <= i, within WITH              */  \
  X(PARAMETER) /*                 SHAPE, expr? (initialiser)   param[I, O] = normal(0.02) */                 \
  X(INSTANCE)  /*                 callee                       instance encoder  */                          \
  X(INDEX)  /*                 base, expr | RANGE ...       x[.., 0..K]                                  */  \
  X(RANGE)  /*                 from?, to?                   a..b  ..b  a..  ..                           */  \
  X(MEMBER) /* name            base                         layers.block                                 */  \
  X(UNARY)  /* operator        expr                         - not                                        */  \
  X(BINARY) /* operator        left, right                  or and < <= > >= == != + - * / % @ ^         */  \
  X(TRANSPOSE) /*                 expr                         W'                                     */     \
  X(CHOICE)    /*                 expr ...  not made by the parser: compiler/source/choices.c */

enum gr_kind {
#define X(name) GR_##name,
  GR_KINDS(X)
#undef X
};

/* Comparisons may be chained as in mathematics: 0 <= i - j <= 3 is parsed as `and` of the two; the shared
 * operand is the same node. */
struct gr_node {
  enum gr_kind kind;
  struct gr_span span; /* the whole construct */
  struct gr_span
      name_span; /* where text stands, for definitions, LET-bound NAMEs and ARGs; else equal to span */
  const char *text;
  double number;
  int count;
  struct gr_node **child; /* in the file's arena */
};

/* Names, in no order. */
struct gr_names {
  const char **name;
  size_t count, capacity;
};

/* A parsed file and everything it owns: the source and the tree. */
struct gr_file {
  struct gr_source *source; /* NULL: it is a part of a text that somebody else owns */
  struct gr_node *root;     /* GR_FILE */
  struct rt_arena arena;
  struct rt_error **fault; /* the errors, in order; root then has the items without one */
  size_t fault_count, fault_capacity;
  struct gr_names lost; /* all names that stand in the items that have an error */
  bool incomplete;      /* an import or the end of the file could not be read, so that names may be missing
                         * that stand nowhere in it */
};

/* Parses text, however many errors it has. Each shows the place, what was found, what was expected and, for
 * the usual slips (a missing brace, `=` for `==`, Python's `:` or `**`), a hint. Depth of nesting is limited
 * (200), so no input overflows the stack. NULL, with error filled, when there is no memory or text is no
 * UTF-8. */
struct gr_file *gr_read(const char *name, const char *text, size_t length, struct rt_error *error);
/* The same, but a text with errors is NULL, with the first of them. */
struct gr_file *gr_parse(const char *name, const char *text, size_t length, struct rt_error *error);
/* Items of a source, which stays its owner's and has to outlive them. */
struct gr_file *gr_read_part(struct gr_span text, struct rt_error *error);
/* A text from a command line: `train.lr = 0.1` is read as a GR_TRAIN with one entry, `0.1` and `lr = 0.1` as
 * a GR_ARG: the only child of root, which has none where there is an error. */
struct gr_file *gr_read_setting(const char *name, const char *text, struct rt_error *error);
void gr_file_free(struct gr_file *file);

const char *gr_kind_name(enum gr_kind kind); /* "FN" */

/* Prints the canonical layout of a source (aqc fmt) into out: two-space indents, one space around operators,
 * `=` of neighbouring statements aligned only where the author aligned them, comments kept.
 * gr_format(gr_format(x)) == gr_format(x), and the tree is unchanged. */
int gr_format(const char *name, const char *text, size_t length, struct rt_text *out, struct rt_error *error);

#endif
