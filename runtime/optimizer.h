/* optimizer.h: gradient descent: AdamW and SGD with momentum over a list of parameters, clipping, learning rate schedules.
 *
 * A parameter's gradient comes dense, or as rows (from a table that was gathered from): ids[r] receives rows[r, :], summed where ids repeat.
 * For row gradients AdamW leaves rows without a gradient alone and catches up, step by step as if they had been updated all
 * along, when they are next used or flushed: results are bit for bit those of dense updates. */
#ifndef AQ_RUNTIME_OPTIMIZER_H
#define AQ_RUNTIME_OPTIMIZER_H

#include "runtime/ops.h"
#include "runtime/threads.h"

enum rt_method { RT_ADAMW, RT_SGD };
enum rt_schedule { RT_CONSTANT, RT_LINEAR, RT_COSINE };

struct rt_optimizer_options {
  enum rt_method method;
  double learning_rate, weight_decay;    /* decay is decoupled (Loshchilov and Hutter 2019) and only for parameters with decay set */
  double beta1, beta2, epsilon;          /* ADAMW */
  double momentum;                       /* SGD */
  double clip;                           /* largest norm of the whole gradient; 0: none */
  enum rt_schedule schedule;             /* after the warm-up: constant, or down to 0 at `steps` linearly or as a half cosine */
  int64_t warmup, steps;                 /* the learning rate rises linearly over the first `warmup` steps */
};

/* The learning rate of step 1, 2, … */
double rt_learning_rate(const struct rt_optimizer_options *options, int64_t step);

/* A parameter as the optimizer sees it. */
struct rt_optimized {
  void *value;                           /* [rows, width] float or double, not owned */
  int64_t rows, width;
  bool decay;
  bool by_rows;                          /* gradients come as rows */
};

/* One step's gradient of one parameter: dense when ids is NULL: values [rows, width]; else values [count, width]. NULL values: none this step. */
struct rt_gradient { const void *values; const int32_t *ids; int64_t count; };

struct rt_optimizer;
/* Makes the state (all zeros) for count parameters. max_ids: the largest number of ids of a row gradient that will come (0: none), so that steps allocate nothing. */
struct rt_optimizer *rt_optimizer_new(const struct rt_optimizer_options *options, const struct rt_optimized *param, uint32_t count, int64_t max_ids,
                                      enum rt_precision precision, struct rt_pool *pool, struct rt_error *error);
void rt_optimizer_free(struct rt_optimizer *optimizer);

/* Brings the rows that ids name up to date; call before a run that gathers them. */
void rt_optimizer_use(struct rt_optimizer *optimizer, uint32_t param, const int32_t *ids, int64_t count);
/* Applies one step. Returns the norm of the whole gradient before clipping; when that is not finite nothing is changed. */
double rt_optimizer_step(struct rt_optimizer *optimizer, const struct rt_gradient *gradient);
/* Brings every row up to date; call before evaluating or saving. */
void rt_optimizer_flush(struct rt_optimizer *optimizer);

/* For checkpoints, after a flush: the step count, and the state tensors of each parameter, each [rows, width]. kind 0: first moment or momentum,
 * 1: second moment (NULL for SGD). Writing through the pointers and setting the step restores a state. */
int64_t rt_optimizer_steps(const struct rt_optimizer *optimizer);
void rt_optimizer_set_steps(struct rt_optimizer *optimizer, int64_t steps);
void *rt_optimizer_state(struct rt_optimizer *optimizer, uint32_t param, int kind);

#endif
