/* rules_native.c: the gradient of a native function, which is another one. */
#include <string.h>

#include "compiler/ir/rules.h"
#include "vm/native_match.h"

/* A parameter that the node is made of, by the way that a gradient would go; 0: none. */
static ir_id parameter_below(const struct ir_graph *g, ir_id n, int depth) {
  const struct ir_node *node = &g->node[n];
  ir_id found = 0;
  if (node->op == OP_param) return n;
  if (rt_op_info[node->op].flags & RT_NOGRAD || depth == 0) return 0;
  for (int k = 0; k < node->arg_count && !found; k++)
    if (g->node[node->arg[k]].type.dtype == RT_REAL) found = parameter_below(g, node->arg[k], depth - 1);
  return found;
}

static void refuse(struct ir_back *b, const struct vm_native *native, int k) {
  enum { DEEP = 1000 };
  const struct vm_native_name *name = &native->parsed->arg[k].name;
  ir_id param = parameter_below(b->g, rule_arg(b, k), DEEP);
  const char *path = param ? b->g->node[param].name : NULL;
  gr_fail(b->error, b->node.span,
          "the gradient for %s%s%s goes through `%.*s` of `%s`, and `%s` has no gradient",
          path ? "`" : "what it is made of", path ? path : "", path ? "`" : "", name->length, name->text,
          native->name, native->name);
  rt_hint(b->error,
          "declare one, `with gradient %s_grad`, or let none flow there: %s(stop_gradient(…)), or freeze the "
          "parameter",
          native->name, native->name);
  b->failed = true;
}

RULE(call) {
  const struct vm_native *native = ir_native_of(b->g, &b->node);
  const int count = b->node.arg_count;
  ir_id arg[VM_NATIVE_ARGS + 2];
  for (int k = 0; k < count && native->gradient == UINT32_MAX; k++)
    if (b->need[k] && vm_native_is_real(&native->parsed->arg[k].type)) {
      refuse(b, native, k);
      return;
    }
  if (native->gradient == UINT32_MAX) return;
  memcpy(arg, b->node.arg, (size_t)count * sizeof *arg);
  arg[count] = b->y;
  arg[count + 1] = b->dy;
  struct vm_type type = *rule_type(b, arg[vm_native_real_at(native->parsed, 0)]);
  type.batched = b->node.type.batched;
  ir_id grad = ir_call_native(rule_here(b), (struct ir_native_call){native->gradient, count + 2, arg, &type});
  if (!grad) b->failed = true;
  for (int k = 0, number = 0; k < count && !b->failed; k++) {
    if (!vm_native_is_real(&native->parsed->arg[k].type)) continue;
    type = *rule_type(b, arg[k]);
    type.batched = b->node.type.batched;
    ir_id id = grad;
    if (number)
      id = ir_add(rule_here(b), (struct ir_op){OP_result, 1, .arg = &grad, .attr = {number}, .type = &type});
    number++;
    if (b->need[k]) ir_give(b, k, native->parsed->each ? ir_choice_gives(b, id) : id);
  }
}
