/* tune_trials.c: the file of trials, from which a search goes on. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aqc/messages.h"
#include "aqc/tune.h"

static const char *const states[] = {"new", "stopped", "done", "failed"};

/* ---- writing ---- */

static void values_facts(aq_shown *shown, const struct space *space, char *const *value) {
  aq_shown_begin(shown, "values");
  for (size_t k = 0; k < space->count; k++) aq_shown_text(shown, space->knob[k].name, NULL, value[k]);
  aq_shown_end(shown);
}

void trial_facts(aq_shown *shown, const struct space *space, const struct trial *trial) {
  aq_shown_whole(shown, "trial", NULL, trial->number);
  aq_shown_text(shown, "state", NULL, states[trial->state]);
  aq_shown_whole(shown, "epochs", NULL, trial->epochs);
  aq_shown_whole(shown, "of", NULL, trial->of);
  aq_shown_whole(shown, "best_epoch", NULL, trial->best_epoch);
  aq_shown_text(shown, "metric", NULL, trial->metric);
  aq_shown_real(shown, "value", NULL, trial->best);
  aq_shown_real(shown, "validation_loss", NULL, trial->valid_loss);
  aq_shown_real(shown, "seconds", NULL, trial->seconds);
  values_facts(shown, space, trial->value);
  if (trial->state == TRIAL_FAILED) aq_shown_text(shown, "why", NULL, trial->why);
}

static int cannot(const struct trials_file *file, const char *what) {
  return message_fail(AQ_IO, NULL, "cannot %s %s: %s", what, file->path, strerror(errno));
}

static int add_line(const struct trials_file *file, const char *line) {
  FILE *to = fopen(file->path, "a");
  /* A line that was cut off when its writer was killed ends here, and is passed over when it is read. */
  bool good = to && fseek(to, 0, SEEK_END) == 0;
  if (good && ftell(to) == 0) good = fprintf(to, "%s\n", file->head) > 0;
  good = good && fprintf(to, "%s\n", line) > 0;
  if (to && fclose(to) != 0) good = false;
  return good ? AQ_OK : cannot(file, "write");
}

int trials_add(const struct trials_file *file, const struct space *space, const struct trial *trial) {
  aq_shown *shown = aq_shown_new(true);
  char *line;
  trial_facts(shown, space, trial);
  int status = aq_shown_write(shown, AQ_JSON, &line);
  aq_shown_free(shown);
  if (status != AQ_OK) return message_no_memory();
  status = add_line(file, line);
  aq_text_free(line);
  return status;
}

/* ---- the saved model ---- */

static const char SAVED[] = "{\"saved\": %d, \"sum\": \"%.16s\"}";

bool trials_has_saved(const struct trials_file *file, int trial, const char *path) {
  char sum[sizeof file->saved_sum];
  if (file->saved != trial) return false;
  path_checksum(path, sum);
  return !strcmp(sum, file->saved_sum);
}

int trials_add_saved(struct trials_file *file, int trial, const char *path) {
  char line[96];
  if (trials_has_saved(file, trial, path)) return AQ_OK;
  file->saved = trial;
  path_checksum(path, file->saved_sum);
  snprintf(line, sizeof line, SAVED, trial, file->saved_sum);
  return add_line(file, line);
}

/* ---- reading ---- */

/* What stands behind "key": in a line that trials_add wrote; "values" and "why", which hold words of others,
 * come last. NULL: the key is not there. */
static const char *member(const char *line, const char *key) {
  char name[32];
  snprintf(name, sizeof name, "\"%s\": ", key);
  const char *at = strstr(line, name);
  return at ? at + strlen(name) : NULL;
}

static double number(const char *line, const char *key) {
  const char *at = member(line, key);
  char *end;
  double x = at ? strtod(at, &end) : NAN;
  return at && end != at ? x : NAN;
}

static int64_t whole(const char *line, const char *key) {
  double x = number(line, key);
  return x >= 0 && x < 1e15 ? (int64_t)x : 0;
}

static bool has_values(const char *line, const struct space *space, const struct trial *trial) {
  aq_shown *shown = aq_shown_new(true);
  char *text;
  values_facts(shown, space, trial->value);
  int status = aq_shown_write(shown, AQ_JSON, &text);
  aq_shown_free(shown);
  if (status != AQ_OK) return false;
  text[strlen(text) - 1] = '\0'; /* without the brace at its end */
  bool found = strstr(line, text + 1) != NULL;
  aq_text_free(text);
  return found;
}

static void take(const char *line, struct trial *trial) {
  const char *state = member(line, "state"), *metric = member(line, "metric"), *why = member(line, "why");
  for (size_t k = 0; state && k < sizeof states / sizeof *states; k++)
    if (!strncmp(state + 1, states[k], strlen(states[k]))) trial->state = (enum trial_state)k;
  if (metric)
    snprintf(trial->metric, sizeof trial->metric, "%.*s", (int)strcspn(metric + 1, "\""), metric + 1);
  if (why) snprintf(trial->why, sizeof trial->why, "%.*s", (int)strcspn(why + 1, "\""), why + 1);
  trial->epochs = whole(line, "epochs");
  trial->of = whole(line, "of");
  trial->best_epoch = whole(line, "best_epoch");
  trial->best = number(line, "value");
  trial->valid_loss = number(line, "validation_loss");
  trial->seconds = number(line, "seconds");
}

static bool read_saved(struct trials_file *file, const char *line) {
  int trial;
  char sum[sizeof file->saved_sum];
  if (sscanf(line, "{\"saved\": %d, \"sum\": \"%16[0-9a-f]\"}", &trial, sum) != 2) return false;
  file->saved = trial;
  strcpy(file->saved_sum, sum);
  return true;
}

static int read_line(struct trials_file *file, const struct space *space, const char *line,
                     struct trial *trial, size_t count) {
  if (read_saved(file, line)) return AQ_OK;
  int64_t n = whole(line, "trial");
  size_t length = strlen(line);
  if (length == 0 || line[length - 1] != '}' || n < 1 || (uint64_t)n > count) return AQ_OK;
  if (!has_values(line, space, &trial[n - 1]))
    return message_fail(AQ_USAGE, "remove it to begin anew, or give the new model another name with -o",
                        "%s has trials of other values", file->path);
  take(line, &trial[n - 1]);
  return AQ_OK;
}

int trials_read(struct trials_file *file, const struct space *space, struct trial *trial, size_t count) {
  FILE *from = fopen(file->path, "r");
  char *line = NULL;
  size_t size = 0;
  ssize_t length;
  int status = AQ_OK;
  if (!from) return errno == ENOENT ? AQ_OK : cannot(file, "read");
  for (bool first = true; status == AQ_OK && (length = getline(&line, &size, from)) >= 0; first = false) {
    if (length && line[length - 1] == '\n') line[length - 1] = '\0';
    if (!first)
      status = read_line(file, space, line, trial, count);
    else if (strcmp(line, file->head) != 0)
      status = basis_refuse(file->path, line, file->head);
  }
  if (status == AQ_OK && ferror(from)) status = cannot(file, "read");
  free(line);
  fclose(from);
  return status;
}
