/* aq_steps.h: training by the hand of the host: step by step on rows of its own, with the learning rate
 * changed on the way, and the whole state as bytes: a part of aq.h, which includes it. */
#ifndef AQ_STEPS_H
#define AQ_STEPS_H

#include "aq_base.h"
#include "aq_rows.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One step of the optimizer on these rows, all of them together, as aq_trainer_run takes one on a batch.
 * *loss, unless loss is NULL, is what the model loses on them before it learns from them. Columns are read
 * with what the trainer has learned of its first rows, or been given: a word that it does not know is the
 * unknown word; a label that it does not know is AQ_BAD_DATA, with the row and the label, and AQ_BAD_ROW_SKIP
 * leaves such rows out. After a failure nothing has changed.
 *
 *     while (next_rows(rows)) {
 *       if (aq_trainer_step(trainer, rows, &loss)) …
 *     }
 *     aq_trainer_model(trainer, &model);
 *
 * The trainer may have been run before, and may be run afterwards, in which a model is kept by its epochs
 * again: after a step aq_trainer_model gives the present parameters. Nothing is saved by itself, and progress
 * is not called. AQ_USAGE: the schedule has come to its end, and no rate was set. */
int aq_trainer_step(aq_trainer *trainer, const aq_rows *rows, double *loss);

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
