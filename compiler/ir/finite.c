/* finite.c: which values may be infinite or not a number. Ranges of numbers are carried from operands to
 * results; sums and products that grow too large are not looked for. */
#include "compiler/ir/finite.h"

#include "compiler/ir/passes.h"
#include "compiler/ir/positions.h"

#include <float.h>
#include <math.h>

static const struct ir_numbers ANY = {-IR_MOST, IR_MOST, false, false},
                               WILD = {-INFINITY, INFINITY, true, true};

struct ir_numbers ir_numbers_between(double low, double high, bool exact) {
  return (struct ir_numbers){low, high, false, exact};
}

static bool is_infinite(struct ir_numbers a) { return a.low < -IR_MOST || a.high > IR_MOST; }

/* An end that was computed from finite ones is finite. */
static double end(double computed, bool infinite) {
  return infinite ? computed : fmax(-IR_MOST, fmin(IR_MOST, computed));
}

static struct ir_numbers hull(struct ir_numbers a, struct ir_numbers b) {
  return (struct ir_numbers){fmin(a.low, b.low), fmax(a.high, b.high), a.nan || b.nan, a.exact || b.exact};
}

static struct ir_numbers sum(struct ir_numbers a, struct ir_numbers b) {
  bool opposite = (a.high > IR_MOST && b.low < -IR_MOST) || (a.low < -IR_MOST && b.high > IR_MOST);
  return (struct ir_numbers){end(a.low + b.low, a.low < -IR_MOST || b.low < -IR_MOST),
                             end(a.high + b.high, a.high > IR_MOST || b.high > IR_MOST),
                             a.nan || b.nan || opposite, a.exact && b.exact};
}

static struct ir_numbers negative(struct ir_numbers a) {
  return (struct ir_numbers){-a.high, -a.low, a.nan, a.exact};
}

/* 0 times infinity counts as 0 for the ends. */
static double times(double a, double b) { return a == 0 || b == 0 ? 0 : a * b; }

static struct ir_numbers product(struct ir_numbers a, struct ir_numbers b) {
  double p = times(a.low, b.low), q = times(a.low, b.high), r = times(a.high, b.low),
         s = times(a.high, b.high);
  bool infinite = is_infinite(a) || is_infinite(b),
       nan = (ir_may_be_zero(a) && is_infinite(b)) || (ir_may_be_zero(b) && is_infinite(a));
  return (struct ir_numbers){end(fmin(fmin(p, q), fmin(r, s)), infinite),
                             end(fmax(fmax(p, q), fmax(r, s)), infinite), a.nan || b.nan || nan,
                             a.exact || b.exact};
}

/* 1 / a */
static struct ir_numbers inverse(struct ir_numbers a) {
  if (ir_may_be_zero(a))
    return (struct ir_numbers){a.low < 0 ? -INFINITY : 0, INFINITY, a.nan, is_infinite(a)};
  struct ir_numbers made = {-IR_MOST, IR_MOST, a.nan, is_infinite(a)};
  if (a.low >= 0) made.low = a.high > IR_MOST ? 0 : 1 / a.high;
  if (a.high <= 0) made.high = a.low < -IR_MOST ? 0 : 1 / a.low;
  if (a.low > 0) made.high = end(1 / a.low, false);
  if (a.high < 0) made.low = end(1 / a.high, false);
  return made;
}

static struct ir_numbers square(struct ir_numbers a) {
  double size = fmax(fabs(a.low), fabs(a.high)), least = a.low > 0 ? a.low : a.high < 0 ? -a.high : 0;
  return (struct ir_numbers){end(least * least, false), end(size * size, is_infinite(a)), a.nan, a.exact};
}

static struct ir_numbers power(struct ir_numbers a, struct ir_numbers b) {
  bool whole = b.low == b.high && b.low == floor(b.low) && b.low >= 0;
  if (!ir_is_finite(a) || !ir_is_finite(b)) return WILD;
  if (whole) return ir_numbers_between(fmod(b.low, 2) == 0 || a.low >= 0 ? 0 : -IR_MOST, IR_MOST, a.exact);
  if (a.low > 0 || (a.low == 0 && (b.low > 0 || !a.exact))) return ir_numbers_between(0, IR_MOST, a.exact);
  return WILD;
}

/* The ends through a function that never falls, which is finite for finite numbers. */
#define RISING(function)                                                                                     \
  (struct ir_numbers) {                                                                                      \
    end(function(a.low), a.low < -IR_MOST), end(function(a.high), a.high > IR_MOST), a.nan, a.exact          \
  }

static double relu(double a) { return a > 0 ? a : 0; }
static double positive_exp(double a) { return a == -INFINITY ? 0 : fmax(exp(a), DBL_MIN); }

static struct ir_numbers of_one(enum rt_op op, struct ir_numbers a) {
  switch (op) {
    case OP_neg: return negative(a);
    case OP_abs: {
      double least = a.low > 0 ? a.low : a.high < 0 ? -a.high : 0;
      return (struct ir_numbers){least, fmax(fabs(a.low), fabs(a.high)), a.nan, a.exact};
    }
    case OP_exp: a.exact = a.low < -IR_MOST; return RISING(positive_exp);
    case OP_log:
      if (a.low < 0) return WILD;
      return (struct ir_numbers){ir_may_be_zero(a) ? -INFINITY
                                 : a.low > 0       ? log(a.low)
                                                   : -IR_MOST,
                                 end(log(a.high), a.high > IR_MOST), a.nan, a.exact};
    case OP_sqrt: return a.low < 0 ? WILD : (struct ir_numbers)RISING(sqrt);
    case OP_square: return square(a);
    case OP_recip: return inverse(a);
    case OP_relu: a.exact = true; return RISING(relu);
    case OP_floor: a.exact = true; return RISING(floor);
    case OP_ceil: a.exact = true; return RISING(ceil);
    case OP_softplus: return (struct ir_numbers){0, a.high > IR_MOST ? INFINITY : IR_MOST, a.nan, false};
    case OP_sigmoid: return (struct ir_numbers){a.low < -IR_MOST ? 0 : DBL_MIN, 1, a.nan, a.low < -IR_MOST};
    case OP_gelu: return (struct ir_numbers){-1, end(fmax(a.high, 0), a.high > IR_MOST), a.nan, true};
    case OP_gelu_slope: return (struct ir_numbers){-1, 2, a.nan, a.exact};
    case OP_sin:
    case OP_cos: return (struct ir_numbers){-1, 1, a.nan || is_infinite(a), a.exact};
    case OP_tanh:
    case OP_erf: return (struct ir_numbers){-1, 1, a.nan, a.exact};
    case OP_sign: return ir_numbers_between(-1, 1, true);
    default: return rt_op_info[op].flags & RT_TRUTH ? ir_numbers_between(0, 1, true) : WILD;
  }
}

struct ir_numbers ir_numbers_made(enum rt_op op, const struct ir_numbers operand[3]) {
  struct ir_numbers a = operand[0], b = operand[1];
  if (rt_op_info[op].flags & RT_TRUTH) return ir_numbers_between(0, 1, true);
  switch (op) {
    case OP_add: return sum(a, b);
    case OP_sub: return sum(a, negative(b));
    case OP_mul: return product(a, b);
    case OP_div: {
      struct ir_numbers made = product(a, inverse(b));
      made.exact = a.exact || is_infinite(b);
      return made;
    }
    case OP_pow: return power(a, b);
    case OP_mod:
      return ir_may_be_zero(b) || !ir_is_finite(a) || !ir_is_finite(b)
                 ? WILD
                 : ir_numbers_between(fmin(b.low, 0), fmax(b.high, 0), true);
    case OP_min: return (struct ir_numbers){fmin(a.low, b.low), fmin(a.high, b.high), a.nan || b.nan, true};
    case OP_max: return (struct ir_numbers){fmax(a.low, b.low), fmax(a.high, b.high), a.nan || b.nan, true};
    case OP_select: return hull(b, operand[2]);
    default: return of_one(op, a);
  }
}

bool ir_swallows(enum rt_op op) {
  return rt_op_info[op].flags & (RT_TRUTH | RT_LOGIC | RT_CHOOSES) || op == OP_select || op == OP_sign;
}

/* ---- of the nodes of a graph ---- */

/* What shows the same numbers at other places. */
static ir_id shown_by(const struct ir_graph *g, ir_id id) {
  for (;;) {
    const struct ir_node *n = &g->node[id];
    if (n->op != OP_expand && n->op != OP_reshape && n->op != OP_transpose && n->op != OP_slice
        && n->op != OP_stop)
      return id;
    id = n->arg[0];
  }
}

/* Of a choice that a head makes as tensors: it hides what is not seen, and never uses it; a row is not empty,
 * so that it has a largest element; and what is not a number stays none. */
static struct ir_numbers shown(const struct ir_graph *g, const struct ir_node *n,
                               const struct ir_numbers operand[3], struct ir_numbers made) {
  const struct ir_node *taken = &g->node[shown_by(g, n->arg[1])];
  made.exact = ir_may_be_zero(operand[1]);
  if (taken->op == OP_constant && isnan(taken->real)) return operand[2];
  if (taken->op == OP_maximum) made.low = fmax(made.low, -IR_MOST);
  return made;
}

/* Where the elements of a node are taken from, as they are or times a number: x[0] from x, E[ids] from E. */
struct roots {
  ir_id id[16];
  int count;
};
static void add_roots(const struct ir_graph *g, ir_id id, struct roots *roots, int depth) {
  const struct ir_node *n = &g->node[id];
  int first = 0, last = -1; /* of the arguments that are gone through */
  switch (n->op) {
    case OP_expand:
    case OP_reshape:
    case OP_transpose:
    case OP_slice:
    case OP_pad:
    case OP_stop:
    case OP_gather:
    case OP_take:
    case OP_neg: last = 0; break;
    case OP_select:
      first = 1;
      last = 2;
      break;
    case OP_concat:
    case OP_add:
    case OP_sub:
    case OP_mul:
    case OP_div: last = n->arg_count - 1; break;
    default: break;
  }
  if (roots->count < (int)RT_COUNT(roots->id)) roots->id[roots->count++] = id;
  for (int k = first; k <= last && depth; k++) add_roots(g, n->arg[k], roots, depth - 1);
}

/* May the two be the same, so that their difference is just 0? */
static bool may_be_same(const struct ir_graph *g, ir_id a, ir_id b) {
  struct roots of_a = {.count = 0}, of_b = of_a;
  add_roots(g, a, &of_a, 6);
  add_roots(g, b, &of_b, 6);
  for (int i = 0; i < of_a.count; i++)
    for (int k = 0; k < of_b.count; k++)
      if (of_a.id[i] == of_b.id[k] && g->node[of_a.id[i]].op != OP_constant) return true;
  return false;
}

/* What a condition says of a value when it holds, as in where(x > 0, log(x), 0): so the value is not 0. */
struct guard {
  ir_id value; /* 0: nothing */
  struct ir_numbers numbers;
};
static struct guard guard_of(const struct ir_graph *g, ir_id condition, const struct ir_numbers *known) {
  const struct ir_node *n = &g->node[condition];
  if (n->op != OP_lt && n->op != OP_le && n->op != OP_ne) return (struct guard){0};
  const ir_id left = n->arg[0], right = n->arg[1];
  struct guard guard = {right, known[right]};
  if (n->op == OP_ne) {
    bool of_zero = known[right].low == 0 && known[right].high == 0;
    guard = (struct guard){left, known[left]};
    if (!of_zero) return (struct guard){0};
  } else {
    guard.numbers.low = fmax(guard.numbers.low, known[left].low);
    if (guard.numbers.low < 0 || (n->op == OP_le && guard.numbers.low == 0)) return (struct guard){0};
  }
  guard.numbers.nan = guard.numbers.exact = false;
  return guard;
}

/* What a node may be where the guard holds. depth: how far to look for the value. */
static struct ir_numbers guarded(const struct ir_graph *g, ir_id id, const struct guard *guard,
                                 const struct ir_numbers *known, int depth) {
  const struct ir_node *n = &g->node[id];
  if (id == guard->value) return guard->numbers;
  if (!depth || !rt_is_lane(n->op) || ir_is_finite(known[id])) return known[id];
  struct ir_numbers operand[3] = {ANY, ANY, ANY};
  for (int k = 0; k < n->arg_count && k < 3; k++) operand[k] = guarded(g, n->arg[k], guard, known, depth - 1);
  return ir_numbers_made((enum rt_op)n->op, operand);
}

static struct ir_numbers lane(const struct ir_graph *g, const struct ir_node *n,
                              const struct ir_numbers *known) {
  struct ir_numbers operand[3] = {ANY, ANY, ANY};
  for (int k = 0; k < n->arg_count && k < 3; k++) operand[k] = known[n->arg[k]];
  ir_id first = shown_by(g, n->arg[0]), second = n->arg_count > 1 ? shown_by(g, n->arg[1]) : 0;
  if (n->op == OP_mul && n->arg[0] == n->arg[1]) return square(operand[0]);
  if (n->op == OP_sub && may_be_same(g, n->arg[0], n->arg[1])) operand[0].exact = operand[1].exact = true;
  const struct ir_node *largest = &g->node[second];
  if (n->op == OP_sub && (largest->op == OP_maximum || largest->op == OP_over)
      && shown_by(g, largest->arg[0]) == first && !operand[0].nan && operand[0].high <= IR_MOST)
    return ir_numbers_between(operand[0].low, 0, true);
  const struct guard guard = n->op == OP_select ? guard_of(g, n->arg[0], known) : (struct guard){0};
  if (guard.value) operand[1] = guarded(g, n->arg[1], &guard, known, 4);
  struct ir_numbers made = ir_numbers_made((enum rt_op)n->op, operand);
  /* where(a, a, …) is not the 0 of a */
  if (n->op == OP_select && n->arg[0] == n->arg[1]) made.exact = ir_may_be_zero(operand[2]);
  return n->op == OP_select && n->choice == IR_CHOICE_OWN ? shown(g, n, operand, made) : made;
}

/* A sum of many. */
static struct ir_numbers total(struct ir_numbers a) {
  bool opposite = a.low < -IR_MOST && a.high > IR_MOST;
  return (struct ir_numbers){a.low >= 0         ? a.low
                             : a.low < -IR_MOST ? -INFINITY
                                                : -IR_MOST,
                             a.high <= 0        ? a.high
                             : a.high > IR_MOST ? INFINITY
                                                : IR_MOST,
                             a.nan || opposite, a.exact};
}

/* A sum of products. */
static struct ir_numbers contracted(struct ir_numbers a, struct ir_numbers b) {
  if (!ir_is_finite(a) || !ir_is_finite(b)) return WILD;
  struct ir_numbers made = total(product(a, b));
  made.exact = a.exact && b.exact;
  return made;
}

static struct ir_numbers count(const struct ir_graph *g, vm_dim of) {
  vm_dim less = vm_dim_minus(g->dims, of, VM_ONE);
  return ir_numbers_between(vm_never_negative(g->dims, less) ? 1 : -IR_MOST, IR_MOST, true);
}

static struct ir_numbers head(const struct ir_graph *g, const struct ir_node *n,
                              const struct ir_numbers *known) {
  bool weights = n->op == OP_attention_weights, fine = true;
  for (int k = 0; k < n->arg_count; k++) {
    bool extra = k >= (weights ? 2 : 3);
    fine = fine && (extra ? !known[n->arg[k]].nan : ir_is_finite(known[n->arg[k]]));
  }
  if (!fine) return WILD;
  if (!weights) {
    struct ir_numbers made = hull(known[n->arg[2]], ir_numbers_between(0, 0, false));
    made.exact = false; /* unless no key is seen at all */
    return made;
  }
  return g->head[n->attr[0]]->softmax ? ir_numbers_between(0, 1, true)
                                      : ir_numbers_between(-IR_MOST, IR_MOST, true);
}

/* All results of a recurrence: finite, where a step makes finite numbers of such. */
static int recurrence(const struct ir_graph *g, const struct ir_node *n, const struct ir_numbers *known,
                      struct ir_numbers *made) {
  const struct ir_scan *scan = ir_scan_of(g, n);
  struct ir_numbers *argument = rt_zalloc((size_t)n->arg_count, sizeof *argument),
                    *inner = rt_zalloc(scan->body->count, sizeof *inner);
  int status = argument && inner ? RT_OK : RT_NO_MEMORY;
  bool fine = true;
  for (int k = 0; status == RT_OK && k < n->arg_count; k++) {
    argument[k] = k ? known[n->arg[k]] : ANY;
    fine = fine && ir_is_finite(known[n->arg[k]]);
  }
  if (status == RT_OK) status = ir_find_numbers(scan->body, argument, inner);
  for (int k = 0; status == RT_OK && k < scan->result_count; k++)
    fine = fine && ir_is_finite(inner[scan->result[k]]);
  *made = fine ? ANY : WILD;
  rt_free(argument);
  rt_free(inner);
  return status;
}

static struct ir_numbers along_rows(enum rt_op op, struct ir_numbers a) {
  if (a.nan || a.high > IR_MOST) return WILD;
  if (op == OP_softmax) return ir_numbers_between(0, 1, a.low < -IR_MOST);
  if (op == OP_log_softmax) return ir_numbers_between(a.low < -IR_MOST ? -INFINITY : -IR_MOST, 0, true);
  return is_infinite(a) ? WILD : ANY;
}

static struct ir_numbers of_node(const struct ir_graph *g, const struct ir_node *n,
                                 const struct ir_numbers *known) {
  struct ir_numbers a = n->arg_count ? known[n->arg[0]] : ANY;
  if (rt_is_lane(n->op)) return lane(g, n, known);
  switch (n->op) {
    case OP_constant: return ir_numbers_between(n->real, n->real, true);
    case OP_size:
    case OP_rows: return count(g, (vm_dim)n->attr[0]);
    case OP_iota: return ir_numbers_between(0, IR_MOST, true);
    case OP_bernoulli: return ir_numbers_between(0, IR_MOST, true);
    case OP_assign:
    case OP_onehot: return ir_numbers_between(0, 1, true);
    case OP_param:
    case OP_gumbel: return ANY;
    case OP_input: return ir_numbers_between(-IR_MOST, IR_MOST, true);
    case OP_concat:
      for (int k = 1; k < n->arg_count; k++) a = hull(a, known[n->arg[k]]);
      return a;
    case OP_pad: return hull(a, ir_numbers_between(0, 0, true));
    case OP_sum:
    case OP_cumsum: return total(a);
    case OP_convolve:
    case OP_project:
    case OP_project_back:
    case OP_matmul: return contracted(a, known[n->arg[1]]);
    case OP_softmax:
    case OP_log_softmax:
    case OP_standardize:
    case OP_rms: return along_rows((enum rt_op)n->op, a);
    case OP_attention:
    case OP_attention_weights: return head(g, n, known);
    case OP_result:
    case OP_expand:
    case OP_transpose:
    case OP_reshape:
    case OP_slice:
    case OP_stop:
    case OP_maximum:
    case OP_max_pool:
    case OP_threshold:
    case OP_gather:
    case OP_take: return a;
    case OP_over: return n->attr[0] == IR_OVER_MAX || n->attr[0] == IR_OVER_HEADS ? a : total(a);
    default: return WILD;
  }
}

int ir_find_numbers(const struct ir_graph *g, const struct ir_numbers *argument, struct ir_numbers *out) {
  int status = RT_OK;
  for (ir_id id = 1; status == RT_OK && id < g->count; id++) {
    const struct ir_node *n = &g->node[id];
    if (n->op == OP_input && argument)
      out[id] = argument[n->attr[0]];
    else if (n->op == OP_scan)
      status = recurrence(g, n, out, &out[id]);
    else
      out[id] = of_node(g, n, out);
    if (n->type.dtype != RT_REAL) out[id] = ir_numbers_between(0, IR_MOST, true);
  }
  return status;
}
