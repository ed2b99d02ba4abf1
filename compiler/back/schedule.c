/* schedule.c: what becomes an instruction, and in which order. The order is that of the graph as far as
 * fusion allows it, which is the order of the source and then its reverse: values die early that way. */
#include "compiler/back/lower.h"

#include <string.h>

ir_id ir_storage_of(const struct ir_graph *g, ir_id n) {
  while (rt_op_info[g->node[n].op].flags & RT_VIEW) n = g->node[n].arg[0];
  return n;
}

struct order {
  const struct ir_graph *g;
  const bool *live, *keep;
  const struct ir_groups *groups;
  struct ir_schedule *s;
  bool *needed;                /* by node: somebody reads it from memory */
  uint32_t *waits;             /* by unit: for how many others (repeats counted) */
  uint32_t *user_start, *user; /* by unit */
  uint32_t *heap, heap_count;  /* ready units, first the one with the lowest node */
  struct ir_unit *unit;        /* by number; the schedule's are in order */
  uint32_t unit_count;
};

/* What is read from memory: everything but what lane programs take apart. */
static void mark_needed(struct order *o) {
  for (ir_id n = 1; n < o->g->count; n++) {
    const struct ir_node *node = &o->g->node[n];
    if (o->keep[n]) o->needed[n] = true;
    for (int k = 0; o->live[n] && k < node->arg_count; k++)
      if (!rt_is_lane(node->op) || !ir_is_absorbed(&o->g->node[node->arg[k]])) o->needed[node->arg[k]] = true;
  }
}

static void make_units(struct order *o, uint32_t *unit_of_group) {
  for (ir_id n = 1; n < o->g->count; n++) {
    const struct ir_node *node = &o->g->node[n];
    uint32_t group = o->groups->of[n];
    o->s->unit_of[n] = UINT32_MAX;
    if (!o->live[n] || rt_op_info[node->op].flags & RT_FREE || (ir_is_absorbed(node) && !o->needed[n]))
      continue;
    if (!group || unit_of_group[group] == UINT32_MAX) {
      o->unit[o->unit_count] = (struct ir_unit){n, group};
      if (group) unit_of_group[group] = o->unit_count;
      o->s->unit_of[n] = o->unit_count++;
    } else {
      o->s->unit_of[n] = unit_of_group[group];
      o->unit[unit_of_group[group]].node = n;
    }
  }
}

/* The unit that makes argument `arg` of n; UINT32_MAX: none does, as of a leaf. */
static uint32_t maker(const struct order *o, ir_id n, ir_id arg) {
  if (rt_is_lane(o->g->node[n].op) && o->g->node[arg].op == OP_constant) return UINT32_MAX;
  if (rt_is_lane(o->g->node[n].op) && o->g->node[arg].op == OP_expand) arg = o->g->node[arg].arg[0];
  arg = ir_storage_of(o->g, arg);
  if (o->g->node[arg].op == OP_result) arg = o->g->node[arg].arg[0];
  return o->s->unit_of[arg];
}

typedef void edge_function(struct order *o, uint32_t from, uint32_t to);

static void each_edge(struct order *o, edge_function *edge) {
  for (ir_id n = 1; n < o->g->count; n++) {
    uint32_t to = o->s->unit_of[n];
    for (int k = 0; to != UINT32_MAX && k < o->g->node[n].arg_count; k++) {
      uint32_t from = maker(o, n, o->g->node[n].arg[k]);
      if (from != UINT32_MAX && from != to) edge(o, from, to);
    }
  }
}

static void count_edge(struct order *o, uint32_t from, uint32_t to) {
  o->user_start[from + 2]++;
  o->waits[to]++;
}

static void store_edge(struct order *o, uint32_t from, uint32_t to) {
  o->user[o->user_start[from + 1]++] = to;
}

/* ---- a heap by node number ---- */

static void heap_push(struct order *o, uint32_t unit) {
  uint32_t at = o->heap_count++;
  for (; at > 0 && o->unit[o->heap[(at - 1) / 2]].node > o->unit[unit].node; at = (at - 1) / 2)
    o->heap[at] = o->heap[(at - 1) / 2];
  o->heap[at] = unit;
}

static uint32_t heap_pop(struct order *o) {
  uint32_t top = o->heap[0], moved = o->heap[--o->heap_count], at = 0;
  for (;;) {
    uint32_t child = 2 * at + 1;
    if (child >= o->heap_count) break;
    if (child + 1 < o->heap_count && o->unit[o->heap[child + 1]].node < o->unit[o->heap[child]].node) child++;
    if (o->unit[o->heap[child]].node >= o->unit[moved].node) break;
    o->heap[at] = o->heap[child];
    at = child;
  }
  o->heap[at] = moved;
  return top;
}

static int put_in_order(struct order *o, uint32_t *place, struct rt_error *error) {
  for (uint32_t u = 0; u < o->unit_count; u++)
    if (!o->waits[u]) heap_push(o, u);
  while (o->heap_count) {
    uint32_t u = heap_pop(o);
    place[u] = o->s->count;
    o->s->unit[o->s->count++] = o->unit[u];
    for (uint32_t k = o->user_start[u]; k < o->user_start[u + 1]; k++)
      if (!--o->waits[o->user[k]]) heap_push(o, o->user[k]);
  }
  if (o->s->count != o->unit_count)
    return rt_fail(error, RT_BAD_DATA, "internal: instructions wait for each other");
  for (ir_id n = 1; n < o->g->count; n++)
    if (o->s->unit_of[n] != UINT32_MAX) o->s->unit_of[n] = place[o->s->unit_of[n]];
  return RT_OK;
}

static int list_edges(struct order *o) {
  uint32_t total = 0;
  o->waits = rt_zalloc(o->unit_count, sizeof *o->waits);
  o->user_start = rt_zalloc((size_t)o->unit_count + 2, sizeof *o->user_start);
  o->heap = rt_zalloc(o->unit_count, sizeof *o->heap);
  if (!o->waits || !o->user_start || !o->heap) return RT_NO_MEMORY;
  each_edge(o, count_edge);
  for (uint32_t u = 0; u < o->unit_count + 2; u++) o->user_start[u] = total += o->user_start[u];
  o->user = rt_zalloc(total, sizeof *o->user);
  if (!o->user) return RT_NO_MEMORY;
  each_edge(o, store_edge);
  return RT_OK;
}

static int make(struct order *o, struct rt_error *error) {
  size_t count = o->g->count;
  uint32_t *unit_of_group = rt_alloc(o->groups->count * sizeof *unit_of_group), *place = NULL;
  o->needed = rt_zalloc(count, sizeof *o->needed);
  o->unit = rt_zalloc(count, sizeof *o->unit);
  o->s->unit = rt_zalloc(count, sizeof *o->s->unit);
  o->s->unit_of = rt_zalloc(count, sizeof *o->s->unit_of);
  int status = RT_NO_MEMORY;
  if (unit_of_group && o->needed && o->unit && o->s->unit && o->s->unit_of) {
    memset(unit_of_group, 0xFF, o->groups->count * sizeof *unit_of_group);
    o->s->unit_of[0] = UINT32_MAX;
    mark_needed(o);
    make_units(o, unit_of_group);
    status = list_edges(o);
    place = rt_zalloc(o->unit_count, sizeof *place);
  }
  if (status == RT_OK && place)
    status = put_in_order(o, place, error);
  else
    status = rt_no_memory(error);
  rt_free(unit_of_group);
  rt_free(place);
  return status;
}

int ir_schedule_make(const struct ir_graph *g, const bool *live, const bool *keep,
                     const struct ir_groups *groups, struct ir_schedule *schedule, struct rt_error *error) {
  struct order o = {.g = g, .live = live, .keep = keep, .groups = groups, .s = schedule};
  memset(schedule, 0, sizeof *schedule);
  int status = make(&o, error);
  rt_free(o.needed);
  rt_free(o.waits);
  rt_free(o.user_start);
  rt_free(o.user);
  rt_free(o.heap);
  rt_free(o.unit);
  return status;
}

void ir_schedule_free(struct ir_schedule *schedule) {
  rt_free(schedule->unit);
  rt_free(schedule->unit_of);
  memset(schedule, 0, sizeof *schedule);
}
