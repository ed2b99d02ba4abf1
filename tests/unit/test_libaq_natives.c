/* test_libaq_natives.c: functions that a host registers, and what is refused of them. */
#include <math.h>

#include "tests/unit/libaq_files.h"

static const char program[] =
    "dim D = 4\n"
    "extern fn shift(x: [T, D], by: number, k: whole) -> [T, D] with gradient shift_grad\n"
    "extern fn soft(x: number) -> number with gradient soft_grad\n"
    "data { text: words[T], label: class[C] }\n"
    "model m(text) -> label {\n"
    "  x = shift(embed(text, D), param[] = 0.5, 2)\n"
    "  v = soft(mean(x, T))\n"
    "  return linear(v, C)\n"
    "}\n"
    "train { batch = 4, epochs = 2 }\n";
static const char shift_signature[] = "(x: [T, D], by: number, k: whole) -> [T, D]";

/* A call computes with denormals flushed, but what is the host's finds them kept. */
static volatile float tiny = 1e-38f;

/* The host's functions count their calls, which nobody should do: what they compute is pure. */
#define FUNCTIONS(real)                                                                                      \
  static const char *shift_##real(void *user, const real *x, double by, int64_t k, real *y, int64_t T,       \
                                  int64_t D) {                                                               \
    ++*(long *)user;                                                                                         \
    if (tiny * 1e-3f == 0.0f) return "denormals are flushed";                                                \
    for (int64_t i = 0; i < T * D; i++) y[i] = x[i] + (real)(by * (double)k);                                \
    return NULL;                                                                                             \
  }                                                                                                          \
  static const char *shift_grad_##real(void *user, const real *x, double by, int64_t k, const real *y,       \
                                       const real *dy, real *dx, double *dby, int64_t T, int64_t D) {        \
    (void)x, (void)by, (void)y;                                                                              \
    ++*(long *)user;                                                                                         \
    *dby = 0;                                                                                                \
    for (int64_t i = 0; i < T * D; i++) {                                                                    \
      dx[i] = dy[i];                                                                                         \
      *dby += (double)k * (double)dy[i];                                                                     \
    }                                                                                                        \
    return NULL;                                                                                             \
  }                                                                                                          \
  static const char *soft_##real(void *user, int64_t count, const real *x, real *y) {                        \
    (void)user;                                                                                              \
    for (int64_t i = 0; i < count; i++) {                                                                    \
      if (fabs((double)x[i]) > 1e3) return "too far from 0";                                                 \
      y[i] = x[i] / (1 + (real)fabs((double)x[i]));                                                          \
    }                                                                                                        \
    return NULL;                                                                                             \
  }                                                                                                          \
  static const char *soft_grad_##real(void *user, int64_t count, const real *x, const real *y,               \
                                      const real *dy, real *dx) {                                            \
    (void)user, (void)y;                                                                                     \
    for (int64_t i = 0; i < count; i++) {                                                                    \
      real below = 1 + (real)fabs((double)x[i]);                                                             \
      dx[i] = dy[i] / (below * below);                                                                       \
    }                                                                                                        \
    return NULL;                                                                                             \
  }
FUNCTIONS(float)
FUNCTIONS(double)

#define CODE(name)                                                                                           \
  {                                                                                                          \
    .size = sizeof(aq_extern_functions), .f32 = (aq_host_function *)name##_float,                            \
    .f64 = (aq_host_function *)name##_double                                                                 \
  }
static const aq_extern_functions shift_code = CODE(shift), shift_grad_code = CODE(shift_grad),
                                 soft_code = CODE(soft), soft_grad_code = CODE(soft_grad);

static aq_externs *registered(long *calls) {
  aq_externs *externs;
  assert_int_equal(aq_externs_new(&externs), AQ_OK);
  assert_int_equal(
      aq_extern_register(externs, "shift", shift_signature, &shift_code, &shift_grad_code, calls), AQ_OK);
  assert_int_equal(
      aq_extern_register(externs, "soft", "( x:number )->number", &soft_code, &soft_grad_code, NULL), AQ_OK);
  return externs;
}

static int program_with(const aq_externs *externs, aq_program **made) {
  aq_program_options options;
  aq_program_options_init(&options);
  options.externs = externs;
  return aq_program_new("test.aq", program, strlen(program), &options, made);
}

static aq_trainer *trainer_of(aq_program *source, int *status) {
  aq_train_options options;
  aq_trainer *trainer;
  aq_train_options_init(&options);
  options.train = write_text("rows.tsv", reader_data);
  options.threads = 1;
  *status = aq_trainer_new(source, &options, &trainer);
  return trainer;
}

/* The vector is compiled from the program that the model keeps, and may call what the program was allowed. */
static void embeds(aq_model *model) {
  struct host host = {.input = "good film\n"};
  aq_vectors *vectors;
  aq_embed_options options;
  aq_embed_options_init(&options);
  options.name = "v";
  options.read = host_read;
  options.context = &host;
  aq_session *session = session_of(model, NULL);
  if (aq_session_embed(session, &options, &vectors)) fail_msg("%s", aq_session_message(session)->text);
  aq_vectors_free(vectors);
  aq_session_free(session);
}

/* Trained and saved with the host's functions, freed before; loaded with and without them. */
static void test_of_host(void **state) {
  (void)state;
  long calls = 0;
  aq_externs *externs = registered(&calls);
  aq_program *source;
  aq_model *model, *again;
  aq_session *session;
  double worst = 1;
  int status;
  assert_int_equal(program_with(externs, &source), AQ_OK);
  assert_int_equal(aq_program_check(source), AQ_OK);
  assert_true(aq_program_extern(source, 1) && !aq_program_extern(source, 2));
  assert_int_equal(aq_program_gradcheck(source, 1, 1e-5, &worst, NULL), AQ_OK);
  assert_true(calls > 0 && worst < 1e-6);
  aq_trainer *trainer = trainer_of(source, &status);
  assert_int_equal(status, AQ_OK);
  assert_int_equal(aq_trainer_run(trainer), AQ_OK);
  assert_int_equal(aq_trainer_model(trainer, &model), AQ_OK);
  aq_trainer_free(trainer);
  aq_program_free(source);
  embeds(model);
  const aq_extern *about = aq_model_extern(model, 0);
  assert_int_equal(about->size, sizeof *about);
  assert_string_equal(about->name, "shift");
  assert_string_equal(about->gradient, "shift_grad");
  assert_null(about->library);
  assert_non_null(aq_model_extern(model, 1));
  assert_null(aq_model_extern(model, 2));
  const char *const field[] = {"good film"};
  const char *path = path_of("native.aqm");
  assert_int_equal(aq_model_save(model, path), AQ_OK);
  aq_model_free(model);
  aq_load_options options;
  aq_load_options_init(&options);
  options.externs = externs;
  assert_int_equal(aq_model_load_with(path, &options, &again), AQ_OK);
  aq_externs_free(externs);
  calls = 0;
  session = session_of(again, NULL);
  assert_int_equal(aq_session_predict(session, field, NULL, 1), AQ_OK);
  assert_int_equal(calls, 1);
  aq_session_free(session);
  embeds(again);
  aq_model_free(again);
  assert_int_equal(aq_model_load(path, &again), AQ_OK);
  assert_int_equal(aq_session_new(again, NULL, &session), AQ_BAD_DATA);
  assert_message(aq_session_message(session), AQ_BAD_DATA, 2, "this host has no such function");
  aq_session_free(session);
  aq_model_free(again);
}

static void test_without(void **state) {
  (void)state;
  aq_program *source;
  int status;
  assert_int_equal(program_with(NULL, &source), AQ_OK);
  assert_int_equal(aq_program_check(source), AQ_BAD_DATA);
  assert_message(aq_program_message(source), AQ_BAD_DATA, 2, "no library is named for the extern `shift`");
  aq_program_free(source);
  assert_int_equal(program_with(NULL, &source), AQ_OK);
  aq_trainer *trainer = trainer_of(source, &status);
  assert_int_equal(status, AQ_BAD_DATA);
  assert_message(aq_trainer_message(trainer), AQ_BAD_DATA, 2, "no library is named for the extern `shift`");
  aq_trainer_free(trainer);
  aq_program_free(source);
}

/* A function without the gradient that the program declares, and one of another signature. */
static void test_other(void **state) {
  (void)state;
  long calls = 0;
  aq_externs *externs;
  aq_program *source;
  int status;
  assert_int_equal(aq_externs_new(&externs), AQ_OK);
  assert_int_equal(
      aq_extern_register(externs, "shift", "(x: [T, D], by: number) -> [T, D]", &shift_code, NULL, &calls),
      AQ_OK);
  assert_int_equal(aq_extern_register(externs, "soft", "(x: number) -> number", &soft_code, NULL, NULL),
                   AQ_OK);
  assert_int_equal(program_with(externs, &source), AQ_OK);
  assert_int_equal(aq_program_check(source), AQ_BAD_DATA);
  assert_message(aq_program_message(source), AQ_BAD_DATA, 2, "is not what is declared here");
  assert_non_null(strstr(aq_program_message(source)->hint, "the host has"));
  aq_program_free(source);
  aq_externs_free(externs);
  assert_int_equal(aq_externs_new(&externs), AQ_OK);
  assert_int_equal(aq_extern_register(externs, "shift", shift_signature, &shift_code, NULL, &calls), AQ_OK);
  assert_int_equal(aq_extern_register(externs, "soft", "(x: number) -> number", &soft_code, NULL, NULL),
                   AQ_OK);
  assert_int_equal(program_with(externs, &source), AQ_OK);
  aq_trainer *trainer = trainer_of(source, &status);
  assert_int_equal(status, AQ_BAD_DATA);
  assert_message(aq_trainer_message(trainer), AQ_BAD_DATA, 2, "without the gradient");
  aq_trainer_free(trainer);
  aq_program_free(source);
  aq_externs_free(externs);
}

static void test_misuse(void **state) {
  (void)state;
  aq_externs *externs;
  const aq_extern_functions none = {.size = sizeof none};
  assert_int_equal(aq_externs_new(NULL), AQ_USAGE);
  aq_externs_free(NULL);
  assert_int_equal(aq_externs_message(NULL)->code, AQ_USAGE);
  assert_int_equal(aq_extern_register(NULL, "f", "() -> []", &soft_code, NULL, NULL), AQ_USAGE);
  assert_int_equal(aq_externs_new(&externs), AQ_OK);
  assert_int_equal(aq_extern_register(externs, NULL, "() -> []", &soft_code, NULL, NULL), AQ_USAGE);
  assert_int_equal(aq_extern_register(externs, "", "() -> []", &soft_code, NULL, NULL), AQ_USAGE);
  assert_int_equal(aq_extern_register(externs, "f", "() -> []", NULL, NULL, NULL), AQ_USAGE);
  assert_int_equal(aq_extern_register(externs, "f", "() -> []", &none, NULL, NULL), AQ_USAGE);
  assert_message(aq_externs_message(externs), AQ_USAGE, 0, "`f` has no function: it is NULL");
  assert_int_equal(aq_extern_register(externs, "f", NULL, &soft_code, NULL, NULL), AQ_BAD_DATA);
  static const char *const wrong[] = {"",
                                      "x",
                                      "(",
                                      "(x)",
                                      "(x: )",
                                      "(x: [)",
                                      "(x: [T]",
                                      "(x: [T])",
                                      "(x: [T]) ->",
                                      "(x: [T]) -> T",
                                      "(x: [T], x: [T]) -> [T]",
                                      "(x: [T]) -> [T] more",
                                      "(x: [T]) -> number",
                                      "(x: [-1]) -> [T]",
                                      "(x: [99999999999999999999]) -> []",
                                      "(x: whole) -> whole",
                                      "(x: [a,b,c,d,e,f,g,h,i]) -> []"};
  for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++)
    assert_int_equal(aq_extern_register(externs, "f", wrong[k], &soft_code, NULL, NULL), AQ_BAD_DATA);
  assert_int_equal(aq_extern_register(externs, "f", "() -> [3]", &soft_code, NULL, NULL), AQ_OK);
  assert_int_equal(aq_extern_register(externs, "f", "() -> []", &soft_code, NULL, NULL), AQ_USAGE);
  assert_message(aq_externs_message(externs), AQ_USAGE, 0, "registered already");
  assert_null(aq_model_extern(NULL, 0));
  aq_externs_free(externs);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_of_host), cmocka_unit_test(test_without),
                                     cmocka_unit_test(test_other), cmocka_unit_test(test_misuse)};
  return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
