/* test_libaq_options.c: options of hosts that were compiled with another aq.h, and options that mean nothing.
 */
#include "tests/unit/libaq_files.h"

#include <limits.h>

static void refused(const aq_eval_options *options, const char *why) {
  aq_session *session;
  aq_report *report;
  assert_int_equal(aq_session_new(reader, options, &session), AQ_USAGE);
  assert_message(aq_session_message(session), AQ_USAGE, 0, why);
  aq_session_free(session);
  assert_int_equal(aq_report_new(reader, path_of("reader.tsv"), options, &report), AQ_USAGE);
  assert_message(aq_report_message(report), AQ_USAGE, 0, why);
  aq_report_free(report);
}

static void test_sizes(void **state) {
  (void)state;
  aq_eval_options options = {.threads = 1, .precision = AQ_F64};
  refused(&options, "the size of aq_eval_options is given as 0");
  const size_t none[] = {1,       sizeof(size_t), sizeof options - 1, sizeof options + 1, sizeof options + 8,
                         SIZE_MAX};
  for (size_t k = 0; k < sizeof none / sizeof *none; k++) {
    aq_eval_options_init(&options);
    options.size = none[k];
    refused(&options, "the size of aq_eval_options is given as ");
  }
}

/* Behind its end an older struct has something else, which is not looked at. */
static void test_older(void **state) {
  (void)state;
  struct {
    size_t size;
    const char *const *define;
    size_t define_count;
    unsigned char behind[sizeof(aq_program_options)];
  } older = {.size = offsetof(aq_program_options, no_imports)};
  memset(older.behind, 0xff, sizeof older.behind);
  const char *text = "dim D = 3\nfn f(x: [D]) = x\n";
  aq_program *program;
  assert_int_equal(
      aq_program_new("f.aq", text, strlen(text), (const aq_program_options *)(const void *)&older, &program),
      AQ_OK);
  assert_int_equal(aq_program_check(program), AQ_OK);
  aq_program_free(program);
}

static void test_fields(void **state) {
  (void)state;
  aq_eval_options options;
  aq_eval_options_init(&options);
  options.precision = (enum aq_precision)7;
  refused(&options, "aq_eval_options.precision can be 0 to 2, not 7");
  aq_eval_options_init(&options);
  options.threads = -5;
  refused(&options, "aq_eval_options.threads cannot be -5, which is less than 0");
  aq_eval_options_init(&options);
  options.format = (enum aq_format)INT_MAX;
  refused(&options, "aq_eval_options.format can be 0 to 5, not 2147483647");
  aq_train_options train;
  aq_trainer *trainer;
  aq_program *program = program_of(reader_program);
  aq_train_options_init(&train);
  train.train = path_of("reader.tsv");
  train.bad_rows = (enum aq_bad_row)2;
  assert_int_equal(aq_trainer_new(program, &train, &trainer), AQ_USAGE);
  assert_message(aq_trainer_message(trainer), AQ_USAGE, 0, "aq_train_options.bad_rows can be 0 to 1, not 2");
  aq_trainer_free(trainer);
  aq_program_free(program);
}

/* What _init gives is what NULL means. */
static void test_defaults(void **state) {
  (void)state;
  aq_eval_options options;
  aq_session *session;
  aq_eval_options_init(&options);
  assert_int_equal(options.size, sizeof options);
  assert_int_equal(aq_session_new(reader, &options, &session), AQ_OK);
  aq_session_free(session);
  aq_program_options program;
  aq_program_options_init(&program);
  assert_int_equal(program.size, sizeof program);
  aq_program_options_init(NULL);
}

/* The number in the header is the version that configure.ac says. */
static void test_version(void **state) {
  (void)state;
  int major, minor, patch;
  assert_string_equal(aq_version(), PACKAGE_VERSION);
  assert_int_equal(sscanf(PACKAGE_VERSION, "%d.%d.%d", &major, &minor, &patch), 3);
  assert_int_equal(AQ_VERSION_NUMBER, major * 1000000 + minor * 1000 + patch);
  assert_int_equal(aq_version_number(), AQ_VERSION_NUMBER);
}

/* Messages about a text of the host show all of it, or with an origin what stands behind its `=`. */
static void test_origins(void **state) {
  (void)state;
  const char *const set[] = {"train.epochs=3 3"}, *const define[] = {"D = 2 2"},
                    *const origin[] = {"--epochs"};
  const char *text = "dim D = 3\nfn f(x: [D]) = x\n";
  for (int k = 0; k < 4; k++) {
    aq_program_options options = {.size = sizeof options};
    aq_program *program;
    options.set = set;
    options.set_count = k < 2;
    options.set_origin = k == 1 ? origin : NULL;
    options.define = define;
    options.define_count = k >= 2;
    options.define_origin = k == 3 ? origin : NULL;
    assert_int_equal(aq_program_new("f.aq", text, strlen(text), &options, &program), AQ_USAGE);
    const aq_message *message = aq_program_message(program);
    assert_string_equal(message->file, k % 2 ? origin[0] : k < 2 ? "the option set" : "the option define");
    assert_int_equal(strstr(message->excerpt, k < 2 ? "epochs=" : "D =") == NULL, k % 2);
    assert_non_null(strstr(message->excerpt, k < 2 ? "3 3" : "2 2"));
    aq_program_free(program);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_sizes),   cmocka_unit_test(test_older),
                                     cmocka_unit_test(test_fields),  cmocka_unit_test(test_defaults),
                                     cmocka_unit_test(test_origins), cmocka_unit_test(test_version)};
  return cmocka_run_group_tests(tests, make_reader, drop_reader);
}
