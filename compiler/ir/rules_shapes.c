/* rules_shapes.c: gradient rules of leaves and of the ops that repeat, sum, cut and rearrange. */
#include "compiler/ir/rules.h"

/* A leaf has nothing to give on. */
RULE(param) { (void)b; }

/* Only the first result of attention has a gradient; programs cannot name the others. */
/* The rule of scan gathers the gradients of all its results; this makes sure that it is asked. */
RULE(result) {
  ir_id of = rule_arg(b, 0);
  if (b->g->node[of].op == OP_scan) {
    struct vm_type type = *rule_type(b, of);
    if (!b->sum[of]) ir_give_node(b, of, ir_constant(rule_here(b), 0, &type));
    return;
  }
  gr_fail(b->error, b->node.span, "no gradient flows through further results of an op");
  b->failed = true;
}

/* Repeating and summing are each other's gradient, with the same mask. */
RULE(expand) {
  ir_give(b, 0,
          ir_sum(rule_here(b), b->dy, (uint32_t)b->node.attr[0], rule_type(b, rule_arg(b, 0))->batched));
}

RULE(sum) {
  struct vm_type type = *rule_type(b, rule_arg(b, 0));
  ir_give(b, 0, ir_expand_axes(rule_here(b), b->dy, (uint32_t)b->node.attr[0], &type));
}

/* The elements that are the largest share the gradient evenly. */
RULE(maximum) {
  ir_id a = rule_arg(b, 0);
  struct vm_type type = *rule_type(b, a);
  uint32_t keep = (uint32_t)b->node.attr[0];
  ir_id wins = rule_2(b, OP_eq, a, ir_expand_axes(rule_here(b), b->y, keep, &type));
  ir_id many = ir_sum(rule_here(b), wins, keep, type.batched);
  ir_id share = rule_2(b, OP_div, b->dy,
                       rule_2(b, OP_max, many, rule_number(b, 1))); /* max: nothing is largest over nothing */
  ir_give(b, 0, rule_2(b, OP_mul, wins, ir_expand_axes(rule_here(b), share, keep, &type)));
}

RULE(reshape) {
  struct vm_type type = *rule_type(b, rule_arg(b, 0));
  type.batched = rule_type(b, b->dy)->batched;
  ir_give(b, 0, ir_reshape(rule_here(b), b->dy, &type));
}

RULE(transpose) {
  struct vm_type type = *rule_type(b, rule_arg(b, 0));
  int64_t inverse = 0;
  for (int x = 0; x < b->node.type.rank; x++)
    inverse = rt_order_with(inverse, rt_order_axis(b->node.attr[0], x), x);
  ir_give(b, 0, ir_transpose(rule_here(b), b->dy, inverse, &type));
}

RULE(slice) {
  struct vm_type type = *rule_type(b, rule_arg(b, 0));
  type.batched = rule_type(b, b->dy)->batched;
  ir_give(b, 0, rule_alike(b, (struct ir_op){OP_pad, 1, .arg = &b->dy, .type = &type}));
}

RULE(pad) {
  struct vm_type type = *rule_type(b, rule_arg(b, 0));
  type.batched = rule_type(b, b->dy)->batched;
  ir_give(b, 0, rule_alike(b, (struct ir_op){OP_slice, 1, .arg = &b->dy, .type = &type}));
}

RULE(concat) {
  int axis = (int)b->node.attr[0];
  vm_dim start = vm_dim_number(b->g->dims, 0);
  for (int k = 0; k < b->node.arg_count; k++) {
    struct vm_type type = *rule_type(b, rule_arg(b, k));
    type.batched = rule_type(b, b->dy)->batched;
    const struct ir_op part = {OP_slice, 1, .arg = &b->dy, .attr = {axis, start}, .type = &type};
    if (b->need[k]) ir_give(b, k, ir_add(rule_here(b), part));
    start = vm_dim_plus(b->g->dims, start, type.dim[axis]);
    if (start == VM_NO_DIM) {
      b->failed = true;
      return;
    }
  }
}
