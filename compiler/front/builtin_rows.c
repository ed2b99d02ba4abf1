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
static ir_id swap_with_last(struct ir_at at, ir_id x, int axis) {
  int last = at.g->node[x].type.rank - 1;
  return !x || axis == last ? x : ir_swap(at, x, axis, last);
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
  struct ir_at at = cc_in_model(c, args->node->span);
  double eps = normal ? args->named[0].number : 0;
  ir_id y = swap_with_last(at, x, axis);
  y = ir_add(at, (struct ir_op){(enum rt_op)self->op, 1, .arg = &y, .real = eps});
  return cc_builtin_done(c, result, swap_with_last(at, y, axis));
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
  const int64_t reverse = (int64_t)args->named[0].number;
  return cc_builtin_done(c, result,
                         ir_add(cc_in_model(c, args->node->span),
                                (struct ir_op){OP_cumsum, 1, .arg = &x, .attr = {axis, reverse}}));
}

/* ---- thresholds: ops on rows along the last axis ---- */

/* A number for each row, for each element of x. */
static ir_id spread(struct ir_at at, ir_id rows, ir_id x) {
  struct vm_type type = at.g->node[x].type;
  return ir_expand_axes(at, rows, (1u << (type.rank - 1)) - 1, &type);
}

static ir_id threshold(struct ir_at at, ir_id x, enum rt_threshold kind, double parameter) {
  ir_id tau = ir_add(at, (struct ir_op){OP_threshold, 1, .arg = &x, .attr = {kind}, .real = parameter});
  return spread(at, tau, x);
}

/* x less the largest of its row: entmax stays the same, and near 0 its threshold has all its digits. A row of
 * minus infinities stays one. */
static ir_id shifted(struct ir_at at, ir_id x) {
  struct vm_type type = at.g->node[x].type;
  const uint32_t keep = (1u << (type.rank - 1)) - 1;
  struct vm_type rows = ir_kept(&type, keep, type.batched);
  ir_id top = ir_add(at, (struct ir_op){OP_maximum, 1, .arg = &x, .attr = {keep}, .type = &rows});
  ir_id seen = ir_binary(at, OP_lt, ir_constant(at, -INFINITY, NULL), top);
  ir_id shift = ir_select(at, seen, top, ir_constant(at, 0, NULL));
  return ir_binary(at, OP_sub, x, spread(at, ir_unary(at, OP_stop, shift), x));
}

/* relu((alpha - 1) x - tau)^(1 / (alpha - 1)); a NaN stays one, which relu would hide. */
static ir_id entmax(struct ir_at at, ir_id x, double alpha) {
  x = shifted(at, x);
  ir_id tau = threshold(at, x, RT_ENTMAX, alpha), zero = ir_constant(at, 0, NULL);
  ir_id z = ir_binary(at, OP_mul, x, ir_constant(at, alpha - 1, NULL));
  ir_id above = ir_select(at, ir_binary(at, OP_le, z, tau), zero, ir_binary(at, OP_sub, z, tau));
  if (above) at.g->node[above].choice = IR_CHOICE_OWN;
  return ir_binary(at, OP_pow, above, ir_constant(at, 1 / (alpha - 1), NULL));
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
  struct ir_at at = cc_in_model(c, args->node->span);
  ir_id y = swap_with_last(at, x, axis);
  y = y ? entmax(at, y, alpha) : 0;
  return cc_builtin_done(c, result, swap_with_last(at, y, axis));
}

/* Not below the threshold: a NaN is kept, so that it is not hidden. */
int cc_run_top_k(struct cc_context *c, const struct cc_builtin *self, args_t *args, struct cc_value *result) {
  ir_id x;
  int axis;
  int status = cc_builtin_no_slot(c, self, args);
  if (status == RT_OK) status = cc_builtin_tensor(c, args, 0, &x);
  if (status == RT_OK) status = along(c, self, args, 2, x, &axis);
  if (status != RT_OK) return status;
  struct ir_at at = cc_in_model(c, args->node->span);
  ir_id y = swap_with_last(at, x, axis);
  ir_id tau = y ? threshold(at, y, RT_KTH, args->value[1].number) : 0;
  ir_id hidden = ir_binary(at, OP_le, y, ir_constant(at, -INFINITY, NULL));
  ir_id out = ir_binary(at, OP_or, ir_binary(at, OP_lt, y, tau), hidden);
  return cc_builtin_done(c, result, swap_with_last(at, ir_unary(at, OP_not, out), axis));
}
