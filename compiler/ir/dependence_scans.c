/* dependence_scans.c: the dependence of what recurrences make: their state carries on what came before. */
#include "compiler/ir/dependence_parts.h"
#include "compiler/ir/passes.h"

#include <string.h>

/* A body being walked: what its arguments are made of, in terms of the scan's operands. */
struct stepping {
  struct dep_making *m;
  const struct ir_scan *scan;
  struct ir_dependence body;
  const struct dep_value **given; /* by argument of the body */
};

/* The axis that a step of this recurrence is. One around it has its own. */
static int8_t own_row(const struct stepping *s) { return dep_row_at(s->body.depth); }

static struct ir_end turned(struct ir_dependence *d, struct ir_end a) {
  return a.far ? a : dep_minus(d, dep_number(d, 0), a);
}

/* The support of a sequence of rows, as one of the row at hand: if it is about the first axis. */
static struct dep_support of_row(const struct stepping *s, const struct dep_value *from, int parts) {
  struct dep_support made = from->support;
  struct ir_dependence *d = s->m->d;
  made.known = made.known && parts == 1 && !dep_is_row(made.axis) && (!made.axis || !made.other);
  if (!made.known) return made;
  if (!made.other) { /* j - i, and not i - j */
    made.other = made.axis;
    made.least = turned(d, from->support.most);
    made.most = turned(d, from->support.least);
    if (made.unsure != DEP_SURE)
      made.unsure = made.unsure == DEP_ALL_ALONG_AXIS ? DEP_ALL_ALONG_OTHER : DEP_ALL_ALONG_AXIS;
  }
  made.axis = own_row(s);
  made.other--;
  return made;
}

/* An operand of the scan as an argument of its body: rows lose their first axis. */
static const struct dep_value *as_argument(struct stepping *s, int k) {
  const struct dep_value *from = dep_arg(s->m, k);
  struct dep_making m;
  bool rows = k >= 1 && k <= s->scan->sequence_count;
  if (!from) return NULL;
  memset(&m, 0, sizeof m);
  m.d = s->m->d;
  m.v = *from;
  m.v.count = 0;
  m.v.atom = m.atom;
  bool single = dep_first_axis(from, 0) == 0;
  if (rows) {
    int parts = 0;
    while (parts < from->axes && from->axis_of[parts] == 0) parts++;
    m.v.axes = (uint8_t)(from->axes - parts);
    m.v.support = of_row(s, from, parts);
    for (int l = 0; l < m.v.axes; l++) {
      m.v.axis_of[l] = (uint8_t)(from->axis_of[l + parts] - 1);
      m.v.dim[l] = from->dim[l + parts];
    }
  }
  for (int i = 0; i < from->count; i++) {
    struct dep_atom atom = from->atom[i];
    bool along = rows && atom.axis >= 0 && !dep_is_row(atom.axis),
         first = along && from->axis_of[atom.axis] == 0;
    atom.arg = (uint16_t)k;
    atom.from_atom = (uint16_t)i;
    atom.inside = NULL;
    if (first && (!single || atom.kind == DEP_PLACED)) {
      dep_add_all(&m, k, i, atom.kind == DEP_POSITIONS ? DEP_POSITIONS : DEP_LENGTH);
      continue;
    }
    if (first) {
      atom.axis = own_row(s);
      atom.from = atom.to = VM_NO_DIM;
    } else if (along)
      atom.axis = (int8_t)(atom.axis - (from->axes - m.v.axes));
    dep_add(&m, atom);
  }
  return dep_keep(&m);
}

/* What the values in a step may be: the state is finite if steps make finite numbers of such. */
static int find_numbers(struct stepping *s) {
  const struct dep_making *m = s->m;
  const struct ir_scan *scan = s->scan;
  struct ir_numbers *argument = rt_zalloc((size_t)m->node->arg_count, sizeof *argument);
  if (!argument) return RT_NO_MEMORY;
  for (int k = 0; k < m->node->arg_count; k++) argument[k] = m->d->numbers[m->node->arg[k]];
  argument[0] = m->d->numbers[m->id]; /* any finite ones, or any at all */
  int status = ir_find_numbers(scan->body, argument, s->body.numbers);
  rt_free(argument);
  return status;
}

/* Which arguments are range(n) and a size, or as rows of that the number of the step. */
static const vm_dim *find_counts(const struct stepping *s) {
  const struct dep_making *m = s->m;
  const struct ir_around around = dep_around(m->d);
  vm_dim *counts = rt_arena_alloc(m->d->arena, (size_t)m->node->arg_count * sizeof *counts);
  bool any = false;
  for (int k = 0; counts && k < m->node->arg_count; k++) {
    struct ir_formula formula;
    struct ir_place place;
    counts[k] = VM_NO_DIM;
    if (k < 1 || dep_arg_node(m, k)->type.rank != 1) continue;
    ir_formula_of_node(&around, m->node->arg[k], 0, -1, &formula);
    if (!formula.count || !ir_formula_place(&formula, formula.result, m->d->dims, &place) || place.i != 1
        || place.j != 0)
      continue;
    counts[k] = place.size;
    any = true;
  }
  return any ? counts : NULL;
}

static void walk_body(struct stepping *s) {
  const struct ir_graph *g = s->scan->body;
  memset(s->body.value, 0, g->count * sizeof *s->body.value);
  s->body.scan = NULL;
  for (ir_id n = 1; n < g->count; n++)
    if (g->node[n].op == OP_input) s->body.value[n] = s->given[g->node[n].attr[0]];
  s->body.walk(&s->body);
  s->m->d->failed = s->m->d->failed || s->body.failed;
}

/* By which operand of the scan an atom of the body's node came, and where in the body it became bad. */
static void trace(const struct stepping *s, ir_id node, int i, struct dep_atom *atom) {
  const struct ir_graph *g = s->scan->body;
  struct ir_dependence *d = s->m->d;
  const struct dep_value *v = s->body.value[node];
  const struct ir_node *bad = NULL;
  bool was_bad = false;
  atom->inside = NULL;
  while (v && i < v->count) {
    const struct dep_atom *a = &v->atom[i];
    bool is_bad = dep_is_bad(d, a), is_given = g->node[node].op == OP_input;
    if (was_bad && !is_bad && !atom->inside) atom->inside = bad;
    was_bad = is_bad;
    bad = g->node[node].op == OP_scan || g->node[node].op == OP_result || is_given ? a->inside : NULL;
    if (!bad && !is_given) bad = &g->node[node];
    if (is_given || a->arg == DEP_NO_ARG) break;
    node = dep_came_by(g, node, a);
    i = a->from_atom;
    v = s->body.value[node];
  }
  bool found = v && g->node[node].op == OP_input && i < v->count;
  if (was_bad && !atom->inside) atom->inside = bad;
  atom->arg = found ? v->atom[i].arg : DEP_NO_ARG;
  atom->from_atom = found ? v->atom[i].from_atom : DEP_NO_ARG;
}

/* What was made of a row is carried on: to all steps that come after. */
static void carry(const struct stepping *s, struct dep_atom *atom) {
  if (atom->axis != own_row(s)) return;
  if (s->scan->reverse)
    atom->ahead = dep_far();
  else
    atom->back = dep_far();
}

static bool same_atoms(const struct dep_value *a, const struct dep_value *b) {
  if (!a || !b) return a == b;
  if (a->count != b->count) return false;
  for (int i = 0; i < a->count; i++) {
    const struct dep_atom *x = &a->atom[i], *y = &b->atom[i];
    if (x->kind != y->kind || x->axis != y->axis || x->ahead.far != y->ahead.far || x->ahead.at != y->ahead.at
        || x->back.far != y->back.far || x->back.at != y->back.at || x->from != y->from || x->to != y->to)
      return false;
  }
  return true;
}

/* The state again, with what a step made of it. */
static const struct dep_value *next_state(struct stepping *s, bool last) {
  const struct dep_value *now = s->given[0], *made = s->body.value[s->scan->result[0]];
  const struct vm_type *type = &s->scan->argument[0];
  struct dep_making m;
  memset(&m, 0, sizeof m);
  m.d = s->m->d;
  m.v.atom = m.atom;
  m.v.axes = type->rank;
  for (int a = 0; a < type->rank; a++) {
    m.v.axis_of[a] = (uint8_t)a;
    m.v.dim[a] = type->dim[a];
  }
  for (int i = 0; now && i < now->count; i++) dep_add(&m, now->atom[i]);
  for (int i = 0; made && i < made->count; i++) {
    struct dep_atom atom = made->atom[i];
    bool plain = made->axes == m.v.axes;
    trace(s, s->scan->result[0], i, &atom);
    carry(s, &atom);
    if (last || (atom.axis >= 0 && !dep_is_row(atom.axis) && !plain))
      dep_add_all(&m, atom.arg, atom.from_atom, atom.kind == DEP_POSITIONS ? DEP_POSITIONS : DEP_LENGTH);
    else
      dep_add(&m, atom);
  }
  return dep_keep(&m);
}

/* A result of the body as one for each step: it gets their axis first. */
static const struct dep_value *collected(struct stepping *s, int number) {
  const ir_id node = s->scan->result[number];
  const struct dep_value *made = s->body.value[node];
  const struct vm_type *type = &s->scan->body->node[node].type;
  struct dep_making m;
  memset(&m, 0, sizeof m);
  m.d = s->m->d;
  m.v.atom = m.atom;
  m.v.dim[0] = s->m->node->type.dim[0];
  m.v.axes = (uint8_t)(type->rank + 1);
  for (int a = 0; a < type->rank; a++) {
    m.v.axis_of[a + 1] = (uint8_t)(a + 1);
    m.v.dim[a + 1] = type->dim[a];
  }
  for (int i = 0; made && i < made->count; i++) {
    struct dep_atom atom = made->atom[i];
    trace(s, node, i, &atom);
    if (number == 0) carry(s, &atom);
    bool along = atom.axis >= 0 && !dep_is_row(atom.axis);
    if (atom.axis == own_row(s)) {
      atom.axis = 0;
    } else if (along && made->axes == type->rank) {
      atom.axis++;
    } else if (along) {
      dep_add_all(&m, atom.arg, atom.from_atom, atom.kind == DEP_POSITIONS ? DEP_POSITIONS : DEP_LENGTH);
      continue;
    }
    dep_add(&m, atom);
  }
  /* What counts from the end on, whatever it counts, tells how far that is. */
  if (s->scan->reverse && dep_uses_length(m.d, m.v.dim[0]))
    dep_add_all(&m, DEP_NO_ARG, DEP_NO_ARG, DEP_LENGTH);
  return dep_keep(&m);
}

static void take_result(struct dep_making *m, const struct dep_value *v) {
  if (!v) return;
  m->v = *v;
  m->v.atom = m->atom;
  memcpy(m->atom, v->atom, sizeof *m->atom * (size_t)v->count);
}

static void collect(struct stepping *s) {
  struct ir_dependence *d = s->m->d;
  int given = s->scan->result_count > 1 ? 1 : 0, count = s->scan->result_count - given - 1;
  take_result(s->m, collected(s, given));
  if (count < 1) return;
  struct dep_scan *more = rt_arena_alloc(d->arena, sizeof *more);
  if (more) more->value = rt_arena_alloc(d->arena, (size_t)count * sizeof *more->value);
  if (!more || !more->value) {
    d->failed = true;
    return;
  }
  more->node = s->m->id;
  more->count = count;
  for (int k = 0; k < count; k++) more->value[k] = collected(s, given + 1 + k);
  more->next = d->scan;
  d->scan = more;
}

static void all_of_operands(struct dep_making *m) {
  for (int k = 0; k < m->node->arg_count; k++) {
    const struct dep_value *from = dep_arg(m, k);
    for (int i = 0; from && i < from->count; i++)
      dep_add_all(m, k, i, from->atom[i].kind == DEP_POSITIONS ? DEP_POSITIONS : DEP_LENGTH);
  }
}

void dep_scan_op(struct dep_making *m) {
  enum { ROUNDS = 6, DEPTH = 3 }; /* each within another takes as many rounds as both */
  struct ir_dependence *d = m->d;
  if (d->depth == DEPTH) {
    all_of_operands(m);
    dep_add_all(m, DEP_NO_ARG, DEP_NO_ARG, DEP_LENGTH); /* the body may use it */
    return;
  }
  struct stepping *s = rt_zalloc(1, sizeof *s);
  if (!s) {
    d->failed = true;
    return;
  }
  s->m = m;
  s->scan = ir_scan_of(d->g, m->node);
  s->body = *d;
  s->body.depth = d->depth + 1;
  s->body.g = s->scan->body;
  s->body.value = rt_zalloc(s->scan->body->count, sizeof *s->body.value);
  s->given = rt_zalloc((size_t)m->node->arg_count, sizeof *s->given);
  s->body.numbers = rt_zalloc(s->scan->body->count, sizeof *s->body.numbers);
  s->body.counts = find_counts(s);
  s->body.steps = m->node->arg_count > 1 ? dep_arg_node(m, 1)->type.dim[0] : VM_NO_DIM;
  bool fine = s->body.value && s->given && s->body.numbers && find_numbers(s) == RT_OK;
  for (int k = 0; fine && k < m->node->arg_count; k++) s->given[k] = as_argument(s, k);
  for (int round = 0; fine && round < ROUNDS; round++) {
    walk_body(s);
    const struct dep_value *next = next_state(s, round >= ROUNDS - 2);
    if (same_atoms(next, s->given[0])) break;
    s->given[0] = next;
  }
  if (fine) collect(s);
  d->failed = d->failed || !fine;
  rt_free(s->body.value);
  rt_free(s->body.numbers);
  rt_free(s->given);
  rt_free(s);
}
