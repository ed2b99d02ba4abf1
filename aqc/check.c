/* check.c: aqc check. */
#include <stdio.h>

#include "aqc/json_out.h"
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

/* Warnings alone: errors are objects of their own on the standard error. */
static void print_json(const struct settings *settings, const char *path, const aq_program *program,
                       bool ok) {
  size_t count = aq_program_diagnostic_count(program);
  fputs("{\"file\": ", stdout);
  json_string(stdout, path);
  printf(", \"ok\": %s, \"requirements\": [", ok ? "true" : "false");
  print_requirements(settings, program);
  fputs(count ? "], \"warnings\": [" : "", stdout);
  for (size_t k = 0; k < count; k++) {
    if (k > 0) fputs(", ", stdout);
    message_json(stdout, aq_program_diagnostic(program, k, NULL));
  }
  fputs("]}\n", stdout);
}

static void print_errors(const char *path, const aq_program *program) {
  size_t count = aq_program_diagnostic_count(program), errors = aq_program_error_count(program);
  for (size_t k = 0; k < count; k++) message_print(aq_program_diagnostic(program, k, NULL));
  /* Without any, what is wrong is not in the program: its file cannot be read, or memory is short. */
  if (count == 0) message_print(aq_program_message(program));
  if (errors > count && count > 0)
    message_remark("%s: %zu errors, of which these are the first %zu", path, errors, count);
  else if (errors > 1)
    message_remark("%s: %zu errors", path, errors);
}

static int report(const struct settings *settings, const char *path, const aq_program *program, int status) {
  if (status != AQ_OK) {
    print_errors(path, program);
    return status;
  }
  size_t warnings = aq_program_diagnostic_count(program);
  for (size_t k = 0; k < warnings; k++) message_warning(aq_program_diagnostic(program, k, NULL));
  if (warnings > 0 && settings->strict) status = AQ_NEGATIVE;
  if (settings->json) {
    print_json(settings, path, program, status == AQ_OK);
  } else if (status == AQ_OK && !settings->quiet) {
    shown_line(stdout, path);
    puts(": ok");
    print_requirements(settings, program);
  }
  return status;
}

static int check_one(const struct settings *settings, const char *path) {
  aq_program *program;
  int status = read_program(path, settings, &program);
  if (!program) return status;
  int checked = aq_program_check(program);
  status = report(settings, path, program, checked ? checked : status);
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

static const struct option option_list[] = {
    OPTION_SET_DIM, OPTION(0, "strict", FLAG, NULL, strict, "warnings make the exit status 1"),
    OPTION_SET_QUIET, OPTION_SET_JSON, OPTION_END};

const struct verb verb_check = {
    "check",
    "FILE.aq...",
    1,
    -1,
    "prove every name and shape of a program, without data",
    "Parses programs and proves that every name has a meaning and every shape "
    "fits, before any data are read. Lists what a row must be like where a program "
    "does not hold for every length. All errors are shown, or else warnings of names "
    "that nothing uses.",
    option_list,
    run_check};
