/* init.c: aqc init. */
#include <stdlib.h>

#include "aqc/files.h"
#include "aqc/messages.h"
#include "aqc/open.h"
#include "aqc/train_plan.h"
#include "aqc/verb.h"
#include "aqc/written.h"

static void remark(const char *output, const aq_begin_facts *facts) {
  message_remark("%lld parameters, %lld of them loaded", (long long)facts->parameters,
                 (long long)facts->loaded_parameters);
  if (facts->unused_tensors)
    message_remark("%lld tensor%s of the weights %s not used: %s", (long long)facts->unused_tensors,
                   facts->unused_tensors == 1 ? "" : "s", facts->unused_tensors == 1 ? "is" : "are",
                   facts->unused);
  remark_padding(facts->padded_rows);
  message_remark("saved %s", output);
}

static int init(const struct settings *settings, const char *output) {
  aq_program *program = NULL;
  aq_model *model = NULL;
  aq_begin_options options;
  const aq_begin_facts *facts;
  aq_begin_options_init(&options);
  options.precision = settings->precision;
  options.seed = settings->seed;
  int status = written_check_own(&verb_init, settings, output, "the model");
  if (status == AQ_OK) status = open_program(settings->operand[0], settings, &program);
  if (status != AQ_OK) return status;
  status = aq_model_begin(program, &options, &facts, &model);
  int refused = status == AQ_OK ? refuse_overwriting_named("-o", output, program) : AQ_OK;
  if (status == AQ_OK && refused == AQ_OK) status = aq_model_save(model, output);
  if (refused != AQ_OK)
    status = refused;
  else if (status != AQ_OK)
    status = model ? message_print(aq_model_message(model)) : message_no_memory();
  else if (!settings->quiet)
    remark(output, facts);
  aq_model_free(model);
  aq_program_free(program);
  return status;
}

static int run_init(const struct settings *settings) {
  char *made = file_beside(settings->operand[0], ".aqm");
  if (!made) return message_no_memory();
  int status = init(settings, settings->output ? settings->output : made);
  free(made);
  return status;
}

static const struct option option_list[] = {
    OPTION_SET_WEIGHTS,
    OPTION('o', "output", WRITES, "FILE", output,
           "where the model goes (default: PROGRAM.aqm in this folder)"),
    OPTION_SET_DIM,
    OPTION_SET_SETTING,
    OPTION(0, "seed", WHOLE, "N", seed, "seed of parameters that are not loaded"),
    OPTION_SET_KEPT_PRECISION,
    OPTION_SET_QUIET,
    OPTION_END};

const struct verb verb_init = {
    "init",
    "PROGRAM.aq",
    1,
    1,
    "make a model of pretrained weights, without training",
    "Makes a model whose parameters are those of pretrained weights. FOLDER is as Hugging Face has it: the "
    "program takes its sizes from config.json, its vocabulary from the tokenizer's files, and its parameters "
    "from model.safetensors or from the shards that model.safetensors.index.json lists. The model has all of "
    "that in it: FOLDER is not needed any more. `aqc train PROGRAM.aq DATA --weights MODEL.aqm` goes on from "
    "it.",
    option_list,
    run_init};
