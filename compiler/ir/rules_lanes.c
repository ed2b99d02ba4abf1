/* rules_lanes.c: the gradients of the element-by-element ops, from the slopes in their rows of ops.def. What
 * a slope says is ordinary ops, so that it serves in graphs of tensors and in the scalar graphs of attention
 * slots alike. */
#include "compiler/ir/rules.h"

#include <math.h>

/* The words of a slope: the operands, the result and what it received, */
#define A rule_arg(b, 0)
#define B rule_arg(b, 1)
#define C rule_arg(b, 2)
#define Y (b->y)
#define DY (b->dy)
#define NONE 0

/* and the ops, of which `of` and `lane` name any other with one or two operands. */
#define of(op, x) rule_1(b, OP_##op, x)
#define lane(op, x, y) rule_2(b, OP_##op, x, y)
#define neg(x) of(neg, x)
#define square(x) of(square, x)
#define add(x, y) lane(add, x, y)
#define sub(x, y) lane(sub, x, y)
#define mul(x, y) lane(mul, x, y)
#define div(x, y) lane(div, x, y)
#define less(x, y) lane(lt, x, y)
#define choose(c, yes, no) rule_select(b, c, yes, no)
#define number(value) rule_number(b, value)

static void give(struct ir_back *b, int k, ir_id slope) {
  if (slope) ir_give(b, k, slope);
}

#define GIVE(k, slope)                                                                                       \
  if (b->need[k]) give(b, k, slope);
#define LANE1(name, expression, slope, ...)                                                                  \
  RULE(name) { GIVE(0, slope) }
#define LANE2(name, expression, slope_a, slope_b, ...)                                                       \
  RULE(name) { GIVE(0, slope_a) GIVE(1, slope_b) }
#define LANE3(name, expression, slope_a, slope_b, slope_c, ...)                                              \
  RULE(name) { GIVE(0, slope_a) GIVE(1, slope_b) GIVE(2, slope_c) }
#include "runtime/ops.def"
