/* dependence_rules.c: for each op, from which elements of its operands those of its result are made. An op
 * without a rule makes each of all. */
#include "compiler/ir/dependence_parts.h"
#include "compiler/ir/passes.h"

#include <math.h>
#include <string.h>

static void pull_same(struct dep_making *m, int k) {
  const struct dep_route route = dep_same_axes(m, k);
  dep_axes_from(m, k, &route);
  dep_pull(m, k, &route);
}

static void all_of_everything(struct dep_making *m) {
  for (int k = 0; k < m->node->arg_count; k++) {
    const struct dep_value *from = dep_arg(m, k);
    for (int i = 0; from && i < from->count; i++)
      dep_add_all(m, k, i, from->atom[i].kind == DEP_POSITIONS ? DEP_POSITIONS : DEP_LENGTH);
  }
}

/* ---- shapes ---- */

static void through(struct dep_making *m, const struct dep_route *route) {
  dep_axes_from(m, 0, route);
  dep_pull(m, 0, route);
  dep_support_from(m, 0, route);
}

static void expand(struct dep_making *m) {
  struct dep_route route = dep_same_axes(m, 0);
  int from = 0;
  for (int a = 0; a < m->node->type.rank; a++)
    if (m->node->attr[0] >> a & 1) route.to[from++] = (int8_t)a;
  through(m, &route);
}

static void transpose(struct dep_making *m) {
  struct dep_route route = dep_same_axes(m, 0);
  for (int a = 0; a < m->node->type.rank; a++) route.to[rt_order_axis(m->node->attr[0], a)] = (int8_t)a;
  through(m, &route);
}

/* neutral: what changes nothing in a sum, or a maximum. */
static void reduce(struct dep_making *m, double neutral) {
  struct dep_route route = dep_same_axes(m, 0);
  int to = 0;
  for (int a = 0; a < dep_arg_node(m, 0)->type.rank; a++)
    route.to[a] = (int8_t)(m->node->attr[0] >> a & 1 ? to++ : DEP_GONE);
  route.neutral = neutral;
  route.runs = true;
  dep_axes_from(m, 0, &route);
  dep_pull(m, 0, &route);
  const struct dep_value *from = dep_arg(m, 0);
  if (!from || !from->support.known) return;
  /* a sum of zeros is 0, and one of infinities is infinite; the largest of equal numbers is that */
  double outside = from->support.outside;
  if (neutral == 0 ? outside == 0 || isinf(outside) : from->support.unsure == DEP_SURE)
    dep_support_from(m, 0, &route);
}

/* Reshape: groups of axes with the same product. A group of one axis on either side is that axis, several
 * that become one stay several, and what is in any other group cannot be told apart. */
struct regroup {
  struct dep_making *m;
  const struct dep_value *from;
  int8_t to[DEP_AXES]; /* of the operand's axes: the result's */
  bool lost[DEP_AXES];
  bool tells; /* which element comes where depends on how long the text is */
};

/* The shortest groups from axis f of the operand and axis t of the result on that have the same product. */
static bool next_group(const struct regroup *r, int f, int t, int *of, int *to) {
  const struct vm_type *type = &r->m->node->type;
  for (int all = 2; all <= r->from->axes - f + type->rank - t; all++)
    for (*of = 1; *of < all; ++*of) {
      *to = all - *of;
      if (*of > r->from->axes - f || *to > type->rank - t) continue;
      vm_dim product = vm_dim_product(r->m->d->dims, &r->from->dim[f], *of);
      if (product != VM_NO_DIM && product == vm_dim_product(r->m->d->dims, &type->dim[t], *to)) return true;
    }
  return false;
}

/* False: there is no room for it, and what is along it is lost. */
static bool add_axis(struct dep_making *m, vm_dim dim, int of) {
  if (m->v.axes == DEP_AXES) return false;
  m->v.dim[m->v.axes] = dim;
  m->v.axis_of[m->v.axes++] = (uint8_t)of;
  return true;
}

/* Rows of T elements: where the second one begins depends on T. */
static bool has_rows_of_text(const struct dep_making *m, const vm_dim *dim, int count) {
  for (int k = 1; k < count; k++)
    if (dep_uses_length(m->d, dim[k])) return true;
  return false;
}

static void regroup(struct regroup *r) {
  const struct vm_type *type = &r->m->node->type;
  int f = 0, t = 0, of, to;
  r->m->v.axes = 0;
  while (f < r->from->axes || t < type->rank) {
    vm_dim a = f < r->from->axes ? r->from->dim[f] : VM_NO_DIM, b = t < type->rank ? type->dim[t] : VM_NO_DIM;
    if (a == VM_ONE && b != VM_ONE) {
      r->to[f++] = DEP_GONE;
    } else if (b == VM_ONE && a != VM_ONE) {
      add_axis(r->m, b, t++);
    } else if (a != VM_NO_DIM && b != VM_NO_DIM && next_group(r, f, t, &of, &to)) {
      if (of > 1 || to > 1)
        r->tells = r->tells || has_rows_of_text(r->m, &r->from->dim[f], of)
                   || has_rows_of_text(r->m, &type->dim[t], to);
      for (int k = 0; k < of; k++, f++) {
        r->to[f] = (int8_t)r->m->v.axes;
        r->lost[f] = to > 1 || !add_axis(r->m, r->from->dim[f], t);
      }
      for (int k = 0; k < to && to > 1; k++) add_axis(r->m, type->dim[t + k], t + k);
      t += to;
    } else {
      r->tells = r->tells || has_rows_of_text(r->m, &r->from->dim[f], r->from->axes - f)
                 || has_rows_of_text(r->m, &type->dim[t], type->rank - t);
      for (; f < r->from->axes; f++) r->lost[f] = true;
      for (; t < type->rank; t++) add_axis(r->m, type->dim[t], t);
    }
  }
}

/* An axis of size 1 that is dropped: its element is the first. */
static void add_only(struct dep_making *m, struct dep_atom atom) {
  if (atom.kind == DEP_PLACED) {
    dep_add_all(m, 0, atom.from_atom, DEP_LENGTH);
    return;
  }
  atom.axis = DEP_EVERY;
  atom.back = dep_far();
  atom.from = atom.to = VM_NO_DIM;
  dep_add(m, atom);
}

static void reshape(struct dep_making *m) {
  struct dep_making plain; /* what an operand is that depends on nothing: the axes of its type */
  struct regroup r = {.m = m, .from = dep_arg(m, 0)};
  double number;
  if (!r.from) {
    dep_begin(&plain, m->d, m->node->arg[0]);
    r.from = &plain.v;
  }
  regroup(&r);
  if (r.tells && !dep_is_number(m->d->g, m->node->arg[0], &number)) dep_add_all(m, 0, DEP_NO_ARG, DEP_LENGTH);
  for (int i = 0; i < r.from->count; i++) {
    struct dep_atom atom = r.from->atom[i];
    bool along = atom.axis >= 0 && !dep_is_row(atom.axis);
    atom.arg = 0;
    atom.from_atom = (uint16_t)i;
    if (along && r.lost[atom.axis]) {
      dep_add_all(m, 0, i, atom.kind == DEP_POSITIONS ? DEP_POSITIONS : DEP_LENGTH);
    } else if (along && r.to[atom.axis] < 0) {
      add_only(m, atom);
    } else {
      if (along) atom.axis = r.to[atom.axis];
      dep_add(m, atom);
    }
  }
  const struct dep_support *s = &r.from->support;
  bool row = dep_is_row(s->axis);
  if (!s->known || r.to[s->other] < 0 || r.lost[s->other]) return;
  if (!row && (r.to[s->axis] < 0 || r.lost[s->axis])) return;
  m->v.support = *s;
  if (!row) m->v.support.axis = r.to[s->axis];
  m->v.support.other = r.to[s->other];
}

/* ---- parts of an axis ---- */

static vm_dim shifted(struct ir_dependence *d, vm_dim size, vm_dim by, bool up) {
  if (size == VM_NO_DIM) return size;
  return up ? vm_dim_plus(d->dims, size, by) : vm_dim_minus(d->dims, size, by);
}

/* Along an axis of operand k, what was element n - by (up), or n + by, is element n. part: the operand is a
 * part of that axis, and nothing is said of elements outside of it. */
struct shift {
  int k, axis;
  vm_dim by;
  bool up, part;
};

static void add_shifted(struct dep_making *m, const struct shift *s, struct dep_atom atom) {
  struct ir_dependence *d = m->d;
  struct ir_end by = dep_size(s->by);
  bool falls = s->up == (atom.kind != DEP_PLACED); /* what a place is counted from moves with it */
  atom.axis = (int8_t)dep_first_axis(&m->v, s->axis);
  atom.ahead = falls ? dep_minus(d, atom.ahead, by) : dep_plus(d, atom.ahead, by);
  atom.back = s->up ? dep_plus(d, atom.back, by) : dep_minus(d, atom.back, by);
  if (s->part && atom.from == VM_NO_DIM) atom.from = vm_dim_number(d->dims, 0);
  if (s->part && atom.to == VM_NO_DIM) atom.to = dep_arg_node(m, s->k)->type.dim[s->axis];
  atom.from = shifted(d, atom.from, s->by, s->up);
  atom.to = shifted(d, atom.to, s->by, s->up);
  /* Counted from a place without T, it still depends on T which elements they are if their first does. */
  bool placed = atom.ahead.far || dep_uses_length(d, atom.ahead.at) || dep_uses_length(d, atom.from);
  if (atom.kind != DEP_PLACED || placed) dep_add(m, atom);
}

/* An axis that is cut or lengthened is no longer composed of others. */
static void shifted_axes(struct dep_making *m, const struct shift *s) {
  struct dep_route route = dep_same_axes(m, s->k);
  route.to[s->axis] = DEP_GONE;
  dep_axes_from(m, s->k, &route);
}

static void pull_shifted(struct dep_making *m, const struct shift *s) {
  const struct dep_value *from = dep_arg(m, s->k);
  const struct dep_route route = dep_same_axes(m, s->k);
  int64_t n;
  bool still = vm_dim_is_number(m->d->dims, s->by, &n) && n == 0 && !s->part
               && (!from || dep_first_axis(from, s->axis) >= 0);
  for (int i = 0; from && i < from->count; i++) {
    struct dep_atom atom = from->atom[i];
    bool along = atom.axis >= 0 && !dep_is_row(atom.axis) && from->axis_of[atom.axis] == s->axis && !still;
    atom.arg = (uint16_t)s->k;
    atom.from_atom = (uint16_t)i;
    if (!along)
      dep_pull_atom(m, s->k, i, &route);
    else if (dep_first_axis(from, s->axis) < 0 || dep_first_axis(&m->v, s->axis) < 0)
      dep_add_all(m, s->k, i, atom.kind == DEP_POSITIONS ? DEP_POSITIONS : DEP_LENGTH);
    else
      add_shifted(m, s, atom);
  }
}

/* What stands where the length says: from `from` on, as many as `count`. */
static void add_placed(struct dep_making *m, int k, int axis, vm_dim by, vm_dim from, vm_dim to) {
  int along = dep_first_axis(&m->v, axis);
  if (!dep_uses_length(m->d, by)) return;
  if (along < 0)
    dep_add_all(m, k, DEP_NO_ARG, DEP_LENGTH);
  else
    dep_add(m, (struct dep_atom){.kind = DEP_PLACED,
                                 .axis = (int8_t)along,
                                 .arg = (uint16_t)k,
                                 .from_atom = DEP_NO_ARG,
                                 .back = dep_far(),
                                 .ahead = dep_size(by),
                                 .from = from,
                                 .to = to});
}

/* Was the part of an axis from `from` up to `to` placed by the length before? */
static bool was_placed(const struct dep_value *v, int axis, vm_dim from, vm_dim to) {
  for (int i = 0; v && i < v->count; i++)
    if (v->atom[i].kind == DEP_PLACED && v->axis_of[v->atom[i].axis] == axis && v->atom[i].from == from
        && v->atom[i].to == to)
      return true;
  return false;
}

/* An axis that is cut begins later, and so the two of the support are nearer, or farther apart. */
static void cut_support(struct dep_making *m, const struct shift *s) {
  const struct dep_route same = dep_same_axes(m, 0);
  struct dep_support *t = &m->v.support;
  const struct ir_end by = dep_size(s->by);
  const int cut = dep_first_axis(&m->v, s->axis);
  dep_support_from(m, 0, &same);
  if (!t->known || (t->axis != cut && t->other != cut)) return;
  t->least = t->other == cut ? dep_minus(m->d, t->least, by) : dep_plus(m->d, t->least, by);
  t->most = t->other == cut ? dep_minus(m->d, t->most, by) : dep_plus(m->d, t->most, by);
}

static void slice(struct dep_making *m) {
  struct vm_dims *dims = m->d->dims;
  const struct shift s = {.axis = (int)m->node->attr[0], .by = (vm_dim)m->node->attr[1]};
  vm_dim end = vm_dim_plus(dims, s.by, m->node->type.dim[s.axis]), before;
  shifted_axes(m, &s);
  pull_shifted(m, &s);
  cut_support(m, &s);
  double number;
  if (was_placed(dep_arg(m, 0), s.axis, s.by, end) || dep_is_number(m->d->g, m->node->arg[0], &number))
    return;
  before = vm_dim_minus(dims, vm_dim_number(dims, 0), s.by);
  add_placed(m, 0, s.axis, before, VM_NO_DIM, VM_NO_DIM);
}

static void pad(struct dep_making *m) {
  const struct shift s = {
      .axis = (int)m->node->attr[0], .by = (vm_dim)m->node->attr[1], .up = true, .part = true};
  shifted_axes(m, &s);
  pull_shifted(m, &s);
  add_placed(m, 0, s.axis, s.by, VM_NO_DIM, VM_NO_DIM);
}

static void concat(struct dep_making *m) {
  struct shift s = {
      .axis = (int)m->node->attr[0], .by = vm_dim_number(m->d->dims, 0), .up = true, .part = true};
  for (s.k = 0; s.k < m->node->arg_count; s.k++) shifted_axes(m, &s);
  for (s.k = 0; s.k < m->node->arg_count; s.k++) {
    vm_dim end = vm_dim_plus(m->d->dims, s.by, dep_arg_node(m, s.k)->type.dim[s.axis]);
    pull_shifted(m, &s);
    add_placed(m, s.k, s.axis, s.by, s.by, end);
    s.by = end;
  }
}

/* ---- products ---- */

static void gone_at(struct dep_route *route, int axis) { route->to[axis] = DEP_GONE; }

/* x:[*r,k] w:[k,*n] -> [*r,*n], where *r of x is that of the result. */
static void rows_product(struct dep_making *m, int kept) {
  struct dep_route route = dep_same_axes(m, 0);
  for (int a = kept; a < RT_MAX_RANK; a++) gone_at(&route, a);
  if (!dep_is_wild(m, 1)) route.neutral = 0;
  route.runs = true;
  dep_axes_from(m, 0, &route);
  dep_pull(m, 0, &route);
  for (int k = 1; k < m->node->arg_count; k++) {
    const struct dep_value *from = dep_arg(m, k);
    for (int i = 0; from && i < from->count; i++) dep_add_all(m, k, i, from->atom[i].kind != DEP_POSITIONS);
  }
}

/* How the index that a product sums over lies to an axis of the result, by the support of operand k, whose
 * axis `sum` that is and whose axis `kept` stays. */
static bool product_support(const struct dep_making *m, int k, int sum, int kept, struct dep_route *route) {
  const struct dep_value *v = dep_arg(m, k);
  if (!dep_outside_is(v, 0) || dep_is_wild(m, 1 - k)) return false;
  const struct dep_support *s = &v->support;
  int along = dep_first_axis(v, sum), stays = dep_first_axis(v, kept);
  bool row = dep_is_row(s->axis);
  if (along < 0 || (stays < 0 && !row) || !dep_leaves_out(s, along)) return false;
  struct ir_dependence *d = m->d;
  if (s->other == along && (row || s->axis == stays)) {
    route->least = s->least;
    route->most = s->most;
    if (row) route->result = s->axis;
  } else if (s->axis == along && s->other == stays) {
    route->least = s->most.far ? s->most : dep_minus(d, dep_number(d, 0), s->most);
    route->most = s->least.far ? s->least : dep_minus(d, dep_number(d, 0), s->least);
  } else
    return false;
  return true;
}

static void matmul(struct dep_making *m) {
  const int rank = m->node->type.rank;
  struct dep_route route[2];
  int sum[2], kept[2];
  for (int k = 0; k < 2; k++) {
    bool turned = m->node->attr[k];
    sum[k] = (k == 0) != turned ? rank - 1 : rank - 2;
    kept[k] = sum[k] == rank - 1 ? rank - 2 : rank - 1;
    route[k] = dep_same_axes(m, k);
    route[k].to[kept[k]] = (int8_t)(k == 0 ? rank - 2 : rank - 1);
    gone_at(&route[k], sum[k]);
    if (!dep_is_wild(m, 1 - k)) route[k].neutral = 0;
    route[k].runs = true;
    dep_axes_from(m, k, &route[k]);
  }
  for (int k = 0; k < 2; k++) {
    struct dep_route *other = &route[1 - k];
    if (product_support(m, k, sum[k], kept[k], other)) {
      other->gone = (int8_t)sum[1 - k];
      if (!dep_is_row(other->result)) other->result = route[k].to[kept[k]];
    }
  }
  for (int k = 0; k < 2; k++) dep_pull(m, k, &route[k]);
}

/* ---- along an axis ---- */

/* Each element is made of the whole row along the last axis. outside: what becomes of elements that do not
 * count; NAN: that is not told. */
static void along_rows(struct dep_making *m, int k, double neutral, double outside) {
  struct dep_route route = dep_same_axes(m, k), same = route;
  gone_at(&route, m->node->type.rank - 1);
  route.neutral = neutral;
  route.runs = true;
  dep_axes_from(m, k, &same);
  dep_pull(m, k, &route);
  const struct dep_value *from = dep_arg(m, k);
  if (isnan(outside) || !dep_outside_is(from, neutral)
      || !dep_leaves_out(&from->support, dep_first_axis(from, m->node->type.rank - 1)))
    return;
  dep_support_from(m, k, &same);
  m->v.support.outside = outside;
}

static void cumsum(struct dep_making *m) {
  const int axis = (int)m->node->attr[0];
  const bool reverse = m->node->attr[1];
  const struct dep_value *from = dep_arg(m, 0);
  struct dep_route same = dep_same_axes(m, 0), route = same;
  const int along = from ? dep_first_axis(from, axis) : axis;
  if (reverse || along < 0) gone_at(&route, axis);
  route.neutral = 0;
  route.runs = true;
  dep_axes_from(m, 0, &same);
  dep_pull(m, 0, &route);
  for (int i = 0; i < m->v.count; i++) {
    struct dep_atom *a = &m->atom[i];
    if (a->axis != along || a->axis < 0) continue;
    a->back = dep_far();
    a->from = a->to = VM_NO_DIM;
    if (a->kind == DEP_PLACED) a->kind = DEP_LENGTH, a->axis = DEP_EVERY;
  }
  if (!dep_outside_is(from, 0) || !dep_leaves_out(&from->support, along)) return;
  dep_support_from(m, 0, &same);
  struct dep_support *s =
      &m->v.support; /* sums reach from where there are elements to where there are none */
  if (s->known && s->axis == along) *(reverse ? &s->most : &s->least) = dep_far();
  if (s->known && s->other == along) *(reverse ? &s->least : &s->most) = dep_far();
}

/* One number for each row. */
static void last_gone(struct dep_making *m, int k, double neutral) {
  struct dep_route route = dep_same_axes(m, k);
  for (int a = m->node->type.rank; a < RT_MAX_RANK; a++) gone_at(&route, a);
  route.neutral = neutral;
  route.runs = true;
  dep_axes_from(m, k, &route);
  dep_pull(m, k, &route);
}

/* ---- tables ---- */

/* table:[v,*d] ids:[*r] -> [*r,*d] */
static void gather(struct dep_making *m) {
  struct dep_route table = dep_same_axes(m, 0);
  int ids = dep_arg_node(m, 1)->type.rank;
  gone_at(&table, 0);
  for (int a = 1; a < dep_arg_node(m, 0)->type.rank; a++) table.to[a] = (int8_t)(ids + a - 1);
  dep_axes_from(m, 0, &table);
  dep_pull(m, 0, &table);
  pull_same(m, 1);
}

/* Is a table that ends where the text does read behind its end? */
static bool takes_beyond(const struct dep_making *m) {
  const struct vm_type *type = &m->node->type, *table = &dep_arg_node(m, 0)->type;
  const vm_dim length = table->dim[table->rank - 1];
  const int j = type->rank - 1, i = j - 1;
  struct ir_around around = dep_around(m->d);
  struct ir_formula formula;
  double number;
  around.shown = true;
  if (!dep_uses_length(m->d, length) || dep_is_number(m->d->g, m->node->arg[0], &number)) return false;
  if (j < 0) return true;
  const struct ir_box box = {m->d->dims, i < 0 ? VM_NO_DIM : type->dim[i], VM_NO_DIM, type->dim[j]};
  ir_formula_of_node(&around, m->node->arg[1], i, j, &formula);
  return !formula.count || ir_reads_beyond(&formula, formula.result, length, NULL, 0, &box).behind;
}

/* table:[index&axes,n] index:[*s] -> [*s] */
static void take(struct dep_making *m) {
  struct dep_route table = dep_same_axes(m, 0);
  int from = 0;
  for (int a = 0; a < m->node->type.rank; a++)
    if (m->node->attr[0] >> a & 1) table.to[from++] = (int8_t)a;
  gone_at(&table, from);
  dep_axes_from(m, 0, &table);
  dep_pull(m, 0, &table);
  pull_same(m, 1);
  if (takes_beyond(m)) dep_add_all(m, 0, DEP_NO_ARG, DEP_LENGTH);
}

/* Another result of an op that has several. */
static void result(struct dep_making *m) {
  if (dep_arg_node(m, 0)->op != OP_scan) {
    pull_same(m, 0);
    return;
  }
  for (const struct dep_scan *s = m->d->scan; s; s = s->next) {
    int64_t k = m->node->attr[0];
    if (s->node != m->node->arg[0] || k > s->count) continue;
    if (!s->value[k - 1]) return;
    m->v = *s->value[k - 1];
    m->v.atom = m->atom;
    memcpy(m->atom, s->value[k - 1]->atom, sizeof *m->atom * (size_t)m->v.count);
    return;
  }
  all_of_everything(m);
}

static void input(struct dep_making *m) {
  const struct ir_text *text = m->d->text;
  for (int k = 0; k < text->count; k++)
    if (text->input[k].node == m->id && m->d->g == m->d->whole)
      dep_add(m, (struct dep_atom){.axis = (int8_t)text->input[k].axis,
                                   .arg = DEP_NO_ARG,
                                   .from_atom = DEP_NO_ARG,
                                   .back = dep_number(m->d, 0),
                                   .ahead = dep_number(m->d, 0),
                                   .from = VM_NO_DIM,
                                   .to = VM_NO_DIM});
}

/* A native function that is applied element by element, or one of which nothing is known. */
static void native(struct dep_making *m) {
  if (!ir_native_of(m->d->whole, m->node)->parsed->each) {
    all_of_everything(m);
    return;
  }
  for (int k = 0; k < m->node->arg_count; k++) pull_same(m, k);
}

/* ---- all ops ---- */

void dep_rule(struct dep_making *m) {
  const struct ir_node *n = m->node;
  if (rt_is_lane(n->op)) {
    dep_lane(m);
    return;
  }
  switch (n->op) {
    case OP_input: input(m); break;
    case OP_size:
    case OP_rows:
      if (dep_uses_length(m->d, (vm_dim)n->attr[0])) dep_add_all(m, DEP_NO_ARG, DEP_NO_ARG, DEP_LENGTH);
      break;
    case OP_stop:
    case OP_onehot: pull_same(m, 0), dep_keep_support(m, 0); break;
    case OP_result: result(m); break;
    case OP_expand: expand(m); break;
    case OP_transpose: transpose(m); break;
    case OP_reshape: reshape(m); break;
    case OP_sum: reduce(m, 0); break;
    case OP_maximum: reduce(m, -INFINITY); break;
    case OP_slice: slice(m); break;
    case OP_pad: pad(m); break;
    case OP_concat: concat(m); break;
    case OP_project: rows_product(m, dep_arg_node(m, 0)->type.rank - 1); break;
    case OP_project_back:
      rows_product(m, dep_arg_node(m, 0)->type.rank - (dep_arg_node(m, 1)->type.rank - 1 - (int)n->attr[0]));
      break;
    case OP_matmul: matmul(m); break;
    case OP_softmax: along_rows(m, 0, -INFINITY, 0); break;
    case OP_log_softmax: along_rows(m, 0, -INFINITY, -INFINITY); break;
    case OP_standardize:
    case OP_rms: along_rows(m, 0, NAN, NAN); break;
    case OP_cumsum: cumsum(m); break;
    case OP_threshold: last_gone(m, 0, -INFINITY); break;
    case OP_cross_entropy: last_gone(m, 0, NAN), pull_same(m, 1); break;
    case OP_gather: gather(m); break;
    case OP_take: take(m); break;
    case OP_attention:
    case OP_attention_weights: dep_attention(m); break;
    case OP_scan: dep_scan_op(m); break;
    case OP_call: native(m); break;
    default: all_of_everything(m); break;
  }
}
