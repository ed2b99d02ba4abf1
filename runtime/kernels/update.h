/* update.h: what the optimiser (runtime/optimizer.c) asks of kernels: steps of a run of parameters. Also
 * included outside kernels, where the number type is not known: numbers are void pointers, coefficients
 * double. */
#ifndef AQ_RUNTIME_KERNELS_UPDATE_H
#define AQ_RUNTIME_KERNELS_UPDATE_H

#include "runtime/training.h"

/* One step: the coefficients that the optimiser's row computes from its number, and the part of the way to
 * the parameter that the running average goes. */
struct update_step {
  double coefficient[RT_MOST_COEFFICIENTS], towards;
  float rounded[RT_MOST_COEFFICIENTS]; /* the coefficients, for parameters that are float */
};

/* `count` parameters side by side go through all the steps. The gradient belongs to the last one; the steps
 * before it have none, and are computed as with a gradient of 0, bit for bit. */
struct update_run {
  int64_t count;
  void *value, *moment[RT_MOST_MOMENTS]; /* a moment that the optimiser does not have is NULL */
  void *average;                         /* of the parameters, running; NULL when there is none */
  const void *gradient;
  double scale; /* of the gradient: clipping */
  const struct update_step *step;
  int64_t steps;
};

typedef void update_kernel(const struct update_run *run);

struct update_kernels {
  update_kernel *update[RT_METHODS];
  double (*square_sum)(int64_t count, const void *numbers);
  void (*clear)(int64_t count, void *to);
  void (*add)(int64_t count, const void *from, void *to);
};

#endif
