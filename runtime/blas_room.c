/* blas_room.c: OpenBLAS asks the system for a buffer until it gets one. Where addresses are limited (ulimit
 * -v) it would ask for ever, so whether there is room is found out first. */
#include "runtime/blas.h"

#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "runtime/blas_calls.h"
#include "runtime/threads.h"

/* Of OpenBLAS for x86-64: each thread within a product has one, and OpenBLAS's own threads as well. */
static const size_t BUFFER = (size_t)128 << 20, STACK = (size_t)BLAS_STACK;
enum { MOST = 64 }; /* buffers that are taken in advance */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int taken; /* threads for which there is room */

int blas_room(size_t bytes, int threads, struct rt_error *error) {
  void *trial = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (trial != MAP_FAILED) {
    munmap(trial, bytes);
    return RT_OK;
  }
  rt_fail(error, RT_NO_MEMORY,
          "there is not enough memory for OpenBLAS: %d thread%s take %zu MB of addresses, and the limit "
          "(ulimit -v) leaves less",
          threads, threads == 1 ? "" : "s", bytes >> 20);
  rt_hint(error, "raise the limit%s", threads > 1 ? ", or ask for fewer threads" : "");
  return RT_NO_MEMORY;
}

/* OpenBLAS keeps a buffer that it has had once: these are had now, before other memory takes the room. */
static void take_buffers(int threads) {
  void *buffer[MOST];
  int count = threads < MOST ? threads : MOST;
  if (!blas.blas_memory_alloc || !blas.blas_memory_free) return;
  for (int k = 0; k < count; k++) buffer[k] = blas.blas_memory_alloc(0);
  for (int k = 0; k < count; k++)
    if (buffer[k]) blas.blas_memory_free(buffer[k]);
}

/* The first set-up starts them, before it says that one is enough. */
static size_t own_threads(void) {
  int count = blas.openblas_get_num_threads ? blas.openblas_get_num_threads() : 1;
  return count > 1 ? (size_t)count - 1 : 0;
}

static int reserve(int threads, bool first, struct rt_error *error) {
  size_t buffers = (size_t)(threads - taken) + (first ? own_threads() : 0);
  return blas_room(buffers * (BUFFER + STACK), threads, error);
}

int rt_blas_begin(int threads, bool allow_switch, struct rt_error *error) {
  struct rlimit limit;
  int status = rt_blas_load(error);
  bool limited = getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
  if (status != RT_OK) return status;
  pthread_mutex_lock(&lock);
  if (limited && threads > taken) status = reserve(threads, taken == 0, error);
  if (status == RT_OK) blas_set_up(allow_switch);
  if (status == RT_OK && limited && threads > taken) {
    take_buffers(threads);
    taken = threads;
  }
  pthread_mutex_unlock(&lock);
  return status;
}
