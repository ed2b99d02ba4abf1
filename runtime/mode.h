/* mode.h: what a host may have set for its thread, and what the library computes with: the C locale, rounding
 * to nearest, denormals as they are, exceptions that set flags and end nobody. */
#ifndef AQ_RUNTIME_MODE_H
#define AQ_RUNTIME_MODE_H

#include <fenv.h>
#include <locale.h>
#include <stdbool.h>
#include <stdint.h>

#if defined __x86_64__
#include <xmmintrin.h>
#endif

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

/* Whether the thread flushes denormals to zero is set by rt_denormals, which returns what it was: bits of the
 * register, of which others stay as they are. The register is written where something changes only, since
 * that takes longer than a small op. Exceptions that were raised meanwhile stay raised. */
#if defined __x86_64__
#define RT_DENORMALS_FLUSHED UINT64_C(0x8040) /* results, operands */
static inline uint64_t rt_denormals(uint64_t bits) {
  const unsigned now = _mm_getcsr(), then = (now & ~(unsigned)RT_DENORMALS_FLUSHED) | (unsigned)bits;
  if (then != now) _mm_setcsr(then);
  return now & RT_DENORMALS_FLUSHED;
}
#elif defined __aarch64__
#define RT_DENORMALS_FLUSHED (UINT64_C(1) << 24)
static inline uint64_t rt_denormals(uint64_t bits) {
  uint64_t now;
  __asm__ volatile("mrs %0, fpcr" : "=r"(now));
  const uint64_t then = (now & ~RT_DENORMALS_FLUSHED) | bits;
  if (then != now) __asm__ volatile("msr fpcr, %0" : : "r"(then));
  return now & RT_DENORMALS_FLUSHED;
}
#else
#define RT_DENORMALS_FLUSHED UINT64_C(0)
static inline uint64_t rt_denormals(uint64_t bits) { return bits; }
#endif

#endif
