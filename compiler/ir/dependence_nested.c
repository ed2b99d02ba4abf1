/* dependence_nested.c: the dependence of what contains programs: heads, whose masks say which keys a query
 * meets, and recurrences, whose state carries on what came before. */
#include "compiler/ir/dependence_parts.h"
#include "compiler/ir/passes.h"

#include <math.h>
#include <string.h>

/* ---- heads ---- */

struct looking {
  struct dep_making *m;
  const struct ir_head *head;
  struct ir_formula mask, score;
  bool uses_j;                              /* the score computes with the place of a key */
  vm_dim placed[ATTEND_MAX_EXTRAS];         /* what the index of a table is counted from; VM_NO_DIM: 0 */
  int i_axis, h_axis, j_axis, feature_axis; /* of the result; -1: it has none */
  vm_dim queries, keys;
};

static int axis_with(const struct attend_operand *o, uint8_t role) {
  for (int a = 0; a < o->rank; a++)
    if (o->role[a] == role) return a;
  return -1;
}

static const struct attend_operand *operand_of(const struct looking *l, int k) {
  bool weights = l->m->node->op == OP_attention_weights;
  const struct ir_head *head = l->head;
  if (k < 2) return k ? &head->key : &head->query;
  if (k == 2 && !weights) return &head->value;
  return &head->extra[k - (weights ? 2 : 3)];
}

static bool computes_with_j(const struct ir_slot *slot) {
  const struct ir_graph *g = slot->graph;
  bool found = false;
  bool *live = g && slot->result_count ? rt_zalloc(g->count, sizeof *live) : NULL;
  if (!live) return g && slot->result_count;
  ir_mark_live(g, 1, slot->result, live);
  for (ir_id n = 1; n < g->count; n++)
    found = found || (live[n] && g->node[n].op == OP_input && g->node[n].attr[0] == IR_LEAF_J);
  rt_free(live);
  return found;
}

/* The keys between `from` and `to` that stand at n - shift: how far a query sees them. */
static void add_seen(struct looking *l, struct dep_atom atom) {
  struct dep_making *m = l->m;
  struct ir_dependence *d = m->d;
  const struct ir_box box = {d->dims, l->queries, atom.from, atom.to != VM_NO_DIM ? atom.to : l->keys};
  enum ir_question weight = l->head->softmax ? IR_WHERE_SOFTMAX : IR_WHERE_WEIGHT;
  const struct ir_asked asked[] = {{&l->mask, IR_WHERE_TRUE}, {&l->score, weight}};
  vm_dim shift = VM_NO_DIM;
  if (!atom.ahead.far
      && (shift = vm_dim_minus(d->dims, vm_dim_number(d->dims, 0), atom.ahead.at)) == VM_NO_DIM)
    atom.ahead = dep_far();
  struct ir_gap most = atom.ahead.far ? (struct ir_gap){.far = true} : ir_most_ahead(asked, 2, &box, shift);
  if (most.never) return;
  struct ir_gap least =
      atom.back.far ? (struct ir_gap){.far = true} : ir_most_behind(asked, 2, &box, atom.back.at);
  atom.axis = (int8_t)dep_first_axis(&m->v, l->i_axis);
  atom.ahead = most.far ? dep_far() : dep_number(d, most.at);
  atom.back = least.far ? dep_far() : dep_number(d, -least.at);
  if (atom.ahead.far) {
    atom.axis = DEP_EVERY;
    atom.back = dep_far();
  }
  atom.from = atom.to = VM_NO_DIM;
  dep_add(m, atom);
}

/* Does all of what the length places go with it, as a memory behind the text does? The rows from T on of a
 * table do not: which ones they are depends on T. */
static bool is_carried_whole(const struct looking *l, const struct dep_atom *atom) {
  struct vm_dims *dims = l->m->d->dims;
  if (atom->ahead.far) return false;
  vm_dim from = vm_dim_minus(dims, atom->from == VM_NO_DIM ? vm_dim_number(dims, 0) : atom->from,
                             atom->ahead.at),
         to = vm_dim_minus(dims, atom->to == VM_NO_DIM ? l->keys : atom->to, atom->ahead.at);
  return from != VM_NO_DIM && to != VM_NO_DIM && !dep_uses_length(l->m->d, from)
         && !dep_uses_length(l->m->d, to);
}

/* Keys that stand where the length says: it does not matter in what order they are summed, but where a
 * formula computes with their places it shows. */
static void add_placed_keys(struct looking *l, const struct dep_atom *atom) {
  const struct ir_box box = {l->m->d->dims, l->queries, atom->from, atom->to};
  bool told = !l->mask.count || ir_surely(&l->mask, &box, true) || ir_surely(&l->mask, &box, false);
  if (!told || l->uses_j || !is_carried_whole(l, atom))
    dep_add_all(l->m, atom->arg, atom->from_atom, DEP_LENGTH);
}

static int extra_number(const struct looking *l, int k) {
  return k - (l->m->node->op == OP_attention_weights ? 2 : 3);
}

/* The step of a formula that picks an element of the table. */
static int pick_of(const struct ir_formula *formula, int extra) {
  for (int k = 0; k < formula->count; k++)
    if (formula->step[k].is == IR_STEP_PICK && formula->step[k].op == extra) return formula->step[k].arg[0];
  return -1;
}

/* A table that is read at i or j, or so many places before or behind: then its last axis is one of those. */
static bool is_read_at(struct looking *l, int extra, struct ir_place *place) {
  const struct ir_formula *all[] = {&l->score, &l->mask};
  for (int f = 0; f < 2; f++) {
    int step = pick_of(all[f], extra);
    if (step < 0 || !ir_formula_place(all[f], step, l->m->d->dims, place)) continue;
    return (place->i == 1 && place->j == 0) || (place->i == 0 && place->j == 1);
  }
  return false;
}

/* An atom of such a table, along its last axis. Places in front of the first are the first. */
static void add_read(struct looking *l, struct dep_atom atom, const struct ir_place *place) {
  struct ir_dependence *d = l->m->d;
  struct ir_end by = dep_size(place->size);
  struct dep_atom first = atom;
  first.axis = DEP_EVERY;
  first.back = dep_far();
  first.from = first.to = VM_NO_DIM;
  atom.ahead = dep_plus(d, atom.ahead, by);
  atom.back = dep_minus(d, atom.back, by);
  atom.from = atom.from == VM_NO_DIM ? atom.from : vm_dim_minus(d->dims, atom.from, place->size);
  atom.to = VM_NO_DIM;
  if (!ir_never_negative(d->dims, place->size)) dep_add(l->m, first);
  if (place->j == 1) {
    add_seen(l, atom);
  } else {
    atom.axis = (int8_t)dep_first_axis(&l->m->v, l->i_axis);
    atom.from = VM_NO_DIM;
    dep_add(l->m, atom);
  }
}

/* What the formulas make of the length of the text, which is an extra or the place that a table is counted
 * from, is asked of them, and not taken for granted. */
static bool is_asked(const struct looking *l, int k, const struct dep_atom *atom) {
  int extra = extra_number(l, k);
  if (extra < 0) return false;
  const struct ir_node *n = &l->m->d->g->node[l->m->node->arg[k]];
  return (atom->kind == DEP_LENGTH && n->op == OP_size)
         || (atom->kind == DEP_PLACED && l->placed[extra] == atom->ahead.at);
}

static void pull_operand(struct looking *l, int k) {
  struct dep_making *m = l->m;
  const struct attend_operand *o = operand_of(l, k);
  const struct dep_value *from = dep_arg(m, k);
  struct dep_route route = {.gone = -1, .neutral = NAN};
  struct ir_place place;
  int extra = extra_number(l, k), last = o->rank - 1;
  bool read = from && extra >= 0 && o->rank && o->role[last] == ATTEND_FEATURE && l->i_axis >= 0
              && is_read_at(l, extra, &place);
  for (int a = 0; a < RT_MAX_RANK; a++) {
    uint8_t role = a < o->rank ? o->role[a] : ATTEND_FEATURE;
    bool value = k == 2 && m->node->op == OP_attention && a < o->rank;
    int to = role == ATTEND_I   ? l->i_axis
             : role == ATTEND_H ? l->h_axis
             : role == ATTEND_J ? l->j_axis
             : value            ? l->feature_axis
                                : -1;
    route.to[a] = (int8_t)(to < 0 ? DEP_GONE : to);
  }
  for (int i = 0; from && i < from->count; i++) {
    struct dep_atom atom = from->atom[i];
    bool along = atom.axis >= 0 && !dep_is_row(atom.axis);
    int axis = along ? from->axis_of[atom.axis] : 0;
    bool key = along && axis < o->rank && o->role[axis] == ATTEND_J && dep_first_axis(from, axis) >= 0;
    atom.arg = (uint16_t)k;
    atom.from_atom = (uint16_t)i;
    bool weighted = k != 2 || m->node->op != OP_attention || !dep_is_wild(m, k),
         along_last = along && axis == last && dep_first_axis(from, last) >= 0;
    if (is_asked(l, k, &atom)) continue;
    if (key && atom.kind == DEP_PLACED)
      add_placed_keys(l, &atom);
    else if (read && along_last && atom.kind == DEP_POSITIONS && dep_first_axis(&m->v, l->i_axis) >= 0)
      add_read(l, atom, &place);
    else if (key && weighted && l->i_axis >= 0 && dep_first_axis(&m->v, l->i_axis) >= 0)
      add_seen(l, atom);
    else
      dep_pull_atom(m, k, i, &route);
  }
}

static void find_placed(struct looking *l) {
  const struct dep_making *m = l->m;
  for (int k = 0; k < ATTEND_MAX_EXTRAS; k++) l->placed[k] = VM_NO_DIM;
  for (int k = 0; k < m->node->arg_count; k++) {
    int extra = extra_number(l, k);
    const struct dep_value *from = dep_arg(m, k);
    const struct attend_operand *o = operand_of(l, k);
    for (int i = 0; extra >= 0 && from && i < from->count; i++) {
      const struct dep_atom *a = &from->atom[i];
      bool along = a->kind == DEP_PLACED && a->from == VM_NO_DIM && a->to == VM_NO_DIM;
      if (along && from->axis_of[a->axis] == o->rank - 1 && o->role[o->rank - 1] == ATTEND_FEATURE)
        l->placed[extra] = a->ahead.at;
    }
  }
}

/* Where the keys come from several sequences, the formulas are asked about each by itself: `j <= i or j >= T`
 * is about the text for the first T, and always true for those behind. */
static void ask_for_length(struct looking *l) {
  struct dep_making *m = l->m;
  const uint32_t length = m->d->text->length;
  struct ir_box box = {m->d->dims, l->queries, VM_NO_DIM, l->keys}, behind = box;
  const struct dep_value *key = dep_arg(m, 1);
  for (int i = 0; key && i < key->count; i++)
    if (key->atom[i].kind == DEP_PLACED && key->atom[i].from != VM_NO_DIM) {
      box.to = key->atom[i].from;
      behind.from = key->atom[i].from;
    }
  bool tells = ir_formula_tells(&l->mask, &box, length, l->placed)
               || ir_formula_tells(&l->score, &box, length, l->placed);
  if (behind.from != VM_NO_DIM)
    tells = tells || ir_formula_tells(&l->mask, &behind, length, l->placed)
            || ir_formula_tells(&l->score, &behind, length, l->placed);
  /* As many keys as there are more than queries, such as those of a text before, are in front of the first
   * query's own. A query that may see keys behind its own sees fewer near the end of the text. */
  const struct ir_asked asked[] = {{&l->mask, IR_WHERE_TRUE},
                                   {&l->score, l->head->softmax ? IR_WHERE_SOFTMAX : IR_WHERE_WEIGHT}};
  vm_dim more = vm_dim_minus(m->d->dims, box.to, l->queries);
  struct ir_gap most = more == VM_NO_DIM ? (struct ir_gap){.far = true} : ir_most_ahead(asked, 2, &box, more);
  bool over_text =
      dep_uses_length(m->d, box.to) && (l->i_axis < 0 || (!most.never && (most.far || most.at > 0)));
  if (over_text
      || (behind.from != VM_NO_DIM && dep_uses_length(m->d, vm_dim_minus(m->d->dims, l->keys, behind.from))))
    dep_add_all(m, 1, DEP_NO_ARG, DEP_LENGTH);
  bool unknown = (l->head->mask.graph && !l->mask.count) || !l->score.count;
  for (int k = 0; (tells || unknown) && k < m->node->arg_count; k++) {
    const struct dep_value *from = dep_arg(m, k);
    for (int i = 0; from && i < from->count; i++)
      if (is_asked(l, k, &from->atom[i])) dep_add_all(m, k, i, DEP_LENGTH);
  }
}

void dep_attention(struct dep_making *m) {
  const struct ir_graph *g = m->d->g;
  struct looking l = {.m = m, .head = g->head[m->node->attr[0]]};
  bool weights = m->node->op == OP_attention_weights, any = false;
  int key = axis_with(&l.head->key, ATTEND_J);
  l.i_axis = axis_with(&l.head->out, ATTEND_I);
  l.h_axis = axis_with(&l.head->out, ATTEND_H);
  l.feature_axis = m->node->type.rank - 1;
  l.j_axis = -1;
  if (weights) {
    l.h_axis = l.h_axis < 0 ? -1 : 0;
    l.i_axis = l.i_axis < 0 ? -1 : l.h_axis + 1;
    l.j_axis = m->node->type.rank - 1;
  }
  l.queries = l.i_axis < 0 ? VM_ONE : m->node->type.dim[l.i_axis];
  for (int k = 0; k < m->node->arg_count; k++) any = any || dep_arg(m, k);
  l.keys = key < 0 ? VM_ONE : g->node[m->node->arg[1]].type.dim[key];
  if (!any && !dep_uses_length(m->d, l.keys)) return;
  struct ir_node attention = *m->node; /* extras are numbered as the op's */
  ir_id arg[3 + ATTEND_MAX_EXTRAS];
  if (weights) {
    memcpy(arg, attention.arg, 2 * sizeof *arg);
    for (int k = 2; k < attention.arg_count; k++) arg[k + 1] = attention.arg[k];
    arg[2] = attention.arg[1];
    attention.arg = arg;
  }
  l.uses_j = computes_with_j(&l.head->score) || computes_with_j(&l.head->drop);
  const struct ir_around around = dep_around(m->d);
  if (ir_formula_of_slot(&around, &attention, &l.head->mask, &l.mask) != RT_OK
      || ir_formula_of_slot(&around, &attention, &l.head->score, &l.score) != RT_OK)
    m->d->failed = true;
  find_placed(&l);
  for (int k = 0; k < m->node->arg_count; k++) pull_operand(&l, k);
  ask_for_length(&l);
}

/* ---- recurrences ---- */

/* A body being walked: what its arguments are made of, in terms of the scan's operands. */
struct stepping {
  struct dep_making *m;
  const struct ir_scan *scan;
  struct ir_dependence body;
  const struct dep_value **given; /* by argument of the body */
};

/* The axis that a step of this recurrence is. One around it has its own. */
static int8_t own_row(const struct stepping *s) { return (int8_t)(DEP_ROW + s->body.depth - 1); }

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
  m.v.support.known = from->support.known && !rows;
  bool single = dep_first_axis(from, 0) == 0;
  if (rows) {
    int parts = 0;
    while (parts < from->axes && from->axis_of[parts] == 0) parts++;
    m.v.axes = (uint8_t)(from->axes - parts);
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
