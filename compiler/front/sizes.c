/* sizes.c: dims, numbers and shapes out of expressions. */
#include "compiler/front/elaborate.h"

#include <math.h>

/* The value as a size to compute with. Whether an axis can have that size is asked elsewhere. */
CC_OWN_FRAME static int to_dim(struct cc_context *c, const struct cc_value *v, struct gr_span span,
                               vm_dim *dim) {
  if (v->kind == CC_DIM) {
    int64_t known;
    struct rt_error why = {0};
    *dim = v->dim;
    if (vm_dim_value(&c->module->dims, v->dim, NULL, &known, &why) != RT_BAD_DATA) return RT_OK;
    gr_fail(c->error, span, "%s", why.text);
    if (why.hint[0]) rt_hint(c->error, "%s", why.hint);
    return c->error->code;
  }
  if (v->kind == CC_NUMBER && v->is_truth) {
    gr_fail(c->error, span, "the size of an axis is needed here, and this is %s",
            v->number != 0 ? "true" : "false");
    rt_hint(c->error, "`true` and `false` of config.json are for conditions: if config(\"NAME\") { … }");
    return c->error->code;
  }
  if (v->kind == CC_NUMBER && v->number == floor(v->number) && v->number >= 0 && v->number < 1e15) {
    *dim = vm_dim_number(&c->module->dims, (int64_t)v->number);
    return *dim == VM_NO_DIM ? cc_out_of_memory(c) : RT_OK;
  }
  gr_fail(c->error, span, "the size of an axis is needed here, and this is %s", cc_describe(c, v));
  rt_hint(
      c->error,
      v->kind == CC_LIST
          ? "one size is needed; a result of several axes is made with reshape(…, [T, H, K]), or of a matrix "
            "with several: x @ param[D, H, K]"
          : "a size is a dim such as `dim D = 64`, a whole number, or sums, products and quotients of these");
  return c->error->code;
}

bool cc_round_dim(struct cc_context *c, enum rt_op op, struct cc_value *value) {
  if (value->kind != CC_DIM || (op != OP_floor && op != OP_ceil)) return false;
  struct vm_dims *dims = &c->module->dims;
  vm_dim whole = op == OP_floor ? vm_dim_floor(dims, value->dim) : vm_dim_ceil(dims, value->dim);
  if (whole == VM_NO_DIM) return false;
  *value = (struct cc_value){.kind = CC_DIM, .dim = whole};
  return true;
}

int cc_to_dim(struct cc_context *c, const struct cc_value *v, struct gr_span span, vm_dim *dim) {
  int status = to_dim(c, v, span, dim);
  if (status == RT_OK) cc_guess_sized(c, *dim);
  return status != RT_OK ? status : cc_require_size(c, *dim, span);
}

int cc_to_axis(struct cc_context *c, const struct cc_value *v, struct gr_span span, vm_dim *dim) {
  return to_dim(c, v, span, dim);
}

int cc_position(struct cc_context *c, const struct gr_node *node, vm_dim *dim) {
  struct cc_value value;
  int status = cc_expression(c, node, &value);
  return status != RT_OK ? status : to_dim(c, &value, node->span, dim);
}

int cc_dim(struct cc_context *c, const struct gr_node *node, vm_dim *dim) {
  struct cc_value value;
  int status = cc_expression(c, node, &value);
  return status != RT_OK ? status : cc_to_dim(c, &value, node->span, dim);
}

int cc_number(struct cc_context *c, const struct gr_node *node, double *number) {
  struct cc_value value;
  int status = cc_expression(c, node, &value);
  if (status != RT_OK) return status;
  if (cc_to_number(c, &value, number)) return RT_OK;
  return gr_fail(c->error, node->span,
                 "a number that is known while compiling is needed here, and this is %s",
                 cc_describe(c, &value));
}

const struct cc_value *cc_star(struct cc_context *c, const struct gr_node *star) {
  const struct cc_binding *bound = cc_lookup(c->scope, star->text);
  if (bound && bound->value.kind == CC_LIST) return &bound->value;
  gr_fail(c->error, star->span, "*%s is not bound by the signature", star->text);
  return NULL;
}

int cc_shape(struct cc_context *c, const struct gr_node *shape, struct vm_type *type) {
  *type = (struct vm_type){.dtype = RT_REAL, .of = VM_NO_DIM};
  for (int i = 0; i < shape->count; i++) {
    const struct gr_node *axis = shape->child[i];
    if (axis->kind == GR_LIMIT)
      return gr_fail(c->error, axis->span, "a limit belongs to a column of the data block");
    if (axis->kind == GR_STAR) {
      const struct cc_value *list = cc_star(c, axis);
      if (!list) return c->error->code;
      for (int k = 0; k < list->item_count; k++) {
        if (type->rank == RT_MAX_RANK) return gr_fail(c->error, axis->span, "more than %d axes", RT_MAX_RANK);
        type->dim[type->rank++] = list->item[k].dim;
      }
      continue;
    }
    if (type->rank == RT_MAX_RANK) return gr_fail(c->error, axis->span, "more than %d axes", RT_MAX_RANK);
    int status = cc_dim(c, axis, &type->dim[type->rank]);
    if (status != RT_OK) return status;
    type->rank++;
  }
  for (int a = 0; a < type->rank; a++)
    if (vm_dim_is_ragged(&c->module->dims, type->dim[a])) type->batched = 1;
  return RT_OK;
}
