/* builtin_args.c: the arguments of built-in functions as tensors and axes, and what they return. */
#include <string.h>

#include "compiler/front/builtin.h"

int cc_builtin_tensor(struct cc_context *c, args_t *args, int i, ir_id *id) {
  return cc_to_real(c, &args->value[i], args->span[i], id);
}

int cc_builtin_no_slot(struct cc_context *c, const struct cc_builtin *self, args_t *args) {
  if (!c->slot) return RT_OK;
  gr_fail(c->error, args->node->span, "`%s` has no place in a slot, which computes one score at a time",
          self->name);
  rt_hint(c->error,
          "compute it before, in the head or its caller, and use the result here indexed by i, j or h");
  return c->error->code;
}

int cc_builtin_done(struct cc_context *c, struct cc_value *result, ir_id id) {
  *result = (struct cc_value){.kind = CC_TENSOR, .id = id};
  return id ? RT_OK : c->error->code;
}

/* Axes counted from 0, or from the end by -1, as other systems have them. */
static int numbered_axis(struct cc_context *c, args_t *args, double number, struct gr_span span,
                         const struct vm_type *type) {
  int axis[RT_MAX_RANK], visible = cc_visible(c, type, axis),
                         at = (int)(number < 0 ? number + visible : number);
  const struct gr_node *callee = args->node->child[0];
  gr_fail(c->error, span, "axes have names, not numbers: the axes here are those of %s",
          cc_type_text(c, type));
  gr_note(c->error, args->span[0], "this is %s", cc_type_text(c, type));
  if (callee->kind == GR_NAME && at >= 0 && at < visible)
    rt_hint(c->error, "name the axis: %s(…, %s)", callee->text, cc_dim_text(c, type->dim[axis[at]]));
  return c->error->code;
}

/* Of two axes with one name one can go by a product, or where it is made have another name. */
static int twice(struct cc_context *c, args_t *args, int at, const struct vm_type *type, vm_dim d) {
  int axis[RT_MAX_RANK], visible = cc_visible(c, type, axis);
  const int64_t symbol = vm_dim_as_symbol(&c->module->dims, d);
  const struct gr_node *callee = args->node->child[0];
  const char *name = callee->kind == GR_NAME ? callee->text : "", *dim = cc_dim_text(c, d);
  const bool sum = !strcmp(name, "sum"), mean = !strcmp(name, "mean");
  gr_fail(c->error, args->span[at], "%s has more than one axis %s", cc_type_text(c, type), dim);
  gr_note(c->error, args->span[0], "this is %s", cc_type_text(c, type));
  if (symbol >= 0 && c->module->dims.symbol[symbol].kind == VM_CONST)
    rt_hint(c->error, "let one of them have another name where it is made: dim %s2 = %s", dim, dim);
  else if ((sum || mean) && type->dim[axis[visible - 1]] == d)
    rt_hint(c->error, "the %s over the last of them is … @ ones([%s])%s%s; over all axes it is %s(…)", name,
            dim, mean ? " / " : "", mean ? dim : "", name);
  return c->error->code;
}

int cc_builtin_axis(struct cc_context *c, args_t *args, int at, ir_id x, int *axis) {
  vm_dim d;
  const struct vm_type *type = cc_type(c, x);
  bool number = args->value[at].kind == CC_NUMBER;
  if (number && args->value[at].number < 0) /* -1 is no size, but the last axis elsewhere */
    return numbered_axis(c, args, args->value[at].number, args->span[at], type);
  int status = cc_to_axis(c, &args->value[at], args->span[at], &d);
  if (status != RT_OK) return status;
  *axis = cc_axis_of(c, type, d);
  if (*axis >= 0) return RT_OK;
  if (*axis == -2) return twice(c, args, at, type, d);
  if (number) return numbered_axis(c, args, args->value[at].number, args->span[at], type);
  return cc_no_axis(c, args->span[at], args->span[0], type, d);
}
