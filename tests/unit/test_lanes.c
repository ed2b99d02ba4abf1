/* test_lanes.c: lane programs: the verifier, every op against the C library, broadcasting and random programs
 * against a plain interpreter, what masks are over ranges; in both precisions and for every instruction set
 * there is. */
#include "runtime/ops.h"
#include "runtime/threads.h"
#include "tests/unit/lane_reference.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#include "tests/unit/run_op.h"

static uint64_t seed = 1;
static uint32_t dice(uint32_t sides) {
  seed = seed * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(seed >> 33) % sides;
}
static double number(void) { return (double)dice(4001) / 1000 - 2; }

/* ---- running the op ---- */

enum { EXAMPLES = 5, MOST = 40000 };

/* One operand of a call: its shape, and its numbers in both precisions. */
struct operand {
  struct rt_shape shape;
  int64_t offset[EXAMPLES + 1];
  double *exact;
  void *data;
};

static void operand_shape(struct operand *o, const struct operand *like, unsigned axes, bool batched) {
  memset(o, 0, sizeof *o);
  o->shape.batched = batched;
  o->shape.examples = batched ? EXAMPLES : 1;
  for (int a = 0; a < like->shape.rank; a++) {
    if (!(axes >> a & 1)) continue;
    int axis = o->shape.rank++;
    o->shape.size[axis] = like->shape.size[a];
    o->shape.each[axis] = like->shape.each[a];
    if (like->shape.each[a]) o->shape.ragged = true;
  }
  for (int e = 0; e < o->shape.examples; e++)
    o->offset[e + 1] = o->offset[e] + rt_extent(&o->shape, 0, o->shape.rank, e);
  o->shape.count = o->offset[o->shape.examples];
  if (o->shape.ragged) o->shape.offset = o->offset;
}

/* Fills an operand with numbers that float holds. */
static void operand_fill(struct operand *o, bool f64) {
  size_t count = (size_t)o->shape.count;
  o->exact = malloc((count + 1) * sizeof(double));
  o->data = malloc((count + 1) * sizeof(double));
  for (size_t k = 0; k < count; k++) {
    o->exact[k] = (double)(float)number();
    if (f64)
      ((double *)o->data)[k] = o->exact[k];
    else
      ((float *)o->data)[k] = (float)o->exact[k];
  }
}

static void operand_free(struct operand *o) { free(o->exact), free(o->data); }

static double value_at(const void *data, bool f64, int64_t k) {
  return f64 ? ((const double *)data)[k] : (double)((const float *)data)[k];
}

/* The element of the output that the reference looks at. */
struct place {
  const struct operand *out, *in;
  const struct lane_program *program;
  int64_t example, index[RT_MAX_RANK];
};

static double place_input(const void *context, int k, int64_t at) {
  const struct place *p = context;
  const struct rt_shape *s = &p->in[k].shape;
  int64_t element = 0, axis = 0;
  for (int a = 0; a < p->out->shape.rank; a++)
    if (p->program->input_axes[k] >> a & 1)
      element = element * rt_size(s, (int)axis++, p->example) + p->index[a];
  return p->in[k].exact[rt_offset(s, p->example) + element + at];
}

static int64_t place_length(const void *context, int k) {
  return ((const struct place *)context)->in[k].shape.count;
}

static bool close_enough(double found, double wanted, bool f64) {
  if (isnan(wanted)) return isnan(found);
  if (isinf(wanted)) return found == wanted;
  return fabs(found - wanted) <= (f64 ? 1e-12 : 4e-6) * (1 + fabs(wanted));
}

/* Compares every element of the outputs with the reference. */
static void check_outputs(const struct lane_program *program, const struct operand *out,
                          const struct operand *in, void *const *data, bool f64) {
  const struct rt_shape *s = &out->shape;
  double reg[LANE_MAX_REGISTERS];
  int64_t row_base = 0;
  for (int64_t e = 0; e < s->examples; e++) {
    int64_t extent = rt_extent(s, 0, s->rank, e), columns = s->rank ? rt_size(s, s->rank - 1, e) : 1;
    for (int64_t k = 0; k < extent; k++) {
      struct place place = {out, in, program, e, {0}};
      int64_t rest = k;
      for (int a = s->rank - 1; a >= 0; a--)
        place.index[a] = rest % rt_size(s, a, e), rest /= rt_size(s, a, e);
      struct lane_point point = {row_base + k / columns, k % columns, 0, place_input, place_length, &place};
      lane_reference_run(program, &point, reg);
      for (int o = 0; o < program->output_count; o++) {
        double found = value_at(data[o], f64, rt_offset(s, e) + k), wanted = reg[program->output[o]];
        if (!close_enough(found, wanted, f64))
          fail_msg("output %d, example %d, element %d: %.17g, not %.17g", o, (int)e, (int)k, found, wanted);
      }
    }
    row_base += rt_extent(s, 0, s->rank ? s->rank - 1 : 0, e);
  }
}

/* Runs a program over an output of this shape for every instruction set; the input classes of the program
 * must fit. */
static void run_lanes(struct lane_program *program, const struct operand *out, const struct operand *in,
                      bool f64, bool compare) {
  struct rt_error error = {0};
  if (lane_verify(program, &error)) fail_msg("%s", error.text);
  void *data[LANE_MAX_OUTPUTS], *first[LANE_MAX_OUTPUTS] = {NULL};
  struct rt_tensor in_tensor[LANE_MAX_INPUTS], out_tensor[LANE_MAX_OUTPUTS];
  size_t bytes = (size_t)(out->shape.count + 1) * sizeof(double);
  for (int k = 0; k < program->input_count; k++) in_tensor[k] = (struct rt_tensor){in[k].data, &in[k].shape};
  for (int isa = RT_BASE; isa <= (int)rt_best_isa(); isa++) {
    for (int threads = 1; threads <= 3; threads += 2) {
      struct rt_pool *pool = rt_pool_new(threads, &error);
      for (int k = 0; k < program->output_count; k++) {
        data[k] = malloc(bytes);
        memset(data[k], 0xff, bytes);
        out_tensor[k] = (struct rt_tensor){data[k], &out->shape};
      }
      struct rt_call call = {.in_count = program->input_count,
                             .out_count = program->output_count,
                             .in = in_tensor,
                             .out = out_tensor,
                             .lanes = program,
                             .seed = 7,
                             .examples = EXAMPLES,
                             .pool = pool};
      run_op(OP_lanes, f64 ? RT_F64 : RT_F32, (enum rt_isa)isa, &call);
      if (compare) check_outputs(program, out, in, data, f64);
      for (int k = 0; k < program->output_count; k++) {
        if (threads == 1)
          first[k] = data[k];
        else {
          assert_memory_equal(first[k], data[k],
                              (size_t)out->shape.count * (f64 ? sizeof(double) : sizeof(float)));
          free(first[k]), free(data[k]);
        }
      }
      rt_pool_free(pool);
    }
  }
}

static uint8_t class_of(unsigned axes, bool batched, int rank, bool out_batched) {
  bool last = rank && axes >> (rank - 1) & 1, other = axes & ((1u << (rank ? rank - 1 : 0)) - 1);
  return (uint8_t)((last ? LANE_J : 0) | (other || (batched && out_batched) ? LANE_I : 0));
}

/* ---- every op ---- */

static void every_op_is_the_librarys(void **state) {
  (void)state;
  static const int64_t size = 1500;
  for (int op = 0; op < LANE_const; op++)
    for (int f64 = 0; f64 < 2; f64++) {
      struct operand like = {.shape = {.rank = 1, .size = {size}}}, out, in[3];
      struct lane_text t;
      uint8_t classes[3] = {LANE_J, LANE_J, LANE_J};
      operand_shape(&out, &like, 1, false);
      lane_text_init(&t, 3, classes);
      for (int k = 0; k < 3; k++) {
        operand_shape(&in[k], &like, 1, false);
        operand_fill(&in[k], f64);
        lane_put(&t, LANE_input, k, 0, 0);
        t.program.input_axes[k] = 1;
      }
      /* Ties, and arguments that the op is defined for. */
      for (int64_t k = 0; k < size; k++) {
        double *a = &in[0].exact[k], *b = &in[1].exact[k];
        if (k % 5 == 0) *b = *a;
        if (k % 7 == 0) *a = 0;
        if (op == LANE_log || op == LANE_sqrt || op == LANE_pow) *a = fabs(*a) + 0.125;
        if (op == LANE_div || op == LANE_mod || op == LANE_recip)
          *b = *b == 0 ? 1 : *b, *a = *a == 0 ? 1 : *a;
        if (op == LANE_mod && fabs(*a / *b - floor(*a / *b + 0.5)) < 1e-3)
          *a = 0.25 * *b; /* not where rounding decides */
        for (int j = 0; j < 2; j++) {
          in[j].exact[k] = (double)(float)in[j].exact[k];
          if (f64)
            ((double *)in[j].data)[k] = in[j].exact[k];
          else
            ((float *)in[j].data)[k] = (float)in[j].exact[k];
        }
      }
      int reg = lane_put(&t, op, 0, 1, 2);
      lane_text_end(&t, 1, &reg);
      run_lanes(&t.program, &out, in, f64, true);
      for (int k = 0; k < 3; k++) operand_free(&in[k]);
    }
}

/* ---- broadcasting ---- */

/* Ops whose result does not depend on the last bit of an argument. */
static const uint8_t smooth[] = {LANE_neg, LANE_abs, LANE_tanh, LANE_relu, LANE_sigmoid, LANE_sin,
                                 LANE_add, LANE_sub, LANE_mul,  LANE_min,  LANE_max,     LANE_select};

static void random_program(struct lane_text *t, int inputs, const uint8_t *classes, bool numbered) {
  lane_text_init(t, inputs, classes);
  for (int k = 0; k < inputs; k++) lane_put(t, LANE_input, k, 0, 0);
  lane_number(t, number());
  if (numbered) {
    lane_put(t, LANE_row, 0, 0, 0);
    lane_put(t, LANE_column, 0, 0, 0);
    lane_put(t, LANE_offset, 0, 0, 0);
  }
  int available = t->program.register_count, length = 3 + (int)dice(12);
  for (int n = 0; n < length; n++) {
    int op = smooth[dice(sizeof smooth)];
    int a = (int)dice((uint32_t)available), b = (int)dice((uint32_t)available),
        c = (int)dice((uint32_t)available);
    int out = dice(3) ? available : (int)dice((uint32_t)available); /* sometimes a register is used again */
    if (out == available) available++;
    /* tanh keeps numbers small, so that errors do not grow. */
    lane_text_write(t, out, op, a, b, c);
    lane_text_write(t, out, LANE_tanh, out, 0, 0);
  }
  int outputs[3] = {(int)dice((uint32_t)available), (int)dice((uint32_t)available),
                    t->instr[t->program.instr_count - 1].out};
  lane_text_end(t, 1 + (int)dice(3), outputs);
  if (t->program.output_count == 1) t->program.output[0] = (uint8_t)outputs[2];
}

static void random_programs_broadcast(void **state) {
  (void)state;
  static const int64_t lengths[2][EXAMPLES] = {{3, 0, 1, 19, 40}, {2, 7, 0, 33, 5}};
  static const int64_t sizes[] = {1, 2, 5, 16, 700, 3};
  for (int trial = 0; trial < 300; trial++) {
    struct operand like = {0}, out, in[4];
    int ragged = (int)dice(3), inputs = 1 + (int)dice(4);
    bool batched = dice(4) != 0, f64 = dice(2), numbered = dice(3) == 0;
    uint8_t classes[4];
    like.shape.rank = (int)dice(4);
    for (int a = 0; a < like.shape.rank; a++)
      like.shape.size[a] = sizes[dice(a == like.shape.rank - 1 ? 6 : 4)];
    for (int a = 0; a < ragged && batched && like.shape.rank > a; a++)
      like.shape.each[dice((uint32_t)like.shape.rank)] = lengths[a];
    operand_shape(&out, &like, 255, batched);
    if (out.shape.count > MOST) continue;
    unsigned axes[4];
    for (int k = 0; k < inputs; k++) {
      bool in_batched = batched && dice(3);
      axes[k] = dice(2) ? (1u << like.shape.rank) - 1 : dice(1u << like.shape.rank);
      for (int a = 0; a < like.shape.rank; a++)
        if (like.shape.each[a] && axes[k] >> a & 1) in_batched = true;
      operand_shape(&in[k], &like, axes[k], in_batched);
      operand_fill(&in[k], f64);
      classes[k] = class_of(axes[k], in_batched, like.shape.rank, batched);
    }
    struct lane_text t;
    random_program(&t, inputs, classes, numbered);
    for (int k = 0; k < inputs; k++) t.program.input_axes[k] = (uint8_t)axes[k];
    run_lanes(&t.program, &out, in, f64, true);
    for (int k = 0; k < inputs; k++) operand_free(&in[k]);
  }
}

/* ---- random numbers, tables, writing in place ---- */

static void random_numbers_are_uniform(void **state) {
  (void)state;
  struct operand like = {.shape = {.rank = 2, .size = {100, 100}}}, out;
  operand_shape(&out, &like, 3, false);
  struct lane_text t;
  lane_text_init(&t, 0, NULL);
  int regs[2] = {lane_put(&t, LANE_random, 0, 0, 0), lane_put(&t, LANE_random, 1, 0, 0)};
  lane_text_end(&t, 2, regs);
  run_lanes(&t.program, &out, NULL, false, false);
  static float data[2][10000];
  struct rt_tensor tensors[2] = {{data[0], &out.shape}, {data[1], &out.shape}};
  struct rt_pool *pool = rt_pool_new(1, NULL);
  struct rt_call call = {
      .out_count = 2, .out = tensors, .lanes = &t.program, .seed = 3, .examples = EXAMPLES, .pool = pool};
  run_op(OP_lanes, RT_F32, rt_best_isa(), &call);
  double mean = 0, square = 0, product = 0, rows = 0, columns = 0;
  for (int k = 0; k < 10000; k++) {
    double x = data[0][k] - 0.5;
    assert_true(data[0][k] >= 0 && data[0][k] < 1);
    mean += x / 10000, square += x * x / 10000, product += x * (data[1][k] - 0.5) / 10000;
    if (k >= 100) rows += x * (data[0][k - 100] - 0.5) / 10000;
    if (k % 100) columns += x * (data[0][k - 1] - 0.5) / 10000;
  }
  assert_true(fabs(mean) < 0.012 && fabs(square - 1.0 / 12) < 0.004); /* 4 standard deviations */
  assert_true(fabs(product) < 0.0034 && fabs(rows) < 0.0034 && fabs(columns) < 0.0034);
  rt_pool_free(pool);
}

static void gather_reads_the_nearest_element(void **state) {
  (void)state;
  struct operand like = {.shape = {.rank = 1, .size = {9}}}, table_like = {.shape = {.rank = 1, .size = {4}}},
                 out, in[2];
  static const double at[9] = {-5, 0, 0.4, 0.6, 2, 3, 3.4, 9, 1e30},
                      wanted[9] = {10, 10, 10, 11, 12, 13, 13, 13, 13};
  for (int f64 = 0; f64 < 2; f64++) {
    struct lane_text t;
    uint8_t classes[2] = {LANE_J, 0};
    lane_text_init(&t, 2, classes);
    operand_shape(&out, &like, 1, false), operand_shape(&in[0], &like, 1, false),
        operand_shape(&in[1], &table_like, 1, false);
    operand_fill(&in[0], f64), operand_fill(&in[1], f64);
    for (int k = 0; k < 9; k++)
      if (f64)
        ((double *)in[0].data)[k] = at[k];
      else
        ((float *)in[0].data)[k] = (float)at[k];
    for (int k = 0; k < 4; k++)
      if (f64)
        ((double *)in[1].data)[k] = 10 + k;
      else
        ((float *)in[1].data)[k] = (float)(10 + k);
    t.program.input_axes[0] = 1;
    int index = lane_put(&t, LANE_input, 0, 0, 0), reg = lane_put(&t, LANE_gather, 1, index, 0);
    lane_text_end(&t, 1, &reg);
    double found[9];
    struct rt_tensor ins[2] = {{in[0].data, &in[0].shape}, {in[1].data, &in[1].shape}},
                     result = {found, &out.shape};
    struct rt_pool *pool = rt_pool_new(1, NULL);
    struct rt_call call = {.in_count = 2,
                           .out_count = 1,
                           .in = ins,
                           .out = &result,
                           .lanes = &t.program,
                           .examples = 1,
                           .pool = pool};
    run_op(OP_lanes, f64 ? RT_F64 : RT_F32, rt_best_isa(), &call);
    for (int k = 0; k < 9; k++) assert_true(value_at(found, f64, k) == wanted[k]);
    rt_pool_free(pool);
    operand_free(&in[0]), operand_free(&in[1]);
  }
}

static void an_output_may_be_an_input(void **state) {
  (void)state;
  struct operand like = {.shape = {.rank = 2, .size = {30, 50}}}, out, in[2];
  operand_shape(&out, &like, 3, false), operand_shape(&in[0], &like, 3, false),
      operand_shape(&in[1], &like, 2, false);
  operand_fill(&in[0], true), operand_fill(&in[1], true);
  struct lane_text t;
  uint8_t classes[2] = {LANE_I | LANE_J, LANE_J};
  lane_text_init(&t, 2, classes);
  t.program.input_axes[0] = 3, t.program.input_axes[1] = 2;
  int a = lane_put(&t, LANE_input, 0, 0, 0), b = lane_put(&t, LANE_input, 1, 0, 0);
  int regs[2] = {lane_put(&t, LANE_add, a, b, 0),
                 a}; /* the second output is the input that the first overwrites */
  lane_text_end(&t, 2, regs);
  double copy[1500];
  void *data[2] = {in[0].data, copy};
  struct rt_tensor ins[2] = {{in[0].data, &in[0].shape}, {in[1].data, &in[1].shape}},
                   outs[2] = {{data[0], &out.shape}, {copy, &out.shape}};
  struct rt_pool *pool = rt_pool_new(1, NULL);
  struct rt_call call = {.in_count = 2,
                         .out_count = 2,
                         .in = ins,
                         .out = outs,
                         .lanes = &t.program,
                         .examples = 1,
                         .pool = pool};
  run_op(OP_lanes, RT_F64, rt_best_isa(), &call);
  check_outputs(&t.program, &out, in, data, true);
  rt_pool_free(pool);
  operand_free(&in[0]), operand_free(&in[1]);
}

/* ---- the verifier ---- */

static void base_program(struct lane_text *t) {
  uint8_t classes[1] = {LANE_I | LANE_J};
  lane_text_init(t, 1, classes);
  int a = lane_put(t, LANE_input, 0, 0, 0), b = lane_number(t, 2), c = lane_put(t, LANE_mul, a, b, 0);
  lane_text_end(t, 1, &c);
}

static void refused(struct lane_text *t, const char *words) {
  struct rt_error error = {0};
  assert_int_equal(lane_verify(&t->program, &error), RT_BAD_DATA);
  assert_non_null(strstr(error.text, words));
}

static void malformed_programs_are_refused(void **state) {
  (void)state;
  struct lane_text t;
  struct rt_error error = {0};
  base_program(&t);
  assert_int_equal(lane_verify(&t.program, &error), RT_OK);
  base_program(&t), t.instr[2].b = 2, refused(&t, "reads register 2");
  base_program(&t), t.instr[2].b = 200, refused(&t, "reads register 200");
  base_program(&t), t.instr[2].out = 3, refused(&t, "writes register 3 of 3");
  base_program(&t), t.instr[2].out_class = LANE_J, refused(&t, "claims class 2");
  base_program(&t), t.instr[0].op = LANE_offset, refused(&t, "claims class 3, its operands make it 4");
  base_program(&t), t.instr[0].op = LANE_offset, t.instr[0].out_class = LANE_D,
                    refused(&t, "claims class 3, its operands make it 4");
  base_program(&t), t.instr[1].op = LANE_offset, t.instr[1].out_class = LANE_D, t.instr[2].out_class = LANE_D,
                    refused(&t, "claims class 4, its operands make it 3");
  base_program(&t), t.instr[2].op = LANE_OP_COUNT, refused(&t, "unknown op");
  base_program(&t), t.instr[1].a = 1, refused(&t, "constant 1 of 1");
  base_program(&t), t.instr[0].a = 1, refused(&t, "input 1 of 1");
  base_program(&t), t.instr[2].op = LANE_gather, t.instr[2].a = 9, refused(&t, "input 9 of 1");
  base_program(&t), t.program.output[0] = 7, refused(&t, "output 0");
  base_program(&t), t.program.output_count = 0, refused(&t, "outputs");
  base_program(&t), t.program.output_count = LANE_MAX_OUTPUTS + 1, refused(&t, "outputs");
  base_program(&t), t.program.input_count = LANE_MAX_INPUTS + 1, refused(&t, "inputs");
  base_program(&t), t.program.register_count = LANE_MAX_REGISTERS + 1, refused(&t, "registers");
  base_program(&t), t.program.instr_count = 0, refused(&t, "without instructions");
  base_program(&t), t.program.constant_count = -1, refused(&t, "constants");
  base_program(&t), t.program.input_class[0] = 4, refused(&t, "class 4");
}

static void ops_have_names(void **state) {
  (void)state;
  assert_string_equal(lane_op_name(LANE_select), "select");
  assert_string_equal(lane_op_name(LANE_gather), "gather");
  assert_string_equal(lane_op_name(-1), "?");
  assert_string_equal(lane_op_name(LANE_OP_COUNT), "?");
  for (int op = 0; op < LANE_const; op++) {
    assert_int_equal(lane_op_arity(op), rt_op_info[op].arity);
    assert_string_equal(lane_op_name(op), rt_op_info[op].name);
  }
  assert_int_equal(lane_op_arity(LANE_gather), 1);
  assert_int_equal(lane_op_arity(LANE_row), 0);
  assert_string_equal(lane_op_name(LANE_offset), "offset");
  assert_int_equal(lane_op_arity(LANE_offset), 0);
}

static void registers_that_are_read(void **state) {
  (void)state;
  struct lane_instr in = {.op = LANE_select, .out = 9, .a = 3, .b = 63, .c = 0};
  assert_true(lane_reads(&in) == (1ull << 3 | 1ull << 63 | 1));
  in.op = LANE_tanh;
  assert_true(lane_reads(&in) == 1ull << 3);
  in.op = LANE_gather;
  assert_true(lane_reads(&in) == 1ull << 63);
  in.op = LANE_input;
  assert_true(lane_reads(&in) == 0);
}

static void classes_join(void **state) {
  (void)state;
  static const int joined[LANE_CLASSES][LANE_CLASSES] = {
      {0, 1, 2, 3, 4}, {1, 1, 3, 3, 3}, {2, 3, 2, 3, 3}, {3, 3, 3, 3, 3}, {4, 3, 3, 3, 4}};
  for (int a = 0; a < LANE_CLASSES; a++)
    for (int b = 0; b < LANE_CLASSES; b++) assert_int_equal(lane_class_join(a, b), joined[a][b]);
}

/* ---- masks over ranges ---- */

static void truth_over_ranges_is_certain(void **state) {
  (void)state;
  int decided[3] = {0};
  for (int trial = 0; trial < 20000; trial++) {
    struct lane_text t;
    lane_text_init(&t, 0, NULL);
    lane_put(&t, LANE_row, 0, 0, 0), lane_put(&t, LANE_column, 0, 0, 0), lane_put(&t, LANE_head, 0, 0, 0);
    lane_put(&t, LANE_offset, 0, 0, 0);
    lane_number(&t, (double)dice(9) - 2), lane_number(&t, number());
    int length = 1 + (int)dice(7);
    for (int n = 0; n < length; n++) {
      uint32_t have = (uint32_t)t.program.register_count;
      lane_put(&t, (uint8_t)dice(LANE_const), (int)dice(have), (int)dice(have), (int)dice(have));
    }
    int last = t.program.register_count - 1;
    lane_text_end(&t, 1, &last);
    struct lane_ranges r = {dice(20), 1 + dice(6), dice(20), 1 + dice(6), dice(3), 0};
    enum lane_truth truth = lane_truth_over(&t.program, &r);
    decided[truth]++;
    double reg[LANE_MAX_REGISTERS];
    for (int64_t i = r.first_row; i < r.first_row + r.rows && truth != LANE_MIXED; i++)
      for (int64_t j = r.first_column; j < r.first_column + r.columns; j++) {
        struct lane_point point = {i, j, r.head, NULL, NULL, NULL};
        lane_reference_run(&t.program, &point, reg);
        assert_true((reg[last] != 0) == (truth == LANE_TRUE));
      }
  }
  assert_true(decided[LANE_TRUE] > 1000 && decided[LANE_FALSE] > 1000 && decided[LANE_MIXED] > 1000);
}

static enum lane_truth truth_of_window(int64_t i, int64_t j) {
  struct lane_text t;
  lane_text_init(&t, 0, NULL);
  int row = lane_put(&t, LANE_row, 0, 0, 0), column = lane_put(&t, LANE_column, 0, 0, 0);
  int causal = lane_put(&t, LANE_le, column, row, 0), gap = lane_put(&t, LANE_sub, row, column, 0);
  int near = lane_put(&t, LANE_lt, gap, lane_number(&t, 100), 0),
      both = lane_put(&t, LANE_and, causal, near, 0);
  lane_text_end(&t, 1, &both);
  struct lane_ranges r = {i, 32, j, 32, 0, 0};
  return lane_truth_over(&t.program, &r);
}

static void usual_masks_are_decided(void **state) {
  (void)state;
  assert_int_equal(truth_of_window(0, 32), LANE_FALSE);
  assert_int_equal(truth_of_window(0, 0), LANE_MIXED);
  assert_int_equal(truth_of_window(64, 32), LANE_TRUE);
  assert_int_equal(truth_of_window(320, 160), LANE_FALSE);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(ops_have_names),
      cmocka_unit_test(registers_that_are_read),
      cmocka_unit_test(classes_join),
      cmocka_unit_test(malformed_programs_are_refused),
      cmocka_unit_test(every_op_is_the_librarys),
      cmocka_unit_test(random_programs_broadcast),
      cmocka_unit_test(random_numbers_are_uniform),
      cmocka_unit_test(gather_reads_the_nearest_element),
      cmocka_unit_test(an_output_may_be_an_input),
      cmocka_unit_test(truth_over_ranges_is_certain),
      cmocka_unit_test(usual_masks_are_decided),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
