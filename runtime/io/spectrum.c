/* spectrum.c: see spectrum.h. */
#include "runtime/io/spectrum.h"

#include <math.h>

struct band {
  int32_t first, count, weight; /* points of the transform; where its weights begin */
};

struct io_spectrum {
  struct io_attached attached;
  struct io_spectrum_form form;
  int64_t points;
  float *window; /* [points] */
  struct band *band;
  float *weight;
  void *fft;
};

static const double QUIETEST = 1e-10;

static double mel_of(double hertz) { return 1127 * log1p(hertz / 700); }

static double place_of(const struct io_spectrum_form *form, double hertz) {
  return form->mel ? mel_of(hertz) : hertz;
}

static int64_t points_of(const struct io_spectrum_form *form) {
  int64_t points = 4;
  while (points < form->window) points *= 2;
  return points;
}

/* How much a point of the transform counts in a band, 0 to 1. */
static double weight_at(const struct io_spectrum_form *form, int64_t band, int64_t point) {
  const double low = place_of(form, form->low),
               step = (place_of(form, form->high) - low) / (double)(form->bands + 1),
               hertz = (double)point * (double)form->rate / (double)points_of(form),
               away = fabs((place_of(form, hertz) - low) / step - (double)(band + 1));
  return away < 1 ? 1 - away : 0;
}

/* The points that count in a band stand side by side. */
static struct band find_band(const struct io_spectrum_form *form, int64_t number) {
  const int64_t last = points_of(form) / 2;
  struct band band = {0};
  for (int64_t k = 0; k <= last; k++) {
    if (!(weight_at(form, number, k) > 0)) continue;
    if (!band.count) band.first = (int32_t)k;
    band.count++;
  }
  return band;
}

const char *io_spectrum_misfit(const struct io_spectrum_form *form) {
  if (form->window < 2) return "a window of the spectrum has two samples at least";
  if (form->window > IO_SPECTRUM_POINTS) return "a window of the spectrum has at most 4096 samples";
  if (form->hop < 1) return "windows of the spectrum are a sample apart at least";
  if (form->high > (double)form->rate / 2)
    return "`high` is beyond half of `rate`: so many samples a second have no higher frequencies";
  if (form->low >= form->high)
    return "`low` is not below `high`, which is half of `rate` when it is left out";
  if (form->bands > IO_SPECTRUM_BANDS) return "a spectrum has at most 512 bands";
  for (int64_t b = 0; b < form->bands; b++)
    if (!find_band(form, b).count)
      return "its bands are narrower than what the window can tell apart: fewer bands, or a longer `window`";
  return NULL;
}

int64_t io_spectrum_frames(const struct io_spectrum_form *form, int64_t samples) {
  return samples < form->window ? 0 : 1 + (samples - form->window) / form->hop;
}

static void free_spectrum(struct io_attached *attached) {
  struct io_spectrum *s = (struct io_spectrum *)attached;
  rt_free(s->window);
  rt_free(s->band);
  rt_free(s->weight);
  rt_free(s->fft);
  rt_free(s);
}

/* Hann's curve, behind which there are zeros up to a power of two. A sum of half of its samples is what a
 * tone of amplitude 1 comes to. */
static void make_window(struct io_spectrum *s) {
  double sum = 0;
  for (int64_t k = 0; k < s->form.window; k++)
    sum += 0.5 - 0.5 * cos(2 * M_PI * (double)k / (double)s->form.window);
  for (int64_t k = 0; k < s->form.window; k++)
    s->window[k] = (float)((1 - cos(2 * M_PI * (double)k / (double)s->form.window)) / sum);
}

static int make_bands(struct io_spectrum *s) {
  int32_t total = 0;
  for (int64_t b = 0; b < s->form.bands; b++) {
    s->band[b] = find_band(&s->form, b);
    s->band[b].weight = total;
    total += s->band[b].count;
  }
  s->weight = rt_alloc((size_t)total * sizeof *s->weight);
  if (!s->weight) return RT_NO_MEMORY;
  for (int64_t b = 0; b < s->form.bands; b++)
    for (int32_t k = 0; k < s->band[b].count; k++)
      s->weight[s->band[b].weight + k] = (float)weight_at(&s->form, b, s->band[b].first + k);
  return RT_OK;
}

int io_spectrum_new(struct io_spectrum **spectrum, const struct io_spectrum_form *form,
                    struct rt_error *error) {
  size_t needs;
  const int64_t points = points_of(form);
  *spectrum = NULL;
  int status = io_fft_size(points, &needs, error);
  if (status != RT_OK) return status;
  struct io_spectrum *s = rt_zalloc(1, sizeof *s);
  if (!s) return rt_no_memory(error);
  s->attached = (struct io_attached){free_spectrum, true, 0};
  s->form = *form;
  s->points = points;
  s->window = rt_zalloc((size_t)points, sizeof *s->window);
  s->band = rt_zalloc((size_t)form->bands, sizeof *s->band);
  s->fft = rt_alloc(needs);
  if (!s->window || !s->band || !s->fft || make_bands(s) != RT_OK) {
    free_spectrum(&s->attached);
    return rt_no_memory(error);
  }
  make_window(s);
  io_fft_make(s->fft, needs, points);
  *spectrum = s;
  return RT_OK;
}

struct io_attached *io_spectrum_attached(struct io_spectrum *spectrum) {
  return &spectrum->attached;
}

const struct io_spectrum *io_spectrum_of(const struct io_store *store) {
  return (const struct io_spectrum *)io_store_attached(store);
}

static const double KNEE = 0.8;

/* What stands at one frequency is taken from another one, in proportion up to a knee, and then on a straight
 * line that ends where the frequencies do (vocal tract length perturbation: Jaitly and Hinton 2013). */
static void warp(double by, int64_t last, float *power) {
  float was[IO_SPECTRUM_POINTS / 2 + 2];
  const double factor = 1 + by, knee = KNEE * (double)last / (factor > 1 ? factor : 1);
  for (int64_t k = 0; k <= last; k++) was[k] = power[k];
  was[last + 1] = 0;
  for (int64_t k = 0; k <= last; k++) {
    const double x = (double)k, end = (double)last,
                 at = x <= knee ? x * factor : end - (end - x) * (end - knee * factor) / (end - knee);
    const int64_t before = (int64_t)at;
    power[k] = (float)(was[before] + (at - (double)before) * (was[before + 1] - was[before]));
  }
}

void io_spectrum_frame(const struct io_spectrum *s, const struct io_sound *sound,
                       const struct io_sound_change *change, int64_t frame, float *out) {
  float x[IO_SPECTRUM_POINTS], power[IO_SPECTRUM_POINTS / 2 + 1];
  io_sound_change_samples(change, sound, frame * s->form.hop, s->form.window, x);
  for (int64_t k = 0; k < s->form.window; k++) x[k] *= s->window[k];
  for (int64_t k = s->form.window; k < s->points; k++) x[k] = 0;
  io_fft_power(s->fft, s->points, x, power);
  if (change->warp != 0) warp(change->warp, s->points / 2, power);
  for (int64_t b = 0; b < s->form.bands; b++) {
    const struct band *band = &s->band[b];
    double sum = 0;
    for (int32_t k = 0; k < band->count; k++) sum += s->weight[band->weight + k] * power[band->first + k];
    out[b] = (float)(!s->form.log ? sum : log(sum > QUIETEST ? sum : QUIETEST));
  }
}
