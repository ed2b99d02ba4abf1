/* test_sound_change.c: what training changes in a sound, seen in its spectrum. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "runtime/io/spectrum.h"

enum { RATE = 8000, COUNT = 2000, BANDS = 40 };

/* The band of a tone that has most energy, once it is changed so. */
static int64_t loudest(double hertz, const struct io_sound_change *change) {
  static int16_t sample[COUNT];
  const struct io_spectrum_form form = {
      .rate = RATE, .window = 256, .hop = 80, .low = 0, .high = RATE / 2, .bands = BANDS};
  struct io_sound sound = {COUNT, sample};
  struct io_spectrum *spectrum;
  struct rt_error error = {0};
  float energy[BANDS];
  int64_t most = 0;
  for (int k = 0; k < COUNT; k++) sample[k] = (int16_t)lrint(16000 * sin(2 * M_PI * hertz * k / RATE));
  if (io_spectrum_new(&spectrum, &form, &error) != RT_OK) skip();
  io_spectrum_frame(spectrum, &sound, change, 8, energy);
  for (int64_t b = 1; b < BANDS; b++)
    if (energy[b] > energy[most]) most = b;
  io_spectrum_attached(spectrum)->free(io_spectrum_attached(spectrum));
  return most;
}

/* The band in whose middle a frequency lies: bands are 4000 / 41 Hz apart. */
static int64_t band_of(double hertz) { return lrint(hertz / (RATE / 2.0 / (BANDS + 1))) - 1; }

static void test_warp_moves_frequencies(void **state) {
  (void)state;
  assert_int_equal(loudest(1000, &(struct io_sound_change){0}), band_of(1000));
  assert_int_equal(loudest(1000, &(struct io_sound_change){.warp = 0.25}), band_of(800));
  assert_int_equal(loudest(1000, &(struct io_sound_change){.warp = -0.2}), band_of(1250));
  /* The highest frequency stays where it is. */
  assert_int_equal(loudest(3950, &(struct io_sound_change){.warp = 0.2}), BANDS - 1);
}

static void test_speed_moves_frequencies(void **state) {
  (void)state;
  assert_int_equal(loudest(1000, &(struct io_sound_change){.speed = 0.25}), band_of(1250));
  assert_int_equal(loudest(1000, &(struct io_sound_change){.speed = -0.2}), band_of(800));
}

/* What a program asks for alone is drawn, within its limits, and the same for the same seed. */
static void test_changes_are_drawn_within_limits(void **state) {
  (void)state;
  int16_t sample[4] = {100, -100, 100, -100};
  const struct io_sound sound = {4, sample};
  double least = 1, most = -1;
  for (uint64_t seed = 0; seed < 200; seed++) {
    struct io_sound_change a, b;
    io_sound_change_draw(&(struct io_sound_changes){.speed = 10}, seed, &sound, &a);
    io_sound_change_draw(&(struct io_sound_changes){.speed = 10, .warp = 20}, seed, &sound, &b);
    assert_true(a.speed == b.speed && a.warp == 0 && fabs(b.warp) <= 0.2);
    least = fmin(least, a.speed);
    most = fmax(most, a.speed);
  }
  assert_true(least >= -0.1 && least < -0.09 && most <= 0.1 && most > 0.09);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_warp_moves_frequencies),
      cmocka_unit_test(test_speed_moves_frequencies),
      cmocka_unit_test(test_changes_are_drawn_within_limits),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
