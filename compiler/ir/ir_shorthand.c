/* ir_shorthand.c: building the common ops: operands are brought to one shape, sums and sizes are named by
 * what stays. */
#include "compiler/ir/ir.h"

#include <string.h>

static bool no_place(struct gr_span span) { return !span.source; }

static struct gr_span span_or(struct gr_span span, const struct ir_graph *g, ir_id a) {
  return no_place(span) ? g->node[a].span : span;
}

ir_id ir_unary(struct ir_graph *g, enum rt_op op, ir_id a, struct rt_error *error) {
  return a ? ir_add(g, op, 1, &a, NULL, 0, NULL, g->node[a].span, error) : 0;
}

ir_id ir_constant(struct ir_graph *g, double value, const struct vm_type *type, struct gr_span span,
                  struct rt_error *error) {
  struct vm_type t = {.dtype = RT_REAL, .of = VM_NO_DIM};
  if (type) t = *type;
  t.dtype = RT_REAL;
  t.of = VM_NO_DIM;
  return ir_add(g, OP_constant, 0, NULL, NULL, value, &t, span, error);
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

static int fail_pair(struct ir_graph *g, const struct vm_type *a, const struct vm_type *b,
                     struct gr_span span, struct rt_error *error) {
  struct rt_text ta = {0}, tb = {0};
  vm_type_print(g->dims, a, &ta);
  vm_type_print(g->dims, b, &tb);
  int status = gr_fail(error, span,
                       "%s and %s do not go together element by element: one must have all axes of the "
                       "other, in the same order",
                       ta.data ? ta.data : "?", tb.data ? tb.data : "?");
  rt_text_free(&ta);
  rt_text_free(&tb);
  for (int x = 0; a->rank == b->rank && x < a->rank; x++) ir_hint_dims(g, a->dim[x], b->dim[x], error);
  if (a->rank && b->rank && a->rank != b->rank && same_size(g, a, b)) {
    ta = (struct rt_text){0};
    vm_type_print(g->dims, a->rank < b->rank ? a : b, &ta);
    rt_hint(error, "they hold as many numbers: reshape(…, %s) brings the other one to that shape",
            ta.data ? ta.data : "?");
    rt_text_free(&ta);
  }
  if (a->rank && a->rank == b->rank)
    rt_hint(error, "if both are lists of the same things, give them the same dim; `@` multiplies matrices");
  return status;
}

static int broadcast_types(struct ir_graph *g, const struct vm_type *a, const struct vm_type *b,
                           struct vm_type *type, struct gr_span span, struct rt_error *error) {
  uint32_t axes;
  bool batched = a->batched || b->batched;
  const struct vm_type *larger = a->rank >= b->rank ? a : b, *smaller = larger == a ? b : a;
  if (!embed(smaller, 0, larger, 0, 0, &axes)) return fail_pair(g, a, b, span, error);
  struct vm_type t = *larger;
  t.batched = batched;
  t.dtype = RT_REAL;
  t.of = VM_NO_DIM;
  *type = t;
  return RT_OK;
}

int ir_broadcast(struct ir_graph *g, ir_id a, ir_id b, struct vm_type *type, struct gr_span span,
                 struct rt_error *error) {
  span = span_or(span, g, a);
  int status = broadcast_types(g, &g->node[a].type, &g->node[b].type, type, span, error);
  if (status == RT_OK) return RT_OK;
  struct rt_text t = {0};
  for (int k = 0; k < 2; k++) {
    ir_id id = k ? b : a;
    t.length = 0;
    vm_type_print(g->dims, &g->node[id].type, &t);
    if (t.data) gr_note(error, ir_shown(g, id), "this is %s", t.data);
  }
  rt_text_free(&t);
  return status;
}

static int fail_expand(struct ir_graph *g, const struct vm_type *from, const struct vm_type *to, int ways,
                       struct gr_span span, struct rt_error *error) {
  struct rt_text ta = {0}, tb = {0};
  vm_type_print(g->dims, from, &ta);
  vm_type_print(g->dims, to, &tb);
  const char *a = ta.data ? ta.data : "?", *b = tb.data ? tb.data : "?";
  int status;
  if (ways > 1) {
    status = gr_fail(error, span, "%s can be repeated to %s in more than one way", a, b);
    rt_hint(error, "give the axes different names (dim E = D) so that it is clear which one is meant");
  } else
    status = gr_fail(error, span,
                     "%s cannot be repeated to %s: its axes must be among those of %s, in the same order", a,
                     b, b);
  rt_text_free(&ta);
  rt_text_free(&tb);
  return status;
}

ir_id ir_expand(struct ir_graph *g, ir_id a, const struct vm_type *type, struct gr_span span,
                struct rt_error *error) {
  if (!a) return 0;
  const struct vm_type from = g->node[a].type;
  struct vm_type to = *type;
  to.dtype = from.dtype;
  to.of = from.of;
  to.batched = to.batched || from.batched;
  if (vm_type_equal(&from, &to)) return a;
  uint32_t axes = 0;
  int ways = ir_embed(&from, &to, &axes);
  span = span_or(span, g, a);
  if (ways != 1) {
    fail_expand(g, &from, &to, ways, span, error);
    return 0;
  }
  return ir_add(g, OP_expand, 1, &a, &(int64_t){axes}, 0, &to, span, error);
}

ir_id ir_expand_axes(struct ir_graph *g, ir_id a, uint32_t axes, const struct vm_type *type,
                     struct gr_span span, struct rt_error *error) {
  if (!a) return 0;
  struct vm_type to = *type;
  to.dtype = g->node[a].type.dtype;
  to.of = g->node[a].type.of;
  if (vm_type_equal(&g->node[a].type, &to)) return a;
  return ir_add(g, OP_expand, 1, &a, &(int64_t){axes}, 0, &to, span_or(span, g, a), error);
}

/* ---- ops of two and three operands ---- */

ir_id ir_binary(struct ir_graph *g, enum rt_op op, ir_id a, ir_id b, struct gr_span span,
                struct rt_error *error) {
  struct vm_type type;
  if (!a || !b || ir_broadcast(g, a, b, &type, span, error) != RT_OK) return 0;
  span = span_or(span, g, a);
  ir_id arg[2] = {ir_expand(g, a, &type, span, error), 0};
  arg[1] = arg[0] ? ir_expand(g, b, &type, span, error) : 0;
  return ir_add(g, op, 2, arg, NULL, 0, NULL, span, error);
}

ir_id ir_select(struct ir_graph *g, ir_id c, ir_id a, ir_id b, struct gr_span span, struct rt_error *error) {
  struct vm_type type;
  if (!c || !a || !b || ir_broadcast(g, a, b, &type, span, error) != RT_OK) return 0;
  span = span_or(span, g, c);
  if (broadcast_types(g, &g->node[c].type, &type, &type, span, error) != RT_OK) return 0;
  const ir_id from[3] = {c, a, b};
  ir_id arg[3] = {0};
  for (int k = 0; k < 3; k++)
    if (!(arg[k] = ir_expand(g, from[k], &type, span, error))) return 0;
  return ir_add(g, OP_select, 3, arg, NULL, 0, NULL, span, error);
}

/* ---- sums and sizes ---- */

struct vm_type ir_kept(const struct vm_type *from, uint32_t keep, bool batched) {
  struct vm_type t = {.dtype = RT_REAL, .batched = batched, .of = VM_NO_DIM};
  for (int x = 0; x < from->rank; x++)
    if (keep >> x & 1) t.dim[t.rank++] = from->dim[x];
  return t;
}

vm_dim ir_extent(struct vm_dims *dims, const struct vm_type *type, int from) {
  vm_dim n = VM_ONE;
  for (int x = from; x < type->rank && n != VM_NO_DIM; x++) n = vm_dim_times(dims, n, type->dim[x]);
  return n;
}

ir_id ir_sum(struct ir_graph *g, ir_id a, uint32_t keep, bool batched, struct gr_span span,
             struct rt_error *error) {
  if (!a) return 0;
  const struct vm_type from = g->node[a].type;
  keep &= (1u << from.rank) - 1;
  batched = batched && from.batched;
  if (keep == (1u << from.rank) - 1 && batched == (bool)from.batched) return a;
  struct vm_type to = ir_kept(&from, keep, batched);
  return ir_add(g, OP_sum, 1, &a, &(int64_t){keep}, 0, &to, span_or(span, g, a), error);
}

ir_id ir_size(struct ir_graph *g, vm_dim of, struct gr_span span, struct rt_error *error) {
  int64_t value;
  struct rt_error why = {0};
  switch (vm_dim_value(g->dims, of, NULL, &value, &why)) {
    case RT_OK: return ir_constant(g, (double)value, NULL, span, error);
    case RT_NEGATIVE: return ir_add(g, OP_size, 0, NULL, &(int64_t){of}, 0, NULL, span, error);
    default: gr_fail(error, span, "%s", why.text); return 0;
  }
}
