/* index.c: x[...]: items of lists, rows of tables, parts of axes. */
#include "compiler/front/elaborate.h"

#include <string.h>

static int list_position(struct cc_context *c, const struct gr_node *node, int last, int *at) {
  double number;
  int status = cc_number(c, node, &number);
  if (status != RT_OK) return status;
  *at = number >= 0 && number <= last ? (int)number : -1;
  return *at == number ? RT_OK
                       : gr_fail(c->error, node->span, "%g is no place in a list: its places are 0 to %d",
                                 number, last);
}

/* z[1..3]: a list again. */
static int list_part(struct cc_context *c, const struct gr_node *range, const struct cc_value *list,
                     struct cc_value *value) {
  int from = 0, to = list->item_count, status = RT_OK;
  if (range->child[0]) status = list_position(c, range->child[0], list->item_count, &from);
  if (status == RT_OK && range->child[1]) status = list_position(c, range->child[1], list->item_count, &to);
  if (status != RT_OK) return status;
  if (to < from) return gr_fail(c->error, range->span, "this part of a list ends before it begins");
  *value = (struct cc_value){.kind = CC_LIST, .item = list->item + from, .item_count = to - from};
  return RT_OK;
}

static int list_item(struct cc_context *c, const struct gr_node *node, const struct cc_value *list,
                     struct cc_value *value) {
  double at;
  if (node->count == 2 && node->child[1]->kind == GR_RANGE) return list_part(c, node->child[1], list, value);
  int status = node->count == 2 ? cc_number(c, node->child[1], &at)
                                : gr_fail(c->error, node->span, "a list has one index");
  if (status != RT_OK) return status;
  if (at < 0 || at >= list->item_count || at != (int)at)
    return gr_fail(c->error, node->child[1]->span, "this list has items 0 to %d, not %g",
                   list->item_count - 1, at);
  *value = list->item[(int)at];
  return RT_OK;
}

/* score[target], where each row of score was meant to give one of its elements. */
static void hint_of_each_row(struct cc_context *c, const struct gr_node *node, vm_dim along) {
  const struct gr_span x = node->child[0]->span, ids = node->child[1]->span;
  rt_hint(c->error, "each row gives the element of its number by sum(%.*s * one_hot(%.*s), %s)",
          (int)(x.end - x.begin), x.source->text + x.begin, (int)(ids.end - ids.begin),
          ids.source->text + ids.begin, cc_dim_text(c, along));
}

static int take_rows(struct cc_context *c, const struct gr_node *node, ir_id table, ir_id ids,
                     struct cc_value *value) {
  if (node->count != 2)
    return gr_fail(c->error, node->span,
                   "whole numbers index the first axis, and nothing else may stand beside them");
  const struct vm_type *t = cc_type(c, table), *n = cc_type(c, ids);
  if (t->rank > 0 && t->dim[0] != n->of) {
    gr_fail(c->error, node->child[1]->span,
            "these are whole numbers below %s, but the first axis of the table is %s", cc_dim_text(c, n->of),
            cc_dim_text(c, t->dim[0]));
    gr_note(c->error, node->child[0]->span, "the table is %s", cc_type_text(c, t));
    if (n->of != VM_NO_DIM && t->dim[t->rank - 1] == n->of) hint_of_each_row(c, node, n->of);
    return c->error->code;
  }
  ir_id args[2] = {table, ids};
  value->kind = CC_TENSOR;
  value->id = ir_add(cc_in_model(c, node->span), (struct ir_op){OP_gather, 2, .arg = args});
  return value->id ? RT_OK : c->error->code;
}

static ir_id slice(struct cc_context *c, const struct gr_node *index, ir_id x, int axis, vm_dim start,
                   vm_dim length) {
  struct vm_type type = *cc_type(c, x);
  if (start == vm_dim_number(&c->module->dims, 0) && length == type.dim[axis]) return x;
  type.dim[axis] = length;
  if (vm_dim_is_ragged(&c->module->dims, length) || vm_dim_is_ragged(&c->module->dims, start))
    type.batched = 1;
  return ir_add(cc_in_model(c, index->span),
                (struct ir_op){OP_slice, 1, .arg = &x, .attr = {axis, start}, .type = &type});
}

/* One index of x[a, b, ...], which is the span: a..b keeps the axis, a number takes one element and drops
 * it. */
static int take(struct cc_context *c, const struct gr_node *index, struct gr_span span, int axis, ir_id *x,
                bool *dropped) {
  vm_dim start = vm_dim_number(&c->module->dims, 0), end = cc_type(c, *x)->dim[axis], length;
  int status;
  *dropped = false;
  if (index->kind == GR_RANGE) {
    if (index->child[0] && (status = cc_position(c, index->child[0], &start))) return status;
    if (index->child[1] && (status = cc_position(c, index->child[1], &end))) return status;
    length = vm_dim_minus(&c->module->dims, end, start);
  } else {
    if ((status = cc_position(c, index, &start))) return status;
    length = VM_ONE;
    *dropped = true;
  }
  if (length == VM_NO_DIM) return cc_out_of_memory(c);
  struct cc_part part = {cc_type(c, *x)->dim[axis], start, length, *dropped, index->span};
  if ((status = cc_require_part(c, &part, span))) return status;
  *x = slice(c, index, *x, axis, start, length);
  return *x ? RT_OK : c->error->code;
}

/* x[0.5], x["a"], and x[-1], x[..-1], which count from the end elsewhere. */
static int check_written(struct cc_context *c, const struct gr_node *index, vm_dim whole) {
  const struct gr_node *part[2] = {index, NULL};
  for (int k = 0; index->kind == GR_RANGE && k < 2; k++) part[k] = index->child[k];
  for (int k = 0; k < 2; k++) {
    bool fraction =
        part[k] && part[k]->kind == GR_NUMBER && part[k]->number != (double)(int64_t)part[k]->number;
    if (fraction || (part[k] && part[k]->kind == GR_STRING)) {
      gr_fail(c->error, part[k]->span, "an index is a whole number or a size, and this is %s",
              fraction ? "a fraction" : "a text");
      rt_hint(c->error,
              "x[0] is the first element, x[2..5] a part, x[.., 0] indexes the second axis, and E[ids] takes "
              "rows of a table");
      return c->error->code;
    }
    if (!part[k] || part[k]->kind != GR_UNARY || cc_operator(part[k])->op != OP_neg
        || part[k]->child[0]->kind != GR_NUMBER)
      continue;
    const char *size = cc_dim_text(c, whole);
    double back = part[k]->child[0]->number;
    gr_fail(c->error, part[k]->span, "positions are counted from 0 on, not from the end");
    rt_hint(c->error, "write %s - %g in place of -%g: this axis is %s long", size, back, back, size);
    return c->error->code;
  }
  return RT_OK;
}

static int take_parts(struct cc_context *c, const struct gr_node *node, ir_id x, struct cc_value *value) {
  int axis[RT_MAX_RANK], visible = cc_visible(c, cc_type(c, x), axis);
  bool dropped[RT_MAX_RANK] = {false}, any = false;
  if (node->count - 1 > visible)
    return gr_fail(c->error, node->span, "%d indices for the %d axes of %s", node->count - 1, visible,
                   cc_type_text(c, cc_type(c, x)));
  for (int k = 0; k + 1 < node->count; k++) {
    int status = check_written(c, node->child[1 + k], cc_type(c, x)->dim[axis[k]]);
    if (status == RT_OK) status = take(c, node->child[1 + k], node->span, axis[k], &x, &dropped[axis[k]]);
    if (status != RT_OK) return status;
    any |= dropped[axis[k]];
  }
  if (any) {
    struct vm_type type = *cc_type(c, x), kept = type;
    kept.rank = 0;
    for (int a = 0; a < type.rank; a++)
      if (!dropped[a]) kept.dim[kept.rank++] = type.dim[a];
    x = ir_reshape(cc_in_model(c, node->span), x, &kept);
  }
  value->kind = CC_TENSOR;
  value->id = x;
  return x ? RT_OK : c->error->code;
}

int cc_index(struct cc_context *c, const struct gr_node *node, struct cc_value *value) {
  struct cc_value base, first;
  int status = cc_expression(c, node->child[0], &base);
  if (status != RT_OK) return status;
  *value = (struct cc_value){.kind = CC_NONE};
  if (base.kind == CC_LIST) return list_item(c, node, &base, value);
  if (c->slot && base.kind == CC_TENSOR && !base.outer) return cc_slot_heads(c, node, &base, value);
  if (base.kind != CC_TENSOR)
    return gr_fail(c->error, node->child[0]->span, "tensors and lists can be indexed, and this is %s",
                   cc_describe(c, &base));
  if (c->slot) return cc_slot_element(c, node, base.id, value);
  if (node->count == 2 && node->child[1]->kind != GR_RANGE) {
    if ((status = cc_expression(c, node->child[1], &first))) return status;
    if (first.kind == CC_TENSOR) {
      if (cc_type(c, first.id)->dtype == RT_INT) return take_rows(c, node, base.id, first.id, value);
      gr_fail(c->error, node->child[1]->span,
              "an index is a whole number, a range a..b or a tensor of whole numbers; this is %s",
              cc_describe(c, &first));
      rt_hint(c->error,
              "elements are not picked by a condition: where(x > 0, x, 0) chooses each, and a head sees "
              "what its mask says");
      return c->error->code;
    }
  }
  return take_parts(c, node, base.id, value);
}
