/* equal_queries.c: the gradient of a head of which all queries receive the same row d, as where their answers
 * are averaged.
 *
 * What the weight of query i and key j receives is d . v_j, one number for each key. So the gradient is that
 * of a head whose values are these numbers and whose answers receive 1 each; what value j then receives is
 * a_j, the sum of its weights, and v_j itself receives a_j d. Two of the five products of each pair have
 * width 1. Numbers may differ in their last digits. */
#include "compiler/ir/passes.h"

#include <string.h>

enum { VALUE = 2, DY = 5 };              /* arguments of attention_grad, and the result of the value */
enum { ROWS = 1u << 0, LAST = 1u << 1 }; /* axes of rows */

static bool fits(const struct ir_graph *g, const struct ir_node *n) {
  if (n->op != OP_attention_grad || n->attr[1] != LAST) return false;
  const struct ir_head *head = g->head[n->attr[0]];
  const struct vm_type *value = &g->node[n->arg[VALUE]].type;
  return ir_is_rows(&head->value, ATTEND_J) && ir_is_rows(&head->out, ATTEND_I) && value->batched
         && value->dim[1] != VM_ONE;
}

/* One for each key, with an axis of width 1 or without it. */
static struct vm_type narrow(const struct vm_type *rows, int rank) {
  struct vm_type type = *rows;
  type.rank = (uint8_t)rank;
  type.dim[1] = VM_ONE;
  return type;
}

static ir_id with_numbers(struct ir_at at, const struct ir_node *node) {
  const struct vm_type column = narrow(&at.g->node[node->arg[VALUE]].type, 2);
  const struct vm_type one = {.dtype = RT_REAL, .of = VM_NO_DIM, .rank = 1, .dim = {VM_ONE}};
  const ir_id of[2] = {node->arg[VALUE], node->arg[DY]};
  struct ir_node grad = *node;
  ir_id arg[6 + ATTEND_MAX_EXTRAS];
  memcpy(arg, grad.arg, grad.arg_count * sizeof *arg);
  grad.arg = arg;
  arg[VALUE] = ir_reshape(at, ir_add(at, (struct ir_op){OP_dot, 2, .arg = of, .attr = {LAST}}), &column);
  arg[DY] = ir_constant(at, 1, &one);
  return arg[VALUE] && arg[DY] ? ir_append(at.g, &grad, at.error) : 0;
}

/* What the value receives from a gradient that was changed: the weights of each key times the row. */
static ir_id spread(struct ir_at at, const struct ir_node *node) {
  const struct ir_node grad = at.g->node[node->arg[0]], column = at.g->node[grad.arg[VALUE]];
  const struct vm_type rows = node->type, each = narrow(&rows, 1), sums = narrow(&rows, 2);
  const ir_id row = at.g->node[column.arg[0]].arg[1];
  const ir_id sum =
      ir_add(at, (struct ir_op){OP_result, 1, .arg = node->arg, .attr = {node->attr[0]}, .type = &sums});
  const ir_id factor[2] = {ir_expand_axes(at, ir_reshape(at, sum, &each), ROWS, &rows),
                           ir_expand_axes(at, row, LAST, &rows)};
  return factor[0] && factor[1] ? ir_add(at, (struct ir_op){OP_mul, 2, .arg = factor}) : 0;
}

static ir_id visit(struct ir_graph *g, const struct ir_node *node, void *context, struct rt_error *error) {
  const struct ir_at at = {g, node->span, error};
  (void)context;
  if (fits(g, node)) return with_numbers(at, node);
  const struct ir_node *of = node->op == OP_result ? &g->node[node->arg[0]] : NULL;
  const bool changed = of && of->op == OP_attention_grad && node->attr[0] == VALUE && node->type.rank == 2
                       && g->node[of->arg[VALUE]].type.dim[1] != node->type.dim[1];
  return changed ? spread(at, node) : ir_append(g, node, error);
}

int ir_equal_queries(struct ir_graph *g, int root_count, ir_id *root, struct rt_error *error) {
  return ir_rewrite(g, root_count, root, visit, NULL, error);
}
