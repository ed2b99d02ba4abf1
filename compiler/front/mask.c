/* mask.c: a mask is a condition, 1 where a query sees a key. Elsewhere it is a number that is added to the
 * score, 0 where a query sees a key and -inf or -1e9 where it does not. Read as a condition that means the
 * opposite, and so it is refused: no condition is below 0 or infinite. */
#include "compiler/front/elaborate.h"

#include <math.h>

struct range {
  double from, to;
};

/* 0 times infinity is 0: the other ends of the ranges decide. */
static double product(double a, double b) { return a == 0 || b == 0 ? 0 : a * b; }

static struct range of_product(struct range a, struct range b) {
  double p[] = {product(a.from, b.from), product(a.from, b.to), product(a.to, b.from), product(a.to, b.to)};
  return (struct range){fmin(fmin(p[0], p[1]), fmin(p[2], p[3])), fmax(fmax(p[0], p[1]), fmax(p[2], p[3]))};
}

/* What a node may be when each thing that is not computed here, a comparison, a position, an element of a
 * tensor, is from 0 to 1. */
static struct range range_of(const struct ir_node *node, const struct range *known) {
  struct range a = node->arg_count > 0 ? known[node->arg[0]] : (struct range){0, 1},
               b = node->arg_count > 1 ? known[node->arg[1]] : a;
  switch (node->op) {
    case OP_constant: return (struct range){node->real, node->real};
    case OP_select: a = known[node->arg[2]]; return (struct range){fmin(a.from, b.from), fmax(a.to, b.to)};
    case OP_min: return (struct range){fmin(a.from, b.from), fmin(a.to, b.to)};
    case OP_max: return (struct range){fmax(a.from, b.from), fmax(a.to, b.to)};
    case OP_add: return (struct range){a.from + b.from, a.to + b.to};
    case OP_sub: return (struct range){a.from - b.to, a.to - b.from};
    case OP_neg: return (struct range){-a.to, -a.from};
    case OP_mul: return of_product(a, b);
    case OP_div:
      if (b.from != b.to || b.from == 0) break;
      return of_product(a, (struct range){1 / b.from, 1 / b.from});
    default: break;
  }
  return (struct range){0, 1};
}

int cc_check_mask(struct cc_context *c, ir_id result, struct gr_span span) {
  const struct ir_graph *g = c->slot->graph;
  struct range *known = rt_zalloc(g->count, sizeof *known), found;
  if (!known) return cc_out_of_memory(c);
  for (ir_id n = 1; n <= result; n++) known[n] = range_of(&g->node[n], known);
  found = known[result];
  rt_free(known);
  if (found.from >= 0 && found.to < INFINITY) return RT_OK;
  gr_fail(c->error, span, "a mask says whether a query sees a key, 1 or 0, and this may be %s",
          found.from < 0 ? "below 0" : "infinite");
  rt_hint(c->error, "say what is seen, mask = j <= i; what is added to a score belongs to the slot `score`");
  return c->error->code;
}

/* ---- scores ---- */

/* Whether constants may make a value +inf or -inf. */
struct ends {
  bool plus, minus;
};

static struct ends turned(struct ends x, double by) { return by < 0 ? (struct ends){x.minus, x.plus} : x; }

/* Inputs of a slot are finite. Where one is not, the run tells its line. */
static struct ends ends_of(const struct ir_graph *g, const struct ir_node *node, const struct ends *known) {
  struct ends none = {false, false}, a = node->arg_count > 0 ? known[node->arg[0]] : none,
              b = node->arg_count > 1 ? known[node->arg[1]] : none;
  const struct ir_node *first = &g->node[node->arg_count > 0 ? node->arg[0] : 0],
                       *second = &g->node[node->arg_count > 1 ? node->arg[1] : 0];
  switch (node->op) {
    case OP_constant: return (struct ends){node->real == INFINITY, node->real == -INFINITY};
    case OP_select: a = known[node->arg[2]]; return (struct ends){a.plus || b.plus, a.minus || b.minus};
    case OP_min: return (struct ends){a.plus && b.plus, a.minus || b.minus};
    case OP_max: return (struct ends){a.plus || b.plus, a.minus && b.minus};
    case OP_neg: return turned(a, -1);
    case OP_add: return (struct ends){a.plus || b.plus, a.minus || b.minus};
    case OP_sub: /* the same hidden scores on both sides stay hidden: x - max(x, y) */
      return (struct ends){a.plus || (b.minus && !a.minus), a.minus || (b.plus && !a.plus)};
    case OP_mul:
      if (first->op == OP_constant && isfinite(first->real)) return turned(b, first->real);
      if (second->op == OP_constant && isfinite(second->real)) return turned(a, second->real);
      return (struct ends){a.plus || b.plus, a.minus || b.minus};
    case OP_div: return second->op == OP_constant ? turned(a, second->real) : a;
    default: return none;
  }
}

int cc_check_score(struct cc_context *c, ir_id result, struct gr_span span, bool *hides) {
  const struct ir_graph *g = c->slot->graph;
  struct ends *known = rt_zalloc(g->count, sizeof *known), found;
  if (!known) return cc_out_of_memory(c);
  for (ir_id n = 1; n <= result; n++) known[n] = ends_of(g, &g->node[n], known);
  found = known[result];
  rt_free(known);
  *hides = found.minus;
  if (!found.plus) return RT_OK;
  gr_fail(c->error, span, "a score of +inf has no weight, and this gives one");
  rt_hint(c->error, "what is not to be seen gets -inf, as in where(j <= i, s, -inf), or mask = j <= i");
  return c->error->code;
}
