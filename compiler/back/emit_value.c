/* emit_value.c: values: where each node lives and how long. */
#include "compiler/back/emit.h"

static uint32_t add_value(struct ir_emitter *e, struct vm_value value, uint32_t life) {
  if (rt_grow((void **)&e->value, &e->value_capacity, e->value_count + 1, sizeof *e->value) != RT_OK
      || rt_grow((void **)&e->life_of, &e->life_of_capacity, e->value_count + 1, sizeof *e->life_of)
             != RT_OK) {
    rt_no_memory(e->error);
    return IR_NO_VALUE;
  }
  e->value[e->value_count] = value;
  e->life_of[e->value_count] = life;
  return (uint32_t)e->value_count++;
}

uint32_t ir_value_new(struct ir_emitter *e, const struct vm_type *type, uint32_t at) {
  vm_dim extent = vm_type_elements(e->g.dims, type);
  if (extent == VM_NO_DIM
      || rt_grow((void **)&e->lives, &e->lives_capacity, e->lives_count + 1, sizeof *e->lives) != RT_OK) {
    rt_no_memory(e->error);
    return IR_NO_VALUE;
  }
  e->lives[e->lives_count] = (struct ir_live){.from = at,
                                              .to = at,
                                              .extent = extent,
                                              .dtype = type->dtype,
                                              .batched = type->batched,
                                              .over = UINT32_MAX};
  return add_value(e, (struct vm_value){*type, VM_IN_SLOT, 0}, (uint32_t)e->lives_count++);
}

/* A view has its own type, and lies where the value that it shows lies. */
static uint32_t view(struct ir_emitter *e, ir_id n) {
  uint32_t shown = ir_value_of(e, e->g.node[n].arg[0]);
  if (shown == IR_NO_VALUE) return IR_NO_VALUE;
  struct vm_value value = e->value[shown];
  value.type = e->g.node[n].type;
  return add_value(e, value, e->life_of[shown]);
}

uint32_t ir_value_of(struct ir_emitter *e, ir_id n) {
  const struct ir_node *node = &e->g.node[n];
  if (e->value_of[n] != IR_NO_VALUE) return e->value_of[n];
  if (rt_op_info[node->op].flags & RT_VIEW) return e->value_of[n] = view(e, n);
  switch (node->op) {
    case OP_param:
      return e->value_of[n] = add_value(
                 e, (struct vm_value){node->type, VM_IN_PARAM, (uint32_t)node->attr[0]}, UINT32_MAX);
    case OP_input:
      if (e->outputs->argument_count && node->attr[0] >= e->outputs->first_argument)
        return e->value_of[n] =
                   add_value(e,
                             (struct vm_value){node->type, VM_IN_ARGUMENT,
                                               (uint32_t)(node->attr[0] - e->outputs->first_argument)},
                             UINT32_MAX);
      return e->value_of[n] = add_value(
                 e, (struct vm_value){node->type, VM_IN_INPUT, (uint32_t)node->attr[0]}, UINT32_MAX);
    default:
      rt_fail(e->error, RT_BAD_DATA, "internal: the result of `%s` is used before it is made",
              rt_op_info[node->op].name);
      return IR_NO_VALUE;
  }
}

void ir_value_read(struct ir_emitter *e, uint32_t value, uint32_t at) {
  if (value == IR_NO_VALUE || e->life_of[value] == UINT32_MAX) return;
  struct ir_live *life = &e->lives[e->life_of[value]];
  if (at > life->to) life->to = at;
}
