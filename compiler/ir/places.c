/* places.c: for each op, of what places of the data its result's axes are. */
#include "compiler/ir/places.h"

#include <string.h>

/* A node and what is being found out about it. */
struct placing {
  const struct ir_graph *g;
  const struct ir_places *places;
  const struct ir_node *node;
  struct ir_axis_places axis[RT_MAX_RANK];
};

static const struct ir_node *arg_node(const struct placing *p, int k) { return &p->g->node[p->node->arg[k]]; }
static const struct ir_axis_places *arg_axes(const struct placing *p, int k) {
  return p->places->of[p->node->arg[k]];
}

/* Axis `from` of argument k is axis `to` of the result. */
static void hand_on(struct placing *p, int k, int from, int to) {
  const struct ir_axis_places *axes = arg_axes(p, k);
  if (axes && from >= 0 && to >= 0)
    ir_places_join(p->g->dims, p->node->type.dim[to], &p->axis[to], &axes[from]);
}

static void hand_on_all(struct placing *p, int k, int but) {
  for (int a = 0; a < p->node->type.rank; a++)
    if (a != but) hand_on(p, k, a, a);
}

/* ---- rules ---- */

/* What the letters of the signature say. */
static void by_signature(struct placing *p) {
  const struct vm_type *types[RT_MAX_RANK];
  int8_t to[RT_MAX_RANK];
  if (p->node->arg_count > RT_MAX_RANK || vm_op_variadic(p->node->op)) return;
  for (int k = 0; k < p->node->arg_count; k++) types[k] = &arg_node(p, k)->type;
  const struct vm_op_call call = {.dims = p->g->dims,
                                  .op = p->node->op,
                                  .arg_count = p->node->arg_count,
                                  .arg = types,
                                  .attr = p->node->attr,
                                  .given = &p->node->type};
  for (int k = 0; k < p->node->arg_count; k++) {
    if (!arg_axes(p, k)) continue;
    vm_signature_axes(&call, k, to);
    for (int a = 0; a < types[k]->rank; a++) hand_on(p, k, a, to[a]);
  }
}

static void input(struct placing *p) {
  for (int a = 0; a < p->node->type.rank; a++)
    p->axis[a] = ir_places_input(p->g->dims, (uint32_t)p->node->attr[0], a, p->node->type.dim[a]);
}

static void reshape(struct placing *p) {
  if (arg_axes(p, 0))
    ir_places_reshape(p->g->dims, &arg_node(p, 0)->type, arg_axes(p, 0), &p->node->type, p->axis);
}

static void transpose(struct placing *p) {
  for (int a = 0; a < p->node->type.rank; a++) hand_on(p, 0, rt_order_axis(p->node->attr[0], a), a);
}

static void slice(struct placing *p) {
  const int axis = (int)p->node->attr[0];
  hand_on_all(p, 0, axis);
  if (!arg_axes(p, 0)) return;
  p->axis[axis] = arg_axes(p, 0)[axis];
  ir_places_move(p->g->dims, &p->axis[axis], (vm_dim)p->node->attr[1], true);
}

static void concat(struct placing *p) {
  struct vm_dims *dims = p->g->dims;
  const int axis = (int)p->node->attr[0];
  vm_dim at = vm_dim_number(dims, 0);
  for (int k = 0; k < p->node->arg_count && at != VM_NO_DIM; k++) {
    hand_on_all(p, k, axis);
    if (arg_axes(p, k)) {
      struct ir_axis_places more = arg_axes(p, k)[axis];
      ir_places_move(dims, &more, at, false);
      ir_places_append(&p->axis[axis], &more);
    }
    at = vm_dim_plus(dims, at, arg_node(p, k)->type.dim[axis]);
  }
}

/* Axes of an image, of which each point of the result sees a part. */
static void slide(struct placing *p, const struct ir_window window[2]) {
  for (int a = 0; a < 2 && arg_axes(p, 0); a++) {
    p->axis[a] = arg_axes(p, 0)[a];
    ir_places_slide(p->g->dims, &p->axis[a], arg_node(p, 0)->type.dim[a], p->node->type.dim[a], window[a]);
  }
}

static void convolve(struct placing *p) {
  const int64_t width = p->node->attr[0], stride = p->node->attr[1], height = p->node->attr[2],
                above = (height - 1) / 2, before = p->node->attr[3];
  slide(p, (struct ir_window[2]){{above, height - 1 - above, stride}, {before, width - 1 - before, stride}});
}

static void max_pool(struct placing *p) {
  const int64_t size = p->node->attr[0];
  const struct ir_window square = {0, size - 1, size};
  slide(p, (struct ir_window[2]){square, square});
}

/* The result has queries and heads in the order of head->out; of the weights, keys follow them. */
static void attention(struct placing *p) {
  const struct ir_head *head = p->g->head[p->node->attr[0]];
  const bool weights = p->node->op == OP_attention_weights;
  int to = 0;
  for (int a = 0; a < head->out.rank && !weights; a++)
    if (head->out.role[a] != ATTEND_FEATURE)
      hand_on(p, 0, vm_operand_axis(&head->query, head->out.role[a]), a);
  if (!weights) return;
  if (vm_operand_axis(&head->out, ATTEND_H) >= 0)
    hand_on(p, 0, vm_operand_axis(&head->query, ATTEND_H), to++);
  if (vm_operand_axis(&head->out, ATTEND_I) >= 0)
    hand_on(p, 0, vm_operand_axis(&head->query, ATTEND_I), to++);
  hand_on(p, 1, vm_operand_axis(&head->key, ATTEND_J), to);
}

static void scan(struct placing *p) {
  const int sequences = ir_scan_of(p->g, p->node)->sequence_count;
  for (int k = 1; k <= sequences; k++) hand_on(p, k, 0, 0);
}

/* A further result of a recurrence has its steps, too. */
static void result(struct placing *p) {
  if (ir_is_scan(arg_node(p, 0)->op)) hand_on(p, 0, 0, 0);
}

static void apply_rule(struct placing *p) {
  switch (p->node->op) {
    case OP_input: input(p); return;
    case OP_reshape: reshape(p); return;
    case OP_transpose: transpose(p); return;
    case OP_slice: slice(p); return;
    case OP_concat: concat(p); return;
    case OP_convolve: convolve(p); return;
    case OP_max_pool: max_pool(p); return;
    case OP_attention:
    case OP_attention_weights: attention(p); return;
    case OP_scan: scan(p); return;
    case OP_result: result(p); return;
    default: by_signature(p); return;
  }
}

/* ---- the walk ---- */

static int keep(struct ir_places *places, ir_id id, const struct placing *p) {
  const size_t size = sizeof *p->axis * p->node->type.rank;
  int known = 0;
  for (int a = 0; a < p->node->type.rank; a++) known += p->axis[a].count;
  if (!known) return RT_OK;
  places->of[id] = rt_arena_alloc(&places->arena, size);
  if (!places->of[id]) return RT_NO_MEMORY;
  memcpy(places->of[id], p->axis, size);
  return RT_OK;
}

int ir_places_find(const struct ir_graph *g, struct ir_places *places) {
  struct placing *p = rt_zalloc(1, sizeof *p);
  *places = (struct ir_places){.of = rt_zalloc((size_t)g->count + 1, sizeof(struct ir_axis_places *))};
  int status = p && places->of ? RT_OK : RT_NO_MEMORY;
  for (ir_id n = 1; n < g->count && status == RT_OK; n++) {
    *p = (struct placing){.g = g, .places = places, .node = &g->node[n]};
    apply_rule(p);
    status = keep(places, n, p);
  }
  rt_free(p);
  return status;
}

void ir_places_free(struct ir_places *places) {
  rt_free(places->of);
  rt_arena_free(&places->arena);
  *places = (struct ir_places){0};
}
