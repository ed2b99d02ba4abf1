/* syntax_error.c: what is said when a text is not a program: the place, what was expected, and the advice for the usual slips. */
#include "grammar/parse.h"
#include "grammar/parser.h"

int gr_unexpected(struct gr_parser *parser, struct gr_token found, unsigned expects, const char *expected) {
  (void)expects;
  gr_fail(parser->error, found.span, "expected %s", expected);
  gr_note(parser->error, found.span, "expected %s", expected);
  return RT_BAD_DATA;
}

int gr_bad_character(struct gr_parser *parser, struct gr_span span) { return gr_fail(parser->error, span, "unknown character"); }
int gr_bad_number(struct gr_parser *parser, struct gr_span span) { return gr_fail(parser->error, span, "not a number"); }
int gr_bad_quote(struct gr_parser *parser, struct gr_span span) { return gr_fail(parser->error, span, "unterminated string"); }
