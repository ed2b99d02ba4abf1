/* messages.c: file:line:column: text, then the excerpt and the hint. */
#include "aqc/messages.h"

#include <stdarg.h>
#include <stdio.h>

#include "aqc/shown.h"
#include "aqc/terminal.h"

static struct {
  enum aq_form form;
  bool colour;
} style;

void messages_init(enum aq_form form) {
  style.form = form;
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

void message_facts(aq_shown *shown, const char *key, const aq_message *m) {
  aq_shown_begin(shown, key);
  aq_shown_whole(shown, "code", NULL, m->code);
  aq_shown_text(shown, "text", NULL, m->text);
  aq_shown_text(shown, "file", NULL, m->file);
  aq_shown_whole(shown, "line", NULL, m->line);
  aq_shown_whole(shown, "column", NULL, m->column);
  aq_shown_text(shown, "excerpt", NULL, m->excerpt);
  aq_shown_text(shown, "hint", NULL, m->hint);
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

/* What sets kinds of messages apart. */
struct kind {
  const char *key; /* in JSON; NULL: it says nothing there */
  const char *colour, *prefix;
};
static const struct kind error = {"error", "31", ""}, remark = {"remark", "0", ""},
                         warning = {NULL, "33", "warning: "};

static void print(const aq_message *message, const struct kind *kind) {
  if (style.form != AQ_JSON) {
    print_text(message, kind->colour, kind->prefix);
  } else if (kind->key) {
    aq_shown *shown = aq_shown_new(true);
    message_facts(shown, kind->key, message);
    message_object(shown);
  }
}

int message_print(const aq_message *message) {
  print(message, &error);
  return message->code;
}

void message_note(const aq_message *message) { print(message, &remark); }
void message_warning(const aq_message *message) { print(message, &warning); }

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
  if (style.form == AQ_JSON) return;
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
  if (style.form == AQ_JSON)
    message_note(&(aq_message){0, 0, 0, "", text, "", ""});
  else
    shown_lines(stderr, text);
}
