/* emit.c: one function of a module, from the graph: what it needs, in which order, in which memory. */
#include "compiler/back/emit.h"

#include <string.h>

/* ---- the graph of this function ---- */

static ir_id finalise(struct ir_graph *g, const struct ir_node *node, void *context, struct rt_error *error) {
  const struct ir_outputs *outputs = context;
  const struct ir_at at = {g, node->span, error};
  if (node->op == OP_stop) return node->arg[0];
  int flags = rt_op_info[node->op].flags;
  if (node->op == OP_sample && !outputs->training) {
    struct ir_node still = *node;
    still.attr[1] = 1;
    return ir_append(g, &still, error);
  }
  if (flags & RT_RANDOM && !outputs->training)
    return ir_constant(at, flags & RT_REST_ONE ? 1 : 0, &node->type);
  return ir_append(g, node, error);
}

static int copy_graph(struct ir_emitter *e, const struct ir_graph *g) {
  e->g.dims = g->dims;
  e->g.root = g->root ? g->root : (struct ir_graph *)(uintptr_t)g;
  e->g.head = g->head;
  e->g.head_count = g->head_count;
  e->g.node = rt_zalloc(g->count, sizeof *e->g.node);
  if (!e->g.node) return rt_no_memory(e->error);
  memcpy(e->g.node, g->node, g->count * sizeof *g->node);
  e->g.count = g->count;
  e->g.capacity = g->count;
  return RT_OK;
}

static int prepare_graph(struct ir_emitter *e, const struct ir_graph *g) {
  const struct ir_outputs *o = e->outputs;
  size_t count = (size_t)o->count + (size_t)o->gradient_count;
  e->root_count = (int)count + o->gradient_count;
  e->output = rt_zalloc((size_t)e->root_count, sizeof *e->output);
  if (!e->output) return rt_no_memory(e->error);
  e->grad = e->output + o->count;
  e->grad_ids = e->grad + o->gradient_count;
  if (o->count) memcpy(e->output, o->id, (size_t)o->count * sizeof *o->id);
  if (o->gradient_count) memcpy(e->grad, o->gradient, (size_t)o->gradient_count * sizeof *o->gradient);
  int status = copy_graph(e, g);
  if (status == RT_OK) status = ir_rewrite(&e->g, (int)count, e->output, finalise, (void *)o, e->error);
  if (status == RT_OK) status = ir_optimise(&e->g, (int)count, e->output, e->error);
  if (status == RT_OK && !o->gradient_count)
    status = ir_multiply_less(&e->g, (int)count, e->output, o->session, e->error);
  if (status == RT_OK) status = ir_equal_queries(&e->g, (int)count, e->output, e->error);
  if (status == RT_OK) status = ir_optimise(&e->g, (int)count, e->output, e->error);
  return status;
}

/* A table whose gradient is a scatter alone receives rows: the table itself may be far larger than a batch.
 */
static void use_rows(struct ir_emitter *e) {
  for (int k = 0; k < e->outputs->gradient_count; k++) {
    const struct ir_node *n = &e->g.node[e->grad[k]];
    if (!e->grad[k] || n->op != OP_scatter) continue;
    e->grad_ids[k] = n->arg[0];
    e->grad[k] = n->arg[1];
  }
}

static int mark(struct ir_emitter *e) {
  e->live = rt_zalloc(e->g.count, sizeof *e->live);
  e->keep = rt_zalloc(e->g.count, sizeof *e->keep);
  e->escapes = rt_zalloc(e->g.count, sizeof *e->escapes);
  e->value_of = rt_alloc(e->g.count * sizeof *e->value_of);
  e->plan_of = rt_alloc((e->g.head_count + 1) * sizeof *e->plan_of);
  e->first_result = rt_zalloc(e->g.count, sizeof *e->first_result);
  e->next_result = rt_zalloc(e->g.count, sizeof *e->next_result);
  e->has_gradient = rt_zalloc(e->g.head_count, sizeof *e->has_gradient);
  if (!e->live || !e->keep || !e->escapes || !e->value_of || !e->plan_of || !e->first_result
      || !e->next_result || !e->has_gradient)
    return rt_no_memory(e->error);
  memset(e->value_of, 0xFF, e->g.count * sizeof *e->value_of);
  memset(e->plan_of, 0xFF, (e->g.head_count + 1) * sizeof *e->plan_of);
  for (int k = 0; k < e->root_count; k++) e->keep[e->output[k]] = true;
  e->keep[0] = false;
  memcpy(e->live, e->keep, e->g.count * sizeof *e->live);
  ir_mark_live(&e->g, 0, NULL, e->live);
  return RT_OK;
}

static void list_results(struct ir_emitter *e) {
  for (ir_id n = 1; n < e->g.count; n++) {
    const struct ir_node *node = &e->g.node[n];
    if (e->live[n] && node->op == OP_attention_grad) e->has_gradient[node->attr[0]] = true;
    if (!e->live[n] || node->op != OP_result) continue;
    e->next_result[n] = e->first_result[node->arg[0]];
    e->first_result[node->arg[0]] = n;
  }
}

/* Which members of a group must be written to memory. */
static void mark_escapes(struct ir_emitter *e) {
  for (ir_id n = 1; n < e->g.count; n++) {
    const struct ir_node *node = &e->g.node[n];
    bool lane = rt_is_lane(node->op);
    if (e->keep[n]) e->escapes[n] = true;
    if (!e->live[n] || (ir_is_absorbed(node) && e->schedule.unit_of[n] == UINT32_MAX)) continue;
    for (int k = 0; k < node->arg_count; k++) {
      ir_id arg = node->arg[k];
      if (lane && e->g.node[arg].op == OP_expand) arg = e->g.node[arg].arg[0];
      if (!e->groups.of[arg] || e->groups.of[arg] != e->groups.of[n]) e->escapes[arg] = true;
    }
  }
}

static int list_members(struct ir_emitter *e) {
  e->member_start = rt_zalloc((size_t)e->schedule.count + 2, sizeof *e->member_start);
  e->member = rt_zalloc(e->g.count, sizeof *e->member);
  if (!e->member_start || !e->member) return rt_no_memory(e->error);
  for (ir_id n = 1; n < e->g.count; n++)
    if (e->groups.of[n]) e->member_start[e->schedule.unit_of[n] + 2]++;
  for (uint32_t u = 1; u < e->schedule.count + 2; u++) e->member_start[u] += e->member_start[u - 1];
  for (ir_id n = 1; n < e->g.count; n++)
    if (e->groups.of[n]) e->member[e->member_start[e->schedule.unit_of[n] + 1]++] = n;
  return RT_OK;
}

/* ---- memory ---- */

static void keep_to_the_end(struct ir_emitter *e, ir_id n) {
  if (n) ir_value_read(e, ir_value_of(e, n), UINT32_MAX);
}

/* A wish to write over an input holds only where that input dies at this very instruction. */
static void check_wishes(struct ir_emitter *e) {
  for (size_t k = 0; k < e->lives_count; k++)
    if (e->lives[k].over != UINT32_MAX && e->lives[e->lives[k].over].to != e->lives[k].from)
      e->lives[k].over = UINT32_MAX;
}

static int give_slots(struct ir_emitter *e, uint32_t *slot_count) {
  for (int k = 0; k < e->outputs->count; k++) keep_to_the_end(e, e->output[k]);
  for (int k = 0; k < e->outputs->gradient_count; k++) {
    keep_to_the_end(e, e->grad[k]);
    keep_to_the_end(e, e->grad_ids[k]);
  }
  if (e->error && e->error->code) return e->error->code;
  check_wishes(e);
  int status = ir_plan(e->lives, (uint32_t)e->lives_count, slot_count, e->error);
  for (size_t v = 0; v < e->value_count; v++)
    if (e->life_of[v] != UINT32_MAX) e->value[v].index = e->lives[e->life_of[v]].slot;
  return status;
}

/* ---- the function and the module ---- */

/* A copy of old[0..count-1] followed by more[0..more_count-1]; NULL when out of memory. */
static void *joined(struct rt_arena *arena, const void *old, size_t count, const void *more,
                    size_t more_count, size_t size) {
  char *all = rt_arena_alloc(arena, (count + more_count ? count + more_count : 1) * size);
  if (all && count) memcpy(all, old, count * size);
  if (all && more_count) memcpy(all + count * size, more, more_count * size);
  return all;
}

static int fill_function(struct ir_emitter *e, struct vm_function *f) {
  const struct ir_outputs *o = e->outputs;
  struct rt_arena *arena = &e->module->arena;
  f->value = joined(arena, NULL, 0, e->value, e->value_count, sizeof *e->value);
  f->value_count = (uint32_t)e->value_count;
  f->instr = joined(arena, NULL, 0, e->instr, e->instr_count, sizeof *e->instr);
  f->instr_count = (uint32_t)e->instr_count;
  f->argument = joined(arena, NULL, 0, o->argument, (size_t)o->argument_count, sizeof *o->argument);
  f->argument_count = (uint32_t)o->argument_count;
  f->output = rt_arena_alloc(arena, (size_t)(o->count + 1) * sizeof *f->output);
  f->output_name = rt_arena_alloc(arena, (size_t)(o->count + 1) * sizeof *f->output_name);
  f->gradient = rt_arena_alloc(arena, (size_t)(o->gradient_count + 1) * sizeof *f->gradient);
  if (!f->value || !f->instr || !f->argument || !f->output || !f->output_name || !f->gradient)
    return rt_no_memory(e->error);
  for (int k = 0; k < o->count; k++) {
    f->output[f->output_count++] = ir_value_of(e, e->output[k]);
    if (!(f->output_name[k] = rt_arena_strndup(arena, o->name[k], strlen(o->name[k]))))
      return rt_no_memory(e->error);
  }
  for (int k = 0; k < o->gradient_count; k++)
    if (e->grad[k])
      f->gradient[f->gradient_count++] =
          (struct vm_gradient){o->param[k], ir_value_of(e, e->grad[k]),
                               e->grad_ids[k] ? ir_value_of(e, e->grad_ids[k]) : UINT32_MAX};
  return RT_OK;
}

static int add_to_module(struct ir_emitter *e, const struct vm_function *f) {
  struct vm_module *m = e->module;
  void *function = joined(&m->arena, m->function, m->function_count, f, 1, sizeof *f);
  void *lanes = joined(&m->arena, m->lanes, m->lanes_count, e->lanes, e->lanes_count, sizeof *e->lanes);
  void *attend = joined(&m->arena, m->attend, m->attend_count, e->attend, e->attend_count, sizeof *e->attend);
  void *head_name =
      joined(&m->arena, m->head_name, m->attend_count, e->head_name, e->attend_count, sizeof *e->head_name);
  void *line = joined(&m->arena, m->line, m->line_count, e->line, e->line_count, sizeof *e->line);
  if (!function || !lanes || !attend || !head_name || !line) return rt_no_memory(e->error);
  m->function = function;
  m->function_count++;
  m->lanes = lanes;
  m->lanes_count += (uint32_t)e->lanes_count;
  m->attend = attend;
  m->head_name = head_name;
  m->attend_count += (uint32_t)e->attend_count;
  m->line = line;
  m->line_count += (uint32_t)e->line_count;
  return RT_OK;
}

/* The steps, in order. */
static int emit(struct ir_emitter *e, const struct ir_graph *g, const char *name) {
  struct vm_function f = {.name = rt_arena_strndup(&e->module->arena, name, strlen(name))};
  int status = f.name ? prepare_graph(e, g) : rt_no_memory(e->error);
  if (status != RT_OK) return status;
  use_rows(e);
  if ((status = ir_recompute(&e->g, e->root_count, e->output, e->error)) != RT_OK) return status;
  if ((status = mark(e)) != RT_OK) return status;
  if ((status = ir_emit_bodies(e)) != RT_OK) return status;
  if ((status = ir_fuse(&e->g, e->live, e->keep, &e->groups, e->error)) != RT_OK) return status;
  if ((status = ir_schedule_make(&e->g, e->live, e->keep, &e->groups, &e->schedule, e->error)) != RT_OK)
    return status;
  mark_escapes(e);
  list_results(e);
  if ((status = list_members(e)) != RT_OK) return status;
  if ((status = ir_emit_instructions(e)) != RT_OK) return status;
  if (e->unfit) return rt_fail(e->error, RT_BAD_DATA, "a head is too large for a plan");
  if ((status = give_slots(e, &f.slot_count)) != RT_OK) return status;
  if ((status = fill_function(e, &f)) != RT_OK) return status;
  return add_to_module(e, &f);
}

static void free_emitter(struct ir_emitter *e) {
  void *blocks[] = {e->output,       e->live,     e->keep,      e->escapes,      e->member_start,
                    e->member,       e->value_of, e->plan_of,   e->first_result, e->next_result,
                    e->has_gradient, e->value,    e->lives,     e->life_of,      e->instr,
                    e->lanes,        e->attend,   e->head_name, e->line,         e->g.node};
  for (size_t k = 0; k < RT_COUNT(blocks); k++) rt_free(blocks[k]);
  ir_groups_free(&e->groups);
  ir_schedule_free(&e->schedule);
  rt_arena_free(&e->g.arena);
}

int ir_emit(struct ir_graph *g, const struct ir_outputs *outputs, const char *name, struct vm_module *module,
            struct rt_error *error) {
  struct rt_error own = {0};
  struct ir_emitter e = {.outputs = outputs, .module = module, .error = error ? error : &own};
  int status = emit(&e, g, name);
  free_emitter(&e);
  return status;
}
