/* native_call.c: calls of native functions as nodes. Their types follow from what the program declares, and
 * not from ops.def. */
#include "compiler/ir/ir.h"
#include "vm/native_match.h"

ir_id ir_call_native(struct ir_at at, struct ir_native_call call) {
  for (int k = 0; k < call.arg_count; k++)
    if (!call.arg[k]) return 0;
  struct ir_node node = {.op = OP_call,
                         .arg_count = (uint16_t)call.arg_count,
                         .arg = (ir_id *)(uintptr_t)call.arg,
                         .attr = {call.number},
                         .type = *call.type,
                         .span = at.span};
  return ir_append(at.g, &node, at.error);
}

int ir_native_results(const struct ir_graph *g, const struct ir_node *node) {
  const struct vm_native *native = ir_native_of(g, node);
  return native->is_gradient ? vm_native_real_count(native->parsed) : 1;
}

struct vm_type ir_native_result(const struct ir_graph *g, const struct ir_node *node, int k) {
  const struct vm_native *native = ir_native_of(g, node);
  if (!native->is_gradient) return node->type;
  struct vm_type type = g->node[node->arg[vm_native_real_at(native->parsed, k)]].type;
  type.batched = g->node[node->arg[native->parsed->arg_count]].type.batched;
  return type;
}
