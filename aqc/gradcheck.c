/* gradcheck.c: aqc gradcheck. */
#include <string.h>

#include "aqc/messages.h"
#include "aqc/open.h"
#include "aqc/output.h"
#include "aqc/verb.h"

static const double usual_tolerance = 1e-5;

static double tolerance_of(const struct settings *settings) {
  return settings->tolerance >= 0 ? settings->tolerance : usual_tolerance;
}

static int print(const struct settings *settings, const aq_program *program, double worst,
                 const char *table) {
  const double tolerance = tolerance_of(settings);
  aq_shown *shown = aq_shown_new(true);
  aq_shown_flag(shown, "ok", NULL, worst <= tolerance);
  aq_shown_real(shown, "worst", NULL, worst);
  aq_shown_real(shown, "tolerance", NULL, tolerance);
  message_warnings_facts(shown, program);
  aq_shown_note(shown, NULL, "%.*s", (int)strlen(table) - 1, table); /* a note ends its line itself */
  return output_shown(settings, shown);
}

static int run_gradcheck(const struct settings *settings) {
  double worst = 0;
  char *text = NULL;
  aq_program *program;
  int status = open_program(settings->operand[0], settings, &program);
  if (status != AQ_OK) return status;
  status = aq_program_gradcheck(program, settings->seed >= 0 ? settings->seed : 1, tolerance_of(settings),
                                &worst, &text);
  int written = text ? print(settings, program, worst, text) : AQ_OK;
  if (text) message_warnings(program);
  if (status != AQ_OK) message_print(aq_program_message(program));
  if (status == AQ_BAD_DATA) remark_more_errors(settings->operand[0], program);
  aq_text_free(text);
  aq_program_free(program);
  return status != AQ_OK ? status : written;
}

static const struct option option_list[] = {
    OPTION(0, "fn", TEXT, "NAME", function,
           "a function or head alone, in place of the model, also for its arguments"),
    OPTION(0, "tolerance", NUMBER, "X", tolerance, "largest relative error that passes (default: 1e-5)"),
    OPTION(0, "seed", WHOLE, "N", seed, "seed of the data and parameters (default: 1)"),
    OPTION_SET_UNFUSED,
    OPTION_SET_DIM,
    OPTION_SET_WEIGHTS,
    OPTION_SET_FFI,
    OPTION_SET_SETTING,
    OPTION_SET_JSON,
    OPTION_END};

const struct verb verb_gradcheck = {
    "gradcheck",
    "FILE.aq",
    1,
    1,
    "compare gradients of a model or a function with differences",
    "Compares the gradient of the model's loss for every parameter with central differences, in double, on "
    "random data of several sizes, with one thread. It warns of parameters whose gradients are 0 "
    "throughout, of which nothing is shown. With --fn, or where the file has no model (then for the last "
    "function or head), it does so for the arguments and parameters of one function: the gradients of the "
    "sum of sin(x) of all numbers x that it returns. The exit code is 1 when they do not agree.",
    option_list,
    run_gradcheck};
