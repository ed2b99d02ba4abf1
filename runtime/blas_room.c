/* blas_room.c: OpenBLAS asks the system for a buffer again and again until it gets one. Where addresses are
 * limited (ulimit -v) that would be for ever, so aq finds out first whether there is room. */
#include <sys/mman.h>

#include "runtime/blas_calls.h"

int blas_room(size_t bytes, int threads, struct rt_error *error) {
  void *trial = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (trial != MAP_FAILED) {
    munmap(trial, bytes);
    return RT_OK;
  }
  if (threads == 0)
    rt_fail(error, RT_NO_MEMORY,
            "there is not enough memory for OpenBLAS: to load it takes %zu MB of addresses, and the limit "
            "(ulimit -v) leaves less",
            bytes >> 20);
  else
    rt_fail(error, RT_NO_MEMORY,
            "there is not enough memory for OpenBLAS: %d thread%s %zu MB of addresses, and the limit "
            "(ulimit -v) leaves less",
            threads, threads == 1 ? " takes" : "s take", bytes >> 20);
  rt_hint(error, "raise the limit%s", threads > 1 ? ", or ask for fewer threads" : "");
  return RT_NO_MEMORY;
}
