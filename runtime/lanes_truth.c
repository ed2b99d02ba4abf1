/* lanes_truth.c: interval arithmetic over lane programs, so that attention can leave out tiles that a mask
 * excludes as a whole and need not evaluate a mask where it sees everything. */
#include "runtime/lanes.h"

#include <math.h>

/* Numbers low..high. whole: whole numbers that double holds exactly, and so does float or they are computed
 * in double (lane_passes_float). A span that may hold anything, NaN included, is not known. */
struct lane_span {
  double low, high;
  bool known, whole;
};

static const double WHOLE_LIMIT = 0x1p53; /* double holds every whole number up to here, */
static const double FLOAT_LIMIT = 0x1p24; /* float up to here */
static const double SLACK = 1e-6;         /* more than a few roundings of float, relative */

static const struct lane_span UNKNOWN = {0, 0, false, false};

/* A computed span. What is not exact in float is widened by what rounding may do. */
static struct lane_span lane_span_of(double low, double high, bool whole) {
  if (!(isfinite(low) && isfinite(high))) return UNKNOWN;
  if (whole && low >= -WHOLE_LIMIT && high <= WHOLE_LIMIT) return (struct lane_span){low, high, true, true};
  double slack = SLACK * fmax(fabs(low), fabs(high)) + 1e-30;
  return (struct lane_span){low - slack, high + slack, true, false};
}

static struct lane_span lane_truth_span(bool can_be_false, bool can_be_true) {
  return (struct lane_span){can_be_false ? 0 : 1, can_be_true ? 1 : 0, true, true};
}

static bool lane_span_has_zero(struct lane_span a) { return !a.known || (a.low <= 0 && a.high >= 0); }
static bool lane_span_has_other(struct lane_span a) { return !a.known || a.low != 0 || a.high != 0; }

static struct lane_span lane_span_product(struct lane_span a, struct lane_span b) {
  double p = a.low * b.low, q = a.low * b.high, r = a.high * b.low, s = a.high * b.high;
  return lane_span_of(fmin(fmin(p, q), fmin(r, s)), fmax(fmax(p, q), fmax(r, s)), a.whole && b.whole);
}

static struct lane_span lane_span_quotient(struct lane_span a, struct lane_span b) {
  if (b.low <= 0 && b.high >= 0) return UNKNOWN;
  struct lane_span inverse = lane_span_of(1 / b.high, 1 / b.low, false);
  return inverse.known ? lane_span_product(a, inverse) : UNKNOWN;
}

/* a - b floor(a / b), for whole numbers and positive b. */
static struct lane_span lane_span_mod(struct lane_span a, struct lane_span b) {
  if (!a.whole || !b.whole || b.low <= 0) return UNKNOWN;
  if (b.low != b.high) return lane_span_of(0, b.high - 1, true);
  double turn = floor(a.low / b.low);
  if (turn == floor(a.high / b.low)) return lane_span_of(a.low - turn * b.low, a.high - turn * b.low, true);
  return lane_span_of(0, b.low - 1, true);
}

static struct lane_span lane_span_abs(struct lane_span a) {
  double low = a.low > 0 ? a.low : a.high < 0 ? -a.high : 0;
  return (struct lane_span){low, fmax(fabs(a.low), fabs(a.high)), true, a.whole};
}

static struct lane_span lane_span_1(int op, struct lane_span a) {
  switch (op) {
    case LANE_neg: return (struct lane_span){-a.high, -a.low, true, a.whole};
    case LANE_abs: return lane_span_abs(a);
    case LANE_sign:
      return (struct lane_span){(a.low > 0) - (a.low < 0), (a.high > 0) - (a.high < 0), true, true};
    case LANE_square: a = lane_span_abs(a); return lane_span_of(a.low * a.low, a.high * a.high, a.whole);
    case LANE_relu: return (struct lane_span){fmax(a.low, 0), fmax(a.high, 0), true, a.whole};
    case LANE_floor: return lane_span_of(floor(a.low), floor(a.high), true);
    default: return UNKNOWN;
  }
}

static struct lane_span lane_span_2(int op, struct lane_span a, struct lane_span b) {
  bool whole = a.whole && b.whole;
  switch (op) {
    case LANE_add: return lane_span_of(a.low + b.low, a.high + b.high, whole);
    case LANE_sub: return lane_span_of(a.low - b.high, a.high - b.low, whole);
    case LANE_mul: return lane_span_product(a, b);
    case LANE_div: return lane_span_quotient(a, b);
    case LANE_mod: return lane_span_mod(a, b);
    case LANE_min: return (struct lane_span){fmin(a.low, b.low), fmin(a.high, b.high), true, whole};
    case LANE_max: return (struct lane_span){fmax(a.low, b.low), fmax(a.high, b.high), true, whole};
    case LANE_lt: return lane_truth_span(a.high >= b.low, a.low < b.high);
    case LANE_le: return lane_truth_span(a.high > b.low, a.low <= b.high);
    case LANE_eq:
      return lane_truth_span(a.low != a.high || b.low != b.high || a.low != b.low,
                             a.low <= b.high && b.low <= a.high);
    case LANE_ne:
      return lane_truth_span(a.low <= b.high && b.low <= a.high,
                             a.low != a.high || b.low != b.high || a.low != b.low);
    default: return UNKNOWN;
  }
}

/* The logical ops can know their result when they do not know an operand. */
static struct lane_span lane_span_logic(int op, struct lane_span a, struct lane_span b, struct lane_span c) {
  bool false_a = lane_span_has_zero(a), true_a = lane_span_has_other(a);
  bool false_b = lane_span_has_zero(b), true_b = lane_span_has_other(b);
  switch (op) {
    case LANE_not: return lane_truth_span(true_a, false_a);
    case LANE_and: return lane_truth_span(false_a || false_b, true_a && true_b);
    case LANE_or: return lane_truth_span(false_a && false_b, true_a || true_b);
    default: break; /* select */
  }
  if (!false_a) return b;
  if (!true_a) return c;
  if (!b.known || !c.known) return UNKNOWN;
  return (struct lane_span){fmin(b.low, c.low), fmax(b.high, c.high), true, b.whole && c.whole};
}

static bool lane_is_logic(int op) {
  return op == LANE_not || op == LANE_and || op == LANE_or || op == LANE_select;
}

static struct lane_span lane_span_step(const struct lane_program *p, const struct lane_instr *in,
                                       const struct lane_span *reg, const struct lane_ranges *r) {
  switch (in->op) {
    case LANE_const: {
      double x = p->constant[in->a];
      return lane_span_of(x, x, x == floor(x));
    }
    case LANE_row: return lane_span_of((double)r->first_row, (double)(r->first_row + r->rows - 1), true);
    case LANE_column:
      return lane_span_of((double)r->first_column, (double)(r->first_column + r->columns - 1), true);
    case LANE_offset:
      return lane_span_of((double)(r->first_row - r->first_column - r->columns + 1),
                          (double)(r->first_row + r->rows - 1 - r->first_column), true);
    case LANE_head: return lane_span_of((double)r->head, (double)(r->head + r->more_heads), true);
    case LANE_input:
    case LANE_random:
    case LANE_gather: return UNKNOWN;
    default: break;
  }
  int arity = lane_op_arity(in->op);
  struct lane_span a = reg[in->a], b = arity > 1 ? reg[in->b] : UNKNOWN, c = arity > 2 ? reg[in->c] : UNKNOWN;
  if (lane_is_logic(in->op)) return lane_span_logic(in->op, a, b, c);
  if (!a.known || (arity > 1 && !b.known)) return UNKNOWN;
  return arity == 1 ? lane_span_1(in->op, a) : lane_span_2(in->op, a, b);
}

enum lane_truth lane_truth_over(const struct lane_program *program, const struct lane_ranges *ranges) {
  struct lane_span reg[LANE_MAX_REGISTERS];
  for (int n = 0; n < program->instr_count; n++)
    reg[program->instr[n].out] = lane_span_step(program, &program->instr[n], reg, ranges);
  struct lane_span out = reg[program->output[0]];
  bool can_be_false = lane_span_has_zero(out), can_be_true = lane_span_has_other(out);
  return can_be_false && can_be_true ? LANE_MIXED : can_be_false ? LANE_FALSE : LANE_TRUE;
}

/* ---- what float holds ---- */

bool lane_is_whole(int op) {
  switch (op) {
    case LANE_neg:
    case LANE_abs:
    case LANE_sign:
    case LANE_square:
    case LANE_relu:
    case LANE_floor:
    case LANE_not:
    case LANE_add:
    case LANE_sub:
    case LANE_mul:
    case LANE_div:
    case LANE_mod:
    case LANE_min:
    case LANE_max:
    case LANE_lt:
    case LANE_le:
    case LANE_eq:
    case LANE_ne:
    case LANE_and:
    case LANE_or:
    case LANE_select: return true;
    default: return false;
  }
}

static bool lane_is_truth(struct lane_span a) { return a.known && a.whole && a.low >= -1 && a.high <= 1; }

/* Others give what one of their operands was. A truth times a number is that number or 0. */
static bool lane_grows(const struct lane_instr *in, const struct lane_span *reg) {
  switch (in->op) {
    case LANE_add:
    case LANE_sub:
    case LANE_square: return true;
    case LANE_mul: return !lane_is_truth(reg[in->a]) && !lane_is_truth(reg[in->b]);
    default: return false;
  }
}

bool lane_passes_float(const struct lane_program *program, const struct lane_ranges *ranges,
                       const struct lane_input_range *input) {
  struct lane_span reg[LANE_MAX_REGISTERS] = {{0}};
  for (int n = 0; n < program->instr_count; n++) {
    const struct lane_instr *in = &program->instr[n];
    bool grows = lane_grows(in, reg);
    struct lane_span span = in->op == LANE_input && input[in->a].whole
                                ? lane_span_of(input[in->a].low, input[in->a].high, true)
                                : lane_span_step(program, in, reg, ranges);
    double most = fmax(fabs(span.low), fabs(span.high));
    if (grows && span.known && most > FLOAT_LIMIT && (span.whole || most > WHOLE_LIMIT)) return true;
    reg[in->out] = span;
  }
  return false;
}
