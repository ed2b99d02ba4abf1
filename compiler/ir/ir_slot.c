/* ir_slot.c: building the graphs of slots: their leaves, and what runs over a position. */
#include "compiler/ir/ir.h"

static const struct vm_type scalar = {.dtype = RT_REAL, .of = VM_NO_DIM};

static ir_id leaf_of_type(struct ir_graph *slot, int64_t leaf, const struct vm_type *type,
                          struct gr_span span, struct rt_error *error) {
  struct ir_node node = {.op = OP_input, .attr = {leaf}, .type = *type, .span = span};
  for (ir_id k = 1; k < slot->count; k++)
    if (slot->node[k].op == OP_input && slot->node[k].attr[0] == leaf) return k;
  return ir_append(slot, &node, error);
}

ir_id ir_leaf(struct ir_graph *slot, int64_t leaf, struct gr_span span, struct rt_error *error) {
  return leaf_of_type(slot, leaf, &scalar, span, error);
}

ir_id ir_slot_vector(struct ir_graph *slot, int64_t leaf, vm_dim dim, struct gr_span span,
                     struct rt_error *error) {
  struct vm_type type = scalar;
  type.rank = 1;
  type.dim[0] = dim;
  return leaf_of_type(slot, leaf, &type, span, error);
}

/* Not through the signature of gather: within a slot every number is real, also an index. */
ir_id ir_slot_gather(struct ir_graph *slot, ir_id table, ir_id index, struct gr_span span,
                     struct rt_error *error) {
  if (!table || !index) return 0;
  struct ir_node node = {.op = OP_gather,
                         .arg_count = 2,
                         .arg = (ir_id[]){table, index},
                         .type = slot->node[index].type,
                         .span = span};
  return ir_append(slot, &node, error);
}

ir_id ir_over(struct ir_graph *slot, enum ir_over what, enum attend_axis position, ir_id a, double parameter,
              vm_dim heads, struct gr_span span, struct rt_error *error) {
  if (!a) return 0;
  struct ir_node node = {.op = OP_over,
                         .arg_count = 1,
                         .arg = &a,
                         .attr = {what, position},
                         .real = parameter,
                         .type = slot->node[a].type,
                         .span = span};
  if (what == IR_OVER_HEADS) {
    if (node.type.rank) {
      gr_fail(error, span, "the values of all heads are a vector, and this is one already");
      return 0;
    }
    node.type.rank = 1;
    node.type.dim[0] = heads;
  }
  return ir_append(slot, &node, error);
}

ir_id ir_slot_shifted(struct ir_graph *slot, enum attend_axis position, ir_id a, struct gr_span span,
                      struct rt_error *error) {
  ir_id top = ir_over(slot, IR_OVER_MAX, position, a, 0, VM_NO_DIM, span, error);
  return ir_binary(slot, OP_sub, a, top ? ir_unary(slot, OP_stop, top, error) : 0, span, error);
}

ir_id ir_slot_softmax(struct ir_graph *slot, enum attend_axis position, ir_id a, struct gr_span span,
                      struct rt_error *error) {
  ir_id power = ir_unary(slot, OP_exp, ir_slot_shifted(slot, position, a, span, error), error);
  ir_id sum = power ? ir_over(slot, IR_OVER_SUM, position, power, 0, VM_NO_DIM, span, error) : 0;
  sum = ir_select(slot, sum, sum, ir_constant(slot, 1, NULL, span, error), span, error);
  if (sum) slot->node[sum].choice = IR_CHOICE_OWN;
  return ir_binary(slot, OP_div, power, sum, span, error);
}
