/* expected.h: what could have come next, in few words. Only parser.y includes it: bison tells no other file
 * its symbols. */
#ifndef AQ_GRAMMAR_EXPECTED_H
#define AQ_GRAMMAR_EXPECTED_H

/* The tokens that can begin or continue an expression; a message sums them up instead of listing them. */
static bool begins_value(yysymbol_kind_t symbol) {
  switch (symbol) {
    case YYSYMBOL_NAME:
    case YYSYMBOL_NUMBER:
    case YYSYMBOL_STRING:
    case YYSYMBOL_LPAREN:
    case YYSYMBOL_LBRACKET:
    case YYSYMBOL_LBRACE: /* of a block with a value */
    case YYSYMBOL_MINUS:
    case YYSYMBOL_NOT:
    case YYSYMBOL_PARAM:
    case YYSYMBOL_INSTANCE:
    case YYSYMBOL_TIMES: return true;
    default: return false;
  }
}

static bool continues_value(yysymbol_kind_t symbol) {
  switch (symbol) {
    case YYSYMBOL_OR:
    case YYSYMBOL_AND:
    case YYSYMBOL_LT:
    case YYSYMBOL_LE:
    case YYSYMBOL_GT:
    case YYSYMBOL_GE:
    case YYSYMBOL_EQ:
    case YYSYMBOL_NE:
    case YYSYMBOL_PLUS:
    case YYSYMBOL_MINUS:
    case YYSYMBOL_TIMES:
    case YYSYMBOL_DIVIDE:
    case YYSYMBOL_QUOTIENT:
    case YYSYMBOL_MODULO:
    case YYSYMBOL_MATMUL:
    case YYSYMBOL_POWER:
    case YYSYMBOL_PRIME:
    case YYSYMBOL_DOT:
    case YYSYMBOL_LPAREN:
    case YYSYMBOL_LBRACKET:
    case YYSYMBOL_WITH:
    case YYSYMBOL_ASSIGN: return true;
    default: return false;
  }
}

static bool begins_item(yysymbol_kind_t symbol) {
  return symbol >= YYSYMBOL_IMPORT && symbol <= YYSYMBOL_EXTERN && symbol != YYSYMBOL_AS;
}

static bool begins_statement(yysymbol_kind_t symbol) {
  return symbol == YYSYMBOL_NAME || symbol == YYSYMBOL_FOR || symbol == YYSYMBOL_IF
         || symbol == YYSYMBOL_RETURN;
}

static bool contains(const yysymbol_kind_t *symbols, int count, yysymbol_kind_t symbol) {
  for (int k = 0; k < count; k++)
    if (symbols[k] == symbol) return true;
  return false;
}

static unsigned what_is_expected(const yysymbol_kind_t *symbols, int count) {
#define HAS(symbol) contains(symbols, count, YYSYMBOL_##symbol)
  unsigned expects = 0;
  if (HAS(NUMBER)) expects |= GR_EXPECTS_VALUE;
  if (HAS(MATMUL)) expects |= GR_EXPECTS_OPERATOR;
  if (HAS(RETURN)) expects |= GR_EXPECTS_STATEMENT;
  if (HAS(FN) && HAS(DIM)) expects |= GR_EXPECTS_ITEM;
  if (HAS(END)) expects |= GR_EXPECTS_END;
  if (HAS(LBRACE) && !HAS(NUMBER)) expects |= GR_EXPECTS_BLOCK;
  if (HAS(ASSIGN) && !HAS(MATMUL)) expects |= GR_EXPECTS_ASSIGN;
  if (HAS(NAME) && !HAS(NUMBER) && !HAS(RETURN)) expects |= GR_EXPECTS_NAME;
  if (HAS(DOTS) && HAS(MATMUL) && !HAS(RBRACKET)) expects |= GR_EXPECTS_LOOP;
  if (HAS(DOT) && !HAS(MATMUL)) expects |= GR_EXPECTS_PATH;
  if (count == 1 && HAS(ARROW)) expects |= GR_EXPECTS_RESULT;
  if (count == 1 && HAS(LBRACKET)) expects |= GR_EXPECTS_SHAPE;
  if (count == 1 && HAS(COLON)) expects |= GR_EXPECTS_KIND;
  return expects;
#undef HAS
}

/* Fills pieces with what a person would say is expected; returns how many. */
static int name_expected(const yysymbol_kind_t *symbols, int count, unsigned expects, const char **pieces) {
  int n = 0;
  if (expects & GR_EXPECTS_ITEM) pieces[n++] = "a definition (`fn`, `head`, `model`, `data`, ...)";
  if (expects & GR_EXPECTS_STATEMENT) pieces[n++] = "a statement";
  if (expects & GR_EXPECTS_VALUE) pieces[n++] = "an expression";
  for (int k = 0; k < count; k++) {
    if ((expects & GR_EXPECTS_ITEM)
        && (begins_item(symbols[k]) || symbols[k] == YYSYMBOL_SETTING || symbols[k] == YYSYMBOL_YYEOF))
      continue;
    if ((expects & GR_EXPECTS_STATEMENT) && begins_statement(symbols[k])) continue;
    if ((expects & GR_EXPECTS_VALUE) && begins_value(symbols[k])) continue;
    /* `loss` is the name of a metric too, and a setting on a command line may begin with `train`. */
    if ((expects & GR_EXPECTS_VALUE) && (symbols[k] == YYSYMBOL_LOSS || symbols[k] == YYSYMBOL_TRAIN))
      continue;
    if ((expects & GR_EXPECTS_OPERATOR) && continues_value(symbols[k])) continue;
    if (symbols[k] == YYSYMBOL_DOTS && !(expects & GR_EXPECTS_LOOP)) continue;
    if (symbols[k] == YYSYMBOL_YYEOF && (expects & GR_EXPECTS_END)) continue;
    pieces[n++] = yysymbol_name(symbols[k]);
  }
  return n;
}

/* The message of a token that does not fit. */
enum { EXPECTED_MAX = YYNTOKENS, EXPECTED_SHOWN = 5 };

static int yyreport_syntax_error(const yypcontext_t *context, struct gr_parser *parser) {
  yysymbol_kind_t symbols[EXPECTED_MAX];
  const char *pieces[EXPECTED_MAX + 3];
  int count = yypcontext_expected_tokens(context, symbols, EXPECTED_MAX);
  if (count < 0) return YYENOMEM;
  unsigned expects = what_is_expected(symbols, count);
  int shown = name_expected(symbols, count, expects, pieces);
  if (shown > EXPECTED_SHOWN) shown = EXPECTED_SHOWN;
  for (int k = 0; k < shown && parser->source->typed; k++)
    if (pieces[k] == yysymbol_name(YYSYMBOL_YYEOF)) pieces[k] = "the end";
  char text[256] = "";
  for (int k = 0, length = 0; k < shown; k++)
    length += snprintf(text + length, sizeof text - (size_t)length, "%s%s",
                       k == 0           ? ""
                       : k == shown - 1 ? " or "
                                        : ", ",
                       pieces[k]);
  gr_unexpected(parser, parser->last, expects, text);
  return 0;
}

#endif
