/* update.h: what the optimiser (runtime/optimizer.c) asks of kernels: steps of a run of parameters. Also
 * included outside kernels, where the number type is not known: numbers are void pointers, coefficients
 * double. */
#ifndef AQ_RUNTIME_KERNELS_UPDATE_H
#define AQ_RUNTIME_KERNELS_UPDATE_H

#include "runtime/base.h"

/* The coefficients of one step t: AdamW: rate = lr / (1 - beta1^t), second = 1 / (1 - beta2^t). SGD: rate =
 * lr. shrink = 1 - lr decay. towards: the part of its way to the parameter that the running average goes. */
struct update_step {
  double rate, second, shrink, towards;
};

/* count parameters in a row go through all the steps; the gradient, if there is one, belongs to the last,
 * before it there was none. Steps without a gradient are computed as steps with a gradient of 0, bit for bit.
 */
struct update_run {
  int64_t count;
  void *value, *first, *second; /* parameters and moments; second is AdamW's */
  void *average;                /* of the parameters, running; NULL when there is none */
  const void *gradient;
  double scale; /* of the gradient: clipping */
  const struct update_step *step;
  int64_t steps;
  double beta1, beta2, epsilon; /* beta1 is SGD's momentum */
  bool nesterov;
};

typedef void update_kernel(const struct update_run *run);

struct update_kernels {
  update_kernel *adamw, *sgd;
  double (*square_sum)(int64_t count, const void *numbers);
  void (*clear)(int64_t count, void *to);
  void (*add)(int64_t count, const void *from, void *to);
};

#endif
