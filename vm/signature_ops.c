/* signature_ops.c: the rules of ops whose result type is given, because their arguments alone do not tell it.
 */
#include "vm/signature_rules.h"

/* Dims of a without the axes that the mask leaves out must be those of b. `arg_of_a`: a is that argument and
 * b the result, else the other way round (-1). */
static int check_axes(const struct vm_op_call *call, int64_t mask, const struct vm_type *a,
                      const struct vm_type *b, bool a_is_argument) {
  int at = 0;
  if (mask < 0 || mask >> a->rank != 0)
    return signature_fail(call, -1, -1, "its mask names axes that are not there");
  for (int axis = 0; axis < a->rank; axis++) {
    if (!(mask >> axis & 1)) continue;
    if (at == b->rank) return signature_fail(call, -1, -1, "its mask keeps more than %d axes", b->rank);
    if (a->dim[axis] != b->dim[at])
      return a_is_argument ? signature_fail_dims(call, (struct op_axis){0, axis}, (struct op_axis){-1, at},
                                                 a->dim[axis], b->dim[at])
                           : signature_fail_dims(call, (struct op_axis){-1, axis}, (struct op_axis){0, at},
                                                 a->dim[axis], b->dim[at]);
    at++;
  }
  return at == b->rank ? RT_OK : signature_fail(call, -1, -1, "its mask keeps fewer than %d axes", b->rank);
}

static int check_same_batched(const struct vm_op_call *call) {
  if (call->arg[0]->batched == call->given->batched) return RT_OK;
  return signature_fail(call, 0, -1, "its argument is %s but its result is not",
                        call->arg[0]->batched ? "per example" : "shared");
}

static int check_not_less_batched(const struct vm_op_call *call) {
  for (int k = 0; k < call->arg_count; k++)
    if (call->arg[k]->batched && !call->given->batched)
      return signature_fail(call, k, -1, "its argument is per example but its result is shared");
  return RT_OK;
}

static vm_dim element_count(struct vm_dims *dims, const struct vm_type *type) {
  vm_dim count = VM_ONE;
  for (int a = 0; a < type->rank && count != VM_NO_DIM; a++) count = vm_dim_times(dims, count, type->dim[a]);
  return count;
}

static int check_reshape(const struct vm_op_call *call) {
  const struct vm_type *a = call->arg[0], *t = call->given;
  if (a->dtype != t->dtype || a->of != t->of)
    return signature_fail(call, 0, -1, "the result must hold the same kind of numbers");
  if (a->rank == t->rank) {
    int same = 0;
    while (same < a->rank && a->dim[same] == t->dim[same]) same++;
    if (same == a->rank) return check_same_batched(call);
  }
  vm_dim from = element_count(call->dims, a), to = element_count(call->dims, t);
  if (from == VM_NO_DIM || to == VM_NO_DIM)
    return signature_fail(call, 0, -1, "the number of elements is beyond what can be told");
  if (from == to) return check_same_batched(call);
  signature_fail(call, 0, -1, "the number of elements must stay the same");
  if (call->mismatch) {
    call->mismatch->found = from;
    call->mismatch->expected = to;
  }
  return RT_BAD_DATA;
}

static int check_transpose(const struct vm_op_call *call) {
  const struct vm_type *a = call->arg[0], *t = call->given;
  int64_t order = call->attr[0];
  unsigned seen = 0;
  if (a->rank != t->rank) return signature_fail(call, 0, -1, "the result must have %d axes too", a->rank);
  if (order < 0 || order >> 4 * a->rank != 0)
    return signature_fail(call, -1, -1, "its order names axes that are not there");
  for (int x = 0; x < t->rank; x++) {
    int from = rt_order_axis(order, x);
    if (from >= a->rank || seen >> from & 1)
      return signature_fail(call, -1, -1, "its order is no permutation of %d axes", a->rank);
    seen |= 1u << from;
    if (a->dim[from] != t->dim[x])
      return signature_fail_dims(call, (struct op_axis){0, from}, (struct op_axis){-1, x}, a->dim[from],
                                 t->dim[x]);
  }
  return check_same_batched(call);
}

/* slice, pad: the same axes but for one; whether the part lies within the whole is seen when sizes are known.
 */
static int check_part(const struct vm_op_call *call) {
  const struct vm_type *a = call->arg[0], *t = call->given;
  int64_t axis = call->attr[0], start = call->attr[1];
  if (a->rank != t->rank) return signature_fail(call, 0, -1, "the result must have %d axes too", a->rank);
  if (axis < 0 || axis >= a->rank) return signature_fail(call, 0, -1, "it has no such axis");
  if (start < 0 || (uint64_t)start >= call->dims->poly_count)
    return signature_fail(call, -1, -1, "its start is no dim");
  for (int x = 0; x < a->rank; x++)
    if (x != axis && a->dim[x] != t->dim[x])
      return signature_fail_dims(call, (struct op_axis){0, x}, (struct op_axis){-1, x}, a->dim[x], t->dim[x]);
  if (vm_dim_is_ragged(call->dims, (vm_dim)start) && !t->batched)
    return signature_fail(call, -1, -1, "its start differs between examples, so its result is per example");
  return check_not_less_batched(call);
}

static int check_concat(const struct vm_op_call *call) {
  const struct vm_type *t = call->given;
  int64_t axis = call->attr[0];
  if (call->arg_count < 1) return signature_fail(call, -1, -1, "nothing to put together");
  if (axis < 0 || axis >= t->rank) return signature_fail(call, -1, -1, "the result has no such axis");
  vm_dim sum = VM_NO_DIM;
  for (int k = 0; k < call->arg_count; k++) {
    const struct vm_type *a = call->arg[k];
    if (a->rank != t->rank) return signature_fail(call, k, -1, "all must have %d axes", t->rank);
    for (int x = 0; x < t->rank; x++)
      if (x != axis && a->dim[x] != t->dim[x])
        return signature_fail_dims(call, (struct op_axis){k, x}, (struct op_axis){-1, x}, a->dim[x],
                                   t->dim[x]);
    sum = k == 0 ? a->dim[axis] : vm_dim_plus(call->dims, sum, a->dim[axis]);
  }
  if (sum != t->dim[axis]) {
    signature_fail(call, -1, (int)axis, "the %s axis must be the sum of the parts",
                   signature_axis_name((int)axis, t->rank));
    if (call->mismatch) {
      call->mismatch->found = t->dim[axis];
      call->mismatch->expected = sum;
    }
    return RT_BAD_DATA;
  }
  return check_not_less_batched(call);
}

static int check_real(const struct vm_op_call *call) {
  char name[32];
  for (int k = 0; k < call->arg_count; k++)
    if (call->arg[k]->dtype != RT_REAL)
      return signature_fail(
          call, k, -1,
          "`%s` holds whole numbers that only name things: ids, classes. It cannot be computed with",
          vm_op_arg_name(call->op, k, name));
  return call->given->dtype == RT_REAL ? RT_OK : signature_fail(call, -1, -1, "its result is real");
}

int signature_check_take(const struct vm_op_call *call, const struct vm_type *table,
                         const struct vm_type *index) {
  int64_t mask = call->attr[0];
  int at = 0;
  if (mask < 0 || mask >> index->rank != 0)
    return signature_fail(call, -1, -1, "its mask names axes that are not there");
  for (int axis = 0; axis < index->rank; axis++) {
    if (!(mask >> axis & 1)) continue;
    if (at >= table->rank - 1 || table->dim[at] != index->dim[axis])
      return signature_fail(call, -1, -1,
                            "the table does not have the axes of the index that its mask keeps");
    at++;
  }
  return at == table->rank - 1
             ? RT_OK
             : signature_fail(call, -1, -1, "the table needs one axis beside those that its mask keeps");
}

int signature_check_dot(const struct vm_op_call *call) {
  const struct vm_type *a = call->arg[0], *b = call->arg[1];
  int64_t mask = call->attr[0];
  int at = 0;
  if (a->rank < 1 || mask < 0 || mask >> a->rank != 0 || !(mask >> (a->rank - 1) & 1))
    return signature_fail(call, 0, -1, "its mask must keep the last axis of `a`, and none that is not there");
  for (int axis = 0; axis < a->rank; axis++) {
    if (!(mask >> axis & 1)) continue;
    if (at >= b->rank || b->dim[at] != a->dim[axis])
      return signature_fail(call, 1, -1, "`b` does not have the axes of `a` that its mask keeps");
    at++;
  }
  return at == b->rank ? RT_OK
                       : signature_fail(call, 1, -1, "`b` has axes beside those of `a` that its mask keeps");
}

static int check_rule(const struct vm_op_call *call) {
  const struct vm_type *a = call->arg_count ? call->arg[0] : NULL, *t = call->given;
  switch (call->op) {
    case OP_iota: return t->rank == 1 ? RT_OK : signature_fail(call, -1, -1, "its result has one axis");
    case OP_param:
      return t->batched ? signature_fail(call, -1, -1, "a parameter is shared by all examples") : RT_OK;
    case OP_expand:
      return check_axes(call, call->attr[0], t, a, false) == RT_OK ? check_not_less_batched(call)
                                                                   : RT_BAD_DATA;
    case OP_sum:
      if (t->batched && !a->batched)
        return signature_fail(call, 0, -1, "its argument is shared but its result is not");
      return check_axes(call, call->attr[0], a, t, true);
    case OP_maximum:
      return check_axes(call, call->attr[0], a, t, true) == RT_OK ? check_same_batched(call) : RT_BAD_DATA;
    case OP_transpose: return check_transpose(call);
    case OP_slice:
    case OP_pad: return check_part(call);
    case OP_concat: return check_concat(call);
    case OP_take_grad:
      return signature_check_take(call, t, a) == RT_OK ? check_same_batched(call) : RT_BAD_DATA;
    default: /* leaves, what is made from nothing, lanes (see verify_lanes.c) */ return RT_OK;
  }
}

int signature_given_result(const struct vm_op_call *call, struct vm_type *result) {
  int status = RT_OK;
  if (call->op == OP_reshape)
    status = check_reshape(call);
  else if (call->op != OP_input && call->op != OP_result && !(rt_op_info[call->op].flags & RT_NESTED))
    status = check_real(call);
  if (status == RT_OK) status = check_rule(call);
  if (status == RT_OK) *result = *call->given;
  return status;
}
