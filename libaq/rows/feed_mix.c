/* feed_mix.c: see feed_mix.h. */
#include "libaq/rows/feed_mix.h"

#include "runtime/io/images.h"
#include "runtime/random.h"

enum { MIXTURES = -1 }; /* a stream of its own, beside those of columns: all of a row are mixed alike */

#define MIX(real)                                                                                            \
  static void mix_##real(real *a, real *b, int64_t size, double of_a, double of_b) {                         \
    for (int64_t k = 0; k < size; k++) {                                                                     \
      const double x = a[k], y = b[k];                                                                       \
      a[k] = (real)(y + of_a * (x - y));                                                                     \
      b[k] = (real)(x + of_b * (y - x));                                                                     \
    }                                                                                                        \
  }
MIX(float)
MIX(double)

void lib_feed_mix(const struct lib_feed *feed, double a, int64_t count, int64_t size, void *images) {
  for (int64_t e = 0, other = count - 1; e < other; e++, other--) {
    const double first = io_mix_draw(a, lib_feed_chance(feed, MIXTURES, e)),
                 last = io_mix_draw(a, lib_feed_chance(feed, MIXTURES, other));
    if (feed->precision == RT_F64)
      mix_double((double *)images + e * size, (double *)images + other * size, size, first, last);
    else
      mix_float((float *)images + e * size, (float *)images + other * size, size, first, last);
  }
}
