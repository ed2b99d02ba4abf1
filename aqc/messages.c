/* messages.c: file:line:column: text, then the excerpt and the hint. */
#include "aqc/messages.h"

#include <stdarg.h>
#include <stdio.h>

#include "aqc/json_out.h"
#include "aqc/shown.h"
#include "aqc/terminal.h"

static struct { bool json, colour; } style;

void messages_init(bool json) {
  style.json = json;
  style.colour = terminal_colour(2);
}

static void paint(const char *code) {
  if (style.colour) fprintf(stderr, "\033[%sm", code);
}

static void print_place(const aq_message *m) {
  paint("1");
  if (m->file[0])
    shown_line(stderr, m->file);
  else
    fputs("aqc", stderr);
  if (m->line > 0) fprintf(stderr, ":%d", m->line);
  if (m->line > 0 && m->column > 0) fprintf(stderr, ":%d", m->column);
  fputs(": ", stderr);
  paint("0");
}

static void print_text(const aq_message *m, const char *colour, const char *prefix) {
  print_place(m);
  paint(colour);
  fputs(prefix, stderr);
  shown_lines(stderr, m->text);
  paint("0");
  if (m->excerpt[0]) shown_lines(stderr, m->excerpt);
  if (!m->hint[0]) return;
  paint("36");
  fputs("hint: ", stderr);
  paint("0");
  shown_lines(stderr, m->hint);
}

void message_json(FILE *out, const aq_message *m) {
  fprintf(out, "{\"code\": %d, \"text\": ", m->code);
  json_string(out, m->text);
  fputs(", \"file\": ", out);
  json_string(out, m->file);
  fprintf(out, ", \"line\": %d, \"column\": %d, \"excerpt\": ", m->line, m->column);
  json_string(out, m->excerpt);
  fputs(", \"hint\": ", out);
  json_string(out, m->hint);
  fputs("}", out);
}

static void print_json(const aq_message *m, const char *kind) {
  fprintf(stderr, "{\"%s\": ", kind);
  message_json(stderr, m);
  fputs("}\n", stderr);
}

int message_print(const aq_message *message) {
  if (style.json)
    print_json(message, "error");
  else
    print_text(message, "31", "");
  return message->code;
}

void message_note(const aq_message *message) {
  if (style.json)
    print_json(message, "remark");
  else
    print_text(message, "0", "");
}

void message_warning(const aq_message *message) {
  if (!style.json) print_text(message, "33", "warning: ");
}

int message_fail(int code, const char *hint, const char *format, ...) {
  char text[1024];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  return message_print(&(aq_message){code, 0, 0, "", text, "", hint ? hint : ""});
}

int message_no_memory(void) { return message_fail(AQ_NO_MEMORY, NULL, "there is not enough memory"); }

void message_remark(const char *format, ...) {
  if (style.json) return;
  char text[1024];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  shown_lines(stderr, text);
}

void message_warn(const char *format, ...) {
  char text[1024];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  if (style.json)
    message_note(&(aq_message){0, 0, 0, "", text, "", ""});
  else
    shown_lines(stderr, text);
}
