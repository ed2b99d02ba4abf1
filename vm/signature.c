/* signature.c: the type of what an op makes, by its row in ops.def. */
#include "vm/signature_rules.h"

#include <string.h>

/* ---- attributes ---- */

static int check_attribute(const struct vm_op_call *call, int k) {
  int64_t value = call->attr[k];
  const char *name = vm_op_attr_name(call->op, k);
  switch (vm_op_attr_kind(call->op, k)) {
    case VM_ATTR_SWITCH:
      return value == 0 || value == 1 ? RT_OK : signature_fail(call, -1, -1, "`%s` is 0 or 1", name);
    case VM_ATTR_AXIS:
      if (call->arg_count < 1) return signature_fail(call, -1, -1, "it needs an argument");
      return value >= 0 && value < call->arg[0]->rank ? RT_OK
                                                      : signature_fail(call, 0, -1, "it has no such axis");
    case VM_ATTR_DIM:
      return value >= 0 && (uint64_t)value < call->dims->poly_count
                 ? RT_OK
                 : signature_fail(call, -1, -1, "its attribute `%s` is no dim", name);
    default: return RT_OK;
  }
}

/* `a&axes`: are the axes that the mask keeps there? */
static int check_masks(const struct vm_op_call *call, const struct rule_shape *shape) {
  for (int i = 0; i < shape->axis_count; i++) {
    const struct rule_axis *axis = &shape->axis[i];
    if (axis->kind != AXIS_KEPT) continue;
    int rank = axis->source == RULE_RESULT ? call->given->rank : call->arg[axis->source]->rank;
    if (call->attr[axis->mask] < 0 || call->attr[axis->mask] >> rank != 0)
      return signature_fail(call, -1, -1, "its mask names axes that are not there");
  }
  return RT_OK;
}

static int check_attributes(const struct vm_op_call *call, const struct rule *rule) {
  int status = RT_OK;
  for (int k = 0; k < vm_op_attr_count(call->op) && status == RT_OK; k++) status = check_attribute(call, k);
  for (int k = RULE_RESULT; k < rule->arg_count && status == RT_OK; k++)
    status = check_masks(call, rule_shape_of(rule, k));
  return status;
}

/* ---- the call ---- */

static int check_count(const struct vm_op_call *call, const struct rule *rule) {
  int fixed = rule->arg_count - rule->variadic;
  if (call->arg_count == fixed || (rule->variadic && call->arg_count > fixed)) return RT_OK;
  return signature_fail(call, -1, -1, "%d %s given, %s%d needed", call->arg_count,
                        call->arg_count == 1 ? "argument" : "arguments", rule->variadic ? "at least " : "",
                        fixed);
}

static int check_types(const struct vm_op_call *call) {
  int status = RT_OK;
  for (int k = 0; k < call->arg_count && status == RT_OK; k++)
    status = signature_check_type(call, call->arg[k], k);
  return status == RT_OK && call->given ? signature_check_type(call, call->given, RULE_RESULT) : status;
}

static int apply(const struct vm_op_call *call, const struct rule *rule, struct vm_type *result) {
  struct bound b = {0};
  int status = check_count(call, rule);
  if (status == RT_OK && rule->given && !call->given && !rt_has_plan(call->op))
    return signature_fail(call, -1, -1, "the type of its result must be given");
  if (status == RT_OK) status = check_types(call);
  if (status == RT_OK) status = check_attributes(call, rule);
  if (status == RT_OK && rt_has_plan(call->op)) return signature_attend(call, 0, result);
  if (status == RT_OK) status = signature_check_batched(call, rule);
  /* verify_scan.c says what fits the ops that run another function. */
  if (status == RT_OK && !(rt_op_info[call->op].flags & RT_NESTED)) {
    status = signature_match(call, rule, &b);
    if (status == RT_OK) status = signature_check_op(call);
  }
  if (status != RT_OK) return status;
  if (!call->given)
    status = signature_result(call, rule, &b, result);
  else
    *result = *call->given;
  return status == RT_OK ? signature_check_type(call, result, RULE_RESULT) : status;
}

static const int64_t no_attr[RT_MAX_ATTR];

int vm_signature_apply(const struct vm_op_call *call, struct vm_type *result) {
  struct vm_op_call checked = *call;
  signature_start_mismatch(call->mismatch);
  if ((int)call->op < 0 || call->op >= OP_COUNT) return signature_fail(call, -1, -1, "no such op");
  if (!checked.attr) checked.attr = no_attr;
  const struct rule *rule = rule_of(call->op, checked.attr);
  if (rt_has_plan(call->op) || !(rule->given || rule->result.either)) checked.given = NULL;
  return apply(&checked, rule, result);
}

int vm_signature_result(const struct vm_op_call *call, int number, struct vm_type *result) {
  struct vm_op_call checked = *call;
  struct vm_type first;
  checked.given = NULL;
  int status = vm_signature_apply(&checked, &first);
  if (status != RT_OK) return status;
  if (!checked.attr) checked.attr = no_attr;
  if (!rt_has_plan(call->op)) return signature_fail(call, -1, -1, "it has one result");
  return signature_attend(&checked, number, result);
}

/* The gradient of attention has one for each operand, and for each extra that wants one. */
int vm_op_result_count(enum rt_op op, const struct attend_plan *plan) {
  const struct rule *rule = rule_of(op, NULL);
  if (!rule->results_open) return rule->result_count;
  if (!plan) return -1;
  int count = 3;
  for (int k = 0; k < plan->extra_count; k++) count += plan->wants_grad[k];
  return count;
}

/* ---- work ---- */

int vm_signature_combined(const struct vm_op_call *call, vm_dim dim[VM_MOST_COMBINED]) {
  const struct rule *rule = rule_of(call->op, call->attr);
  struct vm_op_call checked = *call;
  struct bound b = {0};
  int count = 0;
  if (!rule->given) checked.given = NULL;
  if (check_count(call, rule) != RT_OK || signature_match(&checked, rule, &b) != RT_OK) return 0;
  for (int name = 0; name < rule->name_count; name++)
    for (int a = 0; a < b.rank[name]; a++) dim[count++] = b.dim[name][a];
  return count;
}
