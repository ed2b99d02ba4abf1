/* test_libaq_sharing.c: models in memory, models that many use, and what a child has after fork. */
#include "tests/unit/libaq_files.h"

#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* The probability of the first label of "good film". */
static double asked(aq_model *model) {
  const char *const field[] = {"good film"};
  aq_session *session = session_of(model, NULL);
  assert_int_equal(aq_session_predict(session, field, NULL, 1), AQ_OK);
  double p = *aq_session_scores(session, 0, NULL, NULL);
  aq_session_free(session);
  return p;
}

static void test_memory(void **state) {
  (void)state;
  char *bytes, *again;
  size_t length, length_again;
  aq_model *model;
  assert_int_equal(aq_model_save_memory(reader, &bytes, &length), AQ_OK);
  assert_int_equal(aq_model_load_memory("mine", bytes, length, &model), AQ_OK);
  assert_true(asked(model) == asked(reader));
  assert_int_equal(aq_model_save_memory(model, &again, &length_again), AQ_OK);
  assert_int_equal(length, length_again);
  assert_memory_equal(bytes, again, length);
  aq_text_free(again);
  aq_model_free(model);
  for (size_t cut = 0; cut < length; cut += length / 50 + 1) {
    assert_int_equal(aq_model_load_memory("mine", bytes, cut, &model), AQ_BAD_DATA);
    assert_string_equal(aq_model_message(model)->file, "mine");
    aq_model_free(model);
  }
  bytes[length - 1] ^= 1;
  assert_int_equal(aq_model_load_memory(NULL, bytes, length, &model), AQ_BAD_DATA);
  aq_model_free(model);
  aq_text_free(bytes);
  assert_int_equal(aq_model_load_memory("mine", NULL, 10, &model), AQ_USAGE);
  assert_int_equal(aq_model_save_memory(model, &bytes, &length), AQ_USAGE);
  assert_null(bytes);
  aq_model_free(model);
  assert_int_equal(aq_model_load_memory("mine", "x", 1, NULL), AQ_USAGE);
  assert_int_equal(aq_model_save_memory(NULL, &bytes, &length), AQ_USAGE);
  assert_int_equal(aq_model_save_memory(reader, NULL, &length), AQ_USAGE);
  assert_int_equal(aq_model_save_memory(reader, &bytes, NULL), AQ_USAGE);
}

/* The same as a file that has no name. */
static void test_nameless_file(void **state) {
  (void)state;
  char path[64];
  aq_model *model;
  int fd = memfd_create("model", MFD_CLOEXEC);
  assert_true(fd >= 0);
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  assert_int_equal(aq_model_save(reader, path), AQ_OK);
  assert_int_equal(aq_model_save(reader, path), AQ_OK); /* over what is there */
  assert_int_equal(aq_model_load(path, &model), AQ_OK);
  assert_true(asked(model) == asked(reader));
  aq_model_free(model);
  close(fd);
}

static void test_freed_before(void **state) {
  (void)state;
  aq_model *model;
  aq_report *report;
  const char *const field[] = {"good film"};
  assert_int_equal(aq_model_save(reader, path_of("m.aqm")), AQ_OK);
  assert_int_equal(aq_model_load(path_of("m.aqm"), &model), AQ_OK);
  aq_session *one = session_of(model, NULL), *two = session_of(model, NULL);
  assert_int_equal(aq_report_new(model, path_of("reader.tsv"), NULL, &report), AQ_OK);
  aq_model_free(model);
  assert_int_equal(aq_session_predict(one, field, NULL, 1), AQ_OK);
  aq_session_free(one);
  assert_int_equal(aq_session_predict(two, field, NULL, 1), AQ_OK);
  assert_true(*aq_session_scores(two, 0, NULL, NULL) == asked(reader));
  aq_session_free(two);
  assert_non_null(strstr(aq_report_text(report), "accuracy"));
  aq_report_free(report);
}

static aq_report *scoped(const char *label) {
  aq_eval_options options;
  aq_report *report;
  aq_eval_options_init(&options);
  options.out_of_scope = label;
  const char *path = write_text("scope.tsv", "text\tlabel\ngood film\tpositive\nodd\tneither\n");
  if (aq_report_new(reader, path, &options, &report)) fail_msg("%s", aq_report_message(report)->text);
  return report;
}

/* A report that was added to another one is not needed any more. */
static void test_report_freed_before(void **state) {
  (void)state;
  aq_report *one = scoped("neither"), *other = scoped("neither"), *none = scoped(NULL);
  assert_int_equal(aq_report_add(one, none), AQ_USAGE);
  assert_message(aq_report_message(one), AQ_USAGE, 0, "other labels out of scope: `neither` and `none`");
  assert_int_equal(aq_report_add(one, other), AQ_OK);
  aq_report_free(none);
  aq_report_free(other);
  assert_int_equal(aq_report_rows(one, NULL), 4);
  assert_non_null(strstr(aq_report_text(one), "neither"));
  aq_report_free(one);
}

/* ---- threads ---- */

enum { THREADS = 4, ROUNDS = 20 };

/* Each thread has messages of its own, although all ask one model. */
static void *look(void *context) {
  char *text;
  const char *path = context;
  for (int k = 0; k < ROUNDS; k++) {
    if (aq_model_save(reader, path) != AQ_CANNOT_CREATE) return "saved";
    if (strcmp(aq_model_message(reader)->file, path)) return "the message of another thread";
    if (aq_model_explain(reader, 5, AQ_JSON, &text) != AQ_OK) return "not explained";
    if (aq_model_message(reader)->code != AQ_OK) return "an old message";
    aq_text_free(text);
    if (aq_model_listing(reader, &text) != AQ_OK) return "not listed";
    aq_text_free(text);
  }
  return NULL;
}

static void test_threads(void **state) {
  (void)state;
  pthread_t thread[THREADS];
  char path[THREADS][64];
  for (int k = 0; k < THREADS; k++) {
    snprintf(path[k], sizeof path[k], "/nowhere/%d/m.aqm", k);
    assert_int_equal(pthread_create(&thread[k], NULL, look, path[k]), 0);
  }
  for (int k = 0; k < THREADS; k++) {
    void *why;
    pthread_join(thread[k], &why);
    if (why) fail_msg("%s", (char *)why);
  }
  aq_model *model;
  assert_int_equal(aq_model_load("/nowhere/m.aqm", &model), AQ_NO_INPUT);
  assert_int_equal(aq_model_message(reader)->code, AQ_OK); /* that was about another model */
  assert_int_equal(aq_model_message(model)->code, AQ_NO_INPUT);
  aq_session *session;
  assert_int_equal(aq_session_new(model, NULL, &session), AQ_USAGE);
  assert_message(aq_session_message(session), AQ_USAGE, 0, "the model could not be made: cannot be read");
  aq_session_free(session);
  aq_model_free(model);
}

/* ---- fork ---- */

static int in_child(aq_session *session, aq_trainer *trainer) {
  const char *const field[] = {"good film"};
  int code = 0;
  alarm(20); /* a child that hangs is killed */
  if (aq_session_predict(session, field, NULL, 1) != AQ_USAGE) code |= 1;
  if (!strstr(aq_session_message(session)->text, "forked")) code |= 2;
  if (aq_session_attend(session, field, NULL, 1) != AQ_USAGE) code |= 4;
  if (aq_session_predict_stream(session, NULL) != AQ_USAGE) code |= 8;
  if (aq_trainer_run(trainer) != AQ_USAGE) code |= 16;
  aq_model *model;
  if (aq_trainer_model(trainer, &model) != AQ_USAGE || !strstr(aq_model_message(model)->text, "forked"))
    code |= 64;
  aq_model_free(model);
  aq_report *report;
  if (aq_trainer_report(trainer, NULL, &report) != AQ_USAGE
      || !strstr(aq_trainer_message(trainer)->text, "forked"))
    code |= 128;
  aq_session_free(session);
  aq_trainer_free(trainer);
  aq_session *own;
  if (aq_session_new(reader, NULL, &own) || aq_session_predict(own, field, NULL, 1)) code |= 32;
  aq_session_free(own);
  return code;
}

static void test_fork(void **state) {
  (void)state;
  aq_eval_options options;
  aq_train_options train;
  aq_trainer *trainer;
  aq_eval_options_init(&options);
  options.threads = 3;
  aq_session *session = session_of(reader, &options);
  aq_program *program = program_of(reader_program);
  aq_train_options_init(&train);
  train.train = path_of("reader.tsv");
  train.threads = 2;
  assert_int_equal(aq_trainer_new(program, &train, &trainer), AQ_OK);
  pid_t child = fork();
  if (child == 0) _exit(in_child(session, trainer));
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), 0);
  const char *const field[] = {"good film"};
  assert_int_equal(aq_session_predict(session, field, NULL, 1), AQ_OK);
  assert_int_equal(aq_trainer_run(trainer), AQ_OK);
  aq_trainer_free(trainer);
  aq_program_free(program);
  aq_session_free(session);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_memory),       cmocka_unit_test(test_nameless_file),
      cmocka_unit_test(test_freed_before), cmocka_unit_test(test_report_freed_before),
      cmocka_unit_test(test_threads),      cmocka_unit_test(test_fork)};
  return cmocka_run_group_tests(tests, make_reader, drop_reader);
}
