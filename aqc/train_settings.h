/* train_settings.h: what a command line says of a training, for the verbs that train. */
#ifndef AQC_TRAIN_SETTINGS_H
#define AQC_TRAIN_SETTINGS_H

#include "aqc/options.h"

/* As the settings say it. save: where the model goes. Threads, progress and resuming are the verb's own. */
aq_train_options training_options(const struct settings *settings, const char *save);
/* Are there validation data, a file of them or rows held back? */
bool training_is_validated(const struct settings *settings);
/* Refuses --valid beside --hold. AQ_OK, or an exit code after it has said why. */
int training_check(const struct settings *settings);
/* Refuses a table that can be read only once: each of several trainings, "fold", reads it again. */
int training_check_again(const char *path, const char *one);

#endif
