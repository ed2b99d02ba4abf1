/* positions.c: formulas of two positions, evaluated on ranges. A value is a i + b j + size + [low, high], so
 * that what i and j have in common cancels: under j - i >= 1 the difference of `j` and `i` is at least 1. */
#include "compiler/ir/positions.h"

#include "compiler/ir/passes.h"
#include "runtime/lanes.h"

#include <math.h>
#include <string.h>

static const double BOUNDLESS = 1e300; /* what is not known lies between this and its negative */
static const double LONGEST = 0x1p40;  /* no position and no size is beyond */

struct form {
  double i, j, low, high;
  vm_dim size; /* VM_NO_DIM: none */
  bool wild;   /* or infinite, or not a number */
  bool unsure; /* or not a number, and then so for all keys */
  bool rough;  /* computed with rounding: by thirds, tenths, … */
  bool of_row; /* the same for all keys */
  bool not_zero;
};

/* What is assumed beside the box: way 1: j - i >= shift + gap; -1: j - i <= shift + gap; 0: nothing. */
struct asking {
  const struct ir_box *box;
  int way;
  vm_dim shift;
  int64_t gap;
  int head; /* below 0: any */
};

/* ---- sizes ---- */

static bool size_number(struct vm_dims *dims, vm_dim size, double *number) {
  int64_t n;
  *number = 0;
  if (size == VM_NO_DIM) return true;
  if (vm_dim_is_number(dims, size, &n) || vm_dim_value(dims, size, NULL, &n, NULL) == RT_OK)
    return *number = (double)n, true;
  return false;
}

bool ir_never_negative(const struct vm_dims *dims, vm_dim a) {
  enum vm_truth truth;
  return a != VM_NO_DIM && vm_requirement_truth(dims, VM_NOT_NEGATIVE, a, &truth) == RT_OK
         && truth == VM_FOR_ALL;
}

/* size * factor. False when that has no such form. */
static bool scale_size(struct vm_dims *dims, vm_dim *size, double factor) {
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

static bool add_size(struct vm_dims *dims, vm_dim *sum, vm_dim size) {
  if (size == VM_NO_DIM) return true;
  *sum = *sum == VM_NO_DIM ? size : vm_dim_plus(dims, *sum, size);
  return *sum != VM_NO_DIM;
}

/* Is size + number >= 0, or > 0, for all sizes? */
static bool at_least_0(struct vm_dims *dims, vm_dim size, double number, bool strictly) {
  double known;
  if (size_number(dims, size, &known)) return strictly ? known + number > 0 : known + number >= 0;
  double whole = strictly ? ceil(number) - 1 : floor(number);
  if (!(fabs(whole) < LONGEST)) return whole > 0;
  return ir_never_negative(dims, vm_dim_plus(dims, size, vm_dim_number(dims, (int64_t)whole)));
}

/* ---- the most that a form may be ---- */

/* Adds what coefficient * position may be at most: the position is at least `from` and below `to`. */
static bool add_extreme(struct vm_dims *dims, double by, vm_dim from, vm_dim to, vm_dim *size,
                        double *number) {
  vm_dim end = by > 0 ? to : from;
  if (by == 0) return true;
  if (end == VM_NO_DIM) {
    if (by > 0) *number += by * LONGEST;
    return true;
  }
  if (by > 0) *number -= by;
  return scale_size(dims, &end, by) && add_size(dims, size, end);
}

/* The form is at most *size + *number, by `share` times what is assumed of j - i. */
static bool bound(const struct asking *a, const struct form *f, double share, vm_dim *size, double *number) {
  vm_dim shift = a->shift;
  *size = f->size;
  *number = f->high - share * a->way * (double)a->gap;
  return (share == 0
          || (scale_size(a->box->dims, &shift, -share * a->way) && add_size(a->box->dims, size, shift)))
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

/* Is the form surely at most 0, or below it? */
static bool below_0(const struct asking *a, const struct form *f, bool strictly) {
  double share[3], number;
  vm_dim size;
  if (f->high == -INFINITY) return true;
  int count = shares(a, f, share);
  for (int k = 0; k < count; k++)
    if (bound(a, f, share[k], &size, &number) && scale_size(a->box->dims, &size, -1)
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
      if (!scale_size(a->box->dims, &size, -1)) continue;
      known = at_least_0(a->box->dims, size, 0, false) ? 0 : LONGEST;
    }
    least = fmin(least, known + number);
  }
  return least;
}

/* ---- forms ---- */

static struct form number_form(double low, double high) {
  if (low == -INFINITY && high != low) low = -BOUNDLESS;
  if (high == INFINITY && high != low) high = BOUNDLESS;
  if (isnan(low) || isnan(high)) low = -BOUNDLESS, high = BOUNDLESS;
  return (struct form){.low = low, .high = high, .size = VM_NO_DIM};
}
static struct form any_form(bool wild) {
  struct form f = number_form(-BOUNDLESS, BOUNDLESS);
  f.wild = wild;
  return f;
}
static struct form truth_form(bool can_be_false, bool can_be_true) {
  return number_form(can_be_false ? 0 : 1, can_be_true ? 1 : 0);
}

static bool is_number(const struct form *f) {
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
  if (f.wild || isnan(s.low) || isnan(s.high) || !scale_size(a->box->dims, &s.size, by))
    return any_form(f.wild);
  return rounded(s);
}

static struct form sum(const struct asking *a, struct form x, struct form y) {
  struct form s = {
      .i = x.i + y.i, .j = x.j + y.j, .low = x.low + y.low, .high = x.high + y.high, .size = x.size};
  bool none = isnan(s.low) || isnan(s.high) || x.wild || y.wild;
  if (none || !add_size(a->box->dims, &s.size, y.size)) return any_form(none);
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
static struct form difference(const struct asking *a, struct form x, struct form y) {
  return sum(a, x, scaled(a, y, -1));
}

static bool is_whole_form(const struct form *f) {
  return !f->rough && f->i == floor(f->i) && f->j == floor(f->j) && f->low == floor(f->low)
         && f->high == floor(f->high) && f->low > -LONGEST && f->high < LONGEST;
}

/* As numbers alone. */
static struct lane_span span_of(const struct asking *a, const struct form *f) {
  struct form turned = scaled(a, *f, -1);
  double low = -most(a, &turned), high = most(a, f);
  bool known = !f->wild && low >= -LONGEST * LONGEST && high <= LONGEST * LONGEST;
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
  struct lane_span p = span_of(a, x), q = span_of(a, y);
  return number_form(fmin(p.low, q.low), fmax(p.high, q.high));
}

static struct form compared(const struct asking *a, enum rt_op op, struct form x, struct form y) {
  if (x.wild || y.wild) return truth_form(true, true);
  struct form d = difference(a, x, y), e = scaled(a, d, -1);
  bool less = below_0(a, &d, true), more = below_0(a, &e, true);
  switch (op) {
    case OP_lt: return truth_form(!less, !(more || below_0(a, &e, false)));
    case OP_le: return truth_form(!(less || below_0(a, &d, false)), !more);
    default: break;
  }
  bool differ = less || more, same = !differ && below_0(a, &d, false) && below_0(a, &e, false);
  return op == OP_eq ? truth_form(!same, !differ) : truth_form(!differ, !same);
}

static struct form by_row(const struct asking *a, enum rt_op op, int arity, const struct form x[3]) {
  struct lane_span operand[3] = {{0}};
  struct ir_numbers numbers[3] = {{0}};
  for (int k = 0; k < arity; k++) {
    operand[k] = span_of(a, &x[k]);
    numbers[k] = (struct ir_numbers){operand[k].low, operand[k].high, x[k].wild, true};
  }
  struct lane_span made = lane_span_made(op, operand);
  return made.known ? number_form(made.low, made.high)
                    : any_form(!ir_is_finite(ir_numbers_made(op, numbers)));
}

/* The larger of two: one of them, where it is known which. */
static struct form larger(const struct asking *a, struct form x, struct form y) {
  if (x.wild || y.wild) return any_form(true);
  struct form d = difference(a, x, y), e = scaled(a, d, -1);
  if (below_0(a, &e, false)) return x;
  if (below_0(a, &d, false)) return y;
  struct lane_span p = span_of(a, &x), q = span_of(a, &y);
  return number_form(fmax(p.low, q.low), fmax(p.high, q.high));
}

static struct form product(const struct asking *a, const struct form x[3]) {
  for (int k = 0; k < 2; k++) {
    if (is_number(&x[k]) && x[k].low == 0 && !x[1 - k].wild) return x[k];
    if (is_number(&x[k]) && isfinite(x[k].low)) return scaled(a, x[1 - k], x[k].low);
  }
  return by_row(a, OP_mul, 2, x);
}

static struct form rounded_down(struct form f) {
  const double slack = f.rough ? 0x1p-6 : 0;
  if (is_whole_form(&f) || f.low == -INFINITY) return f;
  f.low -= 1 + slack;
  f.high += slack;
  f.rough = false;
  return f;
}

static struct form chosen(const struct asking *a, const struct form x[3]) {
  struct lane_span c = span_of(a, &x[0]);
  if (c.low > 0 || c.high < 0) return x[1];
  if (c.low == 0 && c.high == 0) return x[2];
  return hull(a, &x[1], &x[2]);
}

static bool is_point(const struct form *f, double at) { return is_number(f) && f->low == at; }

/* 0 / x is 0, or not a number where x is 0: then for all keys, if x is the same for them. */
static struct form nothing_over(const struct form x[3]) {
  struct form f = x[0];
  f.unsure = f.unsure || !x[1].not_zero;
  return f;
}

static struct form lane_form(const struct asking *a, enum rt_op op, int arity, const struct form x[3]) {
  const struct form zero = number_form(0, 0);
  bool numbers = true, unsure = false;
  for (int k = 0; k < arity; k++) {
    numbers = numbers && is_number(&x[k]);
    unsure = unsure || x[k].unsure;
  }
  if (numbers) {
    double v = ir_fold(op, x[0].low, arity > 1 ? x[1].low : 0, arity > 2 ? x[2].low : 0);
    struct form f = number_form(v, v);
    f.unsure = unsure;
    return isnan(v) ? any_form(true) : f;
  }
  switch (op) {
    case OP_neg: return scaled(a, x[0], -1);
    case OP_add: return sum(a, x[0], x[1]);
    case OP_sub: return difference(a, x[0], x[1]);
    case OP_mul: return product(a, x);
    case OP_div:
      if (is_point(&x[0], 0) && !x[1].wild && (x[1].not_zero || x[1].of_row)) return nothing_over(x);
      if (is_number(&x[1]) && x[1].low != 0 && isfinite(x[1].low)) return scaled(a, x[0], 1 / x[1].low);
      break;
    case OP_relu: return larger(a, x[0], zero);
    case OP_abs: return larger(a, x[0], scaled(a, x[0], -1));
    case OP_max: return larger(a, x[0], x[1]);
    case OP_min: return scaled(a, larger(a, scaled(a, x[0], -1), scaled(a, x[1], -1)), -1);
    case OP_floor: return rounded_down(x[0]);
    case OP_select: return chosen(a, x);
    case OP_lt:
    case OP_le:
    case OP_eq:
    case OP_ne: return compared(a, op, x[0], x[1]);
    default: break;
  }
  return by_row(a, op, arity, x);
}

/* ---- questions ---- */

static struct form made_form(const struct asking *a, const struct ir_step_of *s, const struct form *value) {
  struct form f = number_form(0, 0), x[3];
  switch (s->is) {
    case IR_STEP_NUMBER: return number_form(s->number, s->number);
    case IR_STEP_I:
    case IR_STEP_J:
      f.size = s->size;
      *(s->is == IR_STEP_I ? &f.i : &f.j) = 1;
      return sum(a, f, number_form(0, 0));
    case IR_STEP_H: return number_form(fmax(a->head, 0), a->head < 0 ? s->number - 1 : a->head);
    case IR_STEP_SOME: {
      double count;
      return number_form(0, size_number(a->box->dims, s->size, &count) ? count - 1 : BOUNDLESS);
    }
    case IR_STEP_SIZE: f.size = s->size; return sum(a, f, number_form(0, 0));
    case IR_STEP_MOST: {
      struct lane_span least = span_of(a, &value[s->arg[0]]);
      return value[s->arg[0]].wild ? any_form(true) : number_form(least.low, BOUNDLESS);
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

static struct form step_form(const struct asking *a, const struct ir_step_of *s, const struct form *value) {
  struct form f = made_form(a, s, value);
  f.of_row = is_of_row(s, value);
  f.not_zero = s->not_zero;
  return f;
}

/* Do reductions over the keys take nothing from this pair? */
static bool is_neutral(const struct ir_step_of *s, const struct form *value) {
  switch (s->op) {
    case IR_OVER_SUM:
    case IR_OVER_CUMSUM:
    case IR_OVER_CUMSUM_BACK: return is_point(&value[s->arg[0]], 0);
    case IR_OVER_MAX:
    case IR_OVER_ENTMAX:
    case IR_OVER_KTH: return is_point(&value[s->arg[0]], -INFINITY);
    default: return false;
  }
}

/* Is the answer no for all pairs in the box for which the assumption holds? Of one head. */
static bool no_in_head(const struct asking *a, const struct ir_asked *asked) {
  const struct ir_formula *formula = asked->formula;
  struct form value[IR_FORMULA_STEPS] = {0};
  bool neutral = true;
  for (int k = 0; k < formula->count; k++) {
    value[k] = step_form(a, &formula->step[k], value);
    if (formula->step[k].is == IR_STEP_OVER) neutral = neutral && is_neutral(&formula->step[k], value);
  }
  const struct form *result = &value[formula->result];
  struct lane_span span = span_of(a, result);
  switch (asked->question) {
    case IR_WHERE_TRUE: return span.low == 0 && span.high == 0;
    case IR_WHERE_FALSE: return span.low > 0 || span.high < 0;
    case IR_WHERE_SOFTMAX: return neutral && is_point(result, -INFINITY);
    case IR_WHERE_WEIGHT: return neutral && is_point(result, 0);
  }
  return false;
}

static bool surely_no(const struct asking *a, const struct ir_asked *asked) {
  const struct ir_formula *formula = asked->formula;
  struct asking of_head = *a;
  bool no = formula && formula->count;
  for (int h = 0; no && (h == 0 || h < formula->heads); h++) {
    of_head.head = h;
    no = no_in_head(&of_head, asked);
  }
  return no;
}

/* No pair: the box and the assumption do not meet, or one of the questions is answered with no. */
static bool none(const struct asking *a, const struct ir_asked *asked, int count) {
  struct asking alone = *a;
  const double by = -a->way * (double)a->gap;
  struct form gap = {.i = -a->way, .j = a->way, .low = by, .high = by, .size = a->shift};
  alone.way = 0;
  if (scale_size(a->box->dims, &gap.size, -a->way) && below_0(&alone, &gap, true)) return true;
  for (int k = 0; k < count; k++)
    if (surely_no(a, &asked[k])) return true;
  return false;
}

/* The last gap, outwards, behind which there is no pair. */
static struct ir_gap last_gap(const struct ir_asked *asked, int count, const struct ir_box *box, vm_dim shift,
                              int way) {
  const int64_t furthest = INT64_C(1) << 24;
  struct asking a = {.box = box, .way = way, .shift = shift, .gap = way};
  int64_t in = -1, out; /* beyond `out` there is none, beyond `in` there is perhaps */
  if (none(&a, asked, count)) {
    for (out = 0, in = -1; - in < furthest; out = in, in *= 2) {
      a.gap = way * (in + 1);
      if (!none(&a, asked, count)) break;
    }
    if (-in >= furthest) return (struct ir_gap){.never = true};
  } else {
    for (in = 0, out = 1; out < furthest; in = out, out *= 2) {
      a.gap = way * (out + 1);
      if (none(&a, asked, count)) break;
    }
    if (out >= furthest) return (struct ir_gap){.far = true};
  }
  while (out - in > 1) {
    int64_t middle = in + (out - in) / 2;
    a.gap = way * (middle + 1);
    *(none(&a, asked, count) ? &out : &in) = middle;
  }
  return (struct ir_gap){.at = way * out};
}

static struct ir_gap search(const struct ir_asked *asked, int count, const struct ir_box *box, vm_dim shift,
                            int way) {
  struct ir_gap gap = last_gap(asked, count, box, shift, way);
  if (gap.far || gap.never || !count) return gap;
  struct ir_gap whole = last_gap(NULL, 0, box, shift, way);
  if (!whole.far && !whole.never && whole.at == gap.at && way * gap.at > 0) gap.far = true;
  return gap;
}

struct ir_gap ir_most_ahead(const struct ir_asked *asked, int count, const struct ir_box *box, vm_dim shift) {
  return search(asked, count, box, shift, 1);
}
struct ir_gap ir_most_behind(const struct ir_asked *asked, int count, const struct ir_box *box,
                             vm_dim shift) {
  return search(asked, count, box, shift, -1);
}

bool ir_surely(const struct ir_formula *formula, const struct ir_box *box, bool truth) {
  const struct asking a = {.box = box, .shift = VM_NO_DIM};
  const struct ir_asked asked = {formula, truth ? IR_WHERE_FALSE : IR_WHERE_TRUE};
  return surely_no(&a, &asked);
}

bool ir_formula_place(const struct ir_formula *formula, int step, struct vm_dims *dims,
                      struct ir_place *place) {
  const struct ir_box box = {dims, VM_NO_DIM, VM_NO_DIM, VM_NO_DIM};
  const struct asking a = {.box = &box, .shift = VM_NO_DIM, .head = -1};
  struct form value[IR_FORMULA_STEPS] = {0};
  for (int k = 0; k <= step; k++) value[k] = step_form(&a, &formula->step[k], value);
  const struct form *f = &value[step];
  double whole = floor(f->low);
  if (f->low != f->high || whole != f->low || fabs(whole) > LONGEST) return false;
  *place = (struct ir_place){f->i, f->j, vm_dim_number(dims, (int64_t)whole)};
  return add_size(dims, &place->size, f->size);
}

/* Where there is a pair there is a first query and a first key. */
static bool has_first(const struct ir_box *box, vm_dim length) {
  const vm_dim there[] = {box->queries, box->from == VM_NO_DIM ? box->to : VM_NO_DIM};
  for (int k = 0; k < 2; k++)
    if (there[k] != VM_NO_DIM && ir_never_negative(box->dims, vm_dim_minus(box->dims, length, there[k])))
      return true;
  return false;
}

/* The place is rounded to a whole number. */
static struct ir_beyond reads_beyond(const struct asking *a, const struct ir_formula *formula, int step,
                                     vm_dim length) {
  struct form value[IR_FORMULA_STEPS] = {0}, end = number_form(-0.5, -0.5);
  for (int k = 0; k <= step; k++) value[k] = step_form(a, &formula->step[k], value);
  end.size = length;
  struct form behind = difference(a, value[step], end),
              front = difference(a, number_form(-0.5, -0.5), value[step]);
  bool first = is_number(&value[step]) && value[step].low < 0.5 && has_first(a->box, length);
  return (struct ir_beyond){.front = !below_0(a, &front, false),
                            .behind = !first && !below_0(a, &behind, false)};
}

struct ir_beyond ir_reads_beyond(const struct ir_formula *formula, int step, vm_dim length,
                                 const struct ir_asked *asked, int count, const struct ir_box *box) {
  struct ir_beyond beyond = {true, true};
  const struct ir_gap most = ir_most_ahead(asked, count, box, VM_NO_DIM),
                      least = ir_most_behind(asked, count, box, VM_NO_DIM);
  if (most.never || least.never) return (struct ir_beyond){false, false};
  for (int way = -1; way <= 1; way++) {
    const struct asking a = {
        .box = box, .way = way, .shift = VM_NO_DIM, .gap = way < 0 ? most.at : least.at, .head = -1};
    if ((way < 0 && most.far) || (way > 0 && least.far)) continue;
    struct ir_beyond found = reads_beyond(&a, formula, step, length);
    beyond.front = beyond.front && found.front;
    beyond.behind = beyond.behind && found.behind;
  }
  return beyond;
}

static bool uses(const struct ir_box *box, vm_dim size, uint32_t symbol) {
  return size != VM_NO_DIM && vm_dim_uses(box->dims, size, symbol);
}

/* Is a table read at a place that has the size in it, which is not that from which its places are counted? */
static bool picks_by(const struct ir_formula *formula, const struct ir_step_of *s, const struct ir_box *box,
                     uint32_t symbol, const vm_dim *placed) {
  struct ir_place place;
  if (!ir_formula_place(formula, s->arg[0], box->dims, &place)) return true;
  vm_dim from = placed[s->op];
  if (from == VM_NO_DIM) return uses(box, place.size, symbol);
  vm_dim rest = vm_dim_minus(box->dims, place.size, from);
  return rest == VM_NO_DIM || uses(box, rest, symbol);
}

bool ir_formula_tells(const struct ir_formula *formula, const struct ir_box *box, uint32_t symbol,
                      const vm_dim *placed) {
  const struct asking a = {.box = box, .shift = VM_NO_DIM, .head = -1};
  struct form value[IR_FORMULA_STEPS] = {0};
  bool tells[IR_FORMULA_STEPS] = {false};
  for (int k = 0; k < formula->count; k++) {
    const struct ir_step_of *s = &formula->step[k];
    value[k] = step_form(&a, s, value);
    int arity =
        s->is == IR_STEP_OP ? rt_op_info[s->op].arity : s->is == IR_STEP_OVER || s->is == IR_STEP_MOST;
    tells[k] = s->is == IR_STEP_SIZE && uses(box, s->size, symbol);
    for (int n = 0; n < arity; n++) tells[k] = tells[k] || tells[s->arg[n]];
    if (s->is == IR_STEP_PICK) {
      bool by = tells[s->arg[0]] || placed[s->op] != VM_NO_DIM;
      tells[k] = by && picks_by(formula, s, box, symbol, placed);
    }
    tells[k] = tells[k] && !is_number(&value[k]);
  }
  return formula->count && tells[formula->result];
}
