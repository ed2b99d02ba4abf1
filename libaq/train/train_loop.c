/* train_loop.c: the steps and epochs of training, and what is saved in between. */
#include <math.h>

#include "libaq/train/trainer.h"
#include "runtime/limits.h"
#include "runtime/random.h"

/* After so many seconds the state is saved, also within an epoch. */
static const double LONGEST_UNSAVED = 60;
/* Saving takes at most this part of the time. */
static const double SAVING_SHARE = 0.03;

/* ---- telling and saving ---- */

/* What a callback is told of where training is now. */
static void fill_progress(struct aq_trainer *t, aq_progress *p) {
  double now = lib_seconds(), elapsed = now - t->started;
  int64_t done = t->facts.steps - t->steps_before;
  t->last_shown = now;
  p->epoch = t->state.epoch + 1;
  p->epochs = t->settings.epochs;
  p->step = t->state.step;
  p->steps = lib_train_steps(t) * t->settings.epochs;
  p->loss = t->state.loss_rows > 0 ? t->state.loss_sum / t->state.loss_rows : 0;
  p->learning_rate = lib_train_rate(t);
  p->examples_per_second = t->facts.seconds > 0 ? (double)t->examples / t->facts.seconds : 0;
  p->seconds_left =
      done > 0 && p->steps > p->step ? elapsed / (double)done * (double)(p->steps - p->step) : 0;
}

static void tell_step(struct aq_trainer *t) {
  aq_progress p = {.size = sizeof p, .event = AQ_STEP};
  fill_progress(t, &p);
  lib_train_tell(t, &p);
}

static int save_model(struct aq_trainer *t, struct rt_error *error) {
  struct aq_model *model = lib_model_new();
  if (!model) return rt_no_memory(error);
  int status = lib_train_model(t, model, error);
  if (status == RT_OK) status = lib_model_save(model, t->save, error);
  aq_model_free(model);
  t->unsaved = status != RT_OK;
  return status;
}

/* The model is saved first: then the best epoch that the checkpoint speaks of is in the model file. */
static int save_both(struct aq_trainer *t, struct rt_error *error) {
  int status = RT_OK;
  rt_optimizer_flush(t->optimizer);
  if ((status = lib_train_finite(t, error))) return status;
  if (t->unsaved || !t->state.best_epoch) status = save_model(t, error);
  return status == RT_OK ? lib_checkpoint_write(t, error) : status;
}

/* Limits do not count meanwhile: a training that they have stopped is saved, too. (A model with learned
 * thresholds runs over the validation data once more for that.) */
static int save_all(struct aq_trainer *t, struct rt_error *error) {
  double before = lib_seconds();
  if (!t->save) return RT_OK;
  const struct profile_time from = lib_profile_now(t->options.profile);
  struct rt_limits *obeyed = rt_limits_use(NULL);
  int status = save_both(t, error);
  rt_limits_use(obeyed);
  lib_profile_part(t->options.profile, PROFILE_save, from);
  t->saved = status == RT_OK;
  t->saved_at = lib_seconds();
  t->save_cost = t->saved_at - before;
  return status;
}

static bool save_is_due(const struct aq_trainer *t) {
  return lib_seconds() - t->saved_at >= t->save_cost / SAVING_SHARE;
}

/* ---- the loop ---- */

/* The order of an epoch depends on the seed and the epoch alone. */
static void shuffle(struct aq_trainer *t) {
  lib_ahead_wait(t->ahead);
  for (int64_t r = 0; r < t->train_data.rows; r++) t->order[r] = r;
  rt_random_shuffle(rt_random_seed((uint64_t)t->settings.seed ^ 0x6f72646572u, (uint64_t)t->state.epoch),
                    t->train_data.rows, t->order);
}

static int step(struct aq_trainer *t, int64_t count, struct rt_error *error) {
  struct lib_step_loss loss;
  int status = lib_train_batch(t, (struct lib_batch){&t->train_data, t->order + t->state.position, count},
                               &loss, error);
  if (status != RT_OK) return status;
  t->state.loss_sum += loss.value * loss.weight;
  t->state.loss_rows += loss.weight;
  t->state.position += count;
  return RT_OK;
}

static int timed_step(struct aq_trainer *t, struct rt_error *error) {
  int64_t left = t->train_data.rows - t->state.position,
          count = left < t->settings.batch ? left : t->settings.batch;
  double before = lib_seconds();
  uint64_t allocated = rt_alloc_count();
  int status = step(t, count, error);
  if (status != RT_OK) return status;
  if (t->facts.steps > 0) t->facts.allocations_in_steps += rt_alloc_count() - allocated;
  t->facts.seconds += lib_seconds() - before;
  t->facts.steps++;
  t->examples += count;
  return RT_OK;
}

static int epoch_steps(struct aq_trainer *t, struct rt_error *error) {
  while (t->state.position < t->train_data.rows && !t->stopped) {
    int status = timed_step(t, error);
    if (status != RT_OK) return status;
    double now = lib_seconds();
    if (now - t->last_shown > 0.05) tell_step(t);
    if (now - fmax(t->saved_at, t->started) > LONGEST_UNSAVED && save_is_due(t)
        && (status = save_all(t, error)))
      return status;
  }
  return RT_OK;
}

static double valid_loss(const struct aq_trainer *t) {
  return t->judge.loss_rows > 0 ? t->judge.loss / t->judge.loss_rows : NAN;
}

/* Is this epoch better than the best so far? First, an epoch that answers more rows is better: neither metric
 * nor loss counts the others. Then the metric decides, and where it is equal the loss, so that with little
 * validation data not just the first of many equal epochs is kept. When training saw no label of these data,
 * nothing decides, and the last epoch is kept. */
static bool is_best(const struct aq_trainer *t, double value) {
  const struct train_state *s = &t->state;
  if (s->best_epoch == 0 || t->blind) return true;
  if (t->options.measure) return lib_measure_better(t, value);
  if (t->judge.skipped != s->best_unanswered) return t->judge.skipped < s->best_unanswered;
  if (rep_metric_better(t->best_by.asked.metric, value, s->best_value)) return true;
  return !rep_metric_better(t->best_by.asked.metric, s->best_value, value) && valid_loss(t) < s->best_loss;
}

/* A metric without a value on these data, such as auc when a class is missing, never reaches a goal. */
static int check_goal(const struct aq_trainer *t, struct rt_error *error) {
  if (!t->has_goal || !isnan(rep_value(&t->judge.report[t->goal_output], &t->goal.asked))) return RT_OK;
  rt_fail(error, RT_BAD_DATA, "%s has no value on the validation data, so no goal of it can be reached",
          t->goal.asked.name);
  rt_hint(error, "auc takes rows of both classes, r2 two rows, and losses a row whose labels training saw");
  return RT_BAD_DATA;
}

/* When the call was stopped the next one goes on behind the rows that were judged, unless the host has taken
 * steps meanwhile. */
static int judge_validation(struct aq_trainer *t, struct rt_error *error) {
  const struct profile_time from = lib_profile_now(t->options.profile);
  if (t->judged != t->state.step) lib_judge_begin(&t->judge, t->settings.batch);
  t->judged = t->state.step;
  int status = lib_judge_rows(&t->judge, &t->valid_data, error);
  if (status == RT_OK) status = lib_judge_end(&t->judge, &t->valid_data, error);
  if (status != RT_OK && status != RT_INTERRUPTED) t->judged = -1;
  lib_profile_part(t->options.profile, PROFILE_validate, from);
  return status;
}

/* Judges the validation data. Rows without a finite answer are bad rows; when there are no others, training
 * has gone wrong. */
static int validate(struct aq_trainer *t, struct rt_error *error) {
  int status = judge_validation(t, error);
  if (status == RT_OK && t->judge.skipped > 0 && t->judge.skipped == t->valid_data.rows) {
    *error = t->judge.first_skipped;
    status = error->code;
  }
  if (status != RT_NOT_FINITE) return status;
  struct rt_error why = *error;
  error->hint[0] = 0;
  rt_hint(error, "on the validation data, after epoch %lld%s%.400s", (long long)t->state.epoch + 1,
          why.hint[0] ? "; " : "", why.hint);
  return status;
}

static int keep_best(struct aq_trainer *t, bool *best, double *value, struct rt_error *error) {
  *value = 0;
  int status = t->has_valid ? validate(t, error) : RT_OK;
  if (status == RT_OK && t->has_valid) status = check_goal(t, error);
  if (status == RT_OK && t->options.measure) status = lib_train_measure(t, value, error);
  if (status != RT_OK) return status;
  if (t->has_valid && !t->options.measure)
    *value = rep_value(&t->judge.report[t->best_by.output], &t->best_by.asked);
  *best = !lib_train_has_measure(t) || is_best(t, *value);
  if (t->has_goal && rep_goal_met(&t->goal, &t->judge.report[t->goal_output])) t->state.reached = true;
  t->state.since_best++;
  if (!*best) return RT_OK;
  lib_params_copy(&t->best, lib_train_now(t));
  t->state.best_epoch = t->state.epoch + 1;
  t->state.best_value = *value;
  t->state.best_loss = valid_loss(t);
  t->state.best_unanswered = t->judge.skipped;
  t->state.since_best = 0;
  t->unsaved = true;
  return RT_OK;
}

static int end_epoch(struct aq_trainer *t, struct rt_error *error) {
  bool best;
  double value;
  rt_optimizer_flush(t->optimizer);
  int status = lib_train_finite(t, error);
  if (status == RT_OK) status = keep_best(t, &best, &value, error);
  if (status != RT_OK) return status;
  aq_progress p = {.size = sizeof p,
                   .event = AQ_EPOCH,
                   .metric = t->best_by.name,
                   .value = value,
                   .best = best && lib_train_has_measure(t) && !t->blind};
  p.valid_loss = valid_loss(t);
  t->facts.loss = t->state.loss_rows > 0 ? t->state.loss_sum / t->state.loss_rows : 0;
  status = lib_train_note(t, &p, error);
  if (status != RT_OK) return status;
  fill_progress(t, &p);
  t->state.epoch++;
  t->state.position = 0;
  t->state.loss_sum = t->state.loss_rows = 0;
  t->saved = false;
  lib_train_tell(t, &p); /* the host may save the trainer now, and goes on behind this epoch */
  return save_is_due(t) ? save_all(t, error) : RT_OK;
}

static bool finished(const struct aq_trainer *t) {
  if (t->state.epoch >= t->settings.epochs || t->state.reached) return true;
  return t->settings.patience > 0 && lib_train_has_measure(t) && t->state.since_best >= t->settings.patience;
}

static void fill_facts(struct aq_trainer *t) {
  t->facts.epochs = t->state.epoch;
  t->facts.best_epoch = t->state.best_epoch;
  t->facts.unanswered_valid_rows = t->state.best_unanswered;
  t->facts.reached = t->state.reached;
  t->facts.examples_per_second = t->facts.seconds > 0 ? (double)t->examples / t->facts.seconds : 0;
}

/* Saves what has not been saved yet, after the last step. Of a training that was stopped, error may say why.
 */
static int settle_up(struct aq_trainer *t, bool complete, struct rt_error *error) {
  int status = RT_OK;
  struct rt_error why = *error;
  rt_error_clear(error);
  if (!t->saved || t->unsaved) status = save_all(t, error);
  if (status != RT_OK || complete) return status;
  rt_fail(error, RT_INTERRUPTED, "stopped at step %lld%s%.200s", (long long)t->state.step,
          why.code ? ": " : "", why.text);
  if (t->save) rt_hint(error, "the checkpoint %s.ckpt is complete; resume goes on from it", t->save);
  return RT_INTERRUPTED;
}

static int run(struct aq_trainer *t, struct rt_error *error) {
  int status = RT_OK;
  t->started = lib_seconds();
  t->last_shown = 0;
  t->steps_before = t->facts.steps;
  t->stopped = false;
  while (status == RT_OK && !t->stopped && !finished(t)) {
    shuffle(t);
    status = epoch_steps(t, error);
    if (status == RT_OK && t->state.position >= t->train_data.rows) status = end_epoch(t, error);
  }
  fill_facts(t);
  if (status == RT_INTERRUPTED) return settle_up(t, false, error);
  return status != RT_OK ? status : settle_up(t, finished(t), error);
}

int aq_trainer_run(aq_trainer *t) {
  if (!t) return AQ_USAGE;
  struct rt_error *error = lib_begin(&t->message);
  int status = lib_train_begin(t, false, error);
  if (status != RT_OK) return status;
  t->running = true;
  const int64_t from = rt_clock();
  status = run(t, error);
  lib_profile_took(t->options.profile, rt_clock() - from);
  return lib_train_end(t, status);
}
