/* progress.h: shows on the standard error how far training is. */
#ifndef AQC_PROGRESS_H
#define AQC_PROGRESS_H

#include <aq.h>

struct progress {
  void (*step)(struct progress *progress, const aq_progress *now); /* NULL: they are not shown */
  void (*epoch)(struct progress *progress, const aq_progress *now);
  bool colour;
  bool drawn;             /* a bar stands on the last line */
  double last_said;       /* when the last line was printed, in seconds; where there is no terminal */
  double last_valid;      /* validation loss of the epoch before */
  double best_valid;      /* the same of the best epoch */
  const char *part;       /* of several trainings: what each is, "fold"; NULL: it is the only one */
  int64_t number;         /* which of them this is */
  int risen, epochs_seen; /* how many epochs in a row it has risen; how many were seen */
};

void progress_init(struct progress *progress, bool quiet, enum aq_form form);
/* For aq_train_options; the context is a struct progress. False after Ctrl-C. */
bool progress_show(void *context, const aq_progress *now);
/* Removes the bar. */
void progress_end(struct progress *progress);

#endif
