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

static const char *text_at(struct gr_span span) { return span.source->text + span.begin; }

static bool is_text(struct gr_span span, const char *text) {
  size_t length = strlen(text);
  return span.source && span.end - span.begin == length && memcmp(text_at(span), text, length) == 0;
}

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
  return token.kind == GR_T_END && *text_at(token.span) == '\n';
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
    snprintf(out, size, "the end of the file");
  else if (is_newline(token))
    snprintf(out, size, "the end of the line");
  else if (token.kind == GR_T_STRING)
    snprintf(out, size, "a string");
  else
    snprintf(out, size, "%s`%.*s`", is_keyword(token.kind) ? "the keyword " : "",
             (int)(token.span.end - token.span.begin < 60 ? token.span.end - token.span.begin : 60),
             text_at(token.span));
}

/* ---- advice: each gives the hint for one slip, or NULL when it is not that slip ---- */

static const char *foreign_word(const struct slip *slip) {
  static const struct {
    const char *word, *hint;
  } words[] = {
      {"def", "a function begins with `fn`: fn f(x) { ... }"},
      {"func", "a function begins with `fn`: fn f(x) { ... }"},
      {"function", "a function begins with `fn`: fn f(x) { ... }"},
      {"lambda", "there are no nameless functions; define one, fn square(x) = x * x, and pass its name"},
      {"class", "there are no classes: a `fn` may own its parameters, and a `model` is what is trained"},
      {"let", "a name is given without a keyword: x = ..."},
      {"var", "a name is given without a keyword: x = ..."},
      {"const", "a constant of a whole program is a `dim`: dim D = 64"},
      {"elif", "write `else if`: if a { ... } else if b { ... }"},
      {"elsif", "write `else if`: if a { ... } else if b { ... }"},
      {"while", "a loop has a fixed number of rounds: for l in 0..L { ... }"},
      {"from", "a file is imported by its path: import \"layers.aq\" as layers"},
      {"include", "a file is imported by its path: import \"layers.aq\" as layers"},
      {"print", "a program computes values and prints nothing; see them with `aqc run`"},
      {"then", "a condition is followed by its block: if L > 2 { ... }"},
      {"pass", "an empty block is written { }"},
  };
  for (size_t k = 0; k < RT_COUNT(words); k++)
    if (is_text(slip->found.span, words[k].word)
        || (slip->found.kind != GR_T_YYEOF && is_text(slip->before.span, words[k].word)))
      return words[k].hint;
  return NULL;
}

static const char *colon(const struct slip *slip) {
  if (slip->found.kind != GR_T_COLON) return NULL;
  char next = next_character(slip->found.span, false);
  if (next == '\n' || next == '\0' || next == '#' || (slip->expects & GR_EXPECTS_BLOCK))
    return "a block stands in braces: { ... }";
  if (slip->expects & GR_EXPECTS_LOOP) return "a range has two dots: 0..L";
  if (slip->inside == GR_T_LBRACKET) return "a range has two dots: x[0..3]";
  if (slip->inside == GR_T_LPAREN) return "an argument is named with `=`: f(x, rate = 0.1)";
  return "a name is given with `=`; only parameters of functions and columns of data have a `:`";
}

static const char *equals(const struct slip *slip) {
  if (slip->found.kind == GR_T_EQ && (slip->expects & GR_EXPECTS_ASSIGN))
    return "`==` compares; a name is given with a single `=`";
  if (slip->found.kind != GR_T_ASSIGN) return NULL;
  if (slip->before.kind == GR_T_LOSS) return "the loss is written without `=`: loss cross_entropy";
  if (slip->before.kind == GR_T_TRAIN || slip->before.kind == GR_T_DATA)
    return "what follows stands in braces, without `=`: train { batch = 32 }";
  if (is_keyword(slip->before.kind)) return "a keyword cannot be a name; choose another";
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
      return slip->expects & GR_EXPECTS_VALUE ? "`if` is a statement: if L > 2 { x = a } else { x = b }"
                                              : NULL;
    case GR_T_INSTANCE:
      return slip->expects & GR_EXPECTS_VALUE
                 ? "an instance is given a name first: shared = instance linear, then shared(x, D)"
                 : NULL;
    case GR_T_ELLIPSIS: return "a range has two dots: 0..L";
    case GR_T_DOTS: return "a range stands in brackets, x[0..3], or behind `in`: for l in 0..L { ... }";
    default: return NULL;
  }
}

static const char *construct(const struct slip *slip) {
  if (slip->found.kind == GR_T_PARAM && !(slip->expects & GR_EXPECTS_OPERATOR))
    return "a parameter is the value of a name: W = param[D, D] = normal(0.02)";
  if (slip->before.kind == GR_T_IMPORT)
    return "the path of the file stands between double quotes: import \"layers.aq\"";
  if (slip->before.kind == GR_T_PARAM)
    return "the shape of a parameter stands in brackets: W = param[D, D] = normal(0.02)";
  if (slip->expects & GR_EXPECTS_LOOP) return "a loop runs over whole numbers: for l in 0..L { ... }";
  if (slip->expects & GR_EXPECTS_RESULT)
    return "say what comes out: -> label for a model, -> [T, D] for an extern";
  if (slip->expects & GR_EXPECTS_SHAPE) return "a type is a shape: [T, D], or [] for a single number";
  if ((slip->expects & GR_EXPECTS_PATH) && slip->found.kind == GR_T_LPAREN)
    return "an instance is given a name first: shared = instance linear, then shared(x, D)";
  if (slip->found.kind == GR_T_LPAREN && slip->before.kind == GR_T_RBRACKET
      && (slip->expects & GR_EXPECTS_BLOCK))
    return "a block stands in braces, and so do the settings of an extern: { library = \"libmy.so\" }";
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

/* A block was left open: the end of the file came, or a definition began. */
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
  if (!is_keyword(slip->found.kind)) return false;
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
  const char *text = text_at(slip->found.span);
  gr_fail(slip->parser->error, slip->found.span, "`%.*s` is a keyword and cannot be a name", length, text);
  if (slip->found.kind == GR_T_DIM && slip->inside == GR_T_LPAREN)
    rt_hint(slip->parser->error, "an axis is not numbered, but named by its dim: mean(x, T)");
  rt_hint(slip->parser->error, "choose another name, such as `%.*s_`", length, text);
  return true;
}

static const char *advice_for(const struct slip *slip) {
  static const char *(*const advice[])(const struct slip *) = {
      foreign_word,         brace_line, operator_line,   colon,        equals,
      word_of_the_language, construct,  nameless_result, missing_mark,
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
  if (open_block(&slip) || wrong_bracket(&slip) || nested_definition(&slip) || keyword_as_name(&slip))
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

/* ---- what the lexer refuses ---- */

int gr_bad_character(struct gr_parser *parser, struct gr_span span) {
  static const struct {
    const char *text, *hint;
  } known[] = {
      {"**", "a power is written x^2"},
      {"//", "a comment begins with `#`; a quotient without remainder is floor(a / b)"},
      {"/*", "a comment begins with `#` and ends with its line"},
      {"--", "a comment begins with `#`; a minus twice is written a - (-b)"},
      {"++", "write x = x + 1"},
      {"+=", "write x = x + ..."},
      {"-=", "write x = x - ..."},
      {"*=", "write x = x * ..."},
      {"/=", "write x = x / ..., or `!=` for `differs from`"},
      {":=", "a name is given with a single `=`"},
      {"<>", "`differs from` is written `!=`"},
      {"===", "values are compared with `==`"},
      {"&&", "write `and`"},
      {"||", "write `or`"},
      {"=>", "a function of one expression is written fn square(x) = x * x; what comes out follows `->`"},
      {"!", "write `not`"},
      {"&", "write `and`"},
      {"|", "write `or`; an absolute value is abs(i - j)"},
      {"~", "write `not`"},
      {"?", "a choice is a statement: if L > 2 { x = a } else { x = b }"},
      {"\\", "a statement goes on in the next line after an operator or a comma, or within ( )"},
      {"`", "a string stands between double quotes: \"...\""},
      {"\xE2\x80\x9C", "a string stands between straight quotes: \"...\""}, /* “ */
      {"\xE2\x80\x9D", "a string stands between straight quotes: \"...\""}, /* ” */
      {"\xE2\x80\x98", "a string stands between straight quotes: \"...\""}, /* ‘ */
      {"\xE2\x80\x99", "the transpose mark is a straight quote: W'"},       /* ’ */
      {"\xE2\x88\x92", "write the minus of the keyboard: -"},               /* − */
      {"\xE2\x80\x93", "write the minus of the keyboard: -"},               /* – */
      {"\xC3\x97", "a product is written a * b"},                           /* × */
      {"\xC2\xB7", "a product is written a * b, of matrices a @ b"},        /* · */
      {"\xC3\xB7", "a quotient is written a / b"},                          /* ÷ */
      {"\xE2\x89\xA4", "write <="},                                         /* ≤ */
      {"\xE2\x89\xA5", "write >="},                                         /* ≥ */
      {"\xE2\x89\xA0", "write !="},                                         /* ≠ */
      {"\xE2\x86\x92", "write ->"},                                         /* → */
      {"\xE2\x80\xA6", "a range has two dots: 0..L"},                       /* … */
      {"\xC2\xB2", "a square is written x^2"},                              /* ² */
      {"\xC2\xA0", "this is a no-break space; replace it by an ordinary one"},
      {"\xEF\xBC\x88", "write the ASCII parenthesis: ("}, /* （ */
      {"\xEF\xBC\x89", "write the ASCII parenthesis: )"}, /* ） */
      {"\xEF\xBC\x8C", "write the ASCII comma: ,"},       /* ， */
      {"\xEF\xBC\x9A", "write the ASCII colon: :"},       /* ： */
  };
  unsigned char first = (unsigned char)*text_at(span);
  int length = (int)(span.end - span.begin);
  if (first < 0x20 || first == 0x7F)
    gr_fail(parser->error, span, "there is a control character, 0x%02X, in the source", first);
  else if (length > 1 && first < 0x80)
    gr_fail(parser->error, span, "there is no `%.*s`", length, text_at(span));
  else
    gr_fail(parser->error, span, "the character `%.*s` has no meaning here", length, text_at(span));
  for (size_t k = 0; k < RT_COUNT(known); k++)
    if (is_text(span, known[k].text)) rt_hint(parser->error, "%s", known[k].hint);
  if (first >= 0x80) rt_hint(parser->error, "names consist of the letters a to z, digits and `_`");
  return RT_BAD_DATA;
}

int gr_bad_escape(struct gr_parser *parser, struct gr_span span) {
  gr_fail(parser->error, span, "this escape is not known");
  rt_hint(parser->error, "known are \\\" \\\\ \\n and \\t; a backslash itself is written \\\\");
  return RT_BAD_DATA;
}

int gr_bad_number(struct gr_parser *parser, struct gr_span span) {
  const char *text = text_at(span);
  size_t length = span.end - span.begin, digits = strspn(text, "0123456789");
  if (text[0] == '.') {
    gr_fail(parser->error, span, "a number begins with a digit");
    rt_hint(parser->error, "write 0%.*s", (int)length, text);
  } else if (digits < length && text[digits] == '.' && length <= digits + 2) {
    gr_fail(parser->error, span, "a number does not end with a dot");
    rt_hint(parser->error, "write %.*s or %.*s.0", (int)digits, text, (int)digits, text);
  } else if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X' || text[1] == 'b')) {
    gr_fail(parser->error, span, "numbers are decimal");
  } else if (text[digits] == '_') {
    gr_fail(parser->error, span, "digits are written without separators");
  } else {
    gr_fail(parser->error, span, "a name cannot begin with a digit");
    rt_hint(parser->error, "a product is written %.*s * %.*s", (int)digits, text, (int)(length - digits),
            text + digits);
  }
  return RT_BAD_DATA;
}

int gr_bad_quote(struct gr_parser *parser, struct gr_span span) {
  const char *text = text_at(span);
  if (*text == '"') {
    gr_fail(parser->error, span, "this string is not closed");
    rt_hint(parser->error, "close it with `\"` on the same line; a newline within a string is written \\n");
    return RT_BAD_DATA;
  }
  size_t inside = strcspn(text + 1, "'\n");
  if (text[1 + inside] == '\'') {
    span.end = span.begin + (uint32_t)inside + 2;
    gr_fail(parser->error, span, "a string stands between double quotes");
    rt_hint(parser->error, "write \"%.*s\"", inside < 200 ? (int)inside : 0, text + 1);
  } else {
    gr_fail(parser->error, span, "`'` transposes the value that it touches, and there is none");
    rt_hint(parser->error, "write it right after the value: W'");
  }
  return RT_BAD_DATA;
}
