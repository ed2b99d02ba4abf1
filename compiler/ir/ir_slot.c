/* ir_slot.c: building the graphs of slots: their leaves, and what runs over a position. */
#include "compiler/ir/ir.h"

static const struct vm_type scalar = {.dtype = RT_REAL, .of = VM_NO_DIM};

static ir_id leaf_of_type(struct ir_at at, int64_t leaf, const struct vm_type *type) {
  struct ir_node node = {.op = OP_input, .attr = {leaf}, .type = *type, .span = at.span};
  for (ir_id k = 1; k < at.g->count; k++)
    if (at.g->node[k].op == OP_input && at.g->node[k].attr[0] == leaf) return k;
  return ir_append(at.g, &node, at.error);
}

ir_id ir_leaf(struct ir_at at, int64_t leaf) { return leaf_of_type(at, leaf, &scalar); }

ir_id ir_slot_vector(struct ir_at at, int64_t leaf, vm_dim dim) {
  struct vm_type type = scalar;
  type.rank = 1;
  type.dim[0] = dim;
  return leaf_of_type(at, leaf, &type);
}

/* Of a table of vectors it is a vector. This does not use the signature of gather, which wants whole numbers:
 * in a slot every number is real, an index too. */
ir_id ir_slot_gather(struct ir_at at, ir_id table, ir_id index) {
  if (!table || !index) return 0;
  struct ir_node node = {.op = OP_gather,
                         .arg_count = 2,
                         .arg = (ir_id[]){table, index},
                         .type = at.g->node[table].type,
                         .span = at.span};
  return ir_append(at.g, &node, at.error);
}

ir_id ir_over(struct ir_at at, struct ir_along along, ir_id a) {
  if (!a) return 0;
  struct ir_node node = {.op = OP_over,
                         .arg_count = 1,
                         .arg = &a,
                         .attr = {along.what, along.position},
                         .real = along.parameter,
                         .type = at.g->node[a].type,
                         .span = at.span};
  if (along.what == IR_OVER_HEADS) {
    if (node.type.rank) {
      gr_fail(at.error, at.span, "the values of all heads are a vector, and this is one already");
      return 0;
    }
    node.type.rank = 1;
    node.type.dim[0] = along.heads;
  }
  return ir_append(at.g, &node, at.error);
}

ir_id ir_slot_shifted(struct ir_at at, enum attend_axis position, ir_id a) {
  ir_id top = ir_over(at, (struct ir_along){IR_OVER_MAX, .position = position}, a);
  return ir_binary(at, OP_sub, a, ir_unary(at, OP_stop, top));
}

ir_id ir_slot_softmax(struct ir_at at, enum attend_axis position, ir_id a) {
  ir_id power = ir_unary(at, OP_exp, ir_slot_shifted(at, position, a));
  ir_id sum = ir_over(at, (struct ir_along){IR_OVER_SUM, .position = position}, power);
  sum = ir_select(at, sum, sum, ir_constant(at, 1, NULL));
  if (sum) at.g->node[sum].choice = IR_CHOICE_OWN;
  return ir_binary(at, OP_div, power, sum);
}
