/* rules_attention.c: the gradient of a head. The kernel knows the gradient of softmax and of the two
 * products; what lies between the raw score s and s' is the program's, so its derivative is made here, as
 * another slot graph. */
#include "compiler/ir/rules.h"

#include <string.h>

enum { FIRST_EXTRA = 3 }; /* arguments of attention: query, key, value, extras */

static bool is_table(const struct attend_operand *extra) {
  return extra->rank > 0 && extra->role[extra->rank - 1] == ATTEND_FEATURE;
}

static ir_id fail_memory(struct ir_back *b) {
  rt_no_memory(b->error);
  b->failed = true;
  return 0;
}

/* Where in a slot graph a table is read: its index, 0 when it is not read at all. */
static ir_id index_of_gather(struct ir_back *b, const struct ir_graph *slot, ir_id table, ir_id before) {
  ir_id index = 0;
  for (ir_id n = 1; n < before; n++) {
    const struct ir_node *node = &slot->node[n];
    if (node->op != OP_gather || node->arg[0] != table) continue;
    if (index && index != node->arg[1]) {
      gr_fail(b->error, node->span,
              "a slot reads one extra as a table at two places: each needs an extra of its own");
      b->failed = true;
    }
    index = node->arg[1];
  }
  return index;
}

static bool copy_nodes(struct ir_back *b, struct ir_graph *to, const struct ir_graph *from) {
  for (ir_id n = 1; n < from->count; n++)
    if (!ir_append(to, &from->node[n], b->error)) return false;
  return true;
}

/* Fills head->score_grad and head->wants_grad. */
static void make_score_grad(struct ir_back *b, struct ir_head *head) {
  ir_id wrt[1 + ATTEND_MAX_EXTRAS], grad[1 + ATTEND_MAX_EXTRAS];
  ir_id score = head->score.result[0];
  memset(head->wants_grad, 0, sizeof head->wants_grad);
  if (!head->score.graph || !score) return;
  struct ir_slot *out = &head->score_grad;
  struct ir_graph *slot = ir_slot_graph(b->g, head, out);
  if (!slot || !copy_nodes(b, slot, head->score.graph)) {
    fail_memory(b);
    return;
  }
  struct ir_at at = {slot, b->node.span, b->error};
  slot->chosen = ir_choice_of_slot(b, slot);
  for (int k = 0; k <= head->extra_count; k++)
    if (!(wrt[k] = ir_leaf(at, k ? k : IR_LEAF_S))) b->failed = true;
  ir_id seed = b->failed ? 0 : ir_leaf(at, IR_LEAF_DS);
  const struct ir_derivative wanted = {score, seed, 1 + head->extra_count, wrt, grad};
  if (!seed || ir_gradient(slot, wanted, b->error) != RT_OK) {
    b->failed = true;
    return;
  }
  if (!grad[0] && !(grad[0] = ir_constant(at, 0, NULL))) b->failed = true;
  out->result[out->result_count++] = grad[0];
  for (int k = 0; k < head->extra_count; k++) {
    if (!grad[1 + k] || !b->need[FIRST_EXTRA + k]) continue;
    head->wants_grad[k] = true;
    out->result[out->result_count++] = grad[1 + k];
    if (is_table(&head->extra[k]))
      out->result[out->result_count++] = index_of_gather(b, slot, wrt[1 + k], slot->count);
  }
  out->result[out->result_count++] = score;
}

static bool copy_slot(struct ir_back *b, const struct ir_head *head, struct ir_slot *slot) {
  const struct ir_graph *from = slot->graph;
  if (!from) return true;
  struct ir_graph *to = ir_slot_graph(b->g, head, slot);
  return to && copy_nodes(b, to, from);
}

/* The head whose plan the gradient uses: its own, unless another gradient has taken that. */
static struct ir_head *gradient_head(struct ir_back *b, int64_t *plan) {
  struct ir_head *head = b->g->head[*plan];
  if (!head->score_grad.graph) return head;
  struct ir_head *copy = ir_add_head(b->g, head->name, plan);
  if (!copy) return NULL;
  *copy = *head;
  memset(&copy->score_grad, 0, sizeof copy->score_grad);
  return copy_slot(b, copy, &copy->score) && copy_slot(b, copy, &copy->mask)
                 && copy_slot(b, copy, &copy->drop)
             ? copy
             : NULL;
}

/* ---- results and their sums ---- */

/* The axes of a result as roles: see the end of runtime/attend_plan.h. */
static struct attend_operand result_axes(const struct attend_operand *own, bool heads) {
  static const uint8_t order[] = {ATTEND_I, ATTEND_J, ATTEND_H, ATTEND_FEATURE};
  struct attend_operand axes = {0};
  for (size_t p = 0; p < RT_COUNT(order); p++) {
    int count = 0;
    for (int x = 0; x < own->rank; x++) count += own->role[x] == order[p];
    if (order[p] == ATTEND_H && heads) count = 1;
    while (count-- > 0 && axes.rank < RT_MAX_RANK) axes.role[axes.rank++] = order[p];
  }
  return axes;
}

static int axis_of(const struct attend_operand *axes, int role) {
  for (int x = 0; x < axes->rank; x++)
    if (axes->role[x] == role) return x;
  return -1;
}

static void drop_axis(struct attend_operand *axes, int axis) {
  axes->rank--;
  memmove(&axes->role[axis], &axes->role[axis + 1], (size_t)(axes->rank - axis));
}

/* Query heads h = g groups x k key heads: [.., H, ..] as [.., k, g, ..], summed over g. */
static ir_id sum_groups(struct ir_back *b, ir_id id, int axis, vm_dim key_heads) {
  struct vm_type type = *rule_type(b, id);
  if (type.dim[axis] == key_heads || type.rank == RT_MAX_RANK) return id;
  vm_dim group = vm_dim_over(b->g->dims, type.dim[axis], key_heads);
  if (group == VM_NO_DIM) return fail_memory(b);
  memmove(&type.dim[axis + 2], &type.dim[axis + 1], (size_t)(type.rank - axis - 1) * sizeof type.dim[0]);
  type.dim[axis] = key_heads;
  type.dim[axis + 1] = group;
  type.rank++;
  ir_id split = ir_reshape(rule_here(b), id, &type);
  return ir_sum(rule_here(b), split, ~(1u << (axis + 1)), type.batched);
}

/* Brings a result to the shape of the argument that it is the gradient of; examples are summed by ir_give. */
static ir_id to_own_shape(struct ir_back *b, ir_id id, const struct attend_operand *own,
                          struct attend_operand axes, const struct vm_type *type) {
  int h = axis_of(&axes, ATTEND_H), own_h = axis_of(own, ATTEND_H);
  if (id && h >= 0 && own_h < 0) {
    id = ir_sum(rule_here(b), id, ~(1u << h), rule_type(b, id)->batched);
    drop_axis(&axes, h);
  } else if (id && h >= 0)
    id = sum_groups(b, id, h, type->dim[own_h]);
  int64_t order = 0;
  bool same = true;
  int features = 0;
  for (int x = 0; x < own->rank; x++) {
    int from = axis_of(&axes, own->role[x]);
    if (own->role[x] == ATTEND_FEATURE) from += features++;
    order = rt_order_with(order, x, from);
    same = same && from == x;
  }
  if (!id || same) return id;
  struct vm_type moved = *type;
  moved.batched = rule_type(b, id)->batched;
  return ir_transpose(rule_here(b), id, order, &moved);
}

static ir_id result(struct ir_back *b, ir_id of, int number) {
  struct ir_graph *g = b->g;
  const struct ir_node node = g->node[of];
  const struct vm_type *types[6 + ATTEND_MAX_EXTRAS];
  struct vm_type type;
  struct vm_mismatch m = {0};
  for (int k = 0; k < node.arg_count; k++) types[k] = &g->node[node.arg[k]].type;
  struct attend_plan plan = ir_head_plan(g->head[node.attr[0]]);
  const struct vm_op_call call = {.dims = g->dims,
                                  .op = node.op,
                                  .arg_count = node.arg_count,
                                  .arg = types,
                                  .attr = node.attr,
                                  .plan = &plan,
                                  .mismatch = &m};
  if (vm_signature_result(&call, number, &type) != RT_OK) {
    gr_fail(b->error, node.span, "attention has no result %d: %s", number, m.why);
    return 0;
  }
  if (number == 0) {
    g->node[of].type = type;
    return of;
  }
  return ir_add((struct ir_at){g, node.span, b->error},
                (struct ir_op){OP_result, 1, .arg = &of, .attr = {number}, .type = &type});
}

static void give_result(struct ir_back *b, ir_id grad, const struct ir_head *head, int arg, int number) {
  bool heads = axis_of(&head->out, ATTEND_H) >= 0;
  const struct attend_operand *own = arg == 0   ? &head->query
                                     : arg == 1 ? &head->key
                                     : arg == 2 ? &head->value
                                                : &head->extra[arg - FIRST_EXTRA];
  if (!b->need[arg] || b->failed) return;
  struct vm_type type = *rule_type(b, rule_arg(b, arg));
  ir_id id = result(b, grad, number);
  ir_give(b, arg, to_own_shape(b, id, own, result_axes(own, heads), &type));
}

RULE(attention) {
  int64_t plan = b->node.attr[0];
  struct ir_head *head = gradient_head(b, &plan);
  if (!head) {
    fail_memory(b);
    return;
  }
  make_score_grad(b, head);
  const int64_t axes = (1 << b->node.type.rank) - 1;
  ir_id lse = b->failed ? 0 : result(b, b->y, 1);
  ir_id delta = lse;
  if (lse && head->softmax)
    delta = ir_add(rule_here(b), (struct ir_op){OP_dot, 2, .arg = (ir_id[]){b->y, b->dy}, .attr = {axes}});
  if (!delta) {
    b->failed = true;
    return;
  }
  ir_id arg[6 + ATTEND_MAX_EXTRAS];
  for (int k = 0; k < FIRST_EXTRA; k++) arg[k] = ir_choice_operand(b, k);
  arg[3] = ir_choice_rows(b, delta);
  arg[4] = delta == lse ? arg[3] : ir_choice_rows(b, lse);
  arg[5] = b->dy;
  for (int k = 0; k < head->extra_count; k++) arg[6 + k] = rule_arg(b, FIRST_EXTRA + k);
  const struct ir_op op = {OP_attention_grad, 6 + head->extra_count, .arg = arg, .attr = {plan, axes}};
  ir_id grad = ir_add(rule_here(b), op);
  if (!grad || !result(b, grad, 0)) {
    b->failed = true;
    return;
  }
  for (int k = 0; k < FIRST_EXTRA; k++) give_result(b, grad, head, k, k);
  for (int k = 0, number = FIRST_EXTRA; k < head->extra_count; k++)
    if (head->wants_grad[k]) give_result(b, grad, head, FIRST_EXTRA + k, number++);
}

/* ---- over the keys, within a slot ---- */

/* What each key receives from tau of entmax: with z = max((alpha - 1) a - tau, 0) and g = z^((2 - alpha) /
 * (alpha - 1)) where z > 0, d tau / d a_j = (alpha - 1) g_j / sum g (by differentiating sum_j z_j^(1 / (alpha
 * - 1)) = 1; Peters et al. 2019). */
static ir_id entmax_share(struct ir_back *b, ir_id dy) {
  double alpha = b->node.real;
  ir_id z = rule_2(b, OP_sub, rule_2(b, OP_mul, rule_number(b, alpha - 1), rule_arg(b, 0)), b->y);
  ir_id inside = rule_2(b, OP_lt, rule_number(b, 0), z);
  ir_id power = alpha == 2 ? inside
                : alpha == 1.5
                    ? rule_1(b, OP_relu, z)
                    : rule_2(b, OP_pow, rule_1(b, OP_relu, z), rule_number(b, (2 - alpha) / (alpha - 1)));
  ir_id g = alpha == 2 || alpha == 1.5 ? power : rule_select(b, inside, power, rule_number(b, 0));
  ir_id all = g ? ir_over_keys(b, g) : 0;
  all = rule_select(b, all, all, rule_number(b, 1)); /* a row of minus infinities has no shares */
  return rule_2(b, OP_mul, rule_2(b, OP_div, rule_2(b, OP_mul, dy, rule_number(b, alpha - 1)), all), g);
}

/* The elements that are the largest share the gradient evenly, as in the op maximum. */
static ir_id largest_share(struct ir_back *b, ir_id dy) {
  ir_id wins = rule_2(b, OP_eq, rule_arg(b, 0), b->y), many = wins ? ir_over_keys(b, wins) : 0;
  return rule_2(b, OP_mul, wins, rule_2(b, OP_div, dy, rule_2(b, OP_max, many, rule_number(b, 1))));
}

RULE(over) {
  ir_id dy = b->dy, share;
  if (b->g->node[dy].varies & IR_VARIES(ATTEND_J)) dy = ir_over_keys(b, dy);
  switch (b->node.attr[0]) {
    case IR_OVER_SUM: share = dy; break;
    case IR_OVER_MAX: share = largest_share(b, dy); break;
    case IR_OVER_ENTMAX: share = entmax_share(b, dy); break;
    default: return; /* steps: flat wherever they have a slope at all */
  }
  if (share
      && !(b->g->node[rule_arg(b, 0)].varies
           & IR_VARIES(ATTEND_J))) /* the same for all keys: what each of them receives counts */
    share = ir_over_keys(b, share);
  ir_give(b, 0, share);
}
