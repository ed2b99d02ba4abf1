/* lower_head.c: heads as plans: their slots as lane programs, and what a slot says over a whole row of scores
 * as row values (runtime/attend_plan.h). */
#include "compiler/back/lower.h"

#include <string.h>

/* ---- slots ---- */

/* Which program of the head: they number their inputs differently (runtime/attend_plan.h). A row value of the
 * forward pass is like a score, one of the backward pass like a score_grad. */
enum slot_kind { SLOT_SCORE, SLOT_MASK, SLOT_DROP, SLOT_SCORE_GRAD };

/* A head while it is lowered: its plan, and the row values of that so far, those of the score first, then
 * what its gradient needs beside. */
struct lowering {
  const struct ir_head *head;
  bool training, gradient; /* is there noise; is there a score_grad */
  int total;               /* how many row values there will be: inputs are numbered by it */
  struct attend_plan *plan;
  int *row_of; /* by node of the slot at hand: number of the row value, -1: none yet */
  struct rt_arena *arena;
  struct rt_error *error;
};

/* What one program computes: some nodes of a slot's graph. */
struct wanted {
  enum slot_kind kind;
  const struct ir_graph *g;
  int count;
  const ir_id *result;
  struct ir_draft_part *part; /* of score_grad, whose last result is the score: where that is; else NULL */
};

struct slot {
  const struct lowering *l;
  const struct ir_head *head;
  const struct ir_graph *g;
  enum slot_kind kind;
  struct ir_draft draft;
  int *step;  /* by node; -1: none yet */
  int offset; /* the step i - j; -1: none yet */
};

static int class_of_extra(const struct attend_operand *extra) {
  int class = 0;
  for (int x = 0; x < extra->rank; x++)
    class |= extra->role[x] == ATTEND_I ? LANE_I : extra->role[x] == ATTEND_J ? LANE_J : 0;
  return class;
}

static bool has_score(enum slot_kind kind) { return kind == SLOT_SCORE || kind == SLOT_SCORE_GRAD; }

static int extra_input(const struct slot *s, int64_t leaf) { return (int)leaf - 1 + has_score(s->kind); }

static int fail_leaf(struct slot *s, const struct ir_node *n, const char *why) {
  gr_fail(s->l->error, n->span, "%s", why);
  s->draft.failed = true;
  return 0;
}

/* -log(-log(u)) (Gumbel 1954), of numbers other than those that drop draws. */
static int gumbel_step(struct slot *s) {
  struct ir_draft *d = &s->draft;
  if (!s->l->training) return ir_draft_constant(d, 0);
  int u = ir_draft_compute(d, LANE_max, ir_draft_leaf(d, LANE_random, 1, LANE_I | LANE_J),
                           ir_draft_constant(d, 0x1p-33), -1);
  for (int twice = 0; twice < 2; twice++)
    u = ir_draft_compute(d, LANE_neg, ir_draft_compute(d, LANE_log, u, -1, -1), -1, -1);
  return u;
}

static int leaf_step(struct slot *s, const struct ir_node *n) {
  int64_t leaf = n->attr[0];
  switch (leaf) {
    case IR_LEAF_S:
      return has_score(s->kind) ? ir_draft_leaf(&s->draft, LANE_input, 0, LANE_I | LANE_J)
                                : fail_leaf(s, n, "only `score` and `norm` can use the raw score");
    case IR_LEAF_I: return ir_draft_leaf(&s->draft, LANE_row, 0, LANE_I);
    case IR_LEAF_J: return ir_draft_leaf(&s->draft, LANE_column, 0, LANE_J);
    case IR_LEAF_H: return ir_draft_leaf(&s->draft, LANE_head, 0, 0);
    case IR_LEAF_DS:
      return ir_draft_leaf(&s->draft, LANE_input, 1 + s->head->extra_count + s->l->total, LANE_I | LANE_J);
    case IR_LEAF_RANDOM: return ir_draft_leaf(&s->draft, LANE_random, 0, LANE_I | LANE_J);
    case IR_LEAF_GUMBEL: return gumbel_step(s);
    default:
      return ir_draft_leaf(&s->draft, LANE_input, extra_input(s, leaf),
                           class_of_extra(&s->head->extra[leaf - 1]));
  }
}

static bool is_leaf(const struct slot *s, ir_id id, int64_t leaf) {
  return s->g->node[id].op == OP_input && s->g->node[id].attr[0] == leaf;
}

/* What subtracts or compares i and j, as a step on i - j: then it takes one number for each diagonal of a
 * tile. -1: it is something else. */
static int offset_step(struct slot *s, const struct ir_node *n) {
  if (!rt_compares(n->op) && n->op != OP_sub) return -1;
  bool forward = is_leaf(s, n->arg[0], IR_LEAF_I) && is_leaf(s, n->arg[1], IR_LEAF_J);
  if (!forward && !(is_leaf(s, n->arg[0], IR_LEAF_J) && is_leaf(s, n->arg[1], IR_LEAF_I))) return -1;
  if (s->offset < 0) s->offset = ir_draft_leaf(&s->draft, LANE_offset, 0, LANE_D);
  if (!rt_compares(n->op))
    return forward ? s->offset : ir_draft_compute(&s->draft, LANE_neg, s->offset, -1, -1);
  int zero = ir_draft_constant(&s->draft, 0);
  return ir_draft_compute(&s->draft, (enum lane_op)n->op, forward ? s->offset : zero,
                          forward ? zero : s->offset, -1);
}

static int slot_step(struct slot *s, ir_id id) {
  const struct ir_node *n = &s->g->node[id];
  int arg[3] = {-1, -1, -1};
  if (n->op == OP_input) return leaf_step(s, n);
  if (n->op == OP_constant) return ir_draft_constant(&s->draft, n->real);
  if (n->op == OP_gather) {
    int64_t leaf = s->g->node[n->arg[0]].attr[0];
    return ir_draft_gather(&s->draft, extra_input(s, leaf), class_of_extra(&s->head->extra[leaf - 1]),
                           s->step[n->arg[1]]);
  }
  if (n->op == OP_stop) return s->step[n->arg[0]];
  if (n->op == OP_over)
    return ir_draft_leaf(&s->draft, LANE_input, 1 + s->head->extra_count + s->l->row_of[id], LANE_I);
  if (!rt_is_lane(n->op))
    return fail_leaf(s, n,
                     "a slot works on numbers, one query and one key at a time: compute this outside of it");
  int offset = offset_step(s, n);
  if (offset >= 0) return offset;
  for (int k = 0; k < n->arg_count; k++) arg[k] = s->step[n->arg[k]];
  return ir_draft_compute(&s->draft, (enum lane_op)n->op, arg[0], arg[1], arg[2]);
}

/* A table is read by gathers only, so that it is no step of its own. */
static bool is_table_leaf(const struct slot *s, const struct ir_node *n) {
  if (n->op != OP_input || n->attr[0] < 1) return false;
  const struct attend_operand *extra = &s->head->extra[n->attr[0] - 1];
  return extra->rank && extra->role[extra->rank - 1] == ATTEND_FEATURE;
}

static void set_inputs(const struct slot *s, struct lane_program *p) {
  int k = 0;
  if (has_score(s->kind)) p->input_class[k++] = LANE_I | LANE_J;
  for (int e = 0; e < s->head->extra_count; e++)
    p->input_class[k++] = (uint8_t)class_of_extra(&s->head->extra[e]);
  for (int r = 0; has_score(s->kind) && r < s->l->total; r++) p->input_class[k++] = LANE_I;
  if (s->kind == SLOT_SCORE_GRAD) p->input_class[k++] = LANE_I | LANE_J;
  p->input_count = k;
}

/* The steps of what the results need, up to the row values, which are inputs. */
static void add_steps(struct slot *s, int count, const ir_id *result, bool *live) {
  for (int k = 0; k < count; k++) live[result[k]] = true;
  for (ir_id n = s->g->count; n-- > 1;) {
    const struct ir_node *node = &s->g->node[n];
    for (int k = 0; live[n] && node->op != OP_over && k < node->arg_count; k++) live[node->arg[k]] = true;
  }
  for (ir_id n = 1; n < s->g->count; n++)
    if (live[n] && s->step[n] < 0 && !is_table_leaf(s, &s->g->node[n])) s->step[n] = slot_step(s, n);
}

static int lower_steps(struct slot *s, const struct wanted *wanted, bool *live,
                       struct lane_program *program) {
  const ir_id *result = wanted->result;
  int output[1 + 2 * ATTEND_MAX_EXTRAS], count = wanted->count;
  for (ir_id n = 0; n < s->g->count; n++) s->step[n] = -1;
  if (wanted->part) {
    add_steps(s, 1, &result[--count], live);
    *wanted->part = (struct ir_draft_part){.end = s->draft.count, .result = s->step[result[count]]};
    s->draft.part = wanted->part;
  }
  add_steps(s, count, result, live);
  struct rt_error *error = s->l->error;
  if (error && error->code) {
    ir_draft_free(&s->draft);
    return error->code;
  }
  for (int k = 0; k < count; k++) output[k] = s->step[result[k]];
  set_inputs(s, program);
  return ir_draft_finish(&s->draft, (struct ir_draft_results){count, output}, s->l->arena, program, error);
}

static int lower_program(const struct lowering *l, const struct wanted *wanted,
                         const struct lane_program **out) {
  const struct ir_graph *g = wanted->g;
  struct lane_program *program = rt_arena_alloc(l->arena, sizeof *program);
  struct slot s = {.l = l,
                   .head = l->head,
                   .g = g,
                   .kind = wanted->kind,
                   .step = rt_zalloc(g->count, sizeof *s.step),
                   .offset = -1};
  bool *live = rt_zalloc(g->count, sizeof *live);
  int status = program && s.step && live ? lower_steps(&s, wanted, live, program) : rt_no_memory(l->error);
  rt_free(s.step);
  rt_free(live);
  *out = program;
  return status;
}

/* ---- row values ---- */

static uint8_t reduce_of(int64_t what) {
  return what == IR_OVER_SUM      ? ATTEND_SUM
         : what == IR_OVER_MAX    ? ATTEND_MAX
         : what == IR_OVER_ENTMAX ? ATTEND_ENTMAX
                                  : ATTEND_KTH;
}

/* The row value that an `over` of the graph is: one that the plan has already, or a new one. */
static int add_row(struct lowering *l, const struct ir_graph *g, ir_id id, bool backward) {
  struct attend_plan *plan = l->plan;
  const struct ir_node *n = &g->node[id];
  struct attend_row row = {.reduce = reduce_of(n->attr[0]), .backward = backward, .parameter = n->real};
  const struct wanted summand = {backward ? SLOT_SCORE_GRAD : SLOT_SCORE, g, 1, &n->arg[0], NULL};
  int status = lower_program(l, &summand, &row.program);
  if (status != RT_OK) return status;
  for (int k = 0; k < plan->row_count; k++) {
    const struct attend_row *have = &plan->row[k];
    if (have->reduce == row.reduce && have->backward == backward && have->parameter == row.parameter
        && ir_same_program(have->program, row.program)) {
      l->row_of[id] = k;
      return RT_OK;
    }
  }
  if (plan->row_count == ATTEND_MAX_ROWS)
    return gr_fail(l->error, n->span, "more than %d sums, maxima and thresholds run over the keys",
                   ATTEND_MAX_ROWS);
  l->row_of[id] = plan->row_count;
  plan->row[plan->row_count++] = row;
  return RT_OK;
}

/* Which nodes come from the gradient of the weights. */
static void mark_backward(const struct ir_graph *graph, bool *backward) {
  for (ir_id n = 1; n < graph->count; n++) {
    const struct ir_node *node = &graph->node[n];
    backward[n] = node->op == OP_input && node->attr[0] == IR_LEAF_DS;
    for (int k = 0; k < node->arg_count; k++) backward[n] |= backward[node->arg[k]];
  }
}

/* The live row values of a slot: first those of the forward pass. */
static int add_rows(struct lowering *l, const struct ir_slot *slot) {
  const struct ir_graph *graph = slot->graph;
  bool *live = rt_zalloc(graph->count, sizeof *live), *backward = rt_zalloc(graph->count, sizeof *backward);
  int status = live && backward ? RT_OK : rt_no_memory(l->error);
  if (status == RT_OK) {
    ir_mark_live(graph, slot->result_count, slot->result, live);
    mark_backward(graph, backward);
  }
  for (int pass = 0; pass < 2; pass++)
    for (ir_id n = 1; status == RT_OK && n < graph->count; n++)
      if (live[n] && graph->node[n].op == OP_over && backward[n] == (pass == 1))
        status = add_row(l, graph, n, backward[n]);
  rt_free(live);
  rt_free(backward);
  return status;
}

/* ---- plans ---- */

static int lower_slot(struct lowering *l, enum slot_kind kind, const struct ir_slot *slot,
                      struct ir_draft_part *part, const struct lane_program **out) {
  if (!slot->graph || !slot->result_count || !slot->result[0]) return RT_OK;
  const struct wanted all = {kind, slot->graph, slot->result_count, slot->result, part};
  l->row_of = rt_zalloc(slot->graph->count, sizeof *l->row_of);
  int status = l->row_of ? RT_OK : rt_no_memory(l->error);
  if (status == RT_OK && has_score(kind)) status = add_rows(l, slot);
  if (status == RT_OK) status = lower_program(l, &all, out);
  rt_free(l->row_of);
  l->row_of = NULL;
  return status;
}

static int lower_plan(struct lowering *l) {
  const struct ir_head *head = l->head;
  struct attend_plan *plan = l->plan;
  struct ir_draft_part part = {0};
  *plan = ir_head_plan(head);
  int status = lower_slot(l, SLOT_SCORE, &head->score, NULL, &plan->score);
  if (status == RT_OK) status = lower_slot(l, SLOT_MASK, &head->mask, NULL, &plan->mask);
  if (status == RT_OK && l->training) status = lower_slot(l, SLOT_DROP, &head->drop, NULL, &plan->drop);
  if (status == RT_OK && l->gradient)
    status = lower_slot(l, SLOT_SCORE_GRAD, &head->score_grad, &part, &plan->score_grad);
  plan->score_end = (int)part.end;
  plan->score_register = (uint8_t)part.result;
  if (!l->gradient) memset(plan->wants_grad, 0, sizeof plan->wants_grad);
  return status;
}

/* Inputs are numbered by how many row values there are, which shows when they are made: a head that has any
 * is lowered twice. */
static int lower(struct lowering *l) {
  bool has_rows = l->head->lowering == VM_ROW_BUFFERED;
  l->total = has_rows ? ATTEND_MAX_ROWS : 0;
  int status = lower_plan(l);
  if (status != RT_OK || !has_rows) return status;
  l->total = l->plan->row_count;
  return lower_plan(l);
}

int ir_lower_head(struct ir_head *head, bool training, bool gradient, struct rt_arena *arena,
                  struct attend_plan *plan, struct rt_error *error) {
  struct lowering l = {
      .head = head, .training = training, .gradient = gradient, .plan = plan, .arena = arena, .error = error};
  int status = lower(&l);
  if (status != RT_BAD_DATA) return status;
  head->unfit = rt_arena_printf(arena, "in its slots or their gradient %s", error->text);
  return head->unfit ? status : rt_no_memory(error);
}

/* ---- equality ---- */

static bool same_slot(const struct lane_program *a, const struct lane_program *b) {
  return a && b ? ir_same_program(a, b) : a == b;
}

static bool same_operand(const struct attend_operand *a, const struct attend_operand *b) {
  return a->rank == b->rank && (!a->rank || !memcmp(a->role, b->role, (size_t)a->rank));
}

bool ir_same_plan(const struct attend_plan *a, const struct attend_plan *b) {
  bool same = a->softmax == b->softmax && a->row_count == b->row_count && a->extra_count == b->extra_count
              && same_operand(&a->query, &b->query) && same_operand(&a->key, &b->key)
              && same_operand(&a->value, &b->value) && same_operand(&a->out, &b->out)
              && same_slot(a->score, b->score) && same_slot(a->mask, b->mask) && same_slot(a->drop, b->drop)
              && same_slot(a->score_grad, b->score_grad) && a->score_end == b->score_end
              && a->score_register == b->score_register;
  for (int k = 0; same && k < a->extra_count; k++)
    same = same_operand(&a->extra[k], &b->extra[k]) && a->wants_grad[k] == b->wants_grad[k];
  for (int k = 0; same && k < a->row_count; k++)
    same = a->row[k].reduce == b->row[k].reduce && a->row[k].backward == b->row[k].backward
           && a->row[k].parameter == b->row[k].parameter
           && ir_same_program(a->row[k].program, b->row[k].program);
  return same;
}
