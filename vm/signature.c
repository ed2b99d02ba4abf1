/* signature.c: matches types with the shape rules of ops.def and makes the result. */
#include "vm/signature_rules.h"

#include "runtime/threshold.h"

#include <string.h>

/* ---- matching ---- */

/* What the names of a rule stand for so far, and which argument and axis said so. */
struct bound {
  bool known[RULE_MAX_NAMES];
  vm_dim dim[RULE_MAX_NAMES][RT_MAX_RANK]; /* [0] for a name that is no group */
  int rank[RULE_MAX_NAMES];
  int arg[RULE_MAX_NAMES], axis[RULE_MAX_NAMES]; /* axis -1: the range of arg */
};

static int bind_dim(const struct vm_op_call *call, struct bound *b, int name, vm_dim dim, int arg, int axis) {
  if (!b->known[name]) {
    b->known[name] = true;
    b->rank[name] = 1;
    b->dim[name][0] = dim;
    b->arg[name] = arg;
    b->axis[name] = axis;
    return RT_OK;
  }
  if (b->dim[name][0] == dim) return RT_OK;
  if (axis >= 0 && b->axis[name] >= 0)
    return signature_fail_dims(call, (struct op_axis){arg, axis},
                               (struct op_axis){b->arg[name], b->axis[name]}, dim, b->dim[name][0]);
  char text[32], other[32];
  int code = axis < 0 ? signature_fail(call, arg, -1, "the range of `%s` must be the %s axis of `%s`",
                                       vm_op_arg_name(call->op, arg, text),
                                       signature_axis_name(b->axis[name], call->arg[b->arg[name]]->rank),
                                       vm_op_arg_name(call->op, b->arg[name], other))
                      : signature_fail(call, arg, axis, "the %s axis of `%s` must be the range of `%s`",
                                       signature_axis_name(axis, call->arg[arg]->rank),
                                       vm_op_arg_name(call->op, arg, text),
                                       vm_op_arg_name(call->op, b->arg[name], other));
  if (call->mismatch) {
    call->mismatch->other_arg = b->arg[name];
    call->mismatch->other_axis = b->axis[name];
    call->mismatch->found = dim;
    call->mismatch->expected = b->dim[name][0];
  }
  return code;
}

/* The axes from `at` on are the group's. */
static int bind_group(const struct vm_op_call *call, struct bound *b, int name, struct op_axis at, int rank) {
  const vm_dim *dim = call->arg[at.arg]->dim + at.axis;
  if (!b->known[name]) {
    b->known[name] = true;
    b->rank[name] = rank;
    memcpy(b->dim[name], dim, (size_t)rank * sizeof *dim);
    b->arg[name] = at.arg;
    b->axis[name] = at.axis;
    return RT_OK;
  }
  for (int i = 0; i < rank; i++)
    if (b->dim[name][i] != dim[i])
      return signature_fail_dims(call, (struct op_axis){at.arg, at.axis + i},
                                 (struct op_axis){b->arg[name], b->axis[name] + i}, dim[i], b->dim[name][i]);
  return RT_OK;
}

/* How many axes the shape has for certain, and how many groups are still unknown. */
static int known_rank(const struct rule_shape *shape, const struct bound *b, int *unknown) {
  int rank = 0;
  *unknown = 0;
  for (int i = 0; i < shape->axis_count; i++) {
    int name = shape->axis[i].name;
    if (!shape->axis[i].group)
      rank++;
    else if (b->known[name])
      rank += b->rank[name];
    else
      ++*unknown;
  }
  return rank;
}

static int fail_rank(const struct vm_op_call *call, const struct rule_shape *shape, int arg, int rank,
                     int least) {
  char name[32];
  bool exact = true;
  for (int i = 0; i < shape->axis_count; i++) exact &= !shape->axis[i].group;
  return signature_fail(call, arg, -1, "`%s` has %d %s, but %s%d %s needed",
                        vm_op_arg_name(call->op, arg, name), rank, rank == 1 ? "axis" : "axes",
                        exact || rank > least ? "" : "at least ", least, least == 1 ? "is" : "are");
}

/* Matches one argument, of whose groups at most one may be unknown. */
static int match(const struct vm_op_call *call, const struct rule_shape *shape, struct bound *b, int arg) {
  const struct vm_type *type = call->arg[arg];
  char name[32];
  int unknown, known = known_rank(shape, b, &unknown), rest = type->rank - known, axis = 0;
  if (rest < 0 || (!unknown && rest > 0)) return fail_rank(call, shape, arg, type->rank, known);
  if (shape->whole != (type->dtype == RT_INT))
    return signature_fail(call, arg, -1,
                          shape->whole ? "`%s` must hold whole numbers"
                                       : "`%s` holds whole numbers that only name things: "
                                         "ids, classes. It cannot be computed with",
                          vm_op_arg_name(call->op, arg, name));
  for (int i = 0; i < shape->axis_count; i++) {
    int number = shape->axis[i].name, status;
    if (shape->axis[i].group) {
      int rank = b->known[number] ? b->rank[number] : rest;
      status = bind_group(call, b, number, (struct op_axis){arg, axis}, rank);
      axis += rank;
    } else {
      status = bind_dim(call, b, number, type->dim[axis], arg, axis);
      axis++;
    }
    if (status != RT_OK) return status;
  }
  if (shape->of < 0) return RT_OK;
  if (type->of == VM_NO_DIM)
    return signature_fail(call, arg, -1, "`%s` must hold whole numbers of a known range",
                          vm_op_arg_name(call->op, arg, name));
  return bind_dim(call, b, shape->of, type->of, arg, -1);
}

/* Arguments with two unknown groups wait until others have told one of them: y in project_back. */
static int match_all(const struct vm_op_call *call, const struct rule *rule, struct bound *b) {
  bool done[RULE_MAX_ARGS] = {false};
  int fixed = rule->arg_count - rule->variadic, unknown, left = fixed;
  for (int pass = 0; left > 0 && pass < 2; pass++)
    for (int k = 0; k < fixed; k++) {
      known_rank(&rule->arg[k], b, &unknown);
      if (done[k] || unknown > 1) continue;
      int status = match(call, &rule->arg[k], b, k);
      if (status != RT_OK) return status;
      done[k] = true;
      left--;
    }
  for (int k = fixed; k < call->arg_count; k++) {
    struct bound own = *b; /* `a:[*s]...`: each has its own *s */
    int status = match(call, &rule->arg[fixed], &own, k);
    if (status != RT_OK) return status;
  }
  return RT_OK;
}

/* ---- results ---- */

/* May arguments of this op be a mix of shared and per-example values? The others walk their arguments in
 * step. */
static int check_batched(const struct vm_op_call *call) {
  const struct vm_type *const *arg = call->arg;
  char a[32], b[32];
  switch (call->op) {
    case OP_project_back_add:
      if (arg[0]->batched != arg[2]->batched)
        return signature_fail(call, 2, -1, "`y` and `to` must both be per example, or neither");
      /* fall through */
    case OP_project:
    case OP_project_back:
      return arg[1]->batched ? signature_fail(call, 1, -1, "`w` must be shared by all examples") : RT_OK;
    case OP_gather:
      return arg[0]->batched > arg[1]->batched
                 ? signature_fail(call, 1, -1, "`ids` must be per example as `table` is")
                 : RT_OK;
    case OP_dot:
      return arg[1]->batched > arg[0]->batched
                 ? signature_fail(call, 0, -1, "`a` must be per example as `b` is")
                 : RT_OK;
    case OP_take:
      return arg[0]->batched > arg[1]->batched
                 ? signature_fail(call, 1, -1, "`index` must be per example as `table` is")
                 : RT_OK;
    default: break;
  }
  if (rt_op_info[call->op].flags & (RT_LANE | RT_MIXED)) return RT_OK;
  for (int k = 1; k < call->arg_count; k++)
    if (arg[k]->batched != arg[0]->batched)
      return signature_fail(call, k, -1, "`%s` is %s but `%s` is %s", vm_op_arg_name(call->op, 0, a),
                            arg[0]->batched ? "per example" : "shared by all examples",
                            vm_op_arg_name(call->op, k, b),
                            arg[k]->batched ? "per example" : "shared by all examples");
  return RT_OK;
}

/* The result of an op whose arguments bind every name in it. */
static int bound_result(const struct vm_op_call *call, const struct rule *rule, const struct bound *b,
                        struct vm_type *result) {
  int flags = rt_op_info[call->op].flags;
  *result = (struct vm_type){.dtype = RT_REAL, .of = VM_NO_DIM};
  for (int k = 0; k < call->arg_count && !(flags & RT_SHARED); k++) result->batched |= call->arg[k]->batched;
  for (int i = 0; i < rule->result.axis_count; i++) {
    int name = rule->result.axis[i].name;
    if (result->rank + b->rank[name] > RT_MAX_RANK)
      return signature_fail(call, -1, -1, "the result would have more than %d axes", RT_MAX_RANK);
    memcpy(result->dim + result->rank, b->dim[name], (size_t)b->rank[name] * sizeof *result->dim);
    result->rank = (uint8_t)(result->rank + b->rank[name]);
  }
  if (call->op == OP_size || call->op == OP_rows) {
    if (call->attr[0] < 0 || (uint64_t)call->attr[0] >= call->dims->poly_count)
      return signature_fail(call, -1, -1, "there is no such dim");
    result->batched = call->op == OP_size && vm_dim_is_ragged(call->dims, (vm_dim)call->attr[0]);
  }
  if (call->op == OP_stop) {
    result->dtype = call->arg[0]->dtype;
    result->of = call->arg[0]->of;
  }
  return RT_OK;
}

static int check_count(const struct vm_op_call *call, const struct rule *rule) {
  int fixed = rule->arg_count - rule->variadic;
  if (call->arg_count == fixed || (rule->variadic && call->arg_count > fixed)) return RT_OK;
  return signature_fail(call, -1, -1, "%d %s given, %s%d needed", call->arg_count,
                        call->arg_count == 1 ? "argument" : "arguments", rule->variadic ? "at least " : "",
                        fixed);
}

static int check_attributes(const struct vm_op_call *call) {
  bool project = call->op == OP_project || call->op == OP_project_back || call->op == OP_project_back_add
                 || call->op == OP_project_grad;
  int count = call->op == OP_matmul ? 2 : project;
  for (int n = 0; n < count; n++)
    if (call->attr[n] != 0 && call->attr[n] != 1)
      return signature_fail(call, -1, -1, "its attributes are 0 or 1");
  if (call->op == OP_cumsum && (call->attr[0] < 0 || call->attr[0] >= call->arg[0]->rank))
    return signature_fail(call, 0, -1, "it has no such axis");
  if (call->op == OP_cumsum && call->attr[1] != 0 && call->attr[1] != 1)
    return signature_fail(call, -1, -1, "reverse is 0 or 1");
  if (call->op == OP_take) return signature_check_take(call, call->arg[0], call->arg[1]);
  if (call->op == OP_dot) return signature_check_dot(call);
  if (call->op == OP_threshold && call->attr[0] != RT_ENTMAX && call->attr[0] != RT_KTH)
    return signature_fail(call, -1, -1, "there is no such kind of threshold");
  return RT_OK;
}

static bool any_dtype(enum rt_op op) { return op == OP_reshape || op == OP_stop; }

static int apply(const struct vm_op_call *call, struct vm_type *result) {
  const struct rule *rule = rule_of(call->op, call->attr);
  struct bound b = {0};
  int status = check_count(call, rule);
  if (status == RT_OK) status = check_attributes(call);
  for (int k = 0; status == RT_OK && k < call->arg_count; k++)
    status = signature_check_type(call, call->arg[k], k);
  if (status == RT_OK) status = check_batched(call);
  if (status != RT_OK) return status;
  if (rt_has_plan(call->op))
    status = signature_attend(call, 0, result);
  else if (any_dtype(call->op))
    status = bind_group(call, &b, rule->arg[0].axis[0].name, (struct op_axis){0, 0}, call->arg[0]->rank);
  else if (rt_op_info[call->op].flags & RT_NESTED)
    status = RT_OK; /* the function that runs in it says what fits (verify_scan.c) */
  else
    status = match_all(call, rule, &b);
  if (status != RT_OK || rt_has_plan(call->op)) return status;
  if (!rule->free_result)
    status = bound_result(call, rule, &b, result);
  else if (!call->given)
    return signature_fail(call, -1, -1, "the type of its result must be given");
  else if ((status = signature_check_type(call, call->given, -1)) == RT_OK)
    status = signature_given_result(call, result);
  return status == RT_OK ? signature_check_type(call, result, -1) : status;
}

static const int64_t no_attr[RT_MAX_ATTR];

int vm_signature_apply(const struct vm_op_call *call, struct vm_type *result) {
  struct vm_op_call checked = *call;
  signature_start_mismatch(call->mismatch);
  if ((int)call->op < 0 || call->op >= OP_COUNT) return signature_fail(call, -1, -1, "no such op");
  if (!checked.attr) checked.attr = no_attr;
  return apply(&checked, result);
}

int vm_signature_result(const struct vm_op_call *call, int number, struct vm_type *result) {
  struct vm_op_call checked = *call;
  struct vm_type first;
  checked.given = NULL;
  int status = vm_signature_apply(&checked, &first);
  if (status != RT_OK) return status;
  if (!checked.attr) checked.attr = no_attr;
  if (call->op != OP_attention && call->op != OP_attention_grad)
    return signature_fail(call, -1, -1, "it has one result");
  return signature_attend(&checked, number, result);
}
