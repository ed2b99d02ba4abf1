/* fold.c: lane ops on constants, from the same expressions that the lane interpreter runs. */
#include <math.h>

#include "compiler/ir/passes.h"
#include "runtime/lane_double.h"

double ir_fold(enum rt_op op, double a, double b, double c) {
  switch (op) {
    /* clang-format off */
#define LANE1(name, written, expression, ...) case OP_##name: return (expression);
#define LANE2(name, written, expression, ...) case OP_##name: return (expression);
#define LANE3(name, written, expression, ...) case OP_##name: return (expression);
#include "runtime/ops.def"
      /* clang-format on */
    default: return NAN;
  }
}
