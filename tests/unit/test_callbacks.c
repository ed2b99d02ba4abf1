/* test_callbacks.c: what callbacks of the host do with the handle that calls them: it cannot compute
 * meanwhile, and is freed when its call has returned. */
#include "tests/unit/libaq_files.h"

static const char rows[] =
    "text\tlabel\ngood film\tpositive\nbad film\tnegative\ngood\tpositive\nbad\tnegative\n";
/* ---- sessions ---- */

struct writer {
  struct host host;
  aq_session *session;
  bool frees;
  int calls;
};

static void refused(struct writer *w, int status) {
  assert_int_equal(status, AQ_USAGE);
  assert_message(aq_session_message(w->session), AQ_USAGE, 0, "the session is in another call");
}

static int write_answer(void *context, const char *text, size_t length) {
  struct writer *w = context;
  const char *const field[] = {"bad film"};
  aq_vectors *vectors;
  w->calls++;
  if (w->frees) {
    aq_session_free(w->session);
    return host_write(&w->host, text, length);
  }
  refused(w, aq_session_predict(w->session, field, NULL, 1));
  refused(w, aq_session_attend(w->session, field, NULL, 1));
  refused(w, aq_session_predict_stream(w->session, NULL));
  refused(w, aq_session_predict_rows(w->session, NULL, NULL));
  refused(w, aq_session_embed(w->session, NULL, &vectors));
  refused(w, aq_session_generate(w->session, field, NULL, 1, 1, NULL));
  refused(w, aq_session_generate_stream(w->session, NULL));
  return host_write(&w->host, text, length);
}

static ptrdiff_t read_input(void *context, char *buffer, size_t size) {
  return host_read(&((struct writer *)context)->host, buffer, size);
}

static void test_sessions(void **state) {
  (void)state;
  const char *const field[] = {"good film"};
  for (int frees = 0; frees < 2; frees++) {
    struct writer w = {.host = {.input = "good film\nbad film\n", .piece = 10},
                       .session = session_of(reader, NULL),
                       .frees = frees};
    aq_predict_options options;
    aq_predict_options_init(&options);
    options.read = read_input;
    options.write = write_answer;
    options.context = &w;
    assert_int_equal(aq_session_predict_stream(w.session, &options), AQ_OK);
    assert_string_equal(w.host.output, "positive\nnegative\n");
    assert_true(w.calls > 0);
    if (frees) continue;
    assert_message(aq_session_message(w.session), AQ_OK, 0, "");
    assert_int_equal(aq_session_predict(w.session, field, NULL, 1), AQ_OK);
    aq_session_free(w.session);
  }
}

/* ---- trainings ---- */

struct watcher {
  aq_trainer *trainer;
  int calls;
};

static bool free_at_once(void *context, const aq_progress *progress) {
  struct watcher *w = context;
  (void)progress;
  if (!w->calls++) aq_trainer_free(w->trainer);
  return true;
}

static bool free_in_measure(void *context, aq_model *now, double *value) {
  (void)now;
  *value = 1;
  return free_at_once(context, NULL);
}

static void test_trainings(void **state) {
  (void)state;
  for (int measured = 0; measured < 2; measured++) {
    struct watcher w = {0};
    aq_program *program = program_of(reader_program);
    aq_train_options options;
    aq_train_options_init(&options);
    options.train = write_text("rows.tsv", rows);
    options.context = &w;
    options.progress = measured ? NULL : free_at_once;
    options.measure = measured ? free_in_measure : NULL;
    options.measured = measured ? "profit" : NULL;
    assert_int_equal(aq_trainer_new(program, &options, &w.trainer), AQ_OK);
    aq_program_free(program);
    assert_int_equal(aq_trainer_run(w.trainer), AQ_INTERRUPTED);
    assert_in_range(w.calls, 1, 2); /* the epoch of the first step ends */
  }
}

static bool free_pool_twice(void *context, const aq_progress *progress) {
  (void)progress;
  aq_pool_free(context);
  aq_pool_free(context);
  return true;
}

/* The training has the threads until its own end. */
static void test_pools(void **state) {
  (void)state;
  aq_program *program = program_of(reader_program);
  aq_trainer *trainer;
  aq_pool *pool;
  aq_train_options options;
  aq_train_options_init(&options);
  options.train = write_text("rows.tsv", rows);
  options.progress = free_pool_twice;
  assert_int_equal(aq_pool_new(2, &pool), AQ_OK);
  options.context = options.pool = pool;
  assert_int_equal(aq_trainer_new(program, &options, &trainer), AQ_OK);
  aq_program_free(program);
  assert_int_equal(aq_trainer_run(trainer), AQ_OK);
  aq_trainer_free(trainer);
}

/* ---- vectors ---- */

struct found {
  aq_vectors *index, *queries;
  int calls;
};

static int free_vectors(void *context, size_t query, const size_t *row, const double *score, size_t count) {
  struct found *found = context;
  assert_int_equal(count, 1);
  assert_int_equal(row[0], query);
  assert_true(score[0] == 1);
  for (int k = 0; k < 2; k++) aq_vectors_free(found->index), aq_vectors_free(found->queries);
  found->calls++;
  return 0;
}

static void test_vectors(void **state) {
  (void)state;
  const char *path = write_text("vectors.tsv", "1\t0\n0\t1\n");
  for (int same = 0; same < 2; same++) {
    struct found found = {0};
    aq_search_options options;
    aq_search_options_init(&options);
    options.found = free_vectors;
    options.context = &found;
    assert_int_equal(aq_vectors_open(path, &found.index), AQ_OK);
    if (same)
      found.queries = found.index;
    else
      assert_int_equal(aq_vectors_open(path, &found.queries), AQ_OK);
    assert_int_equal(aq_vectors_search(found.index, found.queries, &options), AQ_OK);
    assert_int_equal(found.calls, 2);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_sessions),
      cmocka_unit_test(test_trainings),
      cmocka_unit_test(test_pools),
      cmocka_unit_test(test_vectors),
  };
  return cmocka_run_group_tests(tests, make_reader, drop_reader);
}
