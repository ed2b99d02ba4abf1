/* rules_products.c: gradient rules of products, of the ops along rows and of tables. */
#include "compiler/rules.h"

RULE(project)
{
  ir_id x = rule_arg(b, 0), w = rule_arg(b, 1);
  if (b->need[0])
    ir_give(b, 0, rule_op2(b, OP_project_back, b->dy, w, b->node.attr, NULL));
  if (b->need[1])
    ir_give(b, 1, rule_op2(b, OP_project_grad, x, b->dy, b->node.attr, NULL));
}

RULE(project_back)
{
  ir_id y = rule_arg(b, 0), w = rule_arg(b, 1);
  if (b->need[0])
    ir_give(b, 0, rule_op2(b, OP_project, b->dy, w, b->node.attr, NULL));
  if (b->need[1])
    ir_give(b, 1, rule_op2(b, OP_project_grad, b->dy, y, b->node.attr, NULL));
}

RULE(project_grad)
{
  ir_id x = rule_arg(b, 0), y = rule_arg(b, 1);
  if (b->need[0])
    ir_give(b, 0, rule_op2(b, OP_project_back, y, b->dy, b->node.attr, NULL));
  if (b->need[1])
    ir_give(b, 1, rule_op2(b, OP_project, x, b->dy, b->node.attr, NULL));
}

/* y = a b: da = dy b', db = a' dy; an operand that is stored transposed has its gradient stored so too. */
RULE(matmul)
{
  ir_id a = rule_arg(b, 0), c = rule_arg(b, 1);
  int64_t ta = b->node.attr[0], tb = b->node.attr[1];
  if (b->need[0])
    ir_give(b, 0, ta ? rule_op2(b, OP_matmul, c, b->dy, (const int64_t[]){ tb, 1 }, NULL)
                     : rule_op2(b, OP_matmul, b->dy, c, (const int64_t[]){ 0, !tb }, NULL));
  if (b->need[1])
    ir_give(b, 1, tb ? rule_op2(b, OP_matmul, b->dy, a, (const int64_t[]){ 1, ta }, NULL)
                     : rule_op2(b, OP_matmul, a, b->dy, (const int64_t[]){ !ta, 0 }, NULL));
}

/* ---- rows ---- */

static ir_id row_sum(struct ir_back *b, ir_id a)
{
  if (!a)
    return 0;
  struct vm_type type = *rule_type(b, a);
  uint32_t keep = (1u << (type.rank - 1)) - 1;
  ir_id sum = ir_sum(b->g, a, keep, type.batched, b->node.span, b->error);
  return ir_expand_axes(b->g, sum, keep, &type, b->node.span, b->error);
}

/* y (dy - sum dy y) */
RULE(softmax)
{
  ir_id inner = row_sum(b, rule_2(b, OP_mul, b->dy, b->y));
  ir_give(b, 0, rule_2(b, OP_mul, b->y, rule_2(b, OP_sub, b->dy, inner)));
}

/* dy - exp(y) sum dy */
RULE(log_softmax)
{
  ir_id share = rule_2(b, OP_mul, rule_1(b, OP_exp, b->y), row_sum(b, b->dy));
  ir_give(b, 0, rule_2(b, OP_sub, b->dy, share));
}

RULE(standardize) { ir_give(b, 0, rule_op2(b, OP_standardize_grad, rule_arg(b, 0), b->dy, NULL, NULL)); }
RULE(rms)         { ir_give(b, 0, rule_op2(b, OP_rms_grad, rule_arg(b, 0), b->dy, NULL, NULL)); }

/* Each element is part of the sums behind it: the running sum from the other end. */
RULE(cumsum)
{
  ir_give(b, 0, rule_op1(b, OP_cumsum, b->dy, (const int64_t[RT_MAX_ATTR]){ b->node.attr[0], !b->node.attr[1] }, NULL));
}

RULE(cross_entropy)
{
  const ir_id arg[3] = { rule_arg(b, 0), rule_arg(b, 1), b->dy };
  ir_give(b, 0, ir_add(b->g, OP_cross_entropy_grad, 3, arg, NULL, 0, NULL, b->node.span, b->error));
}

/* ---- tables ---- */

static vm_dim extent(struct vm_dims *dims, const struct vm_type *t, int from)
{
  vm_dim n = VM_ONE;
  for (int x = from; x < t->rank && n != VM_NO_DIM; x++)
    n = vm_dim_times(dims, n, t->dim[x]);
  return n;
}

/* A table per example: onehot(ids)' dy, with the axes of ids as one and those of a row as one. */
static ir_id scatter_each(struct ir_back *b, ir_id ids, const struct vm_type *table)
{
  struct vm_dims *dims = b->g->dims;
  ir_id hot = rule_1(b, OP_onehot, ids);
  if (!hot)
    return 0;
  const struct vm_type id_type = *rule_type(b, ids);
  struct vm_type rows = { .dtype = RT_REAL, .batched = 1, .rank = 2, .of = VM_NO_DIM, .dim = { extent(dims, &id_type, 0), table->dim[0] } };
  struct vm_type given = rows;
  given.dim[1] = extent(dims, table, 1);
  rows.batched = rule_type(b, hot)->batched;
  given.batched = rule_type(b, b->dy)->batched;
  ir_id left = rule_op1(b, OP_reshape, hot, NULL, &rows);
  ir_id right = left ? rule_op1(b, OP_reshape, b->dy, NULL, &given) : 0;
  ir_id product = right ? rule_op2(b, OP_matmul, left, right, (const int64_t[]){ 1, 0 }, NULL) : 0;
  return product ? rule_op1(b, OP_reshape, product, NULL, table) : 0;
}

RULE(gather)
{
  ir_id ids = rule_arg(b, 1);
  const struct vm_type table = *rule_type(b, rule_arg(b, 0));
  if (rule_type(b, ids)->dtype == RT_REAL)        /* in a slot: element by element; the kernel adds it up by index */
    ir_give(b, 0, b->dy);
  else if (table.batched)
    ir_give(b, 0, scatter_each(b, ids, &table));
  else
    ir_give(b, 0, rule_op2(b, OP_scatter, ids, b->dy, NULL, &table));
}
