/* test_libaq_threads.c: many threads that use one model at once, each with handles of its own. AQ_CALLS: how
 * many calls each makes (200), for longer runs under helgrind, memcheck or a thread sanitizer. */
#include "tests/unit/libaq_files.h"

#include <pthread.h>

enum { THREADS = 8, CALLS = 200, TEXTS = 4 };

static const char *const text[TEXTS] = {"good film", "a bad and dull play", "fine", "good and bad and good"};
static const char function_program[] = "fn f(x: [T, D], w: [D]) -> [T] = sum(tanh(x) * w, D)\n";

/* What one thread answers by itself. */
static struct { double score[TEXTS][2], weight[TEXTS], sum[TEXTS]; } alone;

struct user {
  int number;
  aq_session *session;
  aq_function *function;
  const char *wrong;
};

static void open_user(struct user *user) {
  aq_function_options options;
  aq_function_options_init(&options);
  options.precision = AQ_F64;
  aq_program *program = program_of(function_program);
  user->session = session_of(reader, NULL);
  if (aq_function_new(program, &options, &user->function))
    user->wrong = aq_function_message(user->function)->text;
  aq_program_free(program);
}

static void close_user(struct user *user) {
  aq_session_free(user->session);
  aq_function_free(user->function);
}

static bool predict(struct user *user, int k, double score[2]) {
  const char *const field[] = {text[k]};
  if (aq_session_predict(user->session, field, NULL, 1)) return false;
  const double *p = aq_session_scores(user->session, 0, NULL, NULL);
  score[0] = p[0], score[1] = p[1];
  return true;
}

static bool look(struct user *user, int k, double *weight) {
  const char *const field[] = {text[k]};
  if (aq_session_attend(user->session, field, NULL, 1)) return false;
  *weight = aq_session_map(user->session, 0)->weight[0];
  return true;
}

static bool sum_up(struct user *user, int k, double *sum) {
  double x[] = {k, 0.5, -1, 2}, w[] = {1, k};
  int64_t of_x[] = {2, 2}, of_w[] = {2};
  aq_tensor argument[] = {{.data = x, .number = AQ_DOUBLE, .rank = 2, .size = of_x},
                          {.data = w, .number = AQ_DOUBLE, .rank = 1, .size = of_w}};
  if (aq_function_run(user->function, argument, 2, 0)) return false;
  const double *y = aq_function_value(user->function, 0).data;
  *sum = y[0] + y[1];
  return true;
}

static const char *call(struct user *user, int n) {
  int k = (n + user->number) % TEXTS;
  double score[2], weight, sum;
  char *explained;
  if (!predict(user, k, score)) return "a prediction failed";
  if (memcmp(score, alone.score[k], sizeof score)) return "another score";
  if (!sum_up(user, k, &sum)) return "a function failed";
  if (sum != alone.sum[k]) return "another sum";
  if (n % 50 == 0 && (!look(user, k, &weight) || weight != alone.weight[k])) return "another weight";
  if (n % 100 == 0 && aq_model_explain(reader, 5, AQ_JSON, &explained)) return "not explained";
  if (n % 100 == 0) aq_text_free(explained);
  return NULL;
}

static void *use(void *context) {
  struct user *user = context;
  const char *calls = getenv("AQ_CALLS");
  open_user(user);
  for (int n = 0; n < (calls ? atoi(calls) : CALLS) && !user->wrong; n++) user->wrong = call(user, n);
  close_user(user);
  return NULL;
}

static void test_all_at_once(void **state) {
  (void)state;
  struct user user[THREADS] = {{0}}, one = {0};
  pthread_t thread[THREADS];
  open_user(&one);
  for (int k = 0; k < TEXTS; k++)
    assert_true(predict(&one, k, alone.score[k]) && look(&one, k, &alone.weight[k])
                && sum_up(&one, k, &alone.sum[k]));
  close_user(&one);
  for (int k = 0; k < THREADS; k++) {
    user[k].number = k;
    assert_int_equal(pthread_create(&thread[k], NULL, use, &user[k]), 0);
  }
  for (int k = 0; k < THREADS; k++) pthread_join(thread[k], NULL);
  for (int k = 0; k < THREADS; k++)
    if (user[k].wrong) fail_msg("thread %d: %s", k, user[k].wrong);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_all_at_once)};
  return cmocka_run_group_tests(tests, make_reader, drop_reader);
}
