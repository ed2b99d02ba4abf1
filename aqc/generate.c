/* generate.c: aqc generate. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aqc/files.h"
#include "aqc/messages.h"
#include "aqc/open.h"
#include "aqc/output.h"
#include "aqc/verb.h"

/* The prompt as a string of its own: the operand, or all of the standard input for "-". */
static int read_prompt(const struct settings *settings, char **prompt) {
  size_t length;
  const char *given = settings->operand_count > 1 ? settings->operand[1] : "";
  *prompt = NULL;
  if (strcmp(given, "-") != 0) {
    *prompt = strdup(given);
    return *prompt ? AQ_OK : message_no_memory();
  }
  char *text;
  int status = file_read("-", &text, &length);
  if (!status && memchr(text, '\0', length))
    status = message_fail(AQ_BAD_DATA, NULL, "there is a NUL byte in the prompt");
  if (!status && !(*prompt = strndup(text, length))) status = message_no_memory();
  free(text);
  return status;
}

static int generate(aq_session *session, const struct settings *settings, const char *prompt) {
  aq_generate_options options;
  aq_generate_options_init(&options);
  options.prompt = prompt;
  if (settings->length >= 0) options.length = settings->length;
  if (settings->temperature >= 0) options.temperature = settings->temperature;
  if (settings->seed >= 0) options.seed = settings->seed;
  options.top = (int)settings->top;
  options.write = output_write_now;
  int status = aq_session_generate(session, &options);
  if (output_failed()) return AQ_IO;
  if (status) return message_print(aq_session_message(session));
  putchar('\n');
  return AQ_OK;
}

static int run_generate(const struct settings *settings) {
  aq_eval_options options;
  aq_model *model = NULL;
  aq_session *session = NULL;
  char *prompt;
  int status = read_prompt(settings, &prompt);
  if (!status) status = open_model(settings->operand[0], &model);
  if (!status) {
    aq_eval_options_init(&options);
    options.threads = (int)settings->threads;
    options.precision = settings->precision;
    options.choose_blas_core = true;
    if (aq_session_new(model, &options, &session) == AQ_OK)
      status = generate(session, settings, prompt);
    else
      status = session ? message_print(aq_session_message(session)) : message_no_memory();
  }
  aq_session_free(session);
  aq_model_free(model);
  free(prompt);
  return status;
}

static const struct option option_list[] = {
    OPTION(0, "length", COUNT, "N", length, "tokens to write at most"),
    OPTION(0, "temperature", NUMBER, "X", temperature,
           "how freely to draw: 0 takes the likeliest token each time, 1 draws as the model says"),
    OPTION(0, "top", COUNT, "K", top, "draw among the K likeliest tokens"),
    OPTION(0, "seed", WHOLE, "N", seed, "seed of the draws"),
    OPTION_SET_THREADS,
    OPTION_SET_PRECISION,
    OPTION_END};

const struct verb verb_generate = {
    "generate",
    "MODEL.aqm [PROMPT|-]",
    1,
    2,
    "continue a text",
    "Continues the prompt, with a model that predicts next(text), and writes what it adds as it comes. "
    "For - the prompt is read from the standard input.",
    option_list,
    run_generate};
