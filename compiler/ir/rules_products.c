/* rules_products.c: gradient rules of products, of the ops along rows and of tables. */
#include "compiler/ir/rules.h"

#include "runtime/threshold.h"

#include <math.h>

static ir_id alike(struct ir_back *b, enum rt_op op, ir_id a, ir_id c) {
  return rule_alike(b, (struct ir_op){op, 2, .arg = (ir_id[]){a, c}});
}

RULE(project) {
  if (b->need[0]) ir_give(b, 0, alike(b, OP_project_back, b->dy, ir_choice_operand(b, 1)));
  if (b->need[1]) ir_give(b, 1, alike(b, OP_project_grad, ir_choice_operand(b, 0), b->dy));
}

RULE(project_back) {
  if (b->need[0]) ir_give(b, 0, alike(b, OP_project, b->dy, ir_choice_operand(b, 1)));
  if (b->need[1]) ir_give(b, 1, alike(b, OP_project_grad, b->dy, ir_choice_operand(b, 0)));
}

RULE(project_grad) {
  ir_id x = rule_arg(b, 0), y = rule_arg(b, 1);
  if (b->need[0]) ir_give(b, 0, alike(b, OP_project_back, y, b->dy));
  if (b->need[1]) ir_give(b, 1, alike(b, OP_project, x, b->dy));
}

/* y = a b: da = dy b', db = a' dy; an operand that is stored transposed has its gradient stored so too. */
RULE(matmul) {
  struct ir_at at = rule_here(b);
  ir_id a = b->need[1] ? ir_choice_operand(b, 0) : 0, c = b->need[0] ? ir_choice_operand(b, 1) : 0;
  bool ta = b->node.attr[0], tb = b->node.attr[1];
  if (b->need[0]) ir_give(b, 0, ta ? ir_matmul(at, c, tb, b->dy, true) : ir_matmul(at, b->dy, false, c, !tb));
  if (b->need[1]) ir_give(b, 1, tb ? ir_matmul(at, b->dy, true, a, ta) : ir_matmul(at, a, !ta, b->dy, false));
}

RULE(convolve) {
  struct vm_type x = *rule_type(b, rule_arg(b, 0)), filter = *rule_type(b, rule_arg(b, 1));
  const ir_id of_x[2] = {b->dy, rule_arg(b, 1)}, of_filter[2] = {rule_arg(b, 0), b->dy};
  if (b->need[0]) ir_give(b, 0, rule_alike(b, (struct ir_op){OP_convolve_back, 2, .arg = of_x, .type = &x}));
  if (b->need[1])
    ir_give(b, 1, rule_alike(b, (struct ir_op){OP_convolve_grad, 2, .arg = of_filter, .type = &filter}));
}

RULE(max_pool) {
  const ir_id arg[2] = {rule_arg(b, 0), b->dy};
  ir_give(b, 0, rule_alike(b, (struct ir_op){OP_max_pool_grad, 2, .arg = arg}));
}

/* ---- rows ---- */

/* Each element is part of the sums behind it: the running sum from the other end. */
RULE(cumsum) {
  const int64_t axis = b->node.attr[0], reverse = b->node.attr[1];
  ir_give(b, 0, ir_add(rule_here(b), (struct ir_op){OP_cumsum, 1, .arg = &b->dy, .attr = {axis, !reverse}}));
}

/* The share of each element in d(tau) of entmax, before division by their sum: with x = (alpha - 1) a -
 * tau it is x^(1/(alpha-1) - 1) where x > 0, else 0. This holds because the weights sum to 1 whatever a
 * is, so the sum of their differentials is 0. */
static ir_id entmax_shares(struct ir_back *b, ir_id a, ir_id tau) {
  double alpha = b->node.real;
  ir_id x = rule_2(b, OP_sub, rule_2(b, OP_mul, a, rule_number(b, alpha - 1)), tau);
  ir_id above = rule_2(b, OP_lt, rule_number(b, 0), x);
  return alpha == 2 ? above
                    : rule_select(b, above, rule_2(b, OP_pow, x, rule_number(b, 1 / (alpha - 1) - 1)),
                                  rule_number(b, 0));
}

/* 1 for the k-th largest and for all that are equal to it. */
static ir_id kth_shares(struct ir_back *b, ir_id a, ir_id tau) {
  return rule_2(b, OP_and, rule_2(b, OP_eq, a, tau), rule_2(b, OP_lt, rule_number(b, -INFINITY), a));
}

RULE(threshold) {
  ir_id a = rule_arg(b, 0);
  struct vm_type type = *rule_type(b, a);
  uint32_t keep = (1u << (type.rank - 1)) - 1;
  bool entmax = b->node.attr[0] == RT_ENTMAX;
  ir_id tau = ir_expand_axes(rule_here(b), b->y, keep, &type);
  ir_id share = (entmax ? entmax_shares : kth_shares)(b, a, tau);
  ir_id all = ir_sum(rule_here(b), share, keep, type.batched);
  ir_id dy = rule_2(b, OP_mul, b->dy, rule_number(b, entmax ? b->node.real - 1 : 1));
  ir_id part =
      rule_2(b, OP_div, dy,
             rule_select(b, all, all, rule_number(b, 1))); /* where all is hidden there are no shares */
  ir_give(b, 0, rule_2(b, OP_mul, share, ir_expand_axes(rule_here(b), part, keep, &type)));
}

RULE(cross_entropy) {
  const ir_id arg[3] = {rule_arg(b, 0), rule_arg(b, 1), b->dy};
  ir_give(b, 0, ir_add(rule_here(b), (struct ir_op){OP_cross_entropy_grad, 3, .arg = arg}));
}

RULE(forward_chain) {
  const ir_id arg[3] = {rule_arg(b, 0), b->y, b->dy};
  ir_give(b, 0, ir_add(rule_here(b), (struct ir_op){OP_forward_chain_grad, 3, .arg = arg}));
}

RULE(ctc_nll) {
  const ir_id arg[3] = {rule_arg(b, 0), rule_arg(b, 1), b->dy};
  ir_give(b, 0, ir_add(rule_here(b), (struct ir_op){OP_ctc_grad, 3, .arg = arg}));
}

RULE(batch_log_sum) {
  const ir_id arg[5] = {rule_arg(b, 0), rule_arg(b, 1), rule_arg(b, 2), b->y, b->dy};
  for (int k = 0; k < 2; k++)
    if (b->need[k])
      ir_give(b, k, ir_add(rule_here(b), (struct ir_op){OP_batch_log_sum_grad, 5, .arg = arg, .attr = {k}}));
}

/* ---- tables ---- */

/* The gradient of a table that each example has one of: onehot(ids)' dy, with all axes of ids taken as
 * one, and all axes of a row. */
static ir_id scatter_each(struct ir_back *b, ir_id ids, const struct vm_type *table) {
  struct vm_dims *dims = b->g->dims;
  ir_id hot = rule_1(b, OP_onehot, ids);
  if (!hot) return 0;
  const struct vm_type id_type = *rule_type(b, ids);
  struct vm_type rows = {.dtype = RT_REAL,
                         .batched = 1,
                         .rank = 2,
                         .of = VM_NO_DIM,
                         .dim = {vm_type_elements(dims, &id_type), table->dim[0]}};
  struct vm_type given = rows;
  given.dim[1] = vm_dim_product(dims, &table->dim[1], table->rank - 1);
  rows.batched = rule_type(b, hot)->batched;
  given.batched = rule_type(b, b->dy)->batched;
  struct ir_at at = rule_here(b);
  ir_id product = ir_matmul(at, ir_reshape(at, hot, &rows), true, ir_reshape(at, b->dy, &given), false);
  return ir_reshape(at, product, table);
}

RULE(gather) {
  ir_id ids = rule_arg(b, 1);
  const struct vm_type table = *rule_type(b, rule_arg(b, 0));
  if (rule_type(b, ids)->dtype == RT_REAL) /* in a slot: element by element; the kernel adds it up by index */
    ir_give(b, 0, b->dy);
  else if (table.batched)
    ir_give(b, 0, scatter_each(b, ids, &table));
  else
    ir_give(
        b, 0,
        ir_add(rule_here(b), (struct ir_op){OP_scatter, 2, .arg = (ir_id[]){ids, b->dy}, .type = &table}));
}

/* When all examples share the table, each example's part is made by itself, and ir_give adds the parts
 * up. */
RULE(take) {
  struct vm_type table = *rule_type(b, rule_arg(b, 0));
  table.batched = rule_type(b, b->dy)->batched;
  const ir_id arg[] = {rule_arg(b, 1), b->dy};
  if (b->need[0]) ir_give(b, 0, rule_alike(b, (struct ir_op){OP_take_grad, 2, .arg = arg, .type = &table}));
}
