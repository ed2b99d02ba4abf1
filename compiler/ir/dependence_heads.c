/* dependence_heads.c: the dependence of what heads make: their masks say which keys a query meets. */
#include "compiler/ir/dependence_parts.h"
#include "compiler/ir/passes.h"

#include <math.h>
#include <string.h>

struct looking {
  struct dep_making *m;
  const struct ir_head *head;
  struct ir_formula mask, score, drop;
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

/* What a score must be for a key to count. */
static enum ir_question weight_of(const struct looking *l) {
  return l->head->softmax ? IR_WHERE_SOFTMAX : IR_WHERE_WEIGHT;
}

/* The keys between `from` and `to` that stand at n - shift: how far a query sees them. */
static void add_seen(struct looking *l, struct dep_atom atom) {
  struct dep_making *m = l->m;
  struct ir_dependence *d = m->d;
  struct ir_box box = {d->dims, l->queries, atom.from, atom.to != VM_NO_DIM ? atom.to : l->keys};
  const struct ir_asked asked[] = {{&l->mask, IR_WHERE_TRUE}, {&l->score, weight_of(l)}};
  vm_dim shift = VM_NO_DIM;
  if (!atom.ahead.far
      && (shift = vm_dim_minus(d->dims, vm_dim_number(d->dims, 0), atom.ahead.at)) == VM_NO_DIM)
    atom.ahead = dep_far();
  /* The first keys are of no position where each is of one that is so much before it. */
  if (box.from == VM_NO_DIM && shift != VM_NO_DIM && vm_never_negative(d->dims, shift)) box.from = shift;
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

/* A table that is read at i or j, or so many places before or behind: then its last axis is one of those. Or
 * at one place. */
static bool is_read_at(struct looking *l, int extra, struct ir_place *place) {
  const struct ir_formula *all[] = {&l->score, &l->mask};
  for (int f = 0; f < 2; f++) {
    int step = pick_of(all[f], extra);
    if (step < 0 || !ir_formula_place(all[f], step, l->m->d->dims, place)) continue;
    return (place->i == 1 && place->j == 0) || (place->i == 0 && place->j == 1)
           || (place->i == 0 && place->j == 0);
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
  if (!vm_never_negative(d->dims, place->size)) dep_add(l->m, first);
  if (place->j == 0 && place->i == 0) {
    first.ahead = atom.ahead;
    dep_add(l->m, first);
  } else if (place->j == 1) {
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

/* A table that is read beyond its ends shows where they are: that of P[0..T] is the end of the text, and so
 * is every end of what is counted from the length on. */
static void check_reads(struct looking *l) {
  struct dep_making *m = l->m;
  const struct ir_formula *all[] = {&l->score, &l->mask, &l->drop};
  const struct ir_asked asked[] = {{&l->mask, IR_WHERE_TRUE}, {&l->score, weight_of(l)}};
  const struct ir_box box = {m->d->dims, l->queries, VM_NO_DIM, l->keys};
  double number;
  for (int k = 0; k < m->node->arg_count; k++) {
    const int extra = extra_number(l, k);
    const struct attend_operand *o = operand_of(l, k);
    if (extra < 0 || !o->rank || o->role[o->rank - 1] != ATTEND_FEATURE
        || dep_is_number(m->d->g, m->node->arg[k], &number))
      continue;
    const vm_dim length = dep_arg_node(m, k)->type.dim[o->rank - 1];
    const bool placed = l->placed[extra] != VM_NO_DIM;
    if (!placed && !dep_uses_length(m->d, length)) continue;
    for (int f = 0; f < 3; f++) {
      int step = pick_of(all[f], extra);
      if (step < 0) continue;
      struct ir_beyond beyond = ir_reads_beyond(all[f], step, length, asked, 2, &box);
      if (beyond.behind || (placed && beyond.front)) dep_add_all(m, k, DEP_NO_ARG, DEP_LENGTH);
    }
  }
}

/* How many there are of a size at least, whatever the length of the text. */
static vm_dim least_of(const struct looking *l, vm_dim size) {
  struct vm_dims *dims = l->m->d->dims;
  int64_t low = 0, high = 1 << 20;
  while (low + 1 < high) {
    int64_t middle = low + (high - low) / 2;
    bool more = vm_never_negative(dims, vm_dim_minus(dims, size, vm_dim_number(dims, middle)));
    *(more ? &low : &high) = middle;
  }
  return vm_dim_number(dims, low);
}

/* May a query see a key that a shorter text with this query lacks? As many keys as there are more than
 * queries, such as those of a text before, are in front of the first query's own. A query that may see keys
 * behind its own sees fewer near the end of the text, unless there are these in every text. */
static bool sees_the_end(const struct looking *l, const struct ir_box *box) {
  struct ir_dependence *d = l->m->d;
  const struct ir_asked asked[] = {{&l->mask, IR_WHERE_TRUE}, {&l->score, weight_of(l)}};
  struct ir_box end = *box;
  if (!dep_uses_length(d, box->to)) return false;
  vm_dim more = vm_dim_minus(d->dims, box->to, l->queries);
  if (l->i_axis < 0 || more == VM_NO_DIM) return true;
  if (end.from == VM_NO_DIM) end.from = least_of(l, box->to);
  struct ir_gap most = ir_most_ahead(asked, 2, &end, more);
  return !most.never && (most.far || most.at > 0);
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
  if (sees_the_end(l, &box)
      || (behind.from != VM_NO_DIM && dep_uses_length(m->d, vm_dim_minus(m->d->dims, l->keys, behind.from))))
    dep_add_all(m, 1, DEP_NO_ARG, DEP_LENGTH);
  bool unknown = (l->head->mask.graph && !l->mask.count) || !l->score.count;
  for (int k = 0; (tells || unknown) && k < m->node->arg_count; k++) {
    const struct dep_value *from = dep_arg(m, k);
    for (int i = 0; from && i < from->count; i++)
      if (is_asked(l, k, &from->atom[i])) dep_add_all(m, k, i, DEP_LENGTH);
  }
}

static void look(struct looking *l, struct dep_making *m) {
  const struct ir_graph *g = m->d->g;
  l->m = m;
  l->head = g->head[m->node->attr[0]];
  bool weights = m->node->op == OP_attention_weights, any = false;
  int key = axis_with(&l->head->key, ATTEND_J);
  l->i_axis = axis_with(&l->head->out, ATTEND_I);
  l->h_axis = axis_with(&l->head->out, ATTEND_H);
  l->feature_axis = m->node->type.rank - 1;
  l->j_axis = -1;
  if (weights) {
    l->h_axis = l->h_axis < 0 ? -1 : 0;
    l->i_axis = l->i_axis < 0 ? -1 : l->h_axis + 1;
    l->j_axis = m->node->type.rank - 1;
  }
  l->queries = l->i_axis < 0 ? VM_ONE : m->node->type.dim[l->i_axis];
  for (int k = 0; k < m->node->arg_count; k++) any = any || dep_arg(m, k);
  l->keys = key < 0 ? VM_ONE : g->node[m->node->arg[1]].type.dim[key];
  if (!any && !dep_uses_length(m->d, l->keys)) return;
  struct ir_node attention = *m->node; /* extras are numbered as the op's */
  ir_id arg[3 + ATTEND_MAX_EXTRAS];
  if (weights) {
    memcpy(arg, attention.arg, 2 * sizeof *arg);
    for (int k = 2; k < attention.arg_count; k++) arg[k + 1] = attention.arg[k];
    arg[2] = attention.arg[1];
    attention.arg = arg;
    attention.arg_count++;
  }
  l->uses_j = computes_with_j(&l->head->score) || computes_with_j(&l->head->drop);
  const struct ir_around around = dep_around(m->d);
  if (ir_formula_of_slot(&around, &attention, &l->head->mask, &l->mask) != RT_OK
      || ir_formula_of_slot(&around, &attention, &l->head->score, &l->score) != RT_OK
      || ir_formula_of_slot(&around, &attention, &l->head->drop, &l->drop) != RT_OK)
    m->d->failed = true;
  find_placed(l);
  check_reads(l);
  for (int k = 0; k < m->node->arg_count; k++) pull_operand(l, k);
  ask_for_length(l);
}

/* Three formulas, which a host's thread need not have room for on its stack. */
void dep_attention(struct dep_making *m) {
  struct looking *l = rt_zalloc(1, sizeof *l);
  if (l)
    look(l, m);
  else
    m->d->failed = true;
  rt_free(l);
}
