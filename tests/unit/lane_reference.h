/* lane_reference.h: lane programs run the plain way, one lane at a time in double with the C library, to
 * compare with; and short ways to write programs. */
#ifndef AQ_TESTS_UNIT_LANE_REFERENCE_H
#define AQ_TESTS_UNIT_LANE_REFERENCE_H

#include "runtime/lanes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LANE_ABS(x) fabs(x)
#define LANE_EXP(x) exp(x)
#define LANE_LOG(x) log(x)
#define LANE_SQRT(x) sqrt(x)
#define LANE_TANH(x) tanh(x)
#define LANE_SIGMOID(x) (1 / (1 + exp(-(x))))
#define LANE_SOFTPLUS(x) (fmax(x, 0) + log1p(exp(-fabs(x))))
#define LANE_ERF(x) erf(x)
#define LANE_GELU(x) ((x) > -40 ? (x)*0.5 * erfc(-(x)*M_SQRT1_2) : 0 * (x))
#define LANE_GELU_SLOPE(x)                                                                                   \
  (0.5 * erfc(-(x)*M_SQRT1_2)                                                                                \
   + (fabs(x) > 40 ? 0 * (x) : (x)*exp(-0.5 * (x) * (x)) * 0.5 * M_2_SQRTPI * M_SQRT1_2))
#define LANE_SIN(x) sin(x)
#define LANE_COS(x) cos(x)
#define LANE_FLOOR(x) floor(x)
#define LANE_POW(x, y) pow(x, y)

static double lane_reference_op(int op, double a, double b, double c) {
  (void)b, (void)c;
  switch (op) {
    /* clang-format off */
#define LANE1(name, written, expression, ...) case LANE_##name: return expression;
#define LANE2(name, written, expression, ...) case LANE_##name: return expression;
#define LANE3(name, written, expression, ...) case LANE_##name: return expression;
#include "runtime/ops.def"
      /* clang-format on */
    default: abort();
  }
}

/* Where one lane is, and how it reads input k: element `at` of its table, 0 when it is none. length: of the
 * table. */
struct lane_point {
  int64_t row, column, head;
  double (*input)(const void *context, int k, int64_t at);
  int64_t (*length)(const void *context, int k);
  const void *context;
};

static double lane_reference_gather(const struct lane_point *p, int input, double at) {
  int64_t length = p->length(p->context, input), index = (int64_t)floor(fmax(at, 0) + 0.5);
  if (!length) return 0;
  return p->input(p->context, input, index < length ? index : length - 1);
}

/* Runs a program (without LANE_random) for one lane; reg: LANE_MAX_REGISTERS numbers. */
static void lane_reference_run(const struct lane_program *program, const struct lane_point *p, double *reg) {
  for (int n = 0; n < program->instr_count; n++) {
    const struct lane_instr *in = &program->instr[n];
    double *out = &reg[in->out];
    switch (in->op) {
      case LANE_const: *out = program->constant[in->a]; break;
      case LANE_input: *out = p->input(p->context, in->a, 0); break;
      case LANE_row: *out = (double)p->row; break;
      case LANE_column: *out = (double)p->column; break;
      case LANE_offset: *out = (double)(p->row - p->column); break;
      case LANE_head: *out = (double)p->head; break;
      case LANE_gather: *out = lane_reference_gather(p, in->a, reg[in->b]); break;
      default: {
        int arity = lane_op_arity(in->op);
        *out = lane_reference_op(in->op, reg[in->a], arity > 1 ? reg[in->b] : 0, arity > 2 ? reg[in->c] : 0);
      }
    }
  }
}

/* ---- writing programs ---- */

enum { LANE_TEXT_MAX = 64 };
struct lane_text {
  struct lane_program program;
  struct lane_instr instr[LANE_TEXT_MAX];
  double constant[LANE_TEXT_MAX];
  uint8_t class[LANE_MAX_REGISTERS];
};

static void lane_text_init(struct lane_text *t, int inputs, const uint8_t *input_class) {
  memset(t, 0, sizeof *t);
  t->program.instr = t->instr;
  t->program.constant = t->constant;
  t->program.input_count = inputs;
  if (inputs) memcpy(t->program.input_class, input_class, (size_t)inputs);
}

/* Appends an instruction that writes register `out`; its class follows from the operands. */
static int lane_text_write(struct lane_text *t, int out, int op, int a, int b, int c) {
  struct lane_program *p = &t->program;
  int class = 0, arity = lane_op_arity(op);
  if (op == LANE_row)
    class = LANE_I;
  else if (op == LANE_column)
    class = LANE_J;
  else if (op == LANE_offset)
    class = LANE_D;
  else if (op == LANE_random)
    class = LANE_I | LANE_J;
  else if (op == LANE_input)
    class = p->input_class[a];
  else if (op == LANE_gather)
    class = lane_class_join(p->input_class[a], t->class[b]);
  else
    class = lane_class_join(lane_class_join(arity > 0 ? t->class[a] : 0, arity > 1 ? t->class[b] : 0),
                            arity > 2 ? t->class[c] : 0);
  t->instr[p->instr_count++] =
      (struct lane_instr){(uint8_t)op, (uint8_t) class, (uint8_t)out, (uint8_t)a, (uint8_t)b, (uint8_t)c};
  t->class[out] = (uint8_t) class;
  if (out >= p->register_count) p->register_count = out + 1;
  return out;
}

/* Appends an instruction and returns the new register that it writes. */
static int lane_put(struct lane_text *t, int op, int a, int b, int c) {
  return lane_text_write(t, t->program.register_count, op, a, b, c);
}

static int lane_number(struct lane_text *t, double value) {
  t->constant[t->program.constant_count] = value;
  return lane_put(t, LANE_const, t->program.constant_count++, 0, 0);
}

static const struct lane_program *lane_text_end(struct lane_text *t, int outputs, const int *reg) {
  t->program.output_count = outputs;
  for (int k = 0; k < outputs; k++) t->program.output[k] = (uint8_t)reg[k];
  return &t->program;
}

#endif
