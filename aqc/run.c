/* run.c: aqc run. */
#include "aqc/messages.h"
#include "aqc/open.h"
#include "aqc/output.h"
#include "aqc/profiling.h"
#include "aqc/verb.h"

#include <inttypes.h>

/* Tensors of a file that the function has no use for. */
static void tell_unused(aq_shown *shown, const char *key, const char *file, int64_t count,
                        const char *names) {
  if (!count) return;
  aq_shown_whole(shown, key, NULL, count);
  message_remark("%s: %" PRId64 " of its tensors %s not used: %s", file, count, count == 1 ? "is" : "are",
                 names);
}

static int print_facts(const struct settings *settings, const aq_run_facts *facts, aq_profile *profile) {
  double time = facts->seconds_per_run, scale = time < 1e-3 ? 1e6 : time < 1 ? 1e3 : 1;
  aq_shown *shown = aq_shown_new(true);
  aq_shown_real(shown, "seconds_per_run", NULL, time);
  aq_shown_whole(shown, "peak_bytes", NULL, (int64_t)facts->peak_bytes);
  tell_unused(shown, "unused_inputs", settings->inputs, facts->unused_inputs, facts->unread);
  tell_unused(shown, "unused_params", settings->params, facts->unused_params, facts->unused);
  if (settings->repeat > 1)
    aq_shown_note(shown, NULL, "%.3f %s per run, %.1f KiB", scale * time,
                  scale > 1e3 ? "µs"
                  : scale > 1 ? "ms"
                              : "s",
                  (double)facts->peak_bytes / 1024);
  int profiled = profiling_end(settings, profile, shown);
  int status = output_shown(settings, shown);
  return status == AQ_OK ? profiled : status;
}

static int check_settings(const struct settings *settings) {
  if (!settings->output && settings->repeat <= 1 && !profiling_is_asked(settings))
    return message_fail(AQ_USAGE, "give --out FILE.safetensors, or --repeat N to take the time",
                        "there is nowhere to write the results to");
  if (!settings->output && settings->save_params)
    return message_fail(AQ_USAGE, "give --out FILE.safetensors", "--save-params has nowhere to write to");
  return settings->output ? refuse_overwriting_of("-o", settings->output, settings->operand[0]) : AQ_OK;
}

static int run_run(const struct settings *settings) {
  aq_run_options options;
  const aq_run_facts *facts;
  aq_program *program;
  aq_profile *profile = NULL;
  int status = check_settings(settings);
  if (status == AQ_OK) status = profiling_begin(settings, &profile);
  if (status == AQ_OK) status = open_program(settings->operand[0], settings, &program);
  if (status != AQ_OK) {
    aq_profile_free(profile);
    return status;
  }
  aq_run_options_init(&options);
  options.function = settings->function;
  options.inputs = settings->inputs;
  options.params = settings->params;
  options.outputs = settings->output;
  options.gradients = settings->gradients;
  options.save_params = settings->save_params;
  options.precision = settings->precision;
  if (settings->seed >= 0) options.seed = settings->seed;
  options.threads = (int)settings->threads;
  options.repeat = settings->repeat;
  options.profile = profile;
  status = aq_program_run(program, &options, &facts);
  if (status != AQ_OK) {
    message_print(aq_program_message(program));
    if (status == AQ_BAD_DATA) remark_more_errors(settings->operand[0], program);
  } else
    status = print_facts(settings, facts, profile);
  aq_profile_free(profile);
  aq_program_free(program);
  return status;
}

static const struct option option_list[] = {
    OPTION(0, "fn", TEXT, "NAME", function, "the function or head to run (default: the last of the file)"),
    OPTION(0, "in", READS, "FILE", inputs, "safetensors file with a tensor for each argument, by name"),
    OPTION('o', "out", WRITES, "FILE", output, "safetensors file to write: `out`, or `out.0` and so on"),
    OPTION(0, "params", READS, "FILE", params,
           "safetensors file with the parameters by path (default: as the program says)"),
    OPTION(0, "grad", FLAG, NULL, gradients, "also write grad.NAME: gradients of the sum of the outputs"),
    OPTION(0, "save-params", FLAG, NULL, save_params, "also write param.NAME: the parameters"),
    OPTION_SET_UNFUSED,
    OPTION(0, "seed", WHOLE, "N", seed, "seed of parameters and random numbers"),
    OPTION(0, "repeat", COUNT, "N", repeat, "run that often, and say how long one run takes"),
    OPTION_SET_PROFILE,
    OPTION_SET_DIM,
    OPTION_SET_WEIGHTS,
    OPTION_SET_FFI,
    OPTION_SET_THREADS,
    OPTION_SET_PRECISION,
    OPTION_SET_JSON,
    OPTION_END};

const struct verb verb_run = {"run",
                              "FILE.aq --fn NAME --in FILE --out FILE",
                              1,
                              1,
                              "run one function on given tensors",
                              "Runs one function or head on tensors from a safetensors file and writes what "
                              "it returns, so that it can be compared with anything else.",
                              option_list,
                              run_run};
