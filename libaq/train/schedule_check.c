/* schedule_check.c: schedules of trainings that do not know how many steps there will be. */
#include "libaq/train/trainer.h"

static bool is_part(const struct rt_amount *amount) { return amount->steps == 0 && amount->number > 0; }

bool lib_schedule_needs_total(const struct vm_settings *s) {
  const struct rt_schedule *schedule = rt_schedule_find(s->schedule);
  double setting[RT_MOST_SETTINGS] = {0};
  bool part = is_part(&s->warmup);
  for (int k = 0; k < schedule->settings; k++) {
    const bool counts = schedule->setting[k].range.takes == RT_TAKES_STEPS;
    part |= counts && is_part(&s->schedule_setting[k]);
    setting[k] = counts ? (double)s->schedule_setting[k].steps : s->schedule_setting[k].number;
  }
  if (part) return true;
  const int64_t least = s->warmup.steps + 1000; /* two lengths, and a step behind the warm-up */
  return rt_schedule_share(schedule, setting, least, s->warmup.steps, least)
         != rt_schedule_share(schedule, setting, least, s->warmup.steps, 2 * least);
}

int lib_check_schedule(const struct aq_trainer *t, struct rt_error *error) {
  const struct vm_settings *s = &t->settings;
  if (t->options.steps < 0)
    return rt_fail(error, RT_USAGE, "there cannot be %lld steps", (long long)t->options.steps);
  if (t->options.steps > 0 || !lib_schedule_needs_total(s)) return RT_OK;
  rt_fail(error, RT_USAGE,
          "the learning rate depends on how many steps there are (schedule = %s), and without rows nobody "
          "knows that",
          s->schedule);
  rt_hint(
      error,
      "aq_train_options.steps says it; schedule = constant with a warm-up in steps does not depend on it");
  return RT_USAGE;
}
