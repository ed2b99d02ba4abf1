/* mode.h: what a host may have set for its thread, and what the library computes with: the C locale, rounding
 * to nearest, denormals as they are, exceptions that set flags and end nobody. */
#ifndef AQ_RUNTIME_MODE_H
#define AQ_RUNTIME_MODE_H

#include <fenv.h>
#include <locale.h>
#include <stdbool.h>

/* What was set before. */
struct rt_mode {
  locale_t locale;
  bool changed; /* of what follows */
#if defined __x86_64__
  unsigned vector;
  unsigned short scalar;
#else
  fenv_t all;
#endif
};

struct rt_mode rt_mode_enter(void);
void rt_mode_leave(const struct rt_mode *mode);

#endif
