/* mask.c: what the formulas of masks and scores come to. A mask is a condition, 1 where a query sees a key.
 * Elsewhere it is a number that is added to the score, 0 where a query sees a key and -inf or -1e9 where it
 * does not. Read as a condition that means the opposite, and so it is refused: no condition is below 0 or
 * infinite. */
#include "compiler/front/elaborate.h"

#include <math.h>

/* What a node may be. What is not computed here (a comparison, a position, an element of a tensor) counts as
 * 0 to 1. In a mask it is that; in a score it is some finite number, and only infinite ends mean something.
 */
struct range {
  double from, to;
};
static const struct range UNKNOWN = {0, 1};

/* 0 times infinity is 0: the other ends of the ranges decide. */
static double product(double a, double b) { return a == 0 || b == 0 ? 0 : a * b; }

static struct range of_product(struct range a, struct range b) {
  double p[] = {product(a.from, b.from), product(a.from, b.to), product(a.to, b.from), product(a.to, b.to)};
  return (struct range){fmin(fmin(p[0], p[1]), fmin(p[2], p[3])), fmax(fmax(p[0], p[1]), fmax(p[2], p[3]))};
}

static bool is_one_number(struct range a) { return a.from == a.to && isfinite(a.from); }

/* The same when the sign of an unknown factor is not known: -inf stays -inf unless a number turns it. */
static struct range of_unsure_product(struct range a, struct range b) {
  if (is_one_number(a) || is_one_number(b)) return of_product(a, b);
  return (struct range){fmin(fmin(a.from, b.from), 0), fmax(fmax(a.to, b.to), 0)};
}

static struct range range_of(const struct ir_node *node, const struct range *known, bool of_mask) {
  struct range a = node->arg_count > 0 ? known[node->arg[0]] : UNKNOWN,
               b = node->arg_count > 1 ? known[node->arg[1]] : a;
  switch (node->op) {
    case OP_constant: return (struct range){node->real, node->real};
    case OP_select: a = known[node->arg[2]]; return (struct range){fmin(a.from, b.from), fmax(a.to, b.to)};
    case OP_min: return (struct range){fmin(a.from, b.from), fmin(a.to, b.to)};
    case OP_max: return (struct range){fmax(a.from, b.from), fmax(a.to, b.to)};
    case OP_add: return (struct range){a.from + b.from, a.to + b.to};
    case OP_sub:
      /* the same hidden scores on both sides stay hidden: x - max(x, y) */
      if (a.from == -INFINITY && b.from == -INFINITY) b.from = 0;
      return (struct range){a.from - b.to, a.to - b.from};
    case OP_neg: return (struct range){-a.to, -a.from};
    case OP_mul: return of_mask ? of_product(a, b) : of_unsure_product(a, b);
    case OP_div:
      if (is_one_number(b) && b.from != 0) return of_product(a, (struct range){1 / b.from, 1 / b.from});
      return of_mask ? UNKNOWN : a;
    default: return UNKNOWN;
  }
}

/* RT_OK and the range of a slot's result. */
static int find_range(struct cc_context *c, ir_id result, bool of_mask, struct range *found) {
  const struct ir_graph *g = c->slot->graph;
  struct range *known = rt_zalloc(g->count, sizeof *known);
  if (!known) return cc_out_of_memory(c);
  for (ir_id n = 1; n <= result; n++) known[n] = range_of(&g->node[n], known, of_mask);
  *found = known[result];
  rt_free(known);
  return RT_OK;
}

int cc_check_mask(struct cc_context *c, ir_id result, struct gr_span span) {
  struct range found;
  int status = find_range(c, result, true, &found);
  if (status != RT_OK) return status;
  if (found.from >= 0 && found.to < INFINITY) return RT_OK;
  gr_fail(c->error, span, "a mask says whether a query sees a key, 1 or 0, and this may be %s",
          found.from < 0 ? "below 0" : "infinite");
  rt_hint(c->error, "say what is seen, mask = j <= i; what is added to a score belongs to the slot `score`");
  return c->error->code;
}

int cc_check_score(struct cc_context *c, ir_id result, struct gr_span span, bool *hides) {
  struct range found;
  int status = find_range(c, result, false, &found);
  if (status != RT_OK) return status;
  *hides = found.from == -INFINITY;
  if (found.to < INFINITY) return RT_OK;
  gr_fail(c->error, span, "a score of +inf has no weight, and this gives one");
  rt_hint(c->error, "what is not to be seen gets -inf, as in where(j <= i, s, -inf), or mask = j <= i");
  return c->error->code;
}

/* ---- scaled scores ---- */

/* Does s reach the node as it is, through sums, differences, choices, minima and maxima alone? */
static bool is_raw(const struct ir_node *node, const bool *raw) {
  switch (node->op) {
    case OP_input: return node->attr[0] == IR_LEAF_S;
    case OP_neg: return raw[node->arg[0]];
    case OP_select: return raw[node->arg[1]] || raw[node->arg[2]];
    case OP_add:
    case OP_sub:
    case OP_min:
    case OP_max: return raw[node->arg[0]] || raw[node->arg[1]];
    default: return false;
  }
}

/* Weights that an exponential, or a sum or maximum over the keys, makes of the score. */
static bool makes_weights(const struct ir_node *node, const bool *of_score) {
  return (node->op == OP_exp || node->op == OP_over) && of_score[node->arg[0]];
}

int cc_find_unscaled(struct cc_context *c, ir_id scored, ir_id result, bool *unscaled) {
  const struct ir_graph *g = c->slot->graph;
  bool *raw = rt_zalloc(2 * (size_t)g->count, sizeof *raw), *of_score = raw + g->count,
       weights = c->slot->head->softmax;
  if (!raw) return cc_out_of_memory(c);
  for (ir_id n = 1; n < g->count; n++) {
    raw[n] = is_raw(&g->node[n], raw);
    of_score[n] = n == scored;
    weights |= makes_weights(&g->node[n], of_score);
    for (int k = 0; k < g->node[n].arg_count; k++) of_score[n] |= of_score[g->node[n].arg[k]];
  }
  *unscaled = weights && raw[c->slot->head->softmax ? result : scored];
  rt_free(raw);
  return RT_OK;
}
