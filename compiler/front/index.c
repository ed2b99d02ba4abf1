/* index.c: x[...]: items of lists, rows of tables, parts of axes, and in slots the elements that belong to i,
 * j and h. */
#include "compiler/front/elaborate.h"

#include <string.h>

static int list_item(struct cc_context *c, const struct gr_node *node, const struct cc_value *list,
                     struct cc_value *value) {
  double at;
  int status = node->count == 2 ? cc_number(c, node->child[1], &at)
                                : gr_fail(c->error, node->span, "a list has one index");
  if (status != RT_OK) return status;
  if (at < 0 || at >= list->item_count || at != (int)at)
    return gr_fail(c->error, node->child[1]->span, "this list has items 0 to %d, not %g",
                   list->item_count - 1, at);
  *value = list->item[(int)at];
  return RT_OK;
}

/* Which position an index of a slot names, -1 for none of them. What the name means decides: a function may
 * be given j as its argument i. */
static int slot_role(struct cc_context *c, const struct gr_node *index) {
  static const struct {
    const char *name;
    int64_t leaf;
    int role;
  } roles[] = {{"i", IR_LEAF_I, ATTEND_I}, {"j", IR_LEAF_J, ATTEND_J}, {"h", IR_LEAF_H, ATTEND_H}};
  if (index->kind != GR_NAME) return -1;
  const struct cc_binding *b = cc_lookup(c->scope, index->text);
  bool here = b && b->in_slot && b->value.kind == CC_TENSOR && !b->value.outer;
  const struct ir_node *node = here ? &c->slot->graph->node[b->value.id] : NULL;
  for (size_t k = 0; k < RT_COUNT(roles); k++)
    if (node ? node->op == OP_input && node->attr[0] == roles[k].leaf
             : !b && !strcmp(index->text, roles[k].name))
      return roles[k].role;
  return -1;
}

static bool is_open_range(const struct gr_node *index) {
  return index->kind == GR_RANGE && !index->child[0] && !index->child[1];
}

static bool mentions_head(struct cc_context *c, const struct gr_node *node) {
  if (slot_role(c, node) == ATTEND_H) return true;
  for (int k = 0; k < node->count; k++)
    if (node->child[k] && mentions_head(c, node->child[k])) return true;
  return false;
}

/* Inside head[H] the axis H of a value is hidden, and can be indexed by h alone. Indices without h would
 * read what belongs to other heads. */
static int check_own_axis(struct cc_context *c, const struct gr_node *node, const struct vm_type *type,
                          const int *visible, int count) {
  int own = 0;
  for (int k = 1; k < node->count; k++)
    if (mentions_head(c, node->child[k])) return RT_OK;
  while (own < count && visible[own] == own) own++;
  const struct gr_node *index = node->child[1 + own];
  gr_fail(c->error, index->span, "each head has its own %s here, and only h could choose among the heads",
          count ? cc_type_text(c, type) : "number");
  if (!count)
    rt_hint(c->error, "without an index it is that number; for a number at each position make an axis of "
                      "them: linear(x, 1)[.., 0] of an x [T, D] is [T]");
  return c->error->code;
}

/* Do two nodes compute the same? `steps` bounds the search: formulas that share parts can be long. */
static bool is_same_formula(const struct ir_graph *g, ir_id a, ir_id b, int *steps) {
  const struct ir_node *x = &g->node[a], *y = &g->node[b];
  if (a == b) return true;
  bool same = --*steps > 0 && x->op == y->op && x->arg_count == y->arg_count && x->real == y->real
              && vm_type_equal(&x->type, &y->type) && !memcmp(x->attr, y->attr, sizeof x->attr);
  for (int k = 0; same && k < x->arg_count; k++) same = is_same_formula(g, x->arg[k], y->arg[k], steps);
  return same;
}

/* The same element of the same table, looked up before in this slot: each lookup takes one of the tensors
 * that a head can use. 0: none. */
static ir_id find_lookup(struct cc_context *c, ir_id outer, const uint8_t *role, ir_id index) {
  const struct ir_graph *g = c->slot->graph;
  const int rank = cc_type(c, outer)->rank;
  int steps = 1000;
  for (ir_id n = 1; n < g->count; n++) {
    const struct ir_node *node = &g->node[n];
    if (node->op != OP_gather || g->node[node->arg[0]].op != OP_input) continue;
    int64_t k = g->node[node->arg[0]].attr[0] - 1; /* of the extra */
    if (k < 0 || c->slot->extra[k] != outer || memcmp(c->slot->head->extra[k].role, role, (size_t)rank) != 0)
      continue;
    if (is_same_formula(g, node->arg[1], index, &steps)) return n;
  }
  return 0;
}

/* Indices within a slot. B[i, j], f[j] and slope[h] are numbers. B[h, i - j] picks from the last axis,
 * the nearest element when i - j falls outside, as tables of clipped distances need it. query[i] and W[h,
 * ..] keep the last axis and are vectors. */
static int slot_element(struct cc_context *c, const struct gr_node *node, ir_id outer,
                        struct cc_value *value) {
  const struct vm_type *type = cc_type(c, outer);
  int axis[RT_MAX_RANK], visible = cc_visible(c, type, axis), given = node->count - 1;
  uint8_t role[RT_MAX_RANK];
  vm_dim vector = VM_NO_DIM; /* the axis that stays */
  if (given != visible) {
    /* A head's own axis may be named as well: slope[h] of a [H]. */
    if (given == type->rank) {
      int status = check_own_axis(c, node, type, axis, visible);
      if (status != RT_OK) return status;
      for (visible = 0; visible < type->rank; visible++) axis[visible] = visible;
    } else if (given == visible - 1 && axis[given] == type->rank - 1)
      vector = type->dim[axis[given]];
    else
      return gr_fail(c->error, node->span, "%s has %d ax%s, and %d %s indexed", cc_type_text(c, type),
                     visible, visible == 1 ? "is" : "es", node->count - 1, node->count == 2 ? "is" : "are");
  }
  memset(role, ATTEND_H, sizeof role);
  int table = -1; /* the axis that an expression indexes */
  for (int k = 0; k < given; k++) {
    const struct gr_node *index = node->child[1 + k];
    if (k == given - 1 && axis[k] == type->rank - 1 && is_open_range(index)) {
      vector = type->dim[axis[k]];
      break;
    }
    int r = slot_role(c, index);
    vm_dim expected = r == ATTEND_I   ? c->slot->query_dim
                      : r == ATTEND_J ? c->slot->key_dim
                      : r == ATTEND_H ? c->head_dim
                                      : VM_NO_DIM;
    bool last = axis[k] == type->rank - 1;
    if (last && (r < 0 || (type->dim[axis[k]] != expected && r != ATTEND_H))) {
      role[axis[k]] = ATTEND_FEATURE;
      table = k;
      continue;
    }
    if (r < 0) {
      gr_fail(c->error, index->span,
              "in a slot only the last axis may be indexed by an expression; the others by i, j or h alone");
      return c->error->code;
    }
    if (type->dim[axis[k]] != expected) {
      if (expected == VM_NO_DIM)
        return gr_fail(c->error, index->span, "there is no `%s` here: %s", index->text,
                       r == ATTEND_I ? "the query is a single vector" : "the head is not written head[H]");
      gr_fail(c->error, index->span, "%s runs over %s, but this axis is %s", index->text,
              cc_dim_text(c, expected), cc_dim_text(c, type->dim[axis[k]]));
      return c->error->code;
    }
    for (int m = 0; m < k; m++)
      if (role[axis[m]] == r)
        return gr_fail(c->error, index->span, "%s indexes two axes; the diagonal is not supported",
                       index->text);
    role[axis[k]] = (uint8_t)r;
  }
  value->kind = CC_TENSOR;
  if (vector != VM_NO_DIM) role[type->rank - 1] = ATTEND_FEATURE;
  ir_id index;
  int status = table < 0 ? RT_OK : cc_tensor(c, node->child[1 + table], &index);
  if (status != RT_OK) return status;
  if (table >= 0 && (value->id = find_lookup(c, outer, role, index))) return RT_OK;
  status = cc_slot_extra(c, outer, role, vector, node->span, &value->id);
  if (status != RT_OK || table < 0) return status;
  value->id = ir_slot_gather(cc_in_graph(c, node->span), value->id, index);
  return value->id ? RT_OK : c->error->code;
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
  if (c->slot) return slot_element(c, node, base.id, value);
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
