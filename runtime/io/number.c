/* number.c: numbers in text, whatever the process's locale. */
#include "runtime/io/number.h"

#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

bool io_is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
static bool is_digit(char c) { return c >= '0' && c <= '9'; }

void io_trim(const char **text, size_t *length) {
  while (*length > 0 && io_is_space((*text)[*length - 1])) --*length;
  while (*length > 0 && io_is_space(**text)) {
    ++*text;
    --*length;
  }
}

/* A number taken apart: value = ±digits × 10^exponent, as long as no more than 18 digits fit. */
struct decimal {
  bool negative, exact; /* exact: digits holds all of them */
  uint64_t digits;
  int exponent;
};

static size_t scan_digits(const char *text, size_t length, size_t at, bool fraction, struct decimal *d) {
  for (; at < length && is_digit(text[at]); at++) {
    d->exact = d->exact && d->digits < UINT64_C(100000000000000000);
    if (!d->exact) continue;
    d->digits = d->digits * 10 + (uint64_t)(text[at] - '0');
    d->exponent -= fraction;
  }
  return at;
}

/* True when text is a number: [+-] digits [. digits] [e [+-] digits] with a digit before the e. */
static bool scan_decimal(const char *text, size_t length, struct decimal *d) {
  size_t at = 0, begin;
  *d = (struct decimal){.exact = true};
  if (at < length && (text[at] == '+' || text[at] == '-')) d->negative = text[at++] == '-';
  begin = at;
  at = scan_digits(text, length, at, false, d);
  size_t digits = at - begin;
  if (at < length && text[at] == '.') {
    begin = ++at;
    at = scan_digits(text, length, at, true, d);
    digits += at - begin;
  }
  if (digits == 0) return false;
  if (at < length && (text[at] == 'e' || text[at] == 'E')) {
    d->exact = false; /* rare: left to strtod */
    at++;
    if (at < length && (text[at] == '+' || text[at] == '-')) at++;
    begin = at;
    while (at < length && is_digit(text[at])) at++;
    if (at == begin) return false;
  }
  return at == length;
}

/* strtod reads the decimal point of the locale; the C locale's is a point. */
static const char *parse_slowly(const char *text, size_t length, double *number) {
  char copy[1024];
  if (length >= sizeof copy) return "is too long for a number";
  memcpy(copy, text, length);
  copy[length] = '\0';
  locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
  if (c == (locale_t)0) return "cannot be read: out of memory";
  *number = strtod_l(copy, NULL, c);
  freelocale(c);
  return isfinite(*number) ? NULL : "is too large";
}

const char *io_number_parse(const char *text, size_t length, double *number) {
  /* digits < 2^53 and the power of ten are exact doubles, so that their quotient is rounded once (Clinger
   * 1990) */
  static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                  1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  struct decimal d;
  io_trim(&text, &length);
  if (!scan_decimal(text, length, &d)) return "is not a number";
  if (!d.exact || d.digits >= UINT64_C(1) << 53 || -d.exponent >= (int)RT_COUNT(powers))
    return parse_slowly(text, length, number);
  double value = (double)d.digits / powers[-d.exponent];
  *number = d.negative ? -value : value;
  return NULL;
}

bool io_items_next(struct io_items *items, const char **item, size_t *length) {
  while (items->at < items->length && io_is_space(items->text[items->at])) items->at++;
  if (items->at == items->length && !items->comma) return false;
  size_t begin = items->at;
  while (items->at < items->length && items->text[items->at] != ',' && !io_is_space(items->text[items->at]))
    items->at++;
  *item = items->text + begin;
  *length = items->at - begin;
  while (items->at < items->length && io_is_space(items->text[items->at])) items->at++;
  items->comma = items->at < items->length && items->text[items->at] == ',';
  items->at += items->comma;
  return true;
}
