/* builtin_rows.c: the built-in functions that go along an axis. */
#include <math.h>
#include <string.h>

#include "compiler/front/builtin.h"
#include "runtime/threshold.h"

/* The axis that argument `at` names, the last one that can be seen when there is no such argument. */
static int along(struct cc_context *c, const struct cc_builtin *self, args_t *args, int at, ir_id x,
                 int *axis) {
  int axes[RT_MAX_RANK], visible = cc_visible(c, cc_type(c, x), axes);
  if (visible == 0)
    return gr_fail(c->error, args->span[0], "`%s` needs an axis to go along, and this is a single number",
                   self->name);
  *axis = axes[visible - 1];
  return at < args->count && args->value[at].kind != CC_NONE ? cc_builtin_axis(c, args, at, x, axis) : RT_OK;
}

/* The ops take rows along the last axis: brings the axis there, and the same call brings it back. */
static ir_id swap_with_last(struct cc_context *c, ir_id x, int axis, struct gr_span span) {
  struct vm_type type = *cc_type(c, x);
  int last = type.rank - 1;
  int64_t attr[RT_MAX_ATTR] = {0};
  if (!x || axis == last) return x;
  for (int i = 0; i < type.rank; i++)
    attr[0] |= (int64_t)(i == axis ? last : i == last ? axis : i) << (4 * i);
  vm_dim d = type.dim[axis];
  type.dim[axis] = type.dim[last];
  type.dim[last] = d;
  return ir_add(c->model, OP_transpose, 1, &x, attr, 0, &type, span, c->error);
}

/* softmax, log_softmax, standardize, rms: along the last axis, or along the dim that is named. */
int cc_run_along(struct cc_context *c, const struct cc_builtin *self, args_t *args, struct cc_value *result) {
  ir_id x;
  int axis;
  bool normal = self->op == OP_standardize || self->op == OP_rms;
  int status = cc_builtin_no_slot(c, self, args);
  if (status == RT_OK) status = cc_builtin_tensor(c, args, 0, &x);
  if (status == RT_OK) status = along(c, self, args, 1, x, &axis);
  if (status != RT_OK) return status;
  struct gr_span span = args->node->span;
  double eps = normal ? args->named[0].number : 0;
  ir_id y = swap_with_last(c, x, axis, span);
  y = y ? ir_add(c->model, (enum rt_op)self->op, 1, &y, NULL, eps, NULL, span, c->error) : 0;
  return cc_builtin_done(c, result, y ? swap_with_last(c, y, axis, span) : 0);
}

/* cumsum(x, DIM), or from the end with reverse = true. */
int cc_run_cumsum(struct cc_context *c, const struct cc_builtin *self, args_t *args,
                  struct cc_value *result) {
  ir_id x;
  int axis;
  int status = cc_builtin_no_slot(c, self, args);
  if (status == RT_OK) status = cc_builtin_tensor(c, args, 0, &x);
  if (status == RT_OK) status = along(c, self, args, 1, x, &axis);
  if (status != RT_OK) return status;
  const int64_t attr[RT_MAX_ATTR] = {axis, (int64_t)args->named[0].number};
  return cc_builtin_done(c, result,
                         ir_add(c->model, OP_cumsum, 1, &x, attr, 0, NULL, args->node->span, c->error));
}

/* ---- thresholds: ops on rows along the last axis ---- */

static ir_id number(struct cc_context *c, double value, struct gr_span span) {
  return ir_constant(c->model, value, NULL, span, c->error);
}

static ir_id binary(struct cc_context *c, enum rt_op op, ir_id a, ir_id b, struct gr_span span) {
  return ir_binary(c->model, op, a, b, span, c->error);
}

/* A number for each row, for each element of x. */
static ir_id spread(struct cc_context *c, ir_id rows, ir_id x, struct gr_span span) {
  struct vm_type type = *cc_type(c, x);
  return ir_expand_axes(c->model, rows, (1u << (type.rank - 1)) - 1, &type, span, c->error);
}

static ir_id threshold(struct cc_context *c, ir_id x, enum rt_threshold kind, double parameter,
                       struct gr_span span) {
  const int64_t attr[RT_MAX_ATTR] = {kind};
  ir_id tau = ir_add(c->model, OP_threshold, 1, &x, attr, parameter, NULL, span, c->error);
  return tau ? spread(c, tau, x, span) : 0;
}

/* x less the largest of its row: entmax stays the same, and near 0 its threshold has all its digits. A row of
 * minus infinities stays one. */
static ir_id shifted(struct cc_context *c, ir_id x, struct gr_span span) {
  struct vm_type type = *cc_type(c, x);
  int64_t attr[RT_MAX_ATTR] = {(1 << (type.rank - 1)) - 1};
  struct vm_type rows = ir_kept(&type, (uint32_t)attr[0], type.batched);
  ir_id top = ir_add(c->model, OP_maximum, 1, &x, attr, 0, &rows, span, c->error);
  ir_id seen = binary(c, OP_lt, number(c, -INFINITY, span), top, span);
  ir_id shift = ir_select(c->model, seen, top, number(c, 0, span), span, c->error);
  shift = shift ? ir_add(c->model, OP_stop, 1, &shift, NULL, 0, NULL, span, c->error) : 0;
  return shift ? binary(c, OP_sub, x, spread(c, shift, x, span), span) : 0;
}

/* relu((alpha - 1) x - tau)^(1 / (alpha - 1)); a NaN stays one, which relu would hide. */
static ir_id entmax(struct cc_context *c, ir_id x, double alpha, struct gr_span span) {
  x = shifted(c, x, span);
  ir_id tau = x ? threshold(c, x, RT_ENTMAX, alpha, span) : 0, zero = number(c, 0, span);
  ir_id z = binary(c, OP_mul, x, number(c, alpha - 1, span), span);
  ir_id above = ir_select(c->model, binary(c, OP_le, z, tau, span), zero, binary(c, OP_sub, z, tau, span),
                          span, c->error);
  if (above) c->model->node[above].choice = IR_CHOICE_OWN;
  return binary(c, OP_pow, above, number(c, 1 / (alpha - 1), span), span);
}

int cc_run_entmax(struct cc_context *c, const struct cc_builtin *self, args_t *args,
                  struct cc_value *result) {
  ir_id x;
  int axis;
  double alpha = args->count > 2 ? args->value[2].number : self->constant; /* sparsemax: 2 */
  int status = cc_builtin_no_slot(c, self, args);
  if (status == RT_OK) status = cc_builtin_tensor(c, args, 0, &x);
  if (status == RT_OK) status = along(c, self, args, 1, x, &axis);
  if (status != RT_OK) return status;
  struct gr_span span = args->node->span;
  ir_id y = swap_with_last(c, x, axis, span);
  y = y ? entmax(c, y, alpha, span) : 0;
  return cc_builtin_done(c, result, y ? swap_with_last(c, y, axis, span) : 0);
}

/* Not below the threshold: a NaN is kept, so that it is not hidden. */
int cc_run_top_k(struct cc_context *c, const struct cc_builtin *self, args_t *args, struct cc_value *result) {
  ir_id x;
  int axis;
  int status = cc_builtin_no_slot(c, self, args);
  if (status == RT_OK) status = cc_builtin_tensor(c, args, 0, &x);
  if (status == RT_OK) status = along(c, self, args, 2, x, &axis);
  if (status != RT_OK) return status;
  struct gr_span span = args->node->span;
  ir_id y = swap_with_last(c, x, axis, span);
  ir_id tau = y ? threshold(c, y, RT_KTH, args->value[1].number, span) : 0;
  ir_id out = binary(c, OP_or, binary(c, OP_lt, y, tau, span),
                     binary(c, OP_le, y, number(c, -INFINITY, span), span), span);
  y = ir_unary(c->model, OP_not, out, c->error);
  return cc_builtin_done(c, result, y ? swap_with_last(c, y, axis, span) : 0);
}
