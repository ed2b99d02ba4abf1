/* optimizer.h: an optimiser of optimizers.def over all parameters of a model.
 *
 * The optimizer owns the moments. It holds pointers to the parameters and their averages, which must stay
 * valid.
 *
 * A parameter may be a table (by_rows), of which a batch uses few rows. The gradient is then those rows, and
 * a step touches them alone. The others are behind. They catch up when a batch uses them again
 * (rt_optimizer_use), or when everything must be current (rt_optimizer_flush: before evaluating, saving, or
 * reading the table in any other way): they go through the steps that they missed, with a gradient of 0. The
 * result is the same, bit for bit, as if the gradient had been dense. */
#ifndef AQ_RUNTIME_OPTIMIZER_H
#define AQ_RUNTIME_OPTIMIZER_H

#include "runtime/ops.h"
#include "runtime/training.h"

struct rt_optimizer_config {
  const struct rt_method *method;
  const struct rt_schedule *schedule;
  double setting[RT_MOST_SETTINGS]; /* of the method, in the order of its row */
  double schedule_setting[RT_MOST_SETTINGS];
  double lr;      /* of the parameters that have none of their own */
  double clip;    /* largest norm of all gradients together; 0: any */
  int64_t warmup; /* steps of it */
  int64_t total;  /* steps of the whole training */
  double average; /* 0: no averages. d: beside each parameter its running average is kept: of what it was
                   * after every step so far, where the last step counts most and each one before it d times
                   * as much as the next */
};

struct rt_parameter {
  void *value;         /* float or double, by the precision */
  int64_t rows, width; /* rows * width numbers; rows counts only when by_rows, else it may be 1 */
  bool by_rows;        /* a table whose gradient may come as rows */
  double lr, decay;    /* its learning rate at its highest, its weight decay */
  void *average; /* as many numbers, for config.average: equal to those of value before the first step. Else
                    NULL */
};

enum rt_gradient_form {
  RT_NO_GRADIENT, /* this step leaves the parameter, its moments and its average alone */
  RT_DENSE,       /* numbers: as many as the parameter has */
  RT_ROWS /* numbers: [count, width], what row ids[i] receives; ids may repeat; an id that names no row is
             skipped */
};
struct rt_gradient {
  enum rt_gradient_form form;
  const void *numbers;
  const int32_t *ids;
  int64_t count;
};

struct rt_optimizer;

/* parameter[0..count-1] is copied. Moments start at 0. NULL and error filled when memory or a setting fails.
 */
struct rt_optimizer *rt_optimizer_new(const struct rt_optimizer_config *config,
                                      const struct rt_parameter *parameter, int count,
                                      enum rt_precision precision, struct rt_pool *pool,
                                      struct rt_error *error);
void rt_optimizer_free(struct rt_optimizer *optimizer);

/* Room for gradients of a table that name up to so many rows, so that steps and rt_optimizer_use allocate
 * nothing. */
int rt_optimizer_reserve(struct rt_optimizer *optimizer, int parameter, int64_t ids, struct rt_error *error);

/* One step with gradient[0..count-1], one for each parameter. norm (or NULL) receives the norm of all
 * gradients before clipping. After RT_NOT_FINITE (the norm is no number) or RT_NO_MEMORY nothing has changed.
 */
int rt_optimizer_step(struct rt_optimizer *optimizer, const struct rt_gradient *gradient, double *norm,
                      struct rt_error *error);

/* Brings rows of a table up to date before a forward pass reads them. Nothing to do for parameters that are
 * not by_rows. */
int rt_optimizer_use(struct rt_optimizer *optimizer, int parameter, const int32_t *ids, int64_t count,
                     struct rt_error *error);
/* Brings all rows of one table up to date. */
void rt_optimizer_use_all(struct rt_optimizer *optimizer, int parameter);
/* Brings everything up to date. */
void rt_optimizer_flush(struct rt_optimizer *optimizer);

/* From the next step on the learning rate is this one, and not what the schedule makes of config.lr;
 * parameters with a rate of their own keep its proportion to config.lr. Below 0: the schedule counts again.
 */
void rt_optimizer_set_rate(struct rt_optimizer *optimizer, double rate);
/* The learning rate of the last step, of parameters that have none of their own; before the first step that
 * of the first. */
double rt_optimizer_rate(const struct rt_optimizer *optimizer);
int64_t rt_optimizer_steps(const struct rt_optimizer *optimizer); /* taken so far */

/* Checkpoints: save the number of steps, every moment and every average after rt_optimizer_flush; to load,
 * fill those of a new optimizer and set its steps. A moment has as many numbers as the parameter. */
void *rt_optimizer_moment(const struct rt_optimizer *optimizer, int parameter, int moment);
void rt_optimizer_set_steps(struct rt_optimizer *optimizer, int64_t steps);

#endif
