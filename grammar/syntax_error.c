/* syntax_error.c: what is said when a text is not a program: the place, what was expected, and advice for the
 * usual slips. */
#include "grammar/parse.h"
#include "grammar/parser.h"

#include <stdio.h>
#include <string.h>

/* What the advice looks at. */
struct slip {
  struct gr_parser *parser;
  struct gr_token found, before; /* the token that does not fit and the one on its left */
  unsigned expects;
  const char *expected; /* in words */
  int inside;           /* the innermost open bracket, GR_T_L*, 0 at the top */
};

static int line_of(struct gr_span span) {
  int line, column;
  gr_span_place(span, &line, &column);
  return line;
}

/* The first character after a span that is no blank; newlines and comments are skipped too if asked. */
static char next_character(struct gr_span span, bool over_lines) {
  const char *p = span.source->text + span.end;
  for (;; p++) {
    if (over_lines && *p == '#')
      while (p[1] && *p != '\n') p++;
    if (*p != ' ' && *p != '\t' && *p != '\r' && !(over_lines && *p == '\n')) return *p;
  }
}

static bool is_keyword(int token) { return token >= GR_T_IMPORT && token <= GR_T_OF; }

static bool is_definition(int token) {
  return token >= GR_T_IMPORT && token <= GR_T_EXTERN && token != GR_T_AS;
}

static bool is_newline(struct gr_token token) {
  return token.kind == GR_T_END && *gr_text_at(token.span) == '\n';
}

static const char *bracket_text(int token) {
  switch (token) {
    case GR_T_LPAREN: return "(";
    case GR_T_LBRACKET: return "[";
    case GR_T_LBRACE: return "{";
    case GR_T_RPAREN: return ")";
    case GR_T_RBRACKET: return "]";
    default: return "}";
  }
}

static void describe(struct gr_token token, char *out, size_t size) {
  if (token.kind == GR_T_YYEOF)
    snprintf(out, size, token.span.source->typed ? "the end" : "the end of the file");
  else if (is_newline(token))
    snprintf(out, size, "the end of the line");
  else if (token.kind == GR_T_STRING)
    snprintf(out, size, "a string");
  else
    snprintf(out, size, "%s`%.*s`", is_keyword(token.kind) ? "the keyword " : "",
             (int)(token.span.end - token.span.begin < 60 ? token.span.end - token.span.begin : 60),
             gr_text_at(token.span));
}

/* ---- advice: each gives the hint for one slip, or NULL when it is not that slip ---- */

static const struct word {
  const char *word, *hint;
} foreign_words[] = {
    {"//", "a comment begins with `#`; x // 2 is a quotient, rounded down"},
    {"def", "a function begins with `fn`: fn f(x) { ... }"},
    {"func", "a function begins with `fn`: fn f(x) { ... }"},
    {"fun", "a function begins with `fn`: fn f(x) { ... }"},
    {"proc", "a function begins with `fn`: fn f(x) { ... }"},
    {"function", "a function begins with `fn`: fn f(x) { ... }"},
    {"lambda", "there are no nameless functions; define one, fn square(x) = x * x, and pass its name"},
    {"class", "there are no classes: a `fn` may own its parameters, and a `model` is what is trained"},
    {"struct", "there are no structures: a function takes and returns several values, a, b = f(x, y)"},
    {"type", "there are no names for types: a type is a shape, as in fn f(x: [T, D]) -> [D]"},
    {"interface",
     "there are no interfaces: functions are passed by name, and shapes are proven at each call"},
    {"module", "a file is a module: import \"layers.aq\" as layers"},
    {"package", "a file is a module: import \"layers.aq\" as layers"},
    {"let", "a name is given without a keyword: x = ..."},
    {"var", "a name is given without a keyword: x = ..."},
    {"auto", "a name is given without a keyword: x = ..."},
    {"float",
     "a name is given without a type: x = ...; that of an argument stands behind it: fn f(x: [T, D])"},
    {"int", "a name is given without a type: x = ...; that of an argument stands behind it: fn f(x: [T, D])"},
    {"elif", "write `else if`: if a { ... } else if b { ... }"},
    {"elsif", "write `else if`: if a { ... } else if b { ... }"},
    {"elseif", "write `else if`: if a { ... } else if b { ... }"},
    {"while", "a loop has a fixed number of rounds: for l in 0..L { ... }"},
    {"loop", "a loop has a fixed number of rounds: for l in 0..L { ... }"},
    {"switch",
     "a choice by sizes is if L > 2 { ... } else { ... }, element by element where(condition, a, b)"},
    {"match",
     "a choice by sizes is if L > 2 { ... } else { ... }, element by element where(condition, a, b)"},
    {"break",
     "a loop runs all its rounds: for l in 0..L { ... }; what differs is chosen by if l > 2 { ... }"},
    {"continue",
     "a loop runs all its rounds: for l in 0..L { ... }; what differs is chosen by if l > 2 { ... }"},
    {"try", "nothing is raised while a program runs: what could fail is refused before"},
    {"raise", "nothing is raised while a program runs: what could fail is refused before"},
    {"assert", "shapes are proven from what signatures say: fn f(x: [T, D]) -> [D]"},
    {"from", "a file is imported by its path: import \"layers.aq\" as layers"},
    {"include", "a file is imported by its path: import \"layers.aq\" as layers"},
    {"use", "a file is imported by its path: import \"layers.aq\" as layers"},
    {"require", "a file is imported by its path: import \"layers.aq\" as layers"},
    {"print", "a program computes values and prints nothing; see them with `aqc run`"},
    {"then", "a condition is followed by its block: if L > 2 { ... }"},
    {"do", "a block stands in braces: { ... }"},
    {"begin", "a block stands in braces: { ... }"},
    {"end", "a block stands in braces: { ... }"},
    {"pass", "an empty block is written { }"},
    {"pub", "a definition has nothing before it: whatever a file defines can be imported"},
    {"public", "a definition has nothing before it: whatever a file defines can be imported"},
    {"export", "a definition has nothing before it: whatever a file defines can be imported"},
    {"static", "a definition has nothing before it: fn f(x) { ... }"},
    {"async", "a definition has nothing before it: fn f(x) { ... }"},
};

static const char *foreign_word(const struct slip *slip) {
  for (size_t k = 0; k < RT_COUNT(foreign_words); k++)
    if (gr_is_text(slip->found.span, foreign_words[k].word)
        || (slip->found.kind != GR_T_YYEOF && gr_is_text(slip->before.span, foreign_words[k].word)))
      return foreign_words[k].hint;
  return NULL;
}

/* A setting of training at the top of the file. */
static const char *stray_setting(const struct slip *slip) {
  static const char *const settings[] = {"optimizer", "schedule", "batch", "batch_size", "epochs",
                                         "lr",        "clip",     "seed",  "patience",   "warmup"};
  for (size_t k = 0; (slip->expects & GR_EXPECTS_ITEM) && k < RT_COUNT(settings); k++)
    if (gr_is_text(slip->found.span, settings[k]))
      return "settings of training stand within train: train { batch = 32, epochs = 10 }";
  return NULL;
}

static const char *colon(const struct slip *slip) {
  if (slip->found.kind != GR_T_COLON) return NULL;
  char next = next_character(slip->found.span, false);
  if (next == '[' && slip->before.kind == GR_T_RPAREN && (slip->expects & GR_EXPECTS_BLOCK))
    return "the shape of what comes out follows `->`: fn f(x: [T, D]) -> [D]";
  if (next == '\n' || next == '\0' || next == '#' || (slip->expects & GR_EXPECTS_BLOCK))
    return "a block stands in braces: { ... }";
  if (slip->expects & GR_EXPECTS_LOOP) return "a range has two dots: 0..L";
  if (slip->inside == GR_T_LBRACKET)
    return "a range has two dots: x[0..3], and `..` alone is the whole axis: x[.., 0]";
  if (slip->inside == GR_T_LPAREN) return "an argument is named with `=`: f(x, rate = 0.1)";
  if (slip->inside == GR_T_LBRACE && !strcmp(slip->expected, "`=`"))
    return "it is given with `=`: batch = 32";
  if (slip->inside == GR_T_LBRACE && (slip->expects & GR_EXPECTS_ASSIGN))
    return "a statement says no shape: y = f(x); shapes stand in signatures, and are proven";
  return "a name is given with `=`; only parameters of functions and columns of data have a `:`";
}

/* Does `param[…]` stand right before this place? */
static bool behind_param(const struct gr_token *found) {
  const char *text = found->span.source->text;
  size_t at = found->span.begin;
  int open = 0;
  while (at > 0 && (text[at - 1] == ' ' || text[at - 1] == '\t')) at--;
  if (at == 0 || text[at - 1] != ']') return false;
  do {
    at--;
    open += text[at] == ']' ? 1 : text[at] == '[' ? -1 : 0;
  } while (at > 0 && open > 0);
  return at >= 5 && !strncmp(text + at - 5, "param", 5);
}

static const char *equals(const struct slip *slip) {
  if (slip->found.kind == GR_T_EQ && (slip->expects & GR_EXPECTS_ASSIGN))
    return "`==` compares; a name is given with a single `=`";
  if (slip->found.kind != GR_T_ASSIGN) return NULL;
  char next = *(gr_text_at(slip->found.span) + 1);
  if (next == '<' || next == '>') return next == '<' ? "at most is written <=" : "at least is written >=";
  if (slip->before.kind == GR_T_LOSS) return "the loss is written without `=`: loss cross_entropy";
  if (slip->before.kind == GR_T_TRAIN || slip->before.kind == GR_T_DATA)
    return "what follows stands in braces, without `=`: train { batch = 32 }";
  if (is_keyword(slip->before.kind)) return "a keyword cannot be a name; choose another";
  if ((slip->expects & GR_EXPECTS_END) && slip->before.kind == GR_T_NAME)
    return "one `=` for each statement: b = x, and then a = b";
  if (behind_param(&slip->found))
    return "within an expression, a parameter that says how it starts stands in parentheses: (param[…] = …)";
  if (slip->inside == GR_T_LBRACKET)
    return "in brackets stand sizes and positions; what has a name stands in parentheses behind them: "
           "words[T <= 128](min_count = 2)";
  if (slip->inside == 0 && strstr(slip->expected, "`{`"))
    return "only a `fn` may be a single expression; here the body stands in braces: { return ... }";
  if (slip->expects & GR_EXPECTS_OPERATOR)
    return "`=` gives a name to a value; values are compared with `==`";
  return slip->expects & GR_EXPECTS_KIND ? "a column of data is written name: kind, as in text: words[T]"
                                         : NULL;
}

static const char *brace_line(const struct slip *slip) {
  if (is_newline(slip->found) && (slip->expects & GR_EXPECTS_BLOCK)
      && next_character(slip->found.span, true) == '{')
    return "put the `{` at the end of this line: a newline ends the statement";
  if (slip->found.kind == GR_T_ELSE && is_newline(slip->before))
    return "put `else` on the line of the closing brace: } else {";
  return NULL;
}

static const char *operator_line(const struct slip *slip) {
  switch (slip->found.kind) {
    case GR_T_PLUS:
    case GR_T_MINUS:
    case GR_T_TIMES:
    case GR_T_DIVIDE:
    case GR_T_QUOTIENT:
    case GR_T_MODULO:
    case GR_T_MATMUL:
    case GR_T_POWER:
    case GR_T_AND:
    case GR_T_OR:
    case GR_T_LT:
    case GR_T_LE:
    case GR_T_GT:
    case GR_T_GE:
    case GR_T_EQ:
    case GR_T_NE:
    case GR_T_DOT:
      if (!is_newline(slip->before)) return NULL;
      return "a newline ends a statement; end the line above with the operator, or put the expression in "
             "parentheses";
    default: return NULL;
  }
}

static const char *word_of_the_language(const struct slip *slip) {
  switch (slip->found.kind) {
    case GR_T_WITH: return "`with` changes the slots of a call: read(x) with { mask = j <= i }";
    case GR_T_IF:
      if (slip->expects & GR_EXPECTS_OPERATOR)
        return "element by element a choice is where(condition, a, b), and what a query sees is the slot "
               "mask = j <= i; by sizes, if L > 2 { x = a } else { x = b }";
      return slip->expects & GR_EXPECTS_VALUE ? "element by element, and in slots, a choice is "
                                                "where(condition, a, b); by sizes, if is a statement: "
                                                "if L > 2 { x = a } else { x = b }"
                                              : NULL;
    case GR_T_INSTANCE:
      return slip->expects & GR_EXPECTS_VALUE
                 ? "an instance is given a name first: shared = instance linear, then shared(x, D)"
                 : NULL;
    case GR_T_ELLIPSIS:
      return slip->inside == GR_T_LBRACKET ? "`..` is a whole axis, one for each: x[.., 0], x[.., .., 0]"
                                           : "a range has two dots: 0..L";
    case GR_T_DOTS:
      if (slip->inside == GR_T_LBRACKET)
        return "a part has a beginning and an end, and takes all between: x[0..3]";
      return "a range stands in brackets, x[0..3], or behind `in`: for l in 0..L { ... }";
    default: return NULL;
  }
}

static const char *construct(const struct slip *slip) {
  if (slip->found.kind == GR_T_PARAM && !(slip->expects & GR_EXPECTS_OPERATOR))
    return "a parameter is the value of a name: W = param[D, D] = normal(0.02)";
  if (slip->before.kind == GR_T_IMPORT)
    return "the path of the file stands between double quotes: import \"layers.aq\"; what aq has itself "
           "needs no import";
  if (slip->before.kind == GR_T_PARAM)
    return "the shape of a parameter stands in brackets: W = param[D, D] = normal(0.02)";
  if (slip->expects & GR_EXPECTS_LOOP) return "a loop runs over whole numbers: for l in 0..L { ... }";
  if (slip->expects & GR_EXPECTS_RESULT)
    return "say which column the model predicts: model m(text) -> label { ... }";
  if (slip->expects & GR_EXPECTS_SHAPE) return "a type is a shape: [T, D], or [] for a single number";
  if ((slip->expects & GR_EXPECTS_PATH) && slip->found.kind == GR_T_LPAREN)
    return "an instance is given a name first: shared = instance linear, then shared(x, D)";
  if ((slip->expects & GR_EXPECTS_ITEM) && slip->found.kind == GR_T_NAME) {
    char next = next_character(slip->found.span, false);
    if (next == '=')
      return "a constant is a dim, dim D = 64; other statements stand within a fn, head or model";
    if (next == ':') return "columns stand within data { ... }";
    if (next == '(') return "a function begins with `fn`: fn f(x) = x * x";
  }
  if (slip->found.kind == GR_T_NUMBER && (slip->expects & GR_EXPECTS_NAME))
    return "give the number a name first: dim H = 4";
  return NULL;
}

/* Items that begin rightly and go on as elsewhere. */
static const char *item_form(const struct slip *slip) {
  int found = slip->found.kind;
  switch (slip->before.kind) {
    case GR_T_FOR: return found == GR_T_LPAREN ? "a loop has no parentheses: for l in 0..L { ... }" : NULL;
    case GR_T_LOSS:
      return found == GR_T_LBRACE ? "the loss is written without braces: loss cross_entropy" : NULL;
    case GR_T_WITH: return "slots stand in braces: with { mask = j <= i }";
    default: break;
  }
  if (slip->inside == 0 && (found == GR_T_LT || found == GR_T_LBRACKET)
      && (strcmp(slip->expected, "`(`") == 0))
    return "sizes need no declaration: fn f(x: [N]) -> [N] is for any N";
  if (slip->inside == 0 && found == GR_T_COMMA && slip->before.kind == GR_T_RBRACKET)
    return "several results carry no shapes and are named where they are returned: "
           "fn f(x) { return mean = m, spread = s }, and y = f(x) has y.mean";
  if (slip->inside == 0 && found == GR_T_COMMA && (slip->expects & GR_EXPECTS_ASSIGN))
    return "each dim has its own size: dim D = 64, H = 4";
  if (slip->inside == 0 && found == GR_T_END && (slip->expects & GR_EXPECTS_ASSIGN))
    return "a dim has a size: dim D = 64; what the data decides, as T in words[T], needs no dim";
  if (found == GR_T_MATMUL && (slip->expects & GR_EXPECTS_ITEM)) return "there are no decorators";
  if (found == GR_T_STRING && (slip->expects & GR_EXPECTS_ITEM)) return "a comment begins with `#`";
  if (found == GR_T_COMMA && (slip->expects & GR_EXPECTS_KIND))
    return "a column is written name: kind, as in text: words[T] or label: class[C]";
  if (found == GR_T_STRING && slip->inside == GR_T_LBRACE && (slip->expects & GR_EXPECTS_NAME))
    return "the name of a column has no quotes: text: words[T]";
  return NULL;
}

/* Several values, and values that go nowhere. */
static const char *value_form(const struct slip *slip) {
  bool compares = slip->found.kind == GR_T_LT || slip->found.kind == GR_T_LE || slip->found.kind == GR_T_GT
                  || slip->found.kind == GR_T_GE || slip->found.kind == GR_T_EQ
                  || slip->found.kind == GR_T_NE;
  if (compares && (slip->before.kind == GR_T_AND || slip->before.kind == GR_T_OR))
    return "each comparison has two sides: 0 < x and x < 1; or in one, 0 < x < 1";
  if (slip->before.kind == GR_T_MODULO && (slip->expects & GR_EXPECTS_VALUE))
    return "a percentage has no space: 10%; a remainder is written x % 2";
  bool named = slip->before.kind == GR_T_NAME && (slip->expects & GR_EXPECTS_ASSIGN);
  switch (slip->found.kind) {
    case GR_T_LPAREN:
      return (slip->expects & GR_EXPECTS_STATEMENT) ? "names stand without parentheses: a, b = f(x)" : NULL;
    case GR_T_COMMA:
      return slip->inside == GR_T_LPAREN && strstr(slip->expected, "`)`")
                 ? "several results have no parentheses: return a, b; a list has brackets: [a, b]"
                 : NULL;
    case GR_T_DOT:
      return named ? "a value has no members that could be set; a parameter is W = param[D, K]" : NULL;
    case GR_T_END:
    case GR_T_RBRACE:
      return named && slip->inside == GR_T_LBRACE ? "what a function gives is said by return: return x"
                                                  : NULL;
    case GR_T_STRING:
      return gr_is_text(slip->before.span, "f")
                 ? "texts need no f: in \"layer.{l}.weight\" the value of l is put in already"
                 : NULL;
    default: return NULL;
  }
}

static const char *nameless_result(const struct slip *slip) {
  if (!(slip->expects & GR_EXPECTS_ASSIGN) || slip->before.kind != GR_T_NAME || slip->inside != GR_T_LBRACE)
    return NULL;
  switch (slip->found.kind) {
    case GR_T_LPAREN: return "a result needs a name, y = f(x), or a return";
    case GR_T_LBRACKET: return "a value never changes; compute a new one and give it a name";
    default: return NULL;
  }
}

static bool begins_value(int token) {
  return token == GR_T_NAME || token == GR_T_NUMBER || token == GR_T_STRING || token == GR_T_LPAREN
         || token == GR_T_PARAM || token == GR_T_NOT;
}

static const char *missing_mark(const struct slip *slip) {
  if (!begins_value(slip->found.kind)) return NULL;
  if (slip->inside == GR_T_LPAREN && strstr(slip->expected, "`...`"))
    return "is a comma missing? A shape stands behind the name: fn f(x: [T, D])";
  if (slip->inside == GR_T_LPAREN && !(slip->expects & GR_EXPECTS_OPERATOR) && strstr(slip->expected, "`,`"))
    return "is a comma missing?";
  if (!(slip->expects & GR_EXPECTS_OPERATOR)) return NULL;
  bool same_line = line_of(slip->before.span) == line_of(slip->found.span);
  if (slip->inside == GR_T_LPAREN || slip->inside == GR_T_LBRACKET) {
    if (same_line) return "is a comma missing, or an operator?";
    return slip->inside == GR_T_LPAREN ? "is a `)` missing at the end of the line above?"
                                       : "is a `]` missing at the end of the line above?";
  }
  if (!same_line) return NULL;
  if (strstr(slip->expected, "`,`")) return "is a comma missing?";
  if (slip->found.kind == GR_T_NAME && next_character(slip->found.span, false) == '=')
    return "two statements on one line have a `;` between them";
  return "is an operator missing? A product is written a * b";
}

/* ---- messages that replace the usual one ---- */

/* A block that was not closed before the end of the file or the next definition. */
static bool open_block(const struct slip *slip) {
  struct gr_parser *parser = slip->parser;
  bool end = slip->found.kind == GR_T_YYEOF;
  if (parser->open_count == 0 || !(end || is_definition(slip->found.kind))) return false;
  struct gr_token open = parser->open[parser->open_count - 1];
  if (end) {
    gr_fail(parser->error, open.span, "this `%s` is never closed", bracket_text(open.kind));
    struct gr_span last = slip->found.span;
    while (last.begin > open.span.end && strchr(" \t\r\n", last.source->text[last.begin - 1])) last.begin--;
    last.end = last.begin;
    gr_note(parser->error, last, "the file ends here");
    return true;
  }
  int line, column;
  gr_span_place(slip->found.span, &line, &column);
  if (column != 1) return false;
  gr_fail(parser->error, slip->found.span, "a definition cannot begin here, because a `%s` is still open",
          bracket_text(open.kind));
  gr_note(parser->error, slip->found.span, "a new definition");
  gr_note(parser->error, open.span, "never closed");
  return true;
}

static bool wrong_bracket(const struct slip *slip) {
  struct gr_parser *parser = slip->parser;
  int found = slip->found.kind;
  if (found != GR_T_RPAREN && found != GR_T_RBRACKET && found != GR_T_RBRACE) return false;
  if (parser->closed) return false;
  if (slip->inside == 0) {
    gr_fail(parser->error, slip->found.span, "this `%s` closes nothing", bracket_text(found));
    return true;
  }
  int wanted = slip->inside == GR_T_LPAREN     ? GR_T_RPAREN
               : slip->inside == GR_T_LBRACKET ? GR_T_RBRACKET
                                               : GR_T_RBRACE;
  gr_fail(parser->error, slip->found.span, "expected `%s`, found `%s`", bracket_text(wanted),
          bracket_text(found));
  gr_note(parser->error, slip->found.span, "expected `%s`", bracket_text(wanted));
  gr_note(parser->error, parser->open[parser->open_count - 1].span, "opened here");
  return true;
}

static bool nested_definition(const struct slip *slip) {
  if (!is_definition(slip->found.kind) || !(slip->expects & GR_EXPECTS_STATEMENT)) return false;
  if (next_character(slip->found.span, false) == '=') return false; /* meant as a name */
  gr_fail(slip->parser->error, slip->found.span, "a definition cannot stand inside a block");
  rt_hint(slip->parser->error, "put it at the top of the file; functions are passed by name");
  return true;
}

static bool keyword_as_name(const struct slip *slip) {
  if (!is_keyword(slip->found.kind) || gr_resumes_at(slip->parser, slip->found)) return false;
  bool assigned = next_character(slip->found.span, false) == '=',
       wanted = slip->expects & (GR_EXPECTS_NAME | GR_EXPECTS_VALUE);
  switch (slip->found.kind) {
    case GR_T_IF:
    case GR_T_FOR:
    case GR_T_WITH:
    case GR_T_RETURN:
    case GR_T_ELSE:
    case GR_T_AND:
    case GR_T_OR:
    case GR_T_NOT:
    case GR_T_INSTANCE:
    case GR_T_PARAM: /* more likely out of place than meant as a name */ wanted = wanted && assigned; break;
    default: break;
  }
  if (!wanted && !(assigned && (slip->expects & GR_EXPECTS_STATEMENT))) return false;
  int length = (int)(slip->found.span.end - slip->found.span.begin);
  const char *text = gr_text_at(slip->found.span);
  gr_fail(slip->parser->error, slip->found.span, "`%.*s` is a keyword and cannot be a name", length, text);
  if (slip->found.kind == GR_T_DIM && slip->inside == GR_T_LPAREN)
    rt_hint(slip->parser->error, "an axis is not numbered, but named by its dim: mean(x, T)");
  rt_hint(slip->parser->error, "choose another name, such as `%.*s_`", length, text);
  return true;
}

/* The item that a token belongs to: where the last line begins that has a word in its first column. */
static struct gr_span item_keyword(struct gr_span at) {
  const char *text = at.source->text;
  uint32_t begin = at.begin;
  for (;; begin--) {
    while (begin > 0 && text[begin - 1] != '\n') begin--;
    if (begin == 0 || (text[begin] >= 'a' && text[begin] <= 'z')) break;
  }
  uint32_t end = begin;
  while (text[end] >= 'a' && text[end] <= 'z') end++;
  return (struct gr_span){at.source, begin, end};
}

/* An extern that is written otherwise, or called by another word. */
static const char *extern_form(const struct slip *slip) {
  static const char *const words[] = {"external", "native", "foreign"};
  bool is_extern = gr_is_text(item_keyword(slip->found.span), "extern");
  for (size_t k = 0; k < RT_COUNT(words); k++)
    is_extern |= (slip->expects & GR_EXPECTS_ITEM) && gr_is_text(slip->found.span, words[k]);
  return is_extern ? GR_EXTERN_FORM : NULL;
}

static bool may_follow_keyword(int token) {
  return begins_value(token) || token == GR_T_LBRACE || token == GR_T_LBRACKET || token == GR_T_MINUS;
}

/* retrun x, modle m(text), for l im 0..L. */
static bool misspelt_keyword(const struct slip *slip) {
  static const char *const words[] = {"import", "dim",  "const",    "data",   "head",
                                      "model",  "loss", "train",    "return", "for",
                                      "else",   "with", "instance", "param",  "function"};
  bool follows = (slip->expects & GR_EXPECTS_ASSIGN) && may_follow_keyword(slip->found.kind)
                 && line_of(slip->before.span) == line_of(slip->found.span);
  struct gr_token word = slip->before.kind == GR_T_NAME && follows ? slip->before : slip->found;
  int length = (int)(word.span.end - word.span.begin), least = length < 5 ? 2 : 3;
  const char *best = NULL;
  char text[32];
  if (word.kind != GR_T_NAME || length < 3 || length >= (int)sizeof text) return false;
  snprintf(text, sizeof text, "%.*s", length, gr_text_at(word.span));
  for (size_t k = 0; k < RT_COUNT(words); k++) {
    int distance = rt_edit_distance(text, words[k]);
    if (distance == 0 || distance >= least) continue;
    least = distance;
    best = words[k];
  }
  if (!best) return false;
  for (size_t k = 0; k < RT_COUNT(foreign_words); k++)
    if (gr_is_text(word.span, foreign_words[k].word)) return false;
  gr_fail(slip->parser->error, word.span, "there is no keyword `%s`", text);
  rt_hint(slip->parser->error, "did you mean `%s`?", strcmp(best, "function") ? best : "fn");
  return true;
}

static const char *advice_for(const struct slip *slip) {
  static const char *(*const advice[])(const struct slip *) = {
      extern_form,          foreign_word, stray_setting, brace_line, operator_line,   colon,        equals,
      word_of_the_language, item_form,    construct,     value_form, nameless_result, missing_mark,
  };
  const char *hint = NULL;
  for (size_t k = 0; k < RT_COUNT(advice) && !hint; k++) hint = advice[k](slip);
  return hint;
}

int gr_unexpected(struct gr_parser *parser, struct gr_token found, unsigned expects, const char *expected) {
  struct slip slip = {parser, found, parser->before, expects, expected, 0};
  int open = parser->open_count;
  if (found.kind == GR_T_LPAREN || found.kind == GR_T_LBRACKET || found.kind == GR_T_LBRACE)
    open--; /* itself */
  if (parser->closed) open++;
  if (open > 0) slip.inside = parser->open[open - 1].kind;
  if (open_block(&slip) || wrong_bracket(&slip) || nested_definition(&slip) || keyword_as_name(&slip)
      || misspelt_keyword(&slip))
    return RT_BAD_DATA;
  char what[96];
  describe(found, what, sizeof what);
  gr_fail(parser->error, found.span, "expected %s, found %s", expected, what);
  gr_note(parser->error, found.span, "expected %s", expected);
  bool lines_apart = open > 0 && line_of(parser->open[open - 1].span) < line_of(found.span);
  if (lines_apart && slip.inside != GR_T_LBRACE)
    gr_note(parser->error, parser->open[open - 1].span, "opened here");
  const char *hint = advice_for(&slip);
  if (hint) rt_hint(parser->error, "%s", hint);
  return RT_BAD_DATA;
}
