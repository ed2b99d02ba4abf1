/* test_panels.c: a model's weights as panels (libaq/model/params_panels.c) are made when somebody predicts,
 * once, whoever asks first, and never stand for weights that were there before. */
#include "tests/unit/libaq_files.h"
#include "tests/unit/rationed_memory.h"

#include "libaq/predict/session.h"
#include "runtime/panels.h"

#include <pthread.h>

static aq_model *wide;
static char *bytes;
static size_t length;

static int make_wide(void **state) {
  if (make_directory(state)) return -1;
  wide = trained_wide_reader();
  return aq_model_save_memory(wide, &bytes, &length);
}

static int drop_wide(void **state) {
  aq_text_free(bytes);
  aq_model_free(wide);
  return remove_directory(state);
}

static aq_model *loaded(void) {
  aq_model *model;
  assert_int_equal(aq_model_load_memory("wide", bytes, length, &model), AQ_OK);
  return model;
}

static const char *const field[] = {"a good and fine play"};

/* The probability of the first label. */
static int ask(aq_session *session, double *p) {
  const int status = aq_session_predict(session, field, NULL, 1);
  if (status == AQ_OK) *p = *aq_session_scores(session, 0, NULL, NULL);
  return status;
}

static double answer_of(aq_model *model) {
  double p = -1;
  aq_session *session = session_of(model, NULL);
  assert_int_equal(ask(session, &p), AQ_OK);
  aq_session_free(session);
  return p;
}

static bool has_panels(const aq_model *model) { return model->params.panels != NULL; }

static void test_who_does_not_predict(void **state) {
  (void)state;
  aq_model *model = loaded();
  aq_report *report;
  char *again;
  size_t count;
  assert_int_equal(aq_report_new(model, path_of("reader.tsv"), NULL, &report), AQ_OK);
  aq_report_free(report);
  assert_int_equal(aq_model_save_memory(model, &again, &count), AQ_OK);
  aq_text_free(again);
  aq_session *session = session_of(model, NULL);
  assert_false(has_panels(model));
  answer_of(model);
  assert_int_equal(has_panels(model), rt_panel_wide(RT_F32, rt_best_isa()) > 0);
  aq_session_free(session);
  aq_model_free(model);
}

/* ---- threads ---- */

enum { THREADS = 4, ROUNDS = 10 };

struct asker {
  aq_model *model;
  pthread_barrier_t *start;
  double p;
};

static void *ask_first(void *context) {
  struct asker *a = context;
  aq_session *session;
  a->p = -1;
  const int status = aq_session_new(a->model, NULL, &session);
  pthread_barrier_wait(a->start);
  if (status == AQ_OK) ask(session, &a->p);
  aq_session_free(session);
  return NULL;
}

static void test_all_at_once(void **state) {
  (void)state;
  const double wanted = answer_of(wide);
  for (int round = 0; round < ROUNDS; round++) {
    pthread_t thread[THREADS];
    pthread_barrier_t start;
    struct asker asker[THREADS];
    aq_model *model = loaded();
    pthread_barrier_init(&start, NULL, THREADS);
    for (int k = 0; k < THREADS; k++) {
      asker[k] = (struct asker){.model = model, .start = &start};
      assert_int_equal(pthread_create(&thread[k], NULL, ask_first, &asker[k]), 0);
    }
    for (int k = 0; k < THREADS; k++) pthread_join(thread[k], NULL);
    for (int k = 0; k < THREADS; k++) assert_true(asker[k].p == wanted);
    pthread_barrier_destroy(&start);
    aq_model_free(model);
  }
}

/* ---- memory ---- */

/* Refuses request n of the first prediction; the next one is as if nothing had been. */
static bool refused(struct ration *memory, long n, double wanted) {
  const long enough = 1000000;
  double p;
  aq_session *session;
  *memory = (struct ration){.left = enough, .once = true};
  aq_set_allocator(ration_resize, memory);
  aq_model *model = loaded();
  assert_int_equal(aq_session_new(model, NULL, &session), AQ_OK);
  atomic_store(&memory->left, n);
  const int status = ask(session, &p);
  const bool reached = atomic_load(&memory->left) < 0;
  if (status != (reached ? AQ_NO_MEMORY : AQ_OK)) fail_msg("request %ld: status %d", n, status);
  atomic_store(&memory->left, enough);
  assert_int_equal(ask(session, &p), AQ_OK);
  assert_true(p == wanted);
  aq_session_free(session);
  aq_model_free(model);
  aq_set_allocator(NULL, NULL);
  if (atomic_load(&memory->live)) fail_msg("request %ld: %ld blocks stay", n, atomic_load(&memory->live));
  return reached;
}

static void test_no_memory(void **state) {
  (void)state;
  static struct ration memory;
  const double wanted = answer_of(wide);
  long n = 0;
  while (refused(&memory, n, wanted)) n++;
  assert_true(n > 10);
}

/* ---- training ---- */

/* Of each epoch a host asks the model, and a copy that nobody has asked before. */
static bool compare(void *context, aq_model *model, double *value) {
  int *epochs = context;
  char *now;
  size_t count;
  aq_model *copy;
  assert_int_equal(aq_model_save_memory(model, &now, &count), AQ_OK);
  assert_int_equal(aq_model_load_memory(NULL, now, count, &copy), AQ_OK);
  const double p = answer_of(model);
  assert_true(p == answer_of(copy));
  *value = ++*epochs;
  aq_model_free(copy);
  aq_text_free(now);
  return true;
}

static void test_of_this_epoch(void **state) {
  (void)state;
  int epochs = 0;
  aq_train_options options;
  aq_trainer *trainer;
  aq_train_options_init(&options);
  options.train = path_of("reader.tsv");
  options.from = wide;
  options.epochs = 3;
  options.measure = compare;
  options.measured = "order";
  options.context = &epochs;
  if (aq_trainer_new(NULL, &options, &trainer)) fail_msg("%s", aq_trainer_message(trainer)->text);
  assert_int_equal(aq_trainer_run(trainer), AQ_OK);
  assert_int_equal(epochs, 3);
  aq_trainer_free(trainer);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_who_does_not_predict),
                                     cmocka_unit_test(test_all_at_once), cmocka_unit_test(test_no_memory),
                                     cmocka_unit_test(test_of_this_epoch)};
  return cmocka_run_group_tests(tests, make_wide, drop_wide);
}
