/* builtin_shape.c: the functions that change shapes, and those that make tensors of a shape. */
#include <string.h>

#include "compiler/front/builtin.h"

/* Item i of a list that was written as one. */
static struct gr_span item_span(const args_t *args, int at, int i) {
  const struct gr_node *call = args->node;
  const struct gr_node *arg = call->kind == GR_CALL && at + 1 < call->count ? call->child[at + 1] : NULL;
  const struct gr_node *list = arg && arg->kind == GR_ARG ? arg->child[0] : NULL;
  return list && list->kind == GR_LIST && i < list->count ? list->child[i]->span : args->span[at];
}

/* A list of dims as a type; batched when `from` is or when a dim is ragged. */
static int list_shape(struct cc_context *c, args_t *args, int at, bool batched, struct vm_type *type) {
  *type = (struct vm_type){.dtype = RT_REAL, .batched = batched, .of = VM_NO_DIM};
  const struct cc_value *list = &args->value[at];
  if (list->item_count > RT_MAX_RANK)
    return gr_fail(c->error, args->span[at], "more than %d axes", RT_MAX_RANK);
  for (int i = 0; i < list->item_count; i++) {
    int status = cc_to_dim(c, &list->item[i], item_span(args, at, i), &type->dim[i]);
    if (status != RT_OK) return status;
    if (vm_dim_is_ragged(&c->module->dims, type->dim[i])) type->batched = 1;
  }
  type->rank = (uint8_t)list->item_count;
  return RT_OK;
}

/* The arguments x and [DIM, …]. */
static int tensor_and_shape(struct cc_context *c, const struct cc_builtin *self, args_t *args, ir_id *x,
                            struct vm_type *type) {
  int status = cc_builtin_no_slot(c, self, args);
  if (status == RT_OK) status = cc_builtin_tensor(c, args, 0, x);
  return status != RT_OK ? status : list_shape(c, args, 1, cc_type(c, *x)->batched, type);
}

static bool is_ragged(const struct vm_dims *dims, const struct vm_type *type) {
  for (int a = 0; a < type->rank; a++)
    if (vm_dim_is_ragged(dims, type->dim[a])) return true;
  return false;
}

/* A column vector[N] gets its size from the file, so that nothing says it is R * P unless it is declared so.
 */
static void hint_vector(struct cc_context *c, ir_id x, const struct vm_type *wanted) {
  const struct ir_node *node = &c->model->node[x];
  struct vm_dims *dims = &c->module->dims;
  int64_t symbol =
      node->op == OP_input && node->type.rank == 1 ? vm_dim_as_symbol(dims, node->type.dim[0]) : -1;
  if (symbol < 0 || dims->symbol[symbol].kind != VM_BOUND || wanted->rank == 0 || is_ragged(dims, wanted))
    return;
  struct rt_text sizes = {0};
  for (int a = 0; a < wanted->rank; a++) {
    rt_text_puts(&sizes, a ? " * " : "");
    vm_dim_print(dims, wanted->dim[a], &sizes);
  }
  if (!sizes.failed)
    rt_hint(c->error, "%s is read from the training file; declare vector[%s]", dims->symbol[symbol].name,
            sizes.data);
  rt_text_free(&sizes);
}

/* In the body of head[H] the axis H is there already, and hidden. */
static void hint_heads(struct cc_context *c, const struct vm_type *wanted) {
  for (int a = 0; c->head_dim != VM_NO_DIM && a < wanted->rank; a++)
    if (wanted->dim[a] == c->head_dim) {
      const char *heads = cc_dim_text(c, c->head_dim);
      rt_hint(
          c->error,
          "the body of head[%s] is written for one head: every parameter exists once for each, and no axis "
          "%s is made here",
          heads, heads);
      return;
    }
}

/* D is no 8, even where D = 8: what is left of both sides without the axes that they share may be equal. */
static void hint_sizes(struct cc_context *c, const struct vm_type *from, const struct vm_type *to) {
  struct vm_dims *dims = &c->module->dims;
  vm_dim left = VM_ONE, right = VM_ONE;
  uint32_t shared = 0;
  for (int a = 0; a < from->rank && left != VM_NO_DIM; a++) {
    int b = 0;
    while (b < to->rank && (to->dim[b] != from->dim[a] || (shared & 1u << b))) b++;
    if (b < to->rank)
      shared |= 1u << b;
    else
      left = vm_dim_times(dims, left, from->dim[a]);
  }
  for (int b = 0; b < to->rank && right != VM_NO_DIM; b++)
    if (!(shared & 1u << b)) right = vm_dim_times(dims, right, to->dim[b]);
  ir_hint_dims(c->model, left, right, c->error);
}

/* Inside head[H] a shape is that of one head, whatever it is that each has one of. */
static bool has_no_heads(const struct cc_context *c, const struct vm_type *type) {
  int a = 0;
  while (a < type->rank && type->dim[a] != c->head_dim) a++;
  return a == type->rank;
}

static bool put_heads_first(struct cc_context *c, const args_t *args, struct vm_type *type) {
  if (type->rank == RT_MAX_RANK) {
    gr_fail(c->error, args->span[1], "more than %d axes", RT_MAX_RANK);
    return false;
  }
  for (int a = type->rank++; a > 0; a--) type->dim[a] = type->dim[a - 1];
  type->dim[0] = c->head_dim;
  return true;
}

int cc_run_reshape(struct cc_context *c, const struct cc_builtin *self, args_t *args,
                   struct cc_value *result) {
  ir_id x;
  struct vm_type type;
  int status = tensor_and_shape(c, self, args, &x, &type);
  if (status != RT_OK) return status;
  if (cc_is_reordered(c, cc_type(c, x), &type))
    return cc_reordered(c, args->node->span, cc_type(c, x), &type);
  const bool lifted = has_no_heads(c, &type) && cc_heads_first(c, args->node->span, &x);
  if (lifted && !put_heads_first(c, args, &type)) return c->error->code;
  ir_id y = ir_reshape(cc_in_model(c, args->node->span), x, &type);
  if (lifted) y = cc_heads_back(c, args->node->span, y);
  if (!y && c->error->code == RT_BAD_DATA) hint_heads(c, &type);
  if (!y && c->error->code == RT_BAD_DATA) hint_vector(c, x, &type);
  if (!y && c->error->code == RT_BAD_DATA) hint_sizes(c, cc_type(c, x), &type);
  return cc_builtin_done(c, result, y);
}

int cc_run_expand(struct cc_context *c, const struct cc_builtin *self, args_t *args,
                  struct cc_value *result) {
  ir_id x;
  struct vm_type type;
  int status = tensor_and_shape(c, self, args, &x, &type);
  if (status != RT_OK) return status;
  const bool lifted = has_no_heads(c, &type) && cc_heads_first(c, args->node->span, &x);
  if (lifted && !put_heads_first(c, args, &type)) return c->error->code;
  ir_id y = ir_expand(cc_in_model(c, args->node->span), x, &type);
  if (!y && c->error->hint[0]) { /* in more than one way */
    c->error->hint[0] = '\0';
    rt_hint(c->error, "give the axes different names (dim E = D), or write the outer product of two as "
                      "reshape(a, [D, 1]) @ reshape(b, [1, D])");
  }
  return cc_builtin_done(c, result, lifted ? cc_heads_back(c, args->node->span, y) : y);
}

/* Equal axes have no names of their own: which of them goes where would be a guess. What the library of aq
 * transposes keeps them in their order. */
static int told_apart(struct cc_context *c, const args_t *args, const struct vm_type *from,
                      const struct vm_type *to) {
  for (int a = 0; a < from->rank && !c->unit->is_stdlib; a++)
    for (int b = a + 1; b < from->rank; b++) {
      if (from->dim[a] != from->dim[b]) continue;
      gr_fail(c->error, args->span[1], "%s can be transposed to %s in more than one way",
              cc_type_text(c, from), cc_type_text(c, to));
      rt_hint(c->error,
              "x' swaps the last two axes; otherwise give the axes different names where x is made "
              "(dim E = %s), so that it is clear which one is meant",
              cc_dim_text(c, from->dim[a]));
      return c->error->code;
    }
  return RT_OK;
}

/* transpose(x, [H, T, K]): the axes in the order of the list, which names each once. */
int cc_run_transpose(struct cc_context *c, const struct cc_builtin *self, args_t *args,
                     struct cc_value *result) {
  ir_id x;
  struct vm_type wanted;
  int status = tensor_and_shape(c, self, args, &x, &wanted);
  if (status != RT_OK) return status;
  const bool lifted = has_no_heads(c, &wanted) && cc_heads_first(c, args->node->span, &x);
  if (lifted && !put_heads_first(c, args, &wanted)) return c->error->code;
  struct vm_type type = *cc_type(c, x), out = type;
  int64_t order = 0;
  uint32_t used = 0;
  for (int i = 0; i < wanted.rank; i++) {
    int a = 0;
    while (a < type.rank && (type.dim[a] != wanted.dim[i] || (used & 1u << a))) a++;
    if (a == type.rank || wanted.rank != type.rank)
      return gr_fail(c->error, args->span[1], "these are not the axes of %s in another order",
                     cc_type_text(c, &type));
    used |= 1u << a;
    order = rt_order_with(order, i, a);
    out.dim[i] = wanted.dim[i];
  }
  if ((status = told_apart(c, args, &type, &out))) return status;
  ir_id y = ir_transpose(cc_in_model(c, args->node->span), x, order, &out);
  return cc_builtin_done(c, result, lifted ? cc_heads_back(c, args->node->span, y) : y);
}

int cc_run_fill(struct cc_context *c, const struct cc_builtin *self, args_t *args, struct cc_value *result) {
  struct vm_type type;
  int status = cc_builtin_no_slot(c, self, args);
  if (status == RT_OK) status = list_shape(c, args, 0, false, &type);
  return status != RT_OK ? status
                         : cc_builtin_done(
                             c, result, ir_constant(cc_in_model(c, args->node->span), self->constant, &type));
}

int cc_run_range(struct cc_context *c, const struct cc_builtin *self, args_t *args, struct cc_value *result) {
  struct vm_type type = {.dtype = RT_REAL, .rank = 1, .of = VM_NO_DIM};
  int status = cc_builtin_no_slot(c, self, args);
  if (status == RT_OK) status = cc_to_dim(c, &args->value[0], args->span[0], &type.dim[0]);
  if (status != RT_OK) return status;
  type.batched = vm_dim_is_ragged(&c->module->dims, type.dim[0]);
  return cc_builtin_done(c, result,
                         ir_add(cc_in_model(c, args->node->span), (struct ir_op){OP_iota, .type = &type}));
}

int cc_run_sample(struct cc_context *c, const struct cc_builtin *self, args_t *args,
                  struct cc_value *result) {
  struct vm_type type = {.dtype = RT_INT, .rank = 1};
  vm_dim *size[] = {&type.of, &type.dim[0]};
  int status = cc_builtin_no_slot(c, self, args);
  for (int k = 0; k < 2 && status == RT_OK; k++) {
    status = cc_to_dim(c, &args->value[k], args->span[k], size[k]);
    if (status != RT_OK || !vm_dim_is_ragged(&c->module->dims, *size[k])) continue;
    status = gr_fail(c->error, args->span[k],
                     k ? "`sample` draws as many for each row, and a length differs from row to row"
                       : "`sample` draws from what all rows share, and a length differs from row to row");
    rt_hint(c->error, "as in sample(V, 100), of a column such as film: class[V]");
  }
  if (status != RT_OK) return status;
  return cc_builtin_done(
      c, result,
      ir_add(cc_in_model(c, args->node->span), (struct ir_op){OP_sample, .attr = {type.of}, .type = &type}));
}

/* Inside head[H]: a part that is the same for every head, to be joined with `like`, which each head has
 * one of. It is repeated for each head. */
static ir_id for_every_head(struct cc_context *c, ir_id part, const struct vm_type *like,
                            struct gr_span span) {
  struct vm_type type = *cc_type(c, part), repeated = *like;
  int axis[RT_MAX_RANK], visible = cc_visible(c, like, axis);
  uint32_t axes = 0;
  if (visible == like->rank || cc_is_lifted(c, &type) || type.rank != visible) return part;
  for (int a = 0; a < visible; a++) {
    repeated.dim[axis[a]] = type.dim[a];
    axes |= 1u << axis[a];
  }
  repeated.batched = type.batched;
  return ir_expand_axes(cc_in_model(c, span), part, axes, &repeated);
}

/* The axis that concat joins along is given by its place, 0 for the first: the joined axis has no name. */
static int joined_axis(struct cc_context *c, const struct cc_builtin *self, args_t *args,
                       const struct vm_type *type, int *along) {
  static const struct cc_parameter row = {"axis", CC_TAKES_WHOLE, .range = CC_FROM_TO(-1, RT_MAX_RANK - 1)};
  const struct cc_callee callee = {.name = self->name};
  const struct cc_value *given = &args->named[0];
  int axis[RT_MAX_RANK], visible = cc_visible(c, type, axis);
  double at = -1; /* the last */
  for (int a = 0; given->kind == CC_DIM && a < visible; a++)
    if (type->dim[axis[a]] == given->dim) {
      gr_fail(c->error, args->named_span[0],
              "concat counts axes from 0, because what it makes is longer than %s",
              cc_dim_text(c, given->dim));
      rt_hint(c->error, "write axis = %d", a);
      return c->error->code;
    }
  if (given->kind != CC_NONE && !cc_to_number(c, given, &at))
    return gr_fail(c->error, args->named_span[0], "concat counts axes from 0, and this is %s",
                   cc_describe(c, given));
  int status = cc_check_range(c, &callee, &row, at, args->named_span[0]);
  if (status != RT_OK) return status;
  if (at < 0) at = visible - 1;
  if (at < 0 || at >= visible)
    return gr_fail(c->error, args->named_span[0], "%s has no axis number %g", cc_type_text(c, type), at);
  *along = (int)at;
  return RT_OK;
}

static int axes_differ(struct cc_context *c, struct gr_span span, const struct vm_type *first,
                       const struct vm_type *other) {
  gr_fail(c->error, span, "concat joins tensors with the same axes: %s and %s", cc_type_text(c, first),
          cc_type_text(c, other));
  rt_hint(c->error, "expand(…, %s) repeats the smaller along the axes that it lacks",
          cc_type_text(c, first->rank > other->rank ? first : other));
  return c->error->code;
}

/* Parts are joined along one axis, and have all others in common. */
static int check_joined(struct cc_context *c, args_t *args, const struct vm_type *first,
                        const struct vm_type *part, int along) {
  int axis[RT_MAX_RANK], visible = cc_visible(c, first, axis), other = -1, odd = 0;
  for (int a = 0; a < visible; a++) {
    bool same = first->dim[axis[a]] == part->dim[axis[a]];
    odd += !same;
    if (!same && a != along) other = a;
  }
  if (other < 0) return RT_OK;
  vm_dim here = first->dim[axis[other]], there = part->dim[axis[other]];
  gr_fail(c->error, args->node->span,
          "%s and %s cannot be joined along their axis %d: all other axes must be the same, and %s is not %s",
          cc_type_text(c, first), cc_type_text(c, part), along, cc_dim_text(c, there), cc_dim_text(c, here));
  if (odd == 1)
    rt_hint(c->error, "with `axis = %d` they go one behind the other along %s and %s", other,
            cc_dim_text(c, here), cc_dim_text(c, there));
  else
    ir_hint_dims(c->model, here, there, c->error);
  return c->error->code;
}

/* concat(x, y, T) and concat(x, y, 0): the last one was meant as the axis. */
static int no_part(struct cc_context *c, const args_t *args, const struct cc_value *value,
                   const struct vm_type *type) {
  int axis[RT_MAX_RANK], visible = cc_visible(c, type, axis), at = 0;
  while (value->kind == CC_DIM && at < visible && type->dim[axis[at]] != value->dim) at++;
  if (value->kind == CC_NUMBER) at = value->number > 0 && value->number < visible ? (int)value->number : 0;
  gr_fail(c->error, args->span[args->count - 1], "concat joins tensors, and this is %s",
          cc_describe(c, value));
  rt_hint(c->error, "the axis is given by name and counted from 0: axis = %d",
          at > 0 && at < visible ? at : 0);
  return c->error->code;
}

int cc_run_concat(struct cc_context *c, const struct cc_builtin *self, args_t *args,
                  struct cc_value *result) {
  const struct cc_value *items = args->value;
  int count = args->count, axis[RT_MAX_RANK], status = cc_builtin_no_slot(c, self, args);
  if (status != RT_OK) return status;
  if (count == 1 && items[0].kind == CC_LIST) {
    count = items[0].item_count;
    items = items[0].item;
  }
  if (count < 1) return gr_fail(c->error, args->node->span, "concat joins one tensor or more");
  ir_id *id = rt_arena_alloc(&c->model->arena, sizeof *id * (size_t)count);
  bool batched = false;
  if (!id) return cc_out_of_memory(c);
  for (int i = 0; i < count; i++) {
    bool size = items[i].kind == CC_DIM || items[i].kind == CC_NUMBER;
    if (i > 0 && i == args->count - 1 && size && cc_type(c, id[0])->rank > 0)
      return no_part(c, args, &items[i], cc_type(c, id[0]));
    if ((status = cc_to_tensor(c, &items[i], args->node->span, &id[i]))) return status;
    batched |= cc_type(c, id[i])->batched;
  }
  struct vm_type type = *cc_type(c, id[0]);
  for (int i = 1; i < count; i++)
    if (!cc_is_lifted(c, &type)) type = *cc_type(c, id[i]);
  for (int i = 0; i < count; i++)
    if (!(id[i] = for_every_head(c, id[i], &type, args->node->span))) return c->error->code;
  type = *cc_type(c, id[0]);
  int along = 0;
  if ((status = joined_axis(c, self, args, &type, &along))) return status;
  cc_visible(c, &type, axis);
  const int joined = axis[along];
  vm_dim total = vm_dim_number(&c->module->dims, 0);
  for (int i = 0; i < count; i++) {
    struct vm_type part = *cc_type(c, id[i]);
    if (part.rank != type.rank) return axes_differ(c, args->node->span, &type, &part);
    if ((status = check_joined(c, args, &type, &part, along))) return status;
    total = vm_dim_plus(&c->module->dims, total, part.dim[joined]);
    if (batched && !part.batched) {
      part.batched = 1;
      if (!(id[i] = ir_expand(cc_in_model(c, args->node->span), id[i], &part))) return c->error->code;
    }
  }
  if (total == VM_NO_DIM) return cc_out_of_memory(c);
  type.batched = batched;
  type.dim[joined] = total;
  return cc_builtin_done(
      c, result,
      ir_add(cc_in_model(c, args->node->span),
             (struct ir_op){OP_concat, count, .arg = id, .attr = {joined}, .type = &type}));
}
