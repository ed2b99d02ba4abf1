/* check.c: aqc check. */
#include <stdio.h>

#include "aqc/json.h"
#include "aqc/messages.h"
#include "aqc/open.h"
#include "aqc/shown.h"
#include "aqc/verb.h"

static void print_requirement(bool json, const char *words, const aq_message *place) {
  if (json) {
    fputs("{\"needs\": ", stdout);
    json_string(stdout, words);
    fputs(", \"source\": ", stdout);
    json_string(stdout, place->text);
    fputs(", \"file\": ", stdout);
    json_string(stdout, place->file);
    printf(", \"line\": %d, \"column\": %d}", place->line, place->column);
  } else
    printf("  %s: `%s`, line %d\n", words, place->text, place->line);
}

/* What a row must be like, beyond what its columns say. */
static void print_requirements(const struct settings *settings, const aq_program *program) {
  for (size_t k = 0; k < aq_program_requirement_count(program); k++) {
    aq_message place;
    const char *words = aq_program_requirement(program, k, &place);
    if (settings->json && k > 0) fputs(", ", stdout);
    print_requirement(settings->json, words, &place);
  }
}

static void print_verdict(const struct settings *settings, const char *path, const aq_program *program) {
  if (settings->json) {
    fputs("{\"file\": ", stdout);
    json_string(stdout, path);
    fputs(", \"ok\": true, \"requirements\": [", stdout);
    print_requirements(settings, program);
    fputs("]}\n", stdout);
  } else if (!settings->quiet) {
    shown_line(stdout, path);
    puts(": ok");
    print_requirements(settings, program);
  }
}

static int check_one(const struct settings *settings, const char *path) {
  aq_program *program;
  int status = open_program(path, settings, &program);
  if (status) return status;
  status = aq_program_check(program);
  if (status)
    status = message_print(aq_program_message(program));
  else
    print_verdict(settings, path, program);
  aq_program_free(program);
  return status;
}

/* All files are checked; the exit code is that of the first one that is wrong. */
static int run_check(const struct settings *settings) {
  int first = AQ_OK;
  for (int k = 0; k < settings->operand_count; k++) {
    int status = check_one(settings, settings->operand[k]);
    if (!first) first = status;
  }
  return first;
}

static const struct option option_list[] = {OPTION_SET_DIM, OPTION_SET_QUIET, OPTION_SET_JSON, OPTION_END};

const struct verb verb_check = {
    "check",
    "FILE.aq...",
    1,
    -1,
    "prove every name and shape of a program, without data",
    "Parses programs and proves that every name has a meaning and every shape "
    "fits, before any data are read. Lists what a row must be like where a program "
    "does not hold for every length.",
    option_list,
    run_check};
