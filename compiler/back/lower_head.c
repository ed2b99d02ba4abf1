/* lower_head.c: heads as plans: their slots as lane programs, and what a slot says over a whole row of scores
 * as row values (runtime/attend_plan.h). */
#include "compiler/back/lower.h"

#include <string.h>

/* ---- slots ---- */

/* Which program of the head: they number their inputs differently (runtime/attend_plan.h). A row value of the
 * forward pass is like a score, one of the backward pass like a score_grad. */
enum slot_kind { SLOT_SCORE, SLOT_MASK, SLOT_DROP, SLOT_SCORE_GRAD };

/* The row values of a plan while it is made: those of its score, then what its gradient needs beside. */
struct rows {
  struct attend_plan *plan;
  bool training; /* is there noise? */
  int total;     /* how many there will be: inputs are numbered by it */
  int *of;       /* by node of the slot at hand: number of the row value, -1: none yet */
};

struct slot {
  const struct ir_head *head;
  const struct ir_graph *g;
  enum slot_kind kind;
  const struct rows *rows;
  struct ir_draft draft;
  int *step;  /* by node; -1: none yet */
  int offset; /* the step i - j; -1: none yet */
  struct rt_error *error;
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
  gr_fail(s->error, n->span, "%s", why);
  s->draft.failed = true;
  return 0;
}

/* -log(-log(u)) (Gumbel 1954), of numbers other than those that drop draws. */
static int gumbel_step(struct slot *s) {
  struct ir_draft *d = &s->draft;
  if (!s->rows->training) return ir_draft_constant(d, 0);
  int u = ir_draft_compute(d, LANE_max, 0, 0, ir_draft_leaf(d, LANE_random, 1, LANE_I | LANE_J),
                           ir_draft_constant(d, 0x1p-33), -1);
  for (int twice = 0; twice < 2; twice++)
    u = ir_draft_compute(d, LANE_neg, 0, 0, ir_draft_compute(d, LANE_log, 0, 0, u, -1, -1), -1, -1);
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
      return ir_draft_leaf(&s->draft, LANE_input, 1 + s->head->extra_count + s->rows->total, LANE_I | LANE_J);
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
    return forward ? s->offset : ir_draft_compute(&s->draft, LANE_neg, 0, 0, s->offset, -1, -1);
  int zero = ir_draft_constant(&s->draft, 0);
  return ir_draft_compute(&s->draft, (enum lane_op)n->op, 0, 0, forward ? s->offset : zero,
                          forward ? zero : s->offset, -1);
}

static int slot_step(struct slot *s, ir_id id) {
  const struct ir_node *n = &s->g->node[id];
  int arg[3] = {-1, -1, -1};
  if (n->op == OP_input) return leaf_step(s, n);
  if (n->op == OP_constant) return ir_draft_constant(&s->draft, n->real);
  if (n->op == OP_gather) {
    int64_t leaf = s->g->node[n->arg[0]].attr[0];
    return ir_draft_compute(&s->draft, LANE_gather, extra_input(s, leaf),
                            class_of_extra(&s->head->extra[leaf - 1]), s->step[n->arg[1]], -1, -1);
  }
  if (n->op == OP_stop) return s->step[n->arg[0]];
  if (n->op == OP_over)
    return ir_draft_leaf(&s->draft, LANE_input, 1 + s->head->extra_count + s->rows->of[id], LANE_I);
  if (!rt_is_lane(n->op))
    return fail_leaf(s, n,
                     "a slot works on numbers, one query and one key at a time: compute this outside of it");
  int offset = offset_step(s, n);
  if (offset >= 0) return offset;
  for (int k = 0; k < n->arg_count; k++) arg[k] = s->step[n->arg[k]];
  return ir_draft_compute(&s->draft, (enum lane_op)n->op, 0, 0, arg[0], arg[1], arg[2]);
}

/* A table is read by gathers alone: it is no step of its own. */
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
  for (int r = 0; has_score(s->kind) && r < s->rows->total; r++) p->input_class[k++] = LANE_I;
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

static int lower_steps(struct slot *s, int count, const ir_id *result, bool *live, struct ir_draft_part *part,
                       struct rt_arena *arena, struct lane_program *program) {
  int output[1 + 2 * ATTEND_MAX_EXTRAS];
  for (ir_id n = 0; n < s->g->count; n++) s->step[n] = -1;
  if (part) {
    add_steps(s, 1, &result[--count], live);
    *part = (struct ir_draft_part){.end = s->draft.count, .result = s->step[result[count]]};
    s->draft.part = part;
  }
  add_steps(s, count, result, live);
  if (s->error && s->error->code) {
    ir_draft_free(&s->draft);
    return s->error->code;
  }
  for (int k = 0; k < count; k++) output[k] = s->step[result[k]];
  set_inputs(s, program);
  return ir_draft_finish(&s->draft, count, output, arena, program, s->error);
}

/* One program of a slot's graph. part: of score_grad, whose last result is the score, to be told where that
 * is; otherwise NULL. */
static int lower_program(const struct ir_head *head, enum slot_kind kind, const struct ir_graph *graph,
                         int count, const ir_id *result, const struct rows *rows, struct ir_draft_part *part,
                         struct rt_arena *arena, const struct lane_program **out, struct rt_error *error) {
  struct lane_program *program = rt_arena_alloc(arena, sizeof *program);
  struct slot s = {.head = head,
                   .g = graph,
                   .kind = kind,
                   .rows = rows,
                   .step = rt_zalloc(graph->count, sizeof *s.step),
                   .offset = -1,
                   .error = error};
  bool *live = rt_zalloc(graph->count, sizeof *live);
  int status = program && s.step && live ? lower_steps(&s, count, result, live, part, arena, program)
                                         : rt_no_memory(error);
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
static int add_row(const struct ir_head *head, const struct ir_graph *graph, ir_id id, bool backward,
                   struct rows *rows, struct rt_arena *arena, struct rt_error *error) {
  struct attend_plan *plan = rows->plan;
  const struct ir_node *n = &graph->node[id];
  struct attend_row row = {.reduce = reduce_of(n->attr[0]), .backward = backward, .parameter = n->real};
  int status = lower_program(head, backward ? SLOT_SCORE_GRAD : SLOT_SCORE, graph, 1, &n->arg[0], rows, NULL,
                             arena, &row.program, error);
  if (status != RT_OK) return status;
  for (int k = 0; k < plan->row_count; k++) {
    const struct attend_row *have = &plan->row[k];
    if (have->reduce == row.reduce && have->backward == backward && have->parameter == row.parameter
        && ir_same_program(have->program, row.program)) {
      rows->of[id] = k;
      return RT_OK;
    }
  }
  if (plan->row_count == ATTEND_MAX_ROWS)
    return gr_fail(error, n->span,
                   "a head can take at most %d sums, maxima and thresholds over its keys, those of its "
                   "gradient included",
                   ATTEND_MAX_ROWS);
  rows->of[id] = plan->row_count;
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
static int add_rows(const struct ir_head *head, const struct ir_slot *slot, struct rows *rows,
                    struct rt_arena *arena, struct rt_error *error) {
  const struct ir_graph *graph = slot->graph;
  bool *live = rt_zalloc(graph->count, sizeof *live), *backward = rt_zalloc(graph->count, sizeof *backward);
  int status = live && backward ? RT_OK : rt_no_memory(error);
  if (status == RT_OK) {
    ir_mark_live(graph, slot->result_count, slot->result, live);
    mark_backward(graph, backward);
  }
  for (int pass = 0; pass < 2; pass++)
    for (ir_id n = 1; status == RT_OK && n < graph->count; n++)
      if (live[n] && graph->node[n].op == OP_over && backward[n] == (pass == 1))
        status = add_row(head, graph, n, backward[n], rows, arena, error);
  rt_free(live);
  rt_free(backward);
  return status;
}

/* ---- plans ---- */

static int lower_slot(const struct ir_head *head, enum slot_kind kind, const struct ir_slot *slot,
                      struct rows *rows, struct ir_draft_part *part, struct rt_arena *arena,
                      const struct lane_program **out, struct rt_error *error) {
  if (!slot->graph || !slot->result_count || !slot->result[0]) return RT_OK;
  rows->of = rt_zalloc(slot->graph->count, sizeof *rows->of);
  int status = rows->of ? RT_OK : rt_no_memory(error);
  if (status == RT_OK && has_score(kind)) status = add_rows(head, slot, rows, arena, error);
  if (status == RT_OK)
    status = lower_program(head, kind, slot->graph, slot->result_count, slot->result, rows, part, arena, out,
                           error);
  rt_free(rows->of);
  rows->of = NULL;
  return status;
}

static int lower_plan(const struct ir_head *head, bool training, bool gradient, int rows_total,
                      struct rt_arena *arena, struct attend_plan *plan, struct rt_error *error) {
  struct rows rows = {.plan = plan, .training = training, .total = rows_total};
  struct ir_draft_part part = {0};
  *plan = ir_head_plan(head);
  int status = lower_slot(head, SLOT_SCORE, &head->score, &rows, NULL, arena, &plan->score, error);
  if (status == RT_OK)
    status = lower_slot(head, SLOT_MASK, &head->mask, &rows, NULL, arena, &plan->mask, error);
  if (status == RT_OK && training)
    status = lower_slot(head, SLOT_DROP, &head->drop, &rows, NULL, arena, &plan->drop, error);
  if (status == RT_OK && gradient)
    status =
        lower_slot(head, SLOT_SCORE_GRAD, &head->score_grad, &rows, &part, arena, &plan->score_grad, error);
  plan->score_end = (int)part.end;
  plan->score_register = (uint8_t)part.result;
  if (!gradient) memset(plan->wants_grad, 0, sizeof plan->wants_grad);
  return status;
}

/* Inputs are numbered by how many row values there are, which shows when they are made: a head that has any
 * is lowered twice. */
int ir_lower_head(const struct ir_head *head, bool training, bool gradient, struct rt_arena *arena,
                  struct attend_plan *plan, struct rt_error *error) {
  int status = lower_plan(head, training, gradient, head->lowering == VM_ROW_BUFFERED ? ATTEND_MAX_ROWS : 0,
                          arena, plan, error);
  if (status == RT_OK && head->lowering == VM_ROW_BUFFERED)
    status = lower_plan(head, training, gradient, plan->row_count, arena, plan, error);
  return status;
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
