/* materialise.c: a head as tensors: its scores, and whatever its slots make of them, as ordinary ops on
 * [heads, queries, keys]. For heads that cannot be computed a tile at a time, and to compare the others with.
 */
#include "compiler/ir/materialise.h"

#include <math.h>
#include <string.h>

/* ---- operands ---- */

/* Brings the axes of an operand into the order of `role`, repeats it along those it lacks, and repeats
 * each head of keys for the heads of queries that share it. */
static ir_id arrange(struct materialise *m, ir_id id, const struct attend_operand *operand, int count,
                     const uint8_t *role, const struct vm_type *to) {
  struct vm_type type = m->g->node[id].type, moved = type;
  int64_t order = 0;
  uint32_t axes = 0;
  int rank = 0, features = 0;
  for (int k = 0; k < count; k++) {
    int feature = 0;
    for (int a = 0; a < operand->rank; a++) {
      if (operand->role[a] != role[k] || (role[k] == ATTEND_FEATURE && feature++ != features)) continue;
      order = rt_order_with(order, rank, a);
      moved.dim[rank++] = type.dim[a];
      axes |= 1u << k;
      break;
    }
    features += role[k] == ATTEND_FEATURE;
  }
  if (!ir_keeps_order(order, rank)) id = ir_transpose(here(m), id, order, &moved);
  vm_dim heads = to->rank > 0 && role[0] == ATTEND_H ? to->dim[0] : VM_NO_DIM;
  if (id && axes & 1 && heads != VM_NO_DIM && moved.dim[0] != heads) {
    struct vm_type grouped = moved;
    grouped.dim[1] = vm_dim_over(m->g->dims, heads, moved.dim[0]);
    memcpy(&grouped.dim[2], &moved.dim[1], (size_t)(rank - 1) * sizeof moved.dim[0]);
    grouped.rank = (uint8_t)(rank + 1);
    if (grouped.dim[1] == VM_NO_DIM) {
      rt_no_memory(m->error);
      return 0;
    }
    id = ir_expand_axes(here(m), id, ((1u << grouped.rank) - 1) & ~2u, &grouped);
    moved.dim[0] = heads;
    id = ir_reshape(here(m), id, &moved);
  }
  struct vm_type wide = *to;
  wide.batched = type.batched;
  for (int a = 0; a < wide.rank; a++) wide.batched |= vm_dim_is_ragged(m->g->dims, wide.dim[a]);
  return ir_expand_axes(here(m), id, axes, &wide);
}

static vm_dim operand_dim(const struct materialise *m, int arg, const struct attend_operand *operand,
                          uint8_t role) {
  const struct vm_type *type = &m->g->node[m->arg[arg]].type;
  for (int a = 0; a < operand->rank; a++)
    if (operand->role[a] == role) return type->dim[a];
  return VM_NO_DIM;
}

/* An operand as [h?, rows, features], with an axis of heads when `heads`; a single query is one row. */
static ir_id matrix(struct materialise *m, int arg, const struct attend_operand *operand,
                    enum attend_axis rows, bool heads) {
  uint8_t role[3];
  int count = 0;
  struct vm_type to = {.dtype = RT_REAL, .of = VM_NO_DIM};
  if (heads) role[count] = ATTEND_H, to.dim[count++] = m->dim[ATTEND_H];
  role[count] = (uint8_t)rows;
  to.dim[count++] = m->dim[rows] == VM_NO_DIM ? VM_ONE : m->dim[rows];
  role[count] = ATTEND_FEATURE;
  to.dim[count++] = operand_dim(m, arg, operand, ATTEND_FEATURE);
  to.rank = (uint8_t)count;
  if (m->dim[rows] != VM_NO_DIM) return arrange(m, m->arg[arg], operand, count, role, &to);
  role[count - 2] = ATTEND_FEATURE; /* a single query: without its axis first */
  struct vm_type flat = to;
  flat.rank--;
  flat.dim[flat.rank - 1] = to.dim[to.rank - 1];
  ir_id id = arrange(m, m->arg[arg], operand, count - 1, role, &flat);
  if (id) to.batched = ir_tensor_batched(m, id);
  return ir_reshape(here(m), id, &to);
}

/* Sets rows [h?, rows, features] of a product to 0 where the mask hides them from all. Their weight is 0,
 * but 0 times a NaN would be NaN, here or in the gradient. */
static ir_id hide_rows(struct materialise *m, ir_id id, enum attend_axis rows, bool heads) {
  const struct tensor *seen = ir_tensors_seen(m, IR_VARIES(rows));
  if (!id || !m->seen[I | J].id || !(seen->varies & IR_VARIES(rows)) || (seen->varies & H && !heads))
    return id;
  struct vm_type type = m->g->node[id].type;
  type.batched |= ir_tensor_batched(m, seen->id);
  uint32_t all = (1u << type.rank) - 1, own = 1u << (heads ? 1 : 0) | (seen->varies & H ? 1u : 0);
  return ir_tensor_choose(m, ir_expand_axes(here(m), seen->id, own, &type),
                          ir_expand_axes(here(m), id, all, &type), ir_tensor_fill(m, 0, &type));
}

/* s[h?, i?, j] = sum over the features of query[i, h] key[j, h] */
static ir_id raw_scores(struct materialise *m) {
  bool heads = m->scored & H;
  ir_id q = hide_rows(m, matrix(m, 0, &m->head->query, ATTEND_I, heads), ATTEND_I, heads);
  ir_id k = hide_rows(m, matrix(m, 1, &m->head->key, ATTEND_J, heads), ATTEND_J, heads);
  ir_id s = ir_matmul(here(m), q, false, k, true);
  if (!s || m->dim[ATTEND_I] != VM_NO_DIM) return s;
  struct vm_type type = ir_tensor_type(m, m->scored, &ir_number_type, ir_tensor_batched(m, s));
  return ir_reshape(here(m), s, &type);
}

/* ---- nodes of slots ---- */

static struct tensor leaf_position(struct materialise *m, enum attend_axis role) {
  if (m->dim[role] == VM_NO_DIM) /* the only one */
    return (struct tensor){ir_tensor_fill(m, 0, &ir_number_type), 0};
  struct tensor t = {0, (uint8_t)IR_VARIES(role)};
  struct vm_type type = ir_tensor_type(m, t.varies, &ir_number_type, false);
  t.id = ir_add(here(m), (struct ir_op){OP_iota, .type = &type});
  if (role == ATTEND_I && m->first)
    t.id = ir_binary(here(m), OP_add, t.id, ir_expand_axes(here(m), m->first, 0, &type));
  return t;
}

/* An extra as [h?, features.., i?, j?]. Of a table the last of its features, from which is picked, comes
 * last; *own becomes the type of what one pair gets. */
static struct tensor extra_tensor(struct materialise *m, int k, bool table, struct vm_type *own) {
  const struct attend_operand *extra = &m->head->extra[k];
  const struct vm_type *type = &m->g->node[m->arg[3 + k]].type;
  struct tensor t = {0, ir_operand_varies(extra)};
  uint8_t role[RT_MAX_RANK];
  int count = 0;
  *own = ir_number_type;
  for (int a = 0; a < extra->rank; a++)
    if (extra->role[a] == ATTEND_FEATURE) own->dim[own->rank++] = type->dim[a];
  own->rank -= table;
  if (t.varies & H) role[count++] = ATTEND_H;
  for (int a = 0; a < own->rank; a++) role[count++] = ATTEND_FEATURE;
  for (int r = ATTEND_I; r <= ATTEND_J; r++)
    if (t.varies & IR_VARIES(r)) role[count++] = (uint8_t)r;
  struct vm_type to = ir_tensor_type(m, t.varies, own, false);
  if (table) {
    role[count++] = ATTEND_FEATURE;
    to.dim[to.rank++] = own->dim[own->rank];
  }
  t.id = arrange(m, m->arg[3 + k], extra, count, role, &to);
  if (!table) t.id = ir_tensor_hide(m, t, own, ir_tensors_seen(m, t.varies), 0);
  return t;
}

/* Gumbel noise, other for each score; 0 when nothing is trained. */
static struct tensor noise(struct materialise *m) {
  struct tensor t = {0, m->scored};
  struct vm_type type = ir_tensor_type(m, t.varies, &ir_number_type,
                                       ir_tensor_batched(m, m->arg[0]) || ir_tensor_batched(m, m->arg[1]));
  t.id = ir_add(here(m), (struct ir_op){OP_gumbel, .type = &type});
  return t;
}

static struct tensor leaf(struct materialise *m, const struct ir_node *n) {
  struct tensor t = {0, m->scored};
  switch (n->attr[0]) {
    case IR_LEAF_S:
      t.id = raw_scores(m);
      t.id = ir_tensor_hide(m, t, &ir_number_type, ir_tensors_seen(m, I | J), 0);
      return t;
    case IR_LEAF_GUMBEL: return noise(m);
    case IR_LEAF_RANDOM: { /* from 0 to 1: exp(-exp(-g)) of Gumbel noise g, whose distribution that is */
      t = noise(m);
      ir_id rare = ir_unary(here(m), OP_exp, ir_unary(here(m), OP_neg, t.id));
      t.id = ir_unary(here(m), OP_exp, ir_unary(here(m), OP_neg, rare));
      return t;
    }
    case IR_LEAF_I: return leaf_position(m, ATTEND_I);
    case IR_LEAF_J: return leaf_position(m, ATTEND_J);
    case IR_LEAF_H: return leaf_position(m, ATTEND_H);
    default: {
      struct vm_type own;
      return extra_tensor(m, (int)n->attr[0] - 1, false, &own);
    }
  }
}

/* An op that works element by element, or along axes that nodes of slots have of their own. */
static struct tensor lane(struct materialise *m, const struct ir_node *n) {
  struct tensor t = {0, 0};
  ir_id arg[VM_NATIVE_ARGS];
  bool batched = false;
  for (int k = 0; k < n->arg_count; k++) {
    t.varies |= m->value[n->arg[k]].varies;
    batched |= ir_tensor_batched(m, m->value[n->arg[k]].id);
  }
  struct vm_type type = ir_tensor_type(m, t.varies, &n->type, batched);
  for (int k = 0; k < n->arg_count; k++) {
    const struct ir_node *from = &m->slot->node[n->arg[k]];
    arg[k] = from->op == OP_constant
                 ? ir_tensor_fill(m, from->real, &type)
                 : ir_tensor_enter(m, m->value[n->arg[k]], t.varies, &n->type, type.batched);
    if (!arg[k]) return t;
  }
  if (n->op == OP_call)
    t.id = ir_call_native(here(m), (struct ir_native_call){(uint32_t)n->attr[0], n->arg_count, arg, &type});
  else
    t.id = ir_add(here(m), (struct ir_op){(enum rt_op)n->op, n->arg_count, .arg = arg, .real = n->real});
  return t;
}

/* What is the same for all pairs, without the choice of 0 where there is no pair: there a sum over all pairs
 * has no terms, forwards and backwards. */
static ir_id unhidden(const struct materialise *m, ir_id id) {
  const struct ir_node *n = &m->g->node[id];
  if (n->op != OP_select || n->choice != IR_CHOICE_OWN) return id;
  const ir_id spread = n->arg[1];
  n = &m->g->node[spread];
  return n->op == OP_expand && m->g->node[n->arg[0]].type.rank == n->type.rank ? n->arg[0] : spread;
}

/* sum_g a[g] w[g], where a is the same for all heads and w for all pairs: one matrix product. */
static bool is_mix(const struct materialise *m, const struct ir_node *sum, struct tensor *a,
                   struct tensor *w) {
  const struct ir_node *product = &m->slot->node[sum->arg[0]];
  if (sum->op != OP_sum || product->op != OP_mul) return false;
  for (int k = 0; k < 2; k++) {
    const struct ir_node *first = &m->slot->node[product->arg[k]],
                         *second = &m->slot->node[product->arg[1 - k]];
    *a = m->value[product->arg[k]];
    *w = m->value[product->arg[1 - k]];
    if (m->first && !(w->varies & (I | J | R)) && second->op == OP_input) w->id = unhidden(m, w->id);
    if (first->type.rank == 1 && second->type.rank == 1 && !(a->varies & H) && a->varies & J
        && !(w->varies & (I | J)) && !ir_tensor_batched(m, w->id))
      return true;
  }
  return false;
}

static struct tensor mix(struct materialise *m, struct tensor a, const struct vm_type *own, struct tensor w) {
  struct tensor t = {0, (a.varies | w.varies) & (uint8_t)~G};
  a.id = ir_tensor_hide(m, a, own, ir_tensors_seen(m, a.varies), 0); /* w receives the sum over all pairs */
  if (!a.id) return t;
  struct vm_type flat = m->g->node[a.id].type, row = m->g->node[w.id].type, type;
  vm_dim pairs = flat.rank == 3 ? vm_dim_times(m->g->dims, flat.dim[1], flat.dim[2]) : flat.dim[1];
  if (pairs == VM_NO_DIM) return t;
  flat.rank = 2;
  flat.dim[1] = pairs;
  if (row.rank == 1) {
    row.rank = 2;
    row.dim[1] = row.dim[0];
    row.dim[0] = VM_ONE;
  }
  ir_id product =
      ir_matmul(here(m), ir_reshape(here(m), w.id, &row), false, ir_reshape(here(m), a.id, &flat), false);
  if (!product) return t;
  type = ir_tensor_type(m, t.varies, &ir_number_type, ir_tensor_batched(m, product));
  t.id = ir_reshape(here(m), product, &type);
  t.id = ir_tensor_hide(m, t, &ir_number_type, ir_tensors_seen(m, t.varies), 0);
  return t;
}

/* A maximum; 0 instead of minus infinity. */
static ir_id above_nothing(struct materialise *m, ir_id top) {
  if (!top) return 0;
  const struct vm_type type = m->g->node[top].type;
  ir_id any = ir_binary(here(m), OP_ne, top, ir_tensor_fill(m, -INFINITY, &type));
  return ir_tensor_choose(m, any, top, ir_tensor_fill(m, 0, &type));
}

/* A sum or maximum over the own axis of a vector, or its repetition. */
static struct tensor along_own(struct materialise *m, const struct ir_node *n) {
  struct tensor from = m->value[n->arg[0]], t = {0, from.varies & (uint8_t)~G}, w;
  const struct vm_type *own = &m->slot->node[n->arg[0]].type;
  if (n->op == OP_expand) { /* a number as every element of a vector */
    struct vm_type type = ir_tensor_type(m, from.varies, &n->type, ir_tensor_batched(m, from.id));
    t.id = ir_expand_axes(here(m), from.id, ir_tensor_axes(from.varies, from.varies, n->type.rank), &type);
    return t;
  }
  struct tensor a;
  if (is_mix(m, n, &a, &w)) return mix(m, a, own, w);
  if (from.varies & G)
    from.id = ir_tensor_hide(m, from, own, ir_tensors_seen(m, from.varies), n->op == OP_sum ? 0 : -INFINITY);
  if (!from.id) return t;
  struct vm_type type = m->g->node[from.id].type;
  int axis = from.varies & H ? 1 : 0;
  uint32_t keep = ((1u << type.rank) - 1) & ~(((1u << own->rank) - 1) << axis);
  struct vm_type kept = ir_kept(&type, keep, type.batched);
  t.id = n->op == OP_sum
             ? ir_sum(here(m), from.id, keep, type.batched)
             : ir_add(here(m), (struct ir_op){OP_maximum, 1, .arg = &from.id, .attr = {keep}, .type = &kept});
  if (from.varies & G && n->op == OP_maximum) t.id = above_nothing(m, t.id);
  return t;
}

/* An element of a table, or of each table of a vector, picked by a number (see LANE_gather in
 * runtime/lanes.h).
 */
static struct tensor pick(struct materialise *m, const struct ir_node *n) {
  struct vm_type own;
  struct tensor table = extra_tensor(m, (int)m->slot->node[n->arg[0]].attr[0] - 1, true, &own),
                index = m->value[n->arg[1]];
  struct tensor t = {0, table.varies | index.varies};
  const struct ir_node *by = &m->slot->node[n->arg[1]];
  if (!table.id) return t;
  struct vm_type type =
      ir_tensor_type(m, t.varies, &own, ir_tensor_batched(m, index.id) || ir_tensor_batched(m, table.id));
  const uint32_t vector = own.rank ? 1u << (t.varies & H ? 1 : 0) : 0;
  ir_id arg[2] = {table.id, by->op == OP_constant
                                ? ir_tensor_fill(m, by->real, &type)
                                : ir_expand_axes(here(m), index.id,
                                                 ir_tensor_axes(index.varies, t.varies, own.rank), &type)};
  const int64_t axes = ir_tensor_axes(table.varies, t.varies, own.rank) | vector;
  t.id = ir_add(here(m), (struct ir_op){OP_take, 2, .arg = arg, .attr = {axes}});
  t.id = ir_tensor_hide(m, t, &own, ir_tensors_seen(m, t.varies), 0);
  return t;
}

/* ---- over positions ---- */

/* tau and the k-th largest run along the last axis, which is j. */
static ir_id threshold(struct materialise *m, const struct ir_node *n, ir_id a) {
  return ir_add(here(m), (struct ir_op){OP_threshold, 1, .arg = &a, .attr = {n->attr[0] == IR_OVER_KTH},
                                        .real = n->real});
}

static ir_id reduced(struct materialise *m, const struct ir_node *n, ir_id a, int axis) {
  struct vm_type type = m->g->node[a].type;
  uint32_t keep = ((1u << type.rank) - 1) & ~(1u << axis);
  struct vm_type kept = ir_kept(&type, keep, type.batched);
  switch (n->attr[0]) {
    case IR_OVER_SUM: return ir_sum(here(m), a, keep, type.batched);
    case IR_OVER_MAX:
      return ir_add(here(m), (struct ir_op){OP_maximum, 1, .arg = &a, .attr = {keep}, .type = &kept});
    case IR_OVER_CUMSUM:
    case IR_OVER_CUMSUM_BACK:
      return ir_add(here(m), (struct ir_op){OP_cumsum, 1, .arg = &a,
                                            .attr = {axis, n->attr[0] == IR_OVER_CUMSUM_BACK}});
    default: return threshold(m, n, a);
  }
}

/* The values of all heads as a vector: [h, i?, j?] is laid out as [its own axis, i?, j?] already. Where a
 * head does not see what this one sees, its value is 0. */
static struct tensor all_heads(struct materialise *m, struct tensor from) {
  struct tensor t = {ir_tensor_spread(m, from, from.varies | H, &ir_number_type, false), from.varies | H};
  t.id = ir_tensor_hide(m, t, &ir_number_type, ir_tensors_seen(m, t.varies), 0);
  t.varies = (t.varies & (uint8_t)~H) | G;
  return t;
}

static struct tensor over(struct materialise *m, const struct ir_node *n) {
  enum attend_axis position = (enum attend_axis)n->attr[1];
  struct tensor from = m->value[n->arg[0]], t = {0, from.varies};
  const struct ir_node *arg = &m->slot->node[n->arg[0]];
  const struct vm_type *own = &arg->type;
  if (n->attr[0] == IR_OVER_HEADS) return all_heads(m, from);
  bool sums = n->attr[0] == IR_OVER_SUM || n->attr[0] == IR_OVER_CUMSUM || n->attr[0] == IR_OVER_CUMSUM_BACK;
  t.varies |= (uint8_t)IR_VARIES(position)
              | (ir_tensors_seen(m, I | J)->varies & (from.varies & G ? (uint8_t)~H : 0xff));
  t.id = ir_tensor_spread(m, from, t.varies, own, false);
  t.id = ir_tensor_hide(m, t, own, ir_tensors_seen(m, I | J), sums ? 0 : -INFINITY);
  if (!t.id) return t;
  t.id = reduced(m, n, t.id, ir_tensor_axis(t.varies, own->rank, position));
  t.varies |= R;
  if (n->attr[0] == IR_OVER_CUMSUM || n->attr[0] == IR_OVER_CUMSUM_BACK) {
    t.id = ir_tensor_hide(m, t, own, ir_tensors_seen(m, I | J),
                          0); /* what is not seen takes no part in the sums of others' gradients */
    return t;
  }
  t.varies &= (uint8_t)~IR_VARIES(position);
  if (n->attr[0] == IR_OVER_MAX) /* the largest of nothing, or of minus infinities, is 0 */
    t.id = above_nothing(m, t.id);
  return t;
}

/* ---- slots ---- */

static struct tensor convert(struct materialise *m, const struct ir_node *n) {
  switch (n->op) {
    case OP_input: return leaf(m, n);
    case OP_constant: return (struct tensor){ir_tensor_fill(m, n->real, &n->type), 0};
    case OP_gather: return pick(m, n);
    case OP_over: return over(m, n);
    case OP_expand:
    case OP_sum:
    case OP_maximum: return along_own(m, n);
    default: return lane(m, n);
  }
}

/* The result of a slot; id 0 on failure. */
static struct tensor convert_slot(struct materialise *m, const struct ir_slot *slot) {
  struct tensor result = {0, 0};
  const struct ir_graph *graph = slot->graph;
  bool *live = rt_zalloc(graph->count, sizeof *live);
  m->value = rt_zalloc(graph->count, sizeof *m->value);
  m->slot = graph;
  if (live && m->value)
    for (ir_id n = graph->count; n-- > 1;) {
      live[n] |= n == slot->result[0];
      for (int k = 0; live[n] && k < graph->node[n].arg_count; k++)
        live[graph->node[n].arg[k]] |=
            graph->node[n].op != OP_gather || k == 1; /* pick reads the table itself */
    }
  else
    rt_no_memory(m->error);
  bool fine = live && m->value;
  for (ir_id n = 1; fine && n < graph->count; n++) {
    if (!live[n]) continue;
    m->span = graph->node[n].span;
    m->value[n] = convert(m, &graph->node[n]);
    fine = m->value[n].id != 0;
  }
  if (fine) result = m->value[slot->result[0]];
  rt_free(live);
  rt_free(m->value);
  m->value = NULL;
  return result;
}

static bool runs_over(const struct ir_graph *slot) {
  for (ir_id n = 1; slot && n < slot->count; n++)
    if (slot->node[n].op == OP_over) return true;
  return false;
}

static bool convert_mask(struct materialise *m) {
  const struct ir_slot *slot = &m->head->mask;
  struct tensor mask = {0};
  if (slot->graph && slot->result_count) {
    mask = convert_slot(m, slot);
    ir_id zero = mask.id ? ir_tensor_fill(m, 0, &m->g->node[mask.id].type) : 0;
    mask.id = ir_binary(here(m), OP_ne, mask.id, zero);
    mask.varies &= (uint8_t)~R;
    if (!mask.id) return false;
  } else if (!runs_over(m->head->score.graph))
    return true; /* nothing is made of rows: none can be empty */
  return ir_tensors_see(m, mask);
}

/* softmax along the keys. A query that sees nothing takes all keys instead, so that its weights, which are
 * hidden in the end, are numbers. */
static ir_id softmax(struct materialise *m, struct tensor s) {
  struct tensor seen = m->seen[I | J];
  if (seen.id) {
    struct vm_type type = m->g->node[seen.id].type;
    ir_id none = ir_unary(here(m), OP_not, m->seen[I].id);
    ir_id wide = none ? ir_tensor_spread(m, (struct tensor){none, m->seen[I].varies}, seen.varies,
                                         &ir_number_type, type.batched)
                      : 0;
    seen.id = ir_binary(here(m), OP_or, seen.id, wide);
    s.id = seen.id ? ir_tensor_hide(m, s, &ir_number_type, &seen, -INFINITY) : 0;
  }
  return ir_unary(here(m), OP_softmax, s.id);
}

/* What the score slot gives, for every head, query and key; normalised, hidden where the mask says so. */
static ir_id weights(struct materialise *m, uint8_t varies) {
  struct tensor s = convert_slot(m, &m->head->score);
  s.id = ir_tensor_enter(m, s, varies, &ir_number_type, false);
  s.varies = varies;
  if (s.id && m->head->softmax) s.id = softmax(m, s);
  if (s.id && m->may_hide) m->g->node[s.id].choice = IR_CHOICE_SCORES;
  return ir_tensor_hide(m, s, &ir_number_type, ir_tensors_seen(m, I | J), 0);
}

/* By what each weight is multiplied, where the rate is computed: 1 when nothing is trained, which shows in a
 * number of noise that is 0. */
static ir_id drop_of_each(struct materialise *m, uint8_t varies) {
  struct tensor t = convert_slot(m, &m->head->drop);
  ir_id factor = ir_tensor_enter(m, t, varies, &ir_number_type, false);
  if (!factor) return 0;
  const struct vm_type type = m->g->node[factor].type;
  ir_id noise = ir_add(here(m), (struct ir_op){OP_gumbel, .type = &ir_number_type});
  ir_id trains = ir_binary(here(m), OP_ne, noise, ir_tensor_fill(m, 0, &ir_number_type));
  factor =
      ir_tensor_choose(m, ir_expand_axes(here(m), trains, 0, &type), factor, ir_tensor_fill(m, 1, &type));
  return ir_unary(here(m), OP_stop, factor);
}

static ir_id dropped(struct materialise *m, ir_id w, uint8_t varies) {
  if (!m->head->drop.graph || m->head->drop_rate == 0) return w;
  if (isnan(m->head->drop_rate)) return ir_binary(here(m), OP_mul, w, drop_of_each(m, varies));
  struct vm_type type = m->g->node[w].type;
  ir_id kept = ir_add(here(m), (struct ir_op){OP_bernoulli, .real = m->head->drop_rate, .type = &type});
  return ir_binary(here(m), OP_mul, w, kept);
}

/* Which rows of values [h?, j, features] are finite: element by element, and [h?, j, 1] how many of a row are
 * not. */
static ir_id finite_values(struct materialise *m, ir_id values, ir_id *others) {
  const struct vm_type type = m->g->node[values].type;
  ir_id size = ir_unary(here(m), OP_abs, values),
        finite = ir_binary(here(m), OP_lt, size, ir_tensor_fill(m, INFINITY, &type));
  ir_id none = ir_unary(here(m), OP_not, finite);
  *others = ir_sum(here(m), none, (1u << (type.rank - 1)) - 1, type.batched);
  return *others ? finite : 0;
}

/* [h?, i]: how many numbers are not finite in the values that a query sees. */
static ir_id sees_others(struct materialise *m, ir_id others) {
  const struct tensor *seen = ir_tensors_seen(m, I | J);
  struct vm_type type = m->g->node[others].type;
  bool by_head = type.rank == 2 && seen->varies & H, heads = type.rank == 2 && !by_head;
  if (!heads) {
    type.dim[type.rank++] = VM_ONE;
    others = ir_reshape(here(m), others, &type);
  }
  ir_id count = ir_matmul(here(m), seen->id, false, others, heads);
  if (!count) return 0;
  if (heads) return ir_swap(here(m), count, 0, 1); /* [i, h] */
  struct vm_type to = m->g->node[count].type;      /* [h, i, 1] or [i, 1] */
  to.rank--;
  return ir_reshape(here(m), count, &to);
}

/* w values. Under a mask of pairs a query must not meet the NaN of a key that others see: such values count
 * as 0, and the result is NaN for those that see them. */
static ir_id weighted(struct materialise *m, ir_id w, ir_id values) {
  const struct tensor *seen = ir_tensors_seen(m, I | J);
  bool pairs = w && values && seen->id && !(~seen->varies & (I | J));
  ir_id others = 0, finite = pairs ? finite_values(m, values, &others) : 0;
  if (pairs) {
    values = ir_tensor_choose(m, finite, values, ir_tensor_fill(m, 0, &m->g->node[values].type));
  }
  ir_id y = ir_matmul(here(m), w, false, values, false);
  ir_id count = y && pairs ? sees_others(m, others) : 0;
  if (!pairs || !count) return pairs ? 0 : y;
  const struct vm_type type = m->g->node[y].type;
  ir_id wide = ir_expand_axes(here(m), count, (1u << (type.rank - 1)) - 1, &type);
  return ir_tensor_choose(m, wide, ir_tensor_fill(m, NAN, &type), y);
}

/* y[i?, h?, :] = sum_j w[h?, i?, j] value[j, h?, :] */
static ir_id product(struct materialise *m, ir_id w, uint8_t varies, const struct vm_type *type) {
  const struct attend_operand *out = &m->head->out;
  bool heads = varies & H;
  struct vm_type square = m->g->node[w].type;
  if (!(varies & I)) { /* a single query is one row */
    square.dim[square.rank] = square.dim[square.rank - 1];
    square.dim[square.rank++ - 1] = VM_ONE;
    w = ir_reshape(here(m), w, &square);
  }
  ir_id values = hide_rows(m, matrix(m, 2, &m->head->value, ATTEND_J, heads), ATTEND_J, heads);
  ir_id y = weighted(m, w, values);
  y = hide_rows(m, y, ATTEND_I, heads);
  if (!y) return 0;
  struct vm_type to = *type;
  to.batched = ir_tensor_batched(m, y);
  y = heads && out->role[0] == ATTEND_I ? ir_swap(here(m), y, 0, 1) : ir_reshape(here(m), y, &to);
  to.batched = type->batched;
  return ir_expand_axes(here(m), y, (1u << to.rank) - 1, &to);
}

ir_id ir_materialise(struct ir_at at, struct ir_head *head, struct ir_attending given) {
  const struct vm_type *type = given.type;
  struct materialise m = {.g = at.g,
                          .head = head,
                          .arg = given.arg,
                          .first = given.first,
                          .may_hide = given.may_hide,
                          .span = at.span,
                          .error = at.error};
  uint8_t varies = J | ir_operand_varies(&head->out);
  m.scored = ir_operand_varies(&head->query) | ir_operand_varies(&head->key);
  m.dim[ATTEND_I] = operand_dim(&m, 0, &head->query, ATTEND_I);
  m.dim[ATTEND_J] = operand_dim(&m, 1, &head->key, ATTEND_J);
  m.dim[ATTEND_H] = VM_NO_DIM;
  for (int a = 0; a < head->out.rank; a++)
    if (head->out.role[a] == ATTEND_H) m.dim[ATTEND_H] = type->dim[a];
  if (!convert_mask(&m)) return 0;
  head->weights = weights(&m, varies);
  m.span = at.span;
  ir_id w = head->weights ? dropped(&m, head->weights, varies) : 0;
  ir_id y = w ? product(&m, w, varies, type) : 0;
  if (y) at.g->node[y].name = head->name;
  return y;
}
