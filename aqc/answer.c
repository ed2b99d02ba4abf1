/* answer.c: the line that predict writes, a field for each output. */
#include "aqc/answer.h"

#include <string.h>

#include "aqc/messages.h"

/* An image is an answer that goes into a file. */
static bool answers_images(const aq_model *model) {
  const aq_column *column;
  for (size_t k = 0; (column = aq_model_column(model, k)); k++)
    if (column->is_target && !strcmp(column->kind, "image")) return true;
  return false;
}

int answer_show(aq_session *session, const aq_model *model, bool said, aq_shown *shown) {
  char *line, *answer;
  if (answers_images(model)) return AQ_OK;
  if (aq_session_line(session, NULL, &line)) return message_print(aq_session_message(session));
  aq_shown_begin(shown, "answer");
  answer = line;
  for (size_t k = 0; k < aq_model_output_count(model) && answer; k++) {
    const char *name = aq_model_output_name(model, k);
    char *tab = strchr(answer, '\t');
    if (tab) *tab = '\0';
    aq_shown_text(shown, name, said ? name : NULL, answer);
    answer = tab ? tab + 1 : NULL;
  }
  aq_shown_end(shown);
  aq_text_free(line);
  return AQ_OK;
}
