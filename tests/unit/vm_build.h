/* vm_build.h: small modules made by hand, for the tests of vm/. */
#ifndef AQ_TESTS_VM_BUILD_H
#define AQ_TESTS_VM_BUILD_H

#include <string.h>

#include "vm/module.h"

/* A classifier of sentences: p = softmax(mean(E[text]) W + b). */
struct sentence {
  struct vm_module *m;
  vm_dim D, V, C, T;
};

static inline void *build_room(struct vm_module *m, size_t count, size_t size) {
  void *room = rt_arena_alloc(&m->arena, count * size);
  assert_non_null(room);
  return room;
}

static inline struct vm_type build_type(bool batched, int rank, const vm_dim *dim) {
  struct vm_type type = {.dtype = RT_REAL, .batched = batched, .rank = (uint8_t)rank, .of = VM_NO_DIM};
  memcpy(type.dim, dim, (size_t)rank * sizeof *dim);
  return type;
}
#define DIMS(...)                                                                                            \
  (int)(sizeof((vm_dim[]){__VA_ARGS__}) / sizeof(vm_dim)), (const vm_dim[]) { __VA_ARGS__ }

static inline struct vm_type build_ids(int rank, const vm_dim *dim, vm_dim of) {
  struct vm_type type = build_type(true, rank, dim);
  type.dtype = RT_INT;
  type.of = of;
  return type;
}

enum { BUILD_MOST = 40 };

static inline struct vm_function *build_function(struct vm_module *m, const char *name) {
  struct vm_function *f = &m->function[m->function_count++];
  f->name = name;
  f->value = build_room(m, BUILD_MOST, sizeof *f->value);
  f->instr = build_room(m, BUILD_MOST, sizeof *f->instr);
  f->output = build_room(m, BUILD_MOST, sizeof *f->output);
  f->output_name = build_room(m, BUILD_MOST, sizeof *f->output_name);
  f->gradient = build_room(m, BUILD_MOST, sizeof *f->gradient);
  return f;
}

static inline uint32_t build_value(struct vm_function *f, struct vm_type type, enum vm_place place,
                                   uint32_t index) {
  f->value[f->value_count] = (struct vm_value){type, place, index};
  if (place == VM_IN_SLOT && index >= f->slot_count) f->slot_count = index + 1;
  return f->value_count++;
}

/* An instruction with one new value as its result. */
static inline uint32_t build_instr(struct vm_module *m, struct vm_function *f, enum rt_op op, int in_count,
                                   const uint32_t *in, const int64_t *attr, struct vm_type type,
                                   uint32_t slot) {
  struct vm_instr *instr = &f->instr[f->instr_count++];
  *instr = (struct vm_instr){
      .op = (uint16_t)op, .in_count = (uint16_t)in_count, .out_count = 1, .line = UINT32_MAX};
  instr->in = build_room(m, (size_t)in_count + 1, sizeof *instr->in);
  instr->out = build_room(m, 8, sizeof *instr->out);
  if (in_count) memcpy(instr->in, in, (size_t)in_count * sizeof *in);
  if (attr) memcpy(instr->attr, attr, 2 * sizeof *attr);
  instr->out[0] = build_value(f, type, VM_IN_SLOT, slot);
  return instr->out[0];
}
#define IN(...)                                                                                              \
  (int)(sizeof((uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t)), (const uint32_t[]) { __VA_ARGS__ }
#define ATTR(a, b)                                                                                           \
  (const int64_t[]) { a, b }

/* A lane program that applies one op to its inputs. */
static inline uint32_t build_lanes(struct vm_module *m, enum lane_op op, int inputs, const uint8_t *class,
                                   const uint8_t *axes) {
  struct lane_program *p = &m->lanes[m->lanes_count++];
  struct lane_instr *instr = build_room(m, (size_t)inputs + 1, sizeof *instr);
  uint8_t all = 0;
  *p = (struct lane_program){.input_count = inputs,
                             .output_count = 1,
                             .register_count = inputs + 1,
                             .instr_count = inputs + 1,
                             .instr = instr};
  for (int k = 0; k < inputs; k++) {
    p->input_class[k] = class[k];
    p->input_axes[k] = axes[k];
    instr[k] =
        (struct lane_instr){.op = LANE_input, .out_class = class[k], .out = (uint8_t)k, .a = (uint8_t)k};
    all |= class[k];
  }
  instr[inputs] = (struct lane_instr){.op = (uint8_t)op,
                                      .out_class = all,
                                      .out = (uint8_t)inputs,
                                      .a = 0,
                                      .b = inputs > 1,
                                      .c = inputs > 2 ? 2 : 0};
  p->output[0] = (uint8_t)inputs;
  return m->lanes_count - 1;
}

static inline struct vm_module *build_module(void) {
  struct vm_module *m = vm_module_new();
  assert_non_null(m);
  m->name = "sentiment";
  m->param = build_room(m, BUILD_MOST, sizeof *m->param);
  m->column = build_room(m, BUILD_MOST, sizeof *m->column);
  m->input = build_room(m, BUILD_MOST, sizeof *m->input);
  m->output = build_room(m, BUILD_MOST, sizeof *m->output);
  m->function = build_room(m, BUILD_MOST, sizeof *m->function);
  m->lanes = build_room(m, BUILD_MOST, sizeof *m->lanes);
  m->attend = build_room(m, BUILD_MOST, sizeof *m->attend);
  m->head_name = build_room(m, BUILD_MOST, sizeof *m->head_name);
  m->line = build_room(m, BUILD_MOST, sizeof *m->line);
  m->settings = (struct vm_settings){
      .optimizer = "adamw", .schedule = "constant", .learning_rate = 1e-3, .batch = 32, .epochs = 10};
  return m;
}

static inline void build_param(struct vm_module *m, const char *name, struct vm_type type) {
  m->param[m->param_count++] = (struct vm_param){
      .name = name, .type = type, .init = {.kind = VM_INIT_GLOROT}, .decay = type.rank > 1, .lr = 1e-3};
}

static inline void build_input(struct vm_module *m, const char *name, const char *kind, struct vm_type type) {
  struct io_column *column = NULL;
  if (io_kind_find(kind)) { /* otherwise an argument of a run */
    column = &m->column[m->column_count++];
    *column = IO_COLUMN_DEFAULTS;
    column->name = (char *)(uintptr_t)name;
    column->kind = io_kind_find(kind);
  }
  m->input[m->input_count++] =
      (struct vm_input){.name = name, .column = column, .type = type, .vocabulary = -1, .length = -1};
}

/* Values: 0 E, 1 W, 2 b, 3 text, 4 x, 5 sum, 6 size, 7 mean, 8 product, 9 scores. */
static inline struct vm_function *build_scores(struct sentence *s, const char *name) {
  struct vm_module *m = s->m;
  struct vm_function *f = build_function(m, name);
  struct vm_type hidden = build_type(true, DIMS(s->D)), class = build_type(true, DIMS(s->C)),
                 one = build_type(true, 0, &s->D);
  for (uint32_t p = 0; p < 3; p++) build_value(f, m->param[p].type, VM_IN_PARAM, p);
  build_value(f, m->input[0].type, VM_IN_INPUT, 0);
  build_instr(m, f, OP_gather, IN(0, 3), NULL, build_type(true, DIMS(s->T, s->D)), 0);
  build_instr(m, f, OP_sum, IN(4), ATTR(2, 0), hidden, 1);
  build_instr(m, f, OP_size, 0, NULL, ATTR(s->T, 0), one, 2);
  build_instr(m, f, OP_lanes, IN(5, 6), ATTR(0, 0), hidden, 1); /* in place */
  build_instr(m, f, OP_project, IN(7, 1), NULL, class, 3);
  build_instr(m, f, OP_lanes, IN(8, 2), ATTR(1, 0), class, 3);
  f->instr[3].line = 0;
  return f;
}

static inline void build_output(struct vm_function *f, uint32_t value, const char *name) {
  f->output_name[f->output_count] = name;
  f->output[f->output_count++] = value;
}

/* Gradients of W, b and of the rows of E that text names. Values from 10: label, loss of each, loss, ones,
 * dscores, dW, db, dmean, dx. */
static inline void build_train(struct sentence *s) {
  struct vm_module *m = s->m;
  struct vm_function *f = build_scores(s, "train");
  struct vm_type one = build_type(true, 0, &s->D), total = build_type(false, 0, &s->D),
                 class = build_type(true, DIMS(s->C));
  struct vm_type hidden = build_type(true, DIMS(s->D));
  build_value(f, m->input[1].type, VM_IN_INPUT, 1);
  build_instr(m, f, OP_cross_entropy, IN(9, 10), NULL, one, 4);
  build_instr(m, f, OP_sum, IN(11), ATTR(0, 0), total, 5);
  build_instr(m, f, OP_constant, 0, NULL, NULL, one, 4);
  f->instr[f->instr_count - 1].real = 1;
  build_instr(m, f, OP_cross_entropy_grad, IN(9, 10, 13), NULL, class, 6);
  build_instr(m, f, OP_project_grad, IN(7, 14), NULL, m->param[1].type, 7);
  build_instr(m, f, OP_sum, IN(14), ATTR(1, 0), m->param[2].type, 8);
  build_instr(m, f, OP_project_back, IN(14, 1), NULL, hidden, 3);
  build_instr(m, f, OP_lanes, IN(17, 6), ATTR(0, 0), hidden, 3);
  build_instr(m, f, OP_expand, IN(18), ATTR(2, 0), build_type(true, DIMS(s->T, s->D)), 0);
  build_output(f, 12, "loss");
  f->gradient[0] = (struct vm_gradient){1, 15, UINT32_MAX};
  f->gradient[1] = (struct vm_gradient){2, 16, UINT32_MAX};
  f->gradient[2] = (struct vm_gradient){0, 19, 3};
  f->gradient_count = 3;
}

/* A head with a score that uses an extra, a mask and a drop, forwards and backwards. Values: 0 x [T, D], 1 w
 * [D], 2 slope [], 3 y, 4 lse, 5.. gradients. */
static inline struct attend_operand build_roles(const char *text) {
  struct attend_operand operand = {0};
  for (; *text; text++)
    operand.role[operand.rank++] = *text == 'i'   ? ATTEND_I
                                   : *text == 'j' ? ATTEND_J
                                   : *text == 'h' ? ATTEND_H
                                                  : ATTEND_FEATURE;
  return operand;
}

static inline const struct lane_program *build_slot(struct vm_module *m, struct lane_program program,
                                                    size_t instrs, const struct lane_instr *instr,
                                                    size_t constants, const double *constant) {
  struct lane_program *p = build_room(m, 1, sizeof *p);
  struct lane_instr *code = build_room(m, instrs, sizeof *code);
  double *numbers = build_room(m, constants, sizeof *numbers);
  memcpy(code, instr, instrs * sizeof *code);
  memcpy(numbers, constant, constants * sizeof *numbers);
  *p = program;
  p->instr = code;
  p->instr_count = (int)instrs;
  p->constant = numbers;
  p->constant_count = (int)constants;
  return p;
}

enum { BUILD_TILE = LANE_I | LANE_J };

static inline uint32_t build_plan(struct vm_module *m, const char *name) {
  static const struct lane_instr score[] = {
      {LANE_input, BUILD_TILE, 0, 0, 0, 0}, {LANE_input, 0, 1, 1, 0, 0}, {LANE_mul, BUILD_TILE, 2, 0, 1, 0}};
  static const struct lane_instr grad[] = {
      {LANE_input, BUILD_TILE, 0, 0, 0, 0}, {LANE_input, 0, 1, 1, 0, 0},
      {LANE_mul, BUILD_TILE, 5, 0, 1, 0},   {LANE_input, BUILD_TILE, 2, 2, 0, 0},
      {LANE_mul, BUILD_TILE, 3, 2, 1, 0},   {LANE_mul, BUILD_TILE, 4, 2, 0, 0}};
  static const struct lane_instr mask[] = {
      {LANE_row, LANE_I, 0, 0, 0, 0}, {LANE_column, LANE_J, 1, 0, 0, 0}, {LANE_le, BUILD_TILE, 2, 1, 0, 0}};
  static const struct lane_instr drop[] = {{LANE_random, BUILD_TILE, 0, 0, 0, 0},
                                           {LANE_const, 0, 1, 0, 0, 0},
                                           {LANE_lt, BUILD_TILE, 2, 1, 0, 0},
                                           {LANE_const, 0, 3, 1, 0, 0},
                                           {LANE_mul, BUILD_TILE, 2, 2, 3, 0}};
  struct attend_plan *plan = &m->attend[m->attend_count];
  m->head_name[m->attend_count] = name;
  *plan = (struct attend_plan){.softmax = true,
                               .extra_count = 1,
                               .query = build_roles("if"),
                               .key = build_roles("jf"),
                               .value = build_roles("jf"),
                               .out = build_roles("if"),
                               .wants_grad = {true}};
  plan->score = build_slot(m,
                           (struct lane_program){.input_count = 2,
                                                 .output_count = 1,
                                                 .register_count = 3,
                                                 .input_class = {BUILD_TILE, 0},
                                                 .output = {2}},
                           RT_COUNT(score), score, 0, (double[]){0});
  plan->mask = build_slot(
      m, (struct lane_program){.input_count = 1, .output_count = 1, .register_count = 3, .output = {2}},
      RT_COUNT(mask), mask, 0, (double[]){0});
  plan->drop = build_slot(
      m, (struct lane_program){.input_count = 1, .output_count = 1, .register_count = 4, .output = {2}},
      RT_COUNT(drop), drop, 2, (double[]){0.5, 2});
  plan->score_grad = build_slot(m,
                                (struct lane_program){.input_count = 3,
                                                      .output_count = 2,
                                                      .register_count = 6,
                                                      .input_class = {BUILD_TILE, 0, BUILD_TILE},
                                                      .output = {3, 4}},
                                RT_COUNT(grad), grad, 0, (double[]){0});
  plan->score_end = 3;
  plan->score_register = 5;
  return m->attend_count++;
}

/* A program of one output, for heads with row values: the classes of their inputs are those of s, slope,
 * three row values and (backwards) dw. */
static inline const struct lane_program *build_row_program(struct vm_module *m, bool backward, size_t instrs,
                                                           const struct lane_instr *instr) {
  struct lane_program program = {.input_count = 5 + backward,
                                 .output_count = 1,
                                 .register_count = 10,
                                 .input_class = {BUILD_TILE, 0, LANE_I, LANE_I, LANE_I, BUILD_TILE},
                                 .output = {instr[instrs - 1].out}};
  return build_slot(m, program, instrs, instr, 0, (double[]){0});
}

/* The same scores as build_plan, their softmax as row values: the largest t = slope s, the sum of exp(t -
 * r0), and of w dw. */
#define BUILD_SHIFTED                                                                                        \
  {LANE_input, BUILD_TILE, 0, 0, 0, 0}, {LANE_input, 0, 1, 1, 0, 0}, {LANE_mul, BUILD_TILE, 2, 0, 1, 0},     \
      {LANE_input, LANE_I, 3, 2, 0, 0}, {LANE_sub, BUILD_TILE, 2, 2, 3, 0}, {                                \
    LANE_exp, BUILD_TILE, 2, 2, 0, 0                                                                         \
  }
#define BUILD_WEIGHT                                                                                         \
  BUILD_SHIFTED, {LANE_input, LANE_I, 3, 3, 0, 0}, { LANE_div, BUILD_TILE, 2, 2, 3, 0 }
#define BUILD_WEIGHTED                                                                                       \
  BUILD_WEIGHT, { LANE_input, BUILD_TILE, 4, 5, 0, 0 }
static inline uint32_t build_row_plan(struct vm_module *m, const char *name) {
  static const struct lane_instr scaled[] = {
      {LANE_input, BUILD_TILE, 0, 0, 0, 0}, {LANE_input, 0, 1, 1, 0, 0}, {LANE_mul, BUILD_TILE, 2, 0, 1, 0}};
  static const struct lane_instr shifted[] = {BUILD_SHIFTED}, weight[] = {BUILD_WEIGHT};
  static const struct lane_instr weighted[] = {BUILD_WEIGHTED, {LANE_mul, BUILD_TILE, 2, 2, 4, 0}};
  static const struct lane_instr grad[] = {BUILD_WEIGHTED,
                                           {LANE_input, LANE_I, 3, 4, 0, 0},
                                           {LANE_sub, BUILD_TILE, 4, 4, 3, 0},
                                           {LANE_mul, BUILD_TILE, 2, 2, 4, 0},
                                           {LANE_mul, BUILD_TILE, 4, 2, 0, 0},
                                           {LANE_mul, BUILD_TILE, 5, 2, 1, 0}};
  uint32_t number = build_plan(m, name);
  struct attend_plan *plan = &m->attend[number];
  plan->softmax = false;
  plan->row_count = 3;
  plan->row[0] =
      (struct attend_row){ATTEND_MAX, false, 0, build_row_program(m, false, RT_COUNT(scaled), scaled)};
  plan->row[1] =
      (struct attend_row){ATTEND_SUM, false, 0, build_row_program(m, false, RT_COUNT(shifted), shifted)};
  plan->row[2] =
      (struct attend_row){ATTEND_SUM, true, 0, build_row_program(m, true, RT_COUNT(weighted), weighted)};
  plan->score = build_row_program(m, false, RT_COUNT(weight), weight);
  struct lane_program *score_grad =
      (struct lane_program *)(uintptr_t)build_row_program(m, true, RT_COUNT(grad), grad);
  score_grad->output_count = 2;
  score_grad->output[0] = 5;
  score_grad->output[1] = 4;
  plan->score_grad = score_grad;
  plan->score_end = 8;
  plan->score_register = 2;
  return number;
}

/* Values from 0: x, slope, y, lse, delta, dquery, dkey, dvalue, dslope per example, y of another head, its
 * lse, y again, its lse. */
static inline void build_attend(struct sentence *s) {
  struct vm_module *m = s->m;
  int64_t plan = build_plan(m, "sentiment.semantic"), other = build_plan(m, "sentiment.syntactic");
  struct vm_function *f = build_function(m, "attend");
  struct vm_type wide = build_type(true, DIMS(s->T, s->D)), rows = build_type(true, DIMS(s->T)),
                 one = build_type(true, 0, &s->D);
  build_value(f, m->input[2].type, VM_IN_INPUT, 2);
  build_value(f, m->param[3].type, VM_IN_PARAM, 3);
  build_instr(m, f, OP_attention, IN(0, 0, 0, 1), ATTR(plan, 0), wide, 0);
  struct vm_instr *instr = &f->instr[f->instr_count - 1];
  instr->out[instr->out_count++] = build_value(f, rows, VM_IN_SLOT, 1);
  build_instr(m, f, OP_dot, IN(2, 2), ATTR(3, 0), rows, 17);
  build_instr(m, f, OP_attention_grad, IN(0, 0, 0, 4, 3, 2, 1), ATTR(plan, 3), wide, 2);
  instr = &f->instr[f->instr_count - 1];
  instr->out[instr->out_count++] = build_value(f, wide, VM_IN_SLOT, 3);
  instr->out[instr->out_count++] = build_value(f, wide, VM_IN_SLOT, 4);
  instr->out[instr->out_count++] = build_value(f, one, VM_IN_SLOT, 5);
  for (uint32_t k = 0; k < 2; k++) {
    build_instr(m, f, OP_attention, IN(0, 0, 0, 1), ATTR(k ? plan : other, 0), wide, 6 + 2 * k);
    instr = &f->instr[f->instr_count - 1];
    instr->out[instr->out_count++] = build_value(f, rows, VM_IN_SLOT, 7 + 2 * k);
  }
  build_output(f, 2, "y");
  build_output(f, 9, "other");
  build_output(f, 11, "again");
  for (uint32_t k = 0; k < 4; k++) build_output(f, 5 + k, "grad");
}

/* The head of build_row_plan, forwards, backwards and its weights: more values of build_attend's function. */
static inline void build_row_attend(struct sentence *s) {
  struct vm_module *m = s->m;
  int64_t plan = build_row_plan(m, "sentiment.rows");
  struct vm_function *f = &m->function[m->function_count - 1];
  struct vm_type wide = build_type(true, DIMS(s->T, s->D)), rows = build_type(true, DIMS(s->T)),
                 one = build_type(true, 0, &s->D);
  uint32_t y = build_instr(m, f, OP_attention, IN(0, 0, 0, 1), ATTR(plan, 0), wide, 10);
  struct vm_instr *instr = &f->instr[f->instr_count - 1];
  uint32_t lse = instr->out[instr->out_count++] = build_value(f, rows, VM_IN_SLOT, 11);
  uint32_t grad = build_instr(m, f, OP_attention_grad, IN(0, 0, 0, lse, lse, y, 1), ATTR(plan, 3), wide, 12);
  instr = &f->instr[f->instr_count - 1];
  for (uint32_t k = 1; k < 4; k++)
    instr->out[instr->out_count++] = build_value(f, k < 3 ? wide : one, VM_IN_SLOT, 12 + k);
  uint32_t w = build_instr(m, f, OP_attention_weights, IN(0, 0, 1), ATTR(plan, 0),
                           build_type(true, DIMS(s->T, s->T)), 16);
  build_output(f, y, "rows");
  for (uint32_t k = 0; k < 4; k++) build_output(f, grad + k, "grad of rows");
  build_output(f, w, "weights of rows");
}

/* Functions predict, train and attend. */
static inline struct sentence build_sentence(void) {
  struct sentence s = {.m = build_module()};
  struct vm_module *m = s.m;
  s.D = vm_dim_symbol(&m->dims, "D", VM_CONST, 4);
  s.V = vm_dim_symbol(&m->dims, "V", VM_BOUND, 6);
  s.C = vm_dim_symbol(&m->dims, "C", VM_BOUND, 3);
  s.T = vm_dim_symbol(&m->dims, "T", VM_RAGGED, -1);
  build_param(m, "embed", build_type(false, DIMS(s.V, s.D)));
  build_param(m, "W", build_type(false, DIMS(s.D, s.C)));
  build_param(m, "b", build_type(false, DIMS(s.C)));
  build_param(m, "slope", build_type(false, 0, &s.D));
  build_input(m, "text", "words", build_ids(DIMS(s.T), s.V));
  build_input(m, "label", "class", build_ids(0, &s.D, s.C));
  build_input(m, "x", "tensor", build_type(true, DIMS(s.T, s.D)));
  m->input[0].vocabulary = 1;
  m->input[0].length = 3;
  m->output[m->output_count++] = (struct vm_output){"label", 1, "cross_entropy", "softmax"};
  m->line[m->line_count++] = (struct vm_line){"sentiment.aq", "  mean(x, T)", 12, 3, "sentiment.mean"};
  const uint8_t both[] = {BUILD_TILE, LANE_I}, vector[] = {1, 0}, bias[] = {BUILD_TILE, LANE_J},
                same[] = {1, 1};
  build_lanes(m, LANE_div, 2, both, vector);
  build_lanes(m, LANE_add, 2, bias, same);
  struct vm_function *f = build_scores(&s, "predict");
  build_instr(m, f, OP_softmax, IN(9), NULL, build_type(true, DIMS(s.C)), 0);
  build_output(f, 10, "label");
  build_train(&s);
  build_attend(&s);
  build_row_attend(&s);
  return s;
}

#endif
