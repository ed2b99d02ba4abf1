/* repeat.h: several trainings of one program, one after another: the folds of a cross-validation, or several
 * seeds. */
#ifndef AQC_REPEAT_H
#define AQC_REPEAT_H

#include "aqc/options.h"

/* Does the command line ask for several trainings? */
bool repeat_is_asked(const struct settings *settings);
/* `aqc train` with --folds or --seeds. save: where the model goes. Returns an exit code, and has said why. */
int repeat_train(const struct settings *settings, const char *save);

/* ---- what each of them reaches (repeat_scores.c) ---- */

enum { SCORES_MOST = 16 };

struct score {
  int64_t number; /* of the fold, or the seed */
  int64_t rows;   /* that were judged */
  aq_train_facts facts;
  double value[SCORES_MOST];
  aq_shown *report; /* as JSON has it, or NULL */
};

/* Metrics as columns, and a row for each training. */
struct scores {
  const char *one; /* "fold" */
  size_t count;    /* columns */
  char name[SCORES_MOST][96];
  struct score *row;
  size_t done;
};

/* Chooses the columns by the report of the first training: `metric`, which chose its epoch ("" for none), and
 * the usual ones of each output. */
void scores_begin(struct scores *scores, const aq_model *model, aq_report *report);
/* Reads the columns from a report. */
void scores_read(const struct scores *scores, aq_report *report, double value[SCORES_MOST]);
/* Adds the table to the open object: the list "folds" or "seeds", then "mean" and "sd", which is the standard
 * deviation with n - 1. */
void scores_show(const struct scores *scores, aq_shown *shown);
/* A further line of that table, with `left` before its numbers, and an object `key`: what an ensemble
 * reaches. */
void scores_show_line(const struct scores *scores, aq_shown *shown, const char *key, const char *left,
                      const double value[SCORES_MOST]);
void scores_free(struct scores *scores);

#endif
