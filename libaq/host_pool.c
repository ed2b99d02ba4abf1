/* host_pool.c: threads that handles have of their own, or share. */
#include <stdatomic.h>

#include "libaq/internal.h"
#include "runtime/blas.h"
#include "runtime/cores.h"
#include "runtime/lent_pool.h"

struct aq_pool {
  struct lib_message message;
  struct rt_pool *pool;
  atomic_int users;  /* the host, until it frees the pool, and who has been given it since */
  atomic_bool freed; /* by the host */
};

static struct rt_pool *pool_of(int threads, struct rt_error *error) {
  int count = threads > 0 ? threads : rt_cores();
  return rt_blas_begin(count, error) ? NULL : rt_pool_new(count, error);
}

int aq_pool_new(int threads, aq_pool **pool) {
  if (!pool) return AQ_USAGE;
  struct aq_pool *p = *pool = rt_zalloc(1, sizeof *p);
  if (!p) return AQ_NO_MEMORY;
  struct rt_error *error = lib_begin(&p->message);
  atomic_store(&p->users, 1);
  if (threads < 0) return rt_fail(error, RT_USAGE, "a pool cannot have %d threads", threads);
  p->pool = pool_of(threads, error);
  return error->code;
}

void lib_pool_leave(struct aq_pool *pool) {
  if (!pool || atomic_fetch_sub(&pool->users, 1) > 1) return;
  rt_pool_free(pool->pool);
  rt_free(pool);
}

void aq_pool_free(aq_pool *pool) {
  if (pool && !atomic_exchange(&pool->freed, true)) lib_pool_leave(pool);
}

struct aq_pool *lib_pool_share(struct aq_pool *pool) {
  if (pool) atomic_fetch_add(&pool->users, 1);
  return pool;
}

const aq_message *aq_pool_message(const aq_pool *pool) {
  if (!pool) return lib_nothing();
  return lib_view((struct lib_message *)&pool->message);
}

size_t aq_pool_threads(const aq_pool *pool) {
  return pool && pool->pool ? (size_t)rt_pool_threads(pool->pool) : 0;
}

struct rt_pool *lib_pool(int threads, struct aq_pool *shared, struct rt_error *error) {
  if (!shared) return pool_of(threads, error);
  if (shared->pool) return rt_pool_lent(shared->pool, error);
  rt_fail(error, RT_USAGE, "the pool could not be made, so its threads cannot be used");
  return NULL;
}
