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

#define VERB_ROW(name) &verb_##name,
static const struct verb *const verbs[] = {VERBS(VERB_ROW) NULL};

/* Verbs that have a meaning, but not in this version. */
static const char *const later[] = {"tune", "export", NULL};

static const struct verb *find_verb(const char *name) {
  for (const struct verb *const *verb = verbs; *verb; verb++)
    if (strcmp((*verb)->name, name) == 0) return *verb;
  return NULL;
}

static int refuse_verb(const char *name) {
  char hint[128] = "`aqc help` lists the verbs";
  for (const char *const *known = later; *known; known++)
    if (strcmp(*known, name) == 0)
      return message_fail(AQ_USAGE, NULL, "`aqc %s` is not in this version", name);
  const char *nearest = NULL;
  for (const struct verb *const *verb = verbs; *verb; verb++)
    nearest = nearest_word(name, nearest, (*verb)->name);
  if (nearest) snprintf(hint, sizeof hint, "did you mean `aqc %s`?", nearest);
  return message_fail(AQ_USAGE, hint, "there is no verb `%.60s`", name);
}

/* `functions` lists all of them. A word that is neither a function nor near to one is taken for a verb. */
static int help_function(const char *name) {
  char *text;
  aq_message message;
  if (aq_describe(strcmp(name, "functions") == 0 ? NULL : name, &text, &message) != AQ_OK)
    return message.hint && message.hint[0] ? message_print(&message) : refuse_verb(name);
  fputs(text, stdout);
  aq_text_free(text);
  return AQ_OK;
}

static int help(int count, char **argument) {
  if (count == 0) {
    help_overview(stdout, verbs);
    return AQ_OK;
  }
  const struct verb *verb = find_verb(argument[0]);
  if (verb) help_verb(stdout, verb);
  return verb ? AQ_OK : help_function(argument[0]);
}

static int run_verb(const struct verb *verb, int count, char **argument) {
  struct settings settings;
  settings_init(&settings);
  int status = options_parse(verb, count, argument, &settings);
  if (status == AQ_OK && settings.help)
    help_verb(stdout, verb);
  else if (status == AQ_OK && (status = output_check(&settings)) == AQ_OK)
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

/* Errors about the options themselves have that form too, so it is known before they are read. */
static enum aq_form wanted_form(int count, char **argument) {
  for (int k = 0; k < count && strcmp(argument[k], "--") != 0; k++)
    if (strcmp(argument[k], "--json") == 0) return AQ_JSON;
  return AQ_TEXT;
}

/* A standard stream that is closed must not become the first file that is opened. What is written to it
 * fails, as it should. */
static void hold_streams(void) {
  for (int descriptor = 0; descriptor <= 2; descriptor++)
    if (fcntl(descriptor, F_GETFD) < 0 && open("/dev/null", descriptor == 0 ? O_WRONLY : O_RDONLY) < 0)
      _exit(AQ_IO);
}

/* A thread that OpenBLAS started before main asks for memory until it gets it. Where addresses are limited
 * (ulimit -v) it may be asking still, and an end in order would wait for it. */
static int leave(int status) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) _exit(status);
  return status;
}

int main(int count, char **argument) {
  hold_streams();
  /* Writing fails then, and says so: a reader that has gone, a file beyond its limit (ulimit -f). */
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
  interrupt_init();
  messages_init(wanted_form(count - 1, argument + 1));
  int status = run(count - 1, argument + 1);
  int written = output_finish();
  return leave(status != AQ_OK ? status : written);
}
