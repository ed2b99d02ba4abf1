/* positions_formula.c: formulas of two positions out of slots, and out of nodes of a graph. */
#include "compiler/ir/passes.h"
#include "compiler/ir/positions.h"

/* ---- formulas of slots ---- */

/* A number that is the same for all pairs: a size or a constant from around the head. */
static struct ir_step_of known_outside(const struct ir_around *around, ir_id id) {
  const struct ir_graph *g = around->g;
  const struct ir_node *n = &g->node[id];
  struct ir_step_of s = {.is = IR_STEP_ANY, .size = VM_NO_DIM};
  while (n->op == OP_expand || n->op == OP_reshape) n = &g->node[n->arg[0]];
  if (n->op == OP_size) s = (struct ir_step_of){.is = IR_STEP_SIZE, .size = (vm_dim)n->attr[0]};
  if (n->op == OP_constant) s = (struct ir_step_of){.is = IR_STEP_NUMBER, .number = n->real};
  return s;
}

/* The axis of heads of what the op makes: VM_ONE if it has none. */
static vm_dim heads_dim(const struct ir_around *around, const struct ir_node *attention) {
  const struct ir_head *head = around->g->head[attention->attr[0]];
  bool weights = attention->op == OP_attention_weights;
  for (int a = 0; a < head->out.rank; a++)
    if (head->out.role[a] == ATTEND_H) return attention->type.dim[weights ? 0 : a];
  return VM_ONE;
}

static struct ir_step_of heads_of(const struct ir_around *around, const struct ir_node *attention) {
  enum { MOST_HEADS = 64 };
  int64_t count;
  vm_dim dim = heads_dim(around, attention);
  bool few = vm_dim_is_number(around->dims, dim, &count) && count <= MOST_HEADS;
  struct ir_step_of s = {.is = few ? IR_STEP_H : IR_STEP_SOME, .size = dim};
  if (few) s.number = (double)count;
  return s;
}

static struct ir_step_of slot_leaf(const struct ir_around *around, const struct ir_node *attention,
                                   int64_t leaf) {
  struct ir_step_of s = {.is = IR_STEP_ANY, .size = VM_NO_DIM};
  if (leaf == IR_LEAF_I) s.is = IR_STEP_I;
  if (leaf == IR_LEAF_J) s.is = IR_STEP_J;
  if (leaf == IR_LEAF_H) s = heads_of(around, attention);
  return leaf > 0 ? known_outside(around, attention->arg[2 + leaf]) : s;
}

static struct ir_step_of slot_step(const struct ir_around *around, const struct ir_node *attention,
                                   const struct ir_graph *slot, ir_id id, const int16_t *step_of) {
  const struct ir_node *n = &slot->node[id];
  struct ir_step_of s = {.is = IR_STEP_ANY, .op = n->op, .size = VM_NO_DIM};
  if (n->op == OP_input) return slot_leaf(around, attention, n->attr[0]);
  for (int k = 0; k < n->arg_count && k < 3; k++) s.arg[k] = step_of[n->arg[k]];
  if (n->op == OP_constant) {
    s.is = IR_STEP_NUMBER;
    s.number = n->real;
  } else if (n->op == OP_over && n->attr[0] != IR_OVER_HEADS) {
    s.is = IR_STEP_OVER;
    s.op = n->attr[1] == ATTEND_J ? (uint16_t)n->attr[0] : UINT16_MAX;
  } else if (n->op == OP_gather && slot->node[n->arg[0]].op == OP_input
             && slot->node[n->arg[0]].attr[0] > 0) {
    s.is = IR_STEP_PICK;
    s.op = (uint16_t)(slot->node[n->arg[0]].attr[0] - 1);
    s.arg[0] = step_of[n->arg[1]];
  } else if (rt_is_lane(n->op) && !n->type.rank)
    s.is = IR_STEP_OP;
  return s;
}

/* What the nodes of a slot may be: the operands of the head say it of the leaves. */
static int numbers_of_slot(const struct ir_around *around, const struct ir_node *attention,
                           const struct ir_graph *slot, struct ir_numbers *out) {
  enum { BELOW = -IR_LEAF_GUMBEL };
  const struct ir_numbers any = ir_numbers_between(-IR_MOST, IR_MOST, false),
                          count = ir_numbers_between(0, IR_MOST, true);
  struct ir_numbers leaf[BELOW + 1 + ATTEND_MAX_EXTRAS], *of = leaf + BELOW;
  of[IR_LEAF_DS] = of[IR_LEAF_GUMBEL] = of[IR_LEAF_RANDOM] = of[IR_LEAF_S] = any;
  of[IR_LEAF_I] = of[IR_LEAF_J] = of[IR_LEAF_H] = count;
  for (int k = 0; k < 2; k++)
    if (!ir_is_finite(around->numbers[attention->arg[k]])) of[IR_LEAF_S] = around->numbers[attention->arg[k]];
  for (int k = 3; k < attention->arg_count; k++) of[k - 2] = around->numbers[attention->arg[k]];
  return ir_find_numbers(slot, of, out);
}

int ir_formula_of_slot(const struct ir_around *around, const struct ir_node *attention,
                       const struct ir_slot *slot, struct ir_formula *out) {
  const struct ir_graph *s = slot->graph;
  out->count = out->heads = 0;
  if (!s || !slot->result_count) return RT_OK;
  int16_t *step_of = rt_zalloc(s->count, sizeof *step_of);
  bool *live = rt_zalloc(s->count, sizeof *live);
  struct ir_numbers *numbers = rt_zalloc(s->count, sizeof *numbers);
  int status = step_of && live && numbers ? numbers_of_slot(around, attention, s, numbers) : RT_NO_MEMORY;
  if (status == RT_OK) ir_mark_live(s, 1, slot->result, live);
  for (ir_id n = 1; status == RT_OK && n <= slot->result[0]; n++) {
    if (!live[n]) continue;
    const struct ir_node *node = &s->node[n];
    if (node->op == OP_stop) {
      step_of[n] = step_of[node->arg[0]];
      continue;
    }
    if (out->count == IR_FORMULA_STEPS) {
      out->count = 0;
      break;
    }
    out->step[out->count] = slot_step(around, attention, s, n, step_of);
    out->step[out->count].not_zero = ir_is_not_zero(numbers[n]);
    /* that all scores of a row are hidden, so that the largest is minus infinity, is not looked for */
    out->step[out->count].wild =
        node->op == OP_over ? numbers[n].nan || numbers[n].high > IR_MOST : !ir_is_finite(numbers[n]);
    if (out->step[out->count].is == IR_STEP_H) out->heads = (int)out->step[out->count].number;
    step_of[n] = (int16_t)out->count++;
  }
  if (status == RT_OK) out->result = step_of[slot->result[0]];
  rt_free(step_of);
  rt_free(live);
  rt_free(numbers);
  return status;
}

/* ---- formulas of nodes ---- */

/* A node of the formula, and where its element at hand stands: along axis a at position var[a] + from[a]. */
struct place {
  ir_id node;
  enum { NO_VAR, VAR_I, VAR_J } var[RT_MAX_RANK];
  vm_dim from[RT_MAX_RANK];
};

/* Reshape may add axes of size 1 and take them away. The axis that axis `axis` of its result was; -1: none.
 */
static int axis_before_reshape(const struct ir_graph *g, const struct ir_node *n, int axis) {
  const struct vm_type *to = &n->type, *from = &g->node[n->arg[0]].type;
  for (int a = 0, b = 0; a < to->rank;) {
    bool same = b < from->rank && to->dim[a] == from->dim[b];
    if (!same && to->dim[a] != VM_ONE && (b == from->rank || from->dim[b] != VM_ONE)) return -1;
    if (a == axis && (same || to->dim[a] == VM_ONE)) return same ? b : -1;
    bool added = !same && to->dim[a] == VM_ONE;
    a += same || added;
    b += !added;
  }
  return -1;
}

/* The axis of a node's argument that is axis `axis` of the node; -1: none. */
static int axis_under(const struct ir_graph *g, const struct ir_node *n, int axis) {
  if (axis < 0) return -1;
  switch (n->op) {
    case OP_expand: {
      uint64_t axes = (uint64_t)n->attr[0];
      return axes >> axis & 1 ? __builtin_popcountll(axes & ((UINT64_C(1) << axis) - 1)) : -1;
    }
    case OP_transpose: return rt_order_axis(n->attr[0], axis);
    case OP_reshape: return axis_before_reshape(g, n, axis);
    default: return axis;
  }
}

static struct place nowhere(ir_id node) {
  struct place p = {.node = node};
  for (int a = 0; a < RT_MAX_RANK; a++) p.from[a] = VM_NO_DIM;
  return p;
}

static bool shows(enum rt_op op) {
  return op == OP_expand || op == OP_transpose || op == OP_reshape || op == OP_slice || op == OP_stop;
}

static bool add_start(struct vm_dims *dims, vm_dim *from, vm_dim start) {
  *from = *from == VM_NO_DIM ? start : vm_dim_plus(dims, *from, start);
  return *from != VM_NO_DIM;
}

static bool is_ones(const struct ir_graph *g, ir_id id) {
  const struct ir_node *n = &g->node[id];
  while (n->op == OP_expand || n->op == OP_reshape || n->op == OP_stop) n = &g->node[n->arg[0]];
  return n->op == OP_constant && n->real == 1;
}

/* A column times a row of ones repeats the column, and a column of ones times a row the row. */
static bool look_through_product(const struct ir_graph *g, struct place *p) {
  const struct ir_node *n = &g->node[p->node];
  const int rank = n->type.rank;
  for (int k = 0; n->op == OP_matmul && k < 2; k++) {
    const struct vm_type *from = &g->node[n->arg[k]].type;
    bool turned = n->attr[k];
    int sum = (k == 0) != turned ? rank - 1 : rank - 2, kept = sum == rank - 1 ? rank - 2 : rank - 1;
    if (from->dim[sum] != VM_ONE || !is_ones(g, n->arg[1 - k])) continue;
    struct place to = *p;
    to.node = n->arg[k];
    to.var[sum] = NO_VAR;
    to.from[sum] = VM_NO_DIM;
    to.var[kept] = p->var[k == 0 ? rank - 2 : rank - 1];
    to.from[kept] = p->from[k == 0 ? rank - 2 : rank - 1];
    *p = to;
    return true;
  }
  return false;
}

/* Of an op that shows what it is given: where the element shown stands. False: another op, or not known. */
static bool look_through(const struct ir_around *around, struct place *p) {
  const struct ir_graph *g = around->g;
  const struct ir_node *n = &g->node[p->node];
  if (around->shown && n->op == OP_select && n->choice == IR_CHOICE_OWN) return p->node = n->arg[1], true;
  if (!shows((enum rt_op)n->op)) return look_through_product(g, p);
  struct place to = nowhere(n->arg[0]);
  for (int a = 0; a < n->type.rank; a++) {
    int under = axis_under(g, n, a);
    if (under < 0 && n->op == OP_reshape && n->type.dim[a] != VM_ONE) return false;
    if (under < 0) continue;
    to.var[under] = p->var[a];
    to.from[under] = p->from[a];
    if (n->op == OP_slice && n->attr[0] == a && p->var[a]
        && !add_start(around->dims, &to.from[under], (vm_dim)n->attr[1]))
      return false;
  }
  *p = to;
  return true;
}

/* Of an argument of a step that is range(n) and a size: its element at hand, or the number of the step. */
static struct ir_step_of counted(const struct ir_around *around, const struct place *p) {
  const struct ir_node *n = &around->g->node[p->node];
  struct ir_step_of s = {.is = IR_STEP_ANY, .size = around->counts[n->attr[0]]};
  int var = n->type.rank ? p->var[0] : around->of_step ? VAR_I : NO_VAR;
  if (var == NO_VAR
      || (n->type.rank && p->from[0] != VM_NO_DIM && !add_start(around->dims, &s.size, p->from[0])))
    return s;
  s.is = var == VAR_I ? IR_STEP_I : IR_STEP_J;
  return s;
}

static struct ir_step_of node_step(const struct ir_around *around, const struct place *p) {
  const struct ir_node *n = &around->g->node[p->node];
  struct ir_step_of s = {.is = IR_STEP_ANY, .op = n->op, .size = VM_NO_DIM};
  if (n->op == OP_constant) return (struct ir_step_of){.is = IR_STEP_NUMBER, .number = n->real};
  if (n->op == OP_size) return (struct ir_step_of){.is = IR_STEP_SIZE, .size = (vm_dim)n->attr[0]};
  if (rt_is_lane(n->op)) s.is = IR_STEP_OP;
  if (n->op == OP_maximum) s.is = IR_STEP_MOST;
  if (n->op == OP_input && around->counts && around->counts[n->attr[0]] != VM_NO_DIM) s = counted(around, p);
  if (n->op == OP_iota) s = (struct ir_step_of){.is = IR_STEP_SOME, .size = n->type.dim[0]};
  if (n->op == OP_iota && p->var[0])
    s = (struct ir_step_of){.is = p->var[0] == VAR_I ? IR_STEP_I : IR_STEP_J, .size = p->from[0]};
  return s;
}

/* A maximum is at least the element that has the same index along the axis that it goes over as along one
 * that stays, when both are as long; or that at i, when there are as many: i_count. VM_NO_DIM: nothing else
 * is at i, so that it may be any, such as the first. */
static struct place witness(const struct ir_graph *g, const struct place *p, vm_dim i_count) {
  const struct ir_node *n = &g->node[p->node];
  const struct vm_type *from = &g->node[n->arg[0]].type;
  struct place to = nowhere(n->arg[0]);
  for (int a = 0, at = 0; a < from->rank; a++) {
    if (!(n->attr[0] >> a & 1)) continue;
    to.var[a] = p->var[at];
    to.from[a] = p->from[at++];
  }
  for (int a = 0; a < from->rank; a++) {
    if (n->attr[0] >> a & 1) continue;
    if (i_count == VM_NO_DIM || from->dim[a] == i_count) to.var[a] = VAR_I;
    for (int b = 0; b < from->rank; b++) {
      if (!(n->attr[0] >> b & 1) || !to.var[b] || to.from[b] != VM_NO_DIM || from->dim[a] != from->dim[b])
        continue;
      to.var[a] = to.var[b];
    }
  }
  return to;
}

/* Steps are found from the result on, and then turned round. */
void ir_formula_of_node(const struct ir_around *around, ir_id node, int i_axis, int j_axis,
                        struct ir_formula *out) {
  const struct ir_graph *g = around->g;
  struct place place[IR_FORMULA_STEPS];
  int count = 1;
  vm_dim i_count = i_axis >= 0 ? g->node[node].type.dim[i_axis] : around->of_step ? around->steps : VM_NO_DIM;
  out->count = out->heads = 0;
  place[0] = nowhere(node);
  if (i_axis >= 0) place[0].var[i_axis] = VAR_I;
  if (j_axis >= 0) place[0].var[j_axis] = VAR_J;
  for (int k = 0; k < count; k++) {
    while (look_through(around, &place[k])) {}
    struct ir_step_of *s = &out->step[k];
    const struct ir_node *n = &g->node[place[k].node];
    *s = node_step(around, &place[k]);
    s->not_zero = ir_is_not_zero(around->numbers[place[k].node]);
    s->wild = !ir_is_finite(around->numbers[place[k].node]);
    for (int a = 0; (s->is == IR_STEP_OP || s->is == IR_STEP_MOST) && a < n->arg_count; a++) {
      if (count == IR_FORMULA_STEPS) return;
      place[count] = s->is == IR_STEP_OP ? place[k] : witness(g, &place[k], i_count);
      place[count].node = n->arg[a];
      s->arg[a] = (int16_t)count++;
    }
  }
  out->count = count;
  out->result = count - 1;
  for (int k = 0; k < count / 2; k++) {
    struct ir_step_of s = out->step[k];
    out->step[k] = out->step[count - 1 - k];
    out->step[count - 1 - k] = s;
  }
  for (int k = 0; k < count; k++)
    for (int a = 0; a < 3; a++) out->step[k].arg[a] = (int16_t)(count - 1 - out->step[k].arg[a]);
}
