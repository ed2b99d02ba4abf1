/* bad_token.c: what is said of characters that are no token. */
#include "grammar/parse.h"

#include <stdio.h>
#include <string.h>

int gr_bad_character(struct gr_parser *parser, struct gr_span span) {
  static const struct {
    const char *text, *hint;
  } known[] = {
      {"**", "a power is written x^2"},
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
      {"?",
       "element by element a choice is where(condition, a, b); by sizes, if L > 2 { x = a } else { x = b }"},
      {"$", "names consist of the letters a to z, digits and `_`"},
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
  unsigned char first = (unsigned char)*gr_text_at(span);
  int length = (int)(span.end - span.begin);
  if (first < 0x20 || first == 0x7F)
    gr_fail(parser->error, span, "there is a control character, 0x%02X, in the source", first);
  else if (length > 1 && first < 0x80)
    gr_fail(parser->error, span, "there is no `%.*s`", length, gr_text_at(span));
  else
    gr_fail(parser->error, span, "the character `%.*s` has no meaning here", length, gr_text_at(span));
  for (size_t k = 0; k < RT_COUNT(known); k++)
    if (gr_is_text(span, known[k].text)) rt_hint(parser->error, "%s", known[k].hint);
  if (first >= 0x80) rt_hint(parser->error, "names consist of the letters a to z, digits and `_`");
  return RT_BAD_DATA;
}

int gr_bad_escape(struct gr_parser *parser, struct gr_span span) {
  gr_fail(parser->error, span, "this escape is not known");
  rt_hint(parser->error, "known are \\\" \\\\ \\n and \\t; a backslash itself is written \\\\");
  return RT_BAD_DATA;
}

int gr_bad_number(struct gr_parser *parser, struct gr_span span) {
  const char *text = gr_text_at(span);
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
    rt_hint(parser->error, "a million is 1000000 or 1e6");
  } else {
    gr_fail(parser->error, span, "a name cannot begin with a digit");
    rt_hint(parser->error, "a product is written %.*s * %.*s", (int)digits, text, (int)(length - digits),
            text + digits);
  }
  return RT_BAD_DATA;
}

int gr_bad_quote(struct gr_parser *parser, struct gr_span span) {
  const char *text = gr_text_at(span);
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
    gr_fail(parser->error, span, "`'` transposes the value just before it, and there is no value here");
    rt_hint(parser->error, "write it right after the value: W'");
  }
  return RT_BAD_DATA;
}
