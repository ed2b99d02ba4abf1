/* threads.h: aq's own workers. Tasks are numbered from the shape alone and each writes its own outputs, so
 * results do not depend on how many workers there are or which worker takes a task. */
#ifndef AQ_RUNTIME_THREADS_H
#define AQ_RUNTIME_THREADS_H

#include "runtime/base.h"

struct rt_pool;
/* scratch: this worker's working memory, for tiles and partial sums: what was reserved, 64-byte aligned; NULL
 * as long as nothing was. */
typedef void rt_task(void *context, int64_t task, void *scratch);

/* threads: 1 or more, counting the caller, who works too. NULL and error filled on failure. */
struct rt_pool *rt_pool_new(int threads, struct rt_error *error);
/* In a child after fork, which has no workers, it waits for none. */
void rt_pool_free(struct rt_pool *pool);
/* Fails in a process that the pool was not made in: after fork a child has no workers. */
int rt_pool_check(const struct rt_pool *pool, struct rt_error *error);

/* From now on each worker's scratch has at least so many bytes; what was in it is lost. Not while something
 * runs. After RT_NO_MEMORY the scratch is as large as it was, or larger. Who runs kernels reserves what
 * rt_scratch_of (runtime/ops.h) asks for. */
int rt_pool_reserve(struct rt_pool *pool, size_t bytes, struct rt_error *error);

/* Runs task 0..count-1, returns when all are done. One caller at a time. Workers spin briefly between calls,
 * then sleep. Workers, and the caller for the length of the call, compute with denormals flushed to zero. */
void rt_parallel(struct rt_pool *pool, int64_t count, rt_task *task, void *context);

#endif
