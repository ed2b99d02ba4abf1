/* signature_match.c: matches the types of a call with the shapes of its rule. */
#include "vm/signature_rules.h"

#include <string.h>

static const struct vm_type *type_at(const struct vm_op_call *call, int arg) {
  return arg == RULE_RESULT ? call->given : call->arg[arg];
}

/* ---- names ---- */

static int fail_range(const struct vm_op_call *call, const struct bound *b, int name, struct op_axis at) {
  char one[48], other[48];
  signature_name(call, at.arg, one);
  signature_name(call, b->arg[name], other);
  if (at.axis < 0)
    return signature_fail(call, at.arg, -1, "the range of %s must be the %s axis of %s", one,
                          signature_axis_name(b->axis[name], type_at(call, b->arg[name])->rank), other);
  return signature_fail(call, at.arg, at.axis, "the %s axis of %s must be the range of %s",
                        signature_axis_name(at.axis, type_at(call, at.arg)->rank), one, other);
}

/* at.axis -1: the range of the argument's whole numbers. */
static int bind_dim(const struct vm_op_call *call, struct bound *b, int name, vm_dim dim, struct op_axis at) {
  if (!b->known[name]) {
    b->known[name] = true;
    b->rank[name] = 1;
    b->dim[name][0] = dim;
    b->arg[name] = at.arg;
    b->axis[name] = at.axis;
    return RT_OK;
  }
  if (b->dim[name][0] == dim) return RT_OK;
  struct op_axis other = {b->arg[name], b->axis[name]};
  if (at.axis >= 0 && other.axis >= 0) return signature_fail_dims(call, at, other, dim, b->dim[name][0]);
  int status = fail_range(call, b, name, at);
  if (call->mismatch) {
    call->mismatch->other_arg = other.arg;
    call->mismatch->other_axis = other.axis;
    call->mismatch->found = dim;
    call->mismatch->expected = b->dim[name][0];
  }
  return status;
}

/* The axes from `at` on are the group's. */
static int bind_group(const struct vm_op_call *call, struct bound *b, int name, struct op_axis at, int rank) {
  const vm_dim *dim = type_at(call, at.arg)->dim + at.axis;
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

/* ---- axes that a mask keeps ---- */

/* The mask is checked by now: no bits beyond the axes. */
static int kept_rank(const struct vm_op_call *call, const struct rule_axis *axis) {
  int rank = 0;
  for (int64_t mask = call->attr[axis->mask]; mask; mask &= mask - 1) rank++;
  return rank;
}

static int match_kept(const struct vm_op_call *call, const struct rule_axis *axis, struct op_axis at) {
  const struct vm_type *source = type_at(call, axis->source), *type = type_at(call, at.arg);
  for (int x = 0; x < source->rank; x++) {
    if (!(call->attr[axis->mask] >> x & 1)) continue;
    if (source->dim[x] != type->dim[at.axis])
      return signature_fail_dims(call, at, (struct op_axis){axis->source, x}, type->dim[at.axis],
                                 source->dim[x]);
    at.axis++;
  }
  return RT_OK;
}

/* ---- shapes ---- */

static int axis_rank(const struct vm_op_call *call, const struct bound *b, const struct rule_axis *axis) {
  return axis->kind == AXIS_ONE ? 1 : axis->kind == AXIS_KEPT ? kept_rank(call, axis) : b->rank[axis->name];
}

/* How many axes the shape has for certain, and how many groups are still unknown. */
static int known_rank(const struct vm_op_call *call, const struct rule_shape *shape, const struct bound *b,
                      int *unknown) {
  int rank = 0;
  *unknown = 0;
  for (int i = 0; i < shape->axis_count; i++) {
    if (shape->axis[i].kind == AXIS_GROUP && !b->known[shape->axis[i].name])
      ++*unknown;
    else
      rank += axis_rank(call, b, &shape->axis[i]);
  }
  return rank;
}

static int fail_rank(const struct vm_op_call *call, const struct rule_shape *shape, int arg, int least) {
  char name[48];
  int rank = type_at(call, arg)->rank;
  bool exact = true;
  for (int i = 0; i < shape->axis_count; i++) exact &= shape->axis[i].kind != AXIS_GROUP;
  return signature_fail(call, arg, -1, "%s has %d %s, but %s%d %s needed", signature_name(call, arg, name),
                        rank, rank == 1 ? "axis" : "axes", exact || rank > least ? "" : "at least ", least,
                        least == 1 ? "is" : "are");
}

static int match_dtype(const struct vm_op_call *call, const struct rule_shape *shape, int arg) {
  const struct vm_type *type = type_at(call, arg);
  char name[48];
  signature_name(call, arg, name);
  if (shape->any || shape->whole == (type->dtype == RT_INT)) return RT_OK;
  if (shape->whole) return signature_fail(call, arg, -1, "%s must hold whole numbers", name);
  return signature_fail(call, arg, -1,
                        "%s holds whole numbers that only name things: ids, classes. It cannot be computed "
                        "with",
                        name);
}

/* Of the shape's groups at most one may be unknown. */
static int match(const struct vm_op_call *call, const struct rule_shape *shape, struct bound *b, int arg) {
  const struct vm_type *type = type_at(call, arg);
  char name[48];
  int unknown, known = known_rank(call, shape, b, &unknown), rest = type->rank - known, status = RT_OK;
  if (rest < 0 || (!unknown && rest > 0)) return fail_rank(call, shape, arg, known);
  if ((status = match_dtype(call, shape, arg)) != RT_OK) return status;
  struct op_axis at = {arg, 0};
  for (int i = 0; i < shape->axis_count && status == RT_OK; i++) {
    const struct rule_axis *axis = &shape->axis[i];
    int rank = axis->kind == AXIS_GROUP && !b->known[axis->name] ? rest : axis_rank(call, b, axis);
    if (axis->kind == AXIS_KEPT)
      status = match_kept(call, axis, at);
    else if (axis->kind == AXIS_GROUP)
      status = bind_group(call, b, axis->name, at, rank);
    else
      status = bind_dim(call, b, axis->name, type->dim[at.axis], at);
    at.axis += rank;
  }
  if (status != RT_OK || shape->of < 0) return status;
  if (type->of == VM_NO_DIM)
    return signature_fail(call, arg, -1, "%s must hold whole numbers of a known range",
                          signature_name(call, arg, name));
  return bind_dim(call, b, shape->of, type->of, (struct op_axis){arg, -1});
}

/* `a:[*s]? -> [*t]?`: the result holds the same kind of numbers. */
static int match_any_dtype(const struct vm_op_call *call, const struct rule *rule) {
  for (int k = 0; k < call->arg_count && rule->result.any; k++)
    if (rule_shape_of(rule, k)->any
        && (call->arg[k]->dtype != call->given->dtype || call->arg[k]->of != call->given->of))
      return signature_fail(call, k, -1, "the result must hold the same kind of numbers");
  return RT_OK;
}

/* An argument with two unknown groups, such as y of project_back, waits until another argument has told one
 * of them. */
int signature_match(const struct vm_op_call *call, const struct rule *rule, struct bound *b) {
  bool done[RULE_MAX_ARGS] = {false};
  int fixed = rule->arg_count - rule->variadic, unknown, left = fixed, status = RT_OK;
  for (int pass = 0; left > 0 && pass < 2; pass++)
    for (int k = 0; k < fixed; k++) {
      known_rank(call, &rule->arg[k], b, &unknown);
      if (done[k] || unknown > 1) continue;
      if ((status = match(call, &rule->arg[k], b, k)) != RT_OK) return status;
      done[k] = true;
      left--;
    }
  for (int k = fixed; k < call->arg_count && status == RT_OK; k++) {
    struct bound own = *b; /* `a:[*s]...`: each has its own *s */
    status = match(call, &rule->arg[fixed], &own, k);
  }
  if (status == RT_OK && call->given) status = match(call, &rule->result, b, RULE_RESULT);
  return status == RT_OK && call->given ? match_any_dtype(call, rule) : status;
}

/* ---- shared or per example ---- */

static bool has_ragged_attr(const struct vm_op_call *call) {
  for (int k = 0; k < vm_op_attr_count(call->op); k++)
    if (vm_op_attr_kind(call->op, k) == VM_ATTR_DIM && vm_dim_is_ragged(call->dims, (vm_dim)call->attr[k]))
      return true;
  return false;
}

static const char *batched_name(const struct vm_type *type) {
  return type->batched ? "per example" : "shared by all examples";
}

/* The first argument that has no word such as `shared` before its name; -1 when all have one. */
static int plain_argument(const struct vm_op_call *call, const struct rule *rule) {
  for (int k = 0; k < call->arg_count; k++)
    if (!rule_shape_of(rule, k)->shared && !rule_shape_of(rule, k)->either) return k;
  return -1;
}

static int check_argument_batched(const struct vm_op_call *call, const struct rule *rule, int k, int plain) {
  const struct rule_shape *shape = rule_shape_of(rule, k);
  const struct vm_type *type = call->arg[k];
  char name[48], other[48];
  signature_name(call, k, name);
  if (shape->shared)
    return type->batched ? signature_fail(call, k, -1, "%s must be shared by all examples", name) : RT_OK;
  if (plain < 0 || type->batched == call->arg[plain]->batched) return RT_OK;
  signature_name(call, plain, other);
  if (!shape->either)
    return signature_fail(call, k, -1, "%s is %s but %s is %s", other, batched_name(call->arg[plain]), name,
                          batched_name(type));
  return type->batched ? signature_fail(call, plain, -1, "%s must be per example as %s is", other, name)
                       : RT_OK;
}

static int check_given_batched(const struct vm_op_call *call, const struct rule *rule, int plain) {
  const struct vm_type *given = call->given;
  if (rule->result.shared)
    return given->batched ? signature_fail(call, -1, -1, "the result is shared by all examples") : RT_OK;
  if (rule->result.either)
    return plain >= 0 && given->batched > call->arg[plain]->batched
               ? signature_fail(call, plain, -1, "its argument is shared but its result is not")
               : RT_OK;
  for (int k = 0; k < call->arg_count; k++) {
    if (call->arg[k]->batched > given->batched)
      return signature_fail(call, k, -1, "its argument is per example but its result is shared");
    if (call->arg[k]->batched < given->batched && k == plain)
      return signature_fail(call, k, -1, "its argument is shared but its result is not");
  }
  if (has_ragged_attr(call) && !given->batched)
    return signature_fail(call, -1, -1,
                          "its attribute differs between examples, so its result is per example");
  return RT_OK;
}

int signature_check_batched(const struct vm_op_call *call, const struct rule *rule) {
  int plain = plain_argument(call, rule), status = RT_OK;
  for (int k = 0; k < call->arg_count && status == RT_OK; k++)
    status = check_argument_batched(call, rule, k, plain);
  return status == RT_OK && call->given ? check_given_batched(call, rule, plain) : status;
}

/* ---- results ---- */

static int add_axes(const struct vm_op_call *call, struct vm_type *type, int rank, const vm_dim *dim) {
  if (type->rank + rank > RT_MAX_RANK)
    return signature_fail(call, -1, -1, "the result would have more than %d axes", RT_MAX_RANK);
  memcpy(type->dim + type->rank, dim, (size_t)rank * sizeof *dim);
  type->rank = (uint8_t)(type->rank + rank);
  return RT_OK;
}

static int add_kept(const struct vm_op_call *call, struct vm_type *type, const struct rule_axis *axis) {
  const struct vm_type *source = call->arg[axis->source];
  int status = RT_OK;
  for (int x = 0; x < source->rank && status == RT_OK; x++)
    if (call->attr[axis->mask] >> x & 1) status = add_axes(call, type, 1, &source->dim[x]);
  return status;
}

int signature_result(const struct vm_op_call *call, const struct rule *rule, const struct bound *b,
                     struct vm_type *result) {
  int status = RT_OK;
  *result = (struct vm_type){.dtype = RT_REAL, .of = VM_NO_DIM, .batched = has_ragged_attr(call)};
  for (int k = 0; k < call->arg_count; k++) {
    result->batched |= call->arg[k]->batched;
    if (!rule->result.any || !rule_shape_of(rule, k)->any) continue;
    result->dtype = call->arg[k]->dtype;
    result->of = call->arg[k]->of;
  }
  if (rule->result.shared) result->batched = 0;
  for (int i = 0; i < rule->result.axis_count && status == RT_OK; i++) {
    const struct rule_axis *axis = &rule->result.axis[i];
    status = axis->kind == AXIS_KEPT ? add_kept(call, result, axis)
                                     : add_axes(call, result, b->rank[axis->name], b->dim[axis->name]);
  }
  return status;
}

/* ---- where axes go ---- */

/* Axes of a shape as what the rule calls them: the letter, and which axis of a group it is. */
struct named {
  int name[RT_MAX_RANK], rank;
};

static struct named names_of(const struct vm_op_call *call, const struct rule *rule, const struct bound *b,
                             int arg) {
  const struct rule_shape *shape = rule_shape_of(rule, arg);
  struct named all = {.rank = 0};
  for (int i = 0; i < shape->axis_count; i++) {
    const struct rule_axis *axis = &shape->axis[i];
    if (axis->kind == AXIS_KEPT) {
      const struct named source = names_of(call, rule, b, axis->source);
      for (int x = 0; x < source.rank; x++)
        if (call->attr[axis->mask] >> x & 1) all.name[all.rank++] = source.name[x];
      continue;
    }
    for (int x = 0; x < axis_rank(call, b, axis); x++) all.name[all.rank++] = axis->name * RT_MAX_RANK + x;
  }
  return all;
}

void vm_signature_axes(const struct vm_op_call *call, int arg, int8_t to[RT_MAX_RANK]) {
  const struct rule *rule = rule_of(call->op, call->attr);
  struct bound b = {0};
  for (int a = 0; a < RT_MAX_RANK; a++) to[a] = -1;
  if (arg >= rule->arg_count - rule->variadic || signature_match(call, rule, &b) != RT_OK) return;
  const struct named from = names_of(call, rule, &b, arg), result = names_of(call, rule, &b, RULE_RESULT);
  for (int a = 0; a < from.rank; a++)
    for (int r = result.rank - 1; r >= 0; r--)
      if (result.name[r] == from.name[a]) to[a] = (int8_t)r;
}
