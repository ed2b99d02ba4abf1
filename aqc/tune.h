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
  char *head; /* its first line: what all of them are about */
  int saved;  /* the trial whose model was saved last, and the checksum of that file; 0: none */
  char saved_sum[17];
};

/* ---- tune_basis.c: the head ---- */

/* What decides how trials come out besides their values: fixed, the settings without what is tried; the texts
 * and data. The caller frees *head. Returns an exit code, and has said why when it is not 0. */
int basis_write(const struct settings *fixed, uint64_t seed, char **head);
/* Says in which way the trials of the file at path are of something else, and returns AQ_USAGE. */
int basis_refuse(const char *path, const char *theirs, const char *ours);
/* Of a file, or of all the files of a folder. */
void path_checksum(const char *path, char digits[17]);

/* ---- tune_trials.c ---- */

/* Takes from the file what it says of trials with these numbers and values. AQ_OK where there is no file. */
int trials_read(struct trials_file *file, const struct space *space, struct trial *trial, size_t count);
/* Adds a line. */
int trials_add(const struct trials_file *file, const struct space *space, const struct trial *trial);
/* Notes that the model of a trial was saved as the file at path; nothing where that is noted already. */
int trials_add_saved(struct trials_file *file, int trial, const char *path);
/* Is the file at path the saved model of the trial? */
bool trials_has_saved(const struct trials_file *file, int trial, const char *path);
/* A trial as members of the object that is open. */
void trial_facts(aq_shown *shown, const struct space *space, const struct trial *trial);

#endif
