/* answers.c: one output is a text or a number; several are a JSON object, {"topic":"oil","stars":4.5}. */
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "answers.h"
SQLITE_EXTENSION_INIT3

bool answer_is_simple(const struct model *m) {
  for (size_t o = 0; o < m->outputs; o++)
    if (m->form[o] == FORM_LABELS || m->form[o] == FORM_OTHER) return false;
  return true;
}

aq_predict_options answer_options(struct stream *stream) {
  aq_predict_options options;
  aq_predict_options_init(&options);
  options.read = stream_read;
  options.write = stream_write;
  options.context = stream;
  return options;
}

/* One output: a text, a number, or nothing. */
struct answer {
  const char *text; /* NULL: it is a number */
  size_t length;
  double number;
  bool none;
};

/* ---- from the scores ---- */

/* The scores that count: those of the only row, or behind the last token of a text. */
static struct answer answer_of_scores(const struct model *m, size_t output) {
  size_t rows, columns, best = 0;
  const double *p = session_scores(m->session, output, &rows, &columns);
  if (!p || !rows || !columns) return (struct answer){.none = true};
  if (m->form[output] == FORM_NUMBER) return (struct answer){.number = *p};
  p += (rows - 1) * columns;
  for (size_t k = 1; k < columns; k++)
    if (p[k] > p[best]) best = k;
  const char *label = aq_model_class(m->model, output, best);
  return (struct answer){.text = label, .length = strlen(label)};
}

/* ---- from a line ---- */

/* In lines numbers have a point, whatever the locale. */
static double number_of(const char *text, size_t length) {
  char number[64];
  if (length >= sizeof number) length = sizeof number - 1;
  memcpy(number, text, length);
  number[length] = 0;
  char *point = strchr(number, '.');
  if (point) *point = *localeconv()->decimal_point;
  return strtod(number, NULL);
}

/* In lines \n, \r, \t and \\ stand for one character of a label. */
static void add_label(sqlite3_str *to, const char *text, size_t length) {
  static const char escape[] = "nrt\\", means[] = "\n\r\t\\";
  for (size_t k = 0; k < length; k++) {
    const char *found = text[k] == '\\' && k + 1 < length ? strchr(escape, text[k + 1]) : NULL;
    sqlite3_str_appendchar(to, 1, found ? means[found - escape] : text[k]);
    if (found) k++;
  }
}

/* Outputs have tabs between them. The text of a label goes to `label`. */
static struct answer answer_of_line(enum form form, const char **line, sqlite3_str *label) {
  const char *text = *line;
  size_t length = strcspn(text, "\t");
  *line += text[length] ? length + 1 : length;
  if (form == FORM_NUMBER) return (struct answer){.number = number_of(text, length)};
  if (form == FORM_CLASS || form == FORM_NEXT) {
    add_label(label, text, length);
    return (struct answer){.text = sqlite3_str_value(label), .length = (size_t)sqlite3_str_length(label)};
  }
  return (struct answer){.text = text, .length = length};
}

/* ---- to SQL ---- */

static void add_string(sqlite3_str *json, const char *text, size_t length) {
  sqlite3_str_appendchar(json, 1, '"');
  for (size_t k = 0; k < length; k++) {
    unsigned char c = (unsigned char)text[k];
    if (c < 32)
      sqlite3_str_appendf(json, "\\u%04x", c);
    else if (c == '"' || c == '\\')
      sqlite3_str_appendf(json, "\\%c", c);
    else
      sqlite3_str_appendchar(json, 1, (char)c);
  }
  sqlite3_str_appendchar(json, 1, '"');
}

static void add_member(sqlite3_str *json, const char *name, const struct answer *a) {
  sqlite3_str_appendall(json, sqlite3_str_length(json) ? "," : "{");
  add_string(json, name, strlen(name));
  sqlite3_str_appendchar(json, 1, ':');
  if (a->none)
    sqlite3_str_appendall(json, "null");
  else if (a->text)
    add_string(json, a->text, a->length);
  else
    sqlite3_str_appendf(json, "%!.9g", a->number);
}

static void give(sqlite3_context *context, const struct answer *a) {
  if (a->text)
    sqlite3_result_text(context, a->text, (int)a->length, SQLITE_TRANSIENT);
  else if (!a->none)
    sqlite3_result_double(context, a->number);
}

static void give_object(sqlite3_context *context, sqlite3_str *json) {
  sqlite3_str_appendchar(json, 1, '}');
  char *text = sqlite3_str_finish(json);
  if (!text) {
    sqlite3_result_error_nomem(context);
    return;
  }
  sqlite3_result_text(context, text, -1, sqlite3_free);
  sqlite3_result_subtype(context, 'J'); /* as SQLite's own functions of JSON mark theirs */
}

void answer_give(sqlite3_context *context, const struct model *model, const char *line) {
  if (!line && model->outputs == 1) { /* as mostly */
    struct answer a = answer_of_scores(model, 0);
    give(context, &a);
    return;
  }
  sqlite3_str *json = sqlite3_str_new(NULL), *label = sqlite3_str_new(NULL);
  for (size_t o = 0; o < model->outputs; o++) {
    sqlite3_str_reset(label);
    struct answer a = line ? answer_of_line(model->form[o], &line, label) : answer_of_scores(model, o);
    if (model->outputs > 1)
      add_member(json, aq_model_output_name(model->model, o), &a);
    else if (sqlite3_str_errcode(label))
      sqlite3_result_error_nomem(context);
    else
      give(context, &a);
  }
  if (model->outputs > 1)
    give_object(context, json);
  else
    sqlite3_free(sqlite3_str_finish(json));
  sqlite3_free(sqlite3_str_finish(label));
}
