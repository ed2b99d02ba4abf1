/* main.c: finds the verb and runs it. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "aqc/help.h"
#include "aqc/interrupt.h"
#include "aqc/messages.h"
#include "aqc/nearest_word.h"
#include "aqc/output.h"
#include "aqc/verb.h"
#include "aqc/written.h"

#define VERB_ROW(name) &verb_##name,
static const struct verb *const verbs[] = {VERBS(VERB_ROW) NULL};

/* Verbs of later versions. */
static const char *const later[] = {"export", NULL};

/* What verbs like these are called elsewhere, and what one types here. */
static const struct {
  const char *name, *hint;
} elsewhere[] = {
    {"serve",
     "`aqc predict MODEL -` answers lines as they come; examples/embed/server is a server to build on"},
    {"fit", "did you mean `aqc train`?"},
    {"test", "did you mean `aqc eval`?"},
    {"evaluate", "did you mean `aqc eval`?"},
    {"validate", "did you mean `aqc eval`? or, of a program without data, `aqc check`?"},
    {"infer", "did you mean `aqc predict`?"},
    {"sample", "did you mean `aqc generate`?"},
    {"compile", "did you mean `aqc build`?"},
    {"format", "did you mean `aqc fmt`?"},
    {"lint", "did you mean `aqc check`?"},
    {"show", "did you mean `aqc attend` or `aqc explain`?"},
};

static const char *hint_elsewhere(const char *name) {
  for (size_t k = 0; k < sizeof elsewhere / sizeof *elsewhere; k++)
    if (strcmp(elsewhere[k].name, name) == 0) return elsewhere[k].hint;
  return NULL;
}

static const struct verb *find_verb(const char *name) {
  for (const struct verb *const *verb = verbs; *verb; verb++)
    if (strcmp((*verb)->name, name) == 0) return *verb;
  return NULL;
}

static int refuse_verb(const char *name) {
  char hint[128] =
      "`aqc help` lists the verbs, `aqc help functions` and `aqc help language` the words of programs";
  for (const char *const *known = later; *known; known++)
    if (strcmp(*known, name) == 0)
      return message_fail(AQ_USAGE, NULL, "`aqc %s` is not in this version", name);
  const char *nearest = NULL;
  for (const struct verb *const *verb = verbs; *verb; verb++)
    nearest = nearest_word(name, nearest, (*verb)->name);
  if (nearest) snprintf(hint, sizeof hint, "did you mean `aqc %s`?", nearest);
  const char *known_hint = hint_elsewhere(name);
  return message_fail(AQ_USAGE, known_hint ? known_hint : hint, "there is no verb `%.60s`", name);
}

/* Neither a verb, also none that is yet to come, nor a word of the language, nor like any. */
static int refuse_word(const char *name) {
  for (const char *const *known = later; *known; known++)
    if (strcmp(*known, name) == 0) return refuse_verb(name);
  const char *nearest = NULL;
  for (const struct verb *const *verb = verbs; *verb; verb++)
    nearest = nearest_word(name, nearest, (*verb)->name);
  if (nearest || hint_elsewhere(name)) return refuse_verb(name);
  return message_fail(AQ_USAGE,
                      "`aqc help` lists the verbs, `aqc help functions` and `aqc help language` the words of "
                      "programs",
                      "nothing is called `%.60s`: it is no verb of aqc, and no word of its programs", name);
}

/* What aq_describe is asked for: `functions` lists all functions, `language` all other words. */
static const char *asked(const char *name) {
  return strcmp(name, "functions") == 0 ? NULL : strcmp(name, "language") == 0 ? "" : name;
}

/* A word that is not like any of the language is taken for a verb. */
static int help_word(const char *name) {
  char *text;
  const aq_message *message;
  if (aq_describe(asked(name), &text, &message) != AQ_OK)
    return message->hint[0] ? message_print(message) : refuse_word(name);
  fputs(text, stdout);
  aq_text_free(text);
  return AQ_OK;
}

/* `train` is a verb, and a word of programs. */
static int help_both(const struct verb *verb) {
  char *text;
  help_verb(stdout, verb);
  if (aq_describe(verb->name, &text, NULL) != AQ_OK) return AQ_OK;
  printf("\nin a program:\n%s", text);
  aq_text_free(text);
  return AQ_OK;
}

static int help(int count, char **argument) {
  if (count == 0) {
    help_overview(stdout, verbs);
    return AQ_OK;
  }
  if (count > 1)
    return message_fail(AQ_USAGE, "`aqc help` lists the verbs, `aqc help NAME` explains one name",
                        argument[1][0] == '-' ? "`aqc help` has no option `%.60s`"
                                              : "`aqc help` takes one name, and `%.60s` is one more",
                        argument[1]);
  const struct verb *verb = find_verb(argument[0]);
  return verb ? help_both(verb) : help_word(argument[0]);
}

static int run_verb(const struct verb *verb, int count, char **argument) {
  struct settings settings;
  settings_init(&settings);
  int status = options_parse(verb, count, argument, &settings);
  if (status == AQ_OK && settings.help)
    help_verb(stdout, verb);
  else if (status == AQ_OK && (status = output_check(&settings)) == AQ_OK
           && (status = written_check(verb, &settings)) == AQ_OK)
    status = verb->run(&settings);
  settings_free(&settings);
  return status;
}

static bool is_either(const char *word, const char *one, const char *other) {
  return strcmp(word, one) == 0 || strcmp(word, other) == 0;
}

static int run(int count, char **argument) {
  if (count == 0) {
    help_overview(stderr, verbs);
    return AQ_USAGE;
  }
  if (is_either(argument[0], "help", "--help") || strcmp(argument[0], "-h") == 0)
    return help(count - 1, argument + 1);
  if (is_either(argument[0], "--version", "version")) {
    printf("aqc %s\n", aq_version());
    return AQ_OK;
  }
  const struct verb *verb = find_verb(argument[0]);
  return verb ? run_verb(verb, count - 1, argument + 1) : refuse_verb(argument[0]);
}

/* Errors about the options have that form too, so it must be known before options are read. */
static enum aq_form wanted_form(int count, char **argument) {
  for (int k = 0; k < count && strcmp(argument[k], "--") != 0; k++)
    if (strcmp(argument[k], "--json") == 0) return AQ_JSON;
  return AQ_TEXT;
}

/* When a standard stream is closed, the first file that is opened would take its place. /dev/null takes it
 * instead, opened so that using it fails. */
static void hold_streams(void) {
  for (int descriptor = 0; descriptor <= 2; descriptor++)
    if (fcntl(descriptor, F_GETFD) < 0 && open("/dev/null", descriptor == 0 ? O_WRONLY : O_RDONLY) < 0)
      _exit(AQ_IO);
}

/* OpenBLAS may have started a thread before main that asks for memory until it gets it. When addresses are
 * limited (ulimit -v) it may never get it, and a normal exit would wait for it. */
static int leave(int status) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) _exit(status);
  return status;
}

int main(int count, char **argument) {
  hold_streams();
  /* Without the signals writing fails, and that is said: the reader has gone, or a file is at its limit
   * (ulimit -f). */
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
  interrupt_init();
  aq_take_over_blas();
  messages_init(wanted_form(count - 1, argument + 1));
  int status = run(count - 1, argument + 1);
  int written = output_finish();
  return leave(status != AQ_OK ? status : written);
}
