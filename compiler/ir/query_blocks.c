/* query_blocks.c: a head that must be tensors, for a block of queries at a time. Where each query is computed
 * by itself, from its own rows and all keys, the tensors of 64 queries are the body of a scan
 * (vm/scan_operands.h), and no tensor of all scores is held, forwards or backwards. The graph has the whole
 * tensors, too, until blocks are taken: those who look at weights, or derive a step from the graph, see them.
 */
#include "compiler/ir/ir.h"
#include "vm/scan_operands.h"

#include <math.h>
#include <string.h>

/* The head in the graph. */
struct ir_blocked {
  ir_id *arg; /* [count] */
  int count;
  struct attend_operand key, value; /* as they lie there */
  struct vm_type type;
  bool may_hide;
  ir_id start, whole; /* the position of the first query; the result, made of whole tensors */
  struct gr_span span;
};

/* ---- which heads ---- */

/* Is a slot computed for each query by itself? */
static bool is_by_query(const struct ir_slot *slot) {
  bool fits = true;
  for (ir_id n = 1; slot->graph && n < slot->graph->count; n++) {
    const struct ir_node *node = &slot->graph->node[n];
    const int64_t leaf = node->op == OP_input ? node->attr[0] : 0;
    fits = fits && node->op != OP_call && leaf != IR_LEAF_RANDOM && leaf != IR_LEAF_GUMBEL
           && !(node->op == OP_over && node->attr[0] != IR_OVER_HEADS && node->attr[1] == ATTEND_I);
  }
  return fits;
}

static const struct attend_operand *operand_of(const struct ir_head *head, int k) {
  const struct attend_operand *own[] = {&head->query, &head->key, &head->value};
  return k < 3 ? own[k] : &head->extra[k - 3];
}

static int axis_of_queries(const struct ir_head *head, int k) {
  return vm_operand_axis(operand_of(head, k), ATTEND_I);
}

static bool mixes_heads(const struct ir_head *head) {
  const struct ir_graph *g = head->score.graph;
  for (ir_id n = 1; n < g->count; n++)
    if (g->node[n].op == OP_over && g->node[n].attr[0] == IR_OVER_HEADS) return true;
  return false;
}

/* Backwards a block is computed again, which costs time where memory is no matter. So there must be many
 * queries: the program says that there may be. Heads that are mixed gain time too: within a block they are
 * one product. */
static bool pays(const struct ir_graph *g, const struct ir_head *head, vm_dim queries) {
  enum { MANY = 256 };
  const int64_t number = vm_dim_as_symbol(g->dims, queries);
  int64_t size = 0;
  if (vm_dim_value(g->dims, queries, NULL, &size, NULL) != RT_OK)
    size = number >= 0 ? g->dims->symbol[number].limit : 0;
  return size > MANY || mixes_heads(head);
}

static bool fits(const struct ir_graph *g, const struct ir_head *head, const struct ir_attending *a) {
  const int axis = vm_operand_axis(&head->out, ATTEND_I);
  bool fits = axis == 0 && axis_of_queries(head, 0) >= 0 && head->extra_count + 4 <= SCAN_MAX_ARGS / 2
              && (!head->drop.graph || !isnan(head->drop_rate)) && pays(g, head, a->type->dim[0])
              && is_by_query(&head->score) && is_by_query(&head->mask);
  for (int k = 0; fits && k < 3 + head->extra_count; k++) {
    const struct vm_type *type = &g->node[a->arg[k]].type;
    fits = axis_of_queries(head, k) < 0 || type->batched == a->type->batched;
  }
  return fits;
}

/* Keys or values with the heads first, as products want them: all blocks read them so. */
static ir_id heads_first(struct ir_at at, ir_id id, struct attend_operand *operand) {
  static const uint8_t wanted[] = {ATTEND_H, ATTEND_J, ATTEND_FEATURE};
  const struct vm_type type = at.g->node[id].type;
  struct attend_operand to = {.rank = operand->rank};
  struct vm_type moved = type;
  int64_t order = 0;
  int rank = 0;
  for (size_t w = 0; w < RT_COUNT(wanted); w++)
    for (int a = 0; a < operand->rank; a++) {
      if (operand->role[a] != wanted[w]) continue;
      order = rt_order_with(order, rank, a);
      to.role[rank] = wanted[w];
      moved.dim[rank++] = type.dim[a];
    }
  *operand = to;
  return ir_keeps_order(order, rank) ? id : ir_transpose(at, id, order, &moved);
}

/* What the scan will be given, which must stand before what it replaces: the operands, those with queries by
 * rows of these. NULL on failure. */
static struct ir_blocked *note(struct ir_at at, const struct ir_head *head, const struct ir_attending *a) {
  const int count = 3 + head->extra_count;
  struct ir_blocked *b = rt_arena_alloc(&at.g->arena, sizeof *b);
  ir_id *arg = rt_arena_alloc(&at.g->arena, (size_t)count * sizeof *arg);
  if (!b || !arg) {
    rt_no_memory(at.error);
    return NULL;
  }
  *b = (struct ir_blocked){.arg = arg, .count = count, .type = *a->type, .may_hide = a->may_hide};
  b->span = at.span;
  b->start = ir_constant(at, 0, NULL);
  b->key = head->key;
  b->value = head->value;
  bool ok = b->start != 0;
  for (int k = 0; k < count && ok; k++) {
    const int axis = axis_of_queries(head, k);
    if (k == 1 || k == 2)
      arg[k] = heads_first(at, a->arg[k], k == 1 ? &b->key : &b->value);
    else
      arg[k] = axis > 0 ? ir_swap(at, a->arg[k], 0, axis) : a->arg[k];
    ok = arg[k] != 0;
  }
  return ok ? b : NULL;
}

ir_id ir_materialise_or_block(struct ir_at at, struct ir_head *head, struct ir_attending attending) {
  if (!fits(at.g, head, &attending)) return ir_materialise(at, head, attending);
  struct ir_blocked *b = note(at, head, &attending);
  if (!b || !(b->whole = ir_materialise(at, head, attending))) return 0;
  head->blocked = b;
  head->lowering = VM_BLOCKS;
  return b->whole;
}

/* ---- the body ---- */

struct taking {
  const struct ir_head *head;
  const struct ir_blocked *b;
  struct ir_scan *scan;
  struct ir_at at; /* in the body */
  const struct ir_graph *g;
  ir_id *arg, *inner; /* of the scan, [1 + count]; of the head within, [count] */
  int count;          /* of arg so far */
};

/* Operand k of the head as an argument of the body: rows of it, or whole. */
static bool take_argument(struct taking *t, int k) {
  const int axis = axis_of_queries(t->head, k);
  struct vm_type type = t->g->node[t->b->arg[k]].type;
  if (axis >= 0) {
    type.dim[0] = t->scan->block;
    type.batched = true;
    t->scan->sequence_count++;
  }
  t->arg[t->count++] = t->b->arg[k];
  t->inner[k] = ir_scan_argument(t->scan, &type, t->b->span, t->at.error);
  if (axis > 0) t->inner[k] = ir_swap(t->at, t->inner[k], 0, axis);
  return t->inner[k] != 0;
}

static bool take_arguments(struct taking *t) {
  bool ok = true;
  t->arg[t->count++] = t->b->start;
  for (int cut = 1; cut >= 0; cut--)
    for (int k = 0; k < t->b->count && ok; k++)
      if (cut == (axis_of_queries(t->head, k) >= 0)) ok = take_argument(t, k);
  return ok;
}

/* The same head, of the queries of a block. */
static bool make_body(struct taking *t) {
  const struct vm_type number = t->g->node[t->b->start].type;
  struct ir_head head = *t->head;
  struct vm_type type = t->b->type;
  head.key = t->b->key;
  head.value = t->b->value;
  const ir_id first = ir_scan_argument(t->scan, &number, t->b->span, t->at.error);
  type.dim[0] = t->scan->block;
  type.batched = true;
  if (!first || !take_arguments(t)) return false;
  const struct ir_attending attending = {t->inner, &type, first, t->b->may_hide};
  t->scan->result = rt_arena_alloc(&t->scan->body->arena, sizeof *t->scan->result);
  if (!t->scan->result || !(t->scan->result[0] = ir_materialise(t->at, &head, attending))) return false;
  t->scan->result_count = 1;
  return true;
}

/* Puts the scan where the whole tensors end. */
static int take_head(struct ir_graph *g, struct ir_head *head, vm_dim block, struct rt_error *error) {
  const struct ir_blocked *b = head->blocked;
  struct ir_node *node = &g->node[b->whole];
  int64_t number;
  struct taking t = {.head = head, .b = b, .g = g};
  t.arg = rt_arena_alloc(&g->arena, (1 + (size_t)b->count) * sizeof *t.arg);
  t.inner = rt_arena_alloc(&g->arena, (size_t)b->count * sizeof *t.inner);
  t.scan = ir_add_scan(g, head->name, &number);
  if (!t.arg || !t.inner || !t.scan) return rt_no_memory(error);
  t.scan->block = block;
  t.at = (struct ir_at){t.scan->body, b->span, error};
  if (!make_body(&t)) return error && error->code ? error->code : rt_no_memory(error);
  node->op = OP_scan;
  node->arg = t.arg;
  node->arg_count = (uint16_t)t.count;
  memset(node->attr, 0, sizeof node->attr);
  node->attr[0] = number;
  node->choice = IR_CHOICE_BY_OP;
  return RT_OK;
}

int ir_take_blocks(struct ir_graph *g, struct rt_error *error) {
  vm_dim block = VM_NO_DIM;
  int status = RT_OK;
  for (uint32_t h = 0; h < g->head_count && status == RT_OK; h++) {
    if (g->head[h]->lowering != VM_BLOCKS) continue;
    if (block == VM_NO_DIM) block = vm_dim_symbol(g->dims, "block", VM_ROWS, -1);
    status = block == VM_NO_DIM ? rt_no_memory(error) : take_head(g, g->head[h], block, error);
  }
  return status;
}
