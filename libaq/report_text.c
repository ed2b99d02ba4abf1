/* report_text.c: lays a report out for a person and for a program. */
#include "libaq/report.h"
#include "runtime/io/number.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_SIZE 64

/* The host may have set a locale that writes a comma; a report always writes a point. */
static void use_point(char *number) {
  const char *point = localeconv()->decimal_point;
  size_t length = strlen(point);
  char *at = length ? strstr(number, point) : NULL;
  if (!at) return;
  *at = '.';
  memmove(at + 1, at + length, strlen(at + length) + 1);
}

static void fixed(char *out, double x, int digits) {
  snprintf(out, NUMBER_SIZE, fabs(x) < 1e15 ? "%.*f" : "%.*e", digits, x);
  use_point(out);
}

void rep_exact(char out[REP_EXACT_SIZE], double x) {
  for (int digits = 15; digits <= 17; digits++) {
    double read = x;
    snprintf(out, REP_EXACT_SIZE, "%.*g", digits, x);
    use_point(out);
    if (!io_number_parse(out, strlen(out), &read) && read == x) break;
  }
}

static const char *escape_of(char c) {
  return c == '\n' ? "\\n" : c == '\t' ? "\\t" : c == '\r' ? "\\r" : NULL;
}

void rep_escape(struct rt_text *out, const char *text, size_t length) {
  for (size_t k = 0; k < length; k++) {
    const char *escape = escape_of(text[k]);
    if (escape)
      rt_text_puts(out, escape);
    else
      rt_text_add(out, text + k, 1);
  }
}

/* Columns are counted in code points, as scikit-learn does. */
static int code_points(const char *text) {
  int n = 0;
  for (; *text; text++) n += (((unsigned char)*text & 0xC0) != 0x80) + (escape_of(*text) != NULL);
  return n;
}

static bool occurs(const struct rep_class *c) { return c->truths || c->predictions; }

static int name_width(const struct rep_report *r, int digits) {
  int width = (int)strlen(r->class_count ? "weighted avg" : "bits_per_token");
  width = digits > width ? digits : width;
  for (size_t c = 0; c < r->class_count; c++)
    if (occurs(&r->classes[c]) && code_points(r->classes[c].name) > width)
      width = code_points(r->classes[c].name);
  return width;
}

static void add_name(struct rt_text *out, const char *name, int width) {
  rt_text_printf(out, "%*s", width - code_points(name), "");
  rep_escape(out, name, strlen(name));
  rt_text_puts(out, " ");
}

static void add_row(struct rt_text *out, const char *name, int width, int digits, struct rep_scores s) {
  char p[NUMBER_SIZE], q[NUMBER_SIZE], f[NUMBER_SIZE];
  fixed(p, s.precision, digits);
  fixed(q, s.recall, digits);
  fixed(f, s.f1, digits);
  add_name(out, name, width);
  rt_text_printf(out, " %9s %9s %9s %9llu\n", p, q, f, (unsigned long long)s.support);
}

static int clamp_digits(int digits) { return digits < 1 ? 1 : digits > 15 ? 15 : digits; }

int rep_table(const struct rep_report *r, int digits, struct rt_text *out, struct rt_error *e) {
  if (!r->class_count || !r->rows) return RT_OK;
  digits = clamp_digits(digits);
  int width = name_width(r, digits);
  rt_text_printf(out, "%*s  %9s %9s %9s %9s\n\n", width, "", "precision", "recall", "f1-score", "support");
  for (size_t k = 0; k < r->class_count; k++) {
    const struct rep_class *c = &r->classes[r->order[k]];
    if (occurs(c)) add_row(out, c->name, width, digits, rep_class_scores(r, r->order[k]));
  }
  /* Over all classes precision, recall and f1 are the accuracy, and f1 is the one that scikit-learn prints.
   */
  char f[NUMBER_SIZE];
  fixed(f, rep_average_scores(r, REP_MICRO).f1, digits);
  rt_text_puts(out, "\n");
  add_name(out, "accuracy", width);
  rt_text_printf(out, " %9s %9s %9s %9llu\n", "", "", f, (unsigned long long)r->rows);
  add_row(out, "macro avg", width, digits, rep_average_scores(r, REP_MACRO));
  add_row(out, "weighted avg", width, digits, rep_average_scores(r, REP_WEIGHTED));
  return out->failed ? rt_no_memory(e) : RT_OK;
}

/* The table shows what is made of counts; the other metrics follow it, one per line. */
enum { MOST_LISTED = 20 };

static void add_unanswered(const struct rep_report *r, struct rt_text *out) {
  if (r->unanswered)
    rt_text_printf(out,
                   "\n%llu tag%s no answer, as the word is behind the limit of its text: counted as %s\n",
                   (unsigned long long)r->unanswered, r->unanswered == 1 ? " has" : "s have",
                   r->unanswered == 1 ? "an error" : "errors");
}

/* The labels that the model does not have, since nothing that it answers can be right there. */
static void add_unseen(const struct rep_report *r, struct rt_text *out) {
  unsigned long long rows = rep_unseen_rows(r);
  const char *what = r->kind == REP_TAGS ? "tag" : "row";
  if (!rows) return;
  rt_text_printf(out, "\n%llu %s%s with labels that training did not see, counted as errors:", rows, what,
                 rows == 1 ? "" : "s");
  int listed = 0, count = 0;
  for (size_t k = 0; k < r->class_count; k++) {
    const struct rep_class *c = &r->classes[r->order[k]];
    if (r->order[k] < r->model_classes || !c->truths || ++count > MOST_LISTED) continue;
    rt_text_puts(out, listed++ ? ", " : " ");
    rep_escape(out, c->name, strlen(c->name));
    rt_text_printf(out, " (%llu)", (unsigned long long)c->truths);
  }
  if (count > listed) rt_text_printf(out, ", … (%d labels)", count);
  rt_text_puts(out, "\n");
}

int rep_text(struct rep_report *r, int digits, struct rt_text *out, struct rt_error *e) {
  digits = clamp_digits(digits);
  int width = name_width(r, digits);
  if (!r->rows) {
    rt_text_puts(out, "no rows\n");
    return out->failed ? rt_no_memory(e) : RT_OK;
  }
  if (r->class_count) {
    int status = rep_table(r, digits, out, e);
    if (status) return status;
    rt_text_puts(out, "\n");
    add_row(out, "micro avg", width, digits, rep_average_scores(r, REP_MICRO));
  } else {
    add_name(out, rep_target(r->kind)->rows, width);
    rt_text_printf(out, " %9llu\n", (unsigned long long)r->rows);
  }
  add_unanswered(r, out);
  add_unseen(r, out);
  if (rep_scored_rows(r) < r->rows)
    rt_text_printf(out, "what follows is over the other %llu:\n\n", (unsigned long long)rep_scored_rows(r));
  for (size_t m = 0; m < rep_metric_count; m++) {
    const struct rep_metric *metric = &rep_metrics[m];
    double value = (metric->kinds & r->kind) && !(metric->flags & REP_IN_TABLE) ? metric->value(r) : NAN;
    if (isnan(value)) continue;
    char number[NUMBER_SIZE];
    fixed(number, value, digits);
    add_name(out, metric->name, width);
    rt_text_printf(out, " %9s\n", number);
  }
  return out->failed ? rt_no_memory(e) : RT_OK;
}

static void json_string(struct rt_text *out, const char *s) {
  rt_text_puts(out, "\"");
  for (; *s; s++) {
    if (*s == '"' || *s == '\\')
      rt_text_printf(out, "\\%c", *s);
    else if ((unsigned char)*s < 0x20)
      rt_text_printf(out, "\\u%04x", (unsigned)*s);
    else
      rt_text_add(out, s, 1);
  }
  rt_text_puts(out, "\"");
}

static void json_number(struct rt_text *out, const char *key, double x) {
  char number[NUMBER_SIZE] = "null";
  if (isfinite(x)) rep_exact(number, x);
  rt_text_printf(out, ",\"%s\":%s", key, number);
}

/* The members of one line of the table. */
static void json_scores(struct rt_text *out, struct rep_scores s) {
  rt_text_printf(out, "\"support\":%llu", (unsigned long long)s.support);
  json_number(out, "precision", s.precision);
  json_number(out, "recall", s.recall);
  json_number(out, "f1", s.f1);
}

static void json_averages(const struct rep_report *r, struct rt_text *out) {
  static const char *const open[] = {",\"averages\":{\"micro\":{", "},\"macro\":{", "},\"weighted\":{"};
  for (int average = REP_MICRO; average <= REP_WEIGHTED; average++) {
    rt_text_puts(out, open[average]);
    json_scores(out, rep_average_scores(r, (enum rep_average)average));
  }
  rt_text_puts(out, "}}");
}

static void json_classes(const struct rep_report *r, struct rt_text *out) {
  rt_text_puts(out, ",\"classes\":[");
  for (size_t k = 0; k < r->class_count; k++) {
    rt_text_puts(out, k ? ",{\"name\":" : "{\"name\":");
    json_string(out, r->classes[r->order[k]].name);
    rt_text_puts(out, ",");
    json_scores(out, rep_class_scores(r, r->order[k]));
    rt_text_printf(out, ",\"predicted\":%llu}", (unsigned long long)r->classes[r->order[k]].predictions);
  }
  rt_text_puts(out, "]");
  json_averages(r, out);
}

static void json_unseen(const struct rep_report *r, struct rt_text *out) {
  int listed = 0;
  rt_text_printf(out, ",\"unseen\":{\"rows\":%llu,\"labels\":[", (unsigned long long)rep_unseen_rows(r));
  for (size_t k = 0; k < r->class_count; k++) {
    const struct rep_class *c = &r->classes[r->order[k]];
    if (r->order[k] < r->model_classes || !c->truths) continue;
    rt_text_puts(out, listed++ ? ",{\"name\":" : "{\"name\":");
    json_string(out, c->name);
    rt_text_printf(out, ",\"rows\":%llu}", (unsigned long long)c->truths);
  }
  rt_text_puts(out, "]}");
}

/* confusion[truth][prediction], both in the order of "classes". */
static void json_confusion(const struct rep_report *r, struct rt_text *out) {
  rt_text_puts(out, ",\"confusion\":[");
  for (size_t t = 0; t < r->class_count; t++) {
    rt_text_puts(out, t ? ",[" : "[");
    for (size_t p = 0; p < r->class_count; p++)
      rt_text_printf(out, p ? ",%llu" : "%llu",
                     (unsigned long long)r->confusion[r->order[t] * r->confusion_side + r->order[p]]);
    rt_text_puts(out, "]");
  }
  rt_text_puts(out, "]");
}

int rep_json(struct rep_report *r, struct rt_text *out, struct rt_error *e) {
  rt_text_printf(out, "{\"kind\":\"%s\",\"rows\":%llu", rep_target(r->kind)->name,
                 (unsigned long long)r->rows);
  for (size_t m = 0; m < rep_metric_count; m++)
    if (rep_metrics[m].kinds & r->kind) json_number(out, rep_metrics[m].name, rep_metrics[m].value(r));
  if (r->class_count) {
    json_classes(r, out);
    if (r->kind == REP_TAGS) rt_text_printf(out, ",\"unanswered\":%llu", (unsigned long long)r->unanswered);
    if (r->model_classes) json_unseen(r, out);
    if (r->confusion) json_confusion(r, out);
  }
  rt_text_puts(out, "}");
  return out->failed ? rt_no_memory(e) : RT_OK;
}
