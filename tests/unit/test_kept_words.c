/* test_kept_words.c: what a session keeps of single words (vm/machine_words.c): answers are the same, bit for
 * bit, whatever came before, however little room there is, and when memory runs out. */
#include "tests/unit/libaq_files.h"
#include "tests/unit/rationed_memory.h"

#include "libaq/predict/session.h"

static const char *const text[] = {"a good and fine play",         "bad", "dull film",
                                   "a bad and dull film , unseen", "",    "fine and good"};
enum { TEXTS = sizeof text / sizeof *text, CLASSES = 2, BYTES_OF_WORD = 6 * 64 * sizeof(float) };

static void answer(aq_session *session, int k, double *scores) {
  size_t rows, columns;
  assert_int_equal(aq_session_predict(session, &text[k], NULL, 1), AQ_OK);
  const double *found = aq_session_scores(session, 0, &rows, &columns);
  assert_int_equal(rows * columns, CLASSES);
  memcpy(scores, found, CLASSES * sizeof *scores);
}

/* Room for so many bytes of rows from now on. */
static void keep(aq_session *session, size_t most) {
  const struct vm_memo memo = {RT_F32, most};
  double scores[CLASSES];
  answer(session, 0, scores);                                /* the machine has its parameters then */
  lib_params_bind_panels(session->params, session->predict); /* forgets */
  assert_int_equal(vm_machine_remember(session->predict, &memo, NULL), RT_OK);
}

static aq_model *seed;
static double first[TEXTS][CLASSES]; /* as a session without any room says */

static int make_seed(void **state) {
  if (make_directory(state)) return -1;
  seed = trained_wide_reader();
  aq_session *session = session_of(seed, NULL);
  keep(session, 0);
  for (int k = 0; k < TEXTS; k++) answer(session, k, first[k]);
  aq_session_free(session);
  return 0;
}

static int drop_seed(void **state) {
  aq_model_free(seed);
  return remove_directory(state);
}

static void in_any_order(aq_session *session) {
  double scores[CLASSES];
  for (int step = 1; step < TEXTS; step++)
    for (int k = 0; k < 2 * TEXTS; k++) {
      answer(session, k * step % TEXTS, scores);
      assert_memory_equal(scores, first[k * step % TEXTS], sizeof scores);
    }
}

static void test_any_order(void **state) {
  (void)state;
  aq_session *session = session_of(seed, NULL);
  in_any_order(session);
  aq_session_free(session);
}

/* From room for four words, which most texts have more of, to room for all but one. */
static void test_little_room(void **state) {
  (void)state;
  aq_session *session = session_of(seed, NULL);
  for (size_t words = 1; words < 12; words++) {
    keep(session, words * BYTES_OF_WORD);
    in_any_order(session);
  }
  aq_session_free(session);
}

/* Refuses allocation n and all that follow: of making a session, or of asking one that has answered before.
 */
static bool refused(struct ration *memory, long n, bool asking) {
  const long enough = 1000000;
  double scores[CLASSES];
  aq_session *session;
  aq_eval_options options;
  aq_eval_options_init(&options);
  options.threads = 1;
  *memory = (struct ration){.left = asking ? enough : n};
  aq_set_allocator(ration_resize, memory);
  int status = aq_session_new(seed, &options, &session);
  if (asking) {
    answer(session, 1, scores);
    atomic_store(&memory->left, n);
    for (int k = 0; k < TEXTS && !status; k++) status = aq_session_predict(session, &text[k], NULL, 1);
  }
  const bool reached = atomic_load(&memory->left) < 0;
  if (status != (reached ? AQ_NO_MEMORY : AQ_OK)) fail_msg("allocation %ld: status %d", n, status);
  atomic_store(&memory->left, enough);
  for (int k = 0; k < TEXTS && asking; k++) { /* as if nothing had been */
    answer(session, k, scores);
    assert_memory_equal(scores, first[k], sizeof scores);
  }
  aq_session_free(session);
  aq_set_allocator(NULL, NULL);
  if (atomic_load(&memory->live))
    fail_msg("allocation %ld: %ld blocks were not freed", n, atomic_load(&memory->live));
  return reached;
}

static void test_no_memory(void **state) {
  (void)state;
  static struct ration memory;
  for (int asking = 0; asking < 2; asking++) {
    long n = 0;
    while (refused(&memory, n, asking)) n++;
    assert_true(n > (asking ? 3 : 20));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_any_order), cmocka_unit_test(test_little_room),
                                     cmocka_unit_test(test_no_memory)};
  return cmocka_run_group_tests(tests, make_seed, drop_seed);
}
