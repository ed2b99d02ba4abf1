/* rules_products.c: gradient rules of products, of the ops along rows and of tables. */
#include "compiler/ir/rules.h"

#include "runtime/threshold.h"

#include <math.h>

RULE(project) {
  if (b->need[0])
    ir_give(b, 0, rule_op2(b, OP_project_back, b->dy, ir_choice_operand(b, 1), b->node.attr, NULL));
  if (b->need[1])
    ir_give(b, 1, rule_op2(b, OP_project_grad, ir_choice_operand(b, 0), b->dy, b->node.attr, NULL));
}

RULE(project_back) {
  if (b->need[0]) ir_give(b, 0, rule_op2(b, OP_project, b->dy, ir_choice_operand(b, 1), b->node.attr, NULL));
  if (b->need[1])
    ir_give(b, 1, rule_op2(b, OP_project_grad, b->dy, ir_choice_operand(b, 0), b->node.attr, NULL));
}

RULE(project_grad) {
  ir_id x = rule_arg(b, 0), y = rule_arg(b, 1);
  if (b->need[0]) ir_give(b, 0, rule_op2(b, OP_project_back, y, b->dy, b->node.attr, NULL));
  if (b->need[1]) ir_give(b, 1, rule_op2(b, OP_project, x, b->dy, b->node.attr, NULL));
}

/* y = a b: da = dy b', db = a' dy; an operand that is stored transposed has its gradient stored so too. */
RULE(matmul) {
  ir_id a = b->need[1] ? ir_choice_operand(b, 0) : 0, c = b->need[0] ? ir_choice_operand(b, 1) : 0;
  int64_t ta = b->node.attr[0], tb = b->node.attr[1];
  if (b->need[0])
    ir_give(b, 0,
            ta ? rule_op2(b, OP_matmul, c, b->dy, (const int64_t[]){tb, 1}, NULL)
               : rule_op2(b, OP_matmul, b->dy, c, (const int64_t[]){0, !tb}, NULL));
  if (b->need[1])
    ir_give(b, 1,
            tb ? rule_op2(b, OP_matmul, b->dy, a, (const int64_t[]){1, ta}, NULL)
               : rule_op2(b, OP_matmul, a, b->dy, (const int64_t[]){!ta, 0}, NULL));
}

/* ---- rows ---- */

static ir_id row_sum(struct ir_back *b, ir_id a) {
  if (!a) return 0;
  struct vm_type type = *rule_type(b, a);
  uint32_t keep = (1u << (type.rank - 1)) - 1;
  ir_id sum = ir_sum(b->g, a, keep, type.batched, b->node.span, b->error);
  return ir_expand_axes(b->g, sum, keep, &type, b->node.span, b->error);
}

/* y (dy - sum dy y) */
RULE(softmax) {
  ir_id inner = row_sum(b, rule_2(b, OP_mul, b->dy, b->y));
  ir_give(b, 0, rule_2(b, OP_mul, b->y, rule_2(b, OP_sub, b->dy, inner)));
}

/* dy - exp(y) sum dy */
RULE(log_softmax) {
  ir_id share = rule_2(b, OP_mul, rule_1(b, OP_exp, b->y), row_sum(b, b->dy));
  ir_give(b, 0, rule_2(b, OP_sub, b->dy, share));
}

RULE(standardize) { ir_give(b, 0, rule_op2(b, OP_standardize_grad, rule_arg(b, 0), b->dy, NULL, NULL)); }
RULE(rms) { ir_give(b, 0, rule_op2(b, OP_rms_grad, rule_arg(b, 0), b->dy, NULL, NULL)); }

/* Each element is part of the sums behind it: the running sum from the other end. */
RULE(cumsum) {
  ir_give(
      b, 0,
      rule_op1(b, OP_cumsum, b->dy, (const int64_t[RT_MAX_ATTR]){b->node.attr[0], !b->node.attr[1]}, NULL));
}

/* Whose slopes are the shares of d(tau) of entmax, up to their sum: with x = (alpha - 1) a - tau,
 * x^(1/(alpha-1) - 1) where x > 0 (the weights sum to 1 whatever a is, so the sum of their differentials is
 * 0). */
static ir_id entmax_shares(struct ir_back *b, ir_id a, ir_id tau) {
  double alpha = b->node.real;
  ir_id x = rule_2(b, OP_sub, rule_2(b, OP_mul, a, rule_number(b, alpha - 1)), tau);
  ir_id above = rule_2(b, OP_lt, rule_number(b, 0), x);
  return alpha == 2 ? above
                    : rule_select(b, above, rule_2(b, OP_pow, x, rule_number(b, 1 / (alpha - 1) - 1)),
                                  rule_number(b, 0));
}

/* Who is the k-th largest; several share. */
static ir_id kth_shares(struct ir_back *b, ir_id a, ir_id tau) {
  return rule_2(b, OP_and, rule_2(b, OP_eq, a, tau), rule_2(b, OP_lt, rule_number(b, -INFINITY), a));
}

RULE(threshold) {
  ir_id a = rule_arg(b, 0);
  struct vm_type type = *rule_type(b, a);
  uint32_t keep = (1u << (type.rank - 1)) - 1;
  bool entmax = b->node.attr[0] == RT_ENTMAX;
  ir_id tau = ir_expand_axes(b->g, b->y, keep, &type, b->node.span, b->error);
  ir_id share = (entmax ? entmax_shares : kth_shares)(b, a, tau);
  ir_id all = ir_sum(b->g, share, keep, type.batched, b->node.span, b->error);
  ir_id dy = rule_2(b, OP_mul, b->dy, rule_number(b, entmax ? b->node.real - 1 : 1));
  ir_id part =
      rule_2(b, OP_div, dy,
             rule_select(b, all, all, rule_number(b, 1))); /* where all is hidden there are no shares */
  ir_give(b, 0, rule_2(b, OP_mul, share, ir_expand_axes(b->g, part, keep, &type, b->node.span, b->error)));
}

RULE(cross_entropy) {
  const ir_id arg[3] = {rule_arg(b, 0), rule_arg(b, 1), b->dy};
  ir_give(b, 0, ir_add(b->g, OP_cross_entropy_grad, 3, arg, NULL, 0, NULL, b->node.span, b->error));
}

/* ---- tables ---- */

/* A table per example: onehot(ids)' dy, with the axes of ids as one and those of a row as one. */
static ir_id scatter_each(struct ir_back *b, ir_id ids, const struct vm_type *table) {
  struct vm_dims *dims = b->g->dims;
  ir_id hot = rule_1(b, OP_onehot, ids);
  if (!hot) return 0;
  const struct vm_type id_type = *rule_type(b, ids);
  struct vm_type rows = {.dtype = RT_REAL,
                         .batched = 1,
                         .rank = 2,
                         .of = VM_NO_DIM,
                         .dim = {ir_extent(dims, &id_type, 0), table->dim[0]}};
  struct vm_type given = rows;
  given.dim[1] = ir_extent(dims, table, 1);
  rows.batched = rule_type(b, hot)->batched;
  given.batched = rule_type(b, b->dy)->batched;
  ir_id left = rule_op1(b, OP_reshape, hot, NULL, &rows);
  ir_id right = left ? rule_op1(b, OP_reshape, b->dy, NULL, &given) : 0;
  ir_id product = right ? rule_op2(b, OP_matmul, left, right, (const int64_t[]){1, 0}, NULL) : 0;
  return product ? rule_op1(b, OP_reshape, product, NULL, table) : 0;
}

RULE(gather) {
  ir_id ids = rule_arg(b, 1);
  const struct vm_type table = *rule_type(b, rule_arg(b, 0));
  if (rule_type(b, ids)->dtype == RT_REAL) /* in a slot: element by element; the kernel adds it up by index */
    ir_give(b, 0, b->dy);
  else if (table.batched)
    ir_give(b, 0, scatter_each(b, ids, &table));
  else
    ir_give(b, 0, rule_op2(b, OP_scatter, ids, b->dy, NULL, &table));
}

/* A table of all examples: each example's share by itself, so that ir_give adds them up. */
RULE(take) {
  struct vm_type table = *rule_type(b, rule_arg(b, 0));
  table.batched = rule_type(b, b->dy)->batched;
  if (b->need[0]) ir_give(b, 0, rule_op2(b, OP_take_grad, rule_arg(b, 1), b->dy, b->node.attr, &table));
}
