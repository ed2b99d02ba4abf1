/* stack.c: threads of hosts may have little stack. */
#include "runtime/stack.h"

#include <stdbool.h>
#include <stdint.h>

#if defined __linux__
#include <pthread.h>
#include <unistd.h>

struct bounds {
  bool known; /* was asked for */
  uintptr_t low, high;
};

static struct bounds bounds_of_thread(void) {
  struct bounds b = {.known = true};
  pthread_attr_t attributes;
  void *low;
  size_t size;
  if (gettid() == getpid() || pthread_getattr_np(pthread_self(), &attributes) != 0) return b;
  if (pthread_attr_getstack(&attributes, &low, &size) == 0) {
    b.low = (uintptr_t)low;
    b.high = b.low + size;
  }
  pthread_attr_destroy(&attributes);
  return b;
}

size_t rt_stack_left(void) {
  static _Thread_local struct bounds bounds;
  uintptr_t here = (uintptr_t)__builtin_frame_address(0);
  if (!bounds.known) bounds = bounds_of_thread();
  return here > bounds.low && here < bounds.high ? (size_t)(here - bounds.low) : SIZE_MAX;
}
#else
size_t rt_stack_left(void) { return SIZE_MAX; }
#endif
