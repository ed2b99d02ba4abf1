/* merge.c: products that add up. A value that several projections read, such as queries, keys and values of
 * the same x, receives a sum of as many products: the first is written, and the others add to it where it is,
 * instead of each being written for itself and summed afterwards.
 *
 * It is kept for what it saves in training: with nine such products (bench/seed.aq) 1 to 2 % of the processor
 * time, with three (bench/layer.aq) less than can be measured; the memory is the same. Its price is this file
 * and one op, project_back_add, which is project_back with the sum as the start of the product. How that was
 * measured is in doc/design.md. */
#include "compiler/ir/passes.h"

#include <string.h>

/* How often nodes are used: old ones as counted before the pass, new ones as they are made. */
struct merge {
  uint32_t *uses; /* by old node, roots counted */
  ir_id at;       /* the old node at hand */
  bool *once;     /* by new node: is it read in one place alone? */
  size_t once_capacity;
};

static bool count_uses(const struct ir_graph *g, int root_count, const ir_id *root, uint32_t *uses) {
  bool *live = rt_zalloc(g->count, sizeof *live);
  if (!live) return false;
  ir_mark_live(g, root_count, root, live);
  for (int k = 0; k < root_count; k++) uses[root[k]]++;
  for (ir_id n = 1; n < g->count; n++)
    for (int k = 0; live[n] && k < g->node[n].arg_count; k++) uses[g->node[n].arg[k]]++;
  rt_free(live);
  return true;
}

static bool is_product(const struct ir_graph *g, const struct merge *m, ir_id n) {
  return m->once[n] && g->node[n].op == OP_project_back;
}

static bool is_sum_of_products(const struct ir_graph *g, const struct merge *m, ir_id n) {
  return m->once[n] && (g->node[n].op == OP_project_back || g->node[n].op == OP_project_back_add);
}

static ir_id note(struct merge *m, ir_id n, bool once, struct rt_error *error) {
  if (!n) return 0;
  if (rt_grow((void **)&m->once, &m->once_capacity, (size_t)n + 1, sizeof *m->once) != RT_OK)
    return rt_no_memory(error), 0;
  m->once[n] = once;
  return n;
}

/* sum + y w', from product = y w' */
static ir_id add_product(struct ir_graph *g, ir_id product, ir_id sum, struct rt_error *error) {
  const struct ir_node p = g->node[product];
  const ir_id arg[] = {p.arg[0], p.arg[1], sum};
  struct ir_op op = {OP_project_back_add, 3, .arg = arg};
  memcpy(op.attr, p.attr, sizeof op.attr);
  return ir_add((struct ir_at){g, p.span, error}, op);
}

/* inner + product, where inner is rest + sum, as rest + (sum + product). Returns 0, without an error,
 * when inner is no such sum. */
static ir_id add_within(struct ir_graph *g, struct merge *m, ir_id inner, ir_id product,
                        struct rt_error *error) {
  const struct ir_node in = g->node[inner];
  if (in.op != OP_add || !m->once[inner]) return 0;
  for (int k = 0; k < 2; k++)
    if (is_sum_of_products(g, m, in.arg[k])) {
      ir_id rest = in.arg[1 - k], sum = note(m, add_product(g, product, in.arg[k], error), true, error);
      return ir_add((struct ir_at){g, in.span, error},
                    (struct ir_op){OP_add, 2, .arg = (const ir_id[]){rest, sum}});
    }
  return 0;
}

/* a + b when products add up in it. Returns 0, without an error, when none do. The later product is added
 * to the earlier one, because its y has just been computed. */
static ir_id merged(struct ir_graph *g, struct merge *m, ir_id a, ir_id b, struct rt_error *error) {
  ir_id early = a < b ? a : b, late = a < b ? b : a;
  if (early == late) return 0;
  if (is_product(g, m, late))
    return is_sum_of_products(g, m, early) ? add_product(g, late, early, error)
                                           : add_within(g, m, early, late, error);
  if (is_product(g, m, early))
    return is_sum_of_products(g, m, late) ? add_product(g, early, late, error)
                                          : add_within(g, m, late, early, error);
  return 0;
}

static ir_id visit(struct ir_graph *g, const struct ir_node *node, void *context, struct rt_error *error) {
  struct merge *m = context;
  do m->at++;
  while (!m->uses[m->at]); /* what nobody reads is not visited */
  ir_id id = node->op == OP_add ? merged(g, m, node->arg[0], node->arg[1], error) : 0;
  if (!id && !(error && error->code)) id = ir_append(g, node, error);
  return note(m, id, m->uses[m->at] == 1, error);
}

int ir_merge(struct ir_graph *g, int root_count, ir_id *root, struct rt_error *error) {
  struct rt_error own = {0};
  struct merge m = {.uses = rt_zalloc(g->count, sizeof *m.uses)};
  int status = m.uses && count_uses(g, root_count, root, m.uses)
                   ? ir_rewrite(g, root_count, root, visit, &m, error ? error : &own)
                   : rt_no_memory(error);
  rt_free(m.uses);
  rt_free(m.once);
  return status;
}
