/* test_libaq_function.c: functions on tensors in memory: values and gradients without copies, batches with
 * ragged axes, parameters of the host's, what is refused. */
#include "tests/unit/libaq_files.h"

#include <math.h>
#include <sys/wait.h>
#include <unistd.h>

static aq_function *function_with(const char *text, const aq_function_options *options) {
  aq_program *program = program_of(text);
  aq_function *function;
  if (aq_function_new(program, options, &function))
    fail_msg("%s\n%s", aq_function_message(function)->text, aq_function_message(function)->excerpt);
  aq_program_free(program); /* the function does not need it */
  return function;
}

static aq_function_options in_double(void) {
  aq_function_options options;
  aq_function_options_init(&options);
  options.precision = AQ_F64;
  options.gradients = true;
  return options;
}

static aq_function *function_of(const char *text) {
  const aq_function_options options = in_double();
  return function_with(text, &options);
}

static size_t result_called(const aq_function *function, const char *name) {
  size_t k = 0;
  while (aq_function_result(function, k) && strcmp(aq_function_result(function, k)->name, name) != 0) k++;
  if (k == aq_function_result_count(function)) fail_msg("there is no result %s", name);
  return k;
}

static void assert_value(const aq_function *function, const char *name, size_t count, const double *want) {
  const aq_tensor t = aq_function_value(function, result_called(function, name));
  const double *got = t.data;
  int64_t there = t.examples && !(t.offset && t.offset[0]) ? t.examples : 1;
  for (int a = 0; a < t.rank; a++) there *= t.size[a];
  assert_int_equal(there, count);
  for (size_t k = 0; k < count; k++)
    if (!(fabs(got[k] - want[k]) < 1e-12)) fail_msg("%s[%zu] is %.17g, not %.17g", name, k, got[k], want[k]);
}

static void run(aq_function *function, const aq_tensor *argument, size_t count, int64_t examples) {
  if (aq_function_run(function, argument, count, examples))
    fail_msg("%s", aq_function_message(function)->text);
}

static const int64_t of_2_3[] = {2, 3}, of_3[] = {3}, of_2[] = {2}, of_1_3[] = {1, 3};
static const double six[] = {1, 2, 3, 4, 5, 6}, three[] = {10, 20, 30};
#define DOUBLES(numbers, axes, sizes)                                                                        \
  (aq_tensor) { .data = (numbers), .number = AQ_DOUBLE, .rank = (axes), .size = (sizes) }

/* aq_tensor goes by value and in arrays, so that it is the same for ever. */
_Static_assert(offsetof(aq_tensor, data) == 0, "the layout of aq_tensor is fixed");
_Static_assert(offsetof(aq_tensor, number) == sizeof(void *), "the layout of aq_tensor is fixed");
_Static_assert(offsetof(aq_tensor, rank) == sizeof(void *) + 4, "the layout of aq_tensor is fixed");
_Static_assert(offsetof(aq_tensor, size) == sizeof(void *) + 8, "the layout of aq_tensor is fixed");
_Static_assert(offsetof(aq_tensor, offset) == 2 * sizeof(void *) + 8, "the layout of aq_tensor is fixed");
_Static_assert(offsetof(aq_tensor, examples) == 3 * sizeof(void *) + 8, "the layout of aq_tensor is fixed");
_Static_assert(sizeof(aq_tensor) == 3 * sizeof(void *) + 16, "the layout of aq_tensor is fixed");

static void test_values(void **state) {
  (void)state;
  aq_function *f =
      function_of("fn f(x: [A, B], y: [B]) -> [A] { w = param[] = 2\n return w * sum(x * y, B) }\n");
  const aq_tensor argument[] = {DOUBLES(six, 2, of_2_3), DOUBLES(three, 1, of_3)};
  assert_int_equal(aq_function_value(f, 0).rank, 0);
  assert_null(aq_function_value(f, 0).data);
  for (int again = 0; again < 3; again++) {
    run(f, argument, 2, 0);
    assert_value(f, "out", 2, (const double[]){280, 640});
    assert_value(f, "grad.x", 6, (const double[]){20, 40, 60, 20, 40, 60});
    assert_value(f, "grad.y", 3, (const double[]){10, 14, 18});
    assert_value(f, "grad.f.w", 1, (const double[]){460});
  }
  const aq_tensor row[] = {DOUBLES(six + 3, 2, of_1_3), argument[1]};
  run(f, row, 2, 0);
  assert_value(f, "out", 1, (const double[]){640});
  assert_value(f, "grad.y", 3, (const double[]){8, 10, 12});
  run(f, argument, 2, 0);
  assert_value(f, "out", 2, (const double[]){280, 640});
  aq_function_free(f);
}

/* Numbers that change where they lie are read anew; a result that is an argument is not copied. */
static void test_no_copies(void **state) {
  (void)state;
  double x[] = {1, 2, 3};
  aq_function *f = function_of("fn f(x: [A]) { return x, sum(x) }\n");
  const aq_tensor argument = DOUBLES(x, 1, of_3);
  run(f, &argument, 1, 0);
  assert_value(f, "out.1", 1, (const double[]){6});
  assert_ptr_equal(aq_function_value(f, 0).data, x);
  x[0] = 5;
  run(f, &argument, 1, 0);
  assert_value(f, "out.1", 1, (const double[]){10});
  aq_function_free(f);
  float y[] = {1, 2, 3};
  f = function_with("fn f(x: [A]) = 2 * x\n", NULL);
  const aq_tensor in_float = {.data = y, .rank = 1, .size = of_3};
  run(f, &in_float, 1, 0);
  assert_true(((const float *)aq_function_value(f, 0).data)[2] == 6);
  const aq_tensor last = aq_function_value(f, 0);
  assert_int_equal(aq_function_run(f, &last, 1, 0), AQ_USAGE);
  assert_message(aq_function_message(f), AQ_USAGE, 0, "x lies in a result of the last run");
  aq_function_free(f);
}

static void test_operands(void **state) {
  (void)state;
  static const struct {
    const char *name, *shape;
    enum aq_number number;
    int rank;
  } want[] = {{"table", "[V, D]", AQ_DOUBLE, 2},      {"ids", "[N] of V", AQ_INT32, 1},
              {"g.linear.W", "[D, 2]", AQ_DOUBLE, 2}, {"g.linear.b", "[2]", AQ_DOUBLE, 1},
              {"out", "[N, 2]", AQ_DOUBLE, 2},        {"grad.table", "[V, D]", AQ_DOUBLE, 2}};
  aq_function *f = function_of("fn g(table: [V, D], ids: [N] of V) = linear(table[ids], 2)\n");
  assert_int_equal(aq_function_argument_count(f), 2);
  assert_int_equal(aq_function_parameter_count(f), 2);
  assert_int_equal(aq_function_result_count(f), 4);
  for (size_t k = 0; k < 6; k++) {
    const aq_operand *o = k < 2   ? aq_function_argument(f, k)
                          : k < 4 ? aq_function_parameter(f, k - 2)
                                  : aq_function_result(f, k - 4);
    assert_int_equal(o->size, sizeof *o);
    assert_string_equal(o->name, want[k].name);
    assert_string_equal(o->shape, want[k].shape);
    assert_int_equal(o->number, want[k].number);
    assert_int_equal(o->rank, want[k].rank);
    assert_false(o->each);
  }
  const int32_t ids[] = {1, 3};
  const aq_tensor argument[] = {DOUBLES(six, 2, ((const int64_t[]){3, 2})),
                                {.data = ids, .number = AQ_INT32, .rank = 1, .size = of_2}};
  assert_int_equal(aq_function_run(f, argument, 2, 0), AQ_BAD_DATA);
  assert_message(aq_function_message(f), AQ_BAD_DATA, 0, "ids holds 3 in example 1");
  aq_function_free(f);
}

/* Steps of training by the host, which has the parameters. */
static void test_parameters(void **state) {
  (void)state;
  double w[3], b[1];
  aq_function *f =
      function_of("fn f(x: [A, B], y: [A]) {\n  e = linear(x, 1)[.., 0] - y\n  return sum(e * e)\n}\n");
  const double y[] = {4, 10};
  const aq_tensor argument[] = {DOUBLES(six, 2, of_2_3), DOUBLES(y, 1, of_2)};
  assert_null(aq_function_parameter_value(f, 0).data);
  run(f, argument, 2, 0);
  const double before = *(const double *)aq_function_value(f, 0).data;
  const aq_tensor first = aq_function_parameter_value(f, 0), second = aq_function_parameter_value(f, 1);
  assert_int_equal(first.rank, 2);
  assert_true(first.size[0] == 3 && first.size[1] == 1);
  memcpy(w, first.data, sizeof w);
  memcpy(b, second.data, sizeof b);
  const aq_tensor own[] = {DOUBLES(w, 2, ((const int64_t[]){3, 1})), DOUBLES(b, 1, ((const int64_t[]){1}))};
  assert_int_equal(aq_function_set_parameter(f, "f.e.linear.W", &own[0]), AQ_OK);
  assert_int_equal(aq_function_set_parameter(f, "f.e.linear.b", &own[1]), AQ_OK);
  for (int step = 0; step < 200; step++) {
    run(f, argument, 2, 0);
    const double *of_w = aq_function_value(f, result_called(f, "grad.f.e.linear.W")).data,
                 *of_b = aq_function_value(f, result_called(f, "grad.f.e.linear.b")).data;
    for (int k = 0; k < 3; k++) w[k] -= 0.005 * of_w[k];
    b[0] -= 0.005 * of_b[0];
  }
  const double after = *(const double *)aq_function_value(f, 0).data;
  assert_true(after < 0.1 * before);
  assert_int_equal(aq_function_set_parameter(f, "f.e.linear.W", NULL), AQ_OK);
  assert_int_equal(aq_function_set_parameter(f, "f.e.linear.b", NULL), AQ_OK);
  run(f, argument, 2, 0);
  assert_value(f, "out", 1, &before);
  /* Parameters keep their sizes. */
  const aq_tensor wider[] = {DOUBLES(six, 2, ((const int64_t[]){3, 2})), DOUBLES(three, 1, of_3)};
  assert_int_equal(aq_function_run(f, wider, 2, 0), AQ_USAGE);
  assert_message(
      aq_function_message(f), AQ_USAGE, 0,
      "B cannot be both 3, by the parameters, which an earlier run has made, and 2, by axis 2 of x");
  assert_int_equal(aq_function_set_parameter(f, "f.e.linear.V", &own[0]), AQ_USAGE);
  assert_message(aq_function_message(f), AQ_USAGE, 0, "f has no parameter f.e.linear.V");
  run(f, argument, 2, 0);
  assert_int_equal(aq_function_set_parameter(f, "f.e.linear.W", &own[1]), AQ_USAGE);
  assert_message(aq_function_message(f), AQ_USAGE, 0,
                 "the parameter f.e.linear.W is [B, 1] in the program, but the tensor is [1]");
  aq_function_free(f);
}

static const char lines[] = "fn f(x: [T, D], w: [D]) -> [D] = sum(x, T) * w\n";

/* A batch of two examples: what each gives is what it gives alone, and gradients of what is shared add up. */
static void test_batches(void **state) {
  (void)state;
  const char *const shared[] = {"w"}, *const ragged[] = {"T"};
  aq_function_options options = in_double();
  options.batch = true;
  options.shared = shared;
  options.shared_count = 1;
  aq_function *f = function_with(lines, &options);
  const double x[] = {1, 2, 3, 4, 5, 6, 7, 8}, w[] = {10, 100};
  const aq_tensor same[] = {DOUBLES(x, 2, ((const int64_t[]){2, 2})), DOUBLES(w, 1, of_2)};
  run(f, same, 2, 2);
  assert_value(f, "out", 4, (const double[]){40, 600, 120, 1400});
  assert_value(f, "grad.w", 2, (const double[]){16, 20});
  assert_int_equal(aq_function_value(f, 0).examples, 2);
  assert_int_equal(aq_function_value(f, result_called(f, "grad.w")).examples, 0);
  assert_int_equal(aq_function_run(f, same, 2, 0), AQ_USAGE);
  assert_message(aq_function_message(f), AQ_USAGE, 0, "a batch cannot have 0 examples");
  aq_function_free(f);

  options.ragged = ragged;
  options.ragged_count = 1;
  f = function_with(lines, &options);
  const int64_t begins[] = {0, 1, 4}, other[] = {0, 3, 4}, of_4_2[] = {4, 2}, falls[] = {0, 5, 4};
  const int64_t *const by[] = {begins, NULL}, *const by_other[] = {other, NULL},
                       *const by_falls[] = {falls, NULL};
  aq_tensor argument[] = {DOUBLES(x, 2, of_4_2), same[1]};
  argument[0].offset = by;
  run(f, argument, 2, 2);
  assert_value(f, "out", 4, (const double[]){10, 200, 150, 1800});
  assert_value(f, "grad.w", 2, (const double[]){16, 20});
  assert_value(f, "grad.x", 8, (const double[]){10, 100, 10, 100, 10, 100, 10, 100});
  const aq_tensor of_x = aq_function_value(f, result_called(f, "grad.x"));
  assert_true(of_x.offset && of_x.offset[0][1] == 1 && of_x.offset[0][2] == 4 && !of_x.offset[1]);
  argument[0].offset = by_other;
  run(f, argument, 2, 2);
  assert_value(f, "out", 4, (const double[]){90, 1200, 70, 800});
  argument[0].offset = by_falls;
  assert_int_equal(aq_function_run(f, argument, 2, 2), AQ_USAGE);
  assert_message(aq_function_message(f), AQ_USAGE, 0,
                 "offsets of axis 1 of x fall from 5 to 4 behind example 2");
  argument[0].offset = NULL;
  assert_int_equal(aq_function_run(f, argument, 2, 2), AQ_USAGE);
  assert_message(aq_function_message(f), AQ_USAGE, 0, "axis 1 of x is ragged, and has no offsets");
  argument[0].offset = by;
  argument[1].offset = by;
  assert_int_equal(aq_function_run(f, argument, 2, 2), AQ_USAGE);
  assert_message(aq_function_message(f), AQ_USAGE, 0, "axis 1 of w has offsets");
  argument[1].offset = NULL;
  run(f, argument, 2, 2);
  assert_value(f, "out", 4, (const double[]){10, 200, 150, 1800});
  aq_function_free(f);
}

/* Sizes that are formulas of ragged ones, and what the program asks of each example. */
static void test_ragged_formulas(void **state) {
  (void)state;
  const char *const ragged[] = {"T"};
  aq_function_options options = in_double();
  options.batch = true;
  options.ragged = ragged;
  options.ragged_count = 1;
  aq_function *f = function_with("fn f(x: [T], y: [T + 1]) = x[0] + sum(y)\n", &options);
  const int64_t of_x[] = {0, 1, 3}, of_y[] = {0, 2, 5}, short_y[] = {0, 1, 5}, none[] = {0, 0, 3},
                y_none[] = {0, 1, 5};
  const int64_t *const x_by[] = {of_x}, *const y_by[] = {of_y}, *const y_short[] = {short_y},
                       *const x_none[] = {none}, *const y_of_none[] = {y_none};
  const int64_t of_5[] = {5};
  aq_tensor argument[] = {DOUBLES(six, 1, of_3), DOUBLES(six, 1, of_5)};
  argument[0].offset = x_by;
  argument[1].offset = y_by;
  run(f, argument, 2, 2);
  assert_value(f, "out", 2, (const double[]){4, 14});
  argument[1].offset = y_short;
  assert_int_equal(aq_function_run(f, argument, 2, 2), AQ_USAGE);
  assert_message(aq_function_message(f), AQ_USAGE, 0,
                 "axis 1 of y is T + 1 = 2 in the program, but the tensor has 1 in example 1");
  argument[0].offset = x_none;
  argument[1].offset = y_of_none;
  assert_int_equal(aq_function_run(f, argument, 2, 2), AQ_BAD_DATA);
  assert_int_equal(aq_function_message(f)->line, 1);
  aq_function_free(f);
}

static void refused(const aq_function_options *options, const char *text, int code, const char *why) {
  aq_program *program = program_of(text);
  aq_function *f;
  assert_int_equal(aq_function_new(program, options, &f), code);
  if (!strstr(aq_function_message(f)->text, why)) fail_msg("%s", aq_function_message(f)->text);
  assert_int_equal(aq_function_run(f, NULL, 0, 0), AQ_USAGE);
  assert_int_equal(aq_function_seed(f, 1), AQ_USAGE);
  assert_int_equal(aq_function_set_parameter(f, "w", NULL), AQ_USAGE);
  assert_int_equal(aq_function_argument_count(f) + aq_function_result_count(f), 0);
  aq_function_free(f);
  aq_program_free(program);
}

static void test_options(void **state) {
  (void)state;
  const char *const names[] = {"T", "z", NULL};
  aq_function_options options = in_double();
  options.ragged = names;
  options.ragged_count = 1;
  refused(&options, lines, AQ_USAGE, "aq_function_options.ragged is about a batch");
  options.batch = true;
  options.ragged_count = 2;
  refused(&options, lines, AQ_USAGE,
          "aq_function_options.ragged names z, which is no dim that arguments give");
  options.ragged_count = 3;
  options.ragged = names + 0;
  refused(&options, lines, AQ_USAGE, "names z");
  options.ragged_count = 1;
  options.shared = names + 1;
  options.shared_count = 1;
  refused(&options, lines, AQ_USAGE, "aq_function_options.shared names z, which is no argument");
  options.shared = (const char *const[]){"x"};
  refused(&options, lines, AQ_BAD_DATA, "`x` is to be the same for all examples, but its axis 1 is ragged");
  options = in_double();
  options.function = "g";
  refused(&options, lines, AQ_USAGE, "has no fn or head `g`");
  options = in_double();
  options.threads = -1;
  refused(&options, lines, AQ_USAGE, "aq_function_options.threads");
  refused(NULL, "fn f(x) = x\n", AQ_BAD_DATA, "argument without a type");
}

static void test_misuse(void **state) {
  (void)state;
  aq_function *f;
  assert_int_equal(aq_function_new(NULL, NULL, NULL), AQ_USAGE);
  assert_int_equal(aq_function_new(NULL, NULL, &f), AQ_USAGE);
  aq_function_free(f);
  aq_function_free(NULL);
  aq_function_options_init(NULL);
  assert_int_equal(aq_function_run(NULL, NULL, 0, 0), AQ_USAGE);
  assert_int_equal(aq_function_set_parameter(NULL, NULL, NULL), AQ_USAGE);
  assert_int_equal(aq_function_seed(NULL, 0), AQ_USAGE);
  assert_int_equal(aq_function_message(NULL)->code, AQ_USAGE);
  assert_true(!aq_function_argument(NULL, 0) && !aq_function_parameter(NULL, 0)
              && !aq_function_result(NULL, 0));
  assert_null(aq_function_value(NULL, 0).data);
  assert_null(aq_function_parameter_value(NULL, 0).data);

  f = function_of("fn f(x: [A, 3], y: [B]) = sum(x) + sum(y)\n");
  const aq_tensor good[] = {DOUBLES(six, 2, of_2_3), DOUBLES(three, 1, of_3)};
  aq_tensor bad[2];
  const struct {
    aq_tensor x;
    const char *why;
  } cases[] = {
      {{.data = six, .number = AQ_DOUBLE, .rank = 1, .size = of_3},
       "x is [A, 3] in the program, but the tensor is [3]"},
      {{.data = six, .number = AQ_DOUBLE, .rank = 2},
       "x is [A, 3] in the program, but the tensor is without sizes"},
      {{.data = six, .number = AQ_DOUBLE, .rank = -1, .size = of_3}, "x cannot have -1 axes"},
      {{.data = six, .number = AQ_DOUBLE, .rank = 99, .size = of_3}, "x cannot have 99 axes"},
      {{.data = six, .number = AQ_DOUBLE, .rank = 2, .size = (const int64_t[]){2, 2}},
       "axis 2 of x is 3 = 3 in the program, but the tensor is [2, 2]"},
      {{.data = six, .number = AQ_DOUBLE, .rank = 2, .size = (const int64_t[]){-1, 3}},
       "axis 1 of x cannot be -1"},
      {{.data = six, .number = AQ_FLOAT, .rank = 2, .size = of_2_3},
       "x is needed as double, and given as float"},
      {{.data = six, .number = (enum aq_number)7, .rank = 2, .size = of_2_3}, "x has numbers of type 7"},
      {{.number = AQ_DOUBLE, .rank = 2, .size = of_2_3}, "x has no data: it is NULL"},
      {{.data = (const char *)six + 1, .number = AQ_DOUBLE, .rank = 2, .size = of_2_3},
       "x is at an address that is no multiple of 8"},
  };
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
    memcpy(bad, good, sizeof bad);
    bad[0] = cases[k].x;
    assert_int_equal(aq_function_run(f, bad, 2, 0), AQ_USAGE);
    if (!strstr(aq_function_message(f)->text, cases[k].why))
      fail_msg("case %zu: %s", k, aq_function_message(f)->text);
    assert_null(aq_function_value(f, 0).data);
    run(f, good, 2, 0);
    assert_value(f, "out", 1, (const double[]){81});
  }
  assert_int_equal(aq_function_run(f, good, 1, 0), AQ_USAGE);
  assert_message(aq_function_message(f), AQ_USAGE, 0, "f has 2 arguments, and is given 1");
  assert_int_equal(aq_function_run(f, NULL, 2, 0), AQ_USAGE);
  bad[0] = DOUBLES(NULL, 2, ((const int64_t[]){0, 3}));
  bad[1] = good[1];
  run(f, bad, 2, 0);
  assert_value(f, "out", 1, (const double[]){60});
  aq_function_free(f);
}

/* The head of a trained model, with its parameters. */
static void test_from_model(void **state) {
  (void)state;
  aq_model *model = trained_reader();
  aq_program *program = program_of("dim D = 8\n"
                                   "fn m(x: [T, D], C) = linear(mean(tanh(x), T), C)\n"
                                   "fn n(x: [T, D]) = norm_of(x)\n"
                                   "fn norm_of(x: [T, D]) { w = param[D] = 1\n return x * w }\n");
  aq_function_options options = in_double();
  aq_function *f;
  options.parameters = model;
  options.function = "n";
  assert_int_equal(aq_function_new(program, &options, &f), AQ_OK);
  const double x[16] = {1};
  const aq_tensor argument = DOUBLES(x, 2, ((const int64_t[]){2, 8}));
  assert_int_equal(aq_function_run(f, &argument, 1, 0), AQ_USAGE);
  assert_message(aq_function_message(f), AQ_USAGE, 0, "no parameter of the program is in this model");
  aq_function_free(f);
  options.function = "m";
  assert_int_equal(aq_function_new(program, &options, &f), AQ_OK);
  aq_model_free(model);
  aq_program_free(program);
  assert_int_equal(aq_function_run(f, &argument, 1, 0), AQ_USAGE);
  assert_message(aq_function_message(f), AQ_USAGE, 0, "no tensor gives the size of C");
  aq_function_free(f);
  model = trained_reader();
  options.function = NULL;
  options.parameters = NULL;
  f = function_with("dim D = 8\nfn sentiment(x: [T, D]) = linear(x, 2)\n", &options);
  run(f, &argument, 1, 0);
  const double by_chance = *(const double *)aq_function_parameter_value(f, 0).data;
  aq_function_free(f);
  options.parameters = model;
  for (int again = 0; again < 2; again++) {
    f = function_with("dim D = 8\nfn sentiment(x: [T, D]) = linear(x, 2)\n", &options);
    run(f, &argument, 1, 0);
    const double first = *(const double *)aq_function_parameter_value(f, 0).data;
    assert_true(first != by_chance && (double)(float)first == first);
    aq_function_free(f);
  }
  f = function_with("fn sentiment(x: [T, D]) = linear(x, 2)\n", &options);
  const aq_tensor narrow = DOUBLES(x, 2, ((const int64_t[]){2, 4}));
  assert_int_equal(aq_function_run(f, &narrow, 1, 0), AQ_USAGE);
  assert_message(aq_function_message(f), AQ_USAGE, 0,
                 "the parameter sentiment.linear.W is [4, 2] in the program, and [8, 2] in the model");
  aq_function_free(f);
  aq_model_free(model);
}

/* What is dropped depends on the seed, and nothing is when it is no training. */
static void test_random(void **state) {
  (void)state;
  const double ones[64] = {1, 1, 1, 1, 1, 1, 1, 1};
  const aq_tensor argument = DOUBLES(ones, 1, ((const int64_t[]){64}));
  aq_function_options options = in_double();
  double first[64], again[64];
  for (int training = 0; training < 2; training++) {
    options.training = training;
    aq_function *f = function_with("fn f(x: [N]) = dropout(x + 1, 0.5)\n", &options);
    for (int k = 0; k < 3; k++) {
      assert_int_equal(aq_function_seed(f, k == 2 ? 8 : 7), AQ_OK);
      run(f, &argument, 1, 0);
      memcpy(k ? again : first, aq_function_value(f, 0).data, sizeof first);
      if (k) assert_int_equal(memcmp(first, again, sizeof first) == 0, k == 1 || !training);
    }
    assert_int_equal(first[0] == 2 && first[1] == 2 && first[2] == 2 && first[3] == 2, !training);
    aq_function_free(f);
  }
}

/* A child has no workers of its parent's. */
static void test_fork(void **state) {
  (void)state;
  aq_function *f = function_of("fn f(x: [A, B]) = sum(x)\n");
  const aq_tensor argument = DOUBLES(six, 2, of_2_3);
  int status = -1;
  run(f, &argument, 1, 0);
  pid_t child = fork();
  if (child == 0) _exit(aq_function_run(f, &argument, 1, 0) == AQ_USAGE ? 0 : 1);
  assert_true(child > 0 && waitpid(child, &status, 0) == child);
  assert_int_equal(status, 0);
  run(f, &argument, 1, 0);
  assert_value(f, "out", 1, (const double[]){21});
  aq_function_free(f);
}

/* A call that may take no more work is stopped, and the function goes on afterwards. */
static void test_limits(void **state) {
  (void)state;
  aq_limits *limits = aq_limits_new();
  aq_function *f = function_of("fn f(x: [A, B]) = sum(tanh(x) * x)\n");
  const aq_tensor argument = DOUBLES(six, 2, of_2_3);
  aq_limits_use(limits);
  aq_interrupt(limits);
  assert_int_equal(aq_function_run(f, &argument, 1, 0), AQ_INTERRUPTED);
  assert_null(aq_function_value(f, 0).data);
  assert_int_equal(aq_limits_set(limits, 0, 0, 0), AQ_OK);
  run(f, &argument, 1, 0);
  assert_non_null(aq_function_value(f, 0).data);
  aq_limits_use(NULL);
  aq_limits_free(limits);
  aq_function_free(f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_values),     cmocka_unit_test(test_no_copies),
      cmocka_unit_test(test_operands),   cmocka_unit_test(test_parameters),
      cmocka_unit_test(test_batches),    cmocka_unit_test(test_ragged_formulas),
      cmocka_unit_test(test_options),    cmocka_unit_test(test_misuse),
      cmocka_unit_test(test_from_model), cmocka_unit_test(test_random),
      cmocka_unit_test(test_fork),       cmocka_unit_test(test_limits),
  };
  return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
