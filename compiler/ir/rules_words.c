/* rules_words.c: the gradients that rows of ops.def say in words. What the words make is ordinary ops, so
 * that those of element-by-element ops serve in the scalar graphs of slots as well as in graphs of tensors.
 */
#include "compiler/ir/rules.h"

#include <math.h>

/* The words of a slope: the operands, the result and what it received, */
#define A rule_arg(b, 0)
#define B rule_arg(b, 1)
#define C rule_arg(b, 2)
#define Y (b->y)
#define DY (b->dy)
#define NONE 0

/* and the ops. `of` and `lane` name any with one or two operands, `with` one that has the same attributes; */
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
#define with(op, x, y) rule_alike(b, (struct ir_op){OP_##op, 2, .arg = (ir_id[]){x, y}})
/* the sum along the last axis, repeated along it. */
#define along(x) row_sum(b, x)

static ir_id row_sum(struct ir_back *b, ir_id a) {
  if (!a) return 0;
  struct vm_type type = *rule_type(b, a);
  uint32_t keep = (1u << (type.rank - 1)) - 1;
  ir_id sum = ir_sum(rule_here(b), a, keep, type.batched);
  return ir_expand_axes(rule_here(b), sum, keep, &type);
}

static void give(struct ir_back *b, int k, ir_id slope) {
  if (slope) ir_give(b, k, slope);
}

#define GIVE(k, slope)                                                                                       \
  if (b->need[k]) give(b, k, slope);
#define LANE1(name, written, expression, slope, ...)                                                         \
  RULE(name) { GIVE(0, slope) }
#define LANE2(name, written, expression, slope_a, slope_b, ...)                                              \
  RULE(name) { GIVE(0, slope_a) GIVE(1, slope_b) }
#define LANE3(name, written, expression, slope_a, slope_b, slope_c, ...)                                     \
  RULE(name) { GIVE(0, slope_a) GIVE(1, slope_b) GIVE(2, slope_c) }
#define OP1(name, written, signature, attributes, slope, ...)                                                \
  RULE(name) { GIVE(0, slope) }
#include "runtime/ops.def"
