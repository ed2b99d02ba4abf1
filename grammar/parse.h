/* parse.h: what the lexer, the parser, the tree builder and the messages share; private to grammar/. */
#ifndef AQ_GRAMMAR_PARSE_H
#define AQ_GRAMMAR_PARSE_H

#include <string.h>

#include "grammar/ast.h"

#define GR_EXTERN_FORM                                                                                       \
  "an extern is written extern fn blur(x: [T, D], width: number) -> [T, D] from \"./libblur.so\" with "      \
  "gradient blur_grad"

enum {
  GR_DEPTH = 200,  /* levels of nesting that a program may use, of brackets and of the tree alike */
  GR_STACK = 3200, /* entries of the parser's stack */
  GR_FAULTS = 100  /* errors of a file that are told */
};

struct gr_token {
  int kind;
  struct gr_span span;
}; /* kind: GR_T_*, 0 before the first token */

/* One parse: the state of the lexer and what the parser's actions need. Too large for the stack; rt_alloc it.
 */
struct gr_parser {
  const struct gr_source *source;
  struct rt_arena *arena; /* the file's: nodes, lists and texts */
  struct rt_error *error;
  struct gr_node *root; /* the result */
  bool imports;         /* an `import` was read */
  void *scanner;        /* flex's */
  char *buffer;         /* the copy of the text that flex writes into */
  uint32_t position;    /* in the source, of what is read next */
  bool verbatim;        /* for gr_format: comments and line ends are tokens, GR_T_COMMENT and GR_T_LINE */
  struct gr_token last, before; /* the last two tokens given out */
  struct gr_file *file;
  struct gr_item {
    struct gr_names names; /* that stand in it */
    bool is_import;
  } item, item_before; /* the item at hand, and the one before it */
  bool skipping;       /* after an error, until the next item begins */
  int held;            /* the word that begins it, to be given out next; 0: none */
  struct gr_span held_span;
  bool closed; /* the last token closed a bracket, whose record is still at open[open_count] */
  int open_count;
  struct gr_token open[GR_DEPTH]; /* the brackets that wait for their partner */
  size_t pool_used;
  _Alignas(max_align_t) unsigned char pool[1024]; /* flex's own blocks, so that it never meets a failing
                                                     allocation */
};

/* lexer.l. begin copies the text and readies the scanner; end may follow a failed begin. */
int gr_lexer_begin(struct gr_parser *parser, struct gr_span text, struct rt_error *error);
void gr_lexer_end(struct gr_parser *parser);
bool gr_ends_statement(int token); /* whether a newline after this token ends the statement, as in Go */

/* ast.c: lists and nodes. All return NULL after a failure, which error then holds. */
struct gr_list {
  int count, capacity;
  struct gr_node **item;
};
struct gr_list *gr_list_of(struct gr_parser *parser, int count,
                           ...); /* struct gr_node * each; NULL is an absent child */
struct gr_list *gr_list_add(struct gr_parser *parser, struct gr_list *list, struct gr_node *node);
struct gr_list *gr_list_insert(struct gr_parser *parser, struct gr_list *list, int at, struct gr_node *node);
struct gr_list *gr_list_join(struct gr_parser *parser, struct gr_list *list, const struct gr_list *more);
struct gr_node *gr_leaf(struct gr_parser *parser, enum gr_kind kind, struct gr_span span, const char *text);
struct gr_node *gr_node(struct gr_parser *parser, enum gr_kind kind, struct gr_span span, int count, ...);
struct gr_node *gr_seq(struct gr_parser *parser, enum gr_kind kind, struct gr_span span,
                       const struct gr_list *list);
struct gr_node *gr_named(struct gr_node *node, const char *text, struct gr_span name_span);
/* base.name; refuses `x.T`, unless x may be an imported file. */
struct gr_node *gr_member(struct gr_parser *parser, struct gr_span span, struct gr_node *base,
                          const char *name, struct gr_span name_span);
/* left <= right as the limit of an axis: `T <= 128`, or `1 <= T` where only the right side is a name. */
struct gr_node *gr_limit(struct gr_parser *parser, struct gr_span span, struct gr_node *left,
                         struct gr_node *right);
/* `number` or `whole`, which arguments and results of an extern may be. */
struct gr_node *gr_number_type(struct gr_parser *parser, struct gr_span span, const char *word);
/* The node, which stands behind a word that has a meaning there alone: refuses another word. */
struct gr_node *gr_after(struct gr_parser *parser, struct gr_node *node, const char *wanted, const char *word,
                         struct gr_span span);
struct gr_node *gr_number(struct gr_parser *parser, struct gr_span span, const char *text);
/* layer.self.mask = value: the last name is that of the slot. */
struct gr_node *gr_slot(struct gr_parser *parser, struct gr_span span, struct gr_list *names,
                        struct gr_node *value);
struct gr_node *gr_binary(struct gr_parser *parser, const char *op, struct gr_node *left,
                          struct gr_node *right);
/* left is a comparison or a chain of them: left and (its last operand op right), the operand shared. */
struct gr_node *gr_chain(struct gr_parser *parser, struct gr_node *left, const char *op,
                         struct gr_node *right);

static inline const char *gr_text_at(struct gr_span span) { return span.source->text + span.begin; }

static inline bool gr_is_text(struct gr_span span, const char *text) {
  size_t length = strlen(text);
  return span.source && span.end - span.begin == length && memcmp(gr_text_at(span), text, length) == 0;
}

/* recover.c: what follows an error. The parser drops the item and goes on with the next one, which begins
 * with its word in the first column. */
/* Fails: the program nests deeper than GR_DEPTH here. */
int gr_too_deep(struct gr_parser *parser, struct gr_span span);
bool gr_must_stop(const struct gr_parser *parser); /* after this error: there is no memory */
/* Keeps the error, and the names of the item that has it: what they mean is not known. lookahead is the token
 * that the parser has read but not used. False when it must stop. */
bool gr_recover(struct gr_parser *parser, int lookahead);
bool gr_begins_item(int token);
/* The parser's stack begins on the C stack and grows in the arena, so that only deep programs need much. A
 * new depth, 0 when it is as deep as it may be: then the program nests too deeply, and bison gives up. */
size_t gr_larger_stack(struct gr_parser *parser, size_t depth);
void *gr_move_stack(struct gr_parser *parser, void *stack, size_t used, size_t bytes); /* bytes 0: stays */
int gr_note_name(struct gr_parser *parser, struct gr_names *names, const char *name);
/* Whether a token of the skipped text is where to go on. */
bool gr_resumes_at(const struct gr_parser *parser, struct gr_token token);

/* syntax_error.c: the messages. They return RT_BAD_DATA. */
enum gr_expects {                          /* what the parser could have gone on with */
                  GR_EXPECTS_VALUE = 1,    /* an expression */
                  GR_EXPECTS_OPERATOR = 2, /* the expression before may go on */
                  GR_EXPECTS_STATEMENT = 4,
                  GR_EXPECTS_ITEM = 8,
                  GR_EXPECTS_END = 16,     /* of the statement: a newline */
                  GR_EXPECTS_ASSIGN = 32,  /* `=` after something that is not an expression */
                  GR_EXPECTS_BLOCK = 64,   /* `{` */
                  GR_EXPECTS_NAME = 128,   /* a name, but no other expression */
                  GR_EXPECTS_RESULT = 256, /* `->` and nothing else */
                  GR_EXPECTS_SHAPE = 512,  /* `[` and nothing else */
                  GR_EXPECTS_LOOP = 1024,  /* the `..` of a loop */
                  GR_EXPECTS_PATH = 2048,  /* only `.` could go on: after `instance name` */
                  GR_EXPECTS_KIND = 4096   /* `:` and nothing else: of a column */
};
/* The parser met a token that does not fit: expected is the list to show, "`,` or `)`". */
int gr_unexpected(struct gr_parser *parser, struct gr_token found, unsigned expects, const char *expected);
/* bad_token.c: the lexer met characters that are no token. */
int gr_bad_character(struct gr_parser *parser, struct gr_span span);
int gr_bad_escape(struct gr_parser *parser, struct gr_span span);
int gr_bad_number(struct gr_parser *parser, struct gr_span span);
int gr_bad_quote(struct gr_parser *parser, struct gr_span span);

#endif
