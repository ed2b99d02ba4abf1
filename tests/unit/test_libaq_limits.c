/* test_libaq_limits.c: whatever takes long can be stopped, and leaves its handle as it was. */
#include "tests/unit/libaq_files.h"

#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

static aq_limits *limits;

static int make_limits(void **state) {
  limits = aq_limits_new();
  return limits ? make_reader(state) : -1;
}

static int drop_limits(void **state) {
  aq_limits_free(limits);
  return drop_reader(state);
}

/* ---- every kind of call, as one that a limit stops and that is called again ---- */

static const char *const question[] = {"good film"};

static int checks(const aq_message **message) {
  static aq_program *program;
  aq_program_free(program);
  program = program_of(reader_program);
  int status = aq_program_check(program);
  *message = aq_program_message(program);
  return status;
}

static int loads(const aq_message **message) {
  static aq_model *model;
  aq_model_free(model);
  int status = aq_model_load(path_of("m.aqm"), &model);
  *message = aq_model_message(model);
  return status;
}

static aq_session *session;
static int predicts(const aq_message **message) {
  int status = aq_session_predict(session, question, NULL, 1);
  *message = aq_session_message(session);
  return status;
}

static int attends(const aq_message **message) {
  int status = aq_session_attend(session, question, NULL, 1);
  *message = aq_session_message(session);
  return status;
}

static int predicts_stream(const aq_message **message) {
  static struct host host;
  host = (struct host){.input = "good film\nbad film\n"};
  aq_predict_options options;
  aq_predict_options_init(&options);
  options.read = host_read;
  options.write = host_write;
  options.context = &host;
  int status = aq_session_predict_stream(session, &options);
  *message = aq_session_message(session);
  return status;
}

static int reports(const aq_message **message) {
  static aq_report *report;
  aq_report_free(report);
  int status = aq_report_new(reader, path_of("reader.tsv"), NULL, &report);
  *message = aq_report_message(report);
  return status;
}

static int compiles(const aq_message **message) {
  static aq_program *program;
  static aq_model *model;
  aq_program_free(program);
  aq_model_free(model);
  program = program_of(reader_program);
  int status = aq_model_compile(program, &model);
  *message = aq_model_message(model);
  return status;
}

static int reads_to_train(const aq_message **message) {
  static aq_program *program;
  static aq_trainer *trainer;
  aq_train_options options;
  aq_trainer_free(trainer);
  aq_program_free(program);
  program = program_of(reader_program);
  aq_train_options_init(&options);
  options.train = path_of("reader.tsv");
  int status = aq_trainer_new(program, &options, &trainer);
  *message = aq_trainer_message(trainer);
  return status;
}

static aq_trainer *begun;
static int begins_with_a_model(const aq_message **message) {
  aq_train_options options;
  aq_trainer_free(begun);
  aq_train_options_init(&options);
  options.from = reader;
  options.threads = 1;
  int status = aq_trainer_new(NULL, &options, &begun);
  *message = aq_trainer_message(begun);
  return status;
}

/* With the trainer that was made before. */
static int steps(const aq_message **message) {
  static aq_rows *rows;
  const char *const text[] = {"good film", "a bad one"}, *const label[] = {"positive", "negative"};
  if (!rows
      && (aq_rows_new(&rows) || aq_rows_texts(rows, "text", text, NULL, 2)
          || aq_rows_texts(rows, "label", label, NULL, 2)))
    fail_msg("%s", aq_rows_message(rows)->text);
  int status = aq_trainer_step(begun, rows, NULL);
  *message = aq_trainer_message(begun);
  return status;
}

static int gradchecks(const aq_message **message) {
  static aq_program *program;
  if (!program) program = program_of(reader_program);
  int status = aq_program_gradcheck(program, 1, 1e-3, NULL, NULL);
  *message = aq_program_message(program);
  return status;
}

static const struct {
  const char *name;
  int (*call)(const aq_message **message);
} calls[] = {{"check", checks},
             {"load", loads},
             {"predict", predicts},
             {"attend", attends},
             {"stream", predicts_stream},
             {"report", reports},
             {"compile", compiles},
             {"read", reads_to_train},
             {"gradcheck", gradchecks},
             {"begin", begins_with_a_model},
             {"step", steps}};
enum { CALLS = sizeof calls / sizeof *calls };

static void make_session(void) {
  session = session_of(reader, NULL);
  assert_int_equal(aq_model_save(reader, path_of("m.aqm")), AQ_OK);
}

static void expect(size_t k, int status, const char *text) {
  const aq_message *message;
  int got = calls[k].call(&message);
  if (got != status || !strstr(message->text, text))
    fail_msg("%s: %d \"%s\" instead of %d \"%s\"", calls[k].name, got, message->text, status, text);
}

static void test_interrupted(void **state) {
  (void)state;
  make_session();
  aq_limits_use(limits);
  for (size_t k = 0; k < CALLS; k++) {
    aq_limits_set(limits, 0, 0, 0);
    aq_interrupt(limits);
    expect(k, AQ_INTERRUPTED, "the host has stopped this");
    aq_limits_set(limits, 0, 0, 0);
    expect(k, AQ_OK, "");
  }
  aq_interrupt(limits);
  aq_limits_use(NULL);
  for (size_t k = 0; k < CALLS; k++) expect(k, AQ_OK, "");
  aq_session_free(session);
}

/* Work is the same each time: with one unit less than it takes, a call is stopped. */
static void test_work(void **state) {
  (void)state;
  make_session();
  aq_limits_use(limits);
  for (size_t k = 0; k < CALLS; k++) {
    aq_limits_set(limits, 0, 0, 0);
    expect(k, AQ_OK, "");
    int64_t work = aq_limits_done(limits);
    assert_true(work > 1);
    aq_limits_set(limits, 0, work - 1, 0);
    expect(k, AQ_INTERRUPTED, "more work than the host allows");
    aq_limits_set(limits, 0, work, 0);
    expect(k, AQ_OK, "");
    assert_int_equal(aq_limits_done(limits), work);
  }
  aq_limits_use(NULL);
  aq_session_free(session);
}

static void test_deadline(void **state) {
  (void)state;
  make_session();
  aq_limits_use(limits);
  for (size_t k = 0; k < CALLS; k++) {
    aq_limits_set(limits, 1e-9, 0, 0);
    expect(k, AQ_INTERRUPTED, "longer than the host allows: 1e-09 seconds");
    aq_limits_set(limits, 1e300, 0, 0);
    expect(k, AQ_OK, "");
  }
  aq_limits_use(NULL);
  aq_session_free(session);
}

static void test_memory(void **state) {
  (void)state;
  aq_limits_use(limits);
  aq_limits_set(limits, 0, 0, 1 << 14);
  aq_session *small;
  assert_int_equal(aq_session_new(reader, NULL, &small), AQ_NO_MEMORY);
  assert_non_null(strstr(aq_session_message(small)->text, "more memory than the host allows: 16384 bytes"));
  aq_session_free(small);
  aq_limits_set(limits, 0, 0, 1 << 30);
  assert_int_equal(aq_session_new(reader, NULL, &small), AQ_OK);
  assert_int_equal(aq_session_predict(small, question, NULL, 1), AQ_OK);
  aq_session_free(small);
  aq_limits_use(NULL);
}

/* ---- training ---- */

static bool stop_after_third_epoch(void *context, const aq_progress *progress) {
  if (progress->event == AQ_EPOCH && progress->epoch == 3) aq_interrupt(context);
  return true;
}

static aq_trainer *trainer_of(aq_program *program, const char *save, bool stops) {
  aq_train_options options;
  aq_trainer *trainer;
  aq_train_options_init(&options);
  options.train = path_of("reader.tsv");
  options.save = save;
  options.threads = 1;
  if (stops) options.progress = stop_after_third_epoch;
  options.context = limits;
  assert_int_equal(aq_trainer_new(program, &options, &trainer), AQ_OK);
  return trainer;
}

/* Stopped and run again, a training ends as one that was never stopped. */
static void test_training(void **state) {
  (void)state;
  char *bytes[2];
  size_t length[2];
  aq_program *program = program_of(reader_program);
  for (int stops = 0; stops < 2; stops++) {
    aq_model *model;
    aq_limits_set(limits, 0, 0, 0);
    aq_limits_use(limits);
    aq_trainer *trainer = trainer_of(program, path_of("t.aqm"), stops);
    if (stops) {
      assert_int_equal(aq_trainer_run(trainer), AQ_INTERRUPTED);
      assert_non_null(
          strstr(aq_trainer_message(trainer)->text, "stopped at step 6: the host has stopped this"));
      assert_int_equal(aq_trainer_facts(trainer)->epochs, 3);
      assert_int_equal(access(path_of("t.aqm.ckpt"), F_OK), 0);
      aq_limits_set(limits, 0, 0, 0);
    }
    int status = aq_trainer_run(trainer);
    if (stops && status == AQ_INTERRUPTED) fail_msg("%s", aq_trainer_message(trainer)->text);
    assert_int_equal(status, AQ_OK);
    assert_int_equal(aq_trainer_model(trainer, &model), AQ_OK);
    assert_int_equal(aq_model_save_memory(model, &bytes[stops], &length[stops]), AQ_OK);
    aq_model_free(model);
    aq_trainer_free(trainer);
    aq_limits_use(NULL);
  }
  assert_int_equal(length[0], length[1]);
  assert_memory_equal(bytes[0], bytes[1], length[0]);
  aq_text_free(bytes[0]);
  aq_text_free(bytes[1]);
  aq_program_free(program);
}

/* Thresholds are learned when a model is saved, by running over the validation data: that is not stopped. */
static void test_saved(void **state) {
  (void)state;
  static const char source[] = "data { text: words[T], label: labels[C](threshold = learned) }\n"
                               "model m(text) -> label { return linear(mean(embed(text, 4), T), C) }\n"
                               "train { batch = 2, epochs = 30 }\n";
  aq_program *program = program_of(source);
  aq_train_options options;
  aq_trainer *trainer;
  aq_train_options_init(&options);
  options.train = options.valid = path_of("reader.tsv");
  options.save = path_of("s.aqm");
  options.threads = 1;
  options.progress = stop_after_third_epoch;
  options.context = limits;
  aq_limits_set(limits, 0, 0, 0);
  aq_limits_use(limits);
  assert_int_equal(aq_trainer_new(program, &options, &trainer), AQ_OK);
  assert_int_equal(aq_trainer_run(trainer), AQ_INTERRUPTED);
  assert_message(aq_trainer_message(trainer), AQ_INTERRUPTED, 0, "stopped at step 12: the host has stopped");
  assert_non_null(strstr(aq_trainer_message(trainer)->hint, "the checkpoint"));
  assert_int_equal(access(path_of("s.aqm"), F_OK), 0);
  assert_int_equal(access(path_of("s.aqm.ckpt"), F_OK), 0);
  aq_limits_use(NULL);
  aq_trainer_free(trainer);
  aq_program_free(program);
}

/* ---- a limit that is less than the validation data take ---- */

static aq_trainer *validated_trainer(aq_program *program, const char *valid) {
  aq_train_options options;
  aq_trainer *trainer;
  aq_train_options_init(&options);
  options.train = path_of("reader.tsv");
  options.valid = valid;
  options.threads = 1;
  assert_int_equal(aq_trainer_new(program, &options, &trainer), AQ_OK);
  return trainer;
}

/* The work of a whole training. */
static int64_t work_of(aq_program *program, const char *valid) {
  aq_trainer *trainer = validated_trainer(program, valid);
  aq_limits_set(limits, 0, 0, 0);
  assert_int_equal(aq_trainer_run(trainer), AQ_OK);
  aq_trainer_free(trainer);
  return aq_limits_done(limits);
}

static void save(aq_trainer *trainer, char **bytes, size_t *length) {
  aq_model *model;
  assert_int_equal(aq_trainer_model(trainer, &model), AQ_OK);
  assert_int_equal(aq_model_save_memory(model, bytes, length), AQ_OK);
  aq_model_free(model);
  aq_trainer_free(trainer);
}

static void test_validation(void **state) {
  (void)state;
  char valid[400], *bytes[2];
  size_t length[2];
  int stops = 0, status;
  snprintf(valid, sizeof valid, "%s", path_of("valid.tsv"));
  FILE *file = fopen(valid, "w");
  assert_non_null(file);
  fprintf(file, "text\tlabel\n");
  for (int k = 0; k < 70; k++)
    fprintf(file, "a %s play\t%s\n", k % 3 ? "good" : "dull",
            k % 7 == 0 ? "odd"
            : k % 4    ? "positive"
                       : "negative");
  assert_int_equal(fclose(file), 0);
  static char source[2000];
  snprintf(source, sizeof source, "%s", reader_program);
  memcpy(strstr(source, "epochs = 30"), "epochs = 3 ", 11);
  aq_program *program = program_of(source);
  aq_limits_use(limits);
  int64_t all = work_of(program, valid), steps = work_of(program, NULL), validation = (all - steps) / 3;
  assert_true(validation / 2 > steps / 6); /* of an epoch there are two steps */
  aq_limits_set(limits, 0, 0, 0);
  aq_trainer *trainer = validated_trainer(program, valid);
  assert_int_equal(aq_trainer_run(trainer), AQ_OK);
  save(trainer, &bytes[0], &length[0]);
  trainer = validated_trainer(program, valid);
  do {
    if (++stops > 100) fail_msg("the training never gets on");
    aq_limits_set(limits, 0, validation / 2, 0);
    status = aq_trainer_run(trainer);
  } while (status == AQ_INTERRUPTED);
  assert_int_equal(status, AQ_OK);
  assert_true(stops > 6);
  aq_limits_set(limits, 0, 0, 0);
  save(trainer, &bytes[1], &length[1]);
  aq_limits_use(NULL);
  assert_int_equal(length[0], length[1]);
  assert_memory_equal(bytes[0], bytes[1], length[0]);
  aq_text_free(bytes[0]);
  aq_text_free(bytes[1]);
  aq_program_free(program);
}

/* ---- from elsewhere ---- */

static void *interrupt_soon(void *context) {
  usleep(50000);
  aq_interrupt(context);
  return NULL;
}

static const char endless[] = "dim D = 64\n"
                              "data { text: words[T], label: class[C] }\n"
                              "model m(text) -> label {\n  x = embed(text, D)\n"
                              "  return linear(mean(x, T), C)\n}\n"
                              "loss cross_entropy\n"
                              "train { optimizer = sgd(lr = 1e-3), epochs = 100000000 }\n";

static void test_another_thread(void **state) {
  (void)state;
  pthread_t other;
  aq_program *program = program_of(endless);
  aq_limits_set(limits, 0, 0, 0);
  aq_limits_use(limits);
  aq_trainer *trainer = trainer_of(program, NULL, false);
  assert_int_equal(pthread_create(&other, NULL, interrupt_soon, limits), 0);
  assert_int_equal(aq_trainer_run(trainer), AQ_INTERRUPTED);
  pthread_join(other, NULL);
  aq_trainer_free(trainer);
  aq_program_free(program);
  aq_limits_use(NULL);
}

static void by_signal(int number) {
  (void)number;
  aq_interrupt(limits);
}

static void test_signal(void **state) {
  (void)state;
  aq_program *program = program_of(endless);
  aq_limits_set(limits, 0, 0, 0);
  aq_limits_use(limits);
  aq_trainer *trainer = trainer_of(program, NULL, false);
  void (*before)(int) = signal(SIGALRM, by_signal);
  ualarm(50000, 0);
  assert_int_equal(aq_trainer_run(trainer), AQ_INTERRUPTED);
  signal(SIGALRM, before);
  aq_trainer_free(trainer);
  aq_program_free(program);
  aq_limits_use(NULL);
}

static void test_nothing(void **state) {
  (void)state;
  aq_limits_free(NULL);
  aq_limits_use(NULL);
  aq_interrupt(NULL);
  assert_int_equal(aq_limits_done(NULL), 0);
  assert_int_equal(aq_limits_set(NULL, 1, 1, 1), AQ_USAGE);
  assert_int_equal(aq_limits_set(limits, -1, 1, 1), AQ_USAGE);
  assert_int_equal(aq_limits_set(limits, NAN, 1, 1), AQ_USAGE);
  assert_int_equal(aq_limits_set(limits, 1, -1, 1), AQ_USAGE);
  assert_int_equal(aq_limits_set(limits, 1, 1, INT64_MIN), AQ_USAGE);
  aq_limits *freed = aq_limits_new();
  aq_limits_set(freed, 0, 1, 0);
  aq_limits_use(freed);
  aq_limits_free(freed);
  make_session();
  aq_session_free(session);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_interrupted), cmocka_unit_test(test_work),
      cmocka_unit_test(test_deadline),    cmocka_unit_test(test_validation),
      cmocka_unit_test(test_memory),      cmocka_unit_test(test_training),
      cmocka_unit_test(test_saved),       cmocka_unit_test(test_another_thread),
      cmocka_unit_test(test_signal),      cmocka_unit_test(test_nothing)};
  return cmocka_run_group_tests(tests, make_limits, drop_limits);
}
