/* lower_lanes.c: groups of nodes, and the slots of heads, as lane programs. */
#include "compiler/lower.h"

#include <string.h>

/* The lane ops stand first in both lists, in the same order. */
_Static_assert((int)OP_neg == (int)LANE_neg && (int)OP_select == (int)LANE_select, "lane ops have one number in ops and in lanes");

static bool is_lane(const struct ir_node *n)
{
  return rt_op_info[n->op].flags & RT_LANE;
}

/* ---- groups of tensors ---- */

struct group {
  const struct ir_graph *g;
  struct ir_draft draft;
  struct lane_program *program;
  struct ir_lane_inputs *inputs;
  const struct vm_type *type;            /* of the results */
  struct seen { ir_id node; int step; } *seen;     /* what has a step already */
  size_t seen_count, seen_capacity;
};

static int find_step(const struct group *p, ir_id n)
{
  for (size_t k = p->seen_count; k-- > 0;)
    if (p->seen[k].node == n)
      return p->seen[k].step;
  return -1;
}

static int remember(struct group *p, ir_id n, int step)
{
  if (rt_grow((void **)&p->seen, &p->seen_capacity, p->seen_count + 1, sizeof *p->seen) != RT_OK)
    p->draft.failed = true;
  else
    p->seen[p->seen_count++] = (struct seen){ n, step };
  return step;
}

/* See runtime/lanes.h: J for the last axis, I for any other axis or for one value per example. */
static int class_of_input(const struct vm_type *out, uint32_t axes, bool batched)
{
  uint32_t last = out->rank ? 1u << (out->rank - 1) : 0;
  int class = axes & last ? LANE_J : 0;
  if (axes & ~last || (batched && out->batched))
    class |= LANE_I;
  return class;
}

static int input_step(struct group *p, ir_id arg)
{
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
  p->program->input_class[k] = (uint8_t)class;
  p->program->input_axes[k] = (uint8_t)axes;
  return ir_draft_leaf(&p->draft, LANE_input, k, class);
}

static int step_of(struct group *p, ir_id arg)
{
  int step = find_step(p, arg);
  if (step >= 0)
    return step;
  const struct ir_node *n = &p->g->node[arg];
  return remember(p, arg, n->op == OP_constant ? ir_draft_constant(&p->draft, n->real) : input_step(p, arg));
}

int ir_lower_group(const struct ir_graph *g, int member_count, const ir_id *member, int output_count, const ir_id *output,
                   struct rt_arena *arena, struct lane_program *program, struct ir_lane_inputs *inputs, struct rt_error *error)
{
  struct group p = { .g = g, .program = program, .inputs = inputs, .type = &g->node[member[0]].type };
  memset(program, 0, sizeof *program);
  inputs->count = 0;
  for (int k = 0; k < member_count; k++) {
    const struct ir_node *n = &g->node[member[k]];
    int arg[3] = { -1, -1, -1 };
    for (int a = 0; a < n->arg_count; a++)
      arg[a] = step_of(&p, n->arg[a]);
    remember(&p, member[k], ir_draft_compute(&p.draft, (enum lane_op)n->op, 0, 0, arg[0], arg[1], arg[2]));
  }
  int result[LANE_MAX_OUTPUTS] = {0};
  for (int k = 0; k < output_count && k < LANE_MAX_OUTPUTS; k++)
    result[k] = find_step(&p, output[k]);
  program->input_count = inputs->count;
  rt_free(p.seen);
  return ir_draft_finish(&p.draft, output_count, result, arena, program, error);
}

/* ---- slots of heads ---- */

/* Which program of the head: they number their inputs differently (runtime/attend.h). */
enum slot_kind { SLOT_SCORE, SLOT_MASK, SLOT_DROP, SLOT_SCORE_GRAD };

struct slot {
  const struct ir_head *head;
  const struct ir_graph *g;
  enum slot_kind kind;
  struct ir_draft draft;
  int *step;                             /* by node */
  struct rt_error *error;
};

static int class_of_extra(const struct attend_operand *extra)
{
  int class = 0;
  for (int x = 0; x < extra->rank; x++)
    class |= extra->role[x] == ATTEND_I ? LANE_I : extra->role[x] == ATTEND_J ? LANE_J : 0;
  return class;
}

static bool has_score(enum slot_kind kind)
{
  return kind == SLOT_SCORE || kind == SLOT_SCORE_GRAD;
}

static int extra_input(const struct slot *s, int64_t leaf)
{
  return (int)leaf - 1 + has_score(s->kind);
}

static int fail_leaf(struct slot *s, const struct ir_node *n, const char *why)
{
  gr_fail(s->error, n->span, "%s", why);
  s->draft.failed = true;
  return 0;
}

static int leaf_step(struct slot *s, const struct ir_node *n)
{
  int64_t leaf = n->attr[0];
  switch (leaf) {
  case IR_LEAF_S:
    return has_score(s->kind) ? ir_draft_leaf(&s->draft, LANE_input, 0, LANE_I | LANE_J)
                              : fail_leaf(s, n, "only `score` and `norm` can use the raw score");
  case IR_LEAF_I: return ir_draft_leaf(&s->draft, LANE_row, 0, LANE_I);
  case IR_LEAF_J: return ir_draft_leaf(&s->draft, LANE_column, 0, LANE_J);
  case IR_LEAF_H: return ir_draft_leaf(&s->draft, LANE_head, 0, 0);
  case IR_LEAF_DS: return ir_draft_leaf(&s->draft, LANE_input, 1 + s->head->extra_count, LANE_I | LANE_J);
  case IR_LEAF_RANDOM: return ir_draft_leaf(&s->draft, LANE_random, 0, LANE_I | LANE_J);
  default: return ir_draft_leaf(&s->draft, LANE_input, extra_input(s, leaf), class_of_extra(&s->head->extra[leaf - 1]));
  }
}

static int slot_step(struct slot *s, ir_id id)
{
  const struct ir_node *n = &s->g->node[id];
  int arg[3] = { -1, -1, -1 };
  if (n->op == OP_input)
    return leaf_step(s, n);
  if (n->op == OP_constant)
    return ir_draft_constant(&s->draft, n->real);
  if (n->op == OP_gather) {
    int64_t leaf = s->g->node[n->arg[0]].attr[0];
    return ir_draft_compute(&s->draft, LANE_gather, extra_input(s, leaf), class_of_extra(&s->head->extra[leaf - 1]), s->step[n->arg[1]], -1, -1);
  }
  if (!is_lane(n))
    return fail_leaf(s, n, "a slot works on numbers, one query and one key at a time: compute this outside of it");
  for (int k = 0; k < n->arg_count; k++)
    arg[k] = s->step[n->arg[k]];
  return ir_draft_compute(&s->draft, (enum lane_op)n->op, 0, 0, arg[0], arg[1], arg[2]);
}

/* A table is read by gathers alone: it is no step of its own. */
static bool is_table_leaf(const struct slot *s, const struct ir_node *n)
{
  if (n->op != OP_input || n->attr[0] < 1)
    return false;
  const struct attend_operand *extra = &s->head->extra[n->attr[0] - 1];
  return extra->rank && extra->role[extra->rank - 1] == ATTEND_FEATURE;
}

static void set_inputs(const struct slot *s, struct lane_program *p)
{
  int k = 0;
  if (has_score(s->kind))
    p->input_class[k++] = LANE_I | LANE_J;
  for (int e = 0; e < s->head->extra_count; e++)
    p->input_class[k++] = (uint8_t)class_of_extra(&s->head->extra[e]);
  if (s->kind == SLOT_SCORE_GRAD)
    p->input_class[k++] = LANE_I | LANE_J;
  p->input_count = k;
}

static int lower_steps(struct slot *s, const struct ir_slot *slot, bool *live, struct rt_arena *arena, struct lane_program *program)
{
  int result[1 + 2 * ATTEND_MAX_EXTRAS];
  ir_mark_live(s->g, slot->result_count, slot->result, live);
  for (ir_id n = 1; n < s->g->count; n++)
    if (live[n] && !is_table_leaf(s, &s->g->node[n]))
      s->step[n] = slot_step(s, n);
  if (s->error && s->error->code) {
    ir_draft_free(&s->draft);
    return s->error->code;
  }
  for (int k = 0; k < slot->result_count; k++)
    result[k] = s->step[slot->result[k]];
  set_inputs(s, program);
  return ir_draft_finish(&s->draft, slot->result_count, result, arena, program, s->error);
}

static int lower_slot(const struct ir_head *head, enum slot_kind kind, const struct ir_slot *slot, struct rt_arena *arena,
                      const struct lane_program **out, struct rt_error *error)
{
  if (!slot->graph || !slot->result_count || !slot->result[0])
    return RT_OK;
  struct lane_program *program = rt_arena_alloc(arena, sizeof *program);
  struct slot s = { .head = head, .g = slot->graph, .kind = kind, .step = rt_zalloc(slot->graph->count, sizeof *s.step), .error = error };
  bool *live = rt_zalloc(slot->graph->count, sizeof *live);
  int status = program && s.step && live ? lower_steps(&s, slot, live, arena, program) : rt_no_memory(error);
  rt_free(s.step);
  rt_free(live);
  *out = program;
  return status;
}

int ir_lower_head(const struct ir_head *head, bool training, bool gradient, struct rt_arena *arena, struct attend_plan *plan, struct rt_error *error)
{
  *plan = ir_head_plan(head);
  int status = lower_slot(head, SLOT_SCORE, &head->score, arena, &plan->score, error);
  if (status == RT_OK)
    status = lower_slot(head, SLOT_MASK, &head->mask, arena, &plan->mask, error);
  if (status == RT_OK && training)
    status = lower_slot(head, SLOT_DROP, &head->drop, arena, &plan->drop, error);
  if (status == RT_OK && gradient)
    status = lower_slot(head, SLOT_SCORE_GRAD, &head->score_grad, arena, &plan->score_grad, error);
  if (!gradient)
    memset(plan->wants_grad, 0, sizeof plan->wants_grad);
  return status;
}

/* ---- equality ---- */

static bool same_bytes(const void *a, const void *b, size_t count, size_t size)
{
  return !count || !memcmp(a, b, count * size);
}

bool ir_same_program(const struct lane_program *a, const struct lane_program *b)
{
  return a->input_count == b->input_count && a->output_count == b->output_count && a->register_count == b->register_count &&
         a->instr_count == b->instr_count && a->constant_count == b->constant_count &&
         same_bytes(a->input_class, b->input_class, (size_t)a->input_count, 1) && same_bytes(a->input_axes, b->input_axes, (size_t)a->input_count, 1) &&
         same_bytes(a->output, b->output, (size_t)a->output_count, 1) &&
         same_bytes(a->instr, b->instr, (size_t)a->instr_count, sizeof *a->instr) &&
         same_bytes(a->constant, b->constant, (size_t)a->constant_count, sizeof *a->constant);
}

static bool same_slot(const struct lane_program *a, const struct lane_program *b)
{
  return a && b ? ir_same_program(a, b) : a == b;
}

static bool same_operand(const struct attend_operand *a, const struct attend_operand *b)
{
  return a->rank == b->rank && same_bytes(a->role, b->role, (size_t)a->rank, 1);
}

bool ir_same_plan(const struct attend_plan *a, const struct attend_plan *b)
{
  bool same = a->softmax == b->softmax && a->extra_count == b->extra_count && same_operand(&a->query, &b->query) &&
              same_operand(&a->key, &b->key) && same_operand(&a->value, &b->value) && same_operand(&a->out, &b->out) &&
              same_slot(a->score, b->score) && same_slot(a->mask, b->mask) && same_slot(a->drop, b->drop) && same_slot(a->score_grad, b->score_grad);
  for (int k = 0; same && k < a->extra_count; k++)
    same = same_operand(&a->extra[k], &b->extra[k]) && a->wants_grad[k] == b->wants_grad[k];
  return same;
}
