/* ir.c: the graph itself, and appending to it. Shapes come from the signatures (vm/signature.h); what this
 * file adds is the message when they do not fit. */
#include "compiler/ir/ir.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* ---- the graph ---- */

int ir_graph_init(struct ir_graph *graph, struct vm_dims *dims) {
  memset(graph, 0, sizeof *graph);
  graph->dims = dims;
  if (rt_grow((void **)&graph->node, &graph->capacity, 64, sizeof *graph->node) != RT_OK) return RT_NO_MEMORY;
  memset(&graph->node[0], 0, sizeof graph->node[0]);
  graph->count = 1;
  return RT_OK;
}

void ir_graph_free(struct ir_graph *graph) {
  if (!graph) return;
  for (uint32_t i = 0; i < graph->head_count; i++) {
    struct ir_head *head = graph->head[i];
    struct ir_slot *slots[] = {&head->score, &head->mask, &head->drop, &head->score_grad};
    for (size_t s = 0; s < RT_COUNT(slots); s++) ir_graph_free(slots[s]->graph);
  }
  for (uint32_t i = 0; i < graph->scan_count; i++) ir_graph_free(graph->scan[i]->body);
  rt_free(graph->scan);
  rt_free(graph->head);
  rt_free(graph->node);
  rt_arena_free(&graph->arena);
  memset(graph, 0, sizeof *graph);
}

struct ir_head *ir_add_head(struct ir_graph *g, const char *name, int64_t *number) {
  struct ir_head *head = rt_arena_alloc(&g->arena, sizeof *head);
  if (!head
      || rt_grow((void **)&g->head, &g->head_capacity, (size_t)g->head_count + 1, sizeof *g->head) != RT_OK)
    return NULL;
  if (name && !(head->name = rt_arena_strndup(&g->arena, name, strlen(name)))) return NULL;
  head->number = *number = g->head_count;
  g->head[g->head_count++] = head;
  return head;
}

void ir_forget_gradients(struct ir_graph *g) {
  for (uint32_t h = 0; h < g->head_count; h++) {
    ir_graph_free(g->head[h]->score_grad.graph);
    memset(&g->head[h]->score_grad, 0, sizeof g->head[h]->score_grad);
    memset(g->head[h]->wants_grad, 0, sizeof g->head[h]->wants_grad);
  }
}

struct ir_graph *ir_slot_graph(struct ir_graph *g, const struct ir_head *head, struct ir_slot *slot) {
  struct ir_graph *graph = rt_arena_alloc(&g->arena, sizeof *graph);
  if (!graph || ir_graph_init(graph, g->dims) != RT_OK) return NULL;
  graph->is_slot = true;
  graph->slot_of = head;
  return slot->graph = graph;
}

struct ir_scan *ir_add_scan(struct ir_graph *g, const char *name, int64_t *number) {
  struct ir_graph *root = g->root ? g->root : g;
  struct ir_scan *scan = rt_arena_alloc(&root->arena, sizeof *scan);
  struct ir_graph *body = rt_arena_alloc(&root->arena, sizeof *body);
  if (!scan || !body
      || rt_grow((void **)&root->scan, &root->scan_capacity, (size_t)root->scan_count + 1, sizeof *root->scan)
             != RT_OK)
    return NULL;
  if ((name && !(scan->name = rt_arena_strndup(&root->arena, name, strlen(name))))
      || ir_graph_init(body, g->dims) != RT_OK)
    return NULL;
  body->root = root;
  scan->body = body;
  scan->function[false] = scan->function[true] = -1;
  *number = root->scan_count;
  root->scan[root->scan_count++] = scan;
  return scan;
}

struct ir_scan *ir_scan_of(const struct ir_graph *g, const struct ir_node *node) {
  return (g->root ? g->root : g)->scan[node->attr[0]];
}

struct vm_type ir_scan_collects(const struct ir_scan *scan, int k, vm_dim axis, bool batched) {
  struct vm_type type = scan->body->node[scan->result[ir_scan_given(scan) + k]].type;
  if (scan->block == VM_ONE) {
    memmove(&type.dim[1], &type.dim[0], type.rank * sizeof type.dim[0]);
    type.rank++;
  } else
    type.batched = batched;
  type.dim[0] = axis;
  return type;
}

struct attend_plan ir_head_plan(const struct ir_head *head) {
  struct attend_plan plan = {.softmax = head->softmax,
                             .extra_count = head->extra_count,
                             .query = head->query,
                             .key = head->key,
                             .value = head->value,
                             .out = head->out};
  if (head->extra_count) memcpy(plan.extra, head->extra, (size_t)head->extra_count * sizeof *plan.extra);
  memcpy(plan.wants_grad, head->wants_grad, sizeof plan.wants_grad);
  return plan;
}

/* ---- the message about shapes that do not fit ---- */

static const char *shape_text(struct rt_text *t, const struct ir_graph *g, ir_id id) {
  vm_type_print(g->dims, &g->node[id].type, t);
  return t->data ? t->data : "?";
}

static const char *dim_text(struct rt_text *t, const struct ir_graph *g, vm_dim d) {
  vm_dim_print(g->dims, d, t);
  return t->data ? t->data : "?";
}

/* People who come from other systems often have two dims of one value under different names. */
void ir_hint_dims(const struct ir_graph *g, vm_dim a, vm_dim b, struct rt_error *error) {
  int64_t x, y;
  if (a == VM_NO_DIM || b == VM_NO_DIM || a == b) return;
  if (vm_dim_value(g->dims, a, NULL, &x, NULL) != RT_OK || vm_dim_value(g->dims, b, NULL, &y, NULL) != RT_OK
      || x != y)
    return;
  struct rt_text ta = {0}, tb = {0};
  rt_hint(error,
          "%s and %s are both %lld now, but dims are the same only when they have the same name: use one of "
          "the names in both places",
          dim_text(&ta, g, a), dim_text(&tb, g, b), (long long)x);
  rt_text_free(&ta);
  rt_text_free(&tb);
}

static void note_args(struct ir_at at, struct ir_op op) {
  for (int k = 0; k < op.arg_count && k < 3; k++) {
    struct gr_span shown = ir_shown(at.g, op.arg[k]);
    bool same = shown.source == at.span.source && shown.begin == at.span.begin && shown.end == at.span.end;
    if (!shown.source || same) continue;
    struct rt_text t = {0};
    gr_note(at.error, shown, "this is %s", shape_text(&t, at.g, op.arg[k]));
    rt_text_free(&t);
  }
}

/* What is said of the operands, in words of the program: they have other names in the signature of the op. */
static void in_words(enum rt_op op, int arg_count, const char *why, struct rt_text *out) {
  bool between = !isalpha((unsigned char)rt_op_info[op].written[0]);
  while (*why) {
    int k = 0;
    size_t length = 0;
    char name[32], quoted[40];
    for (; k < arg_count; k++) {
      length = (size_t)snprintf(quoted, sizeof quoted, "`%s`", vm_op_arg_name(op, k, name));
      if (!strncmp(why, quoted, length)) break;
    }
    if (k == arg_count)
      rt_text_add(out, why, length = 1);
    else if (between)
      rt_text_puts(out, k == 0 ? "the left side" : "the right side");
    else if (arg_count == 1)
      rt_text_puts(out, "what it is given");
    else
      rt_text_printf(out, "argument %d", k + 1);
    why += length;
  }
}

static void fail_shape(struct ir_at at, struct ir_op op, const struct vm_mismatch *m) {
  const struct ir_graph *g = at.g;
  struct rt_text shapes = {0}, found = {0}, expected = {0};
  for (int k = 0; k < op.arg_count; k++) {
    rt_text_puts(&shapes, k ? k + 1 < op.arg_count ? ", " : " and " : "");
    vm_type_print(g->dims, &g->node[op.arg[k]].type, &shapes);
  }
  const char *all = shapes.data ? shapes.data : "nothing";
  struct rt_text words = {0};
  in_words(op.op, op.arg_count, m->why, &words);
  const char *why = words.data ? words.data : "";
  if (m->found != VM_NO_DIM && m->expected != VM_NO_DIM && m->found != m->expected)
    gr_fail(at.error, at.span, "`%s` of %s: %s: %s is not %s", rt_op_info[op.op].written, all,
            why[0] ? why : "the sizes differ", dim_text(&found, g, m->found),
            dim_text(&expected, g, m->expected));
  else
    gr_fail(at.error, at.span, "`%s` of %s: %s", rt_op_info[op.op].written, all,
            why[0] ? why : "the shapes do not fit");
  note_args(at, op);
  ir_hint_dims(g, m->found, m->expected, at.error);
  rt_text_free(&words);
  rt_text_free(&shapes);
  rt_text_free(&found);
  rt_text_free(&expected);
}

/* ---- appending ---- */

uint8_t ir_operand_varies(const struct attend_operand *operand) {
  uint8_t varies = 0;
  for (int a = 0; a < operand->rank; a++)
    if (operand->role[a] != ATTEND_FEATURE) varies |= (uint8_t)IR_VARIES(operand->role[a]);
  return varies;
}

/* Which positions a node of a slot depends on. A sum over the keys depends on the query even when what is
 * summed does not: masks say what it sees. */
static uint8_t varies(const struct ir_graph *g, const struct ir_node *n) {
  const struct ir_head *head = g->slot_of;
  uint8_t score = ir_operand_varies(&head->query) | ir_operand_varies(&head->key), all = 0;
  for (int k = 0; k < n->arg_count; k++) all |= g->node[n->arg[k]].varies;
  if (n->op == OP_over && n->attr[0] != IR_OVER_HEADS)
    all |= score & (IR_VARIES(ATTEND_I) | IR_VARIES(ATTEND_J));
  if (n->op == OP_over && n->attr[0] != IR_OVER_CUMSUM && n->attr[0] != IR_OVER_CUMSUM_BACK)
    all &= (uint8_t)~IR_VARIES(n->attr[1]);
  if (n->op != OP_input) return all;
  switch (n->attr[0]) {
    case IR_LEAF_I: return IR_VARIES(ATTEND_I);
    case IR_LEAF_J: return IR_VARIES(ATTEND_J);
    case IR_LEAF_H: return IR_VARIES(ATTEND_H);
    case IR_LEAF_S:
    case IR_LEAF_DS:
    case IR_LEAF_RANDOM:
    case IR_LEAF_GUMBEL: return score;
    default: return ir_operand_varies(&head->extra[n->attr[0] - 1]);
  }
}

static ir_id append(struct ir_graph *g, const struct ir_node *node, const ir_id *arg,
                    struct rt_error *error) {
  if (rt_grow((void **)&g->node, &g->capacity, (size_t)g->count + 1, sizeof *g->node) != RT_OK) {
    rt_no_memory(error);
    return 0;
  }
  struct ir_node *n = &g->node[g->count];
  *n = *node;
  n->arg = NULL;
  if (n->arg_count) {
    n->arg = rt_arena_alloc(&g->arena, n->arg_count * sizeof *n->arg);
    if (!n->arg) {
      rt_no_memory(error);
      return 0;
    }
    memcpy(n->arg, arg, n->arg_count * sizeof *arg);
  }
  if (g->is_slot) n->varies = varies(g, n);
  return g->count++;
}

ir_id ir_append(struct ir_graph *g, const struct ir_node *node, struct rt_error *error) {
  return append(g, node, node->arg, error);
}

static int infer(struct ir_at at, struct ir_op op, struct ir_node *node) {
  const struct vm_type *few[8], **types = few;
  if (op.arg_count > (int)RT_COUNT(few)) {
    types = rt_zalloc((size_t)op.arg_count, sizeof *types);
    if (!types) return rt_no_memory(at.error);
  }
  for (int k = 0; k < op.arg_count; k++) types[k] = &at.g->node[op.arg[k]].type;
  struct attend_plan plan, *used = NULL;
  if (rt_has_plan(op.op)) {
    plan = ir_head_plan(at.g->head[node->attr[0]]);
    used = &plan;
  }
  struct vm_mismatch m = {
      .arg = -1, .other_arg = -1, .axis = -1, .other_axis = -1, .found = VM_NO_DIM, .expected = VM_NO_DIM};
  const struct vm_op_call call = {.dims = at.g->dims,
                                  .op = op.op,
                                  .arg_count = op.arg_count,
                                  .arg = types,
                                  .attr = node->attr,
                                  .real = node->real,
                                  .plan = used,
                                  .given = op.type,
                                  .mismatch = &m};
  int status = vm_signature_apply(&call, &node->type);
  if (types != few) rt_free(types);
  if (status == RT_NO_MEMORY) return rt_no_memory(at.error);
  if (status != RT_OK) fail_shape(at, op, &m);
  return status;
}

ir_id ir_add(struct ir_at at, struct ir_op op) {
  for (int k = 0; k < op.arg_count; k++)
    if (!op.arg[k]) return 0;
  if (op.arg_count > UINT16_MAX) {
    gr_fail(at.error, at.span, "`%s` of %d values: at most %d are possible", rt_op_info[op.op].written,
            op.arg_count, UINT16_MAX);
    return 0;
  }
  struct ir_node node = {
      .op = (uint16_t)op.op, .arg_count = (uint16_t)op.arg_count, .real = op.real, .span = at.span};
  memcpy(node.attr, op.attr, sizeof node.attr);
  if (infer(at, op, &node) != RT_OK) return 0;
  return append(at.g, &node, op.arg, at.error);
}

/* Room grows by doubling in the arena: it is for a few dozen at most. */
ir_id ir_scan_argument(struct ir_scan *scan, const struct vm_type *type, struct gr_span span,
                       struct rt_error *error) {
  int n = scan->argument_count;
  if ((n & (n - 1)) == 0) {
    struct vm_type *more = rt_arena_alloc(&scan->body->arena, (size_t)(n ? 2 * n : 1) * sizeof *more);
    if (!more) return rt_no_memory(error), 0;
    if (n) memcpy(more, scan->argument, (size_t)n * sizeof *more);
    scan->argument = more;
  }
  scan->argument[scan->argument_count++] = *type;
  struct ir_node node = {.op = OP_input, .attr = {n}, .type = *type, .span = span};
  return append(scan->body, &node, NULL, error);
}
