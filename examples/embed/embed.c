/* embed.c: a trained model inside another program: predicts the class of each line of the standard input.
 *
 *     cc embed.c $(pkg-config --cflags --libs aq) -o embed
 *     ./embed sentiment.aqm < sentences.txt */
#include <aq.h>
#include <stdio.h>
#include <string.h>

static int fail(const aq_message *message) {
  fprintf(stderr, "embed: %s\n", message->text);
  return message->code;
}

static int answer(const aq_model *model, aq_session *session) {
  char line[4096];
  while (fgets(line, sizeof line, stdin)) {
    const char *field[] = {line};
    size_t rows, classes, best = 0;
    line[strcspn(line, "\r\n")] = '\0';
    if (aq_session_predict(session, field, NULL, 1)) return fail(aq_session_message(session));
    const double *score = aq_session_scores(session, 0, &rows, &classes);
    for (size_t k = 1; k < classes; k++)
      if (score[k] > score[best]) best = k;
    printf("%s\t%.3f\t%s\n", aq_model_class(model, 0, best), score[best], line);
  }
  return AQ_OK;
}

int main(int argc, char **argv) {
  aq_model *model;
  aq_session *session = NULL;
  int status;
  if (argc != 2) return AQ_USAGE;
  if (aq_model_load(argv[1], &model))
    status = fail(aq_model_message(model));
  else if (aq_session_new(model, NULL, &session))
    status = fail(aq_session_message(session));
  else
    status = answer(model, session);
  aq_session_free(session);
  aq_model_free(model);
  return status;
}
