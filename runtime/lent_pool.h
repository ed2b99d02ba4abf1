/* lent_pool.h: workers that several callers share, each in a thread of its own. */
#ifndef AQ_RUNTIME_LENT_POOL_H
#define AQ_RUNTIME_LENT_POOL_H

#include "runtime/base.h"

struct rt_pool;

/* A pool for one caller, which has scratch of its own and the lender's workers. While these work for another
 * caller it works alone, with the same result, and nobody waits. It keeps the lender, which may be freed
 * before it. NULL and error filled on failure, also where another process made the lender. */
struct rt_pool *rt_pool_lent(struct rt_pool *lender, struct rt_error *error);
/* How many may work for its caller at once, the caller included. */
int rt_pool_threads(const struct rt_pool *pool);
/* Has it workers of a lender? */
bool rt_pool_is_lent(const struct rt_pool *pool);

#endif
