/* scan.c: takes the body of a recurrence out of the graph that it was elaborated into.
 *
 * Elaboration leaves the nodes of one step in the graph around the scan, made from stand-ins for the state
 * and the rows. What depends on neither is the same in all steps and stays where it is: parameters, and what
 * is computed from them. A product of a row with something that stays (x W, a row of a table) is computed for
 * the whole sequence at once, as are random numbers, which must differ between steps but not between a step
 * and its gradient. The rest becomes the body. */
#include "compiler/ir/passes.h"
#include "compiler/ir/scan.h"
#include "vm/scan_operands.h"

#include <string.h>

enum { ON_ROWS = 1, ON_STATE = 2 };

/* What a node is to the body. */
enum role { UNUSED, STATE, SEQUENCE, WHOLE, COPIED };

struct taking {
  struct ir_graph *g;
  const struct ir_step *step;
  struct rt_error *error;
  uint32_t count;                 /* of g when it began */
  uint8_t *depends, *role;        /* by node */
  bool *live, *liftable, *wanted; /* by node */
  ir_id *lifted;                  /* by node: the same for all rows at once, 0: not made */
  ir_id *map;                     /* by node: in the body */
  ir_id argument[SCAN_MAX_ARGS];  /* of OP_scan */
  int argument_count;
};

static const struct ir_node *node_at(const struct taking *t, ir_id n) { return &t->g->node[n]; }
static bool is_random(const struct ir_node *n) { return rt_op_info[n->op].flags & RT_RANDOM; }

static int row_number(const struct taking *t, ir_id n) {
  for (int k = 0; k < t->step->sequence_count; k++)
    if (t->step->row[k] == n) return k;
  return -1;
}

/* ---- what depends on what ---- */

bool ir_varies_in_step(const struct ir_graph *g, ir_id first, int count, const ir_id *id) {
  bool *varies = rt_zalloc(g->count, sizeof *varies), found = !varies;
  for (ir_id n = first; varies && n < g->count; n++) {
    const struct ir_node *node = &g->node[n];
    varies[n] = node->op == OP_input && node->attr[0] == -(int64_t)n; /* a stand-in */
    for (int k = 0; k < node->arg_count; k++) varies[n] |= varies[node->arg[k]];
  }
  for (int k = 0; k < count && !found; k++) found = varies[id[k]];
  rt_free(varies);
  return found;
}

static void find_dependence(struct taking *t) {
  for (ir_id n = t->step->first; n < t->count; n++) {
    const struct ir_node *node = node_at(t, n);
    for (int k = 0; k < node->arg_count; k++) t->depends[n] |= t->depends[node->arg[k]];
    if (n == t->step->state)
      t->depends[n] = ON_STATE;
    else if (row_number(t, n) >= 0 || is_random(node))
      t->depends[n] |= ON_ROWS;
  }
  for (int k = 0; k < t->step->result_count; k++) t->live[t->step->result[k]] = true;
  ir_mark_live(t->g, 0, NULL, t->live);
}

static int refuse(const struct taking *t) {
  for (ir_id n = t->step->first; n < t->count; n++) {
    const struct ir_node *node = node_at(t, n);
    if (!t->live[n] || !t->depends[n]) continue;
    if (is_random(node)
        && (node->type.batched != node_at(t, t->step->state)->type.batched
            || node->type.rank == RT_MAX_RANK)) {
      gr_fail(t->error, node->span,
              "this draws random numbers for what all examples share, within a step of scan");
      rt_hint(t->error, "draw them before the scan and give the result to the step");
      return t->error->code;
    }
  }
  return RT_OK;
}

/* ---- whole sequences at once ---- */

/* May argument k of a node that is to be lifted stay as it is, or else be lifted too? */
static bool arg_lifts(const struct taking *t, ir_id arg) { return !t->depends[arg] || t->liftable[arg]; }

static bool can_lift(const struct taking *t, const struct ir_node *n) {
  if (n->type.rank == RT_MAX_RANK) return false;
  if (rt_is_lane(n->op)) {
    bool all = true;
    for (int k = 0; k < n->arg_count; k++) all = all && arg_lifts(t, n->arg[k]);
    return all;
  }
  if (!(rt_op_info[n->op].flags & RT_ROWWISE)) return is_random(n);
  for (int k = 0; k < n->arg_count; k++) {
    bool rows = vm_op_has_rows(n->op, k);
    if (rows && n->type.batched != node_at(t, n->arg[k])->type.batched) return false;
    if (rows ? !t->liftable[n->arg[k]] : t->depends[n->arg[k]]) return false;
  }
  return true;
}

/* Products are worth it: one large one instead of many small ones. Element-by-element work is not, unless a
 * product needs it. */
static void find_wanted(struct taking *t) {
  for (ir_id n = t->step->first; n < t->count; n++)
    t->liftable[n] = t->depends[n] == ON_ROWS && (row_number(t, n) >= 0 || can_lift(t, node_at(t, n)));
  for (ir_id n = t->count; n-- > t->step->first;) {
    const struct ir_node *node = node_at(t, n);
    bool product = (rt_op_info[node->op].flags & RT_ROWWISE && node->arg_count > 1) || is_random(node);
    t->wanted[n] = t->liftable[n] && (t->wanted[n] || (t->live[n] && product));
    for (int k = 0; t->wanted[n] && k < node->arg_count; k++)
      t->wanted[node->arg[k]] = t->wanted[node->arg[k]] || t->depends[node->arg[k]];
  }
}

/* What only adds to such products, x W + b, goes with them: it takes no more memory, and the gradient of b is
 * one sum. */
static void find_followers(struct taking *t) {
  for (ir_id n = t->step->first; n < t->count; n++) {
    const struct ir_node *node = node_at(t, n);
    bool follows = t->liftable[n] && t->live[n] && rt_is_lane(node->op), product = false;
    for (int k = 0; follows && k < node->arg_count; k++) {
      ir_id arg = node->arg[k];
      follows = !t->depends[arg] || t->wanted[arg];
      product = product || (t->wanted[arg] && row_number(t, arg) < 0);
    }
    t->wanted[n] = t->wanted[n] || (follows && product);
  }
}

static struct vm_type with_axis(const struct taking *t, const struct vm_type *row) {
  struct vm_type type = *row;
  memmove(&type.dim[1], &type.dim[0], row->rank * sizeof type.dim[0]);
  type.dim[0] = t->step->axis;
  type.rank++;
  return type;
}

/* A value that is the same in all steps as one for all rows. */
static ir_id repeat(struct taking *t, ir_id n, const struct vm_type *type) {
  const struct ir_node node = *node_at(t, n);
  struct ir_at at = {t->g, node.span, t->error};
  if (node.op == OP_constant) return ir_constant(at, node.real, type);
  bool expanded = node.op == OP_expand;
  uint32_t axes = expanded ? (uint32_t)node.attr[0] : (1u << node.type.rank) - 1;
  return ir_expand_axes(at, expanded ? node.arg[0] : n, axes << 1, type);
}

static ir_id lift(struct taking *t, ir_id n) {
  struct ir_node node = *node_at(t, n);
  int row = row_number(t, n);
  if (row >= 0) return t->step->sequence[row];
  ir_id arg[3] = {0};
  struct vm_type type = with_axis(t, &node.type);
  for (int k = 0; k < node.arg_count && k < 3; k++) {
    ir_id from = node.arg[k];
    arg[k] = t->depends[from] ? t->lifted[from] : rt_is_lane(node.op) ? repeat(t, from, &type) : from;
    if (!arg[k]) return 0;
  }
  node.arg = arg;
  node.type = type;
  if (node.op == OP_expand) node.attr[0] = node.attr[0] << 1 | 1;
  return ir_append(t->g, &node, t->error);
}

static int lift_all(struct taking *t) {
  find_wanted(t);
  find_followers(t);
  for (ir_id n = t->step->first; n < t->count; n++)
    if (t->wanted[n] && !(t->lifted[n] = lift(t, n)))
      return t->error && t->error->code ? t->error->code : rt_no_memory(t->error);
  return RT_OK;
}

/* ---- the body ---- */

/* What is the same in all steps and costs the body nothing: repetition is absorbed, numbers are numbers. */
static bool is_free(const struct ir_node *n) {
  return n->op == OP_expand || n->op == OP_constant || (n->op == OP_size && !n->type.batched);
}

static enum role role_of(const struct taking *t, ir_id n) {
  if (n == t->step->state) return STATE;
  if (t->lifted[n] || row_number(t, n) >= 0) return SEQUENCE;
  return t->depends[n] || is_free(node_at(t, n)) ? COPIED : WHOLE;
}

static void find_roles(struct taking *t) {
  for (int k = 0; k < t->step->result_count; k++)
    t->role[t->step->result[k]] = role_of(t, t->step->result[k]);
  for (ir_id n = t->count; n-- > 1;)
    for (int k = 0; t->role[n] == COPIED && k < node_at(t, n)->arg_count; k++) {
      ir_id arg = node_at(t, n)->arg[k];
      t->role[arg] = role_of(t, arg);
    }
}

static int add_argument(struct taking *t, struct ir_scan *scan, ir_id n, ir_id given) {
  if (t->argument_count == SCAN_MAX_ARGS)
    return gr_fail(t->error, t->step->span, "a step of scan can use at most %d values from around it",
                   SCAN_MAX_ARGS - 1);
  t->map[n] = ir_scan_argument(scan, &node_at(t, n)->type, node_at(t, n)->span, t->error);
  t->argument[t->argument_count++] = given;
  return t->map[n] ? RT_OK : t->error->code;
}

/* The sequences that the steps read; the first of those given when they read none, because it says how many
 * steps there are. */
static int add_arguments(struct taking *t, struct ir_scan *scan) {
  int status = add_argument(t, scan, t->step->state, t->step->start);
  for (ir_id n = 1; n < t->count && status == RT_OK; n++)
    if (t->role[n] == SEQUENCE)
      status = add_argument(t, scan, n, t->lifted[n] ? t->lifted[n] : t->step->sequence[row_number(t, n)]);
  if (status == RT_OK && t->argument_count == 1)
    status = add_argument(t, scan, t->step->row[0], t->step->sequence[0]);
  scan->sequence_count = t->argument_count - 1;
  for (ir_id n = 1; n < t->count && status == RT_OK; n++)
    if (t->role[n] == WHOLE) status = add_argument(t, scan, n, n);
  return status;
}

static int copy_body(struct taking *t, struct ir_scan *scan) {
  uint32_t most = 1;
  for (ir_id n = 1; n < t->count; n++)
    most = node_at(t, n)->arg_count > most ? node_at(t, n)->arg_count : most;
  ir_id *arg = rt_zalloc(most, sizeof *arg);
  bool ok = arg != NULL;
  for (ir_id n = 1; n < t->count && ok; n++) {
    if (t->role[n] != COPIED) continue;
    struct ir_node node = *node_at(t, n);
    for (int k = 0; k < node.arg_count; k++) arg[k] = t->map[node.arg[k]];
    node.arg = arg;
    ok = (t->map[n] = ir_append(scan->body, &node, t->error)) != 0;
  }
  rt_free(arg);
  scan->result = rt_arena_alloc(&scan->body->arena, (size_t)t->step->result_count * sizeof *scan->result);
  if (!ok || !scan->result) return rt_no_memory(t->error);
  scan->result_count = t->step->result_count;
  for (int k = 0; k < scan->result_count; k++) scan->result[k] = t->map[t->step->result[k]];
  return RT_OK;
}

/* ---- the scan ---- */

static int append_scan(struct taking *t, int64_t number, ir_id *out) {
  const struct ir_step *step = t->step;
  struct ir_at at = {t->g, step->span, t->error};
  int given = step->result_count > 1 ? 1 : 0, results = step->result_count - given;
  for (int k = 0; k < results; k++) {
    struct vm_type type = with_axis(t, &node_at(t, step->result[given + k])->type);
    struct ir_op op = {OP_scan, t->argument_count, .arg = t->argument, .attr = {number}, .type = &type};
    if (k) op = (struct ir_op){OP_result, 1, .arg = out, .attr = {k}, .type = &type};
    out[k] = ir_add(at, op);
    if (!out[k]) return t->error && t->error->code ? t->error->code : rt_no_memory(t->error);
  }
  return RT_OK;
}

/* The stand-ins are no inputs of the program. */
static void retire(struct taking *t, ir_id n) {
  t->g->node[n].op = OP_constant;
  t->g->node[n].attr[0] = 0;
}

static int take(struct taking *t, ir_id *out) {
  int64_t number;
  find_dependence(t);
  int status = refuse(t);
  if (status == RT_OK) status = lift_all(t);
  if (status != RT_OK) return status;
  find_roles(t);
  struct ir_scan *scan = ir_add_scan(t->g, t->step->name, &number);
  if (!scan) return rt_no_memory(t->error);
  scan->reverse = t->step->reverse;
  if ((status = add_arguments(t, scan)) == RT_OK && (status = copy_body(t, scan)) == RT_OK)
    status = append_scan(t, number, out);
  retire(t, t->step->state);
  for (int k = 0; k < t->step->sequence_count; k++) retire(t, t->step->row[k]);
  return status;
}

int ir_scan_make(struct ir_graph *g, const struct ir_step *step, ir_id *out, struct rt_error *error) {
  size_t count = g->count;
  struct taking t = {.g = g, .step = step, .error = error, .count = g->count};
  t.depends = rt_zalloc(count, sizeof *t.depends);
  t.role = rt_zalloc(count, sizeof *t.role);
  t.live = rt_zalloc(count, sizeof *t.live);
  t.liftable = rt_zalloc(count, sizeof *t.liftable);
  t.wanted = rt_zalloc(count, sizeof *t.wanted);
  t.lifted = rt_zalloc(count, sizeof *t.lifted);
  t.map = rt_zalloc(count, sizeof *t.map);
  bool ok = t.depends && t.role && t.live && t.liftable && t.wanted && t.lifted && t.map;
  int status = ok ? take(&t, out) : rt_no_memory(error);
  void *blocks[] = {t.depends, t.role, t.live, t.liftable, t.wanted, t.lifted, t.map};
  for (size_t k = 0; k < RT_COUNT(blocks); k++) rt_free(blocks[k]);
  return status;
}
