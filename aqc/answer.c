/* answer.c: the row goes through as the line of a stream, whose answer is the line that predict writes. */
#include "aqc/answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aqc/messages.h"

struct line {
  char *text;
  size_t length, taken;
  FILE *answer;
};

/* What ends a field or a line is a space within one. */
static int put_fields(FILE *out, char *const *field, int count) {
  for (int k = 0; k < count; k++) {
    if (k) fputc('\t', out);
    for (const char *c = field[k]; *c; c++) fputc(strchr("\t\n\r", *c) ? ' ' : *c, out);
  }
  fputc('\n', out);
  return fclose(out);
}

static ptrdiff_t read_line(void *context, char *buffer, size_t size) {
  struct line *line = context;
  const size_t left = line->length - line->taken, count = left < size ? left : size;
  memcpy(buffer, line->text + line->taken, count);
  line->taken += count;
  return (ptrdiff_t)count;
}

static int write_answer(void *context, const char *text, size_t length) {
  const struct line *line = context;
  return fwrite(text, 1, length, line->answer) == length ? 0 : -1;
}

/* A field for each output, with tabs between them. */
static void show(const aq_model *model, char *answer, bool said, aq_shown *shown) {
  answer[strcspn(answer, "\n")] = '\0';
  aq_shown_begin(shown, "answer");
  for (size_t k = 0; k < aq_model_output_count(model) && answer; k++) {
    const char *name = aq_model_output_name(model, k);
    char *tab = strchr(answer, '\t');
    if (tab) *tab = '\0';
    aq_shown_text(shown, name, said ? name : NULL, answer);
    answer = tab ? tab + 1 : NULL;
  }
  aq_shown_end(shown);
}

/* An image is an answer that goes into a file. */
static bool answers_images(const aq_model *model) {
  const aq_column *column;
  for (size_t k = 0; (column = aq_model_column(model, k)); k++)
    if (column->is_target && !strcmp(column->kind, "image")) return true;
  return false;
}

int answer_show(aq_session *session, const aq_model *model, char *const *field, int count, bool said,
                aq_shown *shown) {
  struct line line = {0};
  char *answer = NULL;
  size_t length;
  if (answers_images(model)) return AQ_OK;
  FILE *fields = open_memstream(&line.text, &line.length);
  line.answer = open_memstream(&answer, &length);
  bool failed = !fields || !line.answer || put_fields(fields, field, count);
  aq_predict_options options;
  aq_predict_options_init(&options);
  options.read = read_line;
  options.write = write_answer;
  options.context = &line;
  int status = failed ? AQ_NO_MEMORY : aq_session_predict_stream(session, &options);
  failed |= line.answer && fclose(line.answer);
  if (status == AQ_OK && !failed)
    show(model, answer, said, shown);
  else
    status = failed ? message_no_memory() : message_print(aq_session_message(session));
  free(line.text);
  free(answer);
  return status;
}
