/* fold.c: lane ops on constants, from the same expressions that the lane interpreter runs. */
#include "compiler/ir/passes.h"

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

double ir_fold(enum rt_op op, double a, double b, double c) {
  switch (op) {
    /* clang-format off */
#define LANE1(name, expression, doc) case OP_##name: return (expression);
#define LANE2(name, expression, doc) case OP_##name: return (expression);
#define LANE3(name, expression, doc) case OP_##name: return (expression);
#define OP(name, signature, attributes, flags, doc)
#include "runtime/ops.def"
#undef LANE1
#undef LANE2
#undef LANE3
#undef OP
      /* clang-format on */
    default: return NAN;
  }
}
