/* simplify.c: what can be known or said more simply. Rounding and not-a-number stay as they were: x * 0 is
 * not 0, and sums are not reordered; only the sign of a zero may change (x + 0), and results of products are
 * divided by a number as times its reciprocal. */
#include "compiler/ir/passes.h"

#include <math.h>
#include <string.h>

struct simplify {
  struct ir_graph *g;
  const struct ir_node *n;
  struct rt_error *error;
};

static struct ir_at here(const struct simplify *s) { return (struct ir_at){s->g, s->n->span, s->error}; }
static const struct ir_node *node_of(const struct simplify *s, ir_id id) { return &s->g->node[id]; }
static const struct ir_node *arg_node(const struct simplify *s, int k) { return node_of(s, s->n->arg[k]); }
static bool is_op(const struct simplify *s, int k, enum rt_op op) { return arg_node(s, k)->op == op; }

static bool is_number(const struct simplify *s, int k, double value) {
  return is_op(s, k, OP_constant) && arg_node(s, k)->real == value;
}

static bool is_boolean(const struct simplify *s, int k) {
  return rt_op_info[arg_node(s, k)->op].flags & RT_TRUTH;
}

/* What an op is, said more simply; 0: nothing better is known. One for each row with RT_SIMPLER, bound by
 * name. */
typedef ir_id simplification(const struct simplify *s);
#define SIMPLER(name) ir_id ir_simpler_##name(const struct simplify *s)
#define LANE1(name, ...) simplification ir_simpler_##name;
#define LANE2(name, ...) simplification ir_simpler_##name;
#define LANE3(name, ...) simplification ir_simpler_##name;
#define OP(name, ...) simplification ir_simpler_##name;
#include "runtime/ops.def"

static simplification *const simplifications[OP_COUNT] = {
#define FOR(name, flags) [OP_##name] = ((flags)&RT_SIMPLER) ? ir_simpler_##name : NULL,
#define LANE1(name, written, expression, slope, range, flags, doc) FOR(name, flags)
#define LANE2(name, written, expression, slope_a, slope_b, range, flags, doc) FOR(name, flags)
#define LANE3(name, written, expression, slope_a, slope_b, slope_c, range, flags, doc) FOR(name, flags)
#define OP(name, written, signature, attributes, flags, doc) FOR(name, flags)
#include "runtime/ops.def"
};

/* The result is just this value (once per example if the result is). */
static ir_id just(const struct simplify *s, ir_id id) {
  const struct vm_type type = s->n->type;
  return ir_expand_axes(here(s), id, (1u << type.rank) - 1, &type);
}
static ir_id just_arg(const struct simplify *s, int k) { return just(s, s->n->arg[k]); }
static ir_id number(const struct simplify *s, double value) {
  const struct vm_type type = s->n->type;
  return ir_constant(here(s), value, &type);
}
static ir_id one(const struct simplify *s, enum rt_op op, ir_id a) {
  return ir_add(here(s), (struct ir_op){op, 1, .arg = &a});
}
static ir_id two(const struct simplify *s, enum rt_op op, ir_id a, ir_id b) {
  return ir_add(here(s), (struct ir_op){op, 2, .arg = (const ir_id[]){a, b}});
}

/* ---- arithmetic ---- */

SIMPLER(neg) { return is_op(s, 0, OP_neg) ? just(s, arg_node(s, 0)->arg[0]) : 0; }

/* The sum of two parts of an axis with zeros around, of which the second begins where the first ends: both,
 * one behind the other. The gradient of an axis that was taken apart is such a sum. */
static ir_id joined(const struct simplify *s) {
  const struct vm_type type = s->n->type;
  for (int k = 0; k < 2 && !s->g->is_slot && is_op(s, 0, OP_pad) && is_op(s, 1, OP_pad); k++) {
    const struct ir_node *first = arg_node(s, k), *second = arg_node(s, 1 - k);
    const int64_t axis = first->attr[0];
    const struct vm_type *a = &node_of(s, first->arg[0])->type, *b = &node_of(s, second->arg[0])->type;
    if (second->attr[0] == axis && a->batched == b->batched && first->attr[1] == vm_dim_number(s->g->dims, 0)
        && second->attr[1] == a->dim[axis]
        && vm_dim_plus(s->g->dims, a->dim[axis], b->dim[axis]) == s->n->type.dim[axis])
      return ir_add(here(s), (struct ir_op){.op = OP_concat,
                                            .arg_count = 2,
                                            .arg = (const ir_id[]){first->arg[0], second->arg[0]},
                                            .attr = {axis},
                                            .type = &type});
  }
  return 0;
}

SIMPLER(add) {
  const ir_id *arg = s->n->arg;
  if (is_number(s, 1, 0)) return just_arg(s, 0);
  if (is_number(s, 0, 0)) return just_arg(s, 1);
  if (is_op(s, 1, OP_neg)) return two(s, OP_sub, arg[0], arg_node(s, 1)->arg[0]);
  return is_op(s, 0, OP_neg) ? two(s, OP_sub, arg[1], arg_node(s, 0)->arg[0]) : joined(s);
}

SIMPLER(sub) {
  const ir_id *arg = s->n->arg;
  if (is_number(s, 1, 0)) return just_arg(s, 0);
  if (is_number(s, 0, 0)) return just(s, one(s, OP_neg, arg[1]));
  return is_op(s, 1, OP_neg) ? two(s, OP_add, arg[0], arg_node(s, 1)->arg[0]) : 0;
}

static bool is_power_of_two(double x) {
  int exponent;
  return x != 0 && isfinite(x) && fabs(frexp(x, &exponent)) == 0.5 && exponent > -1000 && exponent < 1000;
}

/* Is n surely the result of rounded arithmetic, such as a score? Then x / 3 may be x * (1/3), many times
 * faster and wrong by one more unit in the last place at most. Whole numbers are another matter: floor(49 /
 * 49) is 1, floor(49 * (1/49)) is 0. */
static bool is_measured(const struct simplify *s, ir_id id, int depth) {
  const struct ir_node *n = node_of(s, id);
  int flags = rt_op_info[n->op].flags;
  bool is_score = n->op == OP_input && s->g->is_slot && (n->attr[0] == IR_LEAF_S || n->attr[0] == IR_LEAF_DS);
  bool measured = is_score || flags & RT_ROUNDED;
  for (int k = 0; flags & RT_CARRIES && depth > 0 && !measured && k < n->arg_count; k++)
    measured = is_measured(s, n->arg[k], depth - 1);
  return measured;
}

static bool has_reciprocal(const struct simplify *s) {
  if (!is_op(s, 1, OP_constant)) return false;
  double c = arg_node(s, 1)->real;
  return is_power_of_two(c) || (fabs(c) > 1e-30 && fabs(c) < 1e30 && is_measured(s, s->n->arg[0], 6));
}

SIMPLER(mul) {
  const ir_id *arg = s->n->arg;
  for (int k = 0; k < 2; k++) {
    if (is_number(s, k, 1)) return just_arg(s, 1 - k);
    if (is_number(s, k, -1)) return just(s, one(s, OP_neg, arg[1 - k]));
  }
  if (arg[0] == arg[1]) return one(s, OP_square, arg[0]);
  bool both = is_op(s, 0, OP_neg) && is_op(s, 1, OP_neg);
  return both ? two(s, OP_mul, arg_node(s, 0)->arg[0], arg_node(s, 1)->arg[0]) : 0;
}

SIMPLER(div) {
  const ir_id *arg = s->n->arg;
  if (is_number(s, 1, 1)) return just_arg(s, 0);
  if (is_number(s, 1, -1)) return just(s, one(s, OP_neg, arg[0]));
  if (has_reciprocal(s)) return two(s, OP_mul, arg[0], number(s, 1 / arg_node(s, 1)->real));
  return is_number(s, 0, 1) ? just(s, one(s, OP_recip, arg[1])) : 0;
}

SIMPLER(pow) {
  ir_id a = s->n->arg[0];
  if (is_number(s, 1, 1)) return just_arg(s, 0);
  if (is_number(s, 1, 2)) return just(s, one(s, OP_square, a));
  if (is_number(s, 1, 0.5)) return just(s, one(s, OP_sqrt, a));
  if (is_number(s, 1, -1)) return just(s, one(s, OP_recip, a));
  if (is_number(s, 1, 0)) return number(s, 1);
  if (is_number(s, 1, 3)) return two(s, OP_mul, a, one(s, OP_square, a));
  if (is_number(s, 1, 4)) return one(s, OP_square, one(s, OP_square, a));
  return 0;
}

static ir_id simpler_logic(const struct simplify *s) {
  bool is_and = s->n->op == OP_and;
  for (int k = 0; k < 2; k++) {
    if (!is_op(s, k, OP_constant)) continue;
    bool truth = arg_node(s, k)->real != 0;
    if (truth != is_and) return number(s, truth);
    if (is_boolean(s, 1 - k)) return just_arg(s, 1 - k);
  }
  return s->n->arg[0] == s->n->arg[1] && is_boolean(s, 0) ? just_arg(s, 0) : 0;
}

SIMPLER(and) { return simpler_logic(s); }
SIMPLER(or) { return simpler_logic(s); }

SIMPLER(select) {
  const ir_id *arg = s->n->arg;
  if (is_op(s, 0, OP_constant)) return just_arg(s, arg_node(s, 0)->real != 0 ? 1 : 2);
  if (arg[1] == arg[2]) return just_arg(s, 1);
  if (is_op(s, 0, OP_not))
    return ir_add(here(s), (struct ir_op){OP_select, 3,
                                          .arg = (const ir_id[]){arg_node(s, 0)->arg[0], arg[2], arg[1]}});
  return is_boolean(s, 0) && is_number(s, 1, 1) && is_number(s, 2, 0) ? just_arg(s, 0) : 0;
}

static ir_id all_constant(const struct simplify *s) {
  double value[3] = {0};
  for (int k = 0; k < s->n->arg_count; k++) {
    if (!is_op(s, k, OP_constant)) return 0;
    value[k] = arg_node(s, k)->real;
  }
  return number(s, ir_fold(s->n->op, value[0], value[1], value[2]));
}

/* op(expand a, expand b) is expand(op(a, b)) when both are repeated in one way: fewer elements to compute. */
static ir_id repeat_later(const struct simplify *s) {
  const struct ir_node *from = NULL;
  for (int k = 0; k < s->n->arg_count; k++) {
    const struct ir_node *arg = arg_node(s, k);
    if (arg->op == OP_constant) continue;
    if (arg->op != OP_expand
        || (from
            && (arg->attr[0] != from->attr[0]
                || !vm_type_equal(&node_of(s, arg->arg[0])->type, &node_of(s, from->arg[0])->type))))
      return 0;
    from = arg;
  }
  if (!from) return 0;
  const struct vm_type small = node_of(s, from->arg[0])->type, type = s->n->type;
  uint32_t axes = (uint32_t)from->attr[0];
  ir_id arg[3] = {0};
  for (int k = 0; k < s->n->arg_count; k++) {
    const struct ir_node *a = arg_node(s, k);
    arg[k] = a->op == OP_expand ? a->arg[0]
                                : ir_constant((struct ir_at){s->g, a->span, s->error}, a->real, &small);
  }
  ir_id value = ir_add(here(s), (struct ir_op){s->n->op, s->n->arg_count, .arg = arg});
  return ir_expand_axes(here(s), value, axes, &type);
}

/* ---- shapes ---- */

/* Combines two masks of axes. `inner` numbers only the axes that are in `outer`; the result has those
 * that are in both, by their number in `outer`. */
static uint32_t through(uint32_t outer, uint32_t inner, int rank) {
  uint32_t mask = 0;
  for (int x = 0, k = 0; x < rank; x++)
    if (outer >> x & 1 && inner >> k++ & 1) mask |= 1u << x;
  return mask;
}

SIMPLER(expand) {
  const struct vm_type type = s->n->type;
  if (is_op(s, 0, OP_constant)) return number(s, arg_node(s, 0)->real);
  if (is_op(s, 0, OP_expand))
    return ir_expand_axes(here(s), arg_node(s, 0)->arg[0],
                          through((uint32_t)s->n->attr[0], (uint32_t)arg_node(s, 0)->attr[0], type.rank),
                          &type);
  return 0;
}

/* The sum of a value that is the same along all the axes that are summed, and only along them: value times
 * how many. */
static ir_id sum_of_repeated(const struct simplify *s, ir_id value) {
  const struct vm_type from = arg_node(s, 0)->type, type = s->n->type;
  vm_dim many = VM_ONE;
  for (int x = 0; x < from.rank; x++)
    if (!(s->n->attr[0] >> x & 1) && (many = vm_dim_times(s->g->dims, many, from.dim[x])) == VM_NO_DIM)
      return 0;
  bool over_examples = from.batched && !type.batched;
  ir_id count =
      over_examples ? ir_add(here(s), (struct ir_op){OP_rows, .attr = {many}}) : ir_size(here(s), many);
  count = ir_expand_axes(here(s), count, 0, &type);
  value = ir_expand_axes(here(s), value, (1u << type.rank) - 1, &type);
  return two(s, OP_mul, value, count);
}

SIMPLER(sum) {
  const struct ir_node *arg = arg_node(s, 0);
  const struct vm_type type = s->n->type;
  if (arg->op == OP_sum) {
    const struct vm_type *inner = &node_of(s, arg->arg[0])->type;
    uint32_t keep = through((uint32_t)arg->attr[0], (uint32_t)s->n->attr[0], inner->rank);
    return ir_sum(here(s), arg->arg[0], keep, type.batched);
  }
  if (arg->op == OP_constant) return sum_of_repeated(s, number(s, arg->real));
  if (arg->op == OP_expand && arg->attr[0] == s->n->attr[0]
      && node_of(s, arg->arg[0])->type.batched <= type.batched)
    return sum_of_repeated(s, arg->arg[0]);
  return 0;
}

SIMPLER(transpose) {
  const struct vm_type type = s->n->type;
  int64_t order = s->n->attr[0];
  ir_id from = s->n->arg[0];
  if (is_op(s, 0, OP_transpose)) {
    int64_t inner = arg_node(s, 0)->attr[0];
    from = arg_node(s, 0)->arg[0];
    order = 0;
    for (int x = 0; x < type.rank; x++)
      order = rt_order_with(order, x, rt_order_axis(inner, rt_order_axis(s->n->attr[0], x)));
  }
  if (ir_keeps_order(order, type.rank)) return from;
  return from == s->n->arg[0] ? 0 : ir_transpose(here(s), from, order, &type);
}

/* reshape(expand(x)) as expand(reshape(x)). The first axes must be the same in both shapes; the others
 * must be repeated all, or not at all. So the gradient of a sum over the rows of joined heads, [T, H *
 * K], stays one row for each head. */
static ir_id repeat_reshaped(const struct simplify *s) {
  const struct ir_node from = *arg_node(s, 0);
  const struct vm_type type = s->n->type, small = node_of(s, from.arg[0])->type;
  int same = 0;
  while (same < type.rank && same < from.type.rank && type.dim[same] == from.type.dim[same]) same++;
  const uint32_t first = (1u << same) - 1, has = (uint32_t)from.attr[0],
                 others = ((1u << from.type.rank) - 1) & ~first;
  const bool whole = (has & others) == others;
  const uint32_t keep = (has & first) | (whole ? ((1u << type.rank) - 1) & ~first : 0);
  bool fits = whole || !(has & others);
  for (int x = same; x < type.rank; x++)
    fits = fits && (small.batched || !vm_dim_is_ragged(s->g->dims, type.dim[x]));
  const struct vm_type kept = ir_kept(&type, keep, small.batched);
  if (!fits || vm_type_elements(s->g->dims, &kept) != vm_type_elements(s->g->dims, &small)) return 0;
  ir_id value = ir_reshape(here(s), from.arg[0], &kept);
  return ir_expand_axes(here(s), value, keep, &type);
}

SIMPLER(reshape) {
  const struct vm_type type = s->n->type;
  ir_id from = is_op(s, 0, OP_reshape) ? arg_node(s, 0)->arg[0] : s->n->arg[0];
  if (vm_type_equal(&node_of(s, from)->type, &type)) return from;
  if (is_op(s, 0, OP_constant)) return number(s, arg_node(s, 0)->real);
  if (is_op(s, 0, OP_expand)) return repeat_reshaped(s);
  return from == s->n->arg[0] ? 0 : ir_reshape(here(s), from, &type);
}

/* The kernel reads argument k along the axes in attribute `mask`, and always along the last one. An
 * argument that is repeated along other axes, or is a single number, is handed over without the
 * repetition. */
static ir_id read_unrepeated(const struct simplify *s, int k, int mask) {
  const struct ir_node from = *arg_node(s, k);
  const bool constant = from.op == OP_constant;
  if (!constant && from.op != OP_expand) return 0;
  const int end = from.type.rank - 1;
  const uint32_t last = 1u << end, keep = (constant ? 0 : (uint32_t)from.attr[0]) | last;
  const bool batched = vm_dim_is_ragged(s->g->dims, from.type.dim[end])
                       || (!constant && node_of(s, from.arg[0])->type.batched);
  if (keep == 2 * last - 1 && batched == from.type.batched) return 0;
  const struct vm_type kept = ir_kept(&from.type, keep, batched);
  ir_id arg[6 + ATTEND_MAX_EXTRAS];
  struct ir_node node = *s->n;
  memcpy(arg, node.arg, node.arg_count * sizeof *arg);
  arg[k] = constant ? ir_constant((struct ir_at){s->g, from.span, s->error}, from.real, &kept)
                    : ir_expand_axes((struct ir_at){s->g, from.span, s->error}, from.arg[0],
                                     (1u << (kept.rank - 1)) - 1, &kept);
  node.arg = arg;
  node.attr[mask] = through((uint32_t)node.attr[mask], keep, RT_MAX_RANK);
  return arg[k] ? ir_append(s->g, &node, s->error) : 0;
}

SIMPLER(attention_grad) { return read_unrepeated(s, 5, 1); }
SIMPLER(dot) { return read_unrepeated(s, 1, 0); }
SIMPLER(bernoulli) { return s->n->real == 0 ? number(s, 1) : 0; }

/* ---- any op ---- */

static ir_id simpler(const struct simplify *s) {
  int flags = rt_op_info[s->n->op].flags;
  if (flags & RT_SAME && s->n->arg_count == 1 && vm_type_equal(&arg_node(s, 0)->type, &s->n->type))
    return s->n->arg[0];
  ir_id known = flags & RT_LANE ? all_constant(s) : 0;
  if (!known && flags & RT_LANE) known = repeat_later(s);
  return known || !simplifications[s->n->op] ? known : simplifications[s->n->op](s);
}

static ir_id visit(struct ir_graph *g, const struct ir_node *node, void *context, struct rt_error *error) {
  struct simplify s = {g, node, error};
  (void)context;
  ir_id found = simpler(&s);
  if (found || (error && error->code)) return found;
  return ir_append(g, node, error);
}

int ir_simplify(struct ir_graph *g, int root_count, ir_id *root, struct rt_error *error) {
  return ir_rewrite(g, root_count, root, visit, NULL, error);
}
