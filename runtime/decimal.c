/* decimal.c: a decimal number from its text. Whoever reads numbers reads them so: the data and the programs.
 */
#include "runtime/base.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A number taken apart: ±digits × 10^exponent. */
struct decimal {
  bool negative, exact; /* exact: digits holds all of them; otherwise the number is read from its text */
  uint64_t digits;
  int64_t exponent; /* of digits, the written one included */
  int64_t written;  /* what stands behind the e */
  size_t mantissa;  /* bytes before the e */
};

enum {
  MOST_EXPONENT = 100000,  /* far beyond every double, and far from overflow */
  LONGEST_NUMBER = 1 << 10 /* bytes before the e */
};
static const uint64_t ROOM_FOR_DIGIT =
    UINT64_C(100000000000000000); /* times ten and nine is less than 2^64 */

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static size_t scan_digits(const char *text, size_t length, size_t at, bool fraction, struct decimal *d) {
  for (; at < length && is_digit(text[at]); at++) {
    d->exact = d->exact && d->digits < ROOM_FOR_DIGIT;
    if (!d->exact) continue;
    d->digits = d->digits * 10 + (uint64_t)(text[at] - '0');
    d->exponent -= fraction;
  }
  return at;
}

/* e-12, from the e on; false when there is no digit. */
static bool scan_exponent(const char *text, size_t length, size_t *at, struct decimal *d) {
  bool negative = false;
  ++*at;
  if (*at < length && (text[*at] == '+' || text[*at] == '-')) negative = text[(*at)++] == '-';
  size_t begin = *at;
  for (; *at < length && is_digit(text[*at]); ++*at)
    if (d->written < MOST_EXPONENT) d->written = d->written * 10 + (text[*at] - '0');
  if (negative) d->written = -d->written;
  return *at > begin;
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
  d->mantissa = at;
  if (digits == 0) return false;
  if (at < length && (text[at] == 'e' || text[at] == 'E') && !scan_exponent(text, length, &at, d))
    return false;
  return at == length;
}

/* By the C library, in the C locale: strtod alone takes the decimal point of the host's locale. */
static const char *read_slowly(const char *text, const struct decimal *d, double *number) {
  char copy[LONGEST_NUMBER + 32];
  if (d->mantissa > LONGEST_NUMBER) return "is too long for a number";
  snprintf(copy, sizeof copy, "%.*se%lld", (int)d->mantissa, text, (long long)d->written);
  locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
  if (c == (locale_t)0) return "cannot be read: out of memory";
  *number = strtod_l(copy, NULL, c);
  freelocale(c);
  return isfinite(*number) ? NULL : "is too large";
}

const char *rt_number(const char *text, size_t length, int shift, double *number) {
  /* digits < 2^53 and the powers of ten are exact doubles, so that their product or quotient is rounded once
   * (Clinger 1990). */
  static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                  1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  struct decimal d;
  if (!scan_decimal(text, length, &d)) return "is not a number";
  d.written += shift;
  d.exponent += d.written;
  int64_t size = d.exponent < 0 ? -d.exponent : d.exponent;
  if (!d.exact || d.digits >= UINT64_C(1) << 53 || size >= (int64_t)RT_COUNT(powers))
    return read_slowly(text, &d, number);
  double value = d.exponent < 0 ? (double)d.digits / powers[size] : (double)d.digits * powers[size];
  *number = d.negative ? -value : value;
  return NULL;
}
