/* pool_watch.h: what the threads of a pool do, for a profile. */
#ifndef AQ_RUNTIME_POOL_WATCH_H
#define AQ_RUNTIME_POOL_WATCH_H

#include <stdatomic.h>

#include "runtime/threads.h"

/* A thread has worked on a task. Nanoseconds of rt_clock. */
struct rt_span {
  int64_t from, to;
  int worker; /* 0: the caller */
};

/* Owned by who watches; zeroed but for span and span_room. Times are in nanoseconds. */
struct rt_pool_watch {
  int64_t jobs, together;    /* calls of rt_parallel, and how long they took */
  atomic_int_least64_t busy; /* all tasks, each as long as it took its thread */
  struct rt_span *span;      /* [span_room] the first tasks; NULL: none are kept */
  int64_t span_room;
  atomic_int_least64_t span_count; /* may be larger than span_room: that many there were */
};

/* Until it is called with NULL, what the pool's threads do is added to *watch. Not while something runs. It
 * costs two looks at the clock for each task. What workers of a lender do is not told. */
void rt_pool_watched(struct rt_pool *pool, struct rt_pool_watch *watch);

#endif
