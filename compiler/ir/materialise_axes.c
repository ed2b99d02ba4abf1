/* materialise_axes.c: the axes of a slot's values, and where they are hidden. */
#include "compiler/ir/materialise.h"

const struct vm_type ir_number_type = {.dtype = RT_REAL, .of = VM_NO_DIM};

bool ir_tensor_batched(const struct materialise *m, ir_id id) { return m->g->node[id].type.batched; }

struct vm_type ir_tensor_type(const struct materialise *m, uint8_t varies, const struct vm_type *own,
                              bool batched) {
  struct vm_type type = {.dtype = RT_REAL, .batched = batched, .of = VM_NO_DIM};
  if (varies & H) type.dim[type.rank++] = m->dim[ATTEND_H];
  for (int a = 0; a < own->rank; a++) type.dim[type.rank++] = own->dim[a];
  for (int role = ATTEND_I; role <= ATTEND_J; role++)
    if (varies & IR_VARIES(role)) type.dim[type.rank++] = m->dim[role];
  for (int a = 0; a < type.rank; a++) type.batched |= vm_dim_is_ragged(m->g->dims, type.dim[a]);
  return type;
}

int ir_tensor_axis(uint8_t varies, int own_rank, enum attend_axis role) {
  int h = varies & H ? 1 : 0;
  return role == ATTEND_H ? 0 : h + own_rank + (role == ATTEND_J && varies & I);
}

uint32_t ir_tensor_axes(uint8_t of, uint8_t in, int own_rank) {
  uint32_t axes = 0;
  for (int role = ATTEND_I; role <= ATTEND_H; role++)
    if (of & IR_VARIES(role)) axes |= 1u << ir_tensor_axis(in, own_rank, (enum attend_axis)role);
  return axes;
}

ir_id ir_tensor_spread(struct materialise *m, struct tensor t, uint8_t to, const struct vm_type *own,
                       bool batched) {
  if (!t.id) return 0;
  struct vm_type type = ir_tensor_type(m, to, own, batched || ir_tensor_batched(m, t.id));
  uint32_t axes = ir_tensor_axes(t.varies, to, own->rank);
  for (int a = 0; a < own->rank; a++) axes |= 1u << (a + (to & H ? 1 : 0));
  return ir_expand_axes(here(m), t.id, axes, &type);
}

ir_id ir_tensor_fill(struct materialise *m, double number, const struct vm_type *type) {
  return ir_constant(here(m), number, type);
}

ir_id ir_tensor_choose(struct materialise *m, ir_id c, ir_id yes, ir_id no) {
  ir_id id = ir_add(here(m), (struct ir_op){OP_select, 3, .arg = (ir_id[]){c, yes, no}});
  if (id) m->g->node[id].choice = IR_CHOICE_OWN;
  return id;
}

ir_id ir_tensor_hide(struct materialise *m, struct tensor t, const struct vm_type *own,
                     const struct tensor *seen, double hidden) {
  bool by_head = t.varies & G && seen->varies & H;
  uint8_t varies = by_head ? seen->varies & (uint8_t)~H : seen->varies;
  if (!t.id || !seen->id || (varies & ~t.varies)) return t.id;
  bool batched = ir_tensor_batched(m, t.id) || ir_tensor_batched(m, seen->id);
  struct vm_type type = ir_tensor_type(m, t.varies, own, batched);
  uint32_t axes = ir_tensor_axes(varies, t.varies, own->rank) | (by_head ? t.varies & H ? 2 : 1 : 0);
  ir_id condition = ir_expand_axes(here(m), seen->id, axes,
                                   &type); /* one for all elements of a vector, but of those of heads */
  return ir_tensor_choose(m, condition, ir_tensor_spread(m, t, t.varies, own, batched),
                          ir_tensor_fill(m, hidden, &type));
}

const struct tensor *ir_tensors_seen(const struct materialise *m, uint8_t varies) {
  return &m->seen[varies & (I | J)];
}

ir_id ir_tensor_enter(struct materialise *m, struct tensor t, uint8_t to, const struct vm_type *own,
                      bool batched) {
  struct tensor wide = {ir_tensor_spread(m, t, to, own, batched), to};
  return to & (I | J | R) && t.varies != to ? ir_tensor_hide(m, wide, own, ir_tensors_seen(m, to), 0)
                                            : wide.id;
}

/* ---- what is seen ---- */

static struct tensor both(struct materialise *m, struct tensor a, struct tensor b) {
  if (!a.id || !b.id) return a.id ? a : b;
  struct tensor t = {0, a.varies | b.varies};
  bool batched = ir_tensor_batched(m, a.id) || ir_tensor_batched(m, b.id);
  ir_id arg[2] = {ir_tensor_spread(m, a, t.varies, &ir_number_type, batched),
                  ir_tensor_spread(m, b, t.varies, &ir_number_type, batched)};
  t.id = ir_binary(here(m), OP_and, arg[0], arg[1]);
  return t;
}

/* Is there a query, a key? id 0: always. */
static struct tensor exists(struct materialise *m, enum attend_axis role) {
  struct tensor t = {0, 0};
  int64_t size;
  if (role == ATTEND_I && m->first) return t; /* a block has some */
  if (m->dim[role] == VM_NO_DIM || (!vm_dim_value(m->g->dims, m->dim[role], NULL, &size, NULL) && size > 0))
    return t;
  t.id = ir_binary(here(m), OP_lt, ir_tensor_fill(m, 0, &ir_number_type), ir_size(here(m), m->dim[role]));
  return t;
}

/* Where any of the other position is seen. */
static struct tensor any(struct materialise *m, struct tensor t, enum attend_axis other) {
  if (!(t.varies & IR_VARIES(other))) return both(m, t, exists(m, other));
  struct vm_type type = m->g->node[t.id].type;
  uint32_t keep = ((1u << type.rank) - 1) & ~(1u << ir_tensor_axis(t.varies, 0, other));
  struct vm_type kept = ir_kept(&type, keep, type.batched);
  ir_id most = ir_add(here(m), (struct ir_op){OP_maximum, 1, .arg = &t.id, .attr = {keep}, .type = &kept}),
        zero = ir_tensor_fill(m, 0, &kept);
  t.id = ir_binary(here(m), OP_lt, zero, most); /* of nothing it is -infinity */
  t.varies &= (uint8_t)~IR_VARIES(other);
  return t;
}

bool ir_tensors_see(struct materialise *m, struct tensor mask) {
  m->seen[I | J] = mask;
  m->seen[I] = any(m, mask, ATTEND_J);
  m->seen[J] = any(m, mask, ATTEND_I);
  m->seen[0] = any(m, m->seen[I], ATTEND_I);
  return !m->error || !m->error->code;
}
