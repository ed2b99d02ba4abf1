/* builtin_rows.c: the built-in functions that go along an axis. */
#include "compiler/builtin.h"

/* The axis that argument `at` names, the last one that can be seen when there is no such argument. */
static int along(struct cc_context *c, const struct cc_builtin *self, args_t *args, int at, ir_id x, int *axis) {
  int axes[RT_MAX_RANK], visible = cc_visible(c, cc_type(c, x), axes);
  if (visible == 0) return gr_fail(c->error, args->span[0], "`%s` needs an axis to go along, and this is a single number", self->name);
  *axis = axes[visible - 1];
  return at < args->count ? cc_builtin_axis(c, args, at, x, axis) : RT_OK;
}

/* The ops take rows along the last axis: brings the axis there, and the same call brings it back. */
static ir_id swap_with_last(struct cc_context *c, ir_id x, int axis, struct gr_span span) {
  struct vm_type type = *cc_type(c, x);
  int last = type.rank - 1;
  int64_t attr[RT_MAX_ATTR] = {0};
  if (!x || axis == last) return x;
  for (int i = 0; i < type.rank; i++) attr[0] |= (int64_t)(i == axis ? last : i == last ? axis : i) << (4 * i);
  vm_dim d = type.dim[axis];
  type.dim[axis] = type.dim[last];
  type.dim[last] = d;
  return ir_add(c->model, OP_transpose, 1, &x, attr, 0, &type, span, c->error);
}

/* softmax, log_softmax, standardize, rms: along the last axis, or along the dim that is named. */
int cc_run_along(struct cc_context *c, const struct cc_builtin *self, args_t *args, struct cc_value *result) {
  ir_id x;
  double eps = 0;
  int axis;
  bool normal = self->op == OP_standardize || self->op == OP_rms;
  int status = cc_builtin_expect(c, self, args, 1, 2, normal ? "eps" : NULL);
  if (!status) status = cc_builtin_no_slot(c, self, args);
  if (!status) status = cc_builtin_tensor(c, args, 0, &x);
  if (!status && normal) status = cc_builtin_number(c, self, args, 9, "eps", self->op == OP_rms ? 1e-6 : 1e-5, &eps);
  if (!status) status = along(c, self, args, 1, x, &axis);
  if (status) return status;
  struct gr_span span = args->node->span;
  ir_id y = swap_with_last(c, x, axis, span);
  y = y ? ir_add(c->model, (enum rt_op)self->op, 1, &y, NULL, eps, NULL, span, c->error) : 0;
  return cc_builtin_done(c, result, y ? swap_with_last(c, y, axis, span) : 0);
}

/* cumsum(x, DIM), or from the end with reverse = true. */
int cc_run_cumsum(struct cc_context *c, const struct cc_builtin *self, args_t *args, struct cc_value *result) {
  ir_id x;
  double reverse;
  int axis;
  int status = cc_builtin_expect(c, self, args, 1, 2, "reverse");
  if (!status) status = cc_builtin_no_slot(c, self, args);
  if (!status) status = cc_builtin_tensor(c, args, 0, &x);
  if (!status) status = cc_builtin_number(c, self, args, 9, "reverse", 0, &reverse);
  if (!status && reverse != 0 && reverse != 1) status = cc_builtin_usage(c, self, args);
  if (!status) status = along(c, self, args, 1, x, &axis);
  if (status) return status;
  const int64_t attr[RT_MAX_ATTR] = {axis, (int64_t)reverse};
  return cc_builtin_done(c, result, ir_add(c->model, OP_cumsum, 1, &x, attr, 0, NULL, args->node->span, c->error));
}
