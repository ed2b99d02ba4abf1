/* training.c: see training.h. */
#include "runtime/training.h"

#include <math.h>
#include <string.h>

#define PI 3.14159265358979323846

#define RT_FROM_TO(a, b)                                                                                     \
  { RT_TAKES_NUMBER, a, b, false, false }
#define RT_FROM_BELOW(a, b)                                                                                  \
  { RT_TAKES_NUMBER, a, b, false, true }
#define RT_ABOVE(a, b)                                                                                       \
  { RT_TAKES_NUMBER, a, b, true, false }
#define RT_SWITCH                                                                                            \
  { RT_TAKES_SWITCH, 0, 1, false, false }
#define RT_STEPS                                                                                             \
  { RT_TAKES_STEPS, 1, 1e12, false, false }

/* ---- what can be set ---- */

#define RT_SETTING(name, fallback, range, doc) {#name, doc, fallback, range},
#define RT_OPTIMIZER(name, doc, lr, decay, settings, ...)                                                    \
  static const struct rt_setting method_##name[] = {settings{0}};
#include "runtime/optimizers.def"
#undef RT_OPTIMIZER
#define RT_SCHEDULE(name, doc, warmup, settings, ...)                                                        \
  static const struct rt_setting schedule_##name[] = {settings{0}};
#include "runtime/schedules.def"
#undef RT_SCHEDULE
#undef RT_SETTING

/* ---- formulas: settings are read in the order in which they are declared ---- */

#define RT_SETTING(name, ...)                                                                                \
  const double name = *setting++;                                                                            \
  (void)name;
#define RT_COEFFICIENT(name, formula) *to++ = formula;
#define RT_OPTIMIZER(name, doc, lr_, decay_, settings, moments, m, n, coefficients, ...)                     \
  static void step_##name(double t, double lr, double decay, const double *setting, double *to) {            \
    (void)t;                                                                                                 \
    settings coefficients(void) setting;                                                                     \
    (void)to;                                                                                                \
  }
#include "runtime/optimizers.def"
#undef RT_OPTIMIZER

#define RT_SCHEDULE(name, doc, warmup, settings, rise, fall)                                                 \
  static double rise_##name(double t, double w, const double *setting) {                                     \
    settings(void) setting;                                                                                  \
    (void)t, (void)w;                                                                                        \
    return rise;                                                                                             \
  }                                                                                                          \
  static double fall_##name(double t, double w, double n, const double *setting) {                           \
    const double k = t - 1 - w, way = n > 0 ? fmin(k / n, 1) : 1;                                            \
    settings(void) setting;                                                                                  \
    (void)k, (void)way;                                                                                      \
    return fall;                                                                                             \
  }
#include "runtime/schedules.def"
#undef RT_SCHEDULE
#undef RT_SETTING

/* ---- the rows ---- */

#define RT_OPTIMIZER(name, doc, lr, decay, settings, moments, m, n, ...)                                     \
  {#name, doc, lr, decay, method_##name, RT_COUNT(method_##name) - 1, moments, {#m, #n}, step_##name},
const struct rt_method rt_method[RT_METHODS] = {
#include "runtime/optimizers.def"
};

#define RT_SCHEDULE(name, doc, warmup, ...)                                                                  \
  {#name, doc, {0, warmup}, schedule_##name, RT_COUNT(schedule_##name) - 1, rise_##name, fall_##name},
const struct rt_schedule rt_schedule[RT_SCHEDULES] = {
#include "runtime/schedules.def"
};

/* The decline begins at the full rate: of N steps of `linear`, the last still has 1/N of it, so that every
 * step learns. */
double rt_schedule_share(const struct rt_schedule *schedule, const double *setting, int64_t step,
                         int64_t warmup, int64_t total) {
  double t = (double)step, w = (double)warmup;
  return step <= warmup ? schedule->rise(t, w, setting)
                        : schedule->fall(t, w, (double)(total - warmup), setting);
}

const struct rt_method *rt_method_find(const char *name) {
  for (int k = 0; k < RT_METHODS; k++)
    if (strcmp(rt_method[k].name, name) == 0) return &rt_method[k];
  return NULL;
}

const struct rt_schedule *rt_schedule_find(const char *name) {
  for (int k = 0; k < RT_SCHEDULES; k++)
    if (strcmp(rt_schedule[k].name, name) == 0) return &rt_schedule[k];
  return NULL;
}

int64_t rt_amount_steps(const struct rt_amount *amount, double total) {
  return amount->steps > 0 ? amount->steps : (int64_t)ceil(amount->number * total - 1e-6);
}
