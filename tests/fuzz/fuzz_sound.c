/* fuzz_sound.c: a file of sound of any bytes: samples, at a rate that is another one as a rule, and what a
 * spectrum makes of them. */
#include "runtime/io/spectrum.h"
#include "tests/fuzz/fuzz.h"

enum { BANDS = 20, MOST_FRAMES = 16 };

static void hear(const struct io_sound *sound) {
  const struct io_spectrum_form form = {8000, 200, 80, 20, 4000, BANDS, true, true};
  const struct io_sound_changes changes = {.shift = 100, .noise = 10, .speed = 15, .warp = 20};
  struct io_sound_change change;
  struct io_spectrum *spectrum;
  float band[BANDS];
  if (io_spectrum_new(&spectrum, &form, NULL)) return;
  io_sound_change_draw(&changes, (uint64_t)sound->count, sound, &change);
  const int64_t frames = io_spectrum_frames(&form, sound->count);
  for (int64_t f = 0; f < frames && f < MOST_FRAMES; f++)
    io_spectrum_frame(spectrum, sound, &change, f, band);
  io_spectrum_attached(spectrum)->free(io_spectrum_attached(spectrum));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct io_sound sound;
  struct rt_error error = {0};
  fuzz_limit_memory(8 << 20, 32 << 20);
  if (io_sound_decode(data, size, 8000, &sound, &error) == RT_OK) hear(&sound);
  rt_free(sound.sample);
  return 0;
}
