/* host_limits.c: what a host allows its calls to take. */
#include "libaq/internal.h"
#include "runtime/limits.h"

#include <math.h>

struct aq_limits {
  struct rt_limits limits;
};

aq_limits *aq_limits_new(void) { return rt_zalloc(1, sizeof(aq_limits)); }

void aq_limits_free(aq_limits *limits) {
  if (limits && rt_limits_of_thread == &limits->limits) rt_limits_use(NULL);
  rt_free(limits);
}

int aq_limits_set(aq_limits *limits, double seconds, int64_t work, int64_t bytes) {
  if (!limits || !(seconds >= 0) || work < 0 || bytes < 0) return AQ_USAGE;
  rt_limits_set(&limits->limits, seconds, work, bytes);
  return AQ_OK;
}

void aq_limits_use(aq_limits *limits) { rt_limits_use(limits ? &limits->limits : NULL); }

int64_t aq_limits_done(const aq_limits *limits) { return limits ? limits->limits.done : 0; }

void aq_interrupt(aq_limits *limits) {
  if (limits) atomic_store(&limits->limits.stop, true);
}
