/* signature_mismatch.c: says in words why an op does not take its operands. */
#include "vm/signature_rules.h"

#include <stdarg.h>
#include <stdio.h>

void signature_start_mismatch(struct vm_mismatch *m) {
  if (m) *m = (struct vm_mismatch){-1, -1, -1, -1, VM_NO_DIM, VM_NO_DIM, ""};
}

int signature_fail(const struct vm_op_call *call, int arg, int axis, const char *format, ...) {
  struct vm_mismatch *m = call->mismatch;
  if (!m) return RT_BAD_DATA;
  signature_start_mismatch(m);
  m->arg = arg;
  m->axis = axis;
  va_list args;
  va_start(args, format);
  vsnprintf(m->why, sizeof m->why, format, args);
  va_end(args);
  return RT_BAD_DATA;
}

const char *signature_axis_name(int axis, int rank) {
  static const char *const names[] = {"first", "second", "third",   "fourth",
                                      "fifth", "sixth",  "seventh", "last"};
  if (rank == 1) return "only";
  return axis == rank - 1 ? "last" : axis >= 0 && axis < 8 ? names[axis] : "missing";
}

const char *signature_name(const struct vm_op_call *call, int arg, char text[48]) {
  char name[32];
  if (arg == RULE_RESULT)
    snprintf(text, 48, "the result");
  else
    snprintf(text, 48, "`%s`", vm_op_arg_name(call->op, arg, name));
  return text;
}

/* "the last axis of `x`" */
static void describe_axis(const struct vm_op_call *call, struct op_axis at, char text[80]) {
  char name[48];
  int rank = at.arg == RULE_RESULT ? call->given->rank : call->arg[at.arg]->rank;
  snprintf(text, 80, "the %s axis of %s", signature_axis_name(at.axis, rank),
           signature_name(call, at.arg, name));
}

int signature_fail_dims(const struct vm_op_call *call, struct op_axis at, struct op_axis other, vm_dim found,
                        vm_dim expected) {
  char this_one[80], that_one[80];
  describe_axis(call, at, this_one);
  describe_axis(call, other, that_one);
  signature_fail(call, at.arg, at.axis, "%s must match %s", this_one, that_one);
  if (call->mismatch) {
    call->mismatch->other_arg = other.arg;
    call->mismatch->other_axis = other.axis;
    call->mismatch->found = found;
    call->mismatch->expected = expected;
  }
  return RT_BAD_DATA;
}

int signature_check_type(const struct vm_op_call *call, const struct vm_type *type, int arg) {
  char name[48];
  signature_name(call, arg, name);
  if (type->dtype > RT_INT || type->batched > 1 || type->rank > RT_MAX_RANK)
    return signature_fail(call, arg, -1, "%s has more than %d axes or no such type", name, RT_MAX_RANK);
  for (int a = 0; a < type->rank; a++) {
    if (type->dim[a] >= call->dims->poly_count)
      return signature_fail(call, arg, a, "%s has a dim that does not exist", name);
    if (!type->batched && vm_dim_is_ragged(call->dims, type->dim[a]))
      return signature_fail(
          call, arg, a, "%s is shared by all examples, so the size of no axis can differ between them", name);
  }
  if (type->of != VM_NO_DIM && (type->dtype != RT_INT || type->of >= call->dims->poly_count))
    return signature_fail(call, arg, -1, "%s has a range that does not exist", name);
  if (type->of != VM_NO_DIM && !type->batched && vm_dim_is_ragged(call->dims, type->of))
    return signature_fail(call, arg, -1,
                          "%s is shared by all examples, so its range cannot differ between them", name);
  return RT_OK;
}
