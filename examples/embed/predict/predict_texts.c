/* predict_texts.c: a label and its probability for each text of the command line, all in one call. */
#include <aq.h>
#include <stdio.h>

int main(int argc, char **argv) {
  aq_model *model;
  aq_session *session = NULL;
  aq_rows *rows = NULL;
  if (argc < 3) return fprintf(stderr, "usage: predict MODEL TEXT...\n"), AQ_USAGE;
  const char *const *text = (const char *const *)argv + 2;
  int status = aq_model_load(argv[1], &model);
  if (!status) status = aq_session_new(model, NULL, &session);
  if (!status) status = aq_rows_new(&rows);
  if (!status) status = aq_rows_texts(rows, aq_model_field(model, 0), text, NULL, (size_t)argc - 2);
  if (!status) status = aq_session_predict_rows(session, rows, NULL);
  for (size_t r = 0; !status && r < aq_session_row_count(session); r++) {
    const aq_answer *best = aq_session_row_answer(session, r, 0, 0);
    if (best) printf("%s\t%.4f\t%s\n", best->name, best->probability, text[r]);
  }
  if (status)
    fprintf(stderr, "predict: %s\n", (session ? aq_session_message(session) : aq_model_message(model))->text);
  aq_rows_free(rows);
  aq_session_free(session);
  aq_model_free(model);
  return status;
}
