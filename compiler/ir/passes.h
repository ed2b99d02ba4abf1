/* passes.h: how passes rewrite a graph, and the passes themselves. */
#ifndef AQ_COMPILER_IR_PASSES_H
#define AQ_COMPILER_IR_PASSES_H

#include "compiler/ir/ir.h"

/* Called for every live node in order, with arguments already rewritten: appends the node or something that
 * means the same, and returns it; 0 on failure. node is a copy. */
typedef ir_id ir_visit(struct ir_graph *g, const struct ir_node *node, void *context, struct rt_error *error);

/* Rebuilds g from the nodes that the roots need. Roots that are 0 stay 0. Fails with the code of error. */
int ir_rewrite(struct ir_graph *g, int root_count, ir_id *root, ir_visit *visit, void *context,
               struct rt_error *error);

/* live[n]: is n needed by a root? [g->count], false to begin with. */
void ir_mark_live(const struct ir_graph *g, int root_count, const ir_id *root, bool *live);

/* How often each node is read by live ones and as a root. users: [g->count], zeros to begin with. */
void ir_count_users(const struct ir_graph *g, int root_count, const ir_id *root, const bool *live,
                    uint32_t *users);

/* What a pass looks at before it rewrites a graph, and where it is while it does. */
struct ir_walk {
  uint32_t count; /* nodes */
  bool *live;     /* [count] */
  uint32_t *users;
  ir_id old; /* the node that is visited now */
};
int ir_walk_begin(struct ir_walk *walk, const struct ir_graph *g, int root_count, const ir_id *root,
                  struct rt_error *error);
/* The node before it is rewritten. To be called once in each visit. */
ir_id ir_walk_next(struct ir_walk *walk);
void ir_walk_end(struct ir_walk *walk);

/* Are the axes of a head's operand these: one of queries or keys, and that of features? */
bool ir_is_rows(const struct attend_operand *operand, uint8_t role);
/* Rows times a matrix, x W? */
bool ir_is_matrix_product(const struct ir_node *n);
/* Is x of such a product surely no wider than x W? */
bool ir_is_from_narrow(const struct ir_graph *g, const struct ir_node *product);

/* The live users of every node: of n, user[start[n]] .. user[start[n + 1] - 1], in order; twice when they
 * read it twice. */
struct ir_users {
  uint32_t *start;
  ir_id *user;
};
int ir_users_list(const struct ir_graph *g, const bool *live,
                  struct ir_users *users); /* RT_OK or RT_NO_MEMORY */
void ir_users_free(struct ir_users *users);

/* Folds constants, applies identities, and moves repetition behind arithmetic (simplify.c, fold.c). */
int ir_simplify(struct ir_graph *g, int root_count, ir_id *root, struct rt_error *error);
/* One node for everything that is computed twice (cse.c). */
int ir_cse(struct ir_graph *g, int root_count, ir_id *root, struct rt_error *error);

/* Where it is the same but for rounding, rows are picked before they are made (picked_rows.c) and summed
 * before they are multiplied (sums.c), heads of one query multiply one row instead of all (one_query.c), and
 * neighbours are multiplied where they lie (windows.c). */
int ir_pick_first(struct ir_graph *g, int root_count, ir_id *root, struct rt_error *error);
int ir_sum_first(struct ir_graph *g, int root_count, ir_id *root, struct rt_error *error);
int ir_pool_first(struct ir_graph *g, int root_count, ir_id *root, bool session, struct rt_error *error);
int ir_see_windows(struct ir_graph *g, int root_count, ir_id *root, struct rt_error *error);
/* All of them. session: for sessions, which keep what a model makes of a word. */
int ir_multiply_less(struct ir_graph *g, int root_count, ir_id *root, bool session, struct rt_error *error);

/* Heads whose queries and keys are products with a matrix each have one product with both (score_matrix.c),
 * which is less for many rows, and more for few. *any: there are such. */
int ir_join_matrices(struct ir_graph *g, int root_count, ir_id *root, bool *any, struct rt_error *error);

/* Heads of which all queries receive the same have a smaller gradient (equal_queries.c). */
int ir_equal_queries(struct ir_graph *g, int root_count, ir_id *root, struct rt_error *error);

/* fold.c: the value of a lane op on numbers, in double. */
double ir_fold(enum rt_op op, double a, double b, double c);

#endif
