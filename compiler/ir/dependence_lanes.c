/* dependence_lanes.c: the rule of element-by-element ops, and where what they make is the same number for all
 * pairs of positions, as a mask is 0 outside of what is seen. */
#include "compiler/ir/dependence_parts.h"
#include "compiler/ir/passes.h"

#include <math.h>
#include <string.h>

/* Is operand k the same all along the axis of the atom, or placed by the length as that says? */
static bool goes_with(const struct dep_making *m, int k, const struct dep_atom *placed) {
  double number;
  const struct ir_node *n = dep_arg_node(m, k);
  const struct dep_value *v = dep_arg(m, k);
  int axis = m->v.axis_of[placed->axis];
  if (dep_is_number(m->d->g, m->node->arg[k], &number)) return true;
  if (n->op == OP_expand && !(n->attr[0] >> axis & 1)) return true;
  for (int i = 0; v && i < v->count; i++) {
    const struct dep_atom *a = &v->atom[i];
    if (a->kind == DEP_PLACED && a->axis == placed->axis && a->ahead.at == placed->ahead.at
        && a->from == placed->from && a->to == placed->to)
      return true;
  }
  return false;
}

/* Do the elements of the atom all lie outside of the support, where they are the same number? In
 * where(j < t, concat(k, zeros([1])), 0) the 0 behind k is not seen: j would have to be T. */
static bool is_outside(const struct dep_making *m, const struct dep_atom *a) {
  struct ir_dependence *d = m->d;
  const struct dep_support *s = &m->v.support;
  if (!s->known || dep_is_row(s->axis) || a->from == VM_NO_DIM || (a->axis != s->axis && a->axis != s->other))
    return false;
  struct ir_end from = dep_size(a->from),
                end = a->axis == s->other ? dep_plus(d, dep_size(m->v.dim[s->axis]), s->most)
                      : s->least.far      ? dep_far()
                                          : dep_minus(d, dep_size(m->v.dim[s->other]), s->least);
  return dep_is_past(d, dep_minus(d, end, from));
}

static void drop_placed_outside(struct dep_making *m) {
  int kept = 0;
  for (int i = 0; i < m->v.count; i++)
    if (m->atom[i].kind != DEP_PLACED || !is_outside(m, &m->atom[i])) m->atom[kept++] = m->atom[i];
  m->v.count = kept;
}

/* Where one operand stands by the length, and another one does not, the length shows. */
static void mix_placed(struct dep_making *m) {
  for (int i = 0; i < m->v.count; i++) {
    struct dep_atom *a = &m->atom[i];
    bool alike = true;
    for (int k = 0; a->kind == DEP_PLACED && k < m->node->arg_count; k++) alike = alike && goes_with(m, k, a);
    if (alike) continue;
    a->kind = DEP_LENGTH;
    a->axis = DEP_EVERY;
    a->ahead = dep_far();
    a->from = a->to = VM_NO_DIM;
  }
}

static struct ir_end end_of(struct ir_dependence *d, struct ir_gap gap) {
  return gap.far ? dep_far() : dep_number(d, gap.at);
}

/* A count from the length on, such as range(2 * T + 1) - T: its elements are placed by it, and tell no more.
 */
static bool is_counted(struct dep_making *m) {
  struct ir_formula formula;
  struct ir_place place;
  const struct vm_type *type = &m->node->type;
  const struct ir_around around = dep_around(m->d);
  for (int i = 0; i < m->v.count; i++)
    if (m->atom[i].kind != DEP_LENGTH) return false;
  if (!m->v.count || type->rank != 1) return false;
  ir_formula_of_node(&around, m->id, 0, -1, &formula);
  if (!formula.count || !ir_formula_place(&formula, formula.result, m->d->dims, &place) || place.i != 1
      || place.j != 0)
    return false;
  struct dep_atom atom = m->atom[0];
  m->v.count = 0;
  atom.kind = DEP_PLACED;
  atom.axis = 0;
  atom.ahead = dep_minus(m->d, dep_number(m->d, 0), dep_size(place.size));
  dep_add(m, atom);
  return true;
}

/* A formula of the index of an axis, or of the number of the step, and that of another axis as a support:
 * where it is not answered with yes the value is `outside`. False: it is answered with yes everywhere. */
struct pair {
  int axis, other; /* of the value */
  vm_dim count, other_count;
};
static bool support_of(struct dep_making *m, const struct pair *p, const struct ir_asked *asked,
                       double outside) {
  const struct ir_box box = {m->d->dims, p->count, VM_NO_DIM, p->other_count};
  struct ir_gap most = ir_most_ahead(asked, 1, &box, VM_NO_DIM),
                least = ir_most_behind(asked, 1, &box, VM_NO_DIM);
  if (most.far && least.far) return false;
  if (most.never || least.never) { /* it is `outside` everywhere */
    m->v.count = 0;
    return true;
  }
  m->v.support = (struct dep_support){
      .known = true, .axis = (int8_t)p->axis, .other = (int8_t)p->other, .outside = outside};
  m->v.support.least = end_of(m->d, least);
  m->v.support.most = end_of(m->d, most);
  return true;
}

/* A condition on two positions, whose answers are of the kind asked for. */
static bool support_by(struct dep_making *m, ir_id condition, enum ir_question question, double outside) {
  struct ir_formula formula;
  const struct ir_asked asked = {&formula, question};
  struct ir_around around = dep_around(m->d);
  const struct vm_type *type = &m->node->type;
  for (int a = 0; a < type->rank; a++)
    for (int b = a + 1; b < type->rank; b++) {
      const struct pair p = {dep_first_axis(&m->v, a), dep_first_axis(&m->v, b), type->dim[a], type->dim[b]};
      if (p.axis < 0 || p.other < 0
          || (!dep_uses_length(m->d, type->dim[a]) && !dep_uses_length(m->d, type->dim[b])))
        continue;
      ir_formula_of_node(&around, condition, a, b, &formula);
      if (support_of(m, &p, &asked, outside)) return true;
    }
  around.of_step = true;
  around.steps = m->d->steps;
  for (int b = 0; around.counts && b < type->rank; b++) {
    const struct pair p = {dep_row_at(m->d->depth), dep_first_axis(&m->v, b), m->d->steps, type->dim[b]};
    if (p.other < 0 || !dep_uses_length(m->d, type->dim[b])) continue;
    ir_formula_of_node(&around, condition, -1, b, &formula);
    if (support_of(m, &p, &asked, outside)) return true;
  }
  return false;
}

static bool same_support(const struct dep_support *a, const struct dep_support *b) {
  return a->known && b->known && a->axis == b->axis && a->other == b->other && a->least.far == b->least.far
         && a->least.at == b->least.at && a->most.far == b->most.far && a->most.at == b->most.at;
}

/* Outside of the support that all operands have in common, numbers aside, the op makes a number of numbers.
 */
static void fold_support(struct dep_making *m) {
  double x[3] = {0};
  const struct dep_value *first = NULL;
  int at = 0;
  for (int k = 0; k < m->node->arg_count && k < 3; k++) {
    if (dep_is_number(m->d->g, m->node->arg[k], &x[k])) continue;
    const struct dep_value *v = dep_arg(m, k);
    if (!v || !v->support.known || (first && !same_support(&first->support, &v->support))) return;
    if (v->support.unsure != DEP_SURE && ir_swallows((enum rt_op)m->node->op)) return;
    if (!first) first = v, at = k;
    x[k] = v->support.outside;
  }
  double folded = ir_fold((enum rt_op)m->node->op, x[0], x[1], x[2]);
  if (!first || isnan(folded)) return;
  dep_keep_support(m, at);
  m->v.support.outside = folded;
}

static struct ir_end further(struct ir_dependence *d, struct ir_end a, struct ir_end b) {
  return a.far || dep_is_past(d, dep_minus(d, b, a)) ? a : dep_is_past(d, dep_minus(d, a, b)) ? b : dep_far();
}
static struct ir_end nearer(struct ir_dependence *d, struct ir_end a, struct ir_end b) {
  return a.far || dep_is_past(d, dep_minus(d, a, b)) ? a : dep_is_past(d, dep_minus(d, b, a)) ? b : dep_far();
}

/* Whichever of two is taken, outside of both it is that number. */
static void support_of_both(struct dep_making *m) {
  const struct dep_value *a = dep_arg(m, 1), *b = dep_arg(m, 2);
  if (!a || !b || !a->support.known || !dep_outside_is(b, a->support.outside)) return;
  const struct dep_support *s = &a->support, *t = &b->support;
  if (s->axis != t->axis || s->other != t->other || s->unsure != DEP_SURE || t->unsure != DEP_SURE) return;
  dep_keep_support(m, 1);
  m->v.support.most = further(m->d, s->most, t->most);
  m->v.support.least = nearer(m->d, s->least, t->least);
}

static void select_support(struct dep_making *m) {
  double number;
  const struct dep_value *condition = dep_arg(m, 0);
  if (dep_is_number(m->d->g, m->node->arg[2], &number) && dep_outside_is(condition, 0)
      && condition->support.unsure == DEP_SURE) {
    dep_keep_support(m, 0);
    m->v.support.outside = number;
  } else if (dep_is_number(m->d->g, m->node->arg[1], &number))
    support_by(m, m->node->arg[0], IR_WHERE_FALSE, number);
  if (!m->v.support.known) support_of_both(m);
}

/* Is the node the same all along this axis of its type? depth: how far to look. */
static bool is_same_along(const struct ir_graph *g, ir_id id, int axis, int depth) {
  const struct ir_node *n = &g->node[id];
  bool same = rt_is_lane(n->op) && depth;
  double number;
  if (n->op == OP_expand && !(n->attr[0] >> axis & 1)) return true;
  for (int k = 0; same && k < n->arg_count; k++) same = is_same_along(g, n->arg[k], axis, depth - 1);
  return same || dep_is_number(g, id, &number);
}

/* Is the number that operand k is outside of its support also what the op makes there, whatever the other
 * operand is? 0 times infinity is not 0, and 0 / 0 is none. */
static bool absorbs(const struct dep_making *m, int k) {
  const struct ir_numbers other = m->d->numbers[m->node->arg[1 - k]];
  switch (m->node->op) {
    case OP_mul: return dep_outside_is(dep_arg(m, k), 0) && ir_is_finite(other);
    case OP_div: return k == 0 && dep_outside_is(dep_arg(m, k), 0) && ir_is_not_zero(other);
    case OP_add: return dep_outside_is(dep_arg(m, k), -INFINITY) && !other.nan && other.high <= IR_MOST;
    case OP_sub:
      return k == 0 && dep_outside_is(dep_arg(m, k), -INFINITY) && !other.nan && other.low >= -IR_MOST;
    default: return false;
  }
}

/* What is not surely absorbed is so all along one of the two axes when the other operand is the same there.
 */
static void keep_unsure(struct dep_making *m, int k) {
  const struct dep_value *v = dep_arg(m, k);
  if (!dep_outside_is(v, 0) || (m->node->op != OP_mul && (m->node->op != OP_div || k))) return;
  const struct dep_support *s = &v->support;
  const ir_id other = m->node->arg[1 - k];
  if (dep_is_row(s->axis)) return;
  bool along_axis = is_same_along(m->d->g, other, v->axis_of[s->axis], 6) && s->unsure != DEP_ALL_ALONG_OTHER,
       along_other =
           is_same_along(m->d->g, other, v->axis_of[s->other], 6) && s->unsure != DEP_ALL_ALONG_AXIS;
  if (!along_axis && !along_other) return;
  dep_keep_support(m, k);
  m->v.support.unsure = along_other ? DEP_ALL_ALONG_OTHER : DEP_ALL_ALONG_AXIS;
}

static void lane_support(struct dep_making *m) {
  if (m->node->op == OP_select) select_support(m);
  for (int k = 0; k < m->node->arg_count && m->node->arg_count == 2; k++)
    if (absorbs(m, k)) dep_keep_support(m, k);
  if (m->v.support.known) return;
  if (rt_op_info[m->node->op].flags & RT_TRUTH && m->node->type.rank > (m->d->counts ? 0 : 1))
    support_by(m, m->id, IR_WHERE_TRUE, 0);
  if (!m->v.support.known) fold_support(m);
  for (int k = 0; k < m->node->arg_count && m->node->arg_count == 2 && !m->v.support.known; k++)
    keep_unsure(m, k);
}

/* Is the node, a condition, the same in the whole box? */
static bool is_sure(const struct ir_around *around, ir_id id, int i_axis, int j_axis,
                    const struct ir_box *box) {
  struct ir_formula formula;
  ir_formula_of_node(around, id, i_axis, j_axis, &formula);
  return ir_surely(&formula, box, true) || ir_surely(&formula, box, false);
}

/* A condition that holds, or does not, whatever the positions and the data are. */
static bool is_decided(struct dep_making *m) {
  const struct vm_type *type = &m->node->type;
  struct ir_around around = dep_around(m->d);
  if (!m->v.count || !(rt_op_info[m->node->op].flags & RT_TRUTH)) return false;
  int last = type->rank - 1, before = last - 1;
  struct ir_box box = {m->d->dims, last < 0 ? VM_NO_DIM : type->dim[before < 0 ? last : before], VM_NO_DIM,
                       before < 0 ? VM_NO_DIM : type->dim[last]};
  bool sure = is_sure(&around, m->id, before < 0 ? last : before, before < 0 ? -1 : last, &box);
  if (!sure && m->d->counts) {
    around.of_step = true;
    around.steps = box.queries = m->d->steps;
    box.to = last < 0 ? VM_NO_DIM : type->dim[last];
    sure = is_sure(&around, m->id, -1, last, &box);
  }
  if (sure) m->v.count = 0;
  return sure;
}

void dep_lane(struct dep_making *m) {
  for (int k = 0; k < m->node->arg_count; k++) {
    const struct dep_route same = dep_same_axes(m, k);
    dep_axes_from(m, k, &same);
  }
  for (int k = 0; k < m->node->arg_count; k++) {
    const struct dep_route same = dep_same_axes(m, k);
    dep_pull(m, k, &same);
  }
  if (is_counted(m) || is_decided(m)) return;
  lane_support(m);
  drop_placed_outside(m);
  mix_placed(m);
}
