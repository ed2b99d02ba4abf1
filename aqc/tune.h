/* tune.h: what the files of aqc tune share: the values that are tried, and the trials. */
#ifndef AQC_TUNE_H
#define AQC_TUNE_H

#include "aqc/options.h"

/* Something that trials vary: a dim, const or choice, or a setting of train { }. */
struct knob {
  const char *name; /* "D", "read.score", or of a setting "lr" */
  bool is_setting;
  char **value; /* [count] as written; or a range: */
  size_t count;
  bool is_range, whole, by_ratio; /* by_ratio: drawn so that each factor is as likely */
  double low, high;
};

struct space {
  struct knob *knob;
  size_t count;
};

/* The knobs of --set and of the choices that the command line leaves open; fixed: the settings without them.
 * Returns an exit code, and has said why when it is not 0. */
int space_read(const struct settings *settings, struct settings *fixed, struct space *space);
void space_free(struct space *space);
/* The values of trial `number`, from 1, one for each knob: value[space->count], which the caller frees one by
 * one. The first trial takes the first of each list and the middle of each range; others are drawn, from the
 * seed and the number alone. false: no memory. */
bool space_draw(const struct space *space, uint64_t seed, int number, char **value);

enum trial_state { TRIAL_NEW, TRIAL_STOPPED, TRIAL_DONE, TRIAL_FAILED };
struct trial {
  int number;   /* from 1 */
  char **value; /* [knobs] */
  enum trial_state state;
  int64_t epochs, of, best_epoch; /* of: how many there would be */
  char metric[64];
  double best, valid_loss, seconds; /* of the best epoch; NAN: not known */
  char why[256];                    /* it failed */
};

/* The file of trials: a line of JSON for each time that a trial was trained on; the last line of a trial
 * counts. */
struct trials_file {
  char *path;
  char head[1024]; /* its first line: what all of them are about */
};
/* Takes from the file what it says of trials with these numbers and values. AQ_OK where there is no file. */
int trials_read(const struct trials_file *file, const struct space *space, struct trial *trial, size_t count);
/* Adds a line. */
int trials_add(const struct trials_file *file, const struct space *space, const struct trial *trial);
/* A trial as members of the object that is open. */
void trial_facts(aq_shown *shown, const struct space *space, const struct trial *trial);

#endif
