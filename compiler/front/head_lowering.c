/* head_lowering.c: how a head is computed. Fused: a tile of scores at a time. Row-buffered: with a whole row
 * of scores at once. Materialised: as tensors of all scores, when its slots need more than a row. */
#include "compiler/front/elaborate.h"

#include <math.h>

/* Why a slot cannot be computed pair by pair; NULL: it can. *rows counts what needs a whole row of
 * scores, which is the lesser difficulty. */
static const char *needs_all(const struct ir_slot *slot, bool is_score, int *rows) {
  for (ir_id n = 1; slot->graph && n < slot->graph->count; n++) {
    const struct ir_node *node = &slot->graph->node[n];
    if (node->type.rank)
      return node->op == OP_over ? "it mixes the scores of all heads"
                                 : "it computes with vectors for each pair of tokens";
    if (node->op != OP_over) continue;
    if (node->attr[1] == ATTEND_I) return "it runs over the queries";
    if (node->attr[0] == IR_OVER_CUMSUM || node->attr[0] == IR_OVER_CUMSUM_BACK) return "it has running sums";
    if (!is_score) return "its mask or drop runs over the keys";
    *rows += 1;
  }
  return NULL;
}

/* Are the row values of the head and its gradient few enough for a plan? */
static int few_rows(struct cc_context *c, const struct ir_head *head, struct gr_span span, bool *few) {
  struct ir_slot trial = {0};
  int leaves = 1 + head->extra_count, rows = 0, status = RT_OK;
  ir_id wrt[1 + ATTEND_MAX_EXTRAS], root[2 + ATTEND_MAX_EXTRAS];
  struct ir_graph *g = ir_slot_graph(c->model, head, &trial);
  if (!g) return cc_out_of_memory(c);
  struct ir_at at = {g, span, c->error};
  for (ir_id n = 1; n < head->score.graph->count && status == RT_OK; n++)
    if (!ir_append(g, &head->score.graph->node[n], c->error)) status = c->error->code;
  for (int k = 0; k < leaves && status == RT_OK; k++)
    if (!(wrt[k] = ir_leaf(at, k ? k : IR_LEAF_S))) status = c->error->code;
  ir_id seed = status != RT_OK ? 0 : ir_leaf(at, IR_LEAF_DS);
  const struct ir_derivative wanted = {head->score.result[0], seed, leaves, wrt, root};
  if (status == RT_OK) status = seed ? ir_gradient(g, wanted, c->error) : c->error->code;
  root[leaves] = head->score.result[0];
  if (status == RT_OK) status = ir_optimise(g, leaves + 1, root, c->error);
  for (ir_id n = 1; n < g->count && status == RT_OK; n++) rows += g->node[n].op == OP_over;
  ir_graph_free(g);
  *few = rows <= ATTEND_MAX_ROWS;
  return status;
}

/* A head with row values has no softmax of its own: it is spelled out. */
static int spell_softmax(struct cc_context *c, struct ir_head *head, struct gr_span span) {
  if (!head->softmax) return RT_OK;
  head->softmax = false;
  struct ir_at at = {head->score.graph, span, c->error};
  head->score.result[0] = ir_slot_softmax(at, ATTEND_J, head->score.result[0]);
  return head->score.result[0] ? RT_OK : c->error->code;
}

/* Does the program of the derivative have room for all its results? They are the score, its derivative,
 * and a gradient for each extra; that of a table also has an index. */
static bool few_results(const struct ir_head *head) {
  int results = 2;
  for (int k = 0; k < head->extra_count; k++) {
    const struct attend_operand *extra = &head->extra[k];
    results += extra->rank && extra->role[extra->rank - 1] == ATTEND_FEATURE ? 2 : 1;
  }
  return results <= LANE_MAX_OUTPUTS;
}

int cc_choose_lowering(struct cc_context *c, struct cc_slot *slot, bool steps, struct gr_span span) {
  struct ir_head *head = slot->head;
  int rows = 0;
  const char *why = needs_all(&head->score, true, &rows);
  if (!why) why = needs_all(&head->mask, false, &rows);
  if (!why) why = needs_all(&head->drop, false, &rows);
  if (!why && !few_results(head)) why = "its slots read more tensors than one pass can give gradients to";
  if (!why && rows) {
    bool few = false;
    int status = spell_softmax(c, head, span);
    if (status == RT_OK) status = few_rows(c, head, span, &few);
    if (status != RT_OK) return status;
    head->lowering = VM_ROW_BUFFERED;
    head->why = "its weights depend on a whole row of scores";
    if (!few) why = "its weights and their gradient take many sums over the keys";
  }
  if (!why && steps) why = "it runs within a step of scan, once for each row";
  if (!why && c->program->unfused) why = "that was asked for";
  if (!why) return RT_OK;
  head->lowering = VM_MATERIALISED;
  head->why = why;
  if (head->drop.graph && isnan(head->drop_rate))
    return gr_fail(c->error, span,
                   "the drop rate of a head that is computed as a tensor (%s) must be a number that is known "
                   "while compiling",
                   why);
  return RT_OK;
}
