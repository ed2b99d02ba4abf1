/* explain.c: aqc explain. */
#include <stdio.h>

#include "aqc/messages.h"
#include "aqc/open.h"
#include "aqc/output.h"
#include "aqc/verb.h"

enum { USUAL_LENGTH = 32 }; /* tokens: a sentence */

/* Each file of the program; an import stands below a line that names it. */
static int show_source(const aq_model *model, const struct settings *settings) {
  char *name, *text;
  int status = AQ_OK;
  if (settings->json || settings->html)
    return message_fail(AQ_USAGE, NULL, "--source writes the text of a program, and no facts about it");
  for (size_t file = 0; status == AQ_OK; file++) {
    status = aq_model_source(model, file, &name, &text);
    if (status == AQ_USAGE && file) return AQ_OK; /* that was all */
    if (status != AQ_OK) return message_print(aq_model_message(model));
    if (file) printf("\n# %s\n", name);
    aq_text_free(name);
    status = output_text(settings, text);
  }
  return status;
}

static int run_explain(const struct settings *settings) {
  aq_model *model;
  char *text = NULL;
  int64_t length = settings->length > 0 ? settings->length : USUAL_LENGTH;
  int status = open_any(settings->operand[0], settings, &model);
  if (status != AQ_OK) return status;
  if (settings->source)
    status = show_source(model, settings);
  else if ((status = aq_model_explain(model, length, output_form(settings), &text)) != AQ_OK)
    message_print(aq_model_message(model));
  else
    status = output_text(settings, text);
  aq_model_free(model);
  return status;
}

static const struct option option_list[] = {
    OPTION(0, "length", COUNT, "N", length, "tokens of an example, for memory and work (default: 32)"),
    OPTION(0, "source", FLAG, NULL, source, "write the program of a model file instead"),
    OPTION_SET_UNFUSED,
    OPTION_SET_FUNCTION,
    OPTION_SET_DIM,
    OPTION_SET_WEIGHTS,
    OPTION_SET_FFI,
    OPTION_SET_SETTING,
    OPTION_SET_HTML,
    OPTION_SET_JSON,
    OPTION_END};

const struct verb verb_explain = {
    "explain",
    "FILE.aq|FILE.aqb|FILE.aqm",
    1,
    1,
    "tell how a program will run",
    "Tells what the compiler made of a program: its parameters; which heads are fused, "
    "and why others are not; and how much memory and work an example takes.",
    option_list,
    run_explain};
