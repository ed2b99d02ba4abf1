/* gradient.c: reverse accumulation: from the loss back through the nodes that depend on what is asked for,
 * each giving its arguments their share by its rule. */
#include "compiler/ir/rules.h"

#include <string.h>

/* An op without a gradient needs no rule: the constant condition drops the name. */
static ir_rule *const rules[OP_COUNT] = {
#define LANE1(name, written, expression, ...) [OP_##name] = ir_rule_##name,
#define LANE2(name, written, expression, ...) [OP_##name] = ir_rule_##name,
#define LANE3(name, written, expression, ...) [OP_##name] = ir_rule_##name,
#define OP(name, written, signature, attributes, flags, doc)                                                 \
  [OP_##name] = ((flags)&RT_NOGRAD) ? NULL : ir_rule_##name,
#include "runtime/ops.def"
};

ir_rule *ir_rule_of(enum rt_op op) { return rules[op]; }

/* Which operands of element-by-element ops receive nothing, as those of steps: NONE of ops.def. */
#define PROBE_NONE _, true
#define SECOND(first, second, ...) second
#define SECOND_OF(...) SECOND(__VA_ARGS__)
#define IS_NONE(slope) SECOND_OF(PROBE_##slope, false, _)
static const bool flat[OP_COUNT][3] = {
#define LANE1(name, written, expression, slope, ...) [OP_##name] = {IS_NONE(slope)},
#define LANE2(name, written, expression, slope_a, slope_b, ...)                                              \
  [OP_##name] = {IS_NONE(slope_a), IS_NONE(slope_b)},
#define LANE3(name, written, expression, slope_a, slope_b, slope_c, ...)                                     \
  [OP_##name] = {IS_NONE(slope_a), IS_NONE(slope_b), IS_NONE(slope_c)},
#include "runtime/ops.def"
};

static bool is_zero(const struct ir_graph *g, ir_id id) {
  while (g->node[id].op == OP_expand) id = g->node[id].arg[0];
  return g->node[id].op == OP_constant && g->node[id].real == 0;
}

/* Does a node hand a gradient to argument k? Of 0 x and 0 / x x receives 0. */
static bool hands_down(const struct ir_graph *g, const struct ir_node *node, int k) {
  if (!rules[node->op] || g->node[node->arg[k]].type.dtype != RT_REAL) return false;
  if (rt_is_lane(node->op) && flat[node->op][k]) return false;
  if (node->op == OP_mul) return !is_zero(g, node->arg[1 - k]);
  return node->op != OP_div || k == 0 || !is_zero(g, node->arg[0]);
}

void ir_reach(const struct ir_graph *g, ir_id root, bool *reached) {
  memset(reached, 0, ((size_t)root + 1) * sizeof *reached);
  reached[root] = true;
  for (ir_id n = root; n > 0; n--)
    for (int k = 0; reached[n] && k < g->node[n].arg_count; k++)
      if (hands_down(g, &g->node[n], k)) reached[g->node[n].arg[k]] = true;
}

/* Which nodes up to the loss does the gradient have to visit: those through which it reaches one of wrt. */
static void mark_needed(const struct ir_graph *g, struct ir_derivative d, bool *needed) {
  for (int k = 0; k < d.count; k++)
    if (d.wrt[k] <= d.loss) needed[d.wrt[k]] = true;
  for (ir_id n = 1; n <= d.loss; n++) {
    const struct ir_node *node = &g->node[n];
    if (!rules[node->op]) continue;
    for (int k = 0; k < node->arg_count; k++)
      if (needed[node->arg[k]] && g->node[node->arg[k]].type.dtype == RT_REAL) needed[n] = true;
  }
}

static int visit(struct ir_back *b, ir_id n, const bool *needed) {
  bool few[8], *need = few;
  b->node = b->g->node[n];
  if (b->node.arg_count > RT_COUNT(few) && !(need = rt_zalloc(b->node.arg_count, sizeof *need)))
    return rt_no_memory(b->error);
  for (int k = 0; k < b->node.arg_count; k++) need[k] = needed[b->node.arg[k]];
  b->need = need;
  b->y = n;
  b->dy = b->sum[n];
  rules[b->node.op](b);
  if (need != few) rt_free(need);
  if (!b->failed) return RT_OK;
  return b->error && b->error->code ? b->error->code : rt_no_memory(b->error);
}

/* By node up to the loss. */
struct backwards {
  bool *needed;
  uint8_t *chosen;
  ir_id *sum;
};

static int accumulate(struct ir_graph *g, struct ir_derivative d, const struct backwards *by,
                      struct rt_error *error) {
  struct ir_back b = {.g = g, .last = d.loss, .sum = by->sum, .error = error};
  by->chosen[d.loss] = g->chosen;
  mark_needed(g, d, by->needed);
  const struct vm_type type = g->node[d.loss].type;
  by->sum[d.loss] = d.seed ? d.seed : ir_constant((struct ir_at){g, g->node[d.loss].span, error}, 1, &type);
  if (!by->sum[d.loss]) return rt_no_memory(error);
  for (ir_id n = d.loss; n > 0; n--) {
    if (!by->needed[n] || !by->sum[n] || !rules[g->node[n].op]) continue;
    b.chosen = by->chosen[n];
    ir_mark_choice(g, n, by->chosen);
    int status = visit(&b, n, by->needed);
    if (status != RT_OK) return status;
  }
  for (int k = 0; k < d.count; k++) d.grad[k] = d.wrt[k] <= d.loss ? by->sum[d.wrt[k]] : 0;
  return RT_OK;
}

int ir_gradient(struct ir_graph *g, struct ir_derivative derivative, struct rt_error *error) {
  const size_t nodes = (size_t)derivative.loss + 1;
  struct backwards by = {rt_zalloc(nodes, sizeof *by.needed), rt_zalloc(nodes, sizeof *by.chosen),
                         rt_zalloc(nodes, sizeof *by.sum)};
  int status = by.needed && by.chosen && by.sum ? accumulate(g, derivative, &by, error) : rt_no_memory(error);
  rt_free(by.needed);
  rt_free(by.chosen);
  rt_free(by.sum);
  return status;
}
