/* lanes_truth.c: interval arithmetic over lane programs. So attention can leave out tiles that a mask hides
 * as a whole, and need not evaluate a mask where it hides nothing. What an op does to ranges is the column
 * `range` of its row in ops.def, written in the words below. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "runtime/lane_double.h"
#include "runtime/lanes.h"
#include "runtime/ops.h"

static const double WHOLE_LIMIT = 0x1p53; /* double holds every whole number up to here, */
static const double FLOAT_LIMIT = 0x1p24; /* float up to here */
static const double SLACK = 1e-6;         /* more than a few roundings of float, relative */

static const struct lane_span UNKNOWN = {0, 0, false, false}, ONE = {1, 1, true, true};

/* A computed span. What is not exact in float is widened by what rounding may do. */
static struct lane_span lane_span_of(double low, double high, bool whole) {
  if (!(fabs(low) <= FLT_MAX && fabs(high) <= FLT_MAX)) return UNKNOWN;
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

/* Nothing is rounded. */
static struct lane_span lane_exactly(double low, double high, bool whole) {
  return (struct lane_span){low, high, true, whole};
}

static struct lane_span lane_span_abs(struct lane_span a) {
  double low = a.low > 0 ? a.low : a.high < 0 ? -a.high : 0;
  return lane_exactly(low, fmax(fabs(a.low), fabs(a.high)), a.whole);
}

static struct lane_span lane_span_square(struct lane_span a) {
  struct lane_span size = lane_span_abs(a);
  return lane_span_of(size.low * size.low, size.high * size.high, a.whole);
}

/* Is there a pair of numbers that differ, or that are equal? */
static bool lane_span_differs(struct lane_span a, struct lane_span b) {
  return a.low != a.high || b.low != b.high || a.low != b.low;
}
static bool lane_span_meets(struct lane_span a, struct lane_span b) {
  return a.low <= b.high && b.low <= a.high;
}

static struct lane_span lane_span_and(struct lane_span a, struct lane_span b) {
  return lane_truth_span(lane_span_has_zero(a) || lane_span_has_zero(b),
                         lane_span_has_other(a) && lane_span_has_other(b));
}

static struct lane_span lane_span_or(struct lane_span a, struct lane_span b) {
  return lane_truth_span(lane_span_has_zero(a) && lane_span_has_zero(b),
                         lane_span_has_other(a) || lane_span_has_other(b));
}

static struct lane_span lane_span_select(struct lane_span a, struct lane_span b, struct lane_span c) {
  if (!lane_span_has_zero(a)) return b;
  if (!lane_span_has_other(a)) return c;
  if (!b.known || !c.known) return UNKNOWN;
  return lane_exactly(fmin(b.low, c.low), fmax(b.high, c.high), b.whole && c.whole);
}

/* ---- the rows ---- */

/* RISING: the result never falls when the one operand grows. STEPS: and it is a whole number. */
#define RISING lane_span_of(at(a.low), at(a.high), false)
#define STEPS lane_span_of(at(a.low), at(a.high), true)

typedef double lane_at(double a);
typedef struct lane_span lane_range(lane_at *at, struct lane_span a, struct lane_span b, struct lane_span c);

#define LANE_RANGE(name, range)                                                                              \
  static struct lane_span lane_range_##name(lane_at *at, struct lane_span a, struct lane_span b,             \
                                            struct lane_span c) {                                            \
    (void)at, (void)a, (void)b, (void)c;                                                                     \
    return range;                                                                                            \
  }
#define LANE1(name, written, expression, slope, range, ...)                                                  \
  static double lane_at_##name(double a) { return expression; }                                              \
  LANE_RANGE(name, range)
#define LANE2(name, written, expression, slope_a, slope_b, range, ...) LANE_RANGE(name, range)
#define LANE3(name, written, expression, slope_a, slope_b, slope_c, range, ...) LANE_RANGE(name, range)
#include "runtime/ops.def"

static const struct {
  lane_at *at;
  lane_range *range;
} lane_rows[LANE_const] = {
#define LANE1(name, ...) {lane_at_##name, lane_range_##name},
#define LANE2(name, ...) {NULL, lane_range_##name},
#define LANE3(name, ...) {NULL, lane_range_##name},
#include "runtime/ops.def"
};

/* The computing lane ops are the first ops, in the order of their rows. */
static int lane_flags(int op) { return op < LANE_const ? rt_op_info[op].flags : 0; }

struct lane_span lane_span_made(int op, const struct lane_span operand[3]) {
  int arity = lane_op_arity(op);
  bool known = operand[0].known && (arity < 2 || operand[1].known) && (arity < 3 || operand[2].known);
  if (!known && !(lane_flags(op) & RT_LOGIC)) return UNKNOWN;
  return lane_rows[op].range(lane_rows[op].at, operand[0], operand[1], operand[2]);
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
  return lane_span_made(in->op, (struct lane_span[]){reg[in->a], arity > 1 ? reg[in->b] : UNKNOWN,
                                                     arity > 2 ? reg[in->c] : UNKNOWN});
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

bool lane_is_whole(int op) { return lane_flags(op) & RT_WHOLE; }

static bool lane_is_truth(struct lane_span a) { return a.known && a.whole && a.low >= -1 && a.high <= 1; }

/* A truth times a number is that number or 0. */
static bool lane_grows(const struct lane_instr *in, const struct lane_span *reg) {
  bool kept = in->op == LANE_mul && (lane_is_truth(reg[in->a]) || lane_is_truth(reg[in->b]));
  return (lane_flags(in->op) & RT_GROWS) && !kept;
}

bool lane_passes_float(const struct lane_program *program, const struct lane_ranges *ranges,
                       const struct lane_input_range *input) {
  struct lane_span reg[LANE_MAX_REGISTERS]; /* those there are begin as 0 */
  memset(reg, 0, (size_t)program->register_count * sizeof *reg);
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
