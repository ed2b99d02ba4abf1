/* lane_double.h: the words of the expressions in ops.def, for double and by the C library. Kernels have their
 * own (runtime/kernels/math.h). */
#ifndef AQ_RUNTIME_LANE_DOUBLE_H
#define AQ_RUNTIME_LANE_DOUBLE_H

#include <math.h>

#define LANE_ABS(a) fabs(a)
#define LANE_EXP(a) exp(a)
#define LANE_LOG(a) log(a)
#define LANE_SQRT(a) sqrt(a)
#define LANE_TANH(a) tanh(a)
#define LANE_SIGMOID(a) (1 / (1 + exp(-(a))))
#define LANE_SOFTPLUS(a) ((a) > 0 ? (a) + log1p(exp(-(a))) : log1p(exp(a)))
#define LANE_ERF(a) erf(a)
#define LANE_SIN(a) sin(a)
#define LANE_COS(a) cos(a)
#define LANE_FLOOR(a) floor(a)
#define LANE_POW(a, b) pow(a, b)

#endif
