/* positions_forms.c: formulas of two positions, evaluated on ranges: a step is made of those that it uses. */
#include "compiler/ir/positions_forms.h"

#include "compiler/ir/passes.h"

#include <math.h>

static const double BOUNDLESS = 1e300; /* what is not known lies between this and its negative */

/* ---- sizes ---- */

static bool size_number(struct vm_dims *dims, vm_dim size, double *number) {
  int64_t n;
  *number = 0;
  if (size == VM_NO_DIM) return true;
  if (vm_dim_is_number(dims, size, &n) || vm_dim_value(dims, size, NULL, &n, NULL) == RT_OK)
    return *number = (double)n, true;
  return false;
}

bool form_scale_size(struct vm_dims *dims, vm_dim *size, double factor) {
  enum { DENOMINATORS = 64 };
  if (*size == VM_NO_DIM || factor == 1) return true;
  if (factor == 0) return *size = VM_NO_DIM, true;
  for (int d = 1; d <= DENOMINATORS; d++) {
    double n = factor * d;
    if (n != floor(n) || fabs(n) > INT32_MAX) continue;
    vm_dim by = vm_dim_over(dims, vm_dim_number(dims, (int64_t)n), vm_dim_number(dims, d));
    *size = by == VM_NO_DIM ? VM_NO_DIM : vm_dim_times(dims, *size, by);
    return *size != VM_NO_DIM;
  }
  return false;
}

bool form_add_size(struct vm_dims *dims, vm_dim *sum, vm_dim size) {
  if (size == VM_NO_DIM) return true;
  *sum = *sum == VM_NO_DIM ? size : vm_dim_plus(dims, *sum, size);
  return *sum != VM_NO_DIM;
}

/* Is size + number >= 0, or > 0, for all sizes? */
static bool at_least_0(struct vm_dims *dims, vm_dim size, double number, bool strictly) {
  double known;
  if (size_number(dims, size, &known)) return strictly ? known + number > 0 : known + number >= 0;
  double whole = strictly ? ceil(number) - 1 : floor(number);
  if (!(fabs(whole) < FORM_LONGEST)) return whole > 0;
  return vm_never_negative(dims, vm_dim_plus(dims, size, vm_dim_number(dims, (int64_t)whole)));
}

/* ---- the most that a form may be ---- */

/* Adds what coefficient * position may be at most: the position is at least `from` and below `to`. */
static bool add_extreme(struct vm_dims *dims, double by, vm_dim from, vm_dim to, vm_dim *size,
                        double *number) {
  vm_dim end = by > 0 ? to : from;
  if (by == 0) return true;
  if (end == VM_NO_DIM) {
    if (by > 0) *number += by * FORM_LONGEST;
    return true;
  }
  if (by > 0) *number -= by;
  return form_scale_size(dims, &end, by) && form_add_size(dims, size, end);
}

/* The form is at most *size + *number, by `share` times what is assumed of j - i. */
static bool bound(const struct asking *a, const struct form *f, double share, vm_dim *size, double *number) {
  vm_dim shift = a->shift;
  *size = f->size;
  *number = f->high - share * a->way * (double)a->gap;
  return (share == 0
          || (form_scale_size(a->box->dims, &shift, -share * a->way)
              && form_add_size(a->box->dims, size, shift)))
         && add_extreme(a->box->dims, f->i - share * a->way, VM_NO_DIM, a->box->queries, size, number)
         && add_extreme(a->box->dims, f->j + share * a->way, a->box->from, a->box->to, size, number);
}

/* The shares that remove i, or j, or nothing. */
static int shares(const struct asking *a, const struct form *f, double share[3]) {
  int count = 0;
  share[count++] = 0;
  if (a->way && f->i * a->way > 0) share[count++] = f->i * a->way;
  if (a->way && -f->j * a->way > 0) share[count++] = -f->j * a->way;
  return count;
}

bool form_below_0(const struct asking *a, const struct form *f, bool strictly) {
  double share[3], number;
  vm_dim size;
  if (f->high == -INFINITY) return true;
  int count = shares(a, f, share);
  for (int k = 0; k < count; k++)
    if (bound(a, f, share[k], &size, &number) && form_scale_size(a->box->dims, &size, -1)
        && at_least_0(a->box->dims, size, -number, strictly))
      return true;
  return false;
}

static double most(const struct asking *a, const struct form *f) {
  double share[3], number, known, least = BOUNDLESS;
  vm_dim size;
  if (f->high == -INFINITY) return -INFINITY;
  int count = shares(a, f, share);
  for (int k = 0; k < count; k++) {
    if (!bound(a, f, share[k], &size, &number)) continue;
    if (!size_number(a->box->dims, size, &known)) {
      if (!form_scale_size(a->box->dims, &size, -1)) continue;
      known = at_least_0(a->box->dims, size, 0, false) ? 0 : FORM_LONGEST;
    }
    least = fmin(least, known + number);
  }
  return least;
}

/* ---- forms ---- */

struct form form_number(double low, double high) {
  if (low == -INFINITY && high != low) low = -BOUNDLESS;
  if (high == INFINITY && high != low) high = BOUNDLESS;
  if (isnan(low) || isnan(high)) low = -BOUNDLESS, high = BOUNDLESS;
  return (struct form){.low = low, .high = high, .size = VM_NO_DIM};
}
static struct form any_form(bool wild) {
  struct form f = form_number(-BOUNDLESS, BOUNDLESS);
  f.wild = wild;
  return f;
}
static struct form truth_form(bool can_be_false, bool can_be_true) {
  return form_number(can_be_false ? 0 : 1, can_be_true ? 1 : 0);
}

bool form_is_number(const struct form *f) {
  return f->i == 0 && f->j == 0 && f->size == VM_NO_DIM && f->low == f->high && !f->wild;
}

/* Numbers that are far larger than the steps between positions leave no room for these: j + 1e8 is computed
 * in float, in which 1e8 + 1 is 1e8. */
static struct form rounded(struct form f) {
  const double slack = 0x1p-22;
  double step = f.i == 0 ? fabs(f.j) : f.j == 0 ? fabs(f.i) : fmin(fabs(f.i), fabs(f.j));
  if (step == 0) return f;
  if (fabs(f.low) * slack > step && f.low > -BOUNDLESS) f.low -= fabs(f.low) * slack;
  if (fabs(f.high) * slack > step && f.high < BOUNDLESS) f.high += fabs(f.high) * slack;
  return f;
}

static bool is_exact_factor(double by) { return by * 0x1p20 == floor(by * 0x1p20); }

static struct form scaled(const struct asking *a, struct form f, double by) {
  struct form s = {.i = f.i * by, .j = f.j * by, .size = f.size, .unsure = f.unsure};
  s.low = by < 0 ? f.high * by : f.low * by;
  s.high = by < 0 ? f.low * by : f.high * by;
  s.rough = f.rough || !is_exact_factor(by);
  if (f.size != VM_NO_DIM && fabs(by) > 0x1p20) return any_form(f.wild);
  if (f.wild || isnan(s.low) || isnan(s.high) || !form_scale_size(a->box->dims, &s.size, by))
    return any_form(f.wild);
  return rounded(s);
}

static struct form sum(const struct asking *a, struct form x, struct form y) {
  struct form s = {
      .i = x.i + y.i, .j = x.j + y.j, .low = x.low + y.low, .high = x.high + y.high, .size = x.size};
  bool none = isnan(s.low) || isnan(s.high) || x.wild || y.wild;
  if (none || !form_add_size(a->box->dims, &s.size, y.size)) return any_form(none);
  double known;
  if (s.size != VM_NO_DIM && size_number(a->box->dims, s.size, &known)) {
    s.size = VM_NO_DIM;
    s.low += known;
    s.high += known;
  }
  s.rough = x.rough || y.rough;
  s.unsure = x.unsure || y.unsure;
  return rounded(s);
}
struct form form_difference(const struct asking *a, struct form x, struct form y) {
  return sum(a, x, scaled(a, y, -1));
}

static bool is_whole_form(const struct form *f) {
  return !f->rough && f->i == floor(f->i) && f->j == floor(f->j) && f->low == floor(f->low)
         && f->high == floor(f->high) && f->low > -FORM_LONGEST && f->high < FORM_LONGEST;
}

struct lane_span form_span(const struct asking *a, const struct form *f) {
  struct form turned = scaled(a, *f, -1);
  double low = -most(a, &turned), high = most(a, f);
  bool known = !f->wild && low >= -FORM_LONGEST * FORM_LONGEST && high <= FORM_LONGEST * FORM_LONGEST;
  return (struct lane_span){low, high, known, known && is_whole_form(f)};
}

static struct form hull(const struct asking *a, const struct form *x, const struct form *y) {
  if (x->wild || y->wild) return any_form(true);
  if (x->i == y->i && x->j == y->j && x->size == y->size) {
    struct form both = *x;
    both.rough = x->rough || y->rough;
    both.unsure = x->unsure || y->unsure;
    both.low = fmin(x->low, y->low);
    both.high = fmax(x->high, y->high);
    return both.low == -INFINITY && both.high != both.low ? any_form(false) : both;
  }
  struct lane_span p = form_span(a, x), q = form_span(a, y);
  return form_number(fmin(p.low, q.low), fmax(p.high, q.high));
}

static struct form compared(const struct asking *a, enum rt_op op, struct form x, struct form y) {
  if (x.wild || y.wild) return truth_form(true, true);
  struct form d = form_difference(a, x, y), e = scaled(a, d, -1);
  /* whole numbers that differ by less than 1 are the same */
  struct form nearly = sum(a, e, form_number(-1, -1));
  bool less = form_below_0(a, &d, true), more = form_below_0(a, &e, true);
  bool not_less = form_below_0(a, &e, false) || (x.whole && y.whole && form_below_0(a, &nearly, true));
  switch (op) {
    case OP_lt: return truth_form(!less, !(more || not_less));
    case OP_le: return truth_form(!(less || form_below_0(a, &d, false)), !more);
    default: break;
  }
  bool differ = less || more, same = !differ && form_below_0(a, &d, false) && form_below_0(a, &e, false);
  return op == OP_eq ? truth_form(!same, !differ) : truth_form(!differ, !same);
}

static struct form by_row(const struct asking *a, enum rt_op op, int arity, const struct form x[3]) {
  struct lane_span operand[3] = {{0}};
  struct ir_numbers numbers[3] = {{0}};
  for (int k = 0; k < arity; k++) {
    operand[k] = form_span(a, &x[k]);
    numbers[k] = (struct ir_numbers){operand[k].low, operand[k].high, x[k].wild, true};
  }
  struct lane_span made = lane_span_made(op, operand);
  return made.known ? form_number(made.low, made.high)
                    : any_form(!ir_is_finite(ir_numbers_made(op, numbers)));
}

/* The larger of two: one of them, where it is known which. */
static struct form larger(const struct asking *a, struct form x, struct form y) {
  if (x.wild || y.wild) return any_form(true);
  struct form d = form_difference(a, x, y), e = scaled(a, d, -1);
  if (form_below_0(a, &e, false)) return x;
  if (form_below_0(a, &d, false)) return y;
  struct lane_span p = form_span(a, &x), q = form_span(a, &y);
  return form_number(fmax(p.low, q.low), fmax(p.high, q.high));
}

static struct form product(const struct asking *a, const struct form x[3]) {
  for (int k = 0; k < 2; k++) {
    if (form_is_number(&x[k]) && x[k].low == 0 && !x[1 - k].wild) return x[k];
    if (form_is_number(&x[k]) && isfinite(x[k].low)) return scaled(a, x[1 - k], x[k].low);
  }
  return by_row(a, OP_mul, 2, x);
}

/* What floor takes away at most: 3/4 of quarters. */
static double largest_fraction(const struct form *f) {
  enum { DENOMINATORS = 16 };
  for (int d = 2; d <= DENOMINATORS && !f->rough && f->size == VM_NO_DIM; d *= 2)
    if (f->i * d == floor(f->i * d) && f->j * d == floor(f->j * d) && f->low * d == floor(f->low * d)
        && f->low == f->high)
      return 1 - 1.0 / d;
  return 1;
}

static struct form rounded_down(struct form f) {
  const double slack = f.rough ? 0x1p-6 : 0;
  if (is_whole_form(&f) || f.low == -INFINITY) return f;
  f.low -= largest_fraction(&f) + slack;
  f.high += slack;
  f.rough = false;
  return f;
}

static struct form chosen(const struct asking *a, const struct form x[3]) {
  struct lane_span c = form_span(a, &x[0]);
  if (c.low > 0 || c.high < 0) return x[1];
  if (c.low == 0 && c.high == 0) return x[2];
  return hull(a, &x[1], &x[2]);
}

bool form_is_point(const struct form *f, double at) { return form_is_number(f) && f->low == at; }

/* 0 / x is 0, or not a number where x is 0: then for all keys, if x is the same for them. */
static struct form nothing_over(const struct form x[3]) {
  struct form f = x[0];
  f.unsure = f.unsure || !x[1].not_zero;
  return f;
}

static struct form lane_form(const struct asking *a, enum rt_op op, int arity, const struct form x[3]) {
  const struct form zero = form_number(0, 0);
  bool numbers = true, unsure = false;
  for (int k = 0; k < arity; k++) {
    numbers = numbers && form_is_number(&x[k]);
    unsure = unsure || x[k].unsure;
  }
  if (numbers) {
    double v = ir_fold(op, x[0].low, arity > 1 ? x[1].low : 0, arity > 2 ? x[2].low : 0);
    struct form f = form_number(v, v);
    f.unsure = unsure;
    return isnan(v) ? any_form(true) : f;
  }
  switch (op) {
    case OP_neg: return scaled(a, x[0], -1);
    case OP_add: return sum(a, x[0], x[1]);
    case OP_sub: return form_difference(a, x[0], x[1]);
    case OP_mul: return product(a, x);
    case OP_div:
      if (form_is_point(&x[0], 0) && !x[1].wild && (x[1].not_zero || x[1].of_row)) return nothing_over(x);
      if (form_is_number(&x[1]) && x[1].low != 0 && isfinite(x[1].low)) return scaled(a, x[0], 1 / x[1].low);
      break;
    case OP_relu: return larger(a, x[0], zero);
    case OP_abs: return larger(a, x[0], scaled(a, x[0], -1));
    case OP_max: return larger(a, x[0], x[1]);
    case OP_min: return scaled(a, larger(a, scaled(a, x[0], -1), scaled(a, x[1], -1)), -1);
    case OP_floor: return rounded_down(x[0]);
    case OP_ceil: return scaled(a, rounded_down(scaled(a, x[0], -1)), -1);
    case OP_select: return chosen(a, x);
    case OP_lt:
    case OP_le:
    case OP_eq:
    case OP_ne: return compared(a, op, x[0], x[1]);
    default: break;
  }
  return by_row(a, op, arity, x);
}

static struct form made_form(const struct asking *a, const struct ir_step_of *s, const struct form *value) {
  struct form f = form_number(0, 0), x[3] = {f, f, f};
  switch (s->is) {
    case IR_STEP_NUMBER: return form_number(s->number, s->number);
    case IR_STEP_I:
    case IR_STEP_J:
      f.size = s->size;
      *(s->is == IR_STEP_I ? &f.i : &f.j) = 1;
      return sum(a, f, form_number(0, 0));
    case IR_STEP_H: return form_number(fmax(a->head, 0), a->head < 0 ? s->number - 1 : a->head);
    case IR_STEP_SOME: {
      double count;
      return form_number(0, size_number(a->box->dims, s->size, &count) ? count - 1 : BOUNDLESS);
    }
    case IR_STEP_SIZE: f.size = s->size; return sum(a, f, form_number(0, 0));
    case IR_STEP_MOST: {
      struct lane_span least = form_span(a, &value[s->arg[0]]);
      return value[s->arg[0]].wild ? any_form(true) : form_number(least.low, BOUNDLESS);
    }
    case IR_STEP_OP: {
      int arity = rt_op_info[s->op].arity;
      for (int k = 0; k < arity; k++) {
        x[k] = value[s->arg[k]];
        if (x[k].unsure && ir_swallows((enum rt_op)s->op)) x[k] = any_form(true);
      }
      return lane_form(a, (enum rt_op)s->op, arity, x);
    }
    default: break;
  }
  return any_form(s->wild);
}

static bool is_of_row(const struct ir_step_of *s, const struct form *value) {
  bool same = s->is == IR_STEP_OP;
  for (int k = 0; same && k < rt_op_info[s->op].arity; k++) same = value[s->arg[k]].of_row;
  return same || s->is == IR_STEP_NUMBER || s->is == IR_STEP_SIZE || s->is == IR_STEP_H || s->is == IR_STEP_I
         || (s->is == IR_STEP_OVER && s->op < IR_OVER_CUMSUM);
}

static bool is_whole(const struct ir_step_of *s, const struct form *value) {
  bool whole = s->op == OP_add || s->op == OP_sub || s->op == OP_neg;
  if (s->is != IR_STEP_OP)
    return s->is == IR_STEP_NUMBER ? s->number == floor(s->number)
                                   : s->is != IR_STEP_ANY && s->is != IR_STEP_OVER && s->is != IR_STEP_PICK
                                         && s->is != IR_STEP_MOST;
  if (s->op == OP_mul) whole = true;
  for (int k = 0; whole && k < rt_op_info[s->op].arity; k++) whole = value[s->arg[k]].whole;
  return whole || s->op == OP_floor || s->op == OP_ceil;
}

struct form form_of_step(const struct asking *a, const struct ir_step_of *s, const struct form *value) {
  struct form f = made_form(a, s, value);
  f.of_row = is_of_row(s, value);
  f.not_zero = s->not_zero;
  f.whole = is_whole(s, value);
  f.wild = f.wild && s->wild;
  return f;
}
