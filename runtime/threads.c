/* threads.c: the tasks of a job are published in shares, one for each worker and the caller, side by side. A
 * share is a 64-bit ticket: the number of the job, and the number of its next task. Whoever moves the ticket
 * on, by compare-and-swap, has taken that task, and knows by it that the fields that it read belong to this
 * job. So a worker that comes late takes nothing, and the caller need not wait for workers that took nothing.
 *
 * Who has done its own share helps with the others. But where nobody is late, a thread has the same part of
 * all that ops make one after another, and what it reads it has mostly written itself: that is in its cache.
 */
#include "runtime/lent_pool.h"
#include "runtime/pool_watch.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#if defined __linux__
#include <sys/prctl.h>
#endif
#include <unistd.h>

#include "runtime/blas.h"
#include "runtime/cores.h"
#include "runtime/limits.h"
#include "runtime/mode.h"

enum {
  MAX_THREADS = 1024,
  SPIN_NANOSECONDS = 40000, /* about what waking a sleeping thread costs */
  PAUSES = 8,               /* between two looks for work while spinning */
  TASK_BITS = 32
};
#define TASK_MASK ((UINT64_C(1) << TASK_BITS) - 1)
#define MAX_TASKS (INT64_C(1) << 31)

/* Its line of the cache is not that of another one. */
struct share {
  _Alignas(64) atomic_uint_least64_t ticket; /* job number << TASK_BITS | next task */
};

struct worker {
  pthread_t thread;
  struct rt_pool *pool;
  int own;       /* the share that it begins with: 0 for whoever calls */
  void *scratch; /* changes between jobs only; read by whoever has taken a task */
};

struct rt_pool {
  pid_t process;          /* that made it */
  unsigned forks;         /* that there were before, of this process and those that it comes from */
  int threads;            /* workers and the caller */
  int started;            /* workers that run */
  size_t scratch_bytes;   /* of each worker; of a lent pool no more than its lender has */
  int64_t spin;           /* nanoseconds to spin before sleeping */
  struct worker *worker;  /* [threads]; 0 is the caller */
  struct share *share;    /* [threads] */
  uint64_t job;           /* number of the last one; its caller's */
  struct rt_pool *lender; /* whose workers this caller has when nobody else does; NULL: it has its own */
  atomic_int users;       /* who keeps it: who made it, and the pools that it lends to */
  pthread_mutex_t turn;   /* of a lender: held while a caller has the workers, or their scratch grows */

  _Alignas(64) atomic_int_least64_t done; /* tasks of this job that are finished */
  _Alignas(64) _Atomic(rt_task *) task;
  _Atomic(void *) context;
  _Atomic(struct rt_pool_watch *) watch; /* NULL: nobody watches */
  atomic_int_least64_t count;
  atomic_bool quit;

  atomic_int sleeping; /* workers that sleep or are about to */
  atomic_bool caller_sleeps;
  pthread_mutex_t lock;
  pthread_cond_t work, finished;
};

/* ---- waiting ---- */

static void pause_briefly(void) {
#if defined __x86_64__
  _mm_pause();
#elif defined __aarch64__
  __asm__ volatile("yield");
#endif
}

/* ---- watching ---- */

void rt_pool_watched(struct rt_pool *pool, struct rt_pool_watch *watch) { atomic_store(&pool->watch, watch); }

static void watch_task(struct rt_pool_watch *watch, int worker, int64_t from) {
  const int64_t to = rt_clock();
  atomic_fetch_add(&watch->busy, to - from);
  if (!watch->span) return;
  int64_t at = atomic_fetch_add(&watch->span_count, 1);
  if (at < watch->span_room) watch->span[at] = (struct rt_span){from, to, worker};
}

/* ---- working ---- */

static void run_task(const struct worker *self, rt_task *task, void *context, int64_t index) {
  struct rt_pool_watch *watch = atomic_load_explicit(&self->pool->watch, memory_order_relaxed);
  const int64_t from = watch ? rt_clock() : 0;
  task(context, index, self->scratch);
  if (watch) watch_task(watch, (int)(self - self->pool->worker), from);
}

/* The first task of a share, and of the next one where this one ends. */
static int64_t share_begin(const struct rt_pool *pool, int64_t count, int share) {
  return (count * share + pool->threads - 1) / pool->threads;
}

static bool has_task(struct rt_pool *pool) {
  for (int i = 0; i < pool->threads; i++) {
    uint64_t ticket = atomic_load(&pool->share[i].ticket);
    int64_t count = atomic_load_explicit(&pool->count, memory_order_relaxed);
    if ((int64_t)(ticket & TASK_MASK) < share_begin(pool, count, i + 1)) return true;
  }
  return false;
}

/* Takes and runs tasks until the share has none left. */
static void work_off_share(struct rt_pool *pool, const struct worker *self, int share) {
  for (;;) {
    uint64_t ticket = atomic_load_explicit(&pool->share[share].ticket, memory_order_acquire);
    int64_t index = (int64_t)(ticket & TASK_MASK);
    /* Acquired, so that who sees a number of the next job cannot take this ticket any more: processors other
     * than x86 promise it for nothing less. */
    int64_t count = atomic_load_explicit(&pool->count, memory_order_acquire);
    rt_task *task = atomic_load_explicit(&pool->task, memory_order_acquire);
    void *context = atomic_load_explicit(&pool->context, memory_order_acquire);
    if (index >= share_begin(pool, count, share + 1)) return;
    if (!atomic_compare_exchange_weak_explicit(&pool->share[share].ticket, &ticket, ticket + 1,
                                               memory_order_acq_rel, memory_order_relaxed))
      continue;
    run_task(self, task, context, index);
    if (atomic_fetch_add(&pool->done, 1) + 1 == count && atomic_load(&pool->caller_sleeps)) {
      pthread_mutex_lock(&pool->lock);
      pthread_cond_signal(&pool->finished);
      pthread_mutex_unlock(&pool->lock);
    }
  }
}

static void work_off(struct rt_pool *pool, const struct worker *self) {
  for (int i = 0; i < pool->threads; i++) work_off_share(pool, self, (self->own + i) % pool->threads);
}

static void sleep_until_work(struct rt_pool *pool) {
  pthread_mutex_lock(&pool->lock);
  atomic_fetch_add(&pool->sleeping, 1);
  while (!has_task(pool) && !atomic_load(&pool->quit)) pthread_cond_wait(&pool->work, &pool->lock);
  atomic_fetch_sub(&pool->sleeping, 1);
  pthread_mutex_unlock(&pool->lock);
}

/* What debuggers and top(1) show in place of the host's own name. */
static void name_thread(void) {
#if defined __linux__
  prctl(PR_SET_NAME, "aq-worker");
#endif
}

static void *run_worker(void *self) {
  struct rt_pool *pool = ((struct worker *)self)->pool;
  name_thread();
  rt_denormals(RT_DENORMALS_FLUSHED);
  while (!atomic_load(&pool->quit)) {
    int64_t give_up = rt_clock() + pool->spin;
    while (!has_task(pool) && !atomic_load(&pool->quit) && rt_clock() < give_up)
      for (int i = 0; i < PAUSES; i++) pause_briefly();
    if (has_task(pool))
      work_off(pool, self);
    else
      sleep_until_work(pool);
  }
  return NULL;
}

/* Ends the last job, then publishes the new one. Between the two stores of a ticket its tasks cannot be
 * taken.
 */
static void publish(struct rt_pool *pool, int64_t count, rt_task *task, void *context) {
  const uint64_t job = pool->job += 1;
  for (int i = 0; i < pool->threads; i++)
    atomic_store_explicit(&pool->share[i].ticket, job << TASK_BITS | TASK_MASK, memory_order_release);
  atomic_store(&pool->count, count);
  atomic_store(&pool->task, task);
  atomic_store(&pool->context, context);
  atomic_store(&pool->done, 0);
  for (int i = 0; i < pool->threads; i++)
    atomic_store(&pool->share[i].ticket, job << TASK_BITS | (uint64_t)share_begin(pool, count, i));
  if (atomic_load(&pool->sleeping) > 0) {
    pthread_mutex_lock(&pool->lock);
    pthread_cond_broadcast(&pool->work);
    pthread_mutex_unlock(&pool->lock);
  }
}

static void wait_until_done(struct rt_pool *pool, int64_t count) {
  int64_t give_up = 0;
  for (int round = 0; atomic_load(&pool->done) < count; round++) {
    pause_briefly();
    if (round % 8) continue;
    int64_t t = rt_clock();
    if (!give_up) give_up = t + pool->spin;
    if (t < give_up) continue;
    pthread_mutex_lock(&pool->lock);
    atomic_store(&pool->caller_sleeps, true);
    while (atomic_load(&pool->done) < count) pthread_cond_wait(&pool->finished, &pool->lock);
    atomic_store(&pool->caller_sleeps, false);
    pthread_mutex_unlock(&pool->lock);
  }
}

/* Shares the tasks of a job with the workers of a crew. The caller has the scratch of its own pool. */
static void run_together(struct rt_pool *crew, const struct worker *caller, int64_t count, rt_task *task,
                         void *context) {
  int64_t n =
      count < MAX_TASKS
          ? count
          : MAX_TASKS - 1; /* no shape asks for more than 2^31 tasks; if one did, the rest runs here */
  publish(crew, n, task, context);
  work_off(crew, caller);
  wait_until_done(crew, n);
  for (int64_t i = n; i < count; i++) run_task(caller, task, context, i);
}

/* Workers that another caller has are not waited for: one thread gives the same bits. */
static bool have_workers(struct rt_pool *pool, int64_t count) {
  struct rt_pool *crew = pool->lender ? pool->lender : pool;
  return crew->threads > 1 && count > 1 && (!pool->lender || pthread_mutex_trylock(&crew->turn) == 0);
}

void rt_parallel(struct rt_pool *pool, int64_t count, rt_task *task, void *context) {
  const uint64_t denormals = rt_denormals(RT_DENORMALS_FLUSHED);
  struct rt_pool_watch *watch = atomic_load_explicit(&pool->watch, memory_order_relaxed);
  const int64_t from = watch ? rt_clock() : 0;
  if (have_workers(pool, count)) {
    run_together(pool->lender ? pool->lender : pool, &pool->worker[0], count, task, context);
    if (pool->lender) pthread_mutex_unlock(&pool->lender->turn);
  } else
    for (int64_t i = 0; i < count; i++) run_task(&pool->worker[0], task, context, i);
  if (watch) {
    watch->jobs++;
    watch->together += rt_clock() - from;
  }
  rt_denormals(denormals);
}

/* ---- making and ending ---- */

static int reserve(struct rt_pool *pool, size_t bytes, struct rt_error *error) {
  if (bytes <= pool->scratch_bytes) return RT_OK;
  for (int i = 0; i < pool->threads; i++) {
    void *larger = rt_alloc_aligned(bytes);
    if (!larger) return rt_no_memory(error);
    rt_free_aligned(pool->worker[i].scratch);
    pool->worker[i].scratch = larger;
  }
  pool->scratch_bytes = bytes;
  return RT_OK;
}

static int reserve_lent(struct rt_pool *lender, size_t bytes, struct rt_error *error) {
  pthread_mutex_lock(&lender->turn);
  int status = reserve(lender, bytes, error);
  pthread_mutex_unlock(&lender->turn);
  return status;
}

int rt_pool_reserve(struct rt_pool *pool, size_t bytes, struct rt_error *error) {
  if (bytes <= pool->scratch_bytes) return RT_OK;
  int status = pool->lender ? reserve_lent(pool->lender, bytes, error) : RT_OK;
  return status == RT_OK ? reserve(pool, bytes, error) : status;
}

/* Signals are the host's: its own threads receive them, workers none. */
static int start_worker(struct worker *worker) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int failed = pthread_create(&worker->thread, NULL, run_worker, worker);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return failed ? RT_USAGE : RT_OK;
}

static int start_workers(struct rt_pool *pool, struct rt_error *error) {
  for (int i = 0; i < pool->threads; i++) {
    pool->worker[i].pool = pool;
    pool->worker[i].own = i;
  }
  for (int i = 1; i < pool->threads; i++) {
    if (start_worker(&pool->worker[i])) {
      rt_fail(error, RT_USAGE, "the system does not allow %d threads: %d could be started", pool->threads, i);
      rt_hint(error, "ask for fewer threads, or raise the limit (ulimit -u)");
      return RT_USAGE;
    }
    pool->started++;
  }
  return RT_OK;
}

/* Counted, since asking the system for the process is dear where a call takes some microseconds. */
static atomic_uint forks;
static int forks_unseen;
static void count_fork(void) { atomic_fetch_add(&forks, 1); }
static void watch_forks(void) { forks_unseen = pthread_atfork(NULL, NULL, count_fork); }

/* Is this the process that made it? */
static bool is_here(const struct rt_pool *pool) {
  return pool->forks == atomic_load_explicit(&forks, memory_order_relaxed);
}

struct rt_pool *rt_pool_new(int threads, struct rt_error *error) {
  if (threads < 1 || threads > MAX_THREADS) {
    rt_fail(error, RT_USAGE, "%d threads were asked for; 1 to %d are possible", threads, MAX_THREADS);
    return NULL;
  }
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, watch_forks);
  struct rt_pool *pool = forks_unseen ? NULL : rt_alloc_aligned(sizeof *pool);
  if (!pool) {
    rt_no_memory(error);
    return NULL;
  }
  memset(pool, 0, sizeof *pool);
  pool->process = getpid();
  pool->forks = atomic_load(&forks);
  pool->threads = threads;
  atomic_store(&pool->users, 1);
  pool->spin = threads <= rt_cores() ? SPIN_NANOSECONDS : 0;
  pthread_mutex_init(&pool->lock, NULL);
  pthread_mutex_init(&pool->turn, NULL);
  pthread_cond_init(&pool->work, NULL);
  pthread_cond_init(&pool->finished, NULL);
  pool->worker = rt_zalloc((size_t)threads, sizeof *pool->worker);
  pool->share = rt_alloc_aligned((size_t)threads * sizeof *pool->share);
  int status = pool->worker && pool->share ? rt_blas_load(error) : rt_no_memory(error);
  for (int i = 0; pool->share && i < threads; i++) atomic_init(&pool->share[i].ticket, 0);
  if (status == RT_OK) status = start_workers(pool, error);
  if (status != RT_OK) {
    rt_pool_free(pool);
    return NULL;
  }
  return pool;
}

struct rt_pool *rt_pool_lent(struct rt_pool *lender, struct rt_error *error) {
  if (rt_pool_check(lender, error) != RT_OK) return NULL;
  struct rt_pool *pool = rt_pool_new(1, error);
  if (!pool) return NULL;
  atomic_fetch_add(&lender->users, 1);
  pool->lender = lender;
  return pool;
}

int rt_pool_threads(const struct rt_pool *pool) {
  return pool->lender ? pool->lender->threads : pool->threads;
}

bool rt_pool_is_lent(const struct rt_pool *pool) { return pool->lender != NULL; }

int rt_pool_check(const struct rt_pool *pool, struct rt_error *error) {
  if (is_here(pool)) return RT_OK;
  rt_fail(error, RT_USAGE, "this belongs to process %ld, which has forked; its threads are not here",
          (long)pool->process);
  rt_hint(error, "a model may be used on both sides of a fork; make a session of it in each process");
  return RT_USAGE;
}

static void end_workers(struct rt_pool *pool) {
  atomic_store(&pool->quit, true);
  pthread_mutex_lock(&pool->lock);
  pthread_cond_broadcast(&pool->work);
  pthread_mutex_unlock(&pool->lock);
  for (int i = 1; i <= pool->started; i++) pthread_join(pool->worker[i].thread, NULL);
  pthread_cond_destroy(&pool->finished);
  pthread_cond_destroy(&pool->work);
  pthread_mutex_destroy(&pool->turn);
  pthread_mutex_destroy(&pool->lock);
}

void rt_pool_free(struct rt_pool *pool) {
  if (!pool || atomic_fetch_sub(&pool->users, 1) > 1) return;
  struct rt_pool *lender = pool->lender;
  if (is_here(pool)) end_workers(pool);
  for (int i = 0; pool->worker && i < pool->threads; i++) rt_free_aligned(pool->worker[i].scratch);
  rt_free(pool->worker);
  rt_free_aligned(pool->share);
  rt_free_aligned(pool);
  rt_pool_free(lender);
}
