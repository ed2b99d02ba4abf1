/* report_host.c: reads rows from standard input and prints their report, for comparison with other programs.
 *
 *     report_host table DIGITS    true<TAB>predicted
 *     report_host text DIGITS     the same rows
 *     report_host json DIGITS [CLASS…]    true<TAB>predicted[<TAB>p1<TAB>p2 …], p in the order of the named
 * classes report_host chance          0 or 1<TAB>probability report_host numbers         true<TAB>predicted
 * numbers, both separated by spaces */
#include "libaq/judge/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_NUMBERS 64

/* Reads up to MAX_NUMBERS numbers. */
static size_t read_numbers(char *text, double *out) {
  size_t n = 0;
  for (char *end; n < MAX_NUMBERS; text = end) {
    double x = strtod(text, &end);
    if (end == text) break;
    out[n++] = x;
  }
  return n;
}

static int add_class_row(struct rep_report *r, char *truth, char *rest, struct rt_error *e) {
  char *proba = strchr(rest, '\t');
  if (proba) *proba++ = 0;
  size_t t, p;
  int status = rep_class(r, truth, &t, e);
  if (!status) status = rep_class(r, rest, &p, e);
  if (status) return status;
  double values[MAX_NUMBERS];
  size_t n = proba ? read_numbers(proba, values) : 0;
  return rep_add_class(r, t, p, proba ? values : NULL, n, e);
}

static int add_row(struct rep_report *r, char *line, struct rt_error *e) {
  line[strcspn(line, "\n")] = 0;
  char *rest = strchr(line, '\t');
  if (!rest) return rt_fail(e, RT_BAD_DATA, "no tab in '%s'", line);
  *rest++ = 0;
  double truth[MAX_NUMBERS], predicted[MAX_NUMBERS];
  switch (r->kind) {
    case REP_CHANCE: return rep_add_chance(r, strtod(line, NULL), strtod(rest, NULL), e);
    case REP_NUMBER:
      read_numbers(rest, predicted);
      return rep_add_numbers(r, truth, predicted, read_numbers(line, truth), e);
    default: return add_class_row(r, line, rest, e);
  }
}

/* scikit-learn's table ends where an empty line and the micro average follow. */
static size_t table_length(const struct rt_text *out) {
  const char *weighted = strstr(out->data, "weighted avg"), *end = weighted ? strchr(weighted, '\n') : NULL;
  return end ? (size_t)(end + 1 - out->data) : out->length;
}

static int run(const char *what, int digits, char **classes, struct rep_report *r, struct rt_error *e) {
  enum rep_kind kind = !strcmp(what, "chance")    ? REP_CHANCE
                       : !strcmp(what, "numbers") ? REP_NUMBER
                                                  : REP_CLASS;
  int status = rep_init(r, kind, e);
  size_t index;
  for (; !status && *classes; classes++) status = rep_class(r, *classes, &index, e);
  char line[4096];
  while (!status && fgets(line, sizeof line, stdin)) status = add_row(r, line, e);
  struct rt_text out = {0};
  if (!status)
    status =
        rep_write(r, digits, !strcmp(what, "table") || !strcmp(what, "text") ? AQ_TEXT : AQ_JSON, &out, e);
  if (!status) fwrite(out.data, 1, !strcmp(what, "table") ? table_length(&out) : out.length, stdout);
  rt_text_free(&out);
  return status;
}

int main(int argc, char **argv) {
  if (argc < 2) {
    fputs("usage: report_host table|text|json|chance|numbers [DIGITS]\n", stderr);
    return RT_USAGE;
  }
  struct rep_report r = {0};
  struct rt_error e = {0};
  bool more = argc > 2;
  int status = run(argv[1], more ? atoi(argv[2]) : 2, argv + 2 + more, &r, &e);
  if (status) fprintf(stderr, "report_host: %s\n", e.text);
  rep_free(&r);
  return status;
}
