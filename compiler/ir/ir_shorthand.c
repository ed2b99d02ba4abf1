/* ir_shorthand.c: building the common ops: operands are brought to one shape, sums and sizes are named by
 * what stays. */
#include "compiler/ir/ir.h"

#include <string.h>

static struct ir_at place_of(struct ir_at at, ir_id a) {
  if (!at.span.source) at.span = at.g->node[a].span;
  return at;
}

ir_id ir_unary(struct ir_at at, enum rt_op op, ir_id a) {
  return ir_add(place_of(at, a), (struct ir_op){op, 1, .arg = &a});
}

ir_id ir_constant(struct ir_at at, double value, const struct vm_type *type) {
  struct vm_type t = {.dtype = RT_REAL, .of = VM_NO_DIM};
  if (type) t = *type;
  t.dtype = RT_REAL;
  t.of = VM_NO_DIM;
  return ir_add(at, (struct ir_op){OP_constant, .real = value, .type = &t});
}

ir_id ir_reshape(struct ir_at at, ir_id a, const struct vm_type *type) {
  return ir_add(place_of(at, a), (struct ir_op){OP_reshape, 1, .arg = &a, .type = type});
}

ir_id ir_transpose(struct ir_at at, ir_id a, int64_t order, const struct vm_type *type) {
  return ir_add(place_of(at, a), (struct ir_op){OP_transpose, 1, .arg = &a, .attr = {order}, .type = type});
}

ir_id ir_swap(struct ir_at at, ir_id a, int axis, int other) {
  const struct vm_type from = at.g->node[a].type;
  struct vm_type to = from;
  int64_t order = 0;
  to.dim[axis] = from.dim[other];
  to.dim[other] = from.dim[axis];
  for (int x = 0; x < from.rank; x++)
    order = rt_order_with(order, x, x == axis ? other : x == other ? axis : x);
  return ir_transpose(at, a, order, &to);
}

bool ir_keeps_order(int64_t order, int rank) {
  int x = 0;
  while (x < rank && rt_order_axis(order, x) == x) x++;
  return x == rank;
}

ir_id ir_matmul(struct ir_at at, ir_id a, bool a_transposed, ir_id b, bool b_transposed) {
  return ir_add(place_of(at, a),
                (struct ir_op){OP_matmul, 2, .arg = (ir_id[]){a, b}, .attr = {a_transposed, b_transposed}});
}

/* ---- one shape for two operands ---- */

/* In how many ways can a's dims be found in t's, in order (counted up to 2), and the mask of t's axes in the
 * last one. */
static int embed(const struct vm_type *a, int from_a, const struct vm_type *t, int from_t, uint32_t mask,
                 uint32_t *found) {
  if (from_a == a->rank) {
    *found = mask;
    return 1;
  }
  int ways = 0;
  for (int x = from_t; x <= t->rank - (a->rank - from_a) && ways < 2; x++)
    if (t->dim[x] == a->dim[from_a]) ways += embed(a, from_a + 1, t, x + 1, mask | 1u << x, found);
  return ways;
}

int ir_embed(const struct vm_type *a, const struct vm_type *type, uint32_t *axes) {
  return embed(a, 0, type, 0, 0, axes);
}

static bool same_size(struct ir_graph *g, const struct vm_type *a, const struct vm_type *b) {
  vm_dim size[2] = {VM_ONE, VM_ONE};
  for (int k = 0; k < 2; k++) {
    const struct vm_type *t = k ? b : a;
    for (int x = 0; x < t->rank && size[k] != VM_NO_DIM; x++)
      size[k] = vm_dim_times(g->dims, size[k], t->dim[x]);
  }
  return size[0] == size[1] && size[0] != VM_NO_DIM;
}

/* [T, 1] and [T, D]: an axis of length 1 is not stretched, but without it the rest goes with the other. */
static void hint_length_one(struct ir_at at, const struct vm_type *a, const struct vm_type *b) {
  int odd = 0, last = a->rank - 1;
  for (int x = 0; a->rank == b->rank && x < a->rank; x++) odd += a->dim[x] != b->dim[x];
  if (odd != 1 || last < 1 || (a->dim[last] == VM_ONE) == (b->dim[last] == VM_ONE)) return;
  struct rt_text text = {0};
  vm_type_print(at.g->dims, a->dim[last] == VM_ONE ? a : b, &text);
  rt_hint(at.error,
          "an axis of length 1 is not stretched: sum(…, 1) takes it away from %s, and the rest goes with the "
          "other",
          text.data ? text.data : "?");
  rt_text_free(&text);
}

static int fail_pair(struct ir_at at, const struct vm_type *a, const struct vm_type *b) {
  struct ir_graph *g = at.g;
  struct rt_text ta = {0}, tb = {0};
  vm_type_print(g->dims, a, &ta);
  vm_type_print(g->dims, b, &tb);
  int status = gr_fail(at.error, at.span,
                       "%s and %s do not go together element by element: one must have all axes of the "
                       "other, in the same order",
                       ta.data ? ta.data : "?", tb.data ? tb.data : "?");
  rt_text_free(&ta);
  rt_text_free(&tb);
  hint_length_one(at, a, b);
  for (int x = 0; a->rank == b->rank && x < a->rank; x++) ir_hint_dims(g, a->dim[x], b->dim[x], at.error);
  if (a->rank && b->rank && a->rank != b->rank && same_size(g, a, b)) {
    ta = (struct rt_text){0};
    vm_type_print(g->dims, a->rank < b->rank ? a : b, &ta);
    rt_hint(at.error, "they hold as many numbers: reshape(…, %s) brings the other one to that shape",
            ta.data ? ta.data : "?");
    rt_text_free(&ta);
  }
  if (a->rank && a->rank == b->rank)
    rt_hint(at.error,
            "if both are lists of the same things, give them the same dim; `@` multiplies matrices");
  return status;
}

static int broadcast_types(struct ir_at at, const struct vm_type *a, const struct vm_type *b,
                           struct vm_type *type) {
  uint32_t axes;
  bool batched = a->batched || b->batched;
  const struct vm_type *larger = a->rank >= b->rank ? a : b, *smaller = larger == a ? b : a;
  if (!embed(smaller, 0, larger, 0, 0, &axes)) return fail_pair(at, a, b);
  struct vm_type t = *larger;
  t.batched = batched;
  t.dtype = RT_REAL;
  t.of = VM_NO_DIM;
  *type = t;
  return RT_OK;
}

int ir_broadcast(struct ir_at at, ir_id a, ir_id b, struct vm_type *type) {
  const struct ir_graph *g = at.g;
  int status = broadcast_types(place_of(at, a), &g->node[a].type, &g->node[b].type, type);
  if (status == RT_OK) return RT_OK;
  struct rt_text t = {0};
  for (int k = 0; k < 2; k++) {
    ir_id id = k ? b : a;
    t.length = 0;
    vm_type_print(g->dims, &g->node[id].type, &t);
    if (t.data) gr_note(at.error, ir_shown(g, id), "this is %s", t.data);
  }
  rt_text_free(&t);
  return status;
}

static int fail_expand(struct ir_at at, const struct vm_type *from, const struct vm_type *to, int ways) {
  struct rt_text ta = {0}, tb = {0};
  vm_type_print(at.g->dims, from, &ta);
  vm_type_print(at.g->dims, to, &tb);
  const char *a = ta.data ? ta.data : "?", *b = tb.data ? tb.data : "?";
  int status;
  if (ways > 1) {
    status = gr_fail(at.error, at.span, "%s can be repeated to %s in more than one way", a, b);
    rt_hint(at.error, "give the axes different names (dim E = D) so that it is clear which one is meant");
  } else
    status = gr_fail(at.error, at.span,
                     "%s cannot be repeated to %s: its axes must be among those of %s, in the same order", a,
                     b, b);
  rt_text_free(&ta);
  rt_text_free(&tb);
  return status;
}

ir_id ir_expand(struct ir_at at, ir_id a, const struct vm_type *type) {
  if (!a) return 0;
  const struct vm_type from = at.g->node[a].type;
  struct vm_type to = *type;
  to.dtype = from.dtype;
  to.of = from.of;
  to.batched = to.batched || from.batched;
  if (vm_type_equal(&from, &to)) return a;
  uint32_t axes = 0;
  int ways = ir_embed(&from, &to, &axes);
  at = place_of(at, a);
  if (ways != 1) {
    fail_expand(at, &from, &to, ways);
    return 0;
  }
  return ir_add(at, (struct ir_op){OP_expand, 1, .arg = &a, .attr = {axes}, .type = &to});
}

ir_id ir_expand_axes(struct ir_at at, ir_id a, uint32_t axes, const struct vm_type *type) {
  if (!a) return 0;
  struct vm_type to = *type;
  to.dtype = at.g->node[a].type.dtype;
  to.of = at.g->node[a].type.of;
  if (vm_type_equal(&at.g->node[a].type, &to)) return a;
  return ir_add(place_of(at, a), (struct ir_op){OP_expand, 1, .arg = &a, .attr = {axes}, .type = &to});
}

/* ---- ops of two and three operands ---- */

ir_id ir_binary(struct ir_at at, enum rt_op op, ir_id a, ir_id b) {
  struct vm_type type;
  if (!a || !b || ir_broadcast(at, a, b, &type) != RT_OK) return 0;
  at = place_of(at, a);
  ir_id arg[2] = {ir_expand(at, a, &type), 0};
  arg[1] = arg[0] ? ir_expand(at, b, &type) : 0;
  return ir_add(at, (struct ir_op){op, 2, .arg = arg});
}

ir_id ir_select(struct ir_at at, ir_id c, ir_id a, ir_id b) {
  struct vm_type type;
  if (!c || !a || !b || ir_broadcast(at, a, b, &type) != RT_OK) return 0;
  at = place_of(at, c);
  if (broadcast_types(at, &at.g->node[c].type, &type, &type) != RT_OK) return 0;
  const ir_id from[3] = {c, a, b};
  ir_id arg[3] = {0};
  for (int k = 0; k < 3; k++)
    if (!(arg[k] = ir_expand(at, from[k], &type))) return 0;
  return ir_add(at, (struct ir_op){OP_select, 3, .arg = arg});
}

/* ---- sums and sizes ---- */

struct vm_type ir_kept(const struct vm_type *from, uint32_t keep, bool batched) {
  struct vm_type t = {.dtype = RT_REAL, .batched = batched, .of = VM_NO_DIM};
  for (int x = 0; x < from->rank; x++)
    if (keep >> x & 1) t.dim[t.rank++] = from->dim[x];
  return t;
}

ir_id ir_sum(struct ir_at at, ir_id a, uint32_t keep, bool batched) {
  if (!a) return 0;
  const struct vm_type from = at.g->node[a].type;
  keep &= (1u << from.rank) - 1;
  batched = batched && from.batched;
  if (keep == (1u << from.rank) - 1 && batched == (bool)from.batched) return a;
  struct vm_type to = ir_kept(&from, keep, batched);
  return ir_add(place_of(at, a), (struct ir_op){OP_sum, 1, .arg = &a, .attr = {keep}, .type = &to});
}

ir_id ir_size(struct ir_at at, vm_dim of) {
  int64_t value;
  struct rt_error why = {0};
  switch (vm_dim_value(at.g->dims, of, NULL, &value, &why)) {
    case RT_OK: return ir_constant(at, (double)value, NULL);
    case RT_NEGATIVE: return ir_add(at, (struct ir_op){OP_size, .attr = {of}});
    default: gr_fail(at.error, at.span, "%s", why.text); return 0;
  }
}
