/* optimise.c: the passes over the IR, in order. Dead code goes with each of them (rewrite.c). */
#include "compiler/ir/passes.h"
#include "runtime/limits.h"

static int run_passes(struct ir_graph *g, int root_count, ir_id *root, struct rt_error *error) {
  static int (*const passes[])(struct ir_graph *, int, ir_id *, struct rt_error *) = {
      ir_simplify,
      ir_cse,
      ir_simplify, /* what became one node, and what the first round made */
      ir_cse,
  };
  for (size_t p = 0; p < RT_COUNT(passes); p++) {
    int status = rt_go_on(g->count, error);
    if (status == RT_OK) status = passes[p](g, root_count, root, error);
    if (status != RT_OK) return status;
  }
  return RT_OK;
}

static int optimise_slots(struct ir_head *head, struct rt_error *error) {
  struct ir_slot *slots[] = {&head->score, &head->mask, &head->drop, &head->score_grad};
  for (size_t s = 0; s < RT_COUNT(slots); s++) {
    if (!slots[s]->graph || !slots[s]->result_count) continue;
    int status = run_passes(slots[s]->graph, slots[s]->result_count, slots[s]->result, error);
    if (status != RT_OK) return status;
  }
  return RT_OK;
}

int ir_optimise(struct ir_graph *g, int root_count, ir_id *root, struct rt_error *error) {
  int status = run_passes(g, root_count, root, error);
  for (ir_id n = 1; status == RT_OK && n < g->count; n++)
    if (rt_has_plan(g->node[n].op)) status = optimise_slots(g->head[g->node[n].attr[0]], error);
  return status;
}

int ir_multiply_less(struct ir_graph *g, int root_count, ir_id *root, bool session, struct rt_error *error) {
  int status = ir_pick_first(g, root_count, root, error);
  if (status == RT_OK) status = ir_sum_first(g, root_count, root, error);
  if (status == RT_OK) status = ir_pool_first(g, root_count, root, session, error);
  return status == RT_OK ? ir_see_windows(g, root_count, root, error) : status;
}
