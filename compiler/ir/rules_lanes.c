/* rules_lanes.c: gradient rules of the element-by-element ops, in such ops themselves: they are used in
 * graphs of tensors and in the scalar graphs of attention slots alike. */
#include "compiler/ir/rules.h"

#include <math.h>

#define A rule_arg(b, 0)
#define B rule_arg(b, 1)
#define Y (b->y)
#define DY (b->dy)
#define add(a, c) rule_2(b, OP_add, a, c)
#define sub(a, c) rule_2(b, OP_sub, a, c)
#define mul(a, c) rule_2(b, OP_mul, a, c)
#define quot(a, c) rule_2(b, OP_div, a, c)
#define neg(a) rule_1(b, OP_neg, a)
#define number(value) rule_number(b, value)
#define choose(c, yes, no) rule_select(b, c, yes, no)

/* Steps: flat wherever they have a slope at all. */
#define FLAT(name)                                                                                           \
  RULE(name) { (void)b; }
FLAT(sign)
FLAT(floor)
FLAT(not )
FLAT(lt)
FLAT(le)
FLAT(eq)
FLAT(ne)
FLAT(and)
FLAT(or)

RULE(neg) { ir_give(b, 0, neg(DY)); }
RULE(abs) { ir_give(b, 0, mul(DY, rule_1(b, OP_sign, A))); }
RULE(exp) { ir_give(b, 0, mul(DY, Y)); }
RULE(log) { ir_give(b, 0, quot(DY, A)); }
RULE(sqrt) { ir_give(b, 0, quot(mul(DY, number(0.5)), Y)); }
RULE(square) { ir_give(b, 0, mul(mul(DY, number(2)), A)); }
RULE(recip) { ir_give(b, 0, neg(mul(DY, rule_1(b, OP_square, Y)))); }
RULE(relu) {
  ir_give(b, 0, choose(rule_2(b, OP_lt, number(0), Y), DY, number(0)));
} /* y > 0 where a > 0: a need not be kept */
RULE(tanh) { ir_give(b, 0, mul(DY, sub(number(1), rule_1(b, OP_square, Y)))); }
RULE(sigmoid) { ir_give(b, 0, mul(DY, mul(Y, sub(number(1), Y)))); }
RULE(softplus) { ir_give(b, 0, mul(DY, rule_1(b, OP_sigmoid, A))); }
/* erf' = 2 / sqrt(pi) exp(-a^2) */
RULE(erf) {
  ir_give(b, 0, mul(mul(DY, number(2 / sqrt(M_PI))), rule_1(b, OP_exp, neg(rule_1(b, OP_square, A)))));
}
RULE(sin) { ir_give(b, 0, mul(DY, rule_1(b, OP_cos, A))); }
RULE(cos) { ir_give(b, 0, neg(mul(DY, rule_1(b, OP_sin, A)))); }

RULE(add) {
  ir_give(b, 0, DY);
  ir_give(b, 1, DY);
}

RULE(sub) {
  ir_give(b, 0, DY);
  if (b->need[1]) ir_give(b, 1, neg(DY));
}

RULE(mul) {
  if (b->need[0]) ir_give(b, 0, mul(DY, B));
  if (b->need[1]) ir_give(b, 1, mul(DY, A));
}

RULE(div) {
  ir_id over = quot(DY, B);
  ir_give(b, 0, over);
  if (b->need[1]) ir_give(b, 1, neg(mul(over, Y)));
}

/* a^b: b a^(b-1) and a^b log a. For a <= 0 the exponent has no slope: 0 rather than not a number. */
RULE(pow) {
  if (b->need[0]) ir_give(b, 0, mul(DY, mul(B, rule_2(b, OP_pow, A, sub(B, number(1))))));
  if (b->need[1])
    ir_give(b, 1, choose(rule_2(b, OP_lt, number(0), A), mul(DY, mul(Y, rule_1(b, OP_log, A))), number(0)));
}

/* a - b floor(a / b) */
RULE(mod) {
  ir_give(b, 0, DY);
  if (b->need[1]) ir_give(b, 1, neg(mul(DY, rule_1(b, OP_floor, quot(A, B)))));
}

/* Where `other` holds b has won, else a (also on a tie, as the op itself decides). */
static void give_winner(struct ir_back *b, ir_id other) {
  if (b->need[0]) ir_give(b, 0, choose(other, number(0), DY));
  if (b->need[1]) ir_give(b, 1, choose(other, DY, number(0)));
}

RULE(min) { give_winner(b, rule_2(b, OP_lt, B, A)); }
RULE(max) { give_winner(b, rule_2(b, OP_lt, A, B)); }

RULE(select) {
  if (b->need[1]) ir_give(b, 1, choose(A, DY, number(0)));
  if (b->need[2]) ir_give(b, 2, choose(A, number(0), DY));
}
