/* emit_instr.c: units as instructions. */
#include "compiler/back/emit.h"

#include <string.h>

static int out_of_memory(struct ir_emitter *e) { return rt_no_memory(e->error); }

/* ---- lines: where an instruction comes from ---- */

static const char *line_text(struct ir_emitter *e, const struct gr_source *s, uint32_t line) {
  uint32_t begin = s->line_start[line], end = begin;
  while (end < s->length && s->text[end] != '\n' && s->text[end] != '\r') end++;
  return rt_arena_strndup(&e->module->arena, s->text + begin, end - begin);
}

enum { NEAR = 64 };

static bool same_name(const char *a, const char *b) { return a == b || (a && b && !strcmp(a, b)); }

static uint32_t line_of(struct ir_emitter *e, const struct ir_node *n) {
  int line, column;
  if (!n->span.source) return UINT32_MAX;
  gr_span_place(n->span, &line, &column);
  for (size_t k = e->line_count; k-- > 0 && e->line_count - k <= NEAR;) /* equal ones tend to be near */
    if (e->line[k].line == (uint32_t)line && e->line[k].column == (uint32_t)column
        && same_name(e->line[k].name, n->name) && !strcmp(e->line[k].file, n->span.source->name))
      return e->module->line_count + (uint32_t)k;
  struct rt_arena *arena = &e->module->arena;
  struct vm_line made = {.line = (uint32_t)line, .column = (uint32_t)column};
  made.file = rt_arena_strndup(arena, n->span.source->name, strlen(n->span.source->name));
  made.text = line >= 1 && (uint32_t)line <= n->span.source->line_count
                  ? line_text(e, n->span.source, (uint32_t)line - 1)
                  : "";
  made.name = n->name ? rt_arena_strndup(arena, n->name, strlen(n->name)) : NULL;
  if (!made.file || !made.text || (n->name && !made.name)
      || rt_grow((void **)&e->line, &e->line_capacity, e->line_count + 1, sizeof *e->line) != RT_OK) {
    out_of_memory(e);
    return UINT32_MAX;
  }
  e->line[e->line_count] = made;
  return e->module->line_count + (uint32_t)e->line_count++;
}

/* ---- one instruction ---- */

static struct vm_instr *begin(struct ir_emitter *e, uint16_t op, ir_id n, int in_count, int out_count) {
  struct rt_arena *arena = &e->module->arena;
  if (rt_grow((void **)&e->instr, &e->instr_capacity, e->instr_count + 1, sizeof *e->instr) != RT_OK) {
    out_of_memory(e);
    return NULL;
  }
  struct vm_instr *in = &e->instr[e->instr_count];
  const struct ir_node *node = &e->g.node[n];
  *in = (struct vm_instr){
      .op = op, .in_count = (uint16_t)in_count, .out_count = (uint16_t)out_count, .real = node->real};
  in->in = rt_arena_alloc(arena, (size_t)(in_count ? in_count : 1) * sizeof *in->in);
  in->out = rt_arena_alloc(arena, (size_t)(out_count ? out_count : 1) * sizeof *in->out);
  if (!in->in || !in->out) {
    out_of_memory(e);
    return NULL;
  }
  memcpy(in->attr, node->attr, sizeof in->attr);
  in->line = line_of(e, node);
  return e->error && e->error->code ? NULL : in;
}

static bool read_arg(struct ir_emitter *e, struct vm_instr *in, int k, ir_id n) {
  in->in[k] = ir_value_of(e, n);
  ir_value_read(e, in->in[k], (uint32_t)e->instr_count);
  return in->in[k] != IR_NO_VALUE;
}

static bool write_result(struct ir_emitter *e, struct vm_instr *in, int k, ir_id n,
                         const struct vm_type *type) {
  in->out[k] = ir_value_new(e, type, (uint32_t)e->instr_count);
  if (n) e->value_of[n] = in->out[k];
  return in->out[k] != IR_NO_VALUE;
}

/* ---- heads ---- */

/* A plan of an earlier function that this head, called so, can use as it is. Within one function every head
 * has a plan of its own: plans also say which random numbers are drawn. */
static int64_t same_plan(const struct ir_emitter *e, const struct attend_plan *plan, const char *name) {
  for (int64_t k = 0; k < (int64_t)e->module->attend_count; k++) {
    bool taken = false;
    for (uint32_t h = 0; h < e->g.head_count; h++) taken = taken || e->plan_of[h] == k;
    if (!taken && !strcmp(e->module->head_name[k], name) && ir_same_plan(&e->module->attend[k], plan))
      return k;
  }
  return -1;
}

/* A head whose slots are too large has a plan without them: the function is not used, but others like it are
 * found at once. */
static int lower_plan(struct ir_emitter *e, int64_t head_number, struct attend_plan *plan) {
  struct ir_head *head = e->g.head[head_number];
  int status = ir_lower_head(head, e->outputs->training, e->has_gradient[head_number], &e->module->arena,
                             plan, e->error);
  if (status != RT_BAD_DATA || !head->unfit) return status;
  rt_error_clear(e->error);
  e->unfit = true;
  *plan = ir_head_plan(head);
  return RT_OK;
}

static int add_plan(struct ir_emitter *e, int64_t head_number) {
  const struct ir_head *head = e->g.head[head_number];
  const char *name = head->name ? head->name : "";
  struct attend_plan plan;
  int status = lower_plan(e, head_number, &plan);
  if (status != RT_OK || (e->plan_of[head_number] = same_plan(e, &plan, name)) >= 0) return status;
  char *copy = rt_arena_strndup(&e->module->arena, name, strlen(name));
  if (!copy
      || rt_grow((void **)&e->attend, &e->attend_capacity, e->attend_count + 1, sizeof *e->attend) != RT_OK
      || rt_grow((void **)&e->head_name, &e->head_name_capacity, e->attend_count + 1, sizeof *e->head_name)
             != RT_OK)
    return out_of_memory(e);
  e->attend[e->attend_count] = plan;
  e->head_name[e->attend_count] = copy;
  e->plan_of[head_number] = (int64_t)(e->module->attend_count + e->attend_count++);
  return RT_OK;
}

static int result_count(const struct ir_emitter *e, const struct ir_node *node, int64_t attr[RT_MAX_ATTR]) {
  enum rt_op op = node->op;
  if (ir_is_scan(op)) return ir_scan_attrs(ir_scan_of(&e->g, node), e->outputs->training, attr);
  if (op == OP_call) return ir_native_results(&e->g, node);
  if (!rt_has_plan(op)) return 1;
  struct attend_plan plan = ir_head_plan(e->g.head[node->attr[0]]);
  attr[0] = e->plan_of[node->attr[0]];
  return vm_op_result_count(op, &plan);
}

/* The type of result k that nobody reads; false on failure. */
static bool unread_result(struct ir_emitter *e, ir_id n, int k, struct vm_type *type) {
  const struct ir_node *node = &e->g.node[n];
  const struct vm_type *types[6 + ATTEND_MAX_EXTRAS];
  struct vm_mismatch m;
  if (ir_is_scan(node->op)) {
    *type = ir_scan_result(ir_scan_of(&e->g, node), &e->g, node, k);
    return true;
  }
  if (node->op == OP_call) {
    *type = ir_native_result(&e->g, node, k);
    return true;
  }
  struct attend_plan plan = ir_head_plan(e->g.head[node->attr[0]]);
  for (int arg = 0; arg < node->arg_count; arg++) types[arg] = &e->g.node[node->arg[arg]].type;
  const struct vm_op_call call = {.dims = e->g.dims,
                                  .op = node->op,
                                  .arg_count = node->arg_count,
                                  .arg = types,
                                  .attr = node->attr,
                                  .plan = &plan,
                                  .mismatch = &m};
  if (vm_signature_result(&call, k, type) == RT_OK) return true;
  rt_fail(e->error, RT_BAD_DATA, "internal: `%s` has no result %d: %s", rt_op_info[node->op].name, k, m.why);
  return false;
}

/* All results are written, also those that nobody reads. */
static bool write_results(struct ir_emitter *e, struct vm_instr *in, ir_id n) {
  if (!write_result(e, in, 0, n, &e->g.node[n].type)) return false;
  for (int k = 1; k < in->out_count; k++) {
    struct vm_type type;
    ir_id named = e->first_result[n];
    while (named && e->g.node[named].attr[0] != k) named = e->next_result[named];
    if (named)
      type = e->g.node[named].type;
    else if (!unread_result(e, n, k, &type))
      return false;
    if (!write_result(e, in, k, named, &type)) return false;
  }
  return true;
}

/* The result is written over an argument where the op's row allows it and this is the end of that argument: a
 * wish, as below. Its memory must not be read as another argument too. */
static void wish_to_overwrite(struct ir_emitter *e, const struct vm_instr *in) {
  for (int k = 0; k < in->in_count; k++) {
    uint32_t life = e->life_of[in->in[k]];
    bool alone = vm_op_may_overwrite(in->op, k) && life != UINT32_MAX;
    for (int j = 0; alone && j < in->in_count; j++) alone = j == k || e->life_of[in->in[j]] != life;
    if (alone) e->lives[e->life_of[in->out[0]]].over = life;
  }
}

static int emit_node(struct ir_emitter *e, ir_id n) {
  const struct ir_node node = e->g.node[n];
  int64_t attr[RT_MAX_ATTR];
  if (rt_has_plan(node.op) && e->plan_of[node.attr[0]] < 0) {
    int status = add_plan(e, node.attr[0]);
    if (status != RT_OK) return status;
  }
  memcpy(attr, node.attr, sizeof attr);
  int results = result_count(e, &node, attr);
  struct vm_instr *in = begin(e, node.op, n, node.arg_count, results);
  bool ok = in != NULL;
  for (int k = 0; ok && k < node.arg_count; k++) ok = read_arg(e, in, k, node.arg[k]);
  if (ok) {
    memcpy(in->attr, attr, sizeof attr);
    ok = write_results(e, in, n);
  }
  if (!ok) return e->error && e->error->code ? e->error->code : RT_NO_MEMORY;
  wish_to_overwrite(e, in);
  e->instr_count++;
  return RT_OK;
}

/* ---- lane programs ---- */

/* An output may be written over an input of its type that is read here alone and for the last time: that
 * becomes known at the end, so what is noted here is a wish. The input must not be read through two
 * arguments. */
static void wish_in_place(struct ir_emitter *e, const struct vm_instr *in, const struct lane_program *p,
                          const struct vm_type *type) {
  uint32_t full = (1u << type->rank) - 1;
  int taken = 0;
  for (int k = 0; k < in->in_count && taken < in->out_count; k++) {
    uint32_t value = in->in[k], life = e->life_of[value];
    bool alone = life != UINT32_MAX && p->input_axes[k] == full && vm_type_equal(&e->value[value].type, type);
    for (int j = 0; alone && j < in->in_count; j++) alone = j == k || e->life_of[in->in[j]] != life;
    if (alone) e->lives[e->life_of[in->out[taken++]]].over = life;
  }
}

/* The number of a program: an equal one that is there already, or the new one. */
static int64_t number_of_program(struct ir_emitter *e, const struct lane_program *program) {
  for (uint32_t k = 0; k < e->module->lanes_count; k++)
    if (ir_same_program(&e->module->lanes[k], program)) return k;
  for (size_t k = 0; k < e->lanes_count; k++)
    if (ir_same_program(&e->lanes[k], program)) return (int64_t)(e->module->lanes_count + k);
  if (rt_grow((void **)&e->lanes, &e->lanes_capacity, e->lanes_count + 1, sizeof *e->lanes) != RT_OK)
    return out_of_memory(e), -1;
  e->lanes[e->lanes_count] = *program;
  return (int64_t)(e->module->lanes_count + e->lanes_count++);
}

static int emit_group(struct ir_emitter *e, uint32_t unit) {
  const ir_id *member = &e->member[e->member_start[unit]];
  int count = (int)(e->member_start[unit + 1] - e->member_start[unit]), output_count = 0;
  ir_id output[LANE_MAX_OUTPUTS];
  for (int k = 0; k < count; k++)
    if (e->escapes[member[k]] && output_count < LANE_MAX_OUTPUTS) output[output_count++] = member[k];
  struct ir_lane_inputs inputs;
  struct lane_program program;
  const struct ir_lane_group group = {&e->g, count, output_count, member, output};
  int status = ir_lower_group(&group, &e->module->arena, &program, &inputs, e->error);
  if (status != RT_OK) return status;
  struct vm_instr *in = begin(e, OP_lanes, member[count - 1], inputs.count, output_count);
  if (!in) return e->error && e->error->code ? e->error->code : RT_NO_MEMORY;
  memset(in->attr, 0, sizeof in->attr);
  in->real = 0;
  in->attr[0] = number_of_program(e, &program);
  bool ok = in->attr[0] >= 0;
  for (int k = 0; ok && k < inputs.count; k++) ok = read_arg(e, in, k, inputs.source[k]);
  for (int k = 0; ok && k < output_count; k++)
    ok = write_result(e, in, k, output[k], &e->g.node[output[k]].type);
  if (!ok) return e->error && e->error->code ? e->error->code : RT_NO_MEMORY;
  wish_in_place(e, in, &program, &e->g.node[output[0]].type);
  e->instr_count++;
  return RT_OK;
}

int ir_emit_instructions(struct ir_emitter *e) {
  int status = RT_OK;
  for (uint32_t u = 0; u < e->schedule.count && status == RT_OK; u++)
    status = e->schedule.unit[u].group ? emit_group(e, u) : emit_node(e, e->schedule.unit[u].node);
  return status;
}
