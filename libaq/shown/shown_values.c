/* shown_values.c: single values as text. Numbers have a point: calls run in the locale C (runtime/mode.h). */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "libaq/shown/printable.h"
#include "libaq/shown/shown_tree.h"
#include "runtime/io/number.h"

void shown_fixed(char out[SHOWN_FIXED_SIZE], double x, int digits) {
  if (isnan(x)) /* there is none */
    strcpy(out, "-");
  else
    snprintf(out, SHOWN_FIXED_SIZE, fabs(x) < 1e15 ? "%.*f" : "%.*e", digits, x);
}

void shown_exact(char out[SHOWN_EXACT_SIZE], double x) {
  for (int digits = 15; digits <= 17; digits++) {
    double read = x;
    snprintf(out, SHOWN_EXACT_SIZE, "%.*g", digits, x);
    if (!io_number_parse(out, strlen(out), &read) && read == x) break;
  }
}

void shown_short(char out[SHOWN_EXACT_SIZE], double x) { snprintf(out, SHOWN_EXACT_SIZE, "%g", x); }

void shown_scaled(struct rt_text *out, double x, const char *unit) {
  static const char *const prefix[] = {"", "k", "M", "G", "T", "P"};
  char number[SHOWN_EXACT_SIZE];
  int n = 0;
  for (; x >= 1000 && n < 5; n++) x /= 1000;
  snprintf(number, sizeof number, n ? "%.3g" : "%.4g", x);
  rt_text_printf(out, "%s %s%s", number, prefix[n], unit);
}

static const char *escape_of(char c) {
  return c == '\n' ? "\\n" : c == '\t' ? "\\t" : c == '\r' ? "\\r" : NULL;
}

void shown_escape(struct rt_text *out, const char *text, size_t length) {
  for (size_t k = 0; k < length; k++) {
    const char *escape = escape_of(text[k]);
    if (escape)
      rt_text_puts(out, escape);
    else
      rt_text_add(out, text + k, 1);
  }
}

void shown_value(const struct shown_node *node, struct rt_text *out) {
  char number[SHOWN_FIXED_SIZE];
  if (node->kind == SHOWN_WHOLE) rt_text_printf(out, "%lld", (long long)node->whole);
  if (node->kind == SHOWN_FLAG) rt_text_puts(out, node->flag ? "yes" : "no");
  if (node->kind == SHOWN_TEXT) printable_line(out, node->text);
  if (node->kind != SHOWN_REAL) return;
  shown_fixed(number, node->real, node->digits);
  rt_text_puts(out, number);
}
