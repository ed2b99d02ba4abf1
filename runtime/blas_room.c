/* blas_room.c: OpenBLAS asks the system for a buffer until it gets one. Where addresses are limited (ulimit
 * -v) it would ask for ever, so whether there is room is found out first. */
#include "runtime/blas.h"

#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>

/* Of OpenBLAS for x86-64: each thread within a product has one, and OpenBLAS's own threads as well. */
static const size_t BUFFER = (size_t)128 << 20, STACK = (size_t)8 << 20;
enum { MOST = 64 }; /* buffers that are taken in advance */

void *blas_memory_alloc(int process) __attribute__((weak));
void blas_memory_free(void *buffer) __attribute__((weak));
int openblas_get_num_threads(void) __attribute__((weak));

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int taken; /* threads for which there is room */

static bool there_is_room(size_t bytes) {
  void *trial = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (trial == MAP_FAILED) return false;
  munmap(trial, bytes);
  return true;
}

/* OpenBLAS keeps a buffer that it has had once: these are had now, before other memory takes the room. */
static void take_buffers(int threads) {
  void *buffer[MOST];
  int count = threads < MOST ? threads : MOST;
  if (!blas_memory_alloc || !blas_memory_free) return;
  for (int k = 0; k < count; k++) buffer[k] = blas_memory_alloc(0);
  for (int k = 0; k < count; k++)
    if (buffer[k]) blas_memory_free(buffer[k]);
}

/* The first set-up starts them, before it says that one is enough. */
static size_t own_threads(void) {
  int count = openblas_get_num_threads ? openblas_get_num_threads() : 1;
  return count > 1 ? (size_t)count - 1 : 0;
}

static int reserve(int threads, bool first, struct rt_error *error) {
  size_t buffers = (size_t)(threads - taken) + (first ? own_threads() : 0),
         bytes = buffers * (BUFFER + STACK);
  if (!there_is_room(bytes)) {
    rt_fail(error, RT_NO_MEMORY,
            "there is not enough memory for OpenBLAS: %d thread%s take %zu MB of addresses, and the limit "
            "(ulimit -v) leaves less",
            threads, threads == 1 ? "" : "s", bytes >> 20);
    rt_hint(error, "raise the limit%s", threads > 1 ? ", or ask for fewer threads" : "");
    return RT_NO_MEMORY;
  }
  return RT_OK;
}

int rt_blas_begin(int threads, bool allow_switch, struct rt_error *error) {
  struct rlimit limit;
  int status = RT_OK;
  bool limited = getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
  pthread_mutex_lock(&lock);
  if (limited && threads > taken) status = reserve(threads, taken == 0, error);
  if (!status) rt_blas_setup(allow_switch);
  if (!status && limited && threads > taken) {
    take_buffers(threads);
    taken = threads;
  }
  pthread_mutex_unlock(&lock);
  return status;
}
