/* rewrite.c: the walk that all passes share. Only what the roots need is visited, so that every pass also
 * removes dead code. */
#include "compiler/ir/passes.h"

#include <string.h>

void ir_mark_live(const struct ir_graph *g, int root_count, const ir_id *root, bool *live) {
  for (int k = 0; k < root_count; k++) live[root[k]] = true;
  live[0] = false;
  for (ir_id n = g->count; n-- > 1;)
    for (int k = 0; live[n] && k < g->node[n].arg_count; k++) live[g->node[n].arg[k]] = true;
}

void ir_count_users(const struct ir_graph *g, int root_count, const ir_id *root, const bool *live,
                    uint32_t *users) {
  for (int k = 0; k < root_count; k++) users[root[k]]++;
  for (ir_id n = 1; n < g->count; n++)
    for (int k = 0; live[n] && k < g->node[n].arg_count; k++) users[g->node[n].arg[k]]++;
}

int ir_walk_begin(struct ir_walk *walk, const struct ir_graph *g, int root_count, const ir_id *root,
                  struct rt_error *error) {
  *walk = (struct ir_walk){.count = g->count,
                           .live = rt_zalloc(g->count, sizeof *walk->live),
                           .users = rt_zalloc(g->count, sizeof *walk->users)};
  if (!walk->live || !walk->users) return rt_no_memory(error);
  ir_mark_live(g, root_count, root, walk->live);
  ir_count_users(g, root_count, root, walk->live, walk->users);
  return RT_OK;
}

ir_id ir_walk_next(struct ir_walk *walk) {
  do walk->old++;
  while (!walk->live[walk->old]);
  return walk->old;
}

void ir_walk_end(struct ir_walk *walk) {
  rt_free(walk->live);
  rt_free(walk->users);
}

bool ir_is_rows(const struct attend_operand *operand, uint8_t role) {
  return operand->rank == 2 && operand->role[0] == role && operand->role[1] == ATTEND_FEATURE;
}

bool ir_is_matrix_product(const struct ir_node *n) {
  return n->op == OP_project && !n->attr[0] && n->type.rank == 2;
}

bool ir_is_from_narrow(const struct ir_graph *g, const struct ir_node *product) {
  const vm_dim from = g->node[product->arg[0]].type.dim[1], to = product->type.dim[1];
  int64_t wide, narrow;
  return from == to
         || (vm_dim_value(g->dims, from, NULL, &narrow, NULL) == RT_OK
             && vm_dim_value(g->dims, to, NULL, &wide, NULL) == RT_OK && narrow <= wide);
}

int ir_users_list(const struct ir_graph *g, const bool *live, struct ir_users *users) {
  uint32_t count = g->count, total = 0;
  users->user = NULL;
  users->start = rt_zalloc((size_t)count + 2, sizeof *users->start);
  if (!users->start) return RT_NO_MEMORY;
  for (ir_id n = 1; n < count; n++)
    for (int k = 0; live[n] && k < g->node[n].arg_count; k++, total++) users->start[g->node[n].arg[k] + 2]++;
  users->user = rt_zalloc(total, sizeof *users->user);
  if (!users->user) return RT_NO_MEMORY;
  for (ir_id n = 1; n < count + 2; n++) users->start[n] += users->start[n - 1];
  for (ir_id n = 1; n < count; n++)
    for (int k = 0; live[n] && k < g->node[n].arg_count; k++)
      users->user[users->start[g->node[n].arg[k] + 1]++] = n;
  return RT_OK;
}

void ir_users_free(struct ir_users *users) {
  rt_free(users->start);
  rt_free(users->user);
  memset(users, 0, sizeof *users);
}

/* The old nodes, where each went, and room for one node's arguments. */
struct rewrite {
  struct ir_graph *g;
  ir_visit *visit;
  void *context; /* of visit */
  struct rt_error *error;
  struct ir_node *old;
  uint32_t count;
  bool *live;
  ir_id *map, *arg;
};

static int rewrite_node(struct rewrite *r, ir_id n) {
  struct ir_node node = r->old[n];
  for (int k = 0; k < node.arg_count; k++) r->arg[k] = r->map[node.arg[k]];
  node.arg = r->arg;
  ir_id to = r->visit(r->g, &node, r->context, r->error);
  if (!to) return r->error && r->error->code ? r->error->code : rt_no_memory(r->error);
  if (!r->g->node[to].name) r->g->node[to].name = node.name;
  r->map[n] = to;
  return RT_OK;
}

static int rewrite_all(struct rewrite *r, int root_count, ir_id *root) {
  struct ir_graph *g = r->g;
  uint32_t most = 1;
  ir_mark_live(g, root_count, root, r->live);
  for (ir_id n = 1; n < r->count; n++)
    if (g->node[n].arg_count > most) most = g->node[n].arg_count;
  r->arg = rt_zalloc(most, sizeof *r->arg);
  struct ir_node *fresh = rt_zalloc(r->count, sizeof *fresh);
  if (!r->arg || !fresh) {
    rt_free(fresh);
    return rt_no_memory(r->error);
  }
  r->old = g->node;
  g->node = fresh;
  g->capacity = r->count;
  g->count = 1;
  for (ir_id n = 1; n < r->count; n++) {
    int status = r->live[n] ? rewrite_node(r, n) : RT_OK;
    if (status != RT_OK) return status;
  }
  for (int k = 0; k < root_count; k++) root[k] = r->map[root[k]];
  return RT_OK;
}

int ir_rewrite(struct ir_graph *g, int root_count, ir_id *root, ir_visit *visit, void *context,
               struct rt_error *error) {
  struct rewrite r = {.g = g,
                      .visit = visit,
                      .context = context,
                      .error = error,
                      .count = g->count,
                      .live = rt_zalloc(g->count, sizeof *r.live),
                      .map = rt_zalloc(g->count, sizeof *r.map)};
  int status = r.live && r.map ? rewrite_all(&r, root_count, root) : rt_no_memory(error);
  rt_free(r.old);
  rt_free(r.live);
  rt_free(r.map);
  rt_free(r.arg);
  return status;
}
