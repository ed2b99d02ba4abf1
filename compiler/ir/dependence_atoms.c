/* dependence_atoms.c: what the elements of a value are made of, carried from operands to results. */
#include "compiler/ir/dependence_parts.h"

#include <math.h>
#include <string.h>

/* ---- ends ---- */

struct ir_end dep_number(struct ir_dependence *d, int64_t n) {
  vm_dim at = vm_dim_number(d->dims, n);
  if (at == VM_NO_DIM) d->failed = d->failed || d->dims->exhausted;
  return dep_size(at);
}

struct ir_end dep_plus(struct ir_dependence *d, struct ir_end a, struct ir_end b) {
  return a.far || b.far ? dep_far() : dep_size(vm_dim_plus(d->dims, a.at, b.at));
}
struct ir_end dep_minus(struct ir_dependence *d, struct ir_end a, struct ir_end b) {
  return a.far || b.far ? dep_far() : dep_size(vm_dim_minus(d->dims, a.at, b.at));
}

/* Is a >= b for all sizes? */
static bool at_least(struct ir_dependence *d, struct ir_end a, struct ir_end b) {
  int64_t n;
  if (a.far || b.far) return a.far;
  vm_dim by = vm_dim_minus(d->dims, a.at, b.at);
  if (by == VM_NO_DIM) return false;
  if (vm_dim_is_number(d->dims, by, &n) || vm_dim_value(d->dims, by, NULL, &n, NULL) == RT_OK) return n >= 0;
  return vm_never_negative(d->dims, by);
}

static struct ir_end larger(struct ir_dependence *d, struct ir_end a, struct ir_end b) {
  return at_least(d, a, b) ? a : at_least(d, b, a) ? b : dep_far();
}

bool dep_is_past(struct ir_dependence *d, struct ir_end ahead) {
  return !ahead.far && at_least(d, dep_number(d, 0), ahead);
}

bool dep_is_bad(struct ir_dependence *d, const struct dep_atom *a) {
  return a->kind != DEP_POSITIONS || !dep_is_past(d, a->ahead);
}

bool dep_uses_length(const struct ir_dependence *d, vm_dim size) {
  return size != VM_NO_DIM && vm_dim_uses(d->dims, size, d->text->length);
}

/* ---- a value ---- */

void dep_begin(struct dep_making *m, struct ir_dependence *d, ir_id id) {
  memset(m, 0, sizeof *m);
  m->d = d;
  m->id = id;
  m->node = &d->g->node[id];
  m->v.atom = m->atom;
  m->v.axes = m->node->type.rank;
  for (int a = 0; a < m->v.axes; a++) {
    m->v.axis_of[a] = (uint8_t)a;
    m->v.dim[a] = m->node->type.dim[a];
  }
}

const struct dep_value *dep_arg(const struct dep_making *m, int k) { return m->d->value[m->node->arg[k]]; }

ir_id dep_came_by(const struct ir_graph *g, ir_id id, const struct dep_atom *atom) {
  const struct ir_node *n = &g->node[id];
  if (atom->arg == DEP_NO_ARG) return 0;
  if (n->op == OP_result && g->node[n->arg[0]].op == OP_scan) n = &g->node[n->arg[0]];
  return n->arg[atom->arg];
}

const struct dep_value *dep_keep(struct dep_making *m) {
  if (!m->v.count && !m->v.support.known) return NULL;
  struct dep_value *kept = rt_arena_alloc(m->d->arena, sizeof *kept);
  size_t size = sizeof *m->atom * (size_t)(m->v.count + 1);
  struct dep_atom *atom = rt_arena_alloc(m->d->arena, size);
  if (!kept || !atom) {
    m->d->failed = true;
    return NULL;
  }
  *kept = m->v;
  kept->atom = memcpy(atom, m->atom, sizeof *m->atom * (size_t)m->v.count);
  return kept;
}

/* Between `from` and `to` there is surely no element. */
static bool is_empty(struct dep_making *m, const struct dep_atom *a) {
  struct ir_dependence *d = m->d;
  bool along = a->axis >= 0 && !dep_is_row(a->axis), begins = a->from != VM_NO_DIM, ends = a->to != VM_NO_DIM;
  if (along && ends && at_least(d, dep_number(d, 0), dep_size(a->to))) return true;
  if (along && begins && at_least(d, dep_size(a->from), dep_size(m->v.dim[a->axis]))) return true;
  return begins && ends && at_least(d, dep_size(a->from), dep_size(a->to));
}

static bool is_whole(const struct dep_atom *a) {
  return a->axis == DEP_EVERY && a->kind == DEP_POSITIONS && a->ahead.far;
}

/* Two atoms about the same elements as one. */
static void join(struct dep_making *m, struct dep_atom *a, const struct dep_atom *b) {
  struct ir_end ahead = larger(m->d, a->ahead, b->ahead);
  if (ahead.far != a->ahead.far || ahead.at != a->ahead.at) {
    a->arg = b->arg;
    a->from_atom = b->from_atom;
    a->inside = b->inside;
  }
  a->ahead = ahead;
  a->back = larger(m->d, a->back, b->back);
}

/* Makes one of all positions along an axis, whichever elements they are for. False: there were none to join.
 */
static bool join_all(struct dep_making *m) {
  const int before = m->v.count;
  for (int k = 0; k < m->v.count; k++) {
    struct dep_atom *a = &m->atom[k];
    for (int l = m->v.count - 1; l > k && a->kind == DEP_POSITIONS; l--) {
      if (m->atom[l].kind != a->kind || m->atom[l].axis != a->axis) continue;
      a->from = a->to = VM_NO_DIM;
      join(m, a, &m->atom[l]);
      m->atom[l] = m->atom[--m->v.count];
    }
  }
  return m->v.count < before;
}

void dep_add(struct dep_making *m, struct dep_atom atom) {
  if (is_empty(m, &atom)) return;
  for (int k = 0; k < m->v.count; k++) {
    struct dep_atom *a = &m->atom[k];
    if (is_whole(a) && atom.kind == DEP_POSITIONS) return;
    if (a->axis != atom.axis || a->kind != atom.kind) continue;
    if (a->kind == DEP_LENGTH) return;
    if (a->from != atom.from || a->to != atom.to) continue;
    if (a->kind == DEP_PLACED && a->ahead.at != atom.ahead.at) continue;
    join(m, a, &atom);
    return;
  }
  if (m->v.count == DEP_ATOMS && !join_all(m)) { /* too many ways to tell apart */
    bool length = false;
    for (int k = 0; k < m->v.count; k++) length = length || m->atom[k].kind != DEP_POSITIONS;
    m->v.count = 0;
    dep_add_all(m, atom.arg, atom.from_atom, DEP_POSITIONS);
    if (length || atom.kind != DEP_POSITIONS) dep_add_all(m, atom.arg, atom.from_atom, DEP_LENGTH);
    return;
  }
  m->atom[m->v.count++] = atom;
}

void dep_add_all(struct dep_making *m, int arg, int from_atom, int kind) {
  dep_add(m, (struct dep_atom){.kind = (uint8_t)kind,
                               .axis = DEP_EVERY,
                               .arg = (uint16_t)arg,
                               .from_atom = (uint16_t)from_atom,
                               .back = dep_far(),
                               .ahead = dep_far(),
                               .from = VM_NO_DIM,
                               .to = VM_NO_DIM});
}

/* ---- axes ---- */

static int parts_of(const struct dep_value *v, int type_axis, int *first) {
  int count = 0;
  *first = -1;
  for (int l = 0; l < v->axes; l++)
    if (v->axis_of[l] == type_axis && count++ == 0) *first = l;
  return count;
}

int dep_first_axis(const struct dep_value *v, int type_axis) {
  int first = -1;
  return parts_of(v, type_axis, &first) == 1 ? first : -1;
}

struct dep_route dep_same_axes(const struct dep_making *m, int k) {
  struct dep_route route = {.gone = -1, .neutral = NAN};
  int rank = m->d->g->node[m->node->arg[k]].type.rank;
  for (int a = 0; a < RT_MAX_RANK; a++)
    route.to[a] = (int8_t)(a < rank && a < m->node->type.rank ? a : DEP_GONE);
  return route;
}

void dep_axes_from(struct dep_making *m, int k, const struct dep_route *route) {
  const struct dep_value *from = dep_arg(m, k);
  for (int a = 0; from && a < RT_MAX_RANK; a++) {
    int first, at, parts = parts_of(from, a, &first);
    if (parts < 2 || route->to[a] < 0 || parts_of(&m->v, route->to[a], &at) != 1
        || m->v.axes + parts - 1 > DEP_AXES)
      continue;
    int behind = m->v.axes - at - 1;
    memmove(&m->v.dim[at + parts], &m->v.dim[at + 1], (size_t)behind * sizeof m->v.dim[0]);
    memmove(&m->v.axis_of[at + parts], &m->v.axis_of[at + 1], (size_t)behind);
    memcpy(&m->v.dim[at], &from->dim[first], (size_t)parts * sizeof m->v.dim[0]);
    memset(&m->v.axis_of[at], route->to[a], (size_t)parts);
    m->v.axes = (uint8_t)(m->v.axes + parts - 1);
  }
}

/* The axis of the result that axis l of an operand is; DEP_GONE: none. *lost: it is a part of one that is not
 * composed alike. */
static int axis_to(const struct dep_making *m, const struct dep_value *from, const struct dep_route *route,
                   int l, bool *lost) {
  if (dep_is_row(l)) return l;
  int a = from->axis_of[l], first, at;
  if (route->to[a] < 0) return DEP_GONE;
  int parts = parts_of(from, a, &first), there = parts_of(&m->v, route->to[a], &at);
  *lost = parts != there;
  return *lost ? DEP_GONE : at + (l - first);
}

void dep_support_from(struct dep_making *m, int k, const struct dep_route *route) {
  const struct dep_value *from = dep_arg(m, k);
  bool lost = false;
  if (!from || !from->support.known || m->v.support.known) return;
  int axis = axis_to(m, from, route, from->support.axis, &lost),
      other = axis_to(m, from, route, from->support.other, &lost);
  if (axis < 0 || other < 0) return;
  m->v.support = from->support;
  m->v.support.axis = (int8_t)axis;
  m->v.support.other = (int8_t)other;
}

/* ---- from an operand to the result ---- */

/* An axis that is gone, with index l, which is index n of an axis of the result plus least .. most. */
static void add_along(struct dep_making *m, struct dep_atom atom, int axis, struct ir_end least,
                      struct ir_end most) {
  struct ir_dependence *d = m->d;
  atom.axis = (int8_t)axis;
  atom.ahead = dep_plus(d, atom.ahead, most);
  atom.back = dep_minus(d, atom.back, least);
  atom.from = atom.to = VM_NO_DIM;
  dep_add(m, atom);
}

static struct ir_end minus(struct ir_dependence *d, struct ir_end a) {
  return a.far ? a : dep_minus(d, dep_number(d, 0), a);
}

/* Where the operand is not `neutral`, the axis that is gone is near another: that of its support. */
static bool by_support(struct dep_making *m, const struct dep_value *from, const struct dep_route *route,
                       struct dep_atom atom) {
  const struct dep_support *s = &from->support;
  bool lost = false;
  if (!s->known || s->outside != route->neutral || !dep_leaves_out(s, atom.axis)) return false;
  if (s->other == atom.axis) {
    int axis = axis_to(m, from, route, s->axis, &lost);
    if (axis < 0) return false;
    add_along(m, atom, axis, s->least, s->most);
    return true;
  }
  int axis = s->axis == atom.axis ? axis_to(m, from, route, s->other, &lost) : DEP_GONE;
  if (axis < 0) return false;
  add_along(m, atom, axis, minus(m->d, s->most), minus(m->d, s->least));
  return true;
}

/* All elements along an axis of a size that is not the text's: the last of them counts. */
static void add_last(struct dep_making *m, const struct dep_value *from, struct dep_atom atom) {
  vm_dim end = atom.to != VM_NO_DIM ? atom.to : from->dim[atom.axis];
  if (atom.ahead.far || dep_uses_length(m->d, end)) {
    atom.ahead = dep_far();
  } else
    atom.ahead = dep_plus(m->d, atom.ahead, dep_minus(m->d, dep_size(end), dep_number(m->d, 1)));
  atom.axis = DEP_EVERY;
  atom.back = dep_far();
  atom.from = atom.to = VM_NO_DIM;
  dep_add(m, atom);
}

static void add_gone(struct dep_making *m, const struct dep_value *from, const struct dep_route *route,
                     struct dep_atom atom) {
  if (atom.kind == DEP_PLACED) {
    dep_add_all(m, atom.arg, atom.from_atom, DEP_LENGTH);
    return;
  }
  if (by_support(m, from, route, atom)) return;
  int result = -1;
  if (route->gone == (int)from->axis_of[atom.axis] && dep_first_axis(from, route->gone) >= 0)
    result = dep_is_row(route->result) ? route->result : dep_first_axis(&m->v, route->result);
  if (result >= 0)
    add_along(m, atom, result, route->least, route->most);
  else
    add_last(m, from, atom);
}

void dep_pull_atom(struct dep_making *m, int k, int i, const struct dep_route *route) {
  const struct dep_value *from = dep_arg(m, k);
  struct dep_atom atom = from->atom[i];
  bool lost = false;
  atom.arg = (uint16_t)k;
  atom.from_atom = (uint16_t)i;
  if (atom.axis < 0 || dep_is_row(atom.axis)) {
    dep_add(m, atom);
    return;
  }
  int axis = axis_to(m, from, route, atom.axis, &lost);
  if (lost) {
    dep_add_all(m, k, i, atom.kind == DEP_POSITIONS ? DEP_POSITIONS : DEP_LENGTH);
  } else if (axis < 0) {
    add_gone(m, from, route, atom);
  } else {
    atom.axis = (int8_t)axis;
    dep_add(m, atom);
  }
}

/* How many there are of an axis of the value, or of the steps; VM_NO_DIM: that is not known. */
static vm_dim count_of(const struct dep_making *m, const struct dep_value *v, int axis) {
  if (dep_is_row(axis)) return axis == dep_row_at(m->d->depth) ? m->d->steps : VM_NO_DIM;
  return axis < 0 ? VM_NO_DIM : v->dim[axis];
}

/* An axis of so many that is gone was seen up to the index of another, of which there are `stays`, and so
 * much: is that behind its end for the last ones? There less is seen than in a longer text. */
static bool passes_end(struct ir_dependence *d, struct ir_end most, vm_dim gone, vm_dim stays) {
  if (most.far || gone == VM_NO_DIM || stays == VM_NO_DIM) return true;
  return !dep_is_past(d, dep_minus(d, most, dep_minus(d, dep_size(gone), dep_size(stays))));
}

/* Does what is known of an axis that is gone leave open how long it is? */
static bool is_open(const struct dep_making *m, int k, int axis, const struct dep_route *route) {
  const struct dep_value *from = dep_arg(m, k);
  double number;
  if (dep_is_number(m->d->g, m->node->arg[k], &number) && (number == route->neutral || route->neutral < 0))
    return false;
  struct ir_dependence *d = m->d;
  if (route->gone == axis) {
    bool row = dep_is_row(route->result);
    vm_dim stays = count_of(m, &m->v, row ? route->result : dep_first_axis(&m->v, route->result));
    return passes_end(d, route->most, dep_arg_node(m, k)->type.dim[axis], stays);
  }
  if (!from || !dep_outside_is(from, route->neutral)) return true;
  const struct dep_support *s = &from->support;
  bool lost = false;
  if (s->unsure != DEP_SURE && !dep_leaves_out(s, dep_first_axis(from, axis))) return true;
  if (from->axis_of[s->other] == axis && axis_to(m, from, route, s->axis, &lost) >= 0)
    return passes_end(d, s->most, from->dim[s->other], count_of(m, from, s->axis));
  if (!dep_is_row(s->axis) && from->axis_of[s->axis] == axis && axis_to(m, from, route, s->other, &lost) >= 0)
    return passes_end(d, minus(d, s->least), from->dim[s->axis], from->dim[s->other]);
  return true;
}

void dep_pull(struct dep_making *m, int k, const struct dep_route *route) {
  const struct dep_value *from = dep_arg(m, k);
  const struct vm_type *type = &dep_arg_node(m, k)->type;
  for (int i = 0; from && i < from->count; i++) dep_pull_atom(m, k, i, route);
  for (int a = 0; route->runs && a < type->rank; a++)
    if (route->to[a] < 0 && dep_uses_length(m->d, type->dim[a]) && is_open(m, k, a, route))
      dep_add_all(m, k, DEP_NO_ARG, DEP_LENGTH);
}

/* ---- what rules ask ---- */

bool dep_is_number(const struct ir_graph *g, ir_id id, double *number) {
  const struct ir_node *n = &g->node[id];
  while (n->op == OP_expand || n->op == OP_reshape || n->op == OP_stop) n = &g->node[n->arg[0]];
  *number = n->real;
  return n->op == OP_constant;
}

void dep_keep_support(struct dep_making *m, int k) {
  const struct dep_route same = dep_same_axes(m, k);
  dep_support_from(m, k, &same);
}
