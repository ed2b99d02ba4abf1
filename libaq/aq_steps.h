/* aq_steps.h: training by the hand of the host: the learning rate changed on the way, and the whole state as
 * bytes: a part of aq.h, which includes it. */
#ifndef AQ_STEPS_H
#define AQ_STEPS_H

#include "aq_base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* From the next step on the learning rate is `rate`, whatever the schedule says; below 0: the schedule counts
 * again, as far as it has come by then. Groups of parameters with rates of their own keep their proportion to
 * the program's. It may be called before a training, between its steps, and by the progress callback. The
 * rate belongs to the state of a training: a checkpoint has it, and what goes on from that goes on with it.
 * AQ_USAGE: the rate is not a finite number. */
int aq_trainer_set_learning_rate(aq_trainer *trainer, double rate);

/* The bytes of a checkpoint: all that decides how training goes on. They are the caller's, for aq_text_free.
 * A trainer that is made of the same program, rows and options, and of these bytes as `checkpoint`, goes on
 * bit for bit as this one does. The progress callback may call it, too. AQ_NOT_FINITE: a parameter is no
 * number any more, and nothing can go on from there. */
int aq_trainer_save_memory(aq_trainer *trainer, char **bytes, size_t *length);

#ifdef __cplusplus
}
#endif
#endif
