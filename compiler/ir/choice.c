/* choice.c: what a choice does not take has no gradient. In where(x > 0, log(x), 0) the gradient of
 * log(x) is exactly 0 where x is 0, but the slope of log there is infinite, and 0 times infinity is not a
 * number. It would spoil everything that x is made of. So in whatever a choice takes from, a gradient of
 * 0 stays 0, whatever it is multiplied by. Programs without choices are not touched. */
#include "compiler/ir/rules.h"

#include <math.h>

/* How far a choice reaches. relu, min and max keep infinite slopes out. where() keeps out all that is not
 * finite, in products too. A choice that the compiler made only takes from finite values, and needs none
 * of it. */
enum reach { NO_CHOICE, SLOPES, EVERYTHING };

static enum reach reach_of(const struct ir_node *n) {
  if (n->choice == IR_CHOICE_OWN) return NO_CHOICE;
  if (n->choice == IR_CHOICE_SCORES) return EVERYTHING;
  if (n->op == OP_select) return EVERYTHING;
  return rt_op_info[n->op].flags & RT_CHOOSES ? SLOPES : NO_CHOICE;
}

void ir_mark_choice(const struct ir_graph *g, ir_id n, uint8_t *chosen) {
  const struct ir_node *node = &g->node[n];
  uint8_t reach = reach_of(node) > chosen[n] ? (uint8_t)reach_of(node) : chosen[n];
  for (int k = 0; k < node->arg_count; k++)
    if (chosen[node->arg[k]] < reach) chosen[node->arg[k]] = reach;
}

/* A score of minus infinity has no weight, and no gradient must come from it. Positions, parameters and
 * products of queries and keys are finite. A tensor from outside the slot may hold minus infinity, and so
 * may the result of a constant such as -inf. */
bool ir_scores_may_hide(const struct ir_graph *g, const ir_id *argument, const struct ir_graph *slot) {
  for (ir_id n = 1; n < slot->count; n++) {
    const struct ir_node *node = &slot->node[n];
    if (node->op == OP_input && node->attr[0] > 0 && g->node[argument[2 + node->attr[0]]].op != OP_param)
      return true;
    for (int k = 0; k < node->arg_count && !rt_compares(node->op); k++) {
      const struct ir_node *arg = &slot->node[node->arg[k]];
      if (arg->op == OP_constant && !isfinite(arg->real)) return true;
    }
  }
  return false;
}

uint8_t ir_choice_of_slot(const struct ir_back *b, const struct ir_graph *slot) {
  return ir_scores_may_hide(b->g, b->node.arg, slot) ? (uint8_t)EVERYTHING : b->chosen;
}

/* ---- what stays 0 where the gradient is 0 ---- */

static const struct ir_node *node_of(const struct ir_back *b, ir_id id) { return &b->g->node[id]; }

static bool is_zero(const struct ir_back *b, ir_id id) {
  return node_of(b, id)->op == OP_constant && node_of(b, id)->real == 0;
}

static bool is_moderate(const struct ir_back *b, ir_id id) {
  const struct ir_node *n = node_of(b, id);
  if (n->op == OP_expand) n = node_of(b, n->arg[0]);
  return (n->op == OP_constant && isfinite(n->real)) || rt_op_info[n->op].flags & RT_COUNTS
         || (b->g->is_slot && n->op == OP_input && n->attr[0] <= IR_LEAF_I && n->attr[0] >= IR_LEAF_H);
}

/* Is id 0 wherever dy is? depth: how far to look. */
static bool stays_zero(const struct ir_back *b, ir_id id, int depth) {
  const struct ir_node *n = node_of(b, id);
  if (id == b->dy || is_zero(b, id)) return true;
  if (depth == 0) return false;
  switch (n->op) {
    case OP_neg: return stays_zero(b, n->arg[0], depth - 1);
    case OP_select: return stays_zero(b, n->arg[1], depth - 1) && stays_zero(b, n->arg[2], depth - 1);
    case OP_mul:
      return (is_moderate(b, n->arg[1]) && stays_zero(b, n->arg[0], depth - 1))
             || (is_moderate(b, n->arg[0]) && stays_zero(b, n->arg[1], depth - 1));
    case OP_div:
      return is_moderate(b, n->arg[1]) && node_of(b, n->arg[1])->op == OP_constant
             && node_of(b, n->arg[1])->real != 0 && stays_zero(b, n->arg[0], depth - 1);
    default: return false;
  }
}

ir_id ir_choice_gives(struct ir_back *b, ir_id id) {
  enum rt_op op = b->node.op;
  int flags = rt_op_info[op].flags;
  if (!b->chosen || !id || b->failed) return id;
  if (rt_is_lane(op)) {
    bool needed = b->chosen == EVERYTHING || flags & RT_STEEP;
    return needed && !stays_zero(b, id, 4) ? rule_select(b, b->dy, id, rule_number(b, 0)) : id;
  }
  return flags & RT_ROW_GRADIENT ? ir_choice_rows(b, id) : id;
}

/* where(something of the row of dy is not 0, a, 0) */
ir_id ir_choice_rows(struct ir_back *b, ir_id a) {
  if (b->chosen != EVERYTHING || !a || b->failed) return a;
  const struct vm_type type = *rule_type(b, a), dy = *rule_type(b, b->dy);
  const uint32_t rows = (1u << (dy.rank - 1)) - 1;
  ir_id any = ir_sum(rule_here(b), rule_2(b, OP_ne, b->dy, rule_number(b, 0)), rows, true);
  any = ir_expand_axes(rule_here(b), any, rows, &type);
  return rule_select(b, any, a, rule_number(b, 0));
}

/* ---- products: sums over what is taken and what is not ---- */

ir_id ir_choice_finite(struct ir_back *b, ir_id a) {
  bool leaf = a && rt_op_info[node_of(b, a)->op].flags & RT_LEAF;
  if (b->chosen != EVERYTHING || !a || leaf || b->failed) return a;
  ir_id finite = rule_2(b, OP_lt, rule_1(b, OP_abs, a), rule_number(b, INFINITY));
  return rule_select(b, finite, a, rule_number(b, 0));
}

ir_id ir_choice_operand(struct ir_back *b, int k) { return ir_choice_finite(b, rule_arg(b, k)); }
