/* rules.h: gradient rules. gradient.c calls the rules, and rules call rules_give.c and choice.c. The
 * gradients of heads and scans contain programs of their own, so that their rules call ir_gradient for those:
 * the only way back up. For y = op(arg 0, arg 1, ...) and dy, the gradient of the loss for y, a rule appends
 * what the arguments receive: ordinary ops, so that nothing behind the gradient has to know about it. One
 * function per op of ops.def, bound by name. */
#ifndef AQ_COMPILER_IR_RULES_H
#define AQ_COMPILER_IR_RULES_H

#include "compiler/ir/ir.h"

#include <string.h>

struct ir_back {
  struct ir_graph *g;
  struct ir_node node; /* a copy: g->node moves when something is appended */
  ir_id y, dy;
  ir_id last;       /* sum is known up to this node */
  uint8_t chosen;   /* does the node stand below a choice? See choice.c */
  const bool *need; /* [arg_count] does the argument need its gradient? A rule may skip the others */
  ir_id *sum;       /* by node: the gradient gathered so far, 0: none */
  bool failed;
  struct rt_error *error;
};

typedef void ir_rule(struct ir_back *b);

/* Adds id to what argument k receives. An argument that is one for all examples receives the sum over them.
 */
void ir_give(struct ir_back *b, int k, ir_id id);
void ir_give_node(struct ir_back *b, ir_id to, ir_id id);

/* choice.c: what a choice such as where() does not take. */
void ir_mark_choice(const struct ir_graph *g, ir_id n, uint8_t *chosen); /* chosen[] of what n is made of */
uint8_t ir_choice_of_slot(const struct ir_back *b,
                          const struct ir_graph *slot); /* of a score below attention b */
ir_id ir_choice_gives(struct ir_back *b, ir_id id);     /* what a rule gives, 0 where dy is */
ir_id ir_choice_rows(struct ir_back *b, ir_id id); /* the same where a whole row of dy is 0; of lse too */
/* What a product's gradient reads: 0 in place of what is not finite, which nothing that was taken is made of.
 */
ir_id ir_choice_finite(struct ir_back *b, ir_id id);
ir_id ir_choice_operand(struct ir_back *b, int k);

/* In a slot: the sum over the keys. */
ir_id ir_over_keys(struct ir_back *b, ir_id id);

ir_rule *ir_rule_of(enum rt_op op); /* NULL: the gradient ends here */

/* What rules are written with. */
#define RULE(name) void ir_rule_##name(struct ir_back *b)

static inline ir_id rule_arg(const struct ir_back *b, int k) { return b->node.arg[k]; }
static inline const struct vm_type *rule_type(const struct ir_back *b, ir_id id) {
  return &b->g->node[id].type;
}
/* Where a rule appends: for the text of the node whose gradient it is. */
static inline struct ir_at rule_here(const struct ir_back *b) {
  return (struct ir_at){b->g, b->node.span, b->error};
}
static inline ir_id rule_1(struct ir_back *b, enum rt_op op, ir_id a) {
  return ir_unary(rule_here(b), op, a);
}
static inline ir_id rule_2(struct ir_back *b, enum rt_op op, ir_id a, ir_id c) {
  return ir_binary(rule_here(b), op, a, c);
}
static inline ir_id rule_select(struct ir_back *b, ir_id c, ir_id yes, ir_id no) {
  return ir_select(rule_here(b), c, yes, no);
}
static inline ir_id rule_number(struct ir_back *b, double value) {
  return ir_constant(rule_here(b), value, NULL);
}
/* An op with the attributes of the node whose gradient it is, such as the axis of a slice. */
static inline ir_id rule_alike(struct ir_back *b, struct ir_op op) {
  memcpy(op.attr, b->node.attr, sizeof op.attr);
  op.real = b->node.real;
  return ir_add(rule_here(b), op);
}

#define LANE1(name, written, expression, ...) ir_rule ir_rule_##name;
#define LANE2(name, written, expression, ...) ir_rule ir_rule_##name;
#define LANE3(name, written, expression, ...) ir_rule ir_rule_##name;
#define OP(name, written, signature, attributes, flags, doc) ir_rule ir_rule_##name;
#include "runtime/ops.def"

#endif
