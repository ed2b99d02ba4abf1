/* gradcheck.c: aqc gradcheck. */
#include <stdio.h>

#include "aqc/json_out.h"
#include "aqc/messages.h"
#include "aqc/open.h"
#include "aqc/verb.h"

static const double usual_tolerance = 1e-5;

static void print_json(bool agree, double worst, double tolerance) {
  printf("{\"ok\": %s, \"worst\": ", agree ? "true" : "false");
  json_number(stdout, worst);
  fputs(", \"tolerance\": ", stdout);
  json_number(stdout, tolerance);
  fputs("}\n", stdout);
}

static int run_gradcheck(const struct settings *settings) {
  double worst = 0, tolerance = settings->tolerance >= 0 ? settings->tolerance : usual_tolerance;
  char *text = NULL;
  aq_program *program;
  int status = open_program(settings->operand[0], settings, &program);
  if (status != AQ_OK) return status;
  status = aq_program_gradcheck(program, settings->seed >= 0 ? settings->seed : 1, tolerance, &worst, &text);
  if (settings->json && (status == AQ_OK || status == AQ_NEGATIVE))
    print_json(status == AQ_OK, worst, tolerance);
  else if (!settings->json && text)
    fputs(text, stdout);
  if (status != AQ_OK) message_print(aq_program_message(program));
  if (status == AQ_BAD_DATA) remark_more_errors(settings->operand[0], program);
  aq_text_free(text);
  aq_program_free(program);
  return status;
}

static const struct option option_list[] = {
    OPTION(0, "tolerance", NUMBER, "X", tolerance, "largest relative error that passes (default: 1e-5)"),
    OPTION(0, "seed", WHOLE, "N", seed, "seed of the data and parameters (default: 1)"),
    OPTION(0, "unfused", FLAG, NULL, unfused,
           "compute heads as tensors of all their scores, to compare with"),
    OPTION_SET_DIM,
    OPTION_SET_JSON,
    OPTION_END};

const struct verb verb_gradcheck = {"gradcheck",
                                    "FILE.aq",
                                    1,
                                    1,
                                    "compare a model's gradients with differences",
                                    "Compares the gradient of the loss for every parameter with central "
                                    "differences, with double numbers, on random "
                                    "data of several sizes. The exit code is 1 when they do not agree.",
                                    option_list,
                                    run_gradcheck};
