/* rules_scan.c: the gradient of a recurrence: a step backwards, made by the same rules from a copy of its
 * body. */
#include "compiler/ir/rules.h"
#include "vm/scan_operands.h"

#include <string.h>

struct backwards {
  struct ir_back *b;
  struct ir_scan *forward, *scan; /* scan: the step backwards */
  ir_id wrt[SCAN_MAX_ARGS], grad[SCAN_MAX_ARGS];
};

static void out_of_memory(struct ir_back *b) {
  rt_no_memory(b->error);
  b->failed = true;
}

static int collected(const struct ir_scan *scan) { return scan->result_count - ir_scan_given(scan); }
static bool has_state(const struct ir_scan *scan) { return scan->block == VM_ONE; }

/* ---- the step backwards ---- */

/* Copies the body. Nodes keep their numbers; the arguments come first. */
static bool copy_body(struct backwards *w) {
  struct ir_back *b = w->b;
  const struct ir_graph *from = w->forward->body;
  int wanted = 0;
  for (ir_id n = 1; n < from->count; n++) {
    const struct ir_node *node = &from->node[n];
    ir_id id = node->op == OP_input ? ir_scan_argument(w->scan, &node->type, node->span, b->error)
                                    : ir_append(w->scan->body, node, b->error);
    if (id != n) return false;
    if (node->op == OP_input) w->wrt[wanted++] = n;
  }
  return true;
}

/* The sum of all results, each times its gradient. The derivative of this sum is the step backwards. */
static ir_id weighted_results(struct backwards *w) {
  struct ir_back *b = w->b;
  struct ir_graph *g = w->scan->body;
  struct gr_span span = b->node.span;
  struct ir_at at = {g, span, b->error};
  const struct ir_scan *f = w->forward;
  struct vm_type type = g->node[f->result[0]].type;
  ir_id weight = has_state(f) ? ir_scan_argument(w->scan, &type, span, b->error) : 0, sum = 0;
  for (int k = 0; k < f->result_count; k++) {
    if (k >= ir_scan_given(f)) {
      type = g->node[f->result[k]].type;
      ir_id row = ir_scan_argument(w->scan, &type, span, b->error);
      weight = k == 0 && has_state(f) ? ir_binary(at, OP_add, weight, row) : row;
    }
    ir_id part = ir_sum(at, ir_binary(at, OP_mul, f->result[k], weight), 0, false);
    sum = sum ? ir_binary(at, OP_add, sum, part) : part;
    if (!sum) return 0;
  }
  return sum;
}

static bool is_wanted(const struct backwards *w, int k) {
  return w->b->need[k] && w->grad[k] && w->forward->argument[k].dtype == RT_REAL;
}

/* The results: the gradient of the state, which the step before needs in any case; rows; and sums. */
static bool list_results(struct backwards *w) {
  struct ir_back *b = w->b;
  struct ir_scan *scan = w->scan;
  struct ir_graph *g = scan->body;
  struct ir_at at = {g, b->node.span, b->error};
  const struct vm_type *state = &w->forward->argument[0];
  scan->result = rt_arena_alloc(&g->arena, (size_t)w->forward->argument_count * sizeof *scan->result);
  if (!scan->result) return false;
  if (has_state(w->forward)) {
    scan->result[scan->result_count++] = w->grad[0] ? w->grad[0] : ir_constant(at, 0, state);
    scan->wants = b->need[0];
  }
  for (int k = 1; k < w->forward->argument_count; k++) {
    if (!is_wanted(w, k)) continue;
    ir_id id = w->grad[k];
    if (k > w->forward->sequence_count) {
      ir_id before = ir_scan_argument(scan, &w->forward->argument[k], b->node.span, b->error);
      id = ir_binary(at, OP_add, before, id);
    }
    scan->result[scan->result_count++] = id;
    scan->wants |= (int64_t)1 << k;
  }
  for (int k = 0; k < scan->result_count; k++)
    if (!scan->result[k]) return false;
  return true;
}

static bool make_step(struct backwards *w) {
  struct ir_back *b = w->b;
  ir_id sum = copy_body(w) ? weighted_results(w) : 0;
  w->scan->body->chosen = b->chosen;
  const struct ir_derivative wanted = {sum, 0, w->forward->argument_count, w->wrt, w->grad};
  return sum && ir_gradient(w->scan->body, wanted, b->error) == RT_OK && list_results(w);
}

/* ---- the scan backwards ---- */

/* What the scan's result number k receives; zeros when nothing comes. */
static ir_id received(struct backwards *w, int k) {
  struct ir_back *b = w->b;
  ir_id of = b->y;
  for (ir_id n = b->y + 1; k > 0 && n <= b->last; n++)
    if (b->g->node[n].op == OP_result && b->g->node[n].arg[0] == b->y && b->g->node[n].attr[0] == k
        && b->sum[n])
      return b->sum[n];
  if (k == 0) return b->sum[of];
  const struct vm_type *first = rule_type(b, of),
                       type = ir_scan_collects(w->forward, k, first->dim[0], first->batched);
  return ir_constant(rule_here(b), 0, &type);
}

static void give_results(struct backwards *w, ir_id grad) {
  struct ir_back *b = w->b;
  int number = 0;
  for (int k = 0; k < w->forward->argument_count && !b->failed; k++) {
    if (!(w->scan->wants >> k & 1)) continue;
    struct vm_type type = *rule_type(b, rule_arg(b, k));
    ir_id id = grad;
    if (number)
      id = ir_add(rule_here(b), (struct ir_op){OP_result, 1, .arg = &grad, .attr = {number}, .type = &type});
    number++;
    ir_give(b, k, id);
  }
}

static int first_wanted(const struct ir_scan *scan) {
  int k = 0;
  while (!(scan->wants >> k & 1)) k++;
  return k;
}

static void append_gradient(struct backwards *w, int64_t number) {
  struct ir_back *b = w->b;
  ir_id arg[2 * SCAN_MAX_ARGS + 2];
  int count = w->forward->argument_count, results = collected(w->forward);
  memcpy(arg, b->node.arg, (size_t)count * sizeof *arg);
  if (ir_scan_gives_states(w->forward)) arg[count++] = b->y;
  for (int k = 0; k < results; k++)
    if (!(arg[count++] = received(w, k))) {
      b->failed = true;
      return;
    }
  struct vm_type type = *rule_type(b, rule_arg(b, first_wanted(w->scan)));
  ir_id grad =
      ir_add(rule_here(b), (struct ir_op){OP_scan_grad, count, .arg = arg, .attr = {number}, .type = &type});
  if (grad)
    give_results(w, grad);
  else
    b->failed = true;
}

RULE(scan) {
  struct backwards w = {.b = b, .forward = ir_scan_of(b->g, &b->node)};
  int64_t number;
  if (w.forward->argument_count + collected(w.forward) > SCAN_MAX_ARGS) {
    gr_fail(b->error, b->node.span, "a step of scan can use and give at most %d values", SCAN_MAX_ARGS);
    b->failed = true;
    return;
  }
  w.scan = ir_add_scan(b->g, w.forward->name, &number);
  if (!w.scan || !make_step(&w)) {
    out_of_memory(b); /* unless there is an error already, which stays */
    return;
  }
  w.scan->forward = w.forward;
  w.scan->sequence_count = w.forward->sequence_count;
  w.scan->reverse = w.forward->reverse;
  w.scan->block = w.forward->block;
  if (w.scan->wants) append_gradient(&w, number);
}
