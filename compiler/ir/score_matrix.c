/* score_matrix.c: queries and keys that are products with a matrix each, as one product.
 *
 * The score of q W and k V is (q W) (k V)' = (q (W V')) k'. The matrix W V' is made once for all rows, so
 * that with more rows than a matrix has there is less to multiply: in training three products of all rows
 * instead of six, and three of matrices. With fewer rows there is more, and only who knows the rows can tell:
 * so a program has both ways (emit_model.c). Numbers may differ in their last digits. Rows that something
 * else reads as well stay as they are. */
#include "compiler/ir/passes.h"

#include <string.h>

enum { QUERY, KEY, VALUE }; /* arguments of attention */

/* Which of the two takes the matrix; NEITHER: it stays as it is. */
enum taker { NEITHER, BY_QUERY, BY_KEY };

struct pass {
  struct ir_walk walk;
  uint8_t *taker; /* by node: enum taker */
};

static bool is_product(const struct ir_graph *g, const uint32_t *users, ir_id id) {
  return users[id] == 1 && ir_is_matrix_product(&g->node[id]);
}

static enum taker taker_of(const struct ir_graph *g, const uint32_t *users, const struct ir_node *n) {
  if (n->op != OP_attention) return NEITHER;
  const struct ir_head *head = g->head[n->attr[0]];
  if (!ir_is_rows(&head->query, ATTEND_I) || !ir_is_rows(&head->key, ATTEND_J)) return NEITHER;
  if (!is_product(g, users, n->arg[QUERY]) || !is_product(g, users, n->arg[KEY])) return NEITHER;
  /* Scores cost no more where what is multiplied is no wider. */
  if (ir_is_from_narrow(g, &g->node[n->arg[KEY]])) return BY_QUERY;
  return ir_is_from_narrow(g, &g->node[n->arg[QUERY]]) ? BY_KEY : NEITHER;
}

static ir_id joined(struct ir_at at, const struct ir_node *node, enum taker taker) {
  const int by = taker == BY_QUERY ? QUERY : KEY, other = KEY - by;
  const struct ir_node taken = at.g->node[node->arg[by]], left = at.g->node[node->arg[other]];
  const ir_id matrix[2] = {taken.arg[1], left.arg[1]};
  struct ir_node head = *node;
  ir_id arg[3 + ATTEND_MAX_EXTRAS];
  memcpy(arg, head.arg, head.arg_count * sizeof *arg);
  head.arg = arg;
  const ir_id product[2] = {taken.arg[0], ir_add(at, (struct ir_op){OP_project_back, 2, .arg = matrix})};
  arg[by] = ir_add(at, (struct ir_op){OP_project, 2, .arg = product});
  arg[other] = left.arg[0];
  return arg[by] ? ir_append(at.g, &head, at.error) : 0;
}

static ir_id visit(struct ir_graph *g, const struct ir_node *node, void *context, struct rt_error *error) {
  struct pass *pass = context;
  const enum taker taker = pass->taker[ir_walk_next(&pass->walk)];
  return taker ? joined((struct ir_at){g, node->span, error}, node, taker) : ir_append(g, node, error);
}

static bool look_at_all(struct pass *pass, const struct ir_graph *g) {
  bool any = false;
  for (ir_id n = 1; n < g->count; n++) {
    if (pass->walk.live[n]) pass->taker[n] = (uint8_t)taker_of(g, pass->walk.users, &g->node[n]);
    any |= pass->taker[n] != NEITHER;
  }
  return any;
}

int ir_join_matrices(struct ir_graph *g, int root_count, ir_id *root, bool *any, struct rt_error *error) {
  struct pass pass = {.taker = rt_zalloc(g->count, sizeof *pass.taker)};
  int status = ir_walk_begin(&pass.walk, g, root_count, root, error);
  if (!pass.taker) status = rt_no_memory(error);
  *any = status == RT_OK && look_at_all(&pass, g);
  if (*any) status = ir_rewrite(g, root_count, root, visit, &pass, error);
  ir_walk_end(&pass.walk);
  rt_free(pass.taker);
  return status;
}
