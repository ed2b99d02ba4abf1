/* test_libaq_run.c: functions on given tensors: sizes found, sizes that cannot be, values, gradients,
 * parameters. */
#include "tests/unit/libaq_files.h"

#include <math.h>

#include "runtime/io/safetensors.h"

static const char *save(const char *name, const struct io_tensor_out *tensors, int count) {
  const char *path = path_of(name);
  struct rt_error error = {0};
  if (io_tensors_save(path, tensors, count, NULL, 0, &error)) fail_msg("%s", error.text);
  return path;
}

/* Runs the last function of a program; out.safetensors holds what it wrote. */
static int run_options(const char *program_text, aq_run_options *options, aq_message *message,
                       aq_run_facts *facts) {
  const aq_run_facts *told;
  aq_program *program = program_of(program_text);
  static char out[400], text[1024], hint[512];
  snprintf(out, sizeof out, "%s", path_of("out.safetensors"));
  options->outputs = out;
  options->threads = 1;
  int status = aq_program_run(program, options, &told);
  if (facts && told) *facts = *told;
  if (message) {
    *message = *aq_program_message(program);
    snprintf(text, sizeof text, "%s", message->text);
    snprintf(hint, sizeof hint, "%s", message->hint);
    message->text = text;
    message->hint = hint;
    message->file = message->excerpt = "";
  } else if (status) {
    fail_msg("%s %s", aq_program_message(program)->text, aq_program_message(program)->excerpt);
  }
  aq_program_free(program);
  return status;
}

static int run(const char *program_text, const char *inputs, aq_message *message) {
  aq_run_options options;
  aq_run_options_init(&options);
  options.inputs = inputs;
  options.precision = AQ_F64;
  options.gradients = true;
  options.save_params = true;
  return run_options(program_text, &options, message, NULL);
}

static void assert_tensor(const char *name, int rank, const int64_t *shape, const double *values) {
  struct io_tensors *file;
  struct rt_error error = {0};
  double got[64];
  assert_int_equal(io_tensors_open(&file, path_of("out.safetensors"), &error), RT_OK);
  const struct io_tensor *t = io_tensors_find(file, name);
  if (!t) fail_msg("no tensor %s", name);
  assert_int_equal(t->dtype, IO_F64);
  assert_int_equal(t->rank, rank);
  for (int a = 0; a < rank; a++) assert_int_equal(t->shape[a], shape[a]);
  assert_true(t->elements <= 64);
  assert_int_equal(io_tensors_double(file, t, got, &error), RT_OK);
  for (int64_t k = 0; k < t->elements; k++)
    if (!(fabs(got[k] - values[k]) < 1e-12))
      fail_msg("%s[%d] is %.17g instead of %.17g", name, (int)k, got[k], values[k]);
  io_tensors_close(file);
}

static const int64_t shape_2_3[] = {2, 3}, shape_3[] = {3}, shape_2[] = {2}, shape_4[] = {4};
static const double six[] = {1, 2, 3, 4, 5, 6}, three[] = {10, 20, 30};

static const char *two_inputs(void) {
  const struct io_tensor_out t[] = {{"x", IO_F64, 2, shape_2_3, six}, {"y", IO_F64, 1, shape_3, three}};
  return save("in.safetensors", t, 2);
}

static void test_values(void **state) {
  (void)state;
  assert_int_equal(run("fn f(x: [A, B], y: [B]) -> [A] { w = param[] = 2\n return w * sum(x * y, B) }\n",
                       two_inputs(), NULL),
                   AQ_OK);
  assert_tensor("out", 1, shape_2, (const double[]){280, 640});
  assert_tensor("grad.x", 2, shape_2_3, (const double[]){20, 40, 60, 20, 40, 60});
  assert_tensor("grad.y", 1, shape_3, (const double[]){10, 14, 18});
  assert_tensor("grad.f.w", 0, NULL, (const double[]){460});
  assert_tensor("param.f.w", 0, NULL, (const double[]){2});
}

static void test_ids(void **state) {
  (void)state;
  const int32_t ids[] = {2, 0};
  const double table[] = {1, 2, 3, 4, 5, 6};
  static const int64_t shape[] = {3, 2};
  const struct io_tensor_out t[] = {{"table", IO_F64, 2, shape, table}, {"ids", IO_I32, 1, shape_2, ids}};
  const char *program = "fn f(table: [V, D], ids: [N] of V) -> [N, D] = table[ids]\n";
  assert_int_equal(run(program, save("in.safetensors", t, 2), NULL), AQ_OK);
  assert_tensor("out", 2, (const int64_t[]){2, 2}, (const double[]){5, 6, 1, 2});
  assert_tensor("grad.table", 2, shape, (const double[]){1, 1, 0, 0, 1, 1});
  const int32_t wrong[] = {2, 3};
  const struct io_tensor_out bad[] = {t[0], {"ids", IO_I32, 1, shape_2, wrong}};
  aq_message m;
  assert_int_equal(run(program, save("in.safetensors", bad, 2), &m), AQ_BAD_DATA);
  assert_message(&m, AQ_BAD_DATA, 0, "ids holds 3 in example 1, but must be from 0 to below V = 3");
  const int32_t negative[] = {2, -1};
  const struct io_tensor_out below[] = {t[0], {"ids", IO_I32, 1, shape_2, negative}};
  assert_int_equal(run(program, save("in.safetensors", below, 2), &m), AQ_BAD_DATA);
  assert_message(&m, AQ_BAD_DATA, 0, "ids holds -1 in example 1, but must be from 0 to below V = 3");
}

/* Messages name the argument, what it is in the program, what it is in the file. */
static void test_sizes(void **state) {
  (void)state;
  static const struct {
    const char *program, *text, *hint;
    int code;
  } cases[] = {
      {"fn f(x: [A], y: [B]) = sum(x) + sum(y)\n", "x is [A] in the program, but the tensor is [2, 3]", "",
       AQ_BAD_DATA},
      {"fn f(x: [A, B], y: [A]) = sum(x) + sum(y)\n",
       "A cannot be both 2, by x, and 3, by axis 1 of y, which is [A] in the program and [3] here", "",
       AQ_BAD_DATA},
      {"dim D = 4\nfn f(x: [A, D], y: [B]) = sum(x) + sum(y)\n",
       "axis 2 of x is D = 4 in the program, but the tensor is [2, 3]", "-D D=3", AQ_BAD_DATA},
      {"fn f(x: [A, B], z: [B]) = sum(x) + sum(z)\n", "no tensor for the argument z: [B]", "it has x, y",
       AQ_BAD_DATA},
      {"fn f(x: [A, B], O) = linear(x, O)\n", "no tensor gives the size of O", "-D O=8", AQ_USAGE},
      {"fn f(x: [A, B], y: [2 * A]) = sum(x) + sum(y)\n",
       "axis 1 of y is 2*A = 4 in the program, but the tensor is [3]", "", AQ_BAD_DATA},
      {"fn f(x: [A, B], y: [B], g) = g(x)\n", "has an argument without a type", "", AQ_BAD_DATA},
  };
  char inputs[400];
  snprintf(inputs, sizeof inputs, "%s", two_inputs());
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
    aq_message m;
    int status = run(cases[k].program, inputs, &m);
    if (status != cases[k].code) fail_msg("case %d: %d %s", (int)k, status, m.text);
    assert_message(&m, cases[k].code, m.line, cases[k].text);
    assert_non_null(strstr(m.hint, cases[k].hint));
  }
  aq_message m;
  assert_int_equal(run("fn f(x: [A]) = x\n", NULL, &m), AQ_USAGE);
  assert_message(&m, AQ_USAGE, 0, "f needs the argument x: [A]");
  assert_int_equal(run("fn f(x: [A]) = x\n", path_of("none.safetensors"), &m), AQ_NO_INPUT);
}

/* Parameters as --save-params wrote them, and under their bare names, which may also tell a size. */
static void test_params(void **state) {
  (void)state;
  static const int64_t shape_3_1[] = {3, 1};
  const struct io_tensor_out p[] = {{"f.linear.W", IO_F64, 2, shape_3_1, six},
                                    {"f.linear.b", IO_F64, 1, (const int64_t[]){1}, six}};
  const struct io_tensor_out q[] = {{"param.f.linear.W", IO_F64, 2, shape_3_1, six},
                                    {"param.f.linear.b", IO_F64, 1, (const int64_t[]){1}, six}};
  const struct io_tensor_out r[] = {{"f.linear.W", IO_F64, 1, shape_4, six}, p[1]};
  char inputs[400];
  snprintf(inputs, sizeof inputs, "%s", two_inputs());
  aq_run_options options;
  aq_run_options_init(&options);
  options.inputs = inputs;
  options.precision = AQ_F64;
  options.params = save("p.safetensors", p, 2);
  const char *program = "fn f(x: [A, B], O) = linear(x, O)\n";
  assert_int_equal(run_options(program, &options, NULL, NULL), AQ_OK);
  assert_tensor("out", 2, (const int64_t[]){2, 1}, (const double[]){15, 33});
  options.params = save("p.safetensors", q, 2);
  assert_int_equal(run_options(program, &options, NULL, NULL), AQ_OK);
  assert_tensor("out", 2, (const int64_t[]){2, 1}, (const double[]){15, 33});
  aq_message m;
  options.params = save("p.safetensors", r, 2);
  assert_int_equal(run_options(program, &options, &m, NULL), AQ_BAD_DATA);
  assert_message(&m, AQ_BAD_DATA, 0,
                 "the parameter f.linear.W is [B, O] in the program, but the tensor is [4]");
  options.params = save("p.safetensors", p, 1);
  assert_int_equal(run_options(program, &options, &m, NULL), AQ_BAD_DATA);
  assert_message(&m, AQ_BAD_DATA, 0, "the parameter f.linear.b is missing");
}

static void test_choice(void **state) {
  (void)state;
  const char *program = "fn f(x: [A, B]) = x + 1\nfn g(x: [A, B]) = x + 2\n";
  aq_run_options options;
  aq_run_facts facts;
  aq_message m;
  char inputs[400];
  snprintf(inputs, sizeof inputs, "%s", two_inputs());
  aq_run_options_init(&options);
  options.inputs = inputs;
  options.function = "f";
  options.precision = AQ_F64;
  options.repeat = 3;
  assert_int_equal(run_options(program, &options, NULL, &facts), AQ_OK);
  assert_tensor("out", 2, shape_2_3, (const double[]){2, 3, 4, 5, 6, 7});
  assert_true(facts.seconds_per_run >= 0 && facts.peak_bytes >= 6 * sizeof(double));
  options.function = "h";
  assert_int_equal(run_options(program, &options, &m, NULL), AQ_USAGE);
  assert_message(&m, AQ_USAGE, 0, "test.aq has no fn or head `h`");
}

/* The same numbers for the same seed, whatever the number of threads. */
static void test_seed(void **state) {
  (void)state;
  struct io_tensors *file;
  struct rt_error error = {0};
  double first[64], again[64];
  char inputs[400];
  snprintf(inputs, sizeof inputs, "%s", two_inputs());
  for (int k = 0; k < 3; k++) {
    aq_run_options options;
    aq_run_options_init(&options);
    options.inputs = inputs;
    options.precision = AQ_F64;
    options.seed = k == 2 ? 8 : 7;
    assert_int_equal(run_options("fn f(x: [A, B]) = linear(x, 5)\n", &options, NULL, NULL), AQ_OK);
    assert_int_equal(io_tensors_open(&file, path_of("out.safetensors"), &error), RT_OK);
    const struct io_tensor *t = io_tensors_find(file, "out");
    assert_int_equal(t->elements, 10);
    assert_int_equal(io_tensors_double(file, t, k ? again : first, &error), RT_OK);
    io_tensors_close(file);
    if (k) assert_int_equal(memcmp(first, again, 10 * sizeof *first) == 0, k == 1);
  }
}

/* Whatever is asked of a program that has errors is an error of its own. */
static void test_broken(void **state) {
  (void)state;
  static const char text[] = "fn f(x: [T]) -> [T] = y\n";
  aq_program *program;
  aq_model *model;
  aq_trainer *trainer;
  aq_run_options run_options;
  const aq_run_facts *facts;
  aq_train_options train_options;
  double worst;
  assert_int_equal(aq_program_new("a.aq", text, sizeof text - 1, NULL, &program), AQ_BAD_DATA);
  assert_false(aq_program_has_model(program));
  assert_int_equal(aq_program_check(program), AQ_BAD_DATA);
  assert_int_equal(aq_model_compile(program, &model), AQ_USAGE);
  assert_string_equal(aq_model_message(model)->text, "the program has errors and cannot be compiled");
  aq_model_free(model);
  aq_run_options_init(&run_options);
  assert_int_equal(aq_program_run(program, &run_options, &facts), AQ_USAGE);
  assert_null(facts);
  assert_int_equal(aq_program_gradcheck(program, 1, 1e-4, &worst, NULL), AQ_USAGE);
  aq_train_options_init(&train_options);
  train_options.train = "a.tsv";
  assert_int_equal(aq_trainer_new(program, &train_options, &trainer), AQ_USAGE);
  aq_trainer_free(trainer);
  aq_program_free(program);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_values), cmocka_unit_test(test_ids),    cmocka_unit_test(test_sizes),
      cmocka_unit_test(test_params), cmocka_unit_test(test_choice), cmocka_unit_test(test_seed),
      cmocka_unit_test(test_broken),
  };
  return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
