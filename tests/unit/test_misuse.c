/* test_misuse.c: every function of aq.h with every kind of bad argument: NULL, handles whose making failed,
 * sizes of nothing and of the future, numbers that are none. None crashes; what is asked of nothing is
 * AQ_USAGE. misuse_calls.awk makes the calls from the headers. */
#include "tests/unit/libaq_files.h"

#include <limits.h>
#include <math.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#define COUNT(values) (sizeof(values) / sizeof *(values))
enum { MOST = 8 }; /* parameters of a function */

/* ---- what the calls make ---- */

static struct {
  aq_program *program;
  aq_model *model;
  aq_trainer *trainer;
  aq_session *session;
  aq_report *report;
  aq_shown *shown;
  aq_externs *externs;
  aq_rows *rows;
  aq_vectors *vectors;
  aq_function *function;
  aq_pool *pool;
  aq_profile *profile;
  char *text, *other_text;
} made;

/* ---- values: number 0 is good, the others are bad ---- */

static aq_program *VALUE_aq_program_p[3];
static aq_model *VALUE_aq_model_p[3];
static aq_trainer *VALUE_aq_trainer_p[3];
static aq_session *VALUE_aq_session_p[3];
static aq_report *VALUE_aq_report_p[3];
static aq_vectors *VALUE_aq_vectors_p[3];
static aq_function *VALUE_aq_function_p[3];
static aq_pool *VALUE_aq_pool_p[3];
static aq_profile *VALUE_aq_profile_p[3];
static aq_shown *VALUE_aq_shown_p[2];
static aq_externs *VALUE_aq_externs_p[2];
static aq_rows *VALUE_aq_rows_p[2];
static aq_limits *VALUE_aq_limits_p[2];

static aq_program **const VALUE_aq_program_pp[] = {&made.program, NULL};
static aq_model **const VALUE_aq_model_pp[] = {&made.model, NULL};
static aq_trainer **const VALUE_aq_trainer_pp[] = {&made.trainer, NULL};
static aq_session **const VALUE_aq_session_pp[] = {&made.session, NULL};
static aq_report **const VALUE_aq_report_pp[] = {&made.report, NULL};
static aq_shown **const VALUE_aq_shown_pp[] = {&made.shown, NULL};
static aq_externs **const VALUE_aq_externs_pp[] = {&made.externs, NULL};
static aq_rows **const VALUE_aq_rows_pp[] = {&made.rows, NULL};
static aq_vectors **const VALUE_aq_vectors_pp[] = {&made.vectors, NULL};
static aq_function **const VALUE_aq_function_pp[] = {&made.function, NULL};
static aq_profile **const VALUE_aq_profile_pp[] = {&made.profile, NULL};
static aq_pool **const VALUE_aq_pool_pp[] = {&made.pool, NULL};
static char **const VALUE_char_pp[] = {&made.text, NULL};
static char **const VALUE_other_char_pp[] = {&made.other_text, NULL};

/* Options, of which _init makes the first; the others have a size of 0 and one of the future. */
#define OPTIONS(kind) static aq_##kind##_options kind##_values[3], *VALUE_aq_##kind##_options_p[4];
OPTIONS(batch)
OPTIONS(begin)
OPTIONS(embed)
OPTIONS(eval)
OPTIONS(function)
OPTIONS(generate)
OPTIONS(load)
OPTIONS(predict)
OPTIONS(program)
OPTIONS(run)
OPTIONS(search)
OPTIONS(start)
OPTIONS(train)

#define RESET_OPTIONS(kind)                                                                                  \
  for (int k = 0; k < 3; k++) {                                                                              \
    aq_##kind##_options_init(&kind##_values[k]);                                                             \
    VALUE_aq_##kind##_options_p[k] = &kind##_values[k];                                                      \
  }                                                                                                          \
  kind##_values[1].size = 0;                                                                                 \
  kind##_values[2].size = SIZE_MAX;                                                                          \
  VALUE_aq_##kind##_options_p[3] = NULL;

/* What calls fill or read. */
#define PLACE(type)                                                                                          \
  static type type##_place;                                                                                  \
  static type *const VALUE_##type##_p[] = {&type##_place, NULL};
PLACE(bool)
PLACE(double)
PLACE(int64_t)
static size_t length_place = 4; /* of a text, or where a number goes */
static size_t *const VALUE_size_t_p[] = {&length_place, NULL};
#define GIVEN_OUT(type)                                                                                      \
  static const type *type##_out;                                                                             \
  static const type **const VALUE_##type##_pp[] = {&type##_out, NULL};
GIVEN_OUT(aq_begin_facts)
GIVEN_OUT(aq_message)
GIVEN_OUT(aq_run_facts)
static enum aq_severity severity_place;
static enum aq_severity *const VALUE_aq_severity_p[] = {&severity_place, NULL};

static aq_message good_message, no_message, future_message = {.size = SIZE_MAX};
static aq_message *const VALUE_aq_message_p[] = {&good_message, NULL, &no_message, &future_message};
static const char *const texts[] = {"good"}, *const no_text[] = {NULL};
static const char *const *const VALUE_char_list[] = {texts, NULL, no_text};
static aq_model *const no_models[] = {NULL};
static aq_model *const *const VALUE_aq_model_list[] = {VALUE_aq_model_p, NULL, no_models};
static const double two_numbers[] = {1, 2};
static const int64_t two = 2, fewer = -1;
static aq_tensor tensor = {.data = two_numbers, .number = AQ_DOUBLE, .rank = 1, .size = &two}, no_tensor,
                 no_rank = {.data = two_numbers, .number = AQ_DOUBLE, .rank = INT_MIN, .size = &two},
                 many_axes = {.data = two_numbers, .number = AQ_DOUBLE, .rank = INT_MAX, .size = &two},
                 no_size = {.data = two_numbers, .number = AQ_DOUBLE, .rank = 1, .size = &fewer},
                 no_number = {.number = (enum aq_number)99, .rank = 1, .size = &two};
static aq_tensor *const VALUE_aq_tensor_p[] = {&tensor,    NULL,     &no_tensor, &no_rank,
                                               &many_axes, &no_size, &no_number};
static aq_map map = {.size = sizeof map, .name = "m"}, no_map, future_map = {.size = SIZE_MAX};
static aq_map *const VALUE_aq_map_p[] = {&map, NULL, &no_map, &future_map};
static const void *const blobs[] = {"\x89PNG"}, *const no_blob[] = {NULL};
static const void *const *const VALUE_void_list[] = {blobs, NULL, no_blob};
static const aq_image image = {.size = sizeof image, 1, 1, 1, (const unsigned char *)"a"},
                      future_image = {.size = SIZE_MAX},
                      wide_image = {.size = sizeof image, SIZE_MAX, SIZE_MAX, SIZE_MAX, NULL};
static const aq_image *const images[] = {&image}, *const no_image[] = {NULL},
                             *const future_images[] = {&future_image}, *const wide_images[] = {&wide_image};
static const aq_image *const *const VALUE_aq_image_list[] = {images, NULL, no_image, future_images,
                                                             wide_images};
static const aq_sound sound = {.size = sizeof sound, 16000, 1, 1, (const float[]){0}},
                      future_sound = {.size = SIZE_MAX},
                      long_sound = {.size = sizeof sound, SIZE_MAX, SIZE_MAX, SIZE_MAX, NULL};
static const aq_sound *const sounds[] = {&sound}, *const no_sound[] = {NULL},
                             *const future_sounds[] = {&future_sound}, *const long_sounds[] = {&long_sound};
static const aq_sound *const *const VALUE_aq_sound_list[] = {sounds, NULL, no_sound, future_sounds,
                                                             long_sounds};
static const double *const no_line[] = {NULL};
static aq_curve curve = {.size = sizeof curve, .title = "t"}, no_curve,
                curve_of_none = {.size = sizeof curve, .count = 3},
                curve_of_nothing = {.size = sizeof curve,
                                    .line_value = no_line,
                                    .line_count = 1,
                                    .at = (const double[]){1},
                                    .count = 1};
static aq_curve *const VALUE_aq_curve_p[] = {&curve, NULL, &no_curve, &curve_of_none, &curve_of_nothing};
static aq_extern_functions functions_of_host = {sizeof functions_of_host, NULL, NULL, false}, no_functions;
static aq_extern_functions *const VALUE_aq_extern_functions_p[] = {&functions_of_host, NULL, &no_functions};

/* Arrays that are read: of two, or NULL. */
static const double *const VALUE_given_double_p[] = {two_numbers, NULL};
static const float *const VALUE_given_float_p[] = {(const float[]){1, 2}, NULL};
static const int32_t *const VALUE_given_int32_t_p[] = {(const int32_t[]){1, 2}, NULL};
static const size_t *const VALUE_given_size_t_p[] = {(const size_t[]){0, 1}, NULL, (const size_t[]){1, 0}};

static aq_resize *const VALUE_aq_resize_p[] = {NULL};
static aq_on_log *const VALUE_aq_on_log_p[] = {NULL};
/* Of which at least the first bytes are read, whatever its size is said to be. */
static char bytes[4096] = {1};
static void *const VALUE_void_p[] = {bytes, NULL};
static const char *VALUE_char_p[] = {NULL, NULL, "", "\xff\xfe", "label", "%d"};
static const bool VALUE_bool[] = {false, true};
static const size_t VALUE_size_t[] = {1, 0, SIZE_MAX};
static const int VALUE_int[] = {80, 0, -1, INT_MIN, INT_MAX};
static const int64_t VALUE_int64_t[] = {1, 0, -1, INT64_MIN, INT64_MAX};
static const double VALUE_double[] = {0.5, 0, -1, (double)NAN, (double)INFINITY};
static const enum aq_form VALUE_aq_form[] = {AQ_JSON, (enum aq_form)99, (enum aq_form) - 1};
static const enum aq_severity VALUE_aq_severity[] = {AQ_ERROR, (enum aq_severity)99, (enum aq_severity) - 1};

/* ---- good handles, and such as could not be made ---- */

static ptrdiff_t nothing_more(void *context, char *buffer, size_t size) {
  (void)context, (void)buffer, (void)size;
  return 0;
}

static int taken(void *context, const char *text, size_t length) {
  (void)context, (void)text, (void)length;
  return 0;
}

static void reset_options(void) {
  RESET_OPTIONS(batch)
  RESET_OPTIONS(begin)
  RESET_OPTIONS(embed)
  RESET_OPTIONS(eval)
  RESET_OPTIONS(function)
  RESET_OPTIONS(generate)
  RESET_OPTIONS(load)
  RESET_OPTIONS(predict)
  RESET_OPTIONS(program)
  RESET_OPTIONS(run)
  RESET_OPTIONS(search)
  RESET_OPTIONS(start)
  RESET_OPTIONS(train)
  eval_values[0].threads = run_values[0].threads = search_values[0].threads = train_values[0].threads = 1;
  predict_values[0].read = generate_values[0].read = embed_values[0].read = nothing_more;
  predict_values[0].write = generate_values[0].write = taken;
  train_values[0].train = path_of("reader.tsv");
  train_values[0].epochs = 1;
}

static void make_handles(void) {
  VALUE_aq_program_p[0] = program_of(reader_program);
  aq_program_new("none.aq", "model (", 7, NULL, &VALUE_aq_program_p[2]);
  VALUE_aq_model_p[0] = trained_reader();
  aq_model_load("/nowhere", &VALUE_aq_model_p[2]);
  reset_options();
  VALUE_aq_session_p[0] = session_of(VALUE_aq_model_p[0], &eval_values[0]);
  aq_session_new(VALUE_aq_model_p[2], NULL, &VALUE_aq_session_p[2]);
  aq_trainer_new(VALUE_aq_program_p[0], &train_values[0], &VALUE_aq_trainer_p[0]);
  aq_trainer_new(VALUE_aq_program_p[2], NULL, &VALUE_aq_trainer_p[2]);
  aq_report_new(VALUE_aq_model_p[0], path_of("reader.tsv"), NULL, &VALUE_aq_report_p[0]);
  aq_report_new(VALUE_aq_model_p[2], NULL, NULL, &VALUE_aq_report_p[2]);
  aq_vectors_open(write_text("v.tsv", "1\t2\n3\t4\n"), &VALUE_aq_vectors_p[0]);
  aq_vectors_open("/nowhere", &VALUE_aq_vectors_p[2]);
  aq_program *of_function = program_of("fn f(x: [T]) { w = param[T] = 1\n return w * x }\n");
  aq_function_options options;
  aq_function_options_init(&options);
  options.precision = AQ_F64;
  aq_function_new(of_function, &options, &VALUE_aq_function_p[0]);
  aq_function_new(VALUE_aq_program_p[2], NULL, &VALUE_aq_function_p[2]);
  aq_program_free(of_function);
  aq_externs_new(&VALUE_aq_externs_p[0]);
  aq_pool_new(2, &VALUE_aq_pool_p[0]);
  aq_pool_new(-1, &VALUE_aq_pool_p[2]);
  aq_profile_new(10, &VALUE_aq_profile_p[0]);
  aq_profile_new((size_t)-1, &VALUE_aq_profile_p[2]);
  aq_rows_new(&VALUE_aq_rows_p[0]);
  VALUE_aq_limits_p[0] = aq_limits_new();
  VALUE_char_p[0] = path_of("some.tsv");
  good_message = *aq_model_message(VALUE_aq_model_p[2]);
}

static void free_handles(void) {
  for (int k = 0; k < 3; k++) {
    aq_trainer_free(VALUE_aq_trainer_p[k]);
    aq_session_free(VALUE_aq_session_p[k]);
    aq_report_free(VALUE_aq_report_p[k]);
    aq_vectors_free(VALUE_aq_vectors_p[k]);
    aq_function_free(VALUE_aq_function_p[k]);
    aq_pool_free(VALUE_aq_pool_p[k]);
    aq_profile_free(VALUE_aq_profile_p[k]);
    aq_program_free(VALUE_aq_program_p[k]);
    aq_model_free(VALUE_aq_model_p[k]);
  }
  aq_shown_free(VALUE_aq_shown_p[0]);
  aq_externs_free(VALUE_aq_externs_p[0]);
  aq_rows_free(VALUE_aq_rows_p[0]);
  aq_limits_free(VALUE_aq_limits_p[0]);
}

/* ---- the calls ---- */

static char now[256]; /* the call that is being tried: "aq_model_load(0, 1)", by the numbers of the values */
static long tried, wrong;

static int kept_output[2]; /* stdout and stderr while they are captured */

static void on_crash(int number) {
  (void)number;
  static const char crashed[] = "\ncrashed in ";
  dup2(kept_output[1], 2);
  ssize_t written = write(2, crashed, sizeof crashed - 1);
  written += write(2, now, strlen(now));
  signal(SIGSEGV, SIG_DFL);
  signal(SIGABRT, SIG_DFL);
  if (written) raise(SIGSEGV);
}

/* From now on what is written to stdout and stderr goes to a file without a name. */
static int capture_output(void) {
  int file = memfd_create("output", MFD_CLOEXEC);
  fflush(stdout);
  for (int fd = 1; fd <= 2; fd++) {
    kept_output[fd - 1] = dup(fd);
    dup2(file, fd);
  }
  return file;
}

/* Back to the usual, with what was written, the first of it. How many bytes were that? */
static long end_capture(int file) {
  fflush(stdout);
  for (int fd = 1; fd <= 2; fd++) {
    dup2(kept_output[fd - 1], fd);
    close(kept_output[fd - 1]);
  }
  char some[4096];
  long length = (long)lseek(file, 0, SEEK_END);
  ssize_t read = pread(file, some, sizeof some, 0);
  if (read > 0) print_message("%.*s\n", (int)read, some);
  close(file);
  return length;
}

/* The k-th choice of values: all good; each one bad in each way; all bad. */
static bool pick(size_t k, const size_t *sizes, int count, size_t *p) {
  for (int n = 0; n < count; n++) p[n] = 0;
  if (k-- == 0) return true;
  for (int n = 0; n < count; n++) {
    if (k < sizes[n] - 1) {
      p[n] = k + 1;
      return true;
    }
    k -= sizes[n] - 1;
  }
  for (int n = 0; n < count; n++) p[n] = sizes[n] > 1;
  return k == 0 && count > 1;
}

static void begin(const char *name, const size_t *p, int count) {
  size_t length = (size_t)snprintf(now, sizeof now, "%s(", name);
  for (int n = 0; n < count; n++)
    length += (size_t)snprintf(now + length, sizeof now - length, n ? ", %zu" : "%zu", p[n]);
  snprintf(now + length, sizeof now - length, ")");
  length_place = 4;
  reset_options();
  write_text("some.tsv", "text\tlabel\ngood\tpositive\nbad\tnegative\n");
  aq_shown_free(VALUE_aq_shown_p[0]);
  VALUE_aq_shown_p[0] = aq_shown_new(true);
  tried++;
}

/* of_nothing: the handle was NULL. */
static void end(int status, bool of_nothing) {
  aq_limits_use(NULL);
  if (of_nothing && status != AQ_USAGE) {
    print_error("%s of NULL is %d and not AQ_USAGE\n", now, status);
    wrong++;
  }
  aq_trainer_free(made.trainer);
  aq_session_free(made.session);
  aq_report_free(made.report);
  aq_shown_free(made.shown);
  aq_externs_free(made.externs);
  aq_rows_free(made.rows);
  aq_vectors_free(made.vectors);
  aq_function_free(made.function);
  aq_pool_free(made.pool);
  aq_profile_free(made.profile);
  aq_program_free(made.program);
  aq_model_free(made.model);
  aq_text_free(made.text);
  aq_text_free(made.other_text);
  memset(&made, 0, sizeof made);
}

#include "tests/unit/misuse_calls.h"

static void test_all(void **state) {
  (void)state;
  signal(SIGSEGV, on_crash);
  signal(SIGABRT, on_crash);
  make_handles();
  int output = capture_output();
  for (size_t k = 0; k < COUNT(functions); k++) functions[k].run();
  free_handles();
  assert_int_equal(end_capture(output), 0); /* nothing was printed */
  print_message("# %ld calls of %zu functions\n", tried, COUNT(functions));
  assert_int_equal(wrong, 0);
  assert_true(COUNT(functions) > 100);
}

/* Names without a folder are of files here. */
static int enter_directory(void **state) { return make_directory(state) ? -1 : chdir(directory); }

static int leave_directory(void **state) { return chdir("/") ? -1 : remove_directory(state); }

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_all)};
  return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
