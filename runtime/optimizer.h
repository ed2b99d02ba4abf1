/* optimizer.h: AdamW and SGD with momentum over all parameters of a model.
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

enum rt_method { RT_SGD, RT_ADAMW };
enum rt_decline { RT_CONSTANT, RT_LINEAR, RT_COSINE };

struct rt_optimizer_config {
  enum rt_method method;
  double lr;                    /* at its highest */
  double beta1, beta2, epsilon; /* AdamW; usually 0.9, 0.999, 1e-8. beta1 is SGD's momentum, 0 for none */
  bool nesterov;                /* SGD */
  double
      decay;   /* decoupled: every step a parameter loses lr * decay of itself. Of parameters with `decays` */
  double clip; /* largest norm of all gradients together; 0: any */
  enum rt_decline decline;
  int64_t warmup; /* steps over which lr rises from 0 */
  int64_t total;  /* steps of the whole training; behind them lr has declined. For RT_LINEAR and RT_COSINE */
  double last;    /* share of lr that is left then */
  double average; /* 0: none. d: beside each parameter its running average is kept, of what it was after every
                   * step so far, where a step weighs d times as much as the one after it */
};

/* The learning rate of step t = 1, 2, …: t / warmup of lr up to warmup, then as decline says of the N = total
 * - warmup steps left, k = 0 … N - 1: linear 1 - k / N, cosine (1 + cos(pi k / N)) / 2. Depends on nothing
 * else. */
double rt_learning_rate(const struct rt_optimizer_config *config, int64_t step);

struct rt_parameter {
  void *value;         /* float or double, by the precision */
  int64_t rows, width; /* rows * width numbers; rows counts only when by_rows, else it may be 1 */
  bool by_rows;        /* a table whose gradient may come as rows */
  bool decays;
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
double rt_optimizer_lr(const struct rt_optimizer *optimizer); /* of the step taken last; 0 before the first */

/* Checkpoints: save the number of steps, every moment and every average after rt_optimizer_flush; to load,
 * fill those of a new optimizer and set its steps. moment 0 is the first, moment 1, AdamW's alone, the
 * second: as many numbers as the parameter has. */
int rt_optimizer_moments(const struct rt_optimizer *optimizer); /* 1 or 2 */
void *rt_optimizer_moment(const struct rt_optimizer *optimizer, int parameter, int moment);
void rt_optimizer_set_steps(struct rt_optimizer *optimizer, int64_t steps);

#endif
