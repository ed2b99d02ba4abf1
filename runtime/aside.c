/* aside.c: a thread that does one thing beside its caller. */
#include "runtime/aside.h"

#include <pthread.h>
#include <signal.h>
#if defined __linux__
#include <sys/prctl.h>
#endif

struct rt_aside {
  pthread_t thread;
  pthread_mutex_t lock;
  pthread_cond_t changed;
  void (*work)(void *context); /* NULL: there is nothing to do */
  void *context;
  bool ends;
};

static void *run(void *given) {
  struct rt_aside *a = given;
#if defined __linux__
  prctl(PR_SET_NAME, "aq-aside");
#endif
  pthread_mutex_lock(&a->lock);
  for (;;) {
    while (!a->work && !a->ends) pthread_cond_wait(&a->changed, &a->lock);
    if (!a->work) break;
    pthread_mutex_unlock(&a->lock);
    a->work(a->context);
    pthread_mutex_lock(&a->lock);
    a->work = NULL;
    pthread_cond_broadcast(&a->changed);
  }
  pthread_mutex_unlock(&a->lock);
  return NULL;
}

/* Signals are the host's: its own threads receive them. */
static int start(struct rt_aside *a) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int failed = pthread_create(&a->thread, NULL, run, a);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return failed;
}

struct rt_aside *rt_aside_new(struct rt_error *error) {
  struct rt_aside *a = rt_zalloc(1, sizeof *a);
  if (!a) {
    rt_no_memory(error);
    return NULL;
  }
  pthread_mutex_init(&a->lock, NULL);
  pthread_cond_init(&a->changed, NULL);
  if (start(a) == 0) return a;
  rt_fail(error, RT_USAGE, "the system does not allow another thread");
  rt_hint(error, "ask for one thread, or raise the limit (ulimit -u)");
  pthread_cond_destroy(&a->changed);
  pthread_mutex_destroy(&a->lock);
  rt_free(a);
  return NULL;
}

void rt_aside_free(struct rt_aside *a) {
  if (!a) return;
  pthread_mutex_lock(&a->lock);
  a->ends = true;
  pthread_cond_broadcast(&a->changed);
  pthread_mutex_unlock(&a->lock);
  pthread_join(a->thread, NULL);
  pthread_cond_destroy(&a->changed);
  pthread_mutex_destroy(&a->lock);
  rt_free(a);
}

void rt_aside_start(struct rt_aside *a, void (*work)(void *context), void *context) {
  pthread_mutex_lock(&a->lock);
  a->work = work;
  a->context = context;
  pthread_cond_broadcast(&a->changed);
  pthread_mutex_unlock(&a->lock);
}

void rt_aside_wait(struct rt_aside *a) {
  if (!a) return;
  pthread_mutex_lock(&a->lock);
  while (a->work) pthread_cond_wait(&a->changed, &a->lock);
  pthread_mutex_unlock(&a->lock);
}
