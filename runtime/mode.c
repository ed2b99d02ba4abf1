/* mode.c: the calling thread's arithmetic and locale. */
#include "runtime/mode.h"

#include <pthread.h>

/* ---- arithmetic ---- */

#if defined __x86_64__
/* As a thread begins. The lowest six bits of the vector unit's are what has happened. */
enum { VECTOR_USUAL = 0x1F80, HAPPENED = 0x3F, SCALAR_USUAL = 0x037F };

static void enter_arithmetic(struct rt_mode *mode) {
  mode->vector = _mm_getcsr();
  __asm__ volatile("fnstcw %0" : "=m"(mode->scalar));
  mode->changed = (mode->vector & ~(unsigned)HAPPENED) != VECTOR_USUAL || mode->scalar != SCALAR_USUAL;
  if (!mode->changed) return;
  const unsigned short usual = SCALAR_USUAL;
  _mm_setcsr(VECTOR_USUAL);
  __asm__ volatile("fldcw %0" : : "m"(usual));
}

/* What happened meanwhile must not stop a host that lets such things stop it. */
static void leave_arithmetic(const struct rt_mode *mode) {
  _mm_setcsr(mode->vector);
  __asm__ volatile("fnclex");
  __asm__ volatile("fldcw %0" : : "m"(mode->scalar));
}
#else
static void enter_arithmetic(struct rt_mode *mode) {
  mode->changed = fegetenv(&mode->all) == 0;
  fesetenv(FE_DFL_ENV);
}
static void leave_arithmetic(const struct rt_mode *mode) { fesetenv(&mode->all); }
#endif

/* ---- both ---- */

static locale_t of_c;
static void make_locale(void) { of_c = newlocale(LC_ALL_MASK, "C", (locale_t)0); }

struct rt_mode rt_mode_enter(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  struct rt_mode mode;
  pthread_once(&once, make_locale);
  enter_arithmetic(&mode);
  mode.locale = of_c ? uselocale(of_c) : (locale_t)0;
  return mode;
}

void rt_mode_leave(const struct rt_mode *mode) {
  if (mode->locale) uselocale(mode->locale);
  if (mode->changed) leave_arithmetic(mode);
}
