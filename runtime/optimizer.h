/* optimizer.h: an optimiser of optimizers.def over all parameters of a model.
 *
 * The optimizer does not own parameters, nor their averages: it holds pointers to them, which must stay
 * valid. It owns moments. A parameter may be a table
 * (`rows`), of which a batch uses few rows, and whose gradient is those rows. Then a step touches the rows of
 * the batch alone. The others are behind; they catch up, through the very steps they missed with a gradient
 * of 0, when a batch uses them again (rt_optimizer_use) or when everything must be current
 * (rt_optimizer_flush: before evaluating, saving, or reading the table in any other way). The result is the
 * same, bit for bit, as if the gradient had been dense. */
#ifndef AQ_RUNTIME_OPTIMIZER_H
#define AQ_RUNTIME_OPTIMIZER_H

#include "runtime/ops.h"
#include "runtime/training.h"

struct rt_optimizer_config {
  const struct rt_method *method;
  const struct rt_schedule *schedule;
  double setting[RT_MOST_SETTINGS]; /* of the method, in the order of its row */
  double schedule_setting[RT_MOST_SETTINGS];
  double clip;    /* largest norm of all gradients together; 0: any */
  int64_t warmup; /* steps of it */
  int64_t total;  /* steps of the whole training */
  double average; /* 0: none. d: beside each parameter its running average is kept, of what it was after every
                   * step so far, where a step weighs d times as much as the one after it */
};

struct rt_parameter {
  void *value;         /* float or double, by the precision */
  int64_t rows, width; /* rows * width numbers; rows counts only when by_rows, else it may be 1 */
  bool by_rows;        /* a table whose gradient may come as rows */
  double lr, decay;    /* its learning rate at its highest, its weight decay */
  void *average; /* as many numbers, for config.average; before the first step of all they are those of value.
                    Else NULL */
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
 * gradients before clipping. RT_NOT_FINITE when that is not a number, RT_NO_MEMORY: then nothing has changed.
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

int64_t rt_optimizer_steps(const struct rt_optimizer *optimizer); /* taken so far */

/* Checkpoints: save the number of steps, every moment and every average after rt_optimizer_flush; to load,
 * fill those of a new optimizer and set its steps. A moment has as many numbers as the parameter. */
void *rt_optimizer_moment(const struct rt_optimizer *optimizer, int parameter, int moment);
void rt_optimizer_set_steps(struct rt_optimizer *optimizer, int64_t steps);

#endif
