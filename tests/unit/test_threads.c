/* test_threads.c: every task runs once, whatever the number of workers; the processor's mode is put back. */
#include "tests/unit/rationed_memory.h"
#include "runtime/cores.h"
#include "runtime/aside.h"
#include "runtime/lent_pool.h"
#include "runtime/mode.h"
#include "runtime/threads.h"

#include <fenv.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

enum { MOST = 5000, SCRATCH = 4 << 20 };
static atomic_int runs[MOST];
static atomic_int wrong_scratch;

static void count_run(void *context, int64_t task, void *scratch) {
  (void)context;
  atomic_fetch_add(&runs[task], 1);
  /* Two tasks that shared a scratch at once would see each other's mark. */
  volatile int64_t *mark = scratch;
  mark[0] = task;
  mark[SCRATCH / 8 - 1] = task;
  for (int i = 0; i < 20; i++)
    if (mark[0] != task || mark[SCRATCH / 8 - 1] != task || (uintptr_t)scratch % 64)
      atomic_fetch_add(&wrong_scratch, 1);
}

static void each_task_runs_once(void **state) {
  (void)state;
  static const int64_t counts[] = {0, 1, 2, 3, 7, 64, MOST};
  for (int threads = 1; threads <= 4; threads++) {
    struct rt_error error = {0};
    struct rt_pool *pool = rt_pool_new(threads, &error);
    assert_non_null(pool);
    assert_int_equal(rt_pool_reserve(pool, SCRATCH, NULL), RT_OK);
    for (size_t round = 0; round < 200; round++) {
      int64_t count = counts[round % RT_COUNT(counts)];
      if (count == MOST && round > 20) count = 5;
      memset(runs, 0, sizeof runs);
      rt_parallel(pool, count, count_run, NULL);
      for (int64_t i = 0; i < MOST; i++)
        if (atomic_load(&runs[i]) != (i < count))
          fail_msg("%d threads, %d tasks: task %d ran %d times", threads, (int)count, (int)i, runs[i]);
      if (round % 50 == 49) usleep(2000); /* long enough for workers to fall asleep */
    }
    rt_pool_free(pool);
  }
  assert_int_equal(wrong_scratch, 0);
}

struct sums {
  const double *in;
  double *out;
  int64_t each;
};
static void sum_part(void *context, int64_t task, void *scratch) {
  (void)scratch;
  struct sums *s = context;
  double total = 0;
  for (int64_t i = 0; i < s->each; i++) total += s->in[task * s->each + i];
  s->out[task] = total;
}

static void results_do_not_depend_on_threads(void **state) {
  (void)state;
  enum { TASKS = 100, EACH = 100 };
  static double in[TASKS * EACH], out[4][TASKS];
  for (int i = 0; i < TASKS * EACH; i++) in[i] = 1.0 / (i + 1);
  for (int threads = 1; threads <= 4; threads++) {
    struct rt_pool *pool = rt_pool_new(threads, NULL);
    assert_non_null(pool);
    struct sums s = {in, out[threads - 1], EACH};
    rt_parallel(pool, TASKS, sum_part, &s);
    rt_pool_free(pool);
    assert_memory_equal(out[threads - 1], out[0], sizeof out[0]);
  }
}

#if defined __x86_64__ || defined __aarch64__
static volatile float tiny = 1e-38f;
static atomic_int kept_denormals;

static void look_at_denormals(void *context, int64_t task, void *scratch) {
  (void)context, (void)task, (void)scratch;
  if (tiny * 1e-3f != 0.0f) atomic_fetch_add(&kept_denormals, 1);
}

static void denormals_are_flushed_inside_and_kept_outside(void **state) {
  (void)state;
  for (int threads = 1; threads <= 3; threads++) {
    struct rt_pool *pool = rt_pool_new(threads, NULL);
    assert_non_null(pool);
    assert_true(tiny * 1e-3f != 0.0f);
    rt_parallel(pool, 1, look_at_denormals, NULL);
    rt_parallel(pool, 300, look_at_denormals, NULL);
    assert_true(tiny * 1e-3f != 0.0f);
    fesetround(FE_UPWARD);
    rt_parallel(pool, 3, look_at_denormals, NULL);
    assert_int_equal(fegetround(), FE_UPWARD);
    fesetround(FE_TONEAREST);
    const uint64_t before = rt_denormals(RT_DENORMALS_FLUSHED); /* as a run of many kernels does */
    rt_parallel(pool, 3, look_at_denormals, NULL);
    look_at_denormals(NULL, 0, NULL);
    assert_true(rt_denormals(before) == RT_DENORMALS_FLUSHED);
    assert_true(tiny * 1e-3f != 0.0f);
    rt_pool_free(pool);
  }
  assert_int_equal(kept_denormals, 0);
}
#endif

static void impossible_counts_are_refused(void **state) {
  (void)state;
  static const int bad[] = {0, -1, 1 << 20};
  for (size_t i = 0; i < RT_COUNT(bad); i++) {
    struct rt_error error = {0};
    assert_null(rt_pool_new(bad[i], &error));
    assert_int_equal(error.code, RT_USAGE);
    assert_true(strlen(error.text) > 0);
  }
  rt_pool_free(NULL);
}

static struct ration memory;

static void lack_of_memory_is_an_error(void **state) {
  (void)state;
  rt_set_allocator(ration_resize, &memory);
  struct rt_pool *pool = NULL;
  int n = 0;
  for (; !pool && n < 100; n++) {
    memory.left = n;
    struct rt_error error = {0};
    pool = rt_pool_new(3, &error);
    if (!pool) assert_int_equal(error.code, RT_NO_MEMORY);
  }
  assert_non_null(pool);
  assert_true(n > 2);
  rt_pool_free(pool);
  rt_set_allocator(NULL, NULL);
}

static size_t reserved;
static void use_all_scratch(void *context, int64_t task, void *scratch) {
  (void)context;
  volatile int64_t *mark = scratch;
  size_t last = reserved / sizeof *mark - 1;
  mark[0] = mark[last] = task;
  for (int i = 0; i < 20; i++)
    if (mark[0] != task || mark[last] != task || (uintptr_t)scratch % 64) atomic_fetch_add(&wrong_scratch, 1);
}

static void scratch_grows_between_jobs(void **state) {
  (void)state;
  for (int threads = 1; threads <= 4; threads++) {
    struct rt_pool *pool = rt_pool_new(threads, NULL);
    for (size_t size = 1; size < 24; size++) {
      reserved = size * ((size_t)1 << 19);
      assert_int_equal(rt_pool_reserve(pool, reserved, NULL), RT_OK);
      rt_parallel(pool, 40, use_all_scratch, NULL);
    }
    struct rt_error error = {0};
    assert_int_equal(rt_pool_reserve(pool, SIZE_MAX - 8, &error), RT_NO_MEMORY);
    rt_parallel(pool, 40, use_all_scratch, NULL); /* what there was is still there */
    rt_pool_free(pool);
  }
  assert_int_equal(wrong_scratch, 0);
}

/* ---- workers that several callers share ---- */

enum { CALLERS = 6, JOBS = 400, LENT_TASKS = 64 };
static atomic_int wrong_results;
struct lent_job {
  int64_t out[LENT_TASKS], factor;
};

static void multiply_task(void *context, int64_t task, void *scratch) {
  struct lent_job *job = context;
  volatile int64_t *mark = scratch;
  mark[0] = task;
  mark[SCRATCH / 8 - 1] = job->factor;
  for (int i = 0; i < 20; i++)
    if (mark[0] != task || mark[SCRATCH / 8 - 1] != job->factor) atomic_fetch_add(&wrong_results, 1);
  job->out[task] = task * job->factor;
}

/* Some jobs have one task, and now and then scratch grows while others work. */
static void *call_jobs(void *given) {
  struct rt_pool *pool = rt_pool_lent(given, NULL);
  if (pool && rt_pool_reserve(pool, SCRATCH, NULL) != RT_OK) atomic_fetch_add(&wrong_results, 1);
  for (int k = 1; pool && k < JOBS; k++) {
    struct lent_job job = {.factor = k};
    const int64_t tasks = k % 7 ? LENT_TASKS : 1;
    if (k % 100 == 0 && rt_pool_reserve(pool, (size_t)(4 + k / 100) << 20, NULL) != RT_OK)
      atomic_fetch_add(&wrong_results, 1);
    rt_parallel(pool, tasks, multiply_task, &job);
    for (int64_t i = 0; i < tasks; i++)
      if (job.out[i] != i * k) atomic_fetch_add(&wrong_results, 1);
  }
  rt_pool_free(pool);
  return pool;
}

static void workers_are_lent_to_one_caller_at_a_time(void **state) {
  (void)state;
  pthread_t thread[CALLERS];
  struct rt_pool *lender = rt_pool_new(4, NULL);
  assert_non_null(lender);
  for (int k = 0; k < CALLERS; k++) assert_int_equal(pthread_create(&thread[k], NULL, call_jobs, lender), 0);
  for (int k = 0; k < CALLERS; k++) {
    void *pool;
    pthread_join(thread[k], &pool);
    assert_non_null(pool);
  }
  struct rt_pool *last = rt_pool_lent(lender, NULL);
  assert_int_equal(rt_pool_threads(last), 4);
  rt_pool_free(lender); /* which lasts as long as whom it lends to */
  struct lent_job job = {.factor = 3};
  assert_int_equal(rt_pool_reserve(last, SCRATCH, NULL), RT_OK);
  rt_parallel(last, LENT_TASKS, multiply_task, &job);
  assert_int_equal(job.out[LENT_TASKS - 1], 3 * (LENT_TASKS - 1));
  rt_pool_free(last);
  assert_int_equal(wrong_results, 0);
}

static _Atomic int times;
static void add_up(void *context) {
  int *total = context;
  for (int i = 0; i < 1000; i++) *total += i;
  atomic_fetch_add(&times, 1);
}

static void one_thing_is_done_aside(void **state) {
  (void)state;
  struct rt_error error = {0};
  struct rt_aside *aside = rt_aside_new(&error);
  assert_non_null(aside);
  rt_aside_wait(aside); /* nothing is going on */
  int total = 0;
  for (int n = 1; n <= 200; n++) {
    rt_aside_start(aside, add_up, &total);
    rt_aside_wait(aside);
    assert_int_equal(total, n * 499500);
  }
  rt_aside_start(aside, add_up, &total); /* and is done before it ends */
  rt_aside_free(aside);
  assert_int_equal(atomic_load(&times), 201);
  rt_aside_wait(NULL);
  rt_aside_free(NULL);
}

static void there_are_cores(void **state) {
  (void)state;
  assert_true(rt_cores() >= 1 && rt_cores() <= sysconf(_SC_NPROCESSORS_CONF));
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(each_task_runs_once),
    cmocka_unit_test(results_do_not_depend_on_threads),
#if defined __x86_64__ || defined __aarch64__
    cmocka_unit_test(denormals_are_flushed_inside_and_kept_outside),
#endif
    cmocka_unit_test(impossible_counts_are_refused),
    cmocka_unit_test(lack_of_memory_is_an_error),
    cmocka_unit_test(scratch_grows_between_jobs),
    cmocka_unit_test(workers_are_lent_to_one_caller_at_a_time),
    cmocka_unit_test(one_thing_is_done_aside),
    cmocka_unit_test(there_are_cores),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
