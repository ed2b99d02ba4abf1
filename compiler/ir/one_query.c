/* one_query.c: heads of one query, such as attention_pool: their keys and values are not multiplied row by
 * row.
 *
 * With one query q, the score of a row x_j W is q (x_j W)' = (q W') x_j', and the answer sum_j a_j (x_j W) is
 * (sum_j a_j x_j) W. So the query takes the matrix of the keys, and the answer that of the values: one row to
 * multiply instead of all. Numbers may differ in their last digits. Where a gradient is wanted this runs
 * before it is taken. Rows that something else reads as well stay as they are. So do keys that a session
 * keeps for each word: to predict, they cost nothing. */
#include "compiler/ir/passes.h"

#include <string.h>

enum { QUERY, KEY, VALUE }; /* arguments of attention */
enum { MOST_DEEP = 8 };

struct pass {
  struct ir_walk walk;
  uint8_t *moves; /* by node, a head: a bit for each argument that is given before its product */
};

/* ---- is it worth it? ---- */

static bool is_row(const struct attend_operand *o) { return o->rank == 1 && o->role[0] == ATTEND_FEATURE; }

/* Do rows of x W cost more than rows of x and one row times W? Not if x is wider and W has one column. */
static bool pays(const struct ir_graph *g, const struct ir_node *product) {
  int64_t wide;
  return ir_is_from_narrow(g, product)
         || (vm_dim_value(g->dims, product->type.dim[1], NULL, &wide, NULL) == RT_OK && wide > 1);
}

/* Is it the same for all texts and needs no instruction of its own? */
static bool is_fixed(const struct ir_graph *g, ir_id id) {
  const struct ir_node *n = &g->node[id];
  const enum rt_op op = n->op == OP_expand ? g->node[n->arg[0]].op : n->op;
  return op == OP_param || op == OP_constant;
}

/* Is it of the words of a text alone, so that a session keeps the rows (vm/machine_words.c)? */
static bool is_of_words(const struct ir_graph *g, ir_id id, int depth) {
  const struct ir_node *n = &g->node[id];
  bool all = depth > 0 && (rt_is_lane(n->op) || n->op == OP_project), any = false;
  if (n->op == OP_gather) return g->node[n->arg[0]].op == OP_param && g->node[n->arg[1]].op == OP_input;
  for (int k = 0; all && k < n->arg_count; k++) {
    const bool words = is_of_words(g, n->arg[k], depth - 1);
    any |= words;
    all = words || is_fixed(g, n->arg[k]);
  }
  return all && any;
}

/* Is the argument of a head a product that does better without? */
static bool is_moved(const struct ir_graph *g, const struct ir_node *head, int k, bool session) {
  const struct ir_node *n = &g->node[head->arg[k]];
  return ir_is_matrix_product(n) && pays(g, n)
         && !(session && k == KEY && is_of_words(g, head->arg[k], MOST_DEEP));
}

static uint8_t look(const struct ir_graph *g, const uint32_t *users, bool session, const struct ir_node *n) {
  if (n->op != OP_attention) return 0;
  const struct ir_head *head = g->head[n->attr[0]];
  const bool same = n->arg[KEY] == n->arg[VALUE];
  uint8_t moves = 0;
  if (!is_row(&head->query) || !is_row(&head->out) || !ir_is_rows(&head->key, ATTEND_J)
      || !ir_is_rows(&head->value, ATTEND_J))
    return 0;
  for (int k = KEY; k <= VALUE; k++)
    if (users[n->arg[k]] == 1u + same && is_moved(g, n, k, session)) moves |= (uint8_t)(1 << k);
  return moves;
}

/* ---- the pass ---- */

static ir_id moved(struct ir_at at, const struct ir_node *node, uint8_t moves) {
  struct ir_node head = *node;
  ir_id arg[3 + ATTEND_MAX_EXTRAS], matrix = 0;
  memcpy(arg, head.arg, head.arg_count * sizeof *arg);
  head.arg = arg;
  if (moves >> KEY & 1) {
    const struct ir_node key = at.g->node[arg[KEY]];
    const ir_id of[2] = {arg[QUERY], key.arg[1]};
    arg[QUERY] = ir_add(at, (struct ir_op){OP_project_back, 2, .arg = of});
    arg[KEY] = key.arg[0];
  }
  if (moves >> VALUE & 1) {
    const struct ir_node value = at.g->node[arg[VALUE]];
    matrix = value.arg[1];
    arg[VALUE] = value.arg[0];
    head.type.dim[0] = at.g->node[value.arg[0]].type.dim[1];
  }
  const ir_id row = arg[QUERY] ? ir_append(at.g, &head, at.error) : 0;
  if (!row || !matrix) return row;
  return ir_add(at, (struct ir_op){OP_project, 2, .arg = (const ir_id[]){row, matrix}});
}

static ir_id visit(struct ir_graph *g, const struct ir_node *node, void *context, struct rt_error *error) {
  struct pass *pass = context;
  const uint8_t moves = pass->moves[ir_walk_next(&pass->walk)];
  return moves ? moved((struct ir_at){g, node->span, error}, node, moves) : ir_append(g, node, error);
}

int ir_pool_first(struct ir_graph *g, int root_count, ir_id *root, bool session, struct rt_error *error) {
  struct pass pass = {.moves = rt_zalloc(g->count, sizeof *pass.moves)};
  int status = ir_walk_begin(&pass.walk, g, root_count, root, error);
  if (!pass.moves) status = rt_no_memory(error);
  for (ir_id n = 1; n < g->count && status == RT_OK; n++)
    if (pass.walk.live[n]) pass.moves[n] = look(g, pass.walk.users, session, &g->node[n]);
  if (status == RT_OK) status = ir_rewrite(g, root_count, root, visit, &pass, error);
  ir_walk_end(&pass.walk);
  rt_free(pass.moves);
  return status;
}
