/* spectrum_fft.c: Fourier's transform, by kissfft. */
#include "runtime/io/spectrum.h"

#ifndef RT_HAVE_KISSFFT

const char *io_fft_library(void) { return NULL; }

int io_fft_size(int64_t points, size_t *needs, struct rt_error *error) {
  (void)points;
  *needs = 0;
  rt_fail(error, RT_BAD_DATA, "it is to become a spectrum, and this aq was built without kissfft");
  rt_hint(error, "install kissfft with its headers (libkissfft-dev), then configure and build aq again");
  return RT_BAD_DATA;
}

void io_fft_make(void *fft, size_t size, int64_t points) { (void)fft, (void)size, (void)points; }

void io_fft_power(const void *fft, int64_t points, const float *x, float *power) {
  (void)fft, (void)x;
  for (int64_t k = 0; k <= points / 2; k++) power[k] = 0;
}

#else

#include <kiss_fft.h>
#include <math.h>

const char *io_fft_library(void) { return "kissfft"; }

int io_fft_size(int64_t points, size_t *needs, struct rt_error *error) {
  (void)error;
  *needs = 0;
  kiss_fft_alloc((int)(points / 2), 0, NULL, needs);
  return RT_OK;
}

void io_fft_make(void *fft, size_t size, int64_t points) { kiss_fft_alloc((int)(points / 2), 0, fft, &size); }

/* Numbers in pairs are one complex transform of half as many points, of which those of the even and of the
 * odd ones are told apart by their symmetry. */
void io_fft_power(const void *fft, int64_t points, const float *x, float *power) {
  kiss_fft_cpx z[IO_SPECTRUM_POINTS / 2];
  const int64_t half = points / 2;
  kiss_fft((kiss_fft_cfg)(uintptr_t)fft, (const kiss_fft_cpx *)(const void *)x, z);
  const double step = -2 * M_PI / (double)points, by_r = cos(step), by_i = sin(step);
  double turn_r = 1, turn_i = 0;
  for (int64_t k = 0; k <= half; k++) {
    const kiss_fft_cpx a = z[k % half], b = z[(half - k) % half];
    const double even_r = 0.5 * (a.r + b.r), even_i = 0.5 * (a.i - b.i), odd_r = 0.5 * (a.i + b.i),
                 odd_i = 0.5 * (b.r - a.r);
    const double r = even_r + turn_r * odd_r - turn_i * odd_i, i = even_i + turn_r * odd_i + turn_i * odd_r,
                 next = turn_r * by_r - turn_i * by_i;
    power[k] = (float)(r * r + i * i);
    turn_i = turn_r * by_i + turn_i * by_r;
    turn_r = next;
  }
}

#endif
