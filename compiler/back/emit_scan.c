/* emit_scan.c: the bodies of scans as functions of the module. A body that draws no random numbers is the
 * same in prediction and in training, and becomes one function, whoever runs it; another one becomes two. */
#include "compiler/back/emit.h"
#include "vm/scan_operands.h"

#include <string.h>

static bool draws(const struct ir_graph *body) {
  for (ir_id n = 1; n < body->count; n++)
    if (rt_op_info[body->node[n].op].flags & RT_RANDOM) return true;
  return false;
}

/* Which of both functions it is. */
static bool trains(const struct ir_scan *scan, bool training) { return training && draws(scan->body); }

static int emit_body(struct ir_emitter *e, struct ir_scan *scan) {
  int64_t *number = &scan->function[trains(scan, e->outputs->training)];
  if (*number >= 0) return RT_OK;
  if (scan->forward && emit_body(e, scan->forward) != RT_OK) return e->error->code;
  struct rt_arena *arena = &scan->body->arena;
  const bool states = scan->block == VM_ONE;
  const char **name = rt_arena_alloc(arena, (size_t)scan->result_count * sizeof *name);
  const char *function = rt_arena_printf(arena, "%s%s %s", states ? "step" : "block",
                                         scan->forward ? " backwards" : "", scan->name ? scan->name : "");
  if (!name || !function) return rt_no_memory(e->error);
  for (int k = 0; k < scan->result_count; k++)
    if (!(name[k] = k || !states    ? rt_arena_printf(arena, "%s.%d", scan->forward ? "gradient" : "out", k)
                    : scan->forward ? "gradient of state"
                                    : "state"))
      return rt_no_memory(e->error);
  struct ir_outputs outputs = {.count = scan->result_count,
                               .id = scan->result,
                               .name = name,
                               .training = e->outputs->training,
                               .argument_count = scan->argument_count,
                               .argument = scan->argument};
  int status = ir_emit(scan->body, &outputs, function, e->module, e->error);
  if (status == RT_OK) *number = e->module->function_count - 1;
  return status;
}

int ir_emit_bodies(struct ir_emitter *e) {
  int status = RT_OK;
  for (ir_id n = 1; n < e->g.count && status == RT_OK; n++)
    if (e->live[n] && ir_is_scan(e->g.node[n].op)) status = emit_body(e, ir_scan_of(&e->g, &e->g.node[n]));
  return status;
}

static int bits(int64_t mask) {
  int count = 0;
  for (; mask; mask &= mask - 1) count++;
  return count;
}

/* vm/scan_operands.h: `block` of the program's dims. */
static int64_t rows_attr(const struct ir_scan *scan) {
  return scan->block == VM_ONE ? 0 : 1 + vm_dim_as_symbol(scan->body->dims, scan->block);
}

int ir_scan_attrs(const struct ir_scan *scan, bool training, int64_t attr[RT_MAX_ATTR]) {
  memset(attr, 0, RT_MAX_ATTR * sizeof *attr);
  if (!scan->forward) {
    attr[SCAN_BODY] = scan->function[trains(scan, training)];
    attr[SCAN_SEQUENCES] = scan->sequence_count;
    attr[SCAN_REVERSE] = scan->reverse;
    attr[SCAN_ROWS] = rows_attr(scan);
    return scan->result_count - ir_scan_given(scan);
  }
  attr[SCAN_BODY] = scan->forward->function[trains(scan->forward, training)];
  attr[SCAN_GRAD_GRADIENT] = scan->function[trains(scan, training)];
  attr[SCAN_GRAD_SEQUENCES] = scan->sequence_count;
  attr[SCAN_GRAD_REVERSE] = scan->reverse;
  attr[SCAN_GRAD_WANTS] = scan->wants;
  attr[SCAN_GRAD_ROWS] = rows_attr(scan);
  return bits(scan->wants);
}

struct vm_type ir_scan_result(const struct ir_scan *scan, const struct ir_graph *g,
                              const struct ir_node *node, int k) {
  if (scan->forward) {
    int arg = 0;
    for (int64_t mask = scan->wants; k > 0 || !(mask & 1); mask >>= 1, arg++) k -= (int)(mask & 1);
    return g->node[node->arg[arg]].type;
  }
  return ir_scan_collects(scan, k, node->type.dim[0], node->type.batched);
}
