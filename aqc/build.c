/* build.c: aqc build. */
#include <stdlib.h>

#include "aqc/files.h"
#include "aqc/messages.h"
#include "aqc/open.h"
#include "aqc/verb.h"
#include "aqc/written.h"

static int build(const struct settings *settings, const char *output) {
  aq_model *model;
  int status = written_check_own(&verb_build, settings, output, "the bytecode");
  if (status == AQ_OK) status = open_any(settings->operand[0], settings, &model);
  if (status != AQ_OK) return status;
  status = aq_model_save_bytecode(model, output);
  if (status != AQ_OK)
    message_print(aq_model_message(model));
  else if (!settings->quiet)
    message_remark("wrote %s", output);
  aq_model_free(model);
  return status;
}

static int run_build(const struct settings *settings) {
  char *made = file_beside(settings->operand[0], ".aqb");
  if (!made) return message_no_memory();
  int status = build(settings, settings->output ? settings->output : made);
  free(made);
  return status;
}

static const struct option option_list[] = {
    OPTION('o', "output", WRITES, "FILE", output,
           "where the bytecode goes (default: FILE.aqb in this folder)"),
    OPTION_SET_DIM,
    OPTION_SET_WEIGHTS,
    OPTION_SET_SETTING,
    OPTION_SET_QUIET,
    OPTION_SET_JSON,
    OPTION_END};

const struct verb verb_build = {
    "build",
    "FILE.aq",
    1,
    1,
    "compile to bytecode",
    "Compiles a program to bytecode, a file that `aqc dis` and `aqc explain` read.",
    option_list,
    run_build};
