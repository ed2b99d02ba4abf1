/* token_rules.c: from which versions of its operands a node of a step is made, op by op.
 *
 * A rule asks for the operands (step_need), and makes nothing while the step is only `looking`. Axes of an
 * operand that become axes of the result keep their rows; those that a sum, a product or a softmax goes along
 * are wanted whole. */
#include "compiler/ir/token_step_parts.h"
#include "vm/scan_operands.h"

#include <stdio.h>
#include <string.h>

enum { MOST_ARGS = 64 };

static const struct ir_node *node_of(const struct stepping *s, ir_id n) { return &s->g->node[n]; }
static int rank_of(const struct stepping *s, ir_id n) { return node_of(s, n)->type.rank; }
static uint32_t bits_below(int count) { return (1u << count) - 1; }

/* Those of the bits that are axes along the text. */
static uint32_t along(const struct stepping *s, ir_id n, uint32_t axes) { return axes & step_axes(s, n); }

/* ---- what passes through ---- */

static ir_id unchanged(struct stepping *s, ir_id n, uint32_t all) {
  (void)s;
  return all ? step_refuse(s, n, "reads the tokens themselves of the whole text") : n;
}

static ir_id same_type(struct stepping *s, ir_id n, uint32_t all) {
  const struct ir_node *node = node_of(s, n);
  ir_id arg[VM_NATIVE_ARGS] = {0};
  int count = node->arg_count;
  for (int k = 0; k < count; k++)
    if (!(arg[k] = step_need(s, node_of(s, n)->arg[k], all))) return 0;
  return s->looking ? n : step_copy(s, n, all, arg);
}

/* Element by element, or of what is there before the text is written. */
static ir_id native(struct stepping *s, ir_id n, uint32_t all) {
  const struct ir_node *node = node_of(s, n);
  for (int k = 0; k < node->arg_count && !ir_native_of(s->g, node)->parsed->each; k++)
    if (step_axes(s, node->arg[k]))
      return step_refuse(s, n, "is made of the whole text by a native function");
  return same_type(s, n, all);
}

static ir_id no_operand(struct stepping *s, ir_id n, uint32_t all) {
  return s->looking ? n : step_copy(s, n, all, NULL);
}

/* Nothing is drawn where nothing is trained. */
static ir_id at_rest(struct stepping *s, ir_id n, uint32_t all) {
  if (s->looking) return n;
  struct vm_type type = step_type(s, n, all);
  return ir_constant(step_at(s, n), rt_op_info[node_of(s, n)->op].flags & RT_REST_ONE ? 1 : 0, &type);
}

static ir_id size(struct stepping *s, ir_id n, uint32_t all) {
  (void)all;
  return s->looking ? n : ir_size(step_at(s, n), step_whole(s, (vm_dim)node_of(s, n)->attr[0]));
}

/* P + 0, P + 1, … */
static ir_id positions(struct stepping *s, ir_id n, uint32_t all) {
  if (s->looking) return n;
  if (all) return step_copy(s, n, all, NULL);
  ir_id before = ir_size(step_at(s, n), step_before(s, node_of(s, n)->type.dim[0]));
  return ir_binary(step_at(s, n), OP_add, n, before);
}

static ir_id expand(struct stepping *s, ir_id n, uint32_t all) {
  const struct ir_node *node = node_of(s, n);
  uint32_t from = 0;
  int axis = 0;
  for (int a = 0; a < node->type.rank; a++)
    if (node->attr[0] >> a & 1) from |= (all >> a & 1) << axis++;
  ir_id arg = step_need(s, node->arg[0], from);
  return s->looking || !arg ? arg : step_copy(s, n, all, &arg);
}

static ir_id transpose(struct stepping *s, ir_id n, uint32_t all) {
  const struct ir_node *node = node_of(s, n);
  uint32_t from = 0;
  for (int a = 0; a < node->type.rank; a++) from |= (all >> a & 1) << rt_order_axis(node->attr[0], a);
  ir_id arg = step_need(s, node->arg[0], from);
  return s->looking || !arg ? arg : step_copy(s, n, all, &arg);
}

/* Elements before an axis: how far apart they stand must be the same on both sides. */
static bool stand_alike(const struct stepping *s, const struct vm_type *from, int b, const struct vm_type *to,
                        int a) {
  return vm_dim_product(s->g->dims, from->dim, b) == vm_dim_product(s->g->dims, to->dim, a);
}

static ir_id reshape(struct stepping *s, ir_id n, uint32_t all) {
  ir_id operand = node_of(s, n)->arg[0];
  const struct vm_type to = node_of(s, n)->type, from = node_of(s, operand)->type;
  uint32_t wanted = 0, found = 0;
  for (int a = 0; a < to.rank; a++) {
    if (!step_is_along(s, to.dim[a])) continue;
    int b = 0;
    while (b < from.rank
           && (!step_is_along(s, from.dim[b]) || !stand_alike(s, &from, b, &to, a)
               || (from.dim[b] != to.dim[a]
                   && !(step_has_none(s, step_rest(s, from.dim[b]))
                        && step_has_none(s, step_rest(s, to.dim[a]))))))
      b++;
    if (b == from.rank) return step_refuse(s, n, "mixes the rows of the text with other axes");
    wanted |= (all >> a & 1) << b;
    found |= 1u << b;
  }
  if (found != step_axes(s, operand)) return step_refuse(s, n, "mixes the rows of the text with other axes");
  ir_id arg = step_need(s, operand, wanted);
  return s->looking || !arg ? arg : step_copy(s, n, all, &arg);
}

/* ---- whole rows wanted ---- */

/* The new rows out of all of them. */
static ir_id new_rows(struct stepping *s, ir_id n, uint32_t all, int axis) {
  ir_id whole = step_need(s, n, all | 1u << axis);
  if (s->looking || !whole) return whole;
  vm_dim dim = node_of(s, n)->type.dim[axis];
  return step_slice(s, n, whole, axis, step_before(s, dim), dim);
}

/* The last axis of the result is made as a whole. */
static ir_id along_last(struct stepping *s, ir_id n, uint32_t all) {
  int last = rank_of(s, n) - 1;
  return along(s, n, 1u << last) & ~all ? new_rows(s, n, all, last) : same_type(s, n, all);
}

static ir_id reduced(struct stepping *s, ir_id n, uint32_t all) {
  const struct ir_node *node = node_of(s, n);
  ir_id operand = node->arg[0];
  uint32_t from = 0, along_text = step_axes(s, operand);
  int kept = 0;
  if (!node->type.batched) return step_refuse(s, n, "is one for all examples of a batch");
  for (int a = 0; a < rank_of(s, operand); a++)
    from |= (node->attr[0] >> a & 1 ? all >> kept++ & 1 : along_text >> a & 1) << a;
  ir_id arg = step_need(s, operand, from);
  return s->looking || !arg ? arg : step_copy(s, n, all, &arg);
}

static ir_id threshold(struct stepping *s, ir_id n, uint32_t all) {
  ir_id operand = node_of(s, n)->arg[0];
  ir_id arg = step_need(s, operand, all | along(s, operand, 1u << (rank_of(s, operand) - 1)));
  return s->looking || !arg ? arg : step_copy(s, n, all, &arg);
}

/* ---- products and tables ---- */

static ir_id project(struct stepping *s, ir_id n, uint32_t all) {
  const ir_id x = node_of(s, n)->arg[0], w = node_of(s, n)->arg[1];
  int rows = rank_of(s, x) - 1;
  if (along(s, x, 1u << rows)) return step_refuse(s, n, "multiplies along the text with a matrix");
  ir_id arg[2] = {step_need(s, x, all & bits_below(rows)), step_need(s, w, 0)};
  if (!arg[0] || !arg[1]) return 0;
  return s->looking ? n : step_copy(s, n, all, arg);
}

static ir_id matmul(struct stepping *s, ir_id n, uint32_t all) {
  const struct ir_node node = *node_of(s, n);
  int m = node.type.rank - 2;
  ir_id arg[2];
  for (int side = 0; side < 2; side++) {
    bool turned = node.attr[side];
    int row = side == 0 ? (turned ? m + 1 : m) : (turned ? m : m + 1), inner = 2 * m + 1 - row;
    uint32_t wanted = (all & bits_below(m)) | (all >> (m + side) & 1) << row;
    wanted |= along(s, node.arg[side], 1u << inner);
    if (!(arg[side] = step_need(s, node.arg[side], wanted))) return 0;
  }
  return s->looking ? n : step_copy(s, n, all, arg);
}

static ir_id gather(struct stepping *s, ir_id n, uint32_t all) {
  const ir_id table = node_of(s, n)->arg[0], ids = node_of(s, n)->arg[1];
  int rank = rank_of(s, ids);
  if (along(s, table, 1)) return step_refuse(s, n, "looks up rows of the text by their number");
  ir_id arg[2] = {step_need(s, table, all >> rank << 1), step_need(s, ids, all & bits_below(rank))};
  if (!arg[0] || !arg[1]) return 0;
  return s->looking ? n : step_copy(s, n, all, arg);
}

static ir_id onehot(struct stepping *s, ir_id n, uint32_t all) {
  ir_id arg = step_need(s, node_of(s, n)->arg[0], all);
  return s->looking || !arg ? arg : step_copy(s, n, all, &arg);
}

static ir_id take(struct stepping *s, ir_id n, uint32_t all) {
  const struct ir_node node = *node_of(s, n);
  uint32_t wanted = 0;
  int axis = 0;
  for (int a = 0; a < node.type.rank; a++)
    if (node.attr[0] >> a & 1) wanted |= (all >> a & 1) << axis++;
  wanted |= along(s, node.arg[0], 1u << axis);
  ir_id arg[2] = {step_need(s, node.arg[0], wanted), step_need(s, node.arg[1], all)};
  if (!arg[0] || !arg[1]) return 0;
  return s->looking ? n : step_copy(s, n, all, arg);
}

/* ---- parts of an axis ---- */

/* x[2], x[1..T]: of rows of the text. */
static ir_id part_of_text(struct stepping *s, ir_id n, uint32_t all) {
  const struct ir_node node = *node_of(s, n);
  int axis = (int)node.attr[0];
  vm_dim start = (vm_dim)node.attr[1], dim = node.type.dim[axis];
  bool rows = step_is_along(s, dim), whole = !rows || all >> axis & 1;
  if (rows && !whole && step_is_along(s, start))
    return step_refuse(s, n, "begins at a place that moves with the text");
  ir_id arg = step_need(s, node.arg[0], (all & ~(1u << axis)) | (uint32_t)whole << axis);
  if (s->looking || !arg) return arg;
  return step_slice(s, n, arg, axis, whole ? step_whole(s, start) : start, whole ? step_whole(s, dim) : dim);
}

/* P[0..T]: rows of a table, as many as the text has. */
static ir_id part_of_table(struct stepping *s, ir_id n, uint32_t all) {
  const struct ir_node node = *node_of(s, n);
  int axis = (int)node.attr[0];
  vm_dim start = (vm_dim)node.attr[1], dim = node.type.dim[axis];
  ir_id arg = step_need(s, node.arg[0], all & ~(1u << axis));
  if (step_is_along(s, start)) return step_refuse(s, n, "begins at a place that moves with the text");
  if (s->looking || !arg) return arg;
  struct vm_type type = step_type(s, n, all);
  bool whole = !step_is_along(s, dim) || all >> axis & 1;
  if (!whole) start = vm_dim_plus(s->g->dims, start, step_before(s, dim));
  return ir_add(step_at(s, n),
                (struct ir_op){OP_slice, 1, .arg = &arg, .attr = {axis, start}, .type = &type});
}

static ir_id slice(struct stepping *s, ir_id n, uint32_t all) {
  const struct ir_node node = *node_of(s, n);
  int axis = (int)node.attr[0];
  if (along(s, node.arg[0], 1u << axis)) return part_of_text(s, n, all);
  if (step_is_along(s, node.type.dim[axis])) return part_of_table(s, n, all);
  if (step_is_along(s, (vm_dim)node.attr[1]))
    return step_refuse(s, n, "begins at a place that moves with the text");
  ir_id arg = step_need(s, node.arg[0], all);
  return s->looking || !arg ? arg : step_copy(s, n, all, &arg);
}

static ir_id joined(struct stepping *s, ir_id n, const uint32_t *all_of, uint32_t all) {
  ir_id arg[MOST_ARGS];
  int count = node_of(s, n)->arg_count;
  if (count > MOST_ARGS) return step_refuse(s, n, "joins more than %d values", MOST_ARGS);
  for (int k = 0; k < count; k++)
    if (!(arg[k] = step_need(s, node_of(s, n)->arg[k], all_of[k]))) return 0;
  return s->looking ? n : step_copy(s, n, all, arg);
}

/* What stands before the text in a shift: the first operands. */
static ir_id prefix(struct stepping *s, ir_id n, int count, vm_dim size) {
  const struct ir_node node = *node_of(s, n);
  struct vm_type type = node.type;
  type.dim[node.attr[0]] = size;
  ir_id arg = node.arg[0];
  if (count > 1)
    arg = ir_add(step_at(s, n),
                 (struct ir_op){OP_concat, count, .arg = node.arg, .attr = {node.attr[0]}, .type = &type});
  return ir_expand_axes(step_at(s, n), arg, bits_below(type.rank), &type);
}

/* The text, or what it begins with, behind k fixed rows: the last k rows are kept. */
static ir_id shifted(struct stepping *s, ir_id n) {
  const struct ir_node node = *node_of(s, n);
  int axis = (int)node.attr[0], last = node.arg_count - 1;
  struct vm_dims *dims = s->g->dims;
  while (last > 0 && step_has_none(s, node_of(s, node.arg[last])->type.dim[axis])) last--; /* no rows */
  const struct ir_node text = *node_of(s, node.arg[last]);
  vm_dim k = vm_dim_number(dims, 0), size = text.type.dim[axis], dim = node.type.dim[axis];
  if (!step_is_along(s, size)) return step_refuse(s, n, "has rows behind the text");
  bool cut = !step_has_none(s, step_rest(s, size)), fits = step_axes(s, n) == 1u << axis && last > 0;
  ir_id source = node.arg[last];
  for (int a = 0; a < last; a++) {
    fits = fits && !step_is_along(s, node_of(s, node.arg[a])->type.dim[axis]) && !s->depends[node.arg[a]];
    k = vm_dim_plus(dims, k, node_of(s, node.arg[a])->type.dim[axis]);
  }
  if (cut) {
    fits = fits && text.op == OP_slice && text.attr[0] == axis && step_has_none(s, (vm_dim)text.attr[1]);
    source = fits ? text.arg[0] : 0;
    fits = fits && step_is_along(s, node_of(s, source)->type.dim[axis])
           && step_has_none(s, step_rest(s, node_of(s, source)->type.dim[axis]));
  }
  if (!fits) return step_refuse(s, n, "joins rows of the text so that they are no shift of it");
  ir_id rows = step_need(s, source, 0);
  if (!rows || !step_may_keep(s, source, axis)) return 0;
  if (s->looking) return rows;
  vm_dim length = node_of(s, source)->type.dim[axis], both = vm_dim_plus(dims, k, length);
  struct vm_type type = node.type;
  type.dim[axis] = k;
  ir_id kept = step_keep(s, &type, prefix(s, n, last, k));
  ir_id all = step_join(s, n, (ir_id[]){kept, rows}, axis, both);
  step_replace(s, kept, step_slice(s, n, all, axis, length, k));
  return cut ? step_slice(s, n, all, axis, vm_dim_number(dims, 0), dim) : all;
}

static ir_id concat(struct stepping *s, ir_id n, uint32_t all) {
  const struct ir_node *node = node_of(s, n);
  uint32_t all_of[MOST_ARGS];
  int axis = (int)node->attr[0], count = node->arg_count < MOST_ARGS ? node->arg_count : MOST_ARGS;
  bool text = step_is_along(s, node->type.dim[axis]);
  if (text && !(all >> axis & 1)) return shifted(s, n);
  for (int k = 0; k < count; k++) all_of[k] = along(s, node->arg[k], all);
  return joined(s, n, all_of, all);
}

/* ---- running sums, recurrences, heads ---- */

static ir_id running_sum(struct stepping *s, ir_id n, uint32_t all, int axis) {
  const struct vm_type type = node_of(s, n)->type;
  ir_id rows = step_need(s, node_of(s, n)->arg[0], all);
  if (step_axes(s, n) != 1u << axis || !step_has_none(s, step_rest(s, type.dim[axis])))
    return step_refuse(s, n, "sums along one of several axes of the text");
  if (!rows || !step_may_keep(s, n, axis)) return 0;
  if (s->looking) return rows;
  struct ir_at at = step_at(s, n);
  struct vm_type sum = ir_kept(&type, bits_below(type.rank) & ~(1u << axis), true);
  ir_id kept = step_keep(s, &sum, ir_constant(at, 0, &sum));
  ir_id own = step_copy(s, n, 0, &rows);
  ir_id more = ir_expand_axes(at, kept, bits_below(type.rank) & ~(1u << axis), &type);
  ir_id result = own && more ? ir_add(at, (struct ir_op){OP_add, 2, .arg = (ir_id[]){own, more}}) : 0;
  ir_id end = step_slice(s, n, result, axis, vm_dim_minus(s->g->dims, type.dim[axis], VM_ONE), VM_ONE);
  step_replace(s, kept, end ? ir_reshape(at, end, &sum) : 0);
  return result;
}

static ir_id cumsum(struct stepping *s, ir_id n, uint32_t all) {
  const struct ir_node *node = node_of(s, n);
  int axis = (int)node->attr[0];
  if (!along(s, n, 1u << axis) || all >> axis & 1) return same_type(s, n, all);
  return node->attr[1] ? new_rows(s, n, all, axis) : running_sum(s, n, all, axis);
}

/* A body that gives all states beside what it gave: those of the step go on from the last one. */
static int64_t with_states(struct stepping *s, int64_t number) {
  struct ir_graph *root = s->g->root ? s->g->root : s->g;
  const struct ir_scan *from = root->scan[number];
  if (from->result_count == 1) return number;
  int64_t made;
  struct ir_scan *scan = ir_add_scan(s->g, from->name, &made);
  if (!scan) return rt_no_memory(s->error), -1;
  scan->sequence_count = from->sequence_count;
  for (ir_id n = 1; n < from->body->count; n++)
    if (!ir_append(scan->body, &from->body->node[n], s->error)) return -1;
  scan->argument_count = from->argument_count;
  scan->argument = from->argument;
  scan->result_count = from->result_count + 1;
  scan->result = rt_arena_alloc(&scan->body->arena, (size_t)scan->result_count * sizeof *scan->result);
  if (!scan->result) return rt_no_memory(s->error), -1;
  scan->result[0] = scan->result[1] = from->result[0];
  memcpy(scan->result + 2, from->result + 1, (size_t)(from->result_count - 1) * sizeof *scan->result);
  return made;
}

static bool body_uses_text(const struct stepping *s, const struct ir_scan *scan) {
  bool uses = false;
  for (ir_id n = 1; n < scan->body->count && !uses; n++) {
    const struct ir_node *node = &scan->body->node[n];
    for (int a = 0; a < node->type.rank; a++) uses = uses || step_is_along(s, node->type.dim[a]);
    for (int k = 0; k < vm_op_attr_count(node->op); k++)
      uses = uses || (vm_op_attr_kind(node->op, k) == VM_ATTR_DIM && step_is_along(s, (vm_dim)node->attr[k]));
  }
  return uses;
}

static ir_id go_on(struct stepping *s, ir_id n, ir_id *arg) {
  const struct ir_node node = *node_of(s, n);
  const struct ir_scan *from = (s->g->root ? s->g->root : s->g)->scan[node.attr[0]];
  struct ir_at at = step_at(s, n);
  struct vm_type state = from->argument[0], states = state;
  bool more = from->result_count > 1;
  int64_t number = with_states(s, node.attr[0]);
  if (number < 0) return 0;
  state.batched = states.batched = true;
  memmove(&states.dim[1], &states.dim[0], state.rank * sizeof *states.dim);
  states.dim[0] = node.type.dim[0];
  states.rank++;
  ir_id kept = arg[0] = step_keep(s, &state, node.arg[0]);
  ir_id scan =
      ir_add(at, (struct ir_op){OP_scan, node.arg_count, .arg = arg, .attr = {number}, .type = &states});
  ir_id end = step_slice(s, n, scan, 0, vm_dim_minus(s->g->dims, states.dim[0], VM_ONE), VM_ONE);
  step_replace(s, kept, end ? ir_reshape(at, end, &state) : 0);
  if (!more || !scan) return scan;
  return ir_add(at, (struct ir_op){OP_result, 1, .arg = &scan, .attr = {1}, .type = &node.type});
}

static ir_id scan(struct stepping *s, ir_id n, uint32_t all) {
  const struct ir_node node = *node_of(s, n);
  const struct ir_scan *from = (s->g->root ? s->g->root : s->g)->scan[node.attr[0]];
  bool text = step_is_along(s, node.type.dim[0]);
  ir_id arg[SCAN_MAX_ARGS];
  if (text && from->reverse) return step_refuse(s, n, "goes from the end of the text to its beginning");
  if (along(s, n, ~1u)) return step_refuse(s, n, "has states that are as long as the text");
  if (body_uses_text(s, from)) return step_refuse(s, n, "uses the length of the text in each step");
  if (text && s->depends[node.arg[0]]) return step_refuse(s, n, "begins with a state made of the text");
  if (text && !step_has_none(s, step_rest(s, node.type.dim[0])))
    return step_refuse(s, n, "has more steps than the text has tokens");
  if (text && !step_may_keep(s, n, 0)) return 0;
  for (int k = text; k < node.arg_count; k++)
    if (!(arg[k] = step_need(s, node.arg[k], 0))) return 0;
  if (s->looking) return n;
  return text ? go_on(s, n, arg) : step_copy(s, n, all, arg);
}

/* Further results of a recurrence; what go_on gives is the first. */
static ir_id result(struct stepping *s, ir_id n, uint32_t all) {
  const struct ir_node node = *node_of(s, n);
  if (node_of(s, node.arg[0])->op != OP_scan) return step_refuse(s, n, "is a second result");
  ir_id arg = step_need(s, node.arg[0], all);
  if (s->looking || !arg) return arg;
  bool shifted = node_of(s, arg)->op == OP_result;
  if (shifted) arg = node_of(s, arg)->arg[0];
  struct vm_type type = step_type(s, n, all);
  return ir_add(step_at(s, n),
                (struct ir_op){OP_result, 1, .arg = &arg, .attr = {node.attr[0] + shifted}, .type = &type});
}

/* The rows of an operand of a head: of queries, as the result has them; of keys and of tables, all. */
static uint32_t rows_of_operand(const struct stepping *s, ir_id n, const struct attend_operand *operand,
                                bool all_queries) {
  uint32_t wanted = 0;
  for (int a = 0; a < operand->rank; a++) wanted |= (operand->role[a] != ATTEND_I || all_queries) << a;
  return along(s, n, wanted);
}

static bool slot_uses_text(const struct stepping *s, const struct ir_slot *slot) {
  bool uses = false;
  for (ir_id n = 1; slot->graph && n < slot->graph->count && !uses; n++)
    for (int a = 0; a < slot->graph->node[n].type.rank; a++)
      uses = uses || step_is_along(s, slot->graph->node[n].type.dim[a]);
  return uses;
}

/* Keys of groups that were repeated for the heads of each: the groups, since heads can share keys. */
static ir_id groups_of(const struct stepping *s, ir_id n, const struct attend_operand *operand) {
  const struct ir_node *whole = node_of(s, n);
  int h = 0;
  while (h < operand->rank && operand->role[h] != ATTEND_H) h++;
  if (whole->op != OP_reshape || h == operand->rank) return n;
  const struct ir_node *repeated = node_of(s, whole->arg[0]);
  if (repeated->op != OP_expand || repeated->type.rank != whole->type.rank + 1) return n;
  const struct vm_type *groups = &node_of(s, repeated->arg[0])->type;
  uint32_t others = bits_below(repeated->type.rank) & ~(1u << (h + 1));
  bool fits = repeated->attr[0] == others && groups->batched == whole->type.batched;
  for (int a = 0; a < whole->type.rank && fits; a++) fits = a == h || groups->dim[a] == whole->type.dim[a];
  return fits ? repeated->arg[0] : n;
}

/* Operand k of a head, as it is kept. */
static ir_id head_operand(const struct stepping *s, ir_id n, int k, const struct attend_operand **operand) {
  const struct ir_head *head = s->g->head[node_of(s, n)->attr[0]];
  ir_id from = node_of(s, n)->arg[k];
  *operand = k == 0 ? &head->query : k == 1 ? &head->key : k == 2 ? &head->value : &head->extra[k - 3];
  return k == 1 || k == 2 ? groups_of(s, from, *operand) : from;
}

static bool is_by_key(const struct attend_operand *operand) {
  return vm_operand_axis(operand, ATTEND_J) >= 0;
}

/* Does the head have a key for each token, and all that belongs to a key in a row? */
static bool has_key_for_each(const struct stepping *s, ir_id n) {
  bool fits = true;
  int keyed = 0;
  for (int k = 1; k < node_of(s, n)->arg_count; k++) {
    const struct attend_operand *operand;
    ir_id from = head_operand(s, n, k, &operand);
    if (!is_by_key(operand)) continue;
    fits = fits && operand->role[0] == ATTEND_J && node_of(s, from)->type.dim[0] == s->text->length
           && step_axes(s, from) == 1 && node_of(s, from)->op != OP_input;
    keyed++;
  }
  return fits && keyed;
}

/* How many keys before its own each query may see at most; 0: all of them, as far as one can tell. */
static int64_t window_of(struct stepping *s, ir_id n) {
  const struct ir_node node = *node_of(s, n);
  const struct ir_head *head = s->g->head[node.attr[0]];
  struct ir_formula mask, score;
  const struct ir_asked asked[] = {{&mask, IR_WHERE_TRUE},
                                   {&score, head->softmax ? IR_WHERE_SOFTMAX : IR_WHERE_WEIGHT}};
  const struct ir_box box = {s->g->dims, s->text->length, VM_NO_DIM, s->text->length};
  if (!has_key_for_each(s, n)) return 0;
  const struct ir_around around = {.g = s->g, .numbers = ir_dependence_numbers(s->reach), .dims = s->g->dims};
  if (ir_formula_of_slot(&around, &node, &head->mask, &mask) != RT_OK
      || ir_formula_of_slot(&around, &node, &head->score, &score) != RT_OK)
    return rt_no_memory(s->error), 0;
  struct ir_gap gap = ir_most_behind(asked, 2, &box, VM_NO_DIM);
  if (gap.far || gap.never) return 0;
  int64_t most = gap.at < -1 ? -gap.at : 1, limit = s->g->dims->symbol[s->symbol].limit;
  return limit > 0 && most >= limit - 1 ? 0 : most;
}

/* The last keys or values of a head are called so, for people, when they have no name. */
static ir_id last_keys(struct stepping *s, ir_id from, const struct ir_head *head, int k, int64_t window) {
  char name[200];
  ir_id rows = step_need_last(s, from, window);
  if (!rows || s->looking || s->g->node[rows].name) return rows;
  snprintf(name, sizeof name, "%s.%s", head->name, k == 1 ? "key" : k == 2 ? "value" : "extra");
  s->g->node[rows].name = rt_arena_strndup(&s->g->arena, name, strlen(name));
  return rows;
}

static ir_id attention(struct stepping *s, ir_id n, uint32_t all) {
  const struct ir_node node = *node_of(s, n);
  const struct ir_head *head = s->g->head[node.attr[0]];
  int queries = -1;
  ir_id arg[3 + ATTEND_MAX_EXTRAS];
  for (int a = 0; a < head->out.rank; a++)
    if (head->out.role[a] == ATTEND_I) queries = a;
  if (slot_uses_text(s, &head->score) || slot_uses_text(s, &head->mask))
    return step_refuse(s, n, "has vectors as long as the text in its slots");
  bool every = queries >= 0 && all >> queries & 1;
  bool moves = queries >= 0 && !every && node.type.dim[queries] == s->text->length;
  int64_t window = moves ? window_of(s, n) : 0;
  for (int k = 0; k < node.arg_count; k++) {
    const struct attend_operand *operand;
    ir_id from = head_operand(s, n, k, &operand);
    arg[k] = window && is_by_key(operand) ? last_keys(s, from, head, k, window)
                                          : step_need(s, from, rows_of_operand(s, from, operand, every));
    if (!arg[k]) return 0;
  }
  if (s->looking) return n;
  ir_id made = step_copy(s, n, all, arg);
  if (made && queries >= 0 && !every && step_is_along(s, node.type.dim[queries]))
    s->g->node[made].attr[1] = vm_dim_plus(s->g->dims, VM_ONE, step_before(s, node.type.dim[queries]));
  if (made && window) s->g->node[made].attr[2] = 1;
  return made;
}

/* ---- the list ---- */

typedef ir_id step_rule(struct stepping *s, ir_id n, uint32_t all);

static step_rule *const rules[OP_COUNT] = {
    [OP_input] = unchanged,
    [OP_constant] = no_operand,
    [OP_size] = size,
    [OP_iota] = positions,
    [OP_bernoulli] = at_rest,
    [OP_gumbel] = at_rest,
    [OP_expand] = expand,
    [OP_sum] = reduced,
    [OP_maximum] = reduced,
    [OP_reshape] = reshape,
    [OP_transpose] = transpose,
    [OP_slice] = slice,
    [OP_concat] = concat,
    [OP_project] = project,
    [OP_project_back] = project,
    [OP_matmul] = matmul,
    [OP_softmax] = along_last,
    [OP_log_softmax] = along_last,
    [OP_standardize] = along_last,
    [OP_rms] = along_last,
    [OP_cumsum] = cumsum,
    [OP_threshold] = threshold,
    [OP_gather] = gather,
    [OP_take] = take,
    [OP_onehot] = onehot,
    [OP_stop] = same_type,
    [OP_attention] = attention,
    [OP_scan] = scan,
    [OP_call] = native,
    [OP_result] = result,
};

static ir_id by_rule(struct stepping *s, ir_id n, uint32_t all) {
  enum rt_op op = node_of(s, n)->op;
  step_rule *rule = rt_is_lane(op) ? same_type : rules[op];
  return rule ? rule(s, n, all)
              : step_refuse(s, n, "`%s` cannot go on token by token", rt_op_info[op].written);
}

static bool passes(const struct stepping *s, ir_id n) {
  const struct ir_node *node = node_of(s, n);
  switch (node->op) {
    case OP_constant:
    case OP_iota:
    case OP_input:
    case OP_expand:
    case OP_reshape:
    case OP_transpose:
    case OP_stop: return true;
    case OP_concat: return along(s, n, 1u << node->attr[0]);
    case OP_cumsum: return node->attr[1] && along(s, n, 1u << node->attr[0]);
    case OP_slice: return !s->depends[node->arg[0]];
    default: return rules[node->op] == along_last && along(s, n, 1u << (node->type.rank - 1));
  }
}

int ir_token_step(struct ir_graph *g, const struct ir_written *text, struct ir_token_step *step,
                  struct rt_error *error) {
  static const struct step_rules known = {by_rule, passes};
  return step_walk(g, text, &known, step, error);
}
