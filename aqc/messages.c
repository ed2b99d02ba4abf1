/* messages.c: writes messages, as text or as JSON. */
#include "aqc/messages.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "aqc/own_words.h"
#include "aqc/terminal.h"

static struct {
  enum aq_form form;
  bool colour;
} style;

void messages_init(enum aq_form form) {
  style.form = form;
  style.colour = terminal_colour(2);
}

static void print_text(const aq_message *message, enum aq_severity severity) {
  aq_message placed = *message;
  placed.size = sizeof placed;
  char *text, *hint = own_words(message->hint), *excerpt = own_excerpt(message->excerpt);
  placed.file = message->file[0] ? own_file(message->file) : "aqc";
  if (hint) placed.hint = hint;
  if (excerpt) placed.excerpt = excerpt;
  if (aq_message_format(&placed, severity, style.colour, &text) == AQ_OK)
    fputs(text, stderr);
  else
    fprintf(stderr, "aqc: %s\n", message->text);
  aq_text_free(text);
  free(hint);
  free(excerpt);
}

void message_facts(aq_shown *shown, const char *key, const aq_message *m) {
  char *hint = own_words(m->hint), *excerpt = own_excerpt(m->excerpt);
  aq_shown_begin(shown, key);
  aq_shown_whole(shown, "code", NULL, m->code);
  aq_shown_text(shown, "text", NULL, m->text);
  aq_shown_text(shown, "file", NULL, own_file(m->file));
  aq_shown_whole(shown, "line", NULL, m->line);
  aq_shown_whole(shown, "column", NULL, m->column);
  aq_shown_text(shown, "excerpt", NULL, excerpt ? excerpt : m->excerpt);
  aq_shown_text(shown, "hint", NULL, hint ? hint : m->hint);
  aq_shown_end(shown);
  free(hint);
  free(excerpt);
}

void message_warnings_facts(aq_shown *shown, const aq_program *program) {
  const size_t count = aq_program_diagnostic_count(program);
  if (!count) return;
  aq_shown_list(shown, "warnings");
  for (size_t k = 0; k < count; k++) message_facts(shown, NULL, aq_program_diagnostic(program, k, NULL));
  aq_shown_end(shown);
}

void message_object(aq_shown *shown) {
  char *text;
  if (aq_shown_write(shown, AQ_JSON, &text) == AQ_OK)
    fprintf(stderr, "%s\n", text);
  else
    fprintf(stderr, "{\"error\": {\"code\": %d, \"text\": \"there is not enough memory\"}}\n", AQ_NO_MEMORY);
  aq_text_free(text);
  aq_shown_free(shown);
}

/* The name of the object in JSON. Warnings have none: the result has them. */
static const char *const member[] = {[AQ_ERROR] = "error", [AQ_WARNING] = NULL, [AQ_REMARK] = "remark"};

static void print(const aq_message *message, enum aq_severity severity) {
  if (style.form != AQ_JSON) {
    print_text(message, severity);
  } else if (member[severity]) {
    aq_shown *shown = aq_shown_new(true);
    message_facts(shown, member[severity], message);
    message_object(shown);
  }
}

int message_print(const aq_message *message) {
  print(message, AQ_ERROR);
  return message->code;
}

void message_note(const aq_message *message) { print(message, AQ_REMARK); }
void message_warning(const aq_message *message) { print(message, AQ_WARNING); }

size_t message_warnings(const aq_program *program) {
  const size_t count = aq_program_diagnostic_count(program);
  for (size_t k = 0; k < count; k++) message_warning(aq_program_diagnostic(program, k, NULL));
  return count;
}

int message_fail(int code, const char *hint, const char *format, ...) {
  char text[1024];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  return message_print(&(aq_message){sizeof(aq_message), code, 0, 0, "", text, "", hint ? hint : ""});
}

int message_no_memory(void) { return message_fail(AQ_NO_MEMORY, NULL, "there is not enough memory"); }

/* Prints a line that is about no place. */
static void print_line(const char *line) {
  char *text;
  aq_shown *shown = aq_shown_new(true);
  aq_shown_note(shown, NULL, "%s", line);
  fputs(aq_shown_write(shown, AQ_TEXT, &text) == AQ_OK ? text : line, stderr);
  aq_text_free(text);
  aq_shown_free(shown);
}

void message_remark(const char *format, ...) {
  if (style.form == AQ_JSON) return;
  char text[1024];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  print_line(text);
}

void message_warn(const char *format, ...) {
  char text[1024];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  if (style.form == AQ_JSON)
    message_note(&(aq_message){sizeof(aq_message), 0, 0, 0, "", text, "", ""});
  else
    print_line(text);
}

const char *value_text(char out[static VALUE_TEXT], double value) {
  snprintf(out, VALUE_TEXT, isnan(value) ? "-" : "%.4f", value);
  return out;
}
