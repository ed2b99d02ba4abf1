/* spectrum.h: what is in a sound at each time and frequency. A window of samples, which moves on by a hop, is
 * weighed by Hann's curve and transformed; each band sums what is near its frequency, with weights that fall
 * in straight lines from its own frequency to those of its neighbours. A tone of amplitude a at a frequency
 * of the transform has the energy a * a. */
#ifndef AQ_RUNTIME_IO_SPECTRUM_H
#define AQ_RUNTIME_IO_SPECTRUM_H

#include "runtime/io/sound_change.h"
#include "runtime/io/store.h"

enum { IO_SPECTRUM_POINTS = 4096, IO_SPECTRUM_BANDS = 512 }; /* at most: samples of a window; bands */

struct io_spectrum_form {
  int64_t rate;        /* samples a second */
  int64_t window, hop; /* samples */
  double low, high;    /* Hz, between which the bands lie */
  int64_t bands;
  bool mel; /* they are as far from each other in mel, 1127 ln(1 + Hz / 700), as HTK has it; or else in Hz */
  bool log; /* natural logarithms of energies, of 1e-10 at least */
};
/* What is wrong with it; NULL: nothing. */
const char *io_spectrum_misfit(const struct io_spectrum_form *form);
/* How many frames a sound has; 0 when it is shorter than a window. */
int64_t io_spectrum_frames(const struct io_spectrum_form *form, int64_t samples);

/* What all sounds of a column need: never changes once it is made. Attached to a store. */
struct io_spectrum;
int io_spectrum_new(struct io_spectrum **spectrum, const struct io_spectrum_form *form,
                    struct rt_error *error);
struct io_attached *io_spectrum_attached(struct io_spectrum *spectrum);
const struct io_spectrum *io_spectrum_of(const struct io_store *store);
/* Frame number `frame` of the sound that was changed: a number for each band. */
void io_spectrum_frame(const struct io_spectrum *spectrum, const struct io_sound *sound,
                       const struct io_sound_change *change, int64_t frame, float *out);

/* What transforms sounds; NULL: aq was built without it. */
const char *io_fft_library(void);

/* ---- for spectrum.c ---- */

/* A transform of `points` real numbers, a power of two. *needs: bytes. RT_BAD_DATA: there is no kissfft. */
int io_fft_size(int64_t points, size_t *needs, struct rt_error *error);
void io_fft_make(void *fft, size_t size, int64_t points);
/* power[0..points/2] = |X[k]|^2. Several threads may do so at once. */
void io_fft_power(const void *fft, int64_t points, const float *x, float *power);

#endif
