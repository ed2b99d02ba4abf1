/* column_spectrum.c: the name of a file of sound, of which the energies of bands of frequencies are the
 * numbers. */
#include <math.h>

#include "runtime/columns/drawn_sound.h"
#include "runtime/columns/sound_options.h"
#include "runtime/io/fit.h"
#include "runtime/io/sounds.h"
#include "runtime/io/spectrum.h"

enum { LENGTH, BANDS };                                                  /* its axes */
enum { RATE, WINDOW, HOP, LOW, HIGH, SPACING, LOG, SCALE };              /* settings of its own */
enum { SHIFT = SCALE + 1, NOISE, MASK_FRAMES, MASK_BANDS, SPEED, WARP }; /* those of training */
enum { FLOOR = WARP + 1 };                                               /* one more of its own */
enum { STANDARD = 1, RECORDING };                                        /* how numbers are scaled */
enum { PLAIN = 2 };                                                      /* how bands are spaced */
/* What is left out: milliseconds, Hz, bands. */
enum { USUAL_WINDOW = 25, USUAL_HOP = 10, USUAL_LOW = 20, USUAL_BANDS = 40 };

static int64_t or_usual(int64_t value, int64_t usual) { return value ? value : usual; }

static struct io_spectrum_form form_of(const struct io_settings *set, int64_t bands) {
  const int64_t *own = set->own, rate = or_usual(own[RATE], IO_SOUND_RATE);
  return (struct io_spectrum_form){
      .rate = rate,
      .window = io_sounds_samples(or_usual(own[WINDOW], USUAL_WINDOW), rate),
      .hop = io_sounds_samples(or_usual(own[HOP], USUAL_HOP), rate),
      .low = (double)or_usual(own[LOW], USUAL_LOW),
      .high = own[HIGH] ? (double)own[HIGH] : (double)rate / 2,
      .bands = or_usual(bands, USUAL_BANDS),
      .mel = own[SPACING] != PLAIN,
      .log = io_is_on(own[LOG], true),
  };
}

/* ---- reading ---- */

static int read_sound(const struct io_place *p, const struct io_field *field, struct io_stored *one,
                      struct rt_error *why) {
  struct io_values *v = io_place_values(p);
  const struct io_spectrum_form form = form_of(&io_place_column(p)->set, v->size[BANDS]);
  struct io_spectrum *spectrum;
  int status = io_store_attached(v->store) ? RT_OK : io_spectrum_new(&spectrum, &form, why);
  if (status != RT_OK) return status;
  if (!io_store_attached(v->store)) io_store_attach(v->store, io_spectrum_attached(spectrum));
  return io_sounds_read(p, field, form.rate, form.window, one, why);
}

static int encode(const struct io_place *p, const struct io_field *field, struct rt_error *error) {
  const struct io_values *v = io_place_values(p);
  const int64_t row = p->e->data->rows;
  if (!v->size[BANDS]) io_place_size(p, BANDS, USUAL_BANDS);
  int status = io_encode_named(p, field, read_sound, error);
  if (status != RT_OK) return status;
  const struct io_spectrum_form form = form_of(&io_place_column(p)->set, v->size[BANDS]);
  const int64_t frames = io_spectrum_frames(&form, io_sounds_of(v, row).count);
  return io_encode_end(p, io_payload_begin(&v->of, row) + io_encode_kept(p, frames), error);
}

/* ---- what training learns ---- */

static bool fits(const struct io_settings *set) { return or_usual(set->own[SCALE], STANDARD) == STANDARD; }

/* Sums over the frames of rows, of each band. */
struct sums {
  double number[IO_SPECTRUM_BANDS], square[IO_SPECTRUM_BANDS], frames;
};

/* Until there is a fit, a model is given energies as they are. */
static int add_row(const struct io_column *column, const struct io_values *v, int64_t row, struct sums *sums,
                   struct rt_error *error) {
  struct io_sound_given given;
  const int status = io_sound_give(column, v, row, v->size[BANDS], &given, error);
  if (status != RT_OK) return status;
  for (int64_t k = 0; k < given.length * given.width; k++) {
    sums->number[k % given.width] += given.number[k];
    sums->square[k % given.width] += given.number[k] * given.number[k];
  }
  sums->frames += (double)given.length;
  rt_free(given.number);
  return RT_OK;
}

/* The mean and the deviation of each band, over all frames of all rows. */
static int learn(const struct io_dataset *train, struct io_schema *schema, int column,
                 struct rt_error *error) {
  const struct io_values *v = &train->values[column];
  struct io_column *learned = &schema->columns[column];
  struct sums sums = {0};
  int status = RT_OK;
  if (learned->fit || !io_needs_fit(learned)) return RT_OK;
  for (int64_t row = 0; row < train->rows && status == RT_OK; row++)
    status = add_row(learned, v, row, &sums, error);
  if (status != RT_OK) return status;
  learned->fit = rt_zalloc((size_t)v->size[BANDS], sizeof *learned->fit);
  if (!learned->fit) return rt_no_memory(error);
  for (int64_t b = 0; b < v->size[BANDS]; b++) {
    const double mean = sums.number[b] / sums.frames, variance = sums.square[b] / sums.frames - mean * mean;
    learned->fit[b] = (struct io_fit){0, mean, variance > 0 ? sqrt(variance) : 1};
  }
  return RT_OK;
}

/* ---- what a model is given ---- */

/* Numbers that a model was given: those of frame f, and then those of the next one. */
struct frames {
  const struct io_giving *g;
  int64_t frames, bands;
};

/* Nothing is softer than so many decibels below the loudest band of all frames. */
static void lift(const struct frames *f, const int64_t *own) {
  const double below = (double)own[FLOOR] / 10; /* a tenth of a decibel: a power of ten */
  double least = 0;
  for (int64_t k = 0; k < f->frames * f->bands; k++) {
    const double energy = io_giving_get(f->g, k);
    if (k == 0 || energy > least) least = energy;
  }
  least = io_is_on(own[LOG], true) ? least - below * M_LN10 : least * pow(10, -below);
  for (int64_t k = 0; k < f->frames * f->bands; k++)
    io_giving_put(f->g, k, fmax(io_giving_get(f->g, k), least));
}

/* Of each band, less its mean in training, by its deviation there. */
static void standardise(const struct frames *f, const struct io_fit *fit) {
  for (int64_t k = 0; k < f->frames * f->bands; k++) {
    const struct io_fit *band = &fit[k % f->bands];
    io_giving_put(f->g, k, (io_giving_get(f->g, k) - band->shift) / band->scale);
  }
}

static double mean_of(const struct frames *f, int64_t band) {
  double sum = 0;
  for (int64_t k = 0; k < f->frames; k++) sum += io_giving_get(f->g, k * f->bands + band);
  return sum / (double)f->frames;
}

static void level_recording(const struct frames *f) {
  for (int64_t b = 0; b < f->bands; b++) {
    const double mean = mean_of(f, b);
    for (int64_t k = 0; k < f->frames; k++)
      io_giving_put(f->g, k * f->bands + b, io_giving_get(f->g, k * f->bands + b) - mean);
  }
}

/* What is hidden gets the mean of its band in this sound. */
static void mask(const struct frames *f, const int64_t *own) {
  const int64_t most[] = {own[MASK_FRAMES], own[MASK_BANDS]}, size[] = {f->frames, f->bands};
  const struct io_masks masks = io_masks_draw(most, size, *f->g->chance);
  for (int64_t b = 0; b < f->bands; b++) {
    const double mean = mean_of(f, b);
    const bool all = b >= masks.begin[1] && b < masks.end[1];
    for (int64_t k = all ? 0 : masks.begin[0]; k < (all ? f->frames : masks.end[0]); k++)
      io_giving_put(f->g, k * f->bands + b, mean);
  }
}

static int give(const struct io_giving *g, struct rt_error *error) {
  (void)error;
  const struct io_sound sound = io_sounds_of(g->values, g->row);
  const int64_t *own = g->column->set.own;
  const struct frames f = {g, io_row_length(g->values, g->row), g->values->size[BANDS]};
  const int64_t rate = or_usual(own[RATE], IO_SOUND_RATE);
  const struct io_sound_changes changes = {io_sounds_samples(own[SHIFT], rate), own[NOISE], own[SPEED],
                                           own[WARP]};
  struct io_sound_change change = {0};
  float energy[IO_SPECTRUM_BANDS];
  if (g->chance) io_sound_change_draw(&changes, *g->chance, &sound, &change);
  for (int64_t k = 0; k < f.frames; k++) {
    io_spectrum_frame(io_spectrum_of(g->values->store), &sound, &change, k, energy);
    for (int64_t b = 0; b < f.bands; b++) io_giving_put(g, k * f.bands + b, energy[b]);
  }
  if (own[FLOOR]) lift(&f, own);
  if (g->column->fit) standardise(&f, g->column->fit);
  if (own[SCALE] == RECORDING) level_recording(&f);
  if (g->chance && (own[MASK_FRAMES] || own[MASK_BANDS])) mask(&f, own);
  return RT_OK;
}

/* ---- the row ---- */

static const char *misfit(const struct io_settings *set, const int64_t size[static IO_MOST_AXES]) {
  const struct io_spectrum_form form = form_of(set, size[BANDS]);
  return io_spectrum_misfit(&form);
}

static const char *const spacings[] = {"mel", "plain"};
static const char *const scales[] = {"standard", "recording", "none"};
static const struct io_option options[] = {
    SOUND_RATE(own[RATE]),
    IO_WHOLE("window", 1, 1000, own[WINDOW], "milliseconds that a frame is made of; 25 when it is left out"),
    IO_WHOLE("hop", 1, 1000, own[HOP], "milliseconds from one frame to the next; 10 when it is left out"),
    IO_WHOLE("low", 1, IO_SOUND_FASTEST / 2, own[LOW],
             "the frequency in Hz above which the bands lie; 20 when it is left out"),
    IO_WHOLE("high", 1, IO_SOUND_FASTEST / 2, own[HIGH],
             "the frequency in Hz below which the bands lie; half of `rate` when it is left out"),
    IO_CHOICE("bands", spacings, own[SPACING],
              "mel, or left out: bands are as far apart as the ear has them; plain: as far in Hz"),
    IO_SWITCH("log", own[LOG], "the natural logarithms of energies; false gives the energies"),
    IO_CHOICE("scale", scales, own[SCALE],
              "standard, or left out: of each band, less the mean of the training sounds, by their standard "
              "deviation; recording: less its own mean in this sound; none: as it is"),
    IO_WHOLE("floor", 1, 200, own[FLOOR],
             "what is more than so many decibels below the sound's loudest band counts as so far below it"),
    SOUND_SHIFT(own[SHIFT]),
    SOUND_NOISE(own[NOISE]),
    IO_WHOLE("mask_frames", 0, 4096, own[MASK_FRAMES],
             "while training, up to so many frames, one behind the other, get the sound's mean"),
    IO_WHOLE("mask_bands", 0, IO_SPECTRUM_BANDS, own[MASK_BANDS],
             "while training, up to so many bands, side by side, get the sound's mean"),
    SOUND_SPEED(own[SPEED]),
    IO_WHOLE("warp", 0, 50, own[WARP],
             "while training, frequencies are stretched or squeezed by up to so many percent, as by speakers "
             "with another mouth and throat"),
};

const struct io_kind io_kind_spectrum = {
    .name = "spectrum",
    .doc = "the name of a WAV or FLAC file beside the table: T frames, each with the logarithms of the "
           "energies of F bands of frequencies",
    .axis = {[LENGTH] = {IO_LENGTH, "T"}, [BANDS] = {IO_WIDTH, "F", .counts = "bands"}},
    .option = options,
    .options = RT_COUNT(options),
    .misfit = misfit,
    .element = IO_I32,
    .files = &io_sound_files,
    .encode = encode,
    .fits = fits,
    .learn = learn,
    .give = give,
    .drawn = &io_drawn_bands,
    .one = "frame",
    .more = "frames",
    .entries = "numbers",
    .usual = USUAL_BANDS,
    .small = 3,
};
