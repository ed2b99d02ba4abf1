/* host_steps.c: what a host does with a training between its steps. */
#include "libaq/train/trainer.h"

int aq_trainer_set_learning_rate(aq_trainer *t, double rate) {
  if (!t) return AQ_USAGE;
  struct rt_error *error = lib_begin(&t->message);
  if (!t->ready)
    return rt_fail(error, RT_USAGE, "the training could not be made ready, so it has no learning rate");
  if (!isfinite(rate)) return rt_fail(error, RT_USAGE, "the learning rate is not a number");
  t->state.rate = rate < 0 ? -1 : rate;
  t->saved = false;
  rt_optimizer_set_rate(t->optimizer, t->state.rate);
  return RT_OK;
}
