/* limits.c: what a thread's calls may take, and how another thread stops them. */
#include "runtime/limits.h"

#include <math.h>
#include <time.h>

enum { NANOSECONDS = 1000000000 }; /* in a second */

_Thread_local struct rt_limits *rt_limits_of_thread;

int64_t rt_clock(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * NANOSECONDS + t.tv_nsec;
}

/* Centuries are as good as for ever. */
static int64_t after(double seconds) {
  double nanoseconds = seconds * NANOSECONDS;
  return nanoseconds < (double)(INT64_MAX / 2) ? rt_clock() + (int64_t)nanoseconds : INT64_MAX;
}

void rt_limits_set(struct rt_limits *limits, double seconds, int64_t work, int64_t bytes) {
  atomic_store(&limits->stop, false);
  limits->seconds = seconds;
  limits->end = seconds > 0 ? after(seconds) : 0;
  limits->work = work;
  limits->done = 0;
  limits->memory = (struct rt_quota){.most = bytes};
}

struct rt_limits *rt_limits_use(struct rt_limits *limits) {
  struct rt_limits *before = rt_limits_of_thread;
  rt_limits_of_thread = limits;
  rt_use_quota(limits ? &limits->memory : NULL);
  return before;
}

int rt_limits_ask(struct rt_limits *limits, int64_t work, struct rt_error *error) {
  if (__builtin_add_overflow(limits->done, work, &limits->done)) limits->done = INT64_MAX;
  if (atomic_load_explicit(&limits->stop, memory_order_relaxed))
    return rt_fail(error, RT_INTERRUPTED, "the host has stopped this");
  if (limits->work && limits->done > limits->work)
    return rt_fail(error, RT_INTERRUPTED, "this takes more work than the host allows: %lld",
                   (long long)limits->work);
  if (limits->end && rt_clock() > limits->end)
    return rt_fail(error, RT_INTERRUPTED, "this takes longer than the host allows: %g seconds",
                   limits->seconds);
  return RT_OK;
}
