/* lane_double.h: the words of the expressions in ops.def, for double and by the C library: of kernels
 * compiled for double, and of whatever computes single numbers. Those for float: runtime/kernels/math.h. */
#ifndef AQ_RUNTIME_LANE_DOUBLE_H
#define AQ_RUNTIME_LANE_DOUBLE_H

#include <math.h>

static inline double lane_sigmoid_double(double x) { return 1.0 / (1.0 + exp(-x)); }
static inline double lane_softplus_double(double x) { return (x < 0.0 ? 0.0 : x) + log1p(exp(-fabs(x))); }
static inline double lane_normal_below(double x) { return 0.5 * erfc(x * -0.70710678118654752); }
/* Below -40 nothing is left of x. */
static inline double lane_gelu_double(double x) { return x < -40.0 ? -0.0 : x * lane_normal_below(x); }
static inline double lane_gelu_slope_double(double x) {
  double density = exp(-0.5 * x * x) * 0.39894228040143268;
  return fabs(x) > 40.0 ? (double)(x > 0.0) : lane_normal_below(x) + x * density;
}

#define LANE_ABS(a) fabs(a)
#define LANE_EXP(a) exp(a)
#define LANE_LOG(a) log(a)
#define LANE_SQRT(a) sqrt(a)
#define LANE_TANH(a) tanh(a)
#define LANE_SIGMOID(a) lane_sigmoid_double(a)
#define LANE_SOFTPLUS(a) lane_softplus_double(a)
#define LANE_ERF(a) erf(a)
#define LANE_GELU(a) lane_gelu_double(a)
#define LANE_GELU_SLOPE(a) lane_gelu_slope_double(a)
#define LANE_SIN(a) sin(a)
#define LANE_COS(a) cos(a)
#define LANE_FLOOR(a) floor(a)
#define LANE_POW(a, b) pow(a, b)

#endif
