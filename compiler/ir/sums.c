/* sums.c: sums over rows, taken before the rows are multiplied.
 *
 * The sum of the rows of x W is the sum of the rows of x, times W: one row to multiply instead of all. So a
 * sum is taken as far back as what it sums is linear in rows: through sums and differences, through multiples
 * that are the same for all rows, through products with a matrix, and through heads, which weigh their
 * values: a head of x W is the head of x, times W. The mean over the words of some heads' answers is such a
 * sum, and their values are then never multiplied word by word.
 *
 * Numbers may differ in their last digits. Where a gradient is wanted this runs before it is taken: then what
 * the product receives is one row, too, and neither the rows nor the matrix need a product of all rows for
 * it. What is dropped at random stands between a sum and its product. A value that something else reads as
 * well stays as it is. */
#include "compiler/ir/passes.h"

#include <string.h>

/* A sum that is looked at: of these axes of the rows, all but `keep`. */
struct sums {
  const struct ir_graph *g;
  const uint32_t *users; /* [nodes] */
  uint32_t keep;
  bool gains; /* a product has fewer rows */
};

/* ---- is it worth it? ---- */

/* Is the value the same along all axes that are summed? */
static bool is_steady(const struct ir_graph *g, ir_id id, uint32_t keep) {
  const struct ir_node *n = &g->node[id];
  return n->op == OP_constant || (n->op == OP_expand && !((uint32_t)n->attr[0] & ~keep));
}

static uint32_t last_axis(const struct ir_node *n) { return 1u << (n->type.rank - 1); }

/* Is it a head without axes of heads, whose value is x W with an x that is not wider? */
static bool weighs_product(const struct ir_graph *g, const struct ir_node *n, const struct ir_head *head) {
  const struct ir_node *value = &g->node[n->arg[2]];
  return ir_is_matrix_product(value) && n->type.rank == 2 && ir_is_rows(&head->value, ATTEND_J)
         && ir_is_rows(&head->out, ATTEND_I) && ir_is_from_narrow(g, value);
}

static void look(struct sums *s, ir_id id) {
  const struct ir_node *n = &s->g->node[id];
  const bool features = s->keep == last_axis(n);
  if (s->users[id] != 1) return;
  switch (n->op) {
    case OP_neg: look(s, n->arg[0]); return;
    case OP_add:
    case OP_sub:
      look(s, n->arg[0]);
      look(s, n->arg[1]);
      return;
    case OP_mul:
      for (int k = 0; k < 2; k++)
        if (is_steady(s->g, n->arg[1 - k], s->keep)) {
          look(s, n->arg[k]);
          return;
        }
      return;
    case OP_div:
      if (is_steady(s->g, n->arg[1], s->keep)) look(s, n->arg[0]);
      return;
    case OP_project: s->gains |= features && ir_is_matrix_product(n); return;
    case OP_attention:
      s->gains |= features && s->users[n->arg[2]] == 1 && weighs_product(s->g, n, s->g->head[n->attr[0]]);
      return;
    default: return;
  }
}

/* ---- the sum ---- */

/* A walk over the graph: over what it was, and over the copies. */
struct pass {
  struct ir_walk walk;
  bool *gains, *single; /* by node; single: of copies */
};

struct place {
  struct ir_at at;
  uint32_t keep;
  const struct pass *pass;
};

/* Of a copy: is it read once? What was made meanwhile does not count. */
static bool is_single(const struct place *p, ir_id id) {
  return id < p->pass->walk.count && p->pass->single[id];
}

static ir_id sum_of(const struct place *p, ir_id id);

static ir_id sum_here(const struct place *p, ir_id id) { return ir_sum(p->at, id, p->keep, true); }

/* A steady value, as what is left of the axes. */
static ir_id kept(const struct place *p, ir_id id) {
  const struct ir_node n = p->at.g->node[id];
  const struct vm_type type = ir_kept(&n.type, p->keep, n.type.batched);
  uint32_t axes = 0;
  for (int x = 0, k = 0; x < n.type.rank; x++)
    if (p->keep >> x & 1) axes |= ((uint32_t)n.attr[0] >> x & 1) << k++;
  return n.op == OP_constant ? ir_constant(p->at, n.real, &type)
                             : ir_expand_axes(p->at, n.arg[0], axes, &type);
}

static ir_id multiple(const struct place *p, const struct ir_node *n, int k) {
  ir_id arg[2];
  arg[k] = sum_of(p, n->arg[k]);
  arg[1 - k] = kept(p, n->arg[1 - k]);
  return arg[0] && arg[1] ? ir_add(p->at, (struct ir_op){n->op, 2, .arg = arg}) : 0;
}

static ir_id product(const struct place *p, ir_id rows, ir_id matrix) {
  const ir_id arg[2] = {sum_of(p, rows), matrix};
  return arg[0] ? ir_add(p->at, (struct ir_op){OP_project, 2, .arg = arg}) : 0;
}

/* The head of x W as that of x, times W. */
static ir_id weighed(const struct place *p, ir_id id) {
  struct ir_graph *g = p->at.g;
  struct ir_node head = g->node[id];
  if (!is_single(p, head.arg[2]) || !weighs_product(g, &head, g->head[head.attr[0]])) return sum_here(p, id);
  const struct ir_node value = g->node[head.arg[2]];
  ir_id arg[3 + ATTEND_MAX_EXTRAS];
  memcpy(arg, head.arg, head.arg_count * sizeof *arg);
  arg[2] = value.arg[0];
  head.arg = arg;
  head.type.dim[1] = g->node[value.arg[0]].type.dim[1];
  const ir_id rows = ir_append(g, &head, p->at.error);
  return rows ? product(p, rows, value.arg[1]) : 0;
}

static ir_id sum_of(const struct place *p, ir_id id) {
  const struct ir_node n = p->at.g->node[id];
  ir_id arg[2];
  if (!is_single(p, id)) return sum_here(p, id);
  switch (n.op) {
    case OP_neg: return ir_unary(p->at, OP_neg, sum_of(p, n.arg[0]));
    case OP_add:
    case OP_sub:
      arg[0] = sum_of(p, n.arg[0]);
      arg[1] = sum_of(p, n.arg[1]);
      return arg[0] && arg[1] ? ir_add(p->at, (struct ir_op){n.op, 2, .arg = arg}) : 0;
    case OP_mul:
      for (int k = 0; k < 2; k++)
        if (is_steady(p->at.g, n.arg[1 - k], p->keep)) return multiple(p, &n, k);
      return sum_here(p, id);
    case OP_div: return is_steady(p->at.g, n.arg[1], p->keep) ? multiple(p, &n, 0) : sum_here(p, id);
    case OP_project:
      return p->keep == last_axis(&n) && ir_is_matrix_product(&n) ? product(p, n.arg[0], n.arg[1])
                                                                  : sum_here(p, id);
    case OP_attention: return p->keep == last_axis(&n) ? weighed(p, id) : sum_here(p, id);
    default: return sum_here(p, id);
  }
}

/* ---- the pass ---- */

static ir_id copy(struct pass *pass, struct ir_graph *g, const struct ir_node *node, struct rt_error *error) {
  const ir_id to = ir_append(g, node, error);
  if (to < pass->walk.count) pass->single[to] = pass->walk.users[pass->walk.old] == 1;
  return to;
}

static ir_id visit(struct ir_graph *g, const struct ir_node *node, void *context, struct rt_error *error) {
  struct pass *pass = context;
  if (!pass->gains[ir_walk_next(&pass->walk)]) return copy(pass, g, node, error);
  return sum_of(&(struct place){{g, node->span, error}, (uint32_t)node->attr[0], pass}, node->arg[0]);
}

static void look_at_all(struct pass *pass, const struct ir_graph *g) {
  for (ir_id n = 1; n < g->count; n++) {
    const struct ir_node *node = &g->node[n];
    if (!pass->walk.live[n] || node->op != OP_sum || node->type.batched != g->node[node->arg[0]].type.batched)
      continue;
    struct sums s = {g, pass->walk.users, (uint32_t)node->attr[0], false};
    look(&s, node->arg[0]);
    pass->gains[n] = s.gains;
  }
}

int ir_sum_first(struct ir_graph *g, int root_count, ir_id *root, struct rt_error *error) {
  struct pass pass = {.gains = rt_zalloc(g->count, sizeof *pass.gains),
                      .single = rt_zalloc(g->count, sizeof *pass.single)};
  int status = ir_walk_begin(&pass.walk, g, root_count, root, error);
  if (!pass.gains || !pass.single) status = rt_no_memory(error);
  if (status == RT_OK) look_at_all(&pass, g);
  if (status == RT_OK) status = ir_rewrite(g, root_count, root, visit, &pass, error);
  ir_walk_end(&pass.walk);
  rt_free(pass.gains);
  rt_free(pass.single);
  return status;
}
