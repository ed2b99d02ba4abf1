/* scan_state.c: states of scan that are lists. A recurrence carries one tensor, so the tensors of a list are
 * carried one behind the other in a vector, from which a step gets them in their own shapes. */
#include "compiler/front/elaborate.h"

#include <string.h>

/* The type of a vector of n numbers, or of one for each row of the axis. */
static struct vm_type vector_of(vm_dim n, vm_dim axis, bool batched) {
  struct vm_type type = {.dtype = RT_REAL, .batched = batched, .of = VM_NO_DIM};
  if (axis != VM_NO_DIM) type.dim[type.rank++] = axis;
  type.dim[type.rank++] = n;
  return type;
}

int cc_state_kinds(struct cc_context *c, struct cc_state *state, const struct cc_value *value,
                   struct gr_span span, ir_id *piece) {
  if (value->kind != CC_LIST) return RT_OK;
  if (value->item_count < 1 || value->item_count > CC_MOST_RESULTS)
    return gr_fail(c->error, span, "a state is a list of 1 to %d tensors, and this has %d", CC_MOST_RESULTS,
                   value->item_count);
  vm_dim total = vm_dim_number(&c->module->dims, 0);
  for (int k = 0; k < value->item_count; k++) {
    int status = cc_to_real(c, &value->item[k], span, &piece[k]);
    if (status != RT_OK) return status;
    if (cc_is_lifted(c, cc_type(c, piece[k])))
      return gr_fail(c->error, span, "within head[H] a state that is a list cannot differ between heads");
    state->piece[k] = *cc_type(c, piece[k]);
    state->begin[k] = total;
    total = vm_dim_plus(&c->module->dims, total, vm_type_elements(&c->module->dims, &state->piece[k]));
    if (total == VM_NO_DIM) return cc_out_of_memory(c);
  }
  state->begin[value->item_count] = total;
  state->count = value->item_count;
  return RT_OK;
}

int cc_state_pack(struct cc_context *c, const struct cc_state *state, const ir_id *piece, struct gr_span span,
                  ir_id *packed) {
  struct ir_at at = cc_in_model(c, span);
  ir_id flat[CC_MOST_RESULTS];
  bool batched = false;
  for (int k = 0; k < state->count; k++) batched |= cc_type(c, piece[k])->batched;
  for (int k = 0; k < state->count; k++) {
    struct vm_type own = *cc_type(c, piece[k]);
    own.batched = batched;
    struct vm_type vector = vector_of(vm_type_elements(&c->module->dims, &own), VM_NO_DIM, batched);
    flat[k] = ir_reshape(at, ir_expand_axes(at, piece[k], (1u << own.rank) - 1, &own), &vector);
  }
  struct vm_type all = vector_of(state->begin[state->count], VM_NO_DIM, batched);
  *packed = state->count == 1
                ? flat[0]
                : ir_add(at, (struct ir_op){OP_concat, state->count, .arg = flat, .attr = {0}, .type = &all});
  return *packed ? RT_OK : c->error->code;
}

int cc_state_unpack(struct cc_context *c, const struct cc_state *state, ir_id packed, struct gr_span span,
                    struct cc_value *list) {
  struct ir_at at = cc_in_model(c, span);
  const struct vm_type from = *cc_type(c, packed);
  const vm_dim axis = from.rank == 2 ? from.dim[0] : VM_NO_DIM;
  *list = (struct cc_value){.kind = CC_LIST, .item_count = state->count};
  list->item = rt_arena_alloc(&c->model->arena, sizeof *list->item * (size_t)state->count);
  if (!list->item) return cc_out_of_memory(c);
  for (int k = 0; k < state->count; k++) {
    struct vm_type own = state->piece[k],
                   part = vector_of(vm_type_elements(&c->module->dims, &own), axis, from.batched);
    ir_id id = packed;
    if (state->count > 1)
      id = ir_add(at, (struct ir_op){OP_slice, 1, .arg = &packed, .attr = {from.rank - 1, state->begin[k]},
                                     .type = &part});
    if (axis != VM_NO_DIM) {
      memmove(&own.dim[1], &own.dim[0], own.rank * sizeof own.dim[0]);
      own.dim[0] = axis;
      own.rank++;
    }
    own.batched = from.batched;
    list->item[k] = (struct cc_value){.kind = CC_TENSOR, .id = ir_reshape(at, id, &own)};
    if (!list->item[k].id) return c->error->code;
  }
  return RT_OK;
}
