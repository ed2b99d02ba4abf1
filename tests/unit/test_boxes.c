/* test_boxes.c: average precision of boxes, by hand; boxes that move with their image. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "libaq/judge/report.h"
#include "runtime/io/boxes.h"

#define CLOSE(a, b) assert_true(fabs((a) - (b)) < 1e-9)

static void begin(struct rep_report *r) {
  size_t index;
  assert_int_equal(rep_init(r, REP_BOXES, NULL), RT_OK);
  assert_int_equal(rep_class(r, "circle", &index, NULL), RT_OK);
  assert_int_equal(rep_class(r, "square", &index, NULL), RT_OK);
  rep_model_classes(r);
}

/* Things and boxes are as wide as the image and `high`, from `top` on. */
#define THING(top, high, kind)                                                                               \
  { {0, top, 1, (top) + (high)}, kind, 0, 0 }
#define BOX(top, high, kind, score)                                                                          \
  { {0, top, 1, (top) + (high)}, score, kind, false }
#define ADD(r, things, boxes)                                                                                \
  assert_int_equal(                                                                                          \
      rep_add_image(r, &(struct rep_image){things, boxes, RT_COUNT(things), RT_COUNT(boxes)}, NULL), RT_OK)

static void what_is_found_exactly_is_all(void **state) {
  (void)state;
  struct rep_report r;
  begin(&r);
  struct rep_thing things[] = {THING(0, 0.3, 0), THING(0.5, 0.2, 1)};
  struct rep_box boxes[] = {BOX(0.5, 0.2, 1, 0.6), BOX(0, 0.3, 0, 0.9)};
  ADD(&r, things, boxes);
  CLOSE(rep_box_precision(&r), 1);
  CLOSE(rep_box_precision_range(&r), 1);
  rep_free(&r);
}

/* Right, wrong, right by falling score: precision 1, 1/2, 2/3 at recalls 1/2, 1/2, 1. */
static void precision_is_the_highest_from_there_on(void **state) {
  (void)state;
  struct rep_report r;
  begin(&r);
  struct rep_thing things[] = {THING(0, 0.2, 0), THING(0.8, 0.2, 0)};
  struct rep_box boxes[] = {BOX(0.8, 0.2, 0, 0.5), BOX(0.4, 0.2, 0, 0.7), BOX(0, 0.2, 0, 0.9)};
  ADD(&r, things, boxes);
  CLOSE(rep_box_precision(&r), (51 + 50 * 2 / 3.0) / 101);
  assert_int_equal(r.classes[0].predictions, 2); /* above one half */
  assert_int_equal(r.classes[0].hits, 1);
  rep_free(&r);
}

static void a_thing_is_found_once(void **state) {
  (void)state;
  struct rep_report r;
  begin(&r);
  struct rep_thing things[] = {THING(0, 0.2, 0), THING(0.8, 0.2, 0)};
  struct rep_box boxes[] = {BOX(0, 0.2, 0, 0.9), BOX(0, 0.19, 0, 0.8)};
  ADD(&r, things, boxes);
  CLOSE(rep_box_precision(&r), 51 / 101.0); /* half of the things, the first at precision 1 */
  assert_int_equal(r.classes[0].hits, 1);
  assert_int_equal(r.classes[0].predictions, 2);
  assert_int_equal(r.classes[0].truths, 2);
  rep_free(&r);
}

/* An overlap of 0.62 is enough for 0.5, 0.55 and 0.6. */
static void the_range_asks_for_more_overlap(void **state) {
  (void)state;
  struct rep_report r;
  begin(&r);
  struct rep_thing things[] = {THING(0, 1, 0)};
  struct rep_box boxes[] = {BOX(0, 0.62, 0, 0.9)};
  ADD(&r, things, boxes);
  CLOSE(rep_box_precision(&r), 1);
  CLOSE(rep_box_precision_range(&r), 0.3);
  rep_free(&r);
}

static void classes_count_that_some_image_has(void **state) {
  (void)state;
  struct rep_report r;
  begin(&r);
  size_t star;
  assert_int_equal(rep_class(&r, "star", &star, NULL), RT_OK);
  struct rep_thing things[] = {THING(0, 0.3, 0)};
  struct rep_box boxes[] = {BOX(0, 0.3, 1, 0.9), BOX(0, 0.3, 0, 0.4)};
  ADD(&r, things, boxes);
  CLOSE(rep_box_precision(&r), 1); /* nobody asks how good squares are */
  struct rep_thing unseen[] = {THING(0, 0.3, 2)};
  ADD(&r, unseen, boxes);
  CLOSE(rep_class_box_precision(&r, star, false), 0);
  assert_true(rep_box_precision(&r) < 0.51);
  assert_true(isnan(rep_class_box_precision(&r, 1, false)));
  assert_int_equal(rep_unseen_rows(&r), 1);
  rep_free(&r);
}

static void two_reports_are_as_one(void **state) {
  (void)state;
  struct rep_report part[2], all;
  begin(&all);
  for (int p = 0; p < 2; p++) {
    begin(&part[p]);
    struct rep_thing things[] = {THING(0, 0.3, 0), THING(0.5, 0.3, 1)};
    struct rep_box boxes[] = {BOX(0.1 * p, 0.3, 0, 0.9 - 0.3 * p), BOX(0.5, 0.2, p, 0.7)};
    ADD(&part[p], things, boxes);
    for (size_t t = 0; t < RT_COUNT(things); t++) things[t].taken = 0;
    ADD(&all, things, boxes);
  }
  assert_int_equal(rep_merge(&part[0], &part[1], NULL), RT_OK);
  CLOSE(rep_box_precision(&part[0]), rep_box_precision(&all));
  CLOSE(rep_box_precision_range(&part[0]), rep_box_precision_range(&all));
  assert_int_equal(part[0].rows, 2);
  for (int p = 0; p < 2; p++) rep_free(&part[p]);
  rep_free(&all);
}

static void nothing_has_no_precision(void **state) {
  (void)state;
  struct rep_report r;
  begin(&r);
  assert_true(isnan(rep_box_precision(&r)));
  assert_int_equal(rep_add_image(&r, &(struct rep_image){0}, NULL), RT_OK);
  assert_true(isnan(rep_box_precision(&r)));
  struct rep_box boxes[] = {BOX(0, NAN, 0, 0.9)};
  assert_int_equal(rep_add_image(&r, &(struct rep_image){NULL, boxes, 0, 1}, NULL), RT_NOT_FINITE);
  assert_int_equal(r.rows, 1);
  rep_free(&r);
}

/* ---- in their image ---- */

static void forms_come_back(void **state) {
  (void)state;
  for (int64_t form = 0; form <= IO_BOX_CENTRE; form++) {
    const struct io_settings set = {.own = {[IO_BOX_FORM] = form, [IO_BOX_WIDTH] = 64, [IO_BOX_HEIGHT] = 32}};
    double box[] = {16, 12, 20, 14};
    assert_null(io_box_read(&set, box));
    CLOSE(box[3], (form == IO_BOX_SIZE ? 26 : form == IO_BOX_CENTRE ? 19 : 14) / 32.0);
    io_box_write(&set, box);
    CLOSE(box[0], 16);
    CLOSE(box[3], 14);
  }
}

static void wrong_boxes_are_told(void **state) {
  (void)state;
  const struct io_settings set = {0};
  assert_non_null(io_box_read(&set, (double[]){0.5, 0, 0.4, 1}));
  assert_non_null(io_box_read(&set, (double[]){0.5, 0.5, 0.6, 0.5}));
  assert_non_null(io_box_read(&set, (double[]){0, 0, 1.1, 1}));
  assert_non_null(io_box_read(&set, (double[]){-0.1, 0, 1, 1}));
  assert_null(io_box_read(&set, (double[]){0, 0, 1 + 1e-9, 1}));
}

/* A white rectangle, changed as images are, stays within its box and fills it. */
static void boxes_move_with_their_points(void **state) {
  (void)state;
  enum { SIDE = 40 };
  unsigned char bytes[SIDE * SIDE];
  const struct io_image image = {SIDE, SIDE, 1, bytes};
  for (int k = 0; k < SIDE * SIDE; k++)
    bytes[k] = k % SIDE >= 12 && k % SIDE < 22 && k / SIDE >= 16 && k / SIDE < 30 ? 255 : 0;
  for (uint64_t seed = 0; seed < 200; seed++) {
    const struct io_changes changes = {seed % 2, (int64_t)seed % 6, seed % 3 ? 70 : 0, 0};
    struct io_change change;
    double box[] = {12.0 / SIDE, 16.0 / SIDE, 22.0 / SIDE, 30.0 / SIDE}, level[IO_COLOUR];
    io_change_draw(&changes, seed, &image, &change);
    if (!io_box_move(&change, SIDE, SIDE, box)) continue;
    int64_t least[] = {SIDE, SIDE}, most[] = {0, 0};
    for (int64_t y = 0; y < SIDE; y++)
      for (int64_t x = 0; x < SIDE; x++) {
        io_change_point(&change, &image, y, x, level);
        if (level[0] < 128) continue;
        least[0] = x < least[0] ? x : least[0];
        least[1] = y < least[1] ? y : least[1];
        most[0] = x + 1 > most[0] ? x + 1 : most[0];
        most[1] = y + 1 > most[1] ? y + 1 : most[1];
      }
    for (int k = 0; k < 2; k++) {
      assert_true(fabs(box[k] * SIDE - (double)least[k]) <= 0.51);
      assert_true(fabs(box[k + 2] * SIDE - (double)most[k]) <= 0.51);
    }
  }
}

static void what_is_hardly_seen_is_left_out(void **state) {
  (void)state;
  const struct io_change left = {.scale = 1, .top = 0, .left = 8}; /* points come from 8 further right */
  double box[] = {0, 0, 10 / 40.0, 1};
  assert_false(io_box_move(&left, 40, 40, box));
  double more[] = {0, 0, 12 / 40.0, 1};
  assert_true(io_box_move(&left, 40, 40, more));
  CLOSE(more[0], 0);
  CLOSE(more[2], 4 / 40.0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_found_exactly_is_all),
      cmocka_unit_test(precision_is_the_highest_from_there_on),
      cmocka_unit_test(a_thing_is_found_once),
      cmocka_unit_test(the_range_asks_for_more_overlap),
      cmocka_unit_test(classes_count_that_some_image_has),
      cmocka_unit_test(two_reports_are_as_one),
      cmocka_unit_test(nothing_has_no_precision),
      cmocka_unit_test(forms_come_back),
      cmocka_unit_test(wrong_boxes_are_told),
      cmocka_unit_test(boxes_move_with_their_points),
      cmocka_unit_test(what_is_hardly_seen_is_left_out),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
