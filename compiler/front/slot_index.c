/* slot_index.c: x[…] in a slot: the element that belongs to a query, a key and a head. B[i, j], f[j] and
 * slope[h] are numbers. B[h, i - j] picks an element by a formula, the nearest one when that falls outside,
 * as tables of clipped distances need it. query[i] and W[h, ..] leave an axis, and are vectors.
 *
 * A head reads tensors by axes of queries, keys and heads, and one last axis from which a formula picks.
 * Whatever else is written is brought into that form: axes that formulas index go to the end, and become one.
 */
#include "compiler/front/elaborate.h"

#include <string.h>

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
  if (here && b->value.id == c->slot->h) return ATTEND_H;
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
    if (k < 0 || memcmp(c->slot->head->extra[k].role, role, (size_t)rank) != 0) continue;
    if (!is_same_formula(c->model, c->slot->extra[k], outer, &steps)) continue;
    if (is_same_formula(g, node->arg[1], index, &steps)) return n;
  }
  return 0;
}

/* ---- what stands between the brackets ---- */

/* The indices of a tensor of the model, by its axes. */
struct indices {
  const struct gr_node *node;
  ir_id outer;
  int count, axis[RT_MAX_RANK]; /* which axes are indexed, in order */
  uint8_t role[RT_MAX_RANK];    /* by axis */
  bool picked[RT_MAX_RANK];     /* by axis: a formula says which element */
  int picks, vector;            /* how many formulas; the axis that stays, -1: none */
};

/* Which axes the indices are for: those in sight, or all when the axis of the heads is indexed too. One index
 * less leaves the last axis. */
static int find_axes(struct cc_context *c, struct indices *x) {
  const struct vm_type *type = cc_type(c, x->outer);
  int visible = cc_visible(c, type, x->axis), given = x->node->count - 1;
  x->count = given;
  x->vector = -1;
  if (given == visible) return RT_OK;
  if (given == type->rank) {
    for (int a = 0; a < type->rank; a++) x->axis[a] = a;
    int own[RT_MAX_RANK], count = cc_visible(c, type, own);
    return check_own_axis(c, x->node, type, own, count);
  }
  if (given == visible - 1 && x->axis[given] == type->rank - 1) {
    x->vector = type->rank - 1;
    return RT_OK;
  }
  return gr_fail(c->error, x->node->span, "%s has %d ax%s, and %d %s indexed", cc_type_text(c, type), visible,
                 visible == 1 ? "is" : "es", given, given == 1 ? "is" : "are");
}

static vm_dim runs_over(const struct cc_context *c, int role) {
  return role == ATTEND_I   ? c->slot->query_dim
         : role == ATTEND_J ? c->slot->key_dim
         : role == ATTEND_H ? c->head_dim
                            : VM_NO_DIM;
}

static bool is_taken(const struct indices *x, int k, int role) {
  for (int m = 0; m < k; m++)
    if (!x->picked[x->axis[m]] && x->axis[m] != x->vector && x->role[x->axis[m]] == role) return true;
  return false;
}

/* Index k: `..`, a position by itself, or a formula. */
static int read_index(struct cc_context *c, struct indices *x, int k) {
  const struct vm_type *type = cc_type(c, x->outer);
  const struct gr_node *index = x->node->child[1 + k];
  const int axis = x->axis[k], role = slot_role(c, index);
  const vm_dim expected = runs_over(c, role);
  if (is_open_range(index)) {
    if (x->vector >= 0)
      return gr_fail(c->error, index->span,
                     "a slot computes with numbers and vectors: one axis stays, not two");
    x->vector = axis;
    return RT_OK;
  }
  const bool last = axis == type->rank - 1, fits = role >= 0 && type->dim[axis] == expected;
  if (role < 0 || (fits && is_taken(x, k, role)) || (!fits && last && role != ATTEND_H)) {
    x->picked[axis] = true;
    x->picks++;
    return RT_OK;
  }
  if (!fits && expected == VM_NO_DIM)
    return gr_fail(c->error, index->span, "there is no `%s` here: %s", index->text,
                   role == ATTEND_I ? "the query is a single vector" : "the head is not written head[H]");
  if (!fits) {
    gr_fail(c->error, index->span, "%s runs over %s, but this axis is %s", index->text,
            cc_dim_text(c, expected), cc_dim_text(c, type->dim[axis]));
    if (role != ATTEND_H)
      rt_hint(c->error, "who means the nearest element that there is writes a formula, as `%s + 0`",
              index->text);
    return c->error->code;
  }
  x->role[axis] = (uint8_t)role;
  return RT_OK;
}

static int read_indices(struct cc_context *c, struct indices *x) {
  int status = find_axes(c, x);
  memset(x->role, ATTEND_H, sizeof x->role);
  for (int k = 0; k < x->count && status == RT_OK; k++) status = read_index(c, x, k);
  if (status == RT_OK && x->vector >= 0) x->role[x->vector] = ATTEND_FEATURE;
  return status;
}

/* ---- one axis to pick from ---- */

/* An index as a whole number below the size of its axis; what is no number counts as 0. */
static int whole_index(struct cc_context *c, const struct gr_node *node, vm_dim size, ir_id *id) {
  const struct ir_at at = cc_in_graph(c, node->span);
  const struct cc_value length = {.kind = CC_DIM, .dim = size};
  ir_id index, end;
  int status = cc_tensor(c, node, &index);
  if (status == RT_OK) status = cc_to_tensor(c, &length, node->span, &end);
  if (status != RT_OK) return status;
  ir_id zero = ir_constant(at, 0, NULL), last = ir_binary(at, OP_sub, end, ir_constant(at, 1, NULL));
  ir_id below = ir_select(at, ir_binary(at, OP_lt, index, last), index, last);
  ir_id within = ir_select(at, ir_binary(at, OP_lt, zero, index), below, zero);
  *id = ir_unary(at, OP_floor, ir_binary(at, OP_add, within, ir_constant(at, 0.5, NULL)));
  return *id ? RT_OK : c->error->code;
}

/* Which element of the axis that the picked ones became; of a single one, what its formula gives. */
static int picked_index(struct cc_context *c, const struct indices *x, ir_id *id) {
  *id = 0;
  for (int k = 0; k < x->count; k++) {
    const struct gr_node *node = x->node->child[1 + k];
    const vm_dim size = cc_type(c, x->outer)->dim[x->axis[k]];
    const struct ir_at at = cc_in_graph(c, node->span);
    ir_id index, length;
    if (!x->picked[x->axis[k]]) continue;
    int status = x->picks == 1 ? cc_tensor(c, node, &index) : whole_index(c, node, size, &index);
    if (status != RT_OK) return status;
    if (cc_graph(c)->node[index].type.rank)
      return gr_fail(c->error, node->span,
                     "an index is one number for each query and key, and this is a vector");
    if (*id) {
      const struct cc_value value = {.kind = CC_DIM, .dim = size};
      if ((status = cc_to_tensor(c, &value, node->span, &length))) return status;
      index = ir_binary(at, OP_add, ir_binary(at, OP_mul, *id, length), index);
    }
    if (!(*id = index)) return c->error->code;
  }
  return RT_OK;
}

/* The tensor with its axes in the order that a head reads, and their roles. */
static int arrange(struct cc_context *c, const struct indices *x, ir_id *table, uint8_t *role) {
  const struct vm_type from = *cc_type(c, x->outer);
  const struct ir_at at = cc_in_model(c, x->node->span);
  struct vm_type moved = from, flat;
  int64_t order = 0;
  int rank = 0;
  for (int place = 0; place < 3; place++) /* positions and heads, the vector, what is picked from */
    for (int a = 0; a < from.rank; a++) {
      if ((x->picked[a] ? 2 : a == x->vector ? 1 : 0) != place) continue;
      order = rt_order_with(order, rank, a);
      role[rank] = place ? ATTEND_FEATURE : x->role[a];
      moved.dim[rank++] = from.dim[a];
    }
  *table = x->outer;
  if (!ir_keeps_order(order, rank)) *table = ir_transpose(at, *table, order, &moved);
  flat = moved;
  flat.rank = (uint8_t)(rank - x->picks + 1);
  for (int a = rank - x->picks + 1; a < rank; a++) {
    flat.dim[flat.rank - 1] = vm_dim_times(&c->module->dims, flat.dim[flat.rank - 1], moved.dim[a]);
    if (flat.dim[flat.rank - 1] == VM_NO_DIM) return cc_out_of_memory(c);
  }
  if (x->picks > 1) *table = ir_reshape(at, *table, &flat);
  return *table ? RT_OK : c->error->code;
}

int cc_slot_element(struct cc_context *c, const struct gr_node *node, ir_id outer, struct cc_value *value) {
  struct indices x = {.node = node, .outer = outer};
  uint8_t role[RT_MAX_RANK];
  ir_id table, index;
  int status = cc_check_slot_tensor(c, outer, node->span);
  if (status == RT_OK) status = read_indices(c, &x);
  if (status != RT_OK) return status;
  const vm_dim vector = x.vector < 0 ? VM_NO_DIM : cc_type(c, outer)->dim[x.vector];
  value->kind = CC_TENSOR;
  if (!x.picks)
    return cc_slot_extra(c, outer, &(struct cc_extra){x.role, vector, false}, node->span, &value->id);
  status = picked_index(c, &x, &index);
  if (status == RT_OK) status = arrange(c, &x, &table, role);
  if (status != RT_OK) return status;
  if ((value->id = find_lookup(c, table, role, index))) return RT_OK;
  status = cc_slot_extra(c, table, &(struct cc_extra){role, vector, true}, node->span, &value->id);
  if (status != RT_OK) return status;
  value->id = ir_slot_gather(cc_in_graph(c, node->span), value->id, index);
  return value->id ? RT_OK : c->error->code;
}
