/* limits.h: what a thread's calls may take, and how another thread stops them. What takes long asks every now
 * and then: for each instruction, each row that is read, each expression that is compiled. */
#ifndef AQ_RUNTIME_LIMITS_H
#define AQ_RUNTIME_LIMITS_H

#include <stdatomic.h>

#include "runtime/base.h"

/* Zeroed: no limits. Belongs to one thread at a time, but for `stop`. */
struct rt_limits {
  atomic_bool stop; /* may be set by any thread, and within a signal handler */
  double seconds;   /* from when they were set; 0: any */
  int64_t end;      /* that moment, in nanoseconds of the monotonic clock */
  int64_t work, done;
  struct rt_quota memory;
};

/* Nanoseconds of the monotonic clock. */
int64_t rt_clock(void);
/* Sets them anew, from now on. 0: no such limit. */
void rt_limits_set(struct rt_limits *limits, double seconds, int64_t work, int64_t bytes);
/* What calls of this thread obey from now on; NULL: nothing. Returns what they obeyed before. */
struct rt_limits *rt_limits_use(struct rt_limits *limits);

extern _Thread_local struct rt_limits *rt_limits_of_thread;
int rt_limits_ask(struct rt_limits *limits, int64_t work, struct rt_error *error);
/* RT_INTERRUPTED when this thread was stopped, or has used up a limit. work: what was done since it asked
 * last. */
static inline int rt_go_on(int64_t work, struct rt_error *error) {
  return rt_limits_of_thread ? rt_limits_ask(rt_limits_of_thread, work, error) : RT_OK;
}

#endif
