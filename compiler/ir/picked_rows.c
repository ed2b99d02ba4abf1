/* picked_rows.c: rows are picked before they are made.
 *
 * A classifier that reads x[0] alone, or any other few rows, needs no other rows of what x was made from row
 * by row: of sums and products with a matrix, of norms, activations and softmax along the last axis, and of
 * heads, whose answer to query i reads row i of the queries and all keys and values. So a pick of rows
 * along the first axis is taken as far back as what it picks from is made row by row and read by such picks
 * alone; what stands there is cut instead. Where another reader wants other rows, all are made. A pick is
 * taken back only where that leaves out products.
 *
 * Each row that stays is computed as before. What is drawn at random for all rows is drawn and then cut. A
 * head whose slots ask where a query stands, or draw for it, answers the first rows alone: these keep their
 * places. Where a gradient is wanted this runs before it is taken. */
#include "compiler/ir/passes.h"

#include <string.h>

enum { QUERY, EXTRAS = 3 }; /* arguments of attention */

/* Rows start .. start + length of an axis of the length `of`. */
struct pick {
  vm_dim of, start, length;
  bool gains; /* products have fewer rows */
};

/* Which rows of a value its readers want: none so far, all, or from ROWS on pick number 0, 1, … */
enum wanted { NONE, ALL, ROWS };

struct pass {
  uint32_t pick_count;
  struct pick *pick; /* [count] */
  uint32_t *wanted;  /* [count]; of a value that is not made row by row, never ROWS */
  uint32_t *taken;   /* [count] of a slice: ROWS + the pick that it is; else NONE */
  struct ir_walk walk;
};

/* ---- which ops go row by row ---- */

static int axis_of_queries(const struct attend_operand *o) {
  int a = 0;
  while (a < o->rank && o->role[a] != ATTEND_I) a++;
  return a;
}

/* May the queries of the slot be fewer, and stand elsewhere unless they are the first? */
static bool slot_allows(const struct ir_slot *slot, bool first) {
  for (ir_id n = 1; slot->graph && n < slot->graph->count; n++) {
    const struct ir_node *node = &slot->graph->node[n];
    if (node->op == OP_over && node->attr[0] != IR_OVER_HEADS && node->attr[1] == ATTEND_I) return false;
    if (!first && node->op == OP_input
        && (node->attr[0] == IR_LEAF_I || node->attr[0] == IR_LEAF_RANDOM || node->attr[0] == IR_LEAF_GUMBEL))
      return false;
  }
  return true;
}

static bool answers_by_row(const struct ir_graph *g, const struct ir_node *n, const struct pick *pick) {
  const struct ir_head *head = g->head[n->attr[0]];
  const bool first = pick->start == vm_dim_number(g->dims, 0);
  bool fits = !n->attr[2] && head->query.rank && !axis_of_queries(&head->query) && head->out.rank
              && !axis_of_queries(&head->out);
  for (int k = 0; fits && k < head->extra_count; k++) {
    const int axis = axis_of_queries(&head->extra[k]);
    fits = !axis || axis == head->extra[k].rank;
  }
  return fits && slot_allows(&head->score, first) && slot_allows(&head->mask, first)
         && slot_allows(&head->drop, first);
}

/* Is row r of the result made of row r of those arguments that have rows, and of the others? */
static bool goes_by_row(const struct ir_graph *g, const struct ir_node *n, const struct pick *pick) {
  const struct vm_type *from = n->arg_count ? &g->node[n->arg[0]].type : NULL;
  if (rt_is_lane(n->op)) return true;
  switch (n->op) {
    case OP_constant:
    case OP_expand:
    case OP_stop: return true;
    case OP_reshape: return from->rank && from->dim[0] == n->type.dim[0];
    case OP_sum: return n->attr[0] & 1 && from->batched == n->type.batched;
    case OP_maximum: return n->attr[0] & 1;
    case OP_transpose: return !rt_order_axis(n->attr[0], 0);
    case OP_slice:
    case OP_concat:
    case OP_cumsum: return n->attr[0] != 0;
    case OP_softmax:
    case OP_log_softmax:
    case OP_standardize:
    case OP_rms: return n->type.rank > 1;
    case OP_threshold: return from->rank > 1;
    case OP_project: return from->rank > 1 + n->attr[0];
    case OP_matmul: return n->type.rank > 2 || !n->attr[0];
    case OP_attention: return answers_by_row(g, n, pick);
    default: return false;
  }
}

/* Has argument k of such an op the rows of the result? */
static bool has_rows(const struct ir_graph *g, const struct ir_node *n, int k) {
  switch (n->op) {
    case OP_expand: return n->attr[0] & 1;
    case OP_project: return k == 0;
    case OP_matmul: return n->type.rank > 2 || k == 0;
    case OP_attention: {
      if (k < EXTRAS) return k == QUERY;
      const struct attend_operand *extra = &g->head[n->attr[0]]->extra[k - EXTRAS];
      return extra->rank && !axis_of_queries(extra);
    }
    default: return true;
  }
}

static bool multiplies(const struct ir_node *n) {
  return n->op == OP_attention || rt_op_info[n->op].flags & RT_MULTIPLIES;
}

/* ---- who wants what ---- */

/* Is it a known number of rows, and at most half of them where that can be told? */
static bool is_few(const struct vm_dims *dims, vm_dim length, vm_dim of) {
  int64_t some, all;
  if (vm_dim_value(dims, length, NULL, &some, NULL) != RT_OK) return false;
  const int status = vm_dim_value(dims, of, NULL, &all, NULL);
  return status == RT_NEGATIVE || (status == RT_OK && some <= all / 2);
}

static bool is_pick(const struct ir_graph *g, const struct ir_node *n) {
  if (n->op != OP_slice || n->attr[0]) return false;
  const struct vm_type *from = &g->node[n->arg[0]].type;
  return from->batched == n->type.batched && from->dtype == RT_REAL
         && (vm_dim_is_ragged(g->dims, from->dim[0]) || !vm_dim_is_ragged(g->dims, (vm_dim)n->attr[1]))
         && is_few(g->dims, n->type.dim[0], from->dim[0]);
}

static uint32_t number_of(struct pass *pass, const struct ir_graph *g, const struct ir_node *n) {
  const struct pick p = {g->node[n->arg[0]].type.dim[0], (vm_dim)n->attr[1], n->type.dim[0], false};
  uint32_t k = 0;
  while (k < pass->pick_count
         && (pass->pick[k].of != p.of || pass->pick[k].start != p.start || pass->pick[k].length != p.length))
    k++;
  if (k == pass->pick_count) pass->pick[pass->pick_count++] = p;
  return ROWS + k;
}

static void want(struct pass *pass, ir_id id, uint32_t rows) {
  uint32_t *wanted = &pass->wanted[id];
  *wanted = *wanted == NONE || *wanted == rows ? rows : ALL;
}

/* Its readers have said what they want of it; now it says what it wants. */
static void look(struct pass *pass, const struct ir_graph *g, ir_id id) {
  const struct ir_node *n = &g->node[id];
  uint32_t *wanted = &pass->wanted[id];
  if (is_pick(g, n)) pass->taken[id] = number_of(pass, g, n);
  if (*wanted >= ROWS && !goes_by_row(g, n, &pass->pick[*wanted - ROWS])) *wanted = ALL;
  if (*wanted >= ROWS) pass->pick[*wanted - ROWS].gains |= multiplies(n);
  for (int k = 0; k < n->arg_count; k++)
    want(pass, n->arg[k],
         pass->taken[id]                        ? pass->taken[id]
         : *wanted >= ROWS && has_rows(g, n, k) ? *wanted
                                                : ALL);
}

static bool look_at_all(struct pass *pass, const struct ir_graph *g, int root_count, const ir_id *root) {
  bool any = false;
  for (int k = 0; k < root_count; k++) pass->wanted[root[k]] = ALL;
  for (ir_id n = g->count; n-- > 1;)
    if (pass->walk.live[n]) look(pass, g, n);
  for (uint32_t k = 0; k < pass->pick_count; k++) any |= pass->pick[k].gains;
  return any;
}

/* ---- the pass ---- */

static ir_id cut(struct ir_at at, ir_id id, const struct pick *pick) {
  struct vm_type type = at.g->node[id].type;
  type.dim[0] = pick->length;
  return ir_add(at, (struct ir_op){OP_slice, 1, .arg = &id, .attr = {0, pick->start}, .type = &type});
}

/* The node, made of the rows that are picked. Those arguments that still have all rows are cut. */
static ir_id picked(struct ir_at at, struct ir_node *node, const struct pick *pick) {
  node->type.dim[0] = pick->length;
  for (int k = 0; k < node->arg_count; k++) {
    if (!has_rows(at.g, node, k) || at.g->node[node->arg[k]].type.dim[0] != pick->of) continue;
    node->arg[k] = cut(at, node->arg[k], pick);
    if (!node->arg[k]) return 0;
  }
  return ir_append(at.g, node, at.error);
}

static ir_id visit(struct ir_graph *g, const struct ir_node *node, void *context, struct rt_error *error) {
  struct pass *pass = context;
  struct ir_node copy = *node;
  const ir_id old = ir_walk_next(&pass->walk);
  const uint32_t wanted = pass->wanted[old], taken = pass->taken[old];
  if (taken && g->node[node->arg[0]].type.dim[0] != pass->pick[taken - ROWS].of) return node->arg[0];
  if (wanted < ROWS || !pass->pick[wanted - ROWS].gains) return ir_append(g, node, error);
  return picked((struct ir_at){g, node->span, error}, &copy, &pass->pick[wanted - ROWS]);
}

int ir_pick_first(struct ir_graph *g, int root_count, ir_id *root, struct rt_error *error) {
  const size_t count = g->count;
  struct pass pass = {.pick = rt_zalloc(count, sizeof *pass.pick),
                      .wanted = rt_zalloc(count, sizeof *pass.wanted),
                      .taken = rt_zalloc(count, sizeof *pass.taken)};
  int status = ir_walk_begin(&pass.walk, g, root_count, root, error);
  if (!pass.pick || !pass.wanted || !pass.taken) status = rt_no_memory(error);
  if (status == RT_OK && look_at_all(&pass, g, root_count, root)) {
    status = ir_rewrite(g, root_count, root, visit, &pass, error);
    if (status == RT_OK) status = ir_cse(g, root_count, root, error); /* what was cut twice */
  }
  ir_walk_end(&pass.walk);
  rt_free(pass.pick);
  rt_free(pass.wanted);
  rt_free(pass.taken);
  return status;
}
