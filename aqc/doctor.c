/* doctor.c: aqc doctor. */
#include "aqc/messages.h"
#include "aqc/output.h"
#include "aqc/verb.h"

static int run_doctor(const struct settings *settings) {
  const aq_message *message;
  char *text = NULL;
  int status = aq_doctor(output_form(settings), &text, &message);
  if (status != AQ_OK) return message_print(message);
  return output_text(settings, text);
}

static const struct option option_list[] = {OPTION_SET_JSON, OPTION_END};

const struct verb verb_doctor = {"doctor",
                                 "",
                                 0,
                                 0,
                                 "tell what aq found on this machine",
                                 "Tells the version, the processor and its instruction sets, the BLAS "
                                 "library and whether it chose kernels that fit "
                                 "the processor, the number of threads, and what reads images and sounds.",
                                 option_list,
                                 run_doctor};
