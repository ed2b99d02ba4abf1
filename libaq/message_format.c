/* message_format.c: a message as a person reads it: FILE:LINE:COLUMN: text, the excerpt, the hint. */
#include <string.h>

#include "libaq/internal.h"
#include "libaq/shown/printable.h"

/* The colour of a severity in a terminal, and what stands before the text. */
static const struct {
  const char *colour, *prefix;
} kinds[] = {[AQ_ERROR] = {"31", ""}, [AQ_WARNING] = {"33", "warning: "}, [AQ_REMARK] = {"0", ""}};

struct line {
  struct rt_text *out;
  bool colour;
};

static void paint(const struct line *line, const char *code) {
  if (line->colour) rt_text_printf(line->out, "\033[%sm", code);
}

static void write_place(const struct line *line, const aq_message *m) {
  if (!m->file || !m->file[0]) return;
  paint(line, "1");
  printable_line(line->out, m->file);
  if (m->line > 0) rt_text_printf(line->out, ":%d", m->line);
  if (m->line > 0 && m->column > 0) rt_text_printf(line->out, ":%d", m->column);
  rt_text_puts(line->out, ": ");
  paint(line, "0");
}

/* Writes whole lines: a newline is added unless the text ends with one. */
static void write_lines(const struct line *line, const char *text) {
  size_t length = text ? strlen(text) : 0;
  if (text) printable_lines(line->out, text);
  if (!length || text[length - 1] != '\n') rt_text_puts(line->out, "\n");
}

int aq_message_format(const aq_message *message, enum aq_severity severity, bool colour, char **text) {
  struct rt_text out = {0};
  struct line line = {&out, colour};
  aq_message m;
  if (!text) return AQ_USAGE;
  *text = NULL;
  if (!message || severity < AQ_ERROR || severity > AQ_REMARK) return AQ_USAGE;
  if (lib_take_options(LIB_MESSAGE, message, &m, NULL) != RT_OK) return AQ_USAGE;
  write_place(&line, &m);
  paint(&line, kinds[severity].colour);
  rt_text_puts(&out, kinds[severity].prefix);
  write_lines(&line, m.text);
  paint(&line, "0");
  if (m.excerpt && m.excerpt[0]) write_lines(&line, m.excerpt);
  if (m.hint && m.hint[0]) {
    paint(&line, "36");
    rt_text_puts(&out, "hint: ");
    paint(&line, "0");
    write_lines(&line, m.hint);
  }
  return lib_give_text(&out, text, NULL);
}
