/* head_lowering.c: how a head is computed. Fused: a tile of scores at a time. Row-buffered: with a whole row
 * of scores at once. Materialised: as tensors of all scores, when its slots need more than a row. */
#include "compiler/front/elaborate.h"

/* Why a slot cannot be computed pair by pair; NULL: it can. *rows counts what needs a whole row of
 * scores, which is the lesser difficulty. */
static const char *needs_all(const struct ir_slot *slot, bool is_score, int *rows) {
  for (ir_id n = 1; slot->graph && n < slot->graph->count; n++) {
    const struct ir_node *node = &slot->graph->node[n];
    if (node->op == OP_call) return "it calls a native function";
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

/* A head with row values has no softmax of its own: it is spelled out. */
static int spell_softmax(struct cc_context *c, struct ir_head *head, struct gr_span span) {
  if (!head->softmax) return RT_OK;
  head->softmax = false;
  struct ir_at at = {head->score.graph, span, c->error};
  head->score.result[0] = ir_slot_softmax(at, ATTEND_J, head->score.result[0]);
  return head->score.result[0] ? RT_OK : c->error->code;
}

/* Why the head must be tensors, whatever its slots say; NULL: it need not. */
static const char *needs_tensors(const struct cc_context *c, const struct ir_head *head, bool steps) {
  if (head->extra_count > ATTEND_MAX_EXTRAS) return "its slots use more than 16 tensors";
  if (head->number < c->unfit_count && c->unfit[head->number]) return c->unfit[head->number];
  if (steps) return "it runs within a step of scan, once for each row";
  return c->program->unfused ? "that was asked for" : NULL;
}
_Static_assert(ATTEND_MAX_EXTRAS == 16, "as the message says");

int cc_choose_lowering(struct cc_context *c, struct cc_slot *slot, bool steps, struct gr_span span) {
  struct ir_head *head = slot->head;
  int rows = 0;
  const char *why = needs_all(&head->score, true, &rows);
  if (!why) why = needs_all(&head->mask, false, &rows);
  if (!why) why = needs_all(&head->drop, false, &rows);
  if (!why && rows) {
    int status = spell_softmax(c, head, span);
    if (status != RT_OK) return status;
    head->lowering = VM_ROW_BUFFERED;
    head->why = "its weights depend on a whole row of scores";
  }
  if (!why) why = needs_tensors(c, head, steps);
  if (!why) return RT_OK;
  head->lowering = VM_MATERIALISED;
  head->why = why;
  return RT_OK;
}
