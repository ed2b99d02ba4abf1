/* rules_give.c: what the rules give is gathered here, for each node. */
#include "compiler/ir/rules.h"

ir_id ir_over_keys(struct ir_back *b, ir_id id) {
  return ir_over(rule_here(b), (struct ir_along){IR_OVER_SUM, .position = ATTEND_J}, id);
}

/* In a slot, a value that is the same for all keys receives two kinds of gradients: one number for each
 * key, or, through a sum or maximum over the keys, one number for all. Before the two are added, those of
 * the first kind are summed over the keys. */
static ir_id add_in_slot(struct ir_back *b, ir_id to, ir_id id) {
  uint8_t j = IR_VARIES(ATTEND_J);
  ir_id sum = b->sum[to];
  if (!(b->g->node[to].varies & j) && (b->g->node[sum].varies ^ b->g->node[id].varies) & j) {
    if (b->g->node[id].varies & j)
      id = ir_over_keys(b, id);
    else
      sum = ir_over_keys(b, sum);
  }
  return id && sum ? rule_2(b, OP_add, sum, id) : 0;
}

void ir_give_node(struct ir_back *b, ir_id to, ir_id id) {
  if (!id || b->failed) {
    b->failed = true;
    return;
  }
  const struct vm_type want = b->g->node[to].type;
  const struct vm_type *have = rule_type(b, id);
  if (have->batched && !want.batched)
    id = ir_sum(rule_here(b), id, (1u << have->rank) - 1, false);
  else if (!have->batched && want.batched)
    id = ir_expand_axes(rule_here(b), id, (1u << have->rank) - 1, &want);
  if (id && b->sum[to] && b->g->is_slot)
    id = add_in_slot(b, to, id);
  else if (id && b->sum[to])
    id = rule_2(b, OP_add, b->sum[to], id);
  b->failed = !id;
  b->sum[to] = id;
}

/* In a slot: the gradient that comes through a sum over the keys is one number, and each key's share of
 * it. An argument that is the same for all keys receives it once for each key: in sum(s + f[i], j), f[i]
 * is added for every key. The kernel adds up the gradient of a table by element. */
static ir_id shares_of_keys(struct ir_back *b, ir_id to, ir_id id) {
  uint8_t varies = b->node.varies, given = b->g->node[id].varies | b->g->node[to].varies;
  bool each = varies & IR_VARIES(ATTEND_J) && !(given & IR_VARIES(ATTEND_J));
  bool zero = b->g->node[id].op == OP_constant && b->g->node[id].real == 0;
  return each && !zero && b->node.op != OP_gather ? ir_over_keys(b, id) : id;
}

void ir_give(struct ir_back *b, int k, ir_id id) {
  if (!b->need[k]) return;
  ir_id to = rule_arg(b, k);
  id = ir_choice_gives(b, id);
  if (id && b->g->is_slot) id = shares_of_keys(b, to, id);
  if (id && !b->failed && rule_type(b, id)->rank != rule_type(b, to)->rank && b->node.op != OP_gather) {
    gr_fail(b->error, b->node.span, "the gradient rule of `%s` gives argument %d a wrong shape",
            rt_op_info[b->node.op].name, k);
    b->failed = true;
    return;
  }
  ir_give_node(b, to, id);
}
