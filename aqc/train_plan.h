/* train_plan.h: what should be known of a training before it begins. */
#ifndef AQC_TRAIN_PLAN_H
#define AQC_TRAIN_PLAN_H

#include "aqc/options.h"

/* Says it on the standard error: doubts about the data even with --quiet; what the data have to be learned,
 * warnings about the program and how the parameters begin without it. AQ_OK, or an exit code after it has
 * said why. */
int train_plan(const struct settings *settings, const aq_program *program, aq_trainer *trainer);

/* Says that tables have so many rows behind their vocabulary's; 0: nothing. */
void remark_padding(int64_t rows);

#endif
