/* training.h: the rows of optimizers.def and schedules.def: what optimisers and schedules there are, what can
 * be set of each, and what they compute from a step's number. */
#ifndef AQ_RUNTIME_TRAINING_H
#define AQ_RUNTIME_TRAINING_H

#include "runtime/base.h"

enum { RT_MOST_SETTINGS = 6, RT_MOST_MOMENTS = 2, RT_MOST_COEFFICIENTS = 10 };

/* A number; or, of something that is counted in steps: so many steps, or that part of all steps. */
struct rt_amount {
  int64_t steps;
  double number;
};

struct rt_setting_range {
  enum rt_setting_takes { RT_TAKES_NUMBER, RT_TAKES_SWITCH, RT_TAKES_STEPS } takes;
  double least, most;
  bool above, below; /* least, most itself is not one of them */
};

struct rt_setting {
  const char *name, *doc;
  double fallback;
  struct rt_setting_range range;
};

struct rt_method {
  const char *name, *doc;
  double lr, decay; /* when a program says none */
  const struct rt_setting *setting;
  int settings, moments;
  const char *moment[RT_MOST_MOMENTS];
  /* of step t, into to[RT_MOST_COEFFICIENTS] */
  void (*coefficients)(double t, double lr, double decay, const double *setting, double *to);
};

enum rt_method_number {
#define RT_OPTIMIZER(name, ...) RT_METHOD_##name,
#include "runtime/optimizers.def"
#undef RT_OPTIMIZER
  RT_METHODS
};
extern const struct rt_method rt_method[RT_METHODS];

struct rt_schedule {
  const char *name, *doc;
  struct rt_amount warmup; /* when a program says none */
  const struct rt_setting *setting;
  int settings;
  double (*rise)(double t, double w, const double *setting);
  double (*fall)(double t, double w, double n, const double *setting);
};

enum rt_schedule_number {
#define RT_SCHEDULE(name, ...) RT_SCHEDULE_##name,
#include "runtime/schedules.def"
#undef RT_SCHEDULE
  RT_SCHEDULES
};
extern const struct rt_schedule rt_schedule[RT_SCHEDULES];

/* The share of the learning rate in step t = 1, 2, … of `total`, of which `warmup` are a warm-up. */
double rt_schedule_share(const struct rt_schedule *schedule, const double *setting, int64_t step,
                         int64_t warmup, int64_t total);
/* NULL: there is none of that name. */
const struct rt_method *rt_method_find(const char *name);
const struct rt_schedule *rt_schedule_find(const char *name);
/* A part is rounded up to whole steps: 7% of 100 is 7, although 0.07 * 100 is a hair more. */
int64_t rt_amount_steps(const struct rt_amount *amount, double total);

#endif
