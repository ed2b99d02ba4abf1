/* resample.c: another number of samples a second. J. O. Smith, "Digital Audio Resampling", 2002. */
#include <math.h>

#include "runtime/io/sound.h"

/* The sinc reaches over so many of its zeros to both sides; between two of them it is known at STEPS places,
 * and between those it is a straight line. */
enum { ZEROS = 24, STEPS = 512 };
static const double PASSES = 0.94; /* of the frequencies that both rates can have */

static double kernel_at(double x) {
  const double window = 0.42 + 0.5 * cos(M_PI * x / ZEROS) + 0.08 * cos(2 * M_PI * x / ZEROS);
  return x == 0 ? 1 : window * sin(M_PI * x) / (M_PI * x);
}

/* The sample at a place between those that there are. `narrow`: zeros of the sinc in a step from one sample
 * to the next, 1 or fewer. */
static float sample_at(const struct io_wave *wave, const float *kernel, double at, double narrow) {
  const double reach = ZEROS / narrow;
  const int64_t first = (int64_t)ceil(at - reach), last = (int64_t)floor(at + reach);
  double sum = 0, all = 0;
  for (int64_t k = first; k <= last; k++) {
    const double place = fabs((double)k - at) * narrow * STEPS;
    const int64_t below = (int64_t)place < ZEROS * STEPS ? (int64_t)place : ZEROS * STEPS;
    const double part = place - (double)below,
                 by = kernel[below] + part * ((double)kernel[below + 1] - kernel[below]);
    all += by;
    if (k >= 0 && k < wave->count) sum += by * wave->sample[k];
  }
  return (float)(sum / all);
}

int io_wave_resample(struct io_wave *wave, int32_t rate, struct rt_error *error) {
  if (wave->rate == rate) return RT_OK;
  struct io_wave to = {.rate = rate, .count = (wave->count * rate + wave->rate - 1) / wave->rate};
  if (to.count > IO_SOUND_SAMPLES)
    return rt_fail(error, RT_BAD_DATA, "it is too long: with %d samples a second it has more than %d million",
                   rate, IO_SOUND_SAMPLES / 1000000);
  const double ratio = (double)wave->rate / rate, narrow = PASSES * (ratio > 1 ? 1 / ratio : 1);
  float *kernel = rt_alloc((ZEROS * STEPS + 2) * sizeof *kernel);
  to.sample = rt_alloc((size_t)to.count * sizeof *to.sample);
  if (!kernel || !to.sample) {
    rt_free(kernel);
    rt_free(to.sample);
    return rt_no_memory(error);
  }
  for (int k = 0; k <= ZEROS * STEPS; k++) kernel[k] = (float)kernel_at((double)k / STEPS);
  kernel[ZEROS * STEPS + 1] = 0;
  for (int64_t k = 0; k < to.count; k++)
    to.sample[k] = sample_at(wave, kernel, (double)k * wave->rate / rate, narrow);
  rt_free(kernel);
  rt_free(wave->sample);
  *wave = to;
  return RT_OK;
}
