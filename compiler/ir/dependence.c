/* dependence.c: walks a graph and asks for each node from which positions of a text it is made; answers
 * questions about what was found. */
#include "compiler/ir/dependence_parts.h"

#include <string.h>

static void walk(struct ir_dependence *d) {
  for (ir_id n = 1; n < d->g->count && !d->failed; n++) {
    struct dep_making m;
    if (d->value[n]) continue;
    dep_begin(&m, d, n);
    dep_rule(&m);
    d->value[n] = dep_keep(&m);
  }
}

int ir_dependence_find(const struct ir_graph *g, const struct ir_text *text, struct ir_dependence **out) {
  struct ir_dependence *d = *out = rt_zalloc(1, sizeof *d);
  if (!d) return RT_NO_MEMORY;
  d->g = d->whole = g;
  d->own_text = *text;
  d->text = &d->own_text;
  d->arena = &d->own_arena;
  d->dims = &d->own_dims;
  d->value = rt_zalloc(g->count, sizeof *d->value);
  d->numbers = rt_zalloc(g->count, sizeof *d->numbers);
  struct ir_text_input *input = rt_arena_alloc(d->arena, (size_t)(text->count + 1) * sizeof *input);
  bool fine = d->value && d->numbers && input && vm_dims_branch(d->dims, g->dims) == RT_OK
              && ir_find_numbers(g, NULL, d->numbers) == RT_OK;
  if (fine && text->count) memcpy(input, text->input, (size_t)text->count * sizeof *input);
  d->own_text.input = input;
  d->walk = walk;
  if (fine) walk(d);
  if (fine && !d->failed) return RT_OK;
  ir_dependence_free(d);
  *out = NULL;
  return RT_NO_MEMORY;
}

const struct ir_numbers *ir_dependence_numbers(const struct ir_dependence *d) { return d->numbers; }

void ir_dependence_free(struct ir_dependence *d) {
  if (!d) return;
  vm_dims_free(d->dims);
  rt_arena_free(d->arena);
  rt_free(d->value);
  rt_free(d->numbers);
  rt_free(d);
}

/* ---- answers ---- */

/* Is the atom about an element by its index along the axis? */
static bool is_along(const struct dep_value *v, const struct dep_atom *a, int axis) {
  return a->axis >= 0 && a->axis == dep_first_axis(v, axis);
}

static void widen(const struct ir_dependence *d, struct ir_end end, bool *far, int64_t *at) {
  int64_t n;
  if (!end.far && !vm_dim_is_number(d->dims, end.at, &n)
      && vm_dim_value(d->dims, end.at, NULL, &n, NULL) != RT_OK)
    end.far = true;
  if (end.far)
    *far = true;
  else if (n > *at)
    *at = n;
}

struct ir_reach ir_reach_along(const struct ir_dependence *d, ir_id node, int axis) {
  struct ir_reach r = {.none = true, .back = INT64_MIN, .ahead = INT64_MIN};
  const struct dep_value *v = d->value[node];
  for (int i = 0; v && i < v->count; i++) {
    const struct dep_atom *a = &v->atom[i];
    if (a->kind != DEP_POSITIONS) {
      r.length = true;
      continue;
    }
    r.none = false;
    if (is_along(v, a, axis)) {
      widen(d, a->back, &r.back_far, &r.back);
      if (dep_is_past((struct ir_dependence *)(uintptr_t)d, a->ahead) && a->ahead.far == false) {
        bool far = false;
        int64_t ahead = INT64_MIN;
        widen(d, a->ahead, &far, &ahead);
        if (far) ahead = 0;
        if (ahead > r.ahead) r.ahead = ahead;
      } else
        widen(d, a->ahead, &r.ahead_far, &r.ahead);
    } else {
      r.back_far = true; /* the first positions, whatever the index */
      if (a->axis != DEP_EVERY || !dep_is_past((struct ir_dependence *)(uintptr_t)d, a->ahead))
        r.ahead_far = true;
      else if (r.ahead < 0)
        r.ahead = 0;
    }
  }
  return r;
}

/* Of a leak by words and one by the length, the former is told. */
static bool is_leak(struct ir_dependence *d, const struct dep_value *v, const struct dep_atom *a, int axis) {
  return dep_is_bad(d, a) || (a->axis != DEP_EVERY && !is_along(v, a, axis));
}

/* The bad atom of an operand by which one of the node became bad: number i, if that is. All that a head makes
 * of its keys is one atom when it sees all: where one of the keys' is bad in itself, that came first. -1: the
 * node made it bad. */
static int bad_atom(struct ir_dependence *d, const struct ir_node *n, const struct dep_value *from, int i) {
  if (i < from->count && dep_is_bad(d, &from->atom[i])) return i;
  for (int k = 0; n->op == OP_attention && k < from->count; k++)
    if (from->atom[k].kind == DEP_POSITIONS && dep_is_bad(d, &from->atom[k])) return k;
  return -1;
}

/* Is the node made of what may be infinite or not a number? depth: how far to look. */
static bool reads_wild(const struct ir_dependence *d, const struct ir_node *n, int depth) {
  bool wild = false;
  for (int k = 0; k < n->arg_count && !wild; k++) {
    const struct ir_node *from = &d->g->node[n->arg[k]];
    wild = !ir_is_finite(d->numbers[n->arg[k]])
           || (depth && rt_is_lane(from->op) && reads_wild(d, from, depth - 1));
  }
  return wild;
}

static bool reads_table(const struct ir_node *n, int arg) {
  if (arg == DEP_NO_ARG) return false;
  return n->op == OP_attention ? arg > 2 : n->op == OP_attention_weights ? arg > 1 : n->op == OP_take && !arg;
}

bool ir_leak_of(const struct ir_dependence *found, ir_id node, int axis, struct ir_leak *leak) {
  struct ir_dependence *d = (struct ir_dependence *)(uintptr_t)found;
  const struct dep_value *v = d->value[node];
  int i = 0, most = (int)RT_COUNT(leak->node);
  memset(leak, 0, sizeof *leak);
  while (v && i < v->count && !(v->atom[i].kind == DEP_POSITIONS && is_leak(d, v, &v->atom[i], axis))) i++;
  if (v && i == v->count) i = 0;
  while (v && i < v->count && !is_leak(d, v, &v->atom[i], axis)) i++;
  if (!v || i == v->count) return false;
  leak->node[leak->count++] = node;
  for (;;) {
    const struct dep_atom *a = &v->atom[i];
    const struct ir_node *n = &d->g->node[node];
    leak->kind = a->kind == DEP_POSITIONS ? IR_LEAK_AHEAD : IR_LEAK_LENGTH;
    leak->far = a->ahead.far;
    int64_t by;
    leak->ahead = !leak->far && vm_dim_is_number(d->dims, a->ahead.at, &by) ? by : 0;
    leak->operand = dep_came_by(d->g, node, a);
    leak->inside = n->op == OP_scan || n->op == OP_result ? a->inside : NULL;
    const struct dep_value *from = leak->operand ? d->value[leak->operand] : NULL;
    i = from ? bad_atom(d, n, from, a->from_atom) : -1;
    leak->wild = leak->kind == IR_LEAK_AHEAD && reads_wild(d, n, 4);
    leak->beyond = leak->kind == IR_LEAK_LENGTH && reads_table(n, a->arg) && a->from_atom == DEP_NO_ARG;
    if (i < 0) return true;
    node = leak->operand;
    v = from;
    if (leak->count == most)
      memmove(leak->node + 1, leak->node + 2, (size_t)(most - 2) * sizeof *leak->node), leak->count--;
    leak->node[leak->count++] = node;
  }
}
