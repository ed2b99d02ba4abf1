/* test_frame_beam.c: the likeliest text that frames spell, against the sum over all ways of every text. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "libaq/predict/frame_beam.h"
#include "runtime/random.h"

enum { CLASSES = 3, BLANK = CLASSES - 1, LONGEST = 7, TEXTS = 1 << (LONGEST + 1), TRIALS = 400 };

static uint64_t draws;

/* Frames of which some say one thing and others hardly anything. */
static void draw_frames(double *p, int64_t frames) {
  for (int64_t f = 0; f < frames; f++) {
    double sum = 0;
    const double sharp = 6 * rt_random_uniform(1, draws++);
    for (int k = 0; k < CLASSES; k++) sum += p[f * CLASSES + k] = exp(sharp * rt_random_uniform(1, draws++));
    for (int k = 0; k < CLASSES; k++) p[f * CLASSES + k] /= sum;
  }
}

/* A text of two letters as a number: a 1, and then a bit for each. */
static int number_of(const int32_t *id, size_t count) {
  int number = 1;
  for (size_t k = 0; k < count; k++) number = 2 * number + id[k];
  return number;
}

static int spelled(const int *way, int64_t frames) {
  int32_t id[LONGEST];
  size_t count = 0;
  for (int64_t f = 0; f < frames; f++)
    if (way[f] != BLANK && (f == 0 || way[f] != way[f - 1])) id[count++] = way[f];
  return number_of(id, count);
}

/* of: [TEXTS] the probability of each text */
static void add_all_ways(const double *p, int64_t frames, double *of) {
  int way[LONGEST] = {0};
  memset(of, 0, TEXTS * sizeof *of);
  for (int64_t f = 0; f < frames;) {
    double product = 1;
    for (int64_t k = 0; k < frames; k++) product *= p[k * CLASSES + way[k]];
    of[spelled(way, frames)] += product;
    for (f = 0; f < frames && ++way[f] == CLASSES; f++) way[f] = 0;
  }
}

static int best_path(const double *p, int64_t frames) {
  int way[LONGEST];
  for (int64_t f = 0; f < frames; f++) {
    way[f] = 0;
    for (int k = 1; k < CLASSES; k++)
      if (p[f * CLASSES + k] > p[f * CLASSES + way[f]]) way[f] = k;
  }
  return spelled(way, frames);
}

static int by_beam(struct frame_beam *beam, const double *p, int64_t frames, int64_t width) {
  int32_t id[LONGEST];
  assert_int_equal(frame_beam_read(beam, p, frames, CLASSES, width, id), RT_OK);
  assert_true((int64_t)beam->count <= frames);
  return number_of(id, beam->count);
}

static void test_a_wide_beam_is_the_likeliest_text(void **state) {
  (void)state;
  struct frame_beam beam = {0};
  double p[LONGEST * CLASSES], of[TEXTS];
  int better = 0;
  for (int trial = 0; trial < TRIALS; trial++) {
    const int64_t frames = 1 + trial % LONGEST;
    draw_frames(p, frames);
    add_all_ways(p, frames, of);
    double most = 0;
    for (int k = 0; k < TEXTS; k++) most = of[k] > most ? of[k] : most;
    assert_true(fabs(of[by_beam(&beam, p, frames, TEXTS)] - most) < 1e-12);
    better += of[best_path(p, frames)] < most - 1e-12;
  }
  assert_true(better > TRIALS / 20); /* the best path is often another one */
  frame_beam_free(&beam);
}

static void test_a_narrow_beam_finds_more_than_the_best_path(void **state) {
  (void)state;
  struct frame_beam beam = {0};
  double p[LONGEST * CLASSES], of[TEXTS], path = 0, one = 0, four = 0;
  for (int trial = 0; trial < TRIALS; trial++) {
    draw_frames(p, LONGEST);
    add_all_ways(p, LONGEST, of);
    path += of[best_path(p, LONGEST)];
    one += of[by_beam(&beam, p, LONGEST, 1)];
    four += of[by_beam(&beam, p, LONGEST, 4)];
  }
  assert_true(four > one && four > path);
  frame_beam_free(&beam);
}

/* a and blank, 0.4 and 0.6 twice: no way is likelier than two blanks, and no text likelier than "a". */
static void test_ways_of_one_text_add_up(void **state) {
  (void)state;
  struct frame_beam beam = {0};
  const double p[] = {0.4, 0, 0.6, 0.4, 0, 0.6};
  assert_int_equal(best_path(p, 2), 1);
  assert_int_equal(by_beam(&beam, p, 2, 2), 2);
  assert_int_equal(by_beam(&beam, p, 0, 2), 1);
  frame_beam_free(&beam);
}

static void test_long_texts_do_not_vanish(void **state) {
  (void)state;
  enum { FRAMES = 4000 };
  struct frame_beam beam = {0};
  double *p = rt_zalloc((size_t)FRAMES * CLASSES, sizeof *p);
  int32_t *id = rt_zalloc(FRAMES, sizeof *id);
  assert_true(p && id);
  for (int f = 0; f < FRAMES; f++)
    for (int k = 0; k < CLASSES; k++) p[f * CLASSES + k] = k == (f % 2 ? BLANK : f / 2 % 2) ? 0.9 : 0.05;
  assert_int_equal(frame_beam_read(&beam, p, FRAMES, CLASSES, 8, id), RT_OK);
  assert_int_equal(beam.count, FRAMES / 2);
  for (size_t k = 0; k < beam.count; k++) assert_int_equal(id[k], k % 2);
  frame_beam_free(&beam);
  rt_free(p);
  rt_free(id);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_wide_beam_is_the_likeliest_text),
      cmocka_unit_test(test_a_narrow_beam_finds_more_than_the_best_path),
      cmocka_unit_test(test_ways_of_one_text_add_up),
      cmocka_unit_test(test_long_texts_do_not_vanish),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
