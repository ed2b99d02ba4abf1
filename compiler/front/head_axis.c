/* head_axis.c: the axis of heads that the body of a head[H] does not see. It is moved out of the way where
 * shapes change. The body of a head[H] may call a head[G]: each of its H heads then calls G heads, and what
 * these work on has one hidden axis of H * G, so that all of them are computed at once. */
#include "compiler/front/elaborate.h"

static ir_id move_axis(struct ir_at at, ir_id x, int from, int to) {
  const struct vm_type type = at.g->node[x].type;
  struct vm_type moved = type;
  int64_t order = 0;
  for (int k = 0, rest = 0; k < type.rank; k++) {
    if (rest == from) rest++;
    int axis = k == to ? from : rest++;
    order = rt_order_with(order, k, axis);
    moved.dim[k] = type.dim[axis];
  }
  return from == to ? x : ir_transpose(at, x, order, &moved);
}

bool cc_heads_first(struct cc_context *c, struct gr_span span, ir_id *x) {
  int hidden = cc_hidden_axis(c, cc_type(c, *x));
  if (hidden < 0) return false;
  *x = move_axis(cc_in_model(c, span), *x, hidden, 0);
  return true;
}

ir_id cc_heads_back(struct cc_context *c, struct gr_span span, ir_id x) {
  int rank = x ? cc_type(c, x)->rank : 0;
  return rank < 2 ? x : move_axis(cc_in_model(c, span), x, 0, rank - 2);
}

/* ---- head[G] within head[H] ---- */

int cc_enter_heads(struct cc_context *c, vm_dim own, struct gr_span span) {
  struct cc_heads *heads = &c->heads;
  if (c->head_dim == VM_NO_DIM) {
    c->head_dim = own;
    return RT_OK;
  }
  *heads = (struct cc_heads){c->head_dim, own};
  c->head_dim = vm_dim_times(&c->module->dims, heads->around, own);
  if (c->head_dim == VM_NO_DIM) return gr_fail(c->error, span, "these are more heads than can be counted");
  return RT_OK;
}

static int taken_for_heads(struct cc_context *c, struct gr_span span) {
  int64_t size;
  gr_fail(c->error, span,
          "head[%s] calls head[%s] here, and an axis of size %s would be taken for that of all their heads",
          cc_dim_text(c, c->heads.around), cc_dim_text(c, c->heads.own), cc_dim_text(c, c->head_dim));
  if (vm_dim_value(&c->module->dims, c->head_dim, NULL, &size, NULL) == RT_OK)
    rt_hint(c->error,
            "a size that is a formula is what it says: for an axis of its own write the number, `dim "
            "D = %lld`",
            (long long)size);
  return c->error->code;
}

/* The last axis of that dim but for one; -1: none. */
static int last_axis(const struct vm_type *type, vm_dim dim, int but) {
  int a = type->rank - 1;
  while (a >= 0 && (a == but || type->dim[a] != dim)) a--;
  return a;
}

/* With the axes of both, next to each other from *at on; one that is missing is repeated. */
static ir_id with_both(struct cc_context *c, struct gr_span span, ir_id x, int *at) {
  const struct ir_at here = cc_in_model(c, span);
  struct vm_type type = *cc_type(c, x);
  const int around = last_axis(&type, c->heads.around, -1), own = last_axis(&type, c->heads.own, around);
  if (around >= 0 && own >= 0) {
    *at = around < own ? own - 1 : own;
    return move_axis(here, x, around, *at);
  }
  *at = around >= 0 ? around : own;
  const int added = around >= 0 ? around + 1 : own;
  for (int a = type.rank; a > added; a--) type.dim[a] = type.dim[a - 1];
  type.dim[added] = around >= 0 ? c->heads.own : c->heads.around;
  type.rank++;
  return ir_expand_axes(here, x, ((1u << type.rank) - 1) & ~(1u << added), &type);
}

static int merge_tensor(struct cc_context *c, struct gr_span span, ir_id *x) {
  const struct vm_type *type = cc_type(c, *x);
  int at;
  if (last_axis(type, c->head_dim, -1) >= 0) return taken_for_heads(c, span);
  if (last_axis(type, c->heads.around, -1) < 0 && last_axis(type, c->heads.own, -1) < 0) return RT_OK;
  if (type->rank == RT_MAX_RANK) return gr_fail(c->error, span, "more than %d axes", RT_MAX_RANK);
  if (!(*x = with_both(c, span, *x, &at))) return c->error->code;
  struct vm_type merged = *cc_type(c, *x);
  merged.dim[at] = c->head_dim;
  merged.rank--;
  for (int a = at + 1; a < merged.rank; a++) merged.dim[a] = merged.dim[a + 1];
  *x = ir_reshape(cc_in_model(c, span), *x, &merged);
  return *x ? RT_OK : c->error->code;
}

int cc_merge_heads(struct cc_context *c, struct gr_span span, struct cc_value *value) {
  int status = RT_OK;
  if (value->kind == CC_TENSOR) return merge_tensor(c, span, &value->id);
  if (value->kind != CC_LIST) return RT_OK;
  const struct cc_value *inside = value->item;
  value->item = rt_arena_alloc(&c->model->arena, ((size_t)value->item_count + 1) * sizeof *value->item);
  if (!value->item) return cc_out_of_memory(c);
  for (int k = 0; k < value->item_count && status == RT_OK; k++) {
    value->item[k] = inside[k];
    status = cc_merge_heads(c, span, &value->item[k]);
  }
  return status;
}

ir_id cc_split_heads(struct cc_context *c, const struct cc_heads *heads, ir_id x) {
  if (!x) return 0;
  const struct ir_at at = cc_in_model(c, c->model->node[x].span);
  const vm_dim all = vm_dim_times(&c->module->dims, heads->around, heads->own);
  struct vm_type type = *cc_type(c, x);
  const int axis = last_axis(&type, all, -1);
  if (axis < 0 || type.rank == RT_MAX_RANK) return x;
  for (int a = type.rank; a > axis + 1; a--) type.dim[a] = type.dim[a - 1];
  type.dim[axis] = heads->around;
  type.dim[axis + 1] = heads->own;
  type.rank++;
  x = ir_reshape(at, x, &type);
  return x ? move_axis(at, x, axis, type.rank - 2) : 0;
}
