/* finite.h: which values may be infinite, or not a number, because of what is computed and not because a
 * number grew too large: log(one_hot(x)), w / w where weights are 0, sqrt(x). Zero times such a value is not
 * 0, so that a mask that multiplies does not hide it. */
#ifndef AQ_COMPILER_IR_FINITE_H
#define AQ_COMPILER_IR_FINITE_H

#include "compiler/ir/ir.h"

/* What the elements of a value may be. An infinite end says that they may be infinite; a finite one of
 * IR_MOST that they may be any number. */
#define IR_MOST 1e300
struct ir_numbers {
  double low, high;
  bool nan;
  bool exact; /* they may be just 0, when 0 lies between: a mask may, a projection does not */
};

struct ir_numbers ir_numbers_between(double low, double high, bool exact);
static inline bool ir_is_finite(struct ir_numbers a) {
  return !a.nan && a.low >= -IR_MOST && a.high <= IR_MOST;
}
static inline bool ir_may_be_zero(struct ir_numbers a) { return a.exact && a.low <= 0 && a.high >= 0; }
static inline bool ir_is_not_zero(struct ir_numbers a) { return !a.nan && !ir_may_be_zero(a); }
/* Does the op make a number of what is not one? */
bool ir_swallows(enum rt_op op);
/* What an element-by-element op makes of its operands. */
struct ir_numbers ir_numbers_made(enum rt_op op, const struct ir_numbers operand[3]);
/* Those of all nodes of the graph: out[0 .. g->count - 1]. argument: of the OP_input nodes of a body or slot,
 * by what their attribute says (enum ir_leaf); NULL: any finite numbers. RT_OK or RT_NO_MEMORY. */
int ir_find_numbers(const struct ir_graph *g, const struct ir_numbers *argument, struct ir_numbers *out);

#endif
