/* check.c: aqc check. */
#include <stdlib.h>
#include <string.h>

#include "aqc/messages.h"
#include "aqc/open.h"
#include "aqc/output.h"
#include "aqc/verb.h"

/* What the sizes of a row have to be like. */
static void show_requirements(aq_shown *shown, const aq_program *program) {
  aq_shown_list(shown, "requirements");
  for (size_t k = 0; k < aq_program_requirement_count(program); k++) {
    const aq_message *place;
    const char *words = aq_program_requirement(program, k, &place);
    aq_shown_begin(shown, NULL);
    aq_shown_text(shown, "needs", NULL, words);
    aq_shown_say(shown, "  %s: `%s`, line %d", words, place->text, place->line);
    aq_shown_text(shown, "source", NULL, place->text);
    aq_shown_text(shown, "file", NULL, place->file);
    aq_shown_whole(shown, "line", NULL, place->line);
    aq_shown_whole(shown, "column", NULL, place->column);
    aq_shown_end(shown);
  }
  aq_shown_end(shown);
}

static void show_natives(aq_shown *shown, const aq_program *program) {
  const aq_extern *about;
  if (!aq_program_extern(program, 0)) return;
  aq_shown_list(shown, "native_functions");
  for (size_t k = 0; (about = aq_program_extern(program, k)); k++) {
    aq_shown_begin(shown, NULL);
    aq_shown_text(shown, "name", NULL, about->name);
    aq_shown_say(shown, "  it calls native code, `%s` of %s%s", about->name,
                 about->library ? about->library : "the host",
                 about->allowed ? ", which is as declared" : "; to run, it needs --allow-ffi");
    aq_shown_text(shown, "signature", NULL, about->signature);
    aq_shown_text(shown, "library", NULL, about->library);
    aq_shown_flag(shown, "allowed", NULL, about->allowed);
    aq_shown_end(shown);
  }
  aq_shown_end(shown);
}

/* Errors are messages on the standard error, and so are warnings, except under --json. */
static aq_shown *facts(const char *path, const aq_program *program, bool ok) {
  aq_shown *shown = aq_shown_new(true);
  aq_shown_text(shown, "file", NULL, path);
  aq_shown_say(shown, "%s: ok", path);
  aq_shown_flag(shown, "ok", NULL, ok);
  show_requirements(shown, program);
  show_natives(shown, program);
  message_warnings_facts(shown, program);
  return shown;
}

static void print_errors(const char *path, const aq_program *program) {
  size_t count = aq_program_diagnostic_count(program), errors = aq_program_error_count(program);
  for (size_t k = 0; k < count; k++) {
    enum aq_severity severity;
    const aq_message *message = aq_program_diagnostic(program, k, &severity);
    if (severity == AQ_WARNING)
      message_warning(message);
    else
      message_print(message);
  }
  /* When there are none, the program is not at fault: its file cannot be read, or memory is short. */
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
  if (message_warnings(program) > 0 && settings->strict) status = AQ_NEGATIVE;
  /* Text only says that a program is right. */
  bool speaks = status == AQ_OK && !settings->quiet;
  if (!speaks && output_form(settings) == AQ_TEXT) return status;
  int written = output_shown(settings, facts(path, program, status == AQ_OK));
  return status != AQ_OK ? status : written;
}

/* The program as it is with another alternative of one of its choices. */
static int check_alternative(const struct settings *settings, const char *path, const aq_choice *choice,
                             size_t alternative) {
  struct settings other = *settings;
  size_t count = settings->define.count;
  aq_program *program;
  other.define.item = malloc((count + 1) * sizeof *other.define.item);
  if (!other.define.item) return message_no_memory();
  if (count) memcpy(other.define.item, settings->define.item, count * sizeof *other.define.item);
  other.define.item[count] = (struct given_value){choice->full_name, choice->alternative[alternative], "-D"};
  other.define.count = count + 1;
  int status = read_program(path, &other, &program), checked = program ? aq_program_check(program) : AQ_OK;
  if (checked) status = checked;
  if (program && status != AQ_OK) {
    print_errors(path, program);
    message_warn("%s: so it is with %s = %s", path, choice->name, choice->alternative[alternative]);
  }
  aq_program_free(program);
  free(other.define.item);
  return status;
}

/* Each alternative of each choice beside the first ones of the others, but for what the command line says. */
static int check_alternatives(const struct settings *settings, const char *path, const aq_program *program) {
  const aq_choice *choice;
  int first = AQ_OK;
  for (size_t k = 0; (choice = aq_program_choice(program, k)); k++)
    for (size_t a = 0; a < choice->count && !choice->given; a++) {
      int status = a == choice->chosen ? AQ_OK : check_alternative(settings, path, choice, a);
      if (!first) first = status;
    }
  return first;
}

static int check_one(const struct settings *settings, const char *path) {
  aq_program *program;
  int status = read_program(path, settings, &program);
  if (!program) return status;
  int checked = aq_program_check(program);
  if (status == AQ_OK && !checked) {
    status = check_alternatives(settings, path, program);
    if (status != AQ_OK) {
      aq_program_free(program);
      return status;
    }
  }
  status = report(settings, path, program, checked ? checked : status);
  aq_program_free(program);
  return status;
}

/* What the results of a function, or of the model, are made of; the exit code says whether something looks
 * ahead. */
static int tell_causality(const struct settings *settings, aq_program *program) {
  aq_shown *shown;
  bool causal = false;
  int status = aq_program_causality(program, settings->function, &causal, &shown);
  if (status != AQ_OK) {
    message_print(aq_program_message(program));
    return status;
  }
  status = output_shown(settings, shown);
  return status == AQ_OK && !causal ? AQ_NEGATIVE : status;
}

static int check_causality(const struct settings *settings, const char *path) {
  aq_program *program;
  int status = read_program(path, settings, &program);
  if (!program) return status;
  int checked = aq_program_check(program);
  if (checked) status = checked;
  if (status != AQ_OK) print_errors(path, program);
  size_t warnings = status == AQ_OK ? message_warnings(program) : 0;
  if (status == AQ_OK) status = tell_causality(settings, program);
  aq_program_free(program);
  return status == AQ_OK && settings->strict && warnings ? AQ_NEGATIVE : status;
}

/* All files are checked; the exit code is that of the first one that is wrong. */
static int run_check(const struct settings *settings) {
  int first = AQ_OK;
  if (settings->function && !settings->causal)
    return message_fail(AQ_USAGE, "give --causal too", "--fn says of which function --causal tells");
  for (int k = 0; k < settings->operand_count; k++) {
    int status = settings->causal ? check_causality(settings, settings->operand[k])
                                  : check_one(settings, settings->operand[k]);
    if (!first) first = status;
  }
  return first;
}

static const struct option option_list[] = {
    OPTION_SET_DIM,
    OPTION_SET_WEIGHTS,
    OPTION_SET_FFI,
    OPTION_SET_SETTING,
    OPTION(0, "causal", FLAG, NULL, causal, "tell what each position of the results sees; 1: it looks ahead"),
    OPTION(0, "fn", TEXT, "NAME", function, "the function of --causal (default: the model, or the last)"),
    OPTION(0, "strict", FLAG, NULL, strict, "warnings make the exit status 1"),
    OPTION_SET_QUIET,
    OPTION_SET_JSON,
    OPTION_END};

const struct verb verb_check = {
    "check",
    "FILE.aq...",
    1,
    -1,
    "prove every name and shape of a program, without data",
    "Parses programs and proves that every name has a meaning and every shape fits, before any data are "
    "read. Where a program does not work for every length, it lists what a row must be like. It shows all "
    "errors, or else warnings: of names that nothing uses, of a softmax or sigmoid that is taken twice, "
    "and of a score that softmax gets without / sqrt(width).",
    option_list,
    run_check};
