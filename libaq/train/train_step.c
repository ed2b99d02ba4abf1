/* train_step.c: one step of training on some rows, and what is asked before and after it. */
#include <math.h>

#include "libaq/train/trainer.h"
#include "runtime/random.h"

int lib_train_begin(struct aq_trainer *t, bool steps, struct rt_error *error) {
  if (!t->ready) return rt_fail(error, RT_USAGE, "the training could not be made ready, so it cannot run");
  if (!lib_train_has_rows(t) && !steps) {
    rt_fail(error, RT_USAGE, "there are no rows to train on: the trainer was made without");
    rt_hint(error, "aq_trainer_step takes a step on rows of the host's");
    return RT_USAGE;
  }
  if (t->running) return rt_fail(error, RT_USAGE, "the trainer is training, and calls its host meanwhile");
  return rt_pool_check(t->pool, error);
}

void lib_train_tell(struct aq_trainer *t, const aq_progress *p) {
  if (!t->options.progress) return;
  if (!t->options.progress(t->options.context, p)) t->stopped = true;
  rt_error_clear(&t->message.error); /* of a call that the host has made meanwhile */
  t->stopped |= t->freed;
}

/* ---- the step ---- */

/* The rows of tables that this batch reads must be up to date, so the optimizer catches up with them first.
 */
static int use_rows(struct aq_trainer *t, struct rt_error *error) {
  const struct profile_time from = lib_profile_now(t->options.profile);
  const struct vm_function *f = vm_machine_function(t->machine);
  int status = RT_OK;
  for (uint32_t g = 0; g < f->gradient_count && status == RT_OK; g++) {
    int param = (int)f->gradient[g].param;
    if (f->gradient[g].ids == UINT32_MAX) continue;
    struct rt_tensor ids = vm_machine_value(t->machine, f->gradient[g].ids);
    if (t->by_ids[param])
      status = rt_optimizer_use(t->optimizer, param, ids.data, ids.shape->count, error);
    else
      rt_optimizer_use_all(t->optimizer, param);
  }
  lib_profile_part(t->options.profile, PROFILE_update, from);
  return status;
}

static void collect_gradients(struct aq_trainer *t) {
  const struct vm_function *f = vm_machine_function(t->machine);
  for (uint32_t g = 0; g < f->gradient_count; g++) {
    struct rt_gradient *to = &t->gradient[f->gradient[g].param];
    *to = (struct rt_gradient){.form = RT_DENSE,
                               .numbers = vm_machine_value(t->machine, f->gradient[g].value).data};
    if (f->gradient[g].ids == UINT32_MAX) continue;
    to->form = RT_ROWS;
    struct rt_tensor ids = vm_machine_value(t->machine, f->gradient[g].ids);
    to->ids = ids.data;
    to->count = ids.shape->count;
  }
}

/* The stream of a step's seed from which data are changed at random. */
enum { CHANGES = 0x6368616e };

/* Of a step, counted from 1. */
static uint64_t seed_of(const struct aq_trainer *t, int64_t step) {
  return rt_random_seed((uint64_t)t->settings.seed, (uint64_t)step);
}
static uint64_t step_seed(const struct aq_trainer *t) { return seed_of(t, t->state.step + 1); }

static int diverged(int64_t step, struct rt_error *error) {
  rt_hint(error,
          "at step %lld. A lower learning rate, clip = 1 in train { }, or a norm between layers usually help",
          (long long)step);
  return RT_NOT_FINITE;
}

/* Judges the rows of the step, of which it says whether they count less than nothing. */
static void hint_weight(struct aq_trainer *t, struct lib_batch batch, struct rt_error *error) {
  struct rt_error why = {0};
  int status = lib_feed_rows(&t->judge.feed, t->judge.machine, batch, &why);
  if (status == RT_OK) status = vm_machine_run(t->judge.machine, 0, &why);
  if (status == RT_OK) lib_judge_hint_weight(&t->judge, error);
}

/* Finds the op that made the first number that is not finite. */
static int blame(struct aq_trainer *t, struct lib_batch batch, const char *what, struct rt_error *error) {
  int status = vm_machine_blame(t->machine, step_seed(t), error);
  if (status != RT_OK && status != RT_NOT_FINITE) return status;
  lib_hint_row(batch, error);
  if (status == RT_OK)
    rt_fail(error, RT_NOT_FINITE, "%s is not finite at step %lld", what, (long long)t->state.step + 1);
  hint_weight(t, batch, error);
  return diverged(t->state.step + 1, error);
}

int lib_train_finite(struct aq_trainer *t, struct rt_error *error) {
  const struct lib_params *const now[] = {&t->params, &t->average};
  int status = RT_OK;
  for (size_t k = 0; k < RT_COUNT(now) && status == RT_OK; k++)
    status = lib_params_check(now[k], t->module, RT_NOT_FINITE, "is no longer finite", error);
  return status != RT_OK ? diverged(t->state.step, error) : RT_OK;
}

/* The batch that follows in this epoch is made ready meanwhile. */
static void begin_next(struct aq_trainer *t, struct lib_batch batch) {
  const int64_t at = t->state.position + batch.count, left = t->train_data.rows - at;
  const uint64_t chance = rt_random_seed(seed_of(t, t->state.step + 2), CHANGES);
  if (!t->ahead || batch.row != t->order + t->state.position || left <= 0) return;
  const struct lib_batch next = {&t->train_data, t->order + at,
                                 left < t->settings.batch ? left : t->settings.batch};
  lib_ahead_begin(t->ahead, t->machine, next, &chance);
}

static int feed(struct aq_trainer *t, struct lib_batch batch, struct rt_error *error) {
  const struct profile_time from = lib_profile_now(t->options.profile);
  const uint64_t chance = rt_random_seed(step_seed(t), CHANGES);
  t->feed.chance = &chance;
  int status = lib_ahead_rows(t->ahead, &t->feed, t->machine, batch, error);
  t->feed.chance = NULL;
  if (status == RT_OK) begin_next(t, batch);
  lib_profile_part(t->options.profile, PROFILE_feed, from);
  return status;
}

static int run(struct aq_trainer *t, struct lib_batch batch, struct rt_error *error) {
  const struct profile_time from = lib_profile_now(t->options.profile);
  int status = lib_run_batch(t->machine, batch, step_seed(t), error);
  lib_profile_part(t->options.profile, PROFILE_run, from);
  lib_profile_ran(t->options.profile, t->machine, batch.count);
  return status;
}

/* The optimizer's step with the gradients that the run has left. */
static int update(struct aq_trainer *t, struct rt_error *error) {
  const struct profile_time from = lib_profile_now(t->options.profile);
  collect_gradients(t);
  int status = rt_optimizer_step(t->optimizer, t->gradient, NULL, error);
  lib_profile_part(t->options.profile, PROFILE_update, from);
  return status;
}

int lib_train_batch(struct aq_trainer *t, struct lib_batch batch, struct lib_step_loss *loss,
                    struct rt_error *error) {
  int status = feed(t, batch, error);
  if (status != RT_OK) return status;
  if ((status = use_rows(t, error))) return status;
  if ((status = run(t, batch, error))) return status;
  struct rt_tensor output = vm_machine_output(t->machine, 0);
  loss->weight = lib_feed_weight(&t->feed, 0, batch.count);
  lib_to_double(&output, t->precision, &loss->value);
  if (!isfinite(loss->value)) return blame(t, batch, "the loss", error);
  struct rt_error why = {0};
  status = update(t, &why);
  if (status == RT_NOT_FINITE) return blame(t, batch, "the gradient", error);
  if (status != RT_OK) {
    *error = why;
    return status;
  }
  t->state.step++;
  t->saved = false;
  return RT_OK;
}
