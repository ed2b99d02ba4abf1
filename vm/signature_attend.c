/* signature_attend.c: operands and results of the attention ops, from the roles in their plan
 * (runtime/attend_plan.h). */
#include "vm/signature_rules.h"

#include <string.h>

enum { DELTA = 3, LSE, DY }; /* arguments of attention_grad */

/* What the operands say of the sizes of a head. */
struct head_dims {
  vm_dim i, j, h; /* VM_NO_DIM: no operand has it */
  vm_dim key_feature, value_feature;
  bool batched;
};

static vm_dim dim_of(const struct attend_operand *operand, const struct vm_type *type, uint8_t role) {
  int axis = vm_operand_axis(operand, role);
  return axis < 0 ? VM_NO_DIM : type->dim[axis];
}

static int fail_operand(const struct vm_op_call *call, int arg, const char *why) {
  char name[32];
  return signature_fail(call, arg, -1, "`%s` %s", vm_op_arg_name(call->op, arg, name), why);
}

/* Roles in range, each of I, J, H at most once and among those allowed, FEATURE axes last; features: how
 * many, -1: any number. */
static int check_roles(const struct vm_op_call *call, int arg, const struct attend_operand *operand,
                       unsigned allowed, int features) {
  int rank = call->arg[arg]->rank;
  unsigned seen = 0;
  int feature = 0;
  if (operand->rank != rank) return fail_operand(call, arg, "has another number of axes than its plan says");
  for (int a = 0; a < rank; a++) {
    uint8_t role = operand->role[a];
    if (role > ATTEND_FEATURE || !(allowed >> role & 1))
      return fail_operand(call, arg, "has an axis that is not for such an operand");
    if (role == ATTEND_FEATURE)
      feature++;
    else if (feature || seen >> role & 1)
      return fail_operand(call, arg, "must have the axes of features last, and each other axis once");
    seen |= 1u << role;
  }
  return features < 0 || feature == features ? RT_OK
                                             : fail_operand(call, arg, "must have one axis of features");
}

static int check_real(const struct vm_op_call *call) {
  for (int k = 0; k < call->arg_count; k++)
    if (call->arg[k]->dtype != RT_REAL) return fail_operand(call, k, "must hold real numbers");
  return RT_OK;
}

/* Two operands that have an axis of the role agree on its size; *dim collects it. */
static int agree(const struct vm_op_call *call, int arg, const struct attend_operand *operand, uint8_t role,
                 vm_dim *dim) {
  vm_dim mine = dim_of(operand, call->arg[arg], role);
  if (mine == VM_NO_DIM || mine == *dim) return RT_OK;
  if (*dim == VM_NO_DIM) {
    *dim = mine;
    return RT_OK;
  }
  static const char *const roles[] = {"i", "j", "h", "feature"};
  char name[32];
  signature_fail(call, arg, vm_operand_axis(operand, role),
                 "the %s axis of `%s` differs from that of the others", roles[role],
                 vm_op_arg_name(call->op, arg, name));
  if (call->mismatch) {
    call->mismatch->found = mine;
    call->mismatch->expected = *dim;
  }
  return RT_BAD_DATA;
}

static int check_extra(const struct vm_op_call *call, int arg, int extra, struct head_dims *head) {
  const struct attend_operand *operand = &call->plan->extra[extra];
  int status = check_roles(call, arg, operand,
                           1u << ATTEND_I | 1u << ATTEND_J | 1u << ATTEND_H | 1u << ATTEND_FEATURE, -1);
  if (status == RT_OK && vm_operand_axis(operand, ATTEND_I) >= 0 && head->i == VM_NO_DIM)
    return fail_operand(call, arg, "has an axis of queries, but there is only one query");
  if (status == RT_OK) status = agree(call, arg, operand, ATTEND_I, &head->i);
  if (status == RT_OK) status = agree(call, arg, operand, ATTEND_J, &head->j);
  return status == RT_OK ? agree(call, arg, operand, ATTEND_H, &head->h) : status;
}

/* Keys and values may have fewer heads than queries, which then share them. The numbers are checked when
 * sizes are known. */
static int agree_heads(const struct vm_op_call *call, bool has_value, struct head_dims *head) {
  const struct attend_plan *plan = call->plan;
  if (head->h != VM_NO_DIM) return RT_OK;
  int status = agree(call, 1, &plan->key, ATTEND_H, &head->h);
  return status == RT_OK && has_value ? agree(call, 2, &plan->value, ATTEND_H, &head->h) : status;
}

/* query, key and (not for the weights alone) value. */
static int check_operands(const struct vm_op_call *call, struct head_dims *head) {
  const struct attend_plan *plan = call->plan;
  const struct vm_type *const *arg = call->arg;
  const unsigned h = 1u << ATTEND_H | 1u << ATTEND_FEATURE, i = 1u << ATTEND_I, j = 1u << ATTEND_J;
  bool has_value = call->op != OP_attention_weights;
  int status = check_roles(call, 0, &plan->query, h | i, 1);
  if (status == RT_OK) status = check_roles(call, 1, &plan->key, h | j, 1);
  if (status == RT_OK && has_value) status = check_roles(call, 2, &plan->value, h | j, 1);
  if (status != RT_OK) return status;
  *head = (struct head_dims){dim_of(&plan->query, arg[0], ATTEND_I),
                             dim_of(&plan->key, arg[1], ATTEND_J),
                             dim_of(&plan->query, arg[0], ATTEND_H),
                             dim_of(&plan->query, arg[0], ATTEND_FEATURE),
                             VM_NO_DIM,
                             false};
  status = agree(call, 1, &plan->key, ATTEND_FEATURE, &head->key_feature);
  if (status == RT_OK && has_value) status = agree(call, 2, &plan->value, ATTEND_J, &head->j);
  if (has_value) head->value_feature = dim_of(&plan->value, arg[2], ATTEND_FEATURE);
  return status == RT_OK ? agree_heads(call, has_value, head) : status;
}

static void add_axis(struct vm_type *type, vm_dim dim) {
  if (dim != VM_NO_DIM) type->dim[type->rank++] = dim;
}

/* y (with_feature) or lse: the axes of plan->out, which come as i?, h?, feature. */
static int out_type(const struct vm_op_call *call, const struct head_dims *head, bool with_feature,
                    struct vm_type *type) {
  const struct attend_operand *out = &call->plan->out;
  unsigned seen = 0;
  if (out->rank < 1 || out->rank > RT_MAX_RANK || out->role[out->rank - 1] != ATTEND_FEATURE)
    return signature_fail(call, -1, -1, "the plan of its result must end with an axis of features");
  for (int a = 0; a < out->rank; a++) {
    uint8_t role = out->role[a];
    vm_dim dim = role == ATTEND_I ? head->i : role == ATTEND_H ? head->h : VM_NO_DIM;
    if ((dim == VM_NO_DIM && role != ATTEND_FEATURE) || role > ATTEND_FEATURE || seen >> role)
      return signature_fail(call, -1, -1,
                            "the plan of its result has an axis that no operand has, or one twice");
    seen |= 1u << role;
    if (role != ATTEND_FEATURE)
      add_axis(type, dim);
    else if (with_feature)
      add_axis(type, head->value_feature);
  }
  if ((seen >> ATTEND_I & 1) != (head->i != VM_NO_DIM) || (seen >> ATTEND_H & 1) != (head->h != VM_NO_DIM))
    return signature_fail(call, -1, -1, "the plan of its result leaves out queries or heads");
  return RT_OK;
}

/* dy: the axes of y that attribute 1 keeps, the feature axis among them. It may be shared where y is not. */
static int check_dy(const struct vm_op_call *call, const struct vm_type *y) {
  const struct vm_type *dy = call->arg[DY];
  struct vm_type type = {.dtype = RT_REAL, .batched = dy->batched && y->batched, .of = VM_NO_DIM};
  int64_t axes = call->attr[1];
  if (axes < 0 || axes >> y->rank != 0)
    return fail_operand(call, DY, "has a mask of more axes than the result of attention has");
  if (!(axes >> (y->rank - 1) & 1))
    return fail_operand(call, DY, "has a mask that leaves out the axis of features");
  for (int a = 0; a < y->rank; a++)
    if (axes >> a & 1) type.dim[type.rank++] = y->dim[a];
  return vm_type_equal(&type, dy)
             ? RT_OK
             : fail_operand(call, DY, "must have those axes of the result of attention that its mask keeps");
}

/* delta and lse of attention_grad are laid out as lse of the attention it differentiates; dy as y, or
 * narrower. */
static int check_grad_args(const struct vm_op_call *call, const struct head_dims *head) {
  struct vm_type y = {.dtype = RT_REAL, .batched = head->batched, .of = VM_NO_DIM}, lse = y;
  int status = out_type(call, head, true, &y);
  if (status == RT_OK) status = out_type(call, head, false, &lse);
  for (int k = DELTA; k <= LSE && status == RT_OK; k++)
    if (!vm_type_equal(&lse, call->arg[k]))
      status = fail_operand(call, k, "must have the shape of that result of attention");
  return status == RT_OK ? check_dy(call, &y) : status;
}

/* dquery, dkey, dvalue: (i or j, h, feature); of an extra: (i?, j?, h?, table). Heads are not summed, so that
 * each has y's number of them. */
static int add_table(const struct vm_op_call *call, const struct attend_operand *operand,
                     const struct vm_type *extra, struct vm_type *type) {
  for (int a = 0; a < operand->rank; a++) {
    if (operand->role[a] != ATTEND_FEATURE) continue;
    if (type->rank == RT_MAX_RANK)
      return signature_fail(call, -1, -1, "the gradient of a table would have more than %d axes",
                            RT_MAX_RANK);
    add_axis(type, extra->dim[a]);
  }
  return RT_OK;
}

static int gradient_type(const struct vm_op_call *call, const struct head_dims *head, int number,
                         struct vm_type *type) {
  const struct attend_plan *plan = call->plan;
  const struct attend_operand *const operands[] = {&plan->query, &plan->key, &plan->value};
  if (number < 3) {
    if (vm_operand_axis(operands[number], ATTEND_I) >= 0) add_axis(type, head->i);
    if (vm_operand_axis(operands[number], ATTEND_J) >= 0) add_axis(type, head->j);
    add_axis(type, head->h);
    add_axis(type, number == 2 ? head->value_feature : head->key_feature);
    return RT_OK;
  }
  int wanted = number - 3;
  for (int k = 0; k < plan->extra_count; k++) {
    if (!plan->wants_grad[k] || wanted-- > 0) continue;
    if (vm_operand_axis(&plan->extra[k], ATTEND_I) >= 0) add_axis(type, head->i);
    if (vm_operand_axis(&plan->extra[k], ATTEND_J) >= 0) add_axis(type, head->j);
    add_axis(type, head->h);
    return add_table(call, &plan->extra[k], call->arg[vm_op_arity(call->op) + k], type);
  }
  return signature_fail(call, -1, -1, "it has no such result");
}

static int result_type(const struct vm_op_call *call, const struct head_dims *head, int number,
                       struct vm_type *type) {
  *type = (struct vm_type){.dtype = RT_REAL, .batched = head->batched, .of = VM_NO_DIM};
  if (call->op == OP_attention_grad) return gradient_type(call, head, number, type);
  if (call->op == OP_attention)
    return number > 1 ? signature_fail(call, -1, -1, "it has no such result")
                      : out_type(call, head, number == 0, type);
  struct vm_type out = {0}; /* of y: its roles are part of the plan here too */
  int status = out_type(call, head, false, &out);
  add_axis(type, head->h);
  add_axis(type, head->i);
  add_axis(type, head->j);
  return status;
}

int signature_attend(const struct vm_op_call *call, int number, struct vm_type *result) {
  const struct attend_plan *plan = call->plan;
  struct head_dims head = {0};
  int fixed = vm_op_arity(call->op), status;
  if (!plan) return signature_fail(call, -1, -1, "attention needs its plan");
  if (plan->extra_count < 0 || plan->extra_count > ATTEND_MAX_EXTRAS
      || call->arg_count - fixed != plan->extra_count)
    return signature_fail(call, -1, -1, "its plan names %d extra arguments", plan->extra_count);
  status = check_real(call);
  if (status == RT_OK) status = check_operands(call, &head);
  for (int k = 0; k < plan->extra_count && status == RT_OK; k++)
    status = check_extra(call, fixed + k, k, &head);
  if (status != RT_OK) return status;
  for (int k = 0; k < call->arg_count; k++)
    if (call->op != OP_attention_grad || k < 3 || k >= fixed) head.batched |= call->arg[k]->batched;
  if (call->op == OP_attention_grad) status = check_grad_args(call, &head);
  return status == RT_OK ? result_type(call, &head, number, result) : status;
}
