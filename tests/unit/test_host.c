/* test_host.c: a host's process stays the host's: its threads, and what they are called. */
#include "tests/unit/libaq_files.h"

#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- threads ---- */

/* How many threads of this process are called so. */
static int threads_called(const char *name) {
  int count = 0;
  DIR *tasks = opendir("/proc/self/task");
  if (!tasks) return -1;
  for (const struct dirent *task; (task = readdir(tasks));) {
    char path[300], line[64] = "";
    snprintf(path, sizeof path, "/proc/self/task/%s/comm", task->d_name);
    FILE *file = task->d_name[0] == '.' ? NULL : fopen(path, "r");
    if (file && fgets(line, sizeof line, file)) line[strcspn(line, "\n")] = 0;
    if (file) fclose(file);
    count += strcmp(line, name) == 0;
  }
  closedir(tasks);
  return count;
}

/* Workers name themselves when they start. */
static void assert_workers(int wanted) {
  int count = -1;
  for (int k = 0; k < 2000 && (count = threads_called("aq-worker")) != wanted; k++) usleep(1000);
  assert_int_equal(count, wanted);
}

static void test_one_thread_by_default(void **state) {
  (void)state;
  if (threads_called("aq-worker") < 0) skip();
  aq_session *session = session_of(reader, NULL);
  aq_eval_options options;
  aq_eval_options_init(&options);
  assert_int_equal(options.threads, 1);
  aq_session *same = session_of(reader, &options);
  aq_program *program = program_of(reader_program);
  aq_train_options train;
  aq_train_options_init(&train);
  train.train = path_of("reader.tsv");
  train.epochs = 1;
  aq_trainer *trainer;
  aq_report *report;
  assert_int_equal(aq_trainer_new(program, &train, &trainer), AQ_OK);
  assert_int_equal(aq_trainer_run(trainer), AQ_OK);
  assert_int_equal(aq_report_new(reader, train.train, NULL, &report), AQ_OK);
  usleep(20000);
  assert_workers(0);
  options.threads = 3;
  aq_session *three = session_of(reader, &options);
  assert_workers(2);
  aq_session_free(three);
  assert_workers(0);
  aq_report_free(report);
  aq_trainer_free(trainer);
  aq_program_free(program);
  aq_session_free(same);
  aq_session_free(session);
}

/* ---- workers that are shared ---- */

enum { CALLERS = 6, TIMES = 200, LONG = 400 };

/* A function of enough numbers that its kernels have many tasks. */
static const char heavy_program[] = "fn f(x: [T, D], w: [D, K]) -> [T, K] = tanh(x @ w)\n";
static float *heavy_x, *heavy_w, *heavy_y;

static aq_function *heavy(aq_pool *pool) {
  aq_program *program = program_of(heavy_program);
  aq_function_options options;
  aq_function *function;
  aq_function_options_init(&options);
  options.pool = pool;
  if (aq_function_new(program, &options, &function)) fail_msg("%s", aq_function_message(function)->text);
  aq_program_free(program);
  return function;
}

static bool run_heavy(aq_function *function, float *y) {
  const int64_t of_x[] = {LONG, 64}, of_w[] = {64, 64};
  const aq_tensor argument[] = {{.data = heavy_x, .rank = 2, .size = of_x},
                                {.data = heavy_w, .rank = 2, .size = of_w}};
  if (aq_function_run(function, argument, 2, 0) != AQ_OK) return false;
  memcpy(y, aq_function_value(function, 0).data, sizeof(float) * LONG * 64);
  return true;
}

static atomic_int wrong;

static void *call_heavy(void *given) {
  aq_function *function = given;
  float *y = malloc(sizeof *y * LONG * 64);
  for (int k = 0; k < TIMES / 4 && y; k++)
    if (!run_heavy(function, y) || memcmp(y, heavy_y, sizeof *y * LONG * 64) != 0)
      atomic_fetch_add(&wrong, 1);
  free(y);
  return NULL;
}

static void test_shared_workers(void **state) {
  (void)state;
  aq_pool *pool;
  pthread_t thread[CALLERS];
  aq_function *function[CALLERS];
  heavy_x = malloc(sizeof *heavy_x * LONG * 64);
  heavy_w = malloc(sizeof *heavy_w * 64 * 64);
  heavy_y = malloc(sizeof *heavy_y * LONG * 64);
  assert_true(heavy_x && heavy_w && heavy_y);
  for (int k = 0; k < LONG * 64; k++) heavy_x[k] = (float)(k % 97) / 97 - 0.5f;
  for (int k = 0; k < 64 * 64; k++) heavy_w[k] = (float)(k % 89) / 89 - 0.5f;
  aq_function *alone = heavy(NULL);
  assert_true(run_heavy(alone, heavy_y));
  aq_function_free(alone);
  assert_int_equal(aq_pool_new(3, &pool), AQ_OK);
  assert_int_equal(aq_pool_threads(pool), 3);
  for (int k = 0; k < CALLERS; k++) function[k] = heavy(pool);
  assert_workers(2);
  aq_pool_free(pool); /* those who share it keep it */
  for (int k = 0; k < CALLERS; k++)
    assert_int_equal(pthread_create(&thread[k], NULL, call_heavy, function[k]), 0);
  for (int k = 0; k < CALLERS; k++) pthread_join(thread[k], NULL);
  assert_int_equal(wrong, 0);
  assert_workers(2);
  for (int k = 0; k < CALLERS; k++) aq_function_free(function[k]);
  assert_workers(0);
  free(heavy_x);
  free(heavy_w);
  free(heavy_y);
}

/* A training and what it reports about share the pool after the host has given it away. */
static void test_training_shares(void **state) {
  (void)state;
  aq_pool *pool;
  aq_train_options options;
  aq_trainer *trainer;
  aq_report *report;
  double f1, other = -1;
  aq_program *program = program_of(reader_program);
  for (int shared = 0; shared < 2; shared++) {
    aq_train_options_init(&options);
    options.train = options.valid = path_of("reader.tsv");
    options.epochs = 3;
    assert_int_equal(aq_pool_new(2, &pool), AQ_OK);
    if (shared) options.pool = pool;
    assert_int_equal(aq_trainer_new(program, &options, &trainer), AQ_OK);
    aq_pool_free(pool);
    assert_int_equal(aq_trainer_run(trainer), AQ_OK);
    assert_int_equal(aq_trainer_report(trainer, NULL, &report), AQ_OK);
    assert_int_equal(aq_report_metric(report, "log_loss", &f1), AQ_OK);
    assert_true(!shared || f1 == other);
    other = f1;
    aq_report_free(report);
    aq_trainer_free(trainer);
  }
  aq_program_free(program);
}

static void test_pools_that_cannot_be(void **state) {
  (void)state;
  aq_pool *pool;
  aq_eval_options options;
  aq_session *session;
  assert_int_equal(aq_pool_new(-1, &pool), AQ_USAGE);
  assert_message(aq_pool_message(pool), AQ_USAGE, 0, "cannot have -1 threads");
  assert_int_equal(aq_pool_threads(pool), 0);
  aq_eval_options_init(&options);
  options.pool = pool;
  assert_int_equal(aq_session_new(reader, &options, &session), AQ_USAGE);
  assert_message(aq_session_message(session), AQ_USAGE, 0, "the pool could not be made");
  aq_session_free(session);
  aq_pool_free(pool);
  assert_int_equal(aq_pool_new(1000000, &pool), AQ_USAGE);
  aq_pool_free(pool);
  assert_int_equal(aq_pool_new(1, NULL), AQ_USAGE);
  aq_pool_free(NULL);
}

/* ---- what is told ---- */

static char told[8][400];
static size_t times_told;

static void keep_remark(void *context, enum aq_severity severity, const aq_message *message) {
  assert_ptr_equal(context, told);
  assert_int_equal(message->size, sizeof *message);
  if (times_told < RT_COUNT(told))
    snprintf(told[times_told], sizeof *told, "%s %s:%d: %s", severity == AQ_WARNING ? "warning" : "remark",
             strrchr(message->file, '/') ? strrchr(message->file, '/') + 1 : message->file, message->line,
             message->text);
  times_told++;
}

/* wanted: how what was told since begins, NULL behind the last. */
static void assert_told(const char *const *wanted) {
  size_t count = 0;
  for (; wanted[count]; count++)
    if (count >= times_told || strncmp(told[count], wanted[count], strlen(wanted[count])) != 0)
      fail_msg("\"%s\" was told in place of \"%s\"", count < times_told ? told[count] : "nothing",
               wanted[count]);
  if (times_told != count) fail_msg("told too much: \"%s\"", told[count]);
  times_told = 0;
}

static int drop(void *context, const char *text, size_t length) {
  (void)context, (void)text, (void)length;
  return 0;
}

static void test_log(void **state) {
  (void)state;
  aq_set_log(keep_remark, told);
  const char *path = write_text("odd.tsv", "one\ttwo\nbad film\tnegative\nno label\nnone\n"
                                           "a b c d e f g h i j k l m n o\tpositive\n");
  aq_program *program = program_of(reader_program);
  aq_train_options options;
  aq_trainer *trainer;
  aq_train_options_init(&options);
  options.train = path;
  options.header = AQ_HEADER_YES;
  options.bad_rows = AQ_BAD_ROW_SKIP;
  options.epochs = 1;
  char save[300];
  snprintf(save, sizeof save, "%s/odd.aqm", directory);
  options.save = save;
  if (aq_trainer_new(program, &options, &trainer)) fail_msg("%s", aq_trainer_message(trainer)->text);
  assert_told((const char *const[]){
      "remark odd.tsv:0: the header names none of the columns: its 2 fields go by",
      "warning odd.tsv:3: ", "warning odd.tsv:0: 2 bad rows were skipped, the first in line 3",
      "warning :0: text: there are texts of more than 12 words", NULL});
  assert_int_equal(aq_trainer_run(trainer), AQ_OK);
  assert_told(
      (const char *const[]){"remark odd.aqm.ckpt:0: the training can go on from here: epoch 1", NULL});
  aq_trainer_free(trainer);
  aq_program_free(program);
  aq_eval_options eval;
  aq_eval_options_init(&eval);
  eval.bad_rows = AQ_BAD_ROW_SKIP;
  aq_session *session = session_of(reader, &eval);
  aq_predict_options predict;
  aq_predict_options_init(&predict);
  predict.path = write_text("more.tsv", "text\ngood\n\xff\nbad\n");
  predict.write = drop;
  assert_int_equal(aq_session_predict_stream(session, &predict), AQ_OK);
  assert_told((const char *const[]){"warning more.tsv:3: ", NULL});
  aq_set_log(NULL, NULL);
  assert_int_equal(aq_session_predict_stream(session, &predict), AQ_OK);
  assert_told((const char *const[]){NULL});
  aq_session_free(session);
}

/* ---- streams ---- */

/* A daemon has closed its streams, so that files get their numbers: what was printed would be in a model. */
static int live_without_streams(void) {
  char save[300];
  aq_program *program;
  aq_train_options options;
  aq_trainer *trainer;
  aq_model *model;
  aq_session *session = NULL;
  aq_predict_options predict;
  for (int fd = 0; fd <= 2; fd++) close(fd);
  snprintf(save, sizeof save, "%s/closed.aqm", directory);
  aq_train_options_init(&options);
  options.train = options.valid = path_of("reader.tsv");
  options.save = save;
  options.epochs = 2;
  int status = aq_program_new("closed.aq", reader_program, strlen(reader_program), NULL, &program);
  status = status ? status : aq_trainer_new(program, &options, &trainer);
  status = status ? status : aq_trainer_run(trainer);
  status = status ? status : aq_model_load(save, &model);
  status = status ? status : aq_session_new(model, NULL, &session);
  aq_predict_options_init(&predict);
  predict.path = path_of("reader.tsv");
  predict.write = drop;
  status = status ? status : aq_session_predict_stream(session, &predict);
  return status ? status : aq_model_load("/nowhere", &model) == AQ_NO_INPUT ? AQ_OK : AQ_NEGATIVE;
}

static void test_closed_streams(void **state) {
  (void)state;
  int status = -1;
  fflush(NULL);
  pid_t child = fork();
  if (child == 0) _exit(live_without_streams());
  assert_true(child > 0);
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), AQ_OK);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_log),
      cmocka_unit_test(test_closed_streams),
      cmocka_unit_test(test_one_thread_by_default),
      cmocka_unit_test(test_shared_workers),
      cmocka_unit_test(test_training_shares),
      cmocka_unit_test(test_pools_that_cannot_be),
  };
  return cmocka_run_group_tests(tests, make_reader, drop_reader);
}
