/* targets.h: says what there is to be learned: how often each label stands in the data, and what an answer is
 * worth that does not look at the row. */
#ifndef AQC_TARGETS_H
#define AQC_TARGETS_H

#include <aq.h>

/* Lines on the standard error. */
void targets_remark(const aq_trainer *trainer, const aq_model *model);

#endif
