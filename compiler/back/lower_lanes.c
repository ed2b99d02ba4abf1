/* lower_lanes.c: groups of nodes as lane programs. */
#include "compiler/back/lower.h"

#include <string.h>

/* The lane ops stand first in both lists, in the same order. */
_Static_assert((int)OP_neg == (int)LANE_neg && (int)OP_select == (int)LANE_select,
               "lane ops have one number in ops and in lanes");

/* ---- groups of tensors ---- */

struct group {
  const struct ir_graph *g;
  struct ir_draft draft;
  struct lane_program *program;
  struct ir_lane_inputs *inputs;
  const struct vm_type *type; /* of the results */
  struct seen {
    ir_id node;
    int step;
  } * seen; /* what has a step already */
  size_t seen_count, seen_capacity;
};

static int find_step(const struct group *p, ir_id n) {
  for (size_t k = p->seen_count; k-- > 0;)
    if (p->seen[k].node == n) return p->seen[k].step;
  return -1;
}

static int remember(struct group *p, ir_id n, int step) {
  if (rt_grow((void **)&p->seen, &p->seen_capacity, p->seen_count + 1, sizeof *p->seen) != RT_OK)
    p->draft.failed = true;
  else
    p->seen[p->seen_count++] = (struct seen){n, step};
  return step;
}

/* See runtime/lanes.h: J for the last axis, I for any other axis or for one value per example. */
static int class_of_input(const struct vm_type *out, uint32_t axes, bool batched) {
  uint32_t last = out->rank ? 1u << (out->rank - 1) : 0;
  int class = axes & last ? LANE_J : 0;
  if (axes & ~last || (batched && out->batched)) class |= LANE_I;
  return class;
}

static int input_step(struct group *p, ir_id arg) {
  const struct ir_node *n = &p->g->node[arg];
  ir_id source = n->op == OP_expand ? n->arg[0] : arg;
  uint32_t axes = n->op == OP_expand ? (uint32_t)n->attr[0] : (1u << p->type->rank) - 1;
  int class = class_of_input(p->type, axes, p->g->node[source].type.batched), k = p->inputs->count;
  if (k == LANE_MAX_INPUTS) {
    p->draft.failed = true;
    return 0;
  }
  p->inputs->count++;
  p->inputs->source[k] = source;
  p->program->input_class[k] = (uint8_t) class;
  p->program->input_axes[k] = (uint8_t)axes;
  return ir_draft_leaf(&p->draft, LANE_input, k, class);
}

static int step_of(struct group *p, ir_id arg) {
  int step = find_step(p, arg);
  if (step >= 0) return step;
  const struct ir_node *n = &p->g->node[arg];
  return remember(p, arg, n->op == OP_constant ? ir_draft_constant(&p->draft, n->real) : input_step(p, arg));
}

int ir_lower_group(const struct ir_lane_group *group, struct rt_arena *arena, struct lane_program *program,
                   struct ir_lane_inputs *inputs, struct rt_error *error) {
  const struct ir_graph *g = group->g;
  struct group p = {.g = g, .program = program, .inputs = inputs, .type = &g->node[group->member[0]].type};
  memset(program, 0, sizeof *program);
  inputs->count = 0;
  for (int k = 0; k < group->member_count; k++) {
    const struct ir_node *n = &g->node[group->member[k]];
    int arg[3] = {-1, -1, -1};
    for (int a = 0; a < n->arg_count; a++) arg[a] = step_of(&p, n->arg[a]);
    remember(&p, group->member[k], ir_draft_compute(&p.draft, (enum lane_op)n->op, arg[0], arg[1], arg[2]));
  }
  int result[LANE_MAX_OUTPUTS] = {0};
  for (int k = 0; k < group->output_count && k < LANE_MAX_OUTPUTS; k++)
    result[k] = find_step(&p, group->output[k]);
  program->input_count = inputs->count;
  rt_free(p.seen);
  const struct ir_draft_results results = {group->output_count, result};
  return ir_draft_finish(&p.draft, results, arena, program, error);
}

/* ---- equality ---- */

static bool same_bytes(const void *a, const void *b, size_t count, size_t size) {
  return !count || !memcmp(a, b, count * size);
}

bool ir_same_program(const struct lane_program *a, const struct lane_program *b) {
  return a->input_count == b->input_count && a->output_count == b->output_count
         && a->register_count == b->register_count && a->instr_count == b->instr_count
         && a->constant_count == b->constant_count
         && same_bytes(a->input_class, b->input_class, (size_t)a->input_count, 1)
         && same_bytes(a->input_axes, b->input_axes, (size_t)a->input_count, 1)
         && same_bytes(a->output, b->output, (size_t)a->output_count, 1)
         && same_bytes(a->instr, b->instr, (size_t)a->instr_count, sizeof *a->instr)
         && same_bytes(a->constant, b->constant, (size_t)a->constant_count, sizeof *a->constant);
}
