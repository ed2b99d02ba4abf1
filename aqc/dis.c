/* dis.c: aqc dis. */
#include <stdio.h>

#include "aqc/messages.h"
#include "aqc/open.h"
#include "aqc/verb.h"

static int run_dis(const struct settings *settings) {
  aq_model *model;
  char *text = NULL;
  int status = open_any(settings->operand[0], settings, &model);
  if (status != AQ_OK) return status;
  status = aq_model_listing(model, &text);
  if (status != AQ_OK)
    message_print(aq_model_message(model));
  else
    fputs(text, stdout);
  aq_text_free(text);
  aq_model_free(model);
  return status;
}

static const struct option option_list[] = {OPTION_SET_FUNCTION, OPTION_SET_DIM, OPTION_SET_WEIGHTS,
                                            OPTION_SET_SETTING, OPTION_END};

const struct verb verb_dis = {
    "dis",
    "FILE.aq|FILE.aqb|FILE.aqm",
    1,
    1,
    "list the bytecode",
    "Lists the instructions that a program, a bytecode file or a trained model consists of.",
    option_list,
    run_dis};
