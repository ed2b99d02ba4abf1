/* test_machine.c: binding and running small modules, against the same computed plainly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "tests/unit/rationed_memory.h"
#include "vm/machine.h"
#include "vm_build.h"

static struct rt_pool *pool;

static int start(void **state) {
  (void)state;
  pool = rt_pool_new(2, NULL);
  return pool ? 0 : -1;
}

static int stop(void **state) {
  (void)state;
  rt_pool_free(pool);
  return 0;
}

struct fixture {
  struct sentence s;
  struct vm_machine *machine;
  double E[6 * 4], W[4 * 3], b[3], slope, x[16 * 4];
  int32_t text[16], label[8];
  int64_t lengths[8];
  const int64_t *ragged[4];
  struct rt_error e;
};

static void make(struct fixture *f, const char *function) {
  memset(f, 0, sizeof *f);
  f->s = build_sentence();
  if (vm_verify(f->s.m, &f->e) != RT_OK) fail_msg("%s", f->e.text);
  f->machine = vm_machine_new(f->s.m, vm_module_function(f->s.m, function), RT_F64, pool, &f->e);
  if (!f->machine) fail_msg("%s", f->e.text);
  for (int i = 0; i < 24; i++) f->E[i] = sin(i);
  for (int i = 0; i < 12; i++) f->W[i] = cos(3 * i);
  for (int i = 0; i < 3; i++) f->b[i] = 0.1 * i;
  for (int i = 0; i < 64; i++) f->x[i] = sin(5 * i);
  f->slope = 0.7;
  f->ragged[3] = f->lengths;
  void *params[] = {f->E, f->W, f->b, &f->slope};
  for (uint32_t p = 0; p < 4; p++) vm_machine_set_param(f->machine, p, params[p]);
  vm_machine_set_input(f->machine, 0, f->text);
  vm_machine_set_input(f->machine, 1, f->label);
  vm_machine_set_input(f->machine, 2, f->x);
}

static void unmake(struct fixture *f) {
  vm_machine_free(f->machine);
  vm_module_free(f->s.m);
}

/* Sentences of the given lengths, their ids counting through the vocabulary. */
static int bind(struct fixture *f, int64_t examples, const int64_t *lengths) {
  int total = 0;
  for (int64_t e = 0; e < examples; e++) {
    f->lengths[e] = lengths[e];
    f->label[e] = (int32_t)(e % 3);
    for (int64_t t = 0; t < lengths[e] && total < 16; t++, total++) f->text[total] = (total * 5 + 2) % 6;
  }
  rt_error_clear(&f->e);
  return vm_machine_bind(f->machine, examples, f->ragged, &f->e);
}

static void run(struct fixture *f, uint64_t seed) {
  if (vm_machine_run(f->machine, seed, &f->e) != RT_OK) fail_msg("%s", f->e.text);
}

/* The probabilities of one sentence; mean also receives the mean vector. */
static void expect(const struct fixture *f, const int32_t *text, int64_t length, double *p, double *mean) {
  double total = 0;
  for (int d = 0; d < 4; d++) {
    mean[d] = 0;
    for (int64_t t = 0; t < length; t++) mean[d] += f->E[text[t] * 4 + d] / (double)length;
  }
  for (int c = 0; c < 3; c++) {
    p[c] = f->b[c];
    for (int d = 0; d < 4; d++) p[c] += mean[d] * f->W[d * 3 + c];
    total += p[c] = exp(p[c]);
  }
  for (int c = 0; c < 3; c++) p[c] /= total;
}

static void check_predictions(struct fixture *f, int64_t examples) {
  struct rt_tensor out = vm_machine_output(f->machine, 0);
  const int32_t *text = f->text;
  assert_int_equal(out.shape->count, examples * 3);
  for (int64_t e = 0; e < examples; text += f->lengths[e++]) {
    double p[3], mean[4];
    expect(f, text, f->lengths[e], p, mean);
    for (int c = 0; c < 3; c++) assert_true(fabs(((double *)out.data)[e * 3 + c] - p[c]) < 1e-12);
  }
}

static void test_predict(void **state) {
  (void)state;
  struct fixture f;
  make(&f, "predict");
  static const int64_t batches[][5] = {{3, 4, 1, 2}, {1, 5}, {4, 1, 1, 1, 1}, {2, 7, 6}, {2, 7, 6}, {1, 1}};
  for (size_t i = 0; i < RT_COUNT(batches); i++) {
    if (bind(&f, batches[i][0], batches[i] + 1) != RT_OK) fail_msg("%s", f.e.text);
    run(&f, 1);
    check_predictions(&f, batches[i][0]);
  }
  assert_true(vm_machine_uses_input(f.machine, 0));
  assert_false(vm_machine_uses_input(f.machine, 1));
  assert_false(vm_machine_uses_input(f.machine, 99));
  unmake(&f);
}

/* d loss/db[c] = sum of p[c] - (label == c); d loss/dE of a word's row: (W (p - onehot)) / T. */
static void test_train(void **state) {
  (void)state;
  struct fixture f;
  make(&f, "train");
  const int64_t lengths[] = {3, 1, 4};
  assert_int_equal(bind(&f, 3, lengths), RT_OK);
  run(&f, 1);
  double loss = 0, db[3] = {0}, dW[12] = {0};
  struct rt_tensor dE = vm_machine_value(f.machine, 19);
  const double *row = dE.data;
  assert_int_equal(dE.shape->count, 8 * 4);
  const int32_t *text = f.text;
  for (int e = 0; e < 3; text += lengths[e++]) {
    double p[3], mean[4];
    expect(&f, text, lengths[e], p, mean);
    loss -= log(p[f.label[e]]);
    p[f.label[e]] -= 1;
    for (int i = 0; i < 12; i++) dW[i] += mean[i / 3] * p[i % 3];
    for (int c = 0; c < 3; c++) db[c] += p[c];
    for (int64_t t = 0; t < lengths[e]; t++)
      for (int d = 0; d < 4; d++, row++)
        assert_true(
            fabs(*row
                 - (f.W[d * 3] * p[0] + f.W[d * 3 + 1] * p[1] + f.W[d * 3 + 2] * p[2]) / (double)lengths[e])
            < 1e-12);
  }
  assert_true(fabs(*(double *)vm_machine_output(f.machine, 0).data - loss) < 1e-12);
  for (int c = 0; c < 3; c++)
    assert_true(fabs(((double *)vm_machine_value(f.machine, 16).data)[c] - db[c]) < 1e-12);
  for (int i = 0; i < 12; i++)
    assert_true(fabs(((double *)vm_machine_value(f.machine, 15).data)[i] - dW[i]) < 1e-12);
  unmake(&f);
}

static void test_steady_state_allocates_nothing(void **state) {
  (void)state;
  struct fixture f;
  make(&f, "train");
  const int64_t large[] = {5, 5, 6}, small[] = {2, 1, 3}, other[] = {6, 5, 5};
  assert_int_equal(bind(&f, 3, large), RT_OK);
  run(&f, 1);
  uint64_t before = rt_alloc_count();
  size_t slots = vm_machine_memory(f.machine).slots;
  for (int i = 0; i < 10; i++) {
    assert_int_equal(bind(&f, 3, i % 3 == 0 ? small : i % 3 == 1 ? other : large), RT_OK);
    run(&f, (uint64_t)i);
  }
  assert_int_equal(bind(&f, 1, small), RT_OK);
  run(&f, 0);
  assert_int_equal(rt_alloc_count(), before);
  assert_int_equal(vm_machine_memory(f.machine).slots, slots);
  unmake(&f);
}

/* A head and its gradient draw the same numbers, as do two calls of one head; different heads and seeds do
 * not. */
static void test_random_streams(void **state) {
  (void)state;
  struct fixture f;
  make(&f, "attend");
  const int64_t lengths[] = {9, 7};
  assert_int_equal(bind(&f, 2, lengths), RT_OK);
  run(&f, 3);
  size_t bytes = 16 * 4 * sizeof(double);
  double first[64];
  memcpy(first, vm_machine_output(f.machine, 0).data, bytes);
  assert_memory_equal(first, vm_machine_output(f.machine, 2).data, bytes);
  assert_memory_not_equal(first, vm_machine_output(f.machine, 1).data, bytes);
  run(&f, 4);
  assert_memory_not_equal(first, vm_machine_output(f.machine, 0).data, bytes);
  run(&f, 3);
  assert_memory_equal(first, vm_machine_output(f.machine, 0).data, bytes);
  /* dslope with dy = y against a central difference of sum(y^2) / 2: right only when the same scores were
   * dropped */
  double gradient = 0, sums[2] = {0, 0};
  struct rt_tensor dslope = vm_machine_output(f.machine, 6);
  for (int e = 0; e < 2; e++) gradient += ((double *)dslope.data)[e];
  for (int side = 0; side < 2; side++) {
    f.slope = 0.7 + (side ? 1e-5 : -1e-5);
    run(&f, 3);
    for (int i = 0; i < 64; i++)
      sums[side] += pow(((double *)vm_machine_output(f.machine, 0).data)[i], 2) / 2;
  }
  double difference = (sums[1] - sums[0]) / 2e-5;
  assert_true(fabs(gradient) > 1e-3);
  assert_true(fabs(gradient - difference) < 1e-6);
  unmake(&f);
}

static void test_refusals(void **state) {
  (void)state;
  struct fixture f;
  make(&f, "train");
  const int64_t lengths[] = {2, 3}, negative[] = {-1}, large[] = {(int64_t)1 << 40};
  assert_int_equal(vm_machine_run(f.machine, 0, &f.e), RT_USAGE);
  assert_int_equal(bind(&f, 0, lengths), RT_USAGE);
  assert_int_equal(bind(&f, 1, negative), RT_BAD_DATA);
  assert_string_equal(f.e.text, "T is -1 in example 1");
  assert_int_equal(bind(&f, 1, large), RT_BAD_DATA);
  assert_int_equal(vm_machine_run(f.machine, 0, NULL), RT_USAGE); /* a failed bind binds nothing */
  f.s.m->dims.symbol[3].limit = 2;
  assert_int_equal(bind(&f, 2, lengths), RT_BAD_DATA);
  assert_string_equal(f.e.text, "T is 3 in example 2, but at most 2 is allowed");
  f.s.m->dims.symbol[3].limit = 0;
  f.s.m->dims.symbol[2].value = -1;
  assert_int_equal(bind(&f, 2, lengths), RT_USAGE);
  assert_string_equal(f.e.text, "the size C is not known yet");
  f.s.m->dims.symbol[2].value = 3;
  assert_int_equal(bind(&f, 2, lengths), RT_OK);
  f.text[3] = 6;
  assert_int_equal(vm_machine_run(f.machine, 0, &f.e), RT_BAD_DATA);
  assert_string_equal(f.e.text, "text holds 6 in example 2, but must be from 0 to below V = 6");
  f.text[3] = -1; /* no row of the table */
  run(&f, (uint64_t)(rt_error_clear(&f.e), 0));
  f.text[3] = 0;
  f.label[1] = -1; /* a target that counts nothing */
  run(&f, 0);
  f.label[1] = 3;
  assert_int_equal(vm_machine_run(f.machine, 0, NULL), RT_BAD_DATA);
  vm_machine_set_input(f.machine, 1, NULL);
  assert_int_equal(vm_machine_run(f.machine, 0, &f.e), RT_USAGE);
  assert_string_equal(f.e.text, "the input label has no value");
  unmake(&f);
}

static void test_new_vocabulary_size(void **state) {
  (void)state;
  struct fixture f;
  make(&f, "predict");
  const int64_t lengths[] = {4};
  assert_int_equal(bind(&f, 1, lengths), RT_OK);
  run(&f, 0);
  f.s.m->dims.symbol[1].value = 3;
  assert_int_equal(bind(&f, 1, lengths), RT_OK);
  assert_int_equal(vm_machine_run(f.machine, 0, &f.e),
                   RT_BAD_DATA); /* an id 3 or more is there, and no longer allowed */
  unmake(&f);
}

/* Lengths that were bound before take a shorter way, until another size changes. */
static void test_lengths_met_before(void **state) {
  (void)state;
  static const int64_t lengths[] = {4, 2, 4, 7, 2, 135, 7, 1, 129, 1}; /* 1 and 129 share a place */
  struct fixture f;
  make(&f, "predict");
  for (int round = 0; round < 2; round++) {
    for (size_t k = 0; k < RT_COUNT(lengths); k++) {
      assert_int_equal(bind(&f, 1, &lengths[k]), RT_OK);
      if (lengths[k] > 16) continue;
      run(&f, 0);
      check_predictions(&f, 1);
    }
    f.s.m->dims.symbol[2].value = -1;
    assert_int_equal(bind(&f, 1, lengths), RT_USAGE);
    f.s.m->dims.symbol[2].value = 3;
  }
  unmake(&f);
}

static void test_blame(void **state) {
  (void)state;
  struct fixture f;
  make(&f, "predict");
  const int64_t lengths[] = {2, 0}, full[] = {2, 1};
  assert_int_equal(bind(&f, 2, lengths), RT_OK);
  assert_int_equal(vm_machine_blame(f.machine, 0, &f.e), RT_NOT_FINITE); /* 0 / 0 words */
  assert_string_equal(f.e.text, "sentiment.mean: the first number that is not finite is computed here");
  assert_string_equal(f.e.file, "sentiment.aq");
  assert_int_equal(f.e.line, 12);
  assert_string_equal(f.e.excerpt, "  mean(x, T)");
  assert_int_equal(bind(&f, 2, full), RT_OK);
  assert_int_equal(vm_machine_blame(f.machine, 0, &f.e), RT_OK);
  f.W[5] = NAN;
  assert_int_equal(vm_machine_blame(f.machine, 0, &f.e), RT_NOT_FINITE);
  assert_string_equal(f.e.text, "the parameter W is no longer finite");
  unmake(&f);
}

/* predict over [2T + 1]: derived dims, slices by a ragged start, and a slice that does not fit. */
static void test_derived_dims(void **state) {
  (void)state;
  struct sentence s = build_sentence();
  struct vm_module *m = s.m;
  struct vm_function *f = build_function(m, "slices");
  vm_dim twice = vm_dim_plus(&m->dims, vm_dim_plus(&m->dims, s.T, s.T), VM_ONE);
  struct vm_type longer = build_type(true, DIMS(twice)), part = build_type(true, DIMS(s.T)),
                 two = build_type(true, DIMS(vm_dim_number(&m->dims, 2)));
  build_instr(m, f, OP_iota, 0, NULL, NULL, longer, 0);
  build_instr(m, f, OP_slice, IN(0), ATTR(0, s.T), part, 1);
  build_instr(m, f, OP_slice, IN(0), ATTR(0, s.T), two, 2);
  build_output(f, 0, "iota");
  build_output(f, 1, "part");
  struct rt_error e = {0};
  if (vm_verify(m, &e) != RT_OK) fail_msg("%s", e.text);
  struct vm_machine *machine = vm_machine_new(m, f, RT_F64, pool, &e);
  int64_t lengths[] = {3, 1}, short_lengths[] = {2, 0};
  const int64_t *ragged[] = {NULL, NULL, NULL, lengths};
  assert_int_equal(vm_machine_bind(machine, 2, ragged, &e), RT_OK);
  assert_int_equal(vm_machine_run(machine, 0, &e), RT_OK);
  static const double whole[] = {0, 1, 2, 3, 4, 5, 6, 0, 1, 2}, parts[] = {3, 4, 5, 1};
  assert_memory_equal(vm_machine_output(machine, 0).data, whole, sizeof whole);
  assert_memory_equal(vm_machine_output(machine, 1).data, parts, sizeof parts);
  ragged[3] = short_lengths;
  assert_int_equal(vm_machine_bind(machine, 2, ragged, &e), RT_BAD_DATA);
  assert_string_equal(e.text, "elements 0 to 1 are needed, but the axis has 1 (example 2)");
  vm_machine_free(machine);
  vm_module_free(m);
}

/* 128 values of one function share few slots; views look at them under another shape. */
static void test_views(void **state) {
  (void)state;
  struct sentence s = build_sentence();
  struct vm_module *m = s.m;
  struct vm_function *f = build_function(m, "views");
  struct vm_type square = build_type(true, DIMS(s.T, s.D)),
                 flat = build_type(true, DIMS(vm_dim_times(&m->dims, s.T, s.D)));
  build_value(f, m->input[2].type, VM_IN_INPUT, 2);
  build_value(f, flat, VM_IN_INPUT, 2);
  build_instr(m, f, OP_softmax, IN(1), NULL, flat, 0);
  build_value(f, square, VM_IN_SLOT, 0);
  build_instr(m, f, OP_sum, IN(3), ATTR(0, 0), build_type(true, 0, &s.D), 1);
  build_output(f, 4, "one");
  struct rt_error e = {0};
  if (vm_verify(m, &e) != RT_OK) fail_msg("%s", e.text);
  struct vm_machine *machine = vm_machine_new(m, f, RT_F32, pool, &e);
  float x[20] = {1, 2, 3};
  int64_t lengths[] = {3, 2};
  const int64_t *ragged[] = {NULL, NULL, NULL, lengths};
  assert_int_equal(vm_machine_bind(machine, 2, ragged, &e), RT_OK);
  vm_machine_set_input(machine, 2, x);
  assert_int_equal(vm_machine_run(machine, 0, &e), RT_OK);
  for (int i = 0; i < 2; i++)
    assert_true(fabsf(((float *)vm_machine_output(machine, 0).data)[i] - 1) < 1e-5f);
  vm_machine_free(machine);
  vm_module_free(m);
}

static struct ration memory;

static void test_no_memory(void **state) {
  (void)state;
  struct sentence s = build_sentence();
  const int64_t lengths[] = {3, 1}, *ragged[] = {NULL, NULL, NULL, lengths};
  bool done = false;
  int refusals = 0;
  rt_set_allocator(ration_resize, &memory);
  for (int n = 0; n < 200 && !done; n++) {
    struct rt_error e = {0};
    memory.left = n;
    struct vm_machine *machine =
        vm_verify(s.m, &e) == RT_OK ? vm_machine_new(s.m, &s.m->function[1], RT_F32, pool, &e) : NULL;
    done = machine && vm_machine_bind(machine, 2, ragged, &e) == RT_OK;
    if (!done) {
      refusals += e.code == RT_NO_MEMORY;
      memory.left = 1000;
      if (machine && vm_machine_bind(machine, 2, ragged, NULL) != RT_OK)
        refusals = -1000; /* a machine that could not be bound can be once there is memory */
    }
    vm_machine_free(machine);
  }
  rt_set_allocator(NULL, NULL);
  assert_true(done);
  assert_true(refusals > 10);
  vm_module_free(s.m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_predict),
      cmocka_unit_test(test_train),
      cmocka_unit_test(test_steady_state_allocates_nothing),
      cmocka_unit_test(test_refusals),
      cmocka_unit_test(test_random_streams),
      cmocka_unit_test(test_new_vocabulary_size),
      cmocka_unit_test(test_lengths_met_before),
      cmocka_unit_test(test_blame),
      cmocka_unit_test(test_derived_dims),
      cmocka_unit_test(test_views),
      cmocka_unit_test(test_no_memory),
  };
  return cmocka_run_group_tests(tests, start, stop);
}
