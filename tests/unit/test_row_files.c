/* test_row_files.c: images and sounds in memory, as files and decoded: models learn and answer the same as
 * from files by name, and what is wrong is told with row and column. */
#include "tests/unit/libaq_files.h"

#include <math.h>

enum { ROWS = 2, PNG = 74, SAMPLES = 400, WAV = 44 + 2 * SAMPLES };

/* 2 x 2 points: 10 20 30 40, and 200 210 220 230. */
static const char png[ROWS][PNG + 1] = {
    "\211PNG\015\012\032\012\0\0\0\015IHDR\0\0\0\002\0\0\0\002\010\0\0\0\0\127\335\122\370\0\0\0\021IDAT\170"
    "\001\001\006\0\371\377\0\012\024\0\036\050\0\354\0\145\347\314\027\254\0\0\0\0IEND\256\102\140\202",
    "\211PNG\015\012\032\012\0\0\0\015IHDR\0\0\0\002\0\0\0\002\010\0\0\0\0\127\335\122\370\0\0\0\021IDAT\170"
    "\001\001\006\0\371\377\0\310\322\0\334\346\011\324\003\135\223\156\213\050\0\0\0\0IEND\256\102\140\202"};
static const unsigned char points[ROWS][4] = {{10, 20, 30, 40}, {200, 210, 220, 230}};
static const char *const label[ROWS] = {"dark", "light"};

static const char image_program[] =
    "data { picture: image[2, 2, 1], shade: class[C] }\n"
    "model m(picture) -> shade { return linear(reshape(picture, [4]), C) }\n"
    "train { optimizer = adamw(lr = 0.1), batch = 2, epochs = 5, seed = 3 }\n";
static const char sound_program[] =
    "data { heard: audio[T], note: class[C] }\n"
    "model m(heard) -> note { return param[C] * mean(heard * heard, T) }\n"
    "train { optimizer = adamw(lr = 0.1), batch = 2, epochs = 5, seed = 3 }\n";

/* aq can be built without what decodes images, and sounds. */
static bool can_read(const char *what) {
  char *text, missing[80];
  assert_int_equal(aq_doctor(AQ_TEXT, &text, NULL), AQ_OK);
  snprintf(missing, sizeof missing, "built without %s", what);
  const bool reads = !strstr(text, missing);
  aq_text_free(text);
  return reads;
}

static aq_rows *labelled(const char *name) {
  aq_rows *rows;
  assert_int_equal(aq_rows_new(&rows), AQ_OK);
  assert_int_equal(aq_rows_texts(rows, name, label, NULL, ROWS), AQ_OK);
  return rows;
}

static aq_model *trained_of_rows(const char *text, const aq_rows *rows) {
  aq_program *program = program_of(text);
  aq_train_options options;
  aq_trainer *trainer;
  aq_model *model = NULL;
  aq_train_options_init(&options);
  options.rows = options.valid_rows = rows;
  if (aq_trainer_new(program, &options, &trainer) || aq_trainer_run(trainer)
      || aq_trainer_model(trainer, &model))
    fail_msg("%s", aq_trainer_message(trainer)->text);
  aq_trainer_free(trainer);
  aq_program_free(program);
  return model;
}

/* The probability of the first class for each row. */
static void ask(aq_model *model, const aq_rows *rows, double p[static ROWS]) {
  aq_session *session = session_of(model, NULL);
  if (aq_session_predict_rows(session, rows, NULL)) fail_msg("%s", aq_session_message(session)->text);
  for (size_t r = 0; r < ROWS; r++) {
    assert_null(aq_session_row_message(session, r));
    p[r] = *aq_session_row_scores(session, r, 0, NULL, NULL);
  }
  aq_session_free(session);
}

static void same_numbers(const double *a, const double *b) { assert_memory_equal(a, b, ROWS * sizeof *a); }

static void good(aq_rows *rows, int status) {
  if (status != AQ_OK) fail_msg("%s", aq_rows_message(rows)->text);
}

/* ---- images ---- */

static aq_rows *png_rows(void) {
  static const size_t length[ROWS] = {PNG, PNG};
  const void *const file[ROWS] = {png[0], png[1]};
  aq_rows *rows = labelled("shade");
  good(rows, aq_rows_bytes(rows, "picture", file, length, ROWS));
  return rows;
}

static aq_rows *point_rows(void) {
  const aq_image image[ROWS] = {{sizeof *image, 2, 2, 1, points[0]}, {sizeof *image, 2, 2, 1, points[1]}};
  const aq_image *const list[ROWS] = {&image[0], &image[1]};
  aq_rows *rows = labelled("shade");
  good(rows, aq_rows_images(rows, "picture", list, ROWS));
  return rows;
}

static void test_images(void **state) {
  (void)state;
  double by_name[ROWS], by_bytes[ROWS], by_points[ROWS];
  if (!can_read("libpng")) skip();
  aq_rows *bytes = png_rows(), *decoded = point_rows();
  write_bytes("0.png", png[0], PNG);
  write_bytes("1.png", png[1], PNG);
  aq_model *named =
               trained(image_program, write_text("i.tsv", "picture\tshade\n0.png\tdark\n1.png\tlight\n")),
           *own = trained_of_rows(image_program, bytes), *typed = trained_of_rows(image_program, decoded);
  ask(named, bytes, by_name);
  ask(own, bytes, by_bytes);
  ask(typed, decoded, by_points);
  same_numbers(by_name, by_bytes);
  same_numbers(by_name, by_points);
  assert_true(by_name[0] != by_name[1]);
  aq_model_free(named);
  aq_model_free(own);
  aq_model_free(typed);
  aq_rows_free(bytes);
  aq_rows_free(decoded);
}

/* What the column wants comes of what there is: red, green, blue and opacity, and no opacity is white. */
static void test_channels(void **state) {
  (void)state;
  static const unsigned char colours[16] = {10, 10, 10, 255, 20, 20, 20, 255,
                                            30, 30, 30, 255, 40, 40, 40, 255},
                             none[8] = {0, 0, 9, 0, 99, 0, 200, 0};
  static const unsigned char white[4] = {255, 255, 255, 255};
  const aq_image grey[ROWS] = {{sizeof *grey, 2, 2, 1, points[0]}, {sizeof *grey, 2, 2, 1, white}},
                 other[ROWS] = {{sizeof *other, 2, 2, 4, colours}, {sizeof *other, 2, 2, 2, none}};
  const aq_image *const a[ROWS] = {&grey[0], &grey[1]}, *const b[ROWS] = {&other[0], &other[1]};
  double first[ROWS], second[ROWS];
  aq_rows *rows = point_rows();
  aq_model *model = trained_of_rows(image_program, rows);
  aq_rows_clear(rows);
  good(rows, aq_rows_images(rows, "picture", a, ROWS));
  ask(model, rows, first);
  aq_rows_clear(rows);
  good(rows, aq_rows_images(rows, "picture", b, ROWS));
  ask(model, rows, second);
  same_numbers(first, second);
  aq_model_free(model);
  aq_rows_free(rows);
}

static void test_bad_rows(void **state) {
  (void)state;
  if (!can_read("libpng")) skip();
  const void *const file[] = {png[0], png[1], "GIF89a", NULL, "0.png"};
  const size_t length[] = {PNG, PNG - 20, 6, 0, 5};
  static const char *const told[] = {NULL, "row 2, column `picture`: it is a damaged PNG file",
                                     "row 3, column `picture`: it is a GIF",
                                     "row 4, column `picture`: column \"picture\" has no image in this row",
                                     "row 5, column `picture`: it is neither"}; /* and no name */
  aq_rows *rows = png_rows();
  aq_model *model = trained_of_rows(image_program, rows);
  aq_eval_options options;
  aq_eval_options_init(&options);
  options.bad_rows = AQ_BAD_ROW_SKIP;
  aq_session *session = session_of(model, &options), *strict = session_of(model, NULL);
  aq_rows_clear(rows);
  good(rows, aq_rows_bytes(rows, "picture", file, length, 5));
  assert_int_equal(aq_session_predict_rows(session, rows, NULL), AQ_OK);
  for (size_t r = 0; r < 5; r++) {
    const aq_message *message = aq_session_row_message(session, r);
    assert_int_equal(message != NULL, told[r] != NULL);
    if (message && strncmp(message->text, told[r], strlen(told[r])) != 0)
      fail_msg("%s, where %s was expected", message->text, told[r]);
    if (message) assert_int_equal(message->line, r + 1);
  }
  assert_int_equal(aq_session_predict_rows(strict, rows, NULL), AQ_BAD_DATA);
  assert_int_equal(aq_session_message(strict)->line, 2);
  aq_session_free(session);
  aq_session_free(strict);
  aq_model_free(model);
  aq_rows_free(rows);
}

/* An image that is not there is a bad row of a column of pixels too, and no other row's image. */
static void test_no_pixels(void **state) {
  (void)state;
  static const char program[] = "data { picture: pixels[T, 256](height = 2, width = 2), shade: class[C] }\n"
                                "model m(picture) -> shade { return linear(mean(embed(picture, 4), T), C) }\n"
                                "train { optimizer = adamw(lr = 0.1), batch = 2, epochs = 2, seed = 3 }\n";
  const aq_image image = {sizeof image, 2, 2, 1, points[1]};
  const aq_image *const list[ROWS] = {NULL, &image};
  aq_rows *rows = point_rows();
  aq_model *model = trained_of_rows(program, rows);
  aq_eval_options options;
  aq_eval_options_init(&options);
  options.bad_rows = AQ_BAD_ROW_SKIP;
  aq_session *session = session_of(model, &options);
  aq_rows_clear(rows);
  good(rows, aq_rows_images(rows, "picture", list, ROWS));
  assert_int_equal(aq_session_predict_rows(session, rows, NULL), AQ_OK);
  assert_non_null(aq_session_row_message(session, 0));
  assert_string_equal(aq_session_row_message(session, 0)->text,
                      "row 1, column `picture`: column \"picture\" has no image in this row");
  assert_null(aq_session_row_message(session, 1));
  aq_session_free(session);
  aq_model_free(model);
  aq_rows_free(rows);
}

/* ---- sounds ---- */

/* A tone of 500 Hz at 16,000 samples a second, and the WAV file of it. */
static void make_sound(double loud, float sample[static SAMPLES], unsigned char wav[static WAV]) {
  static const unsigned char header[44] =
      "RIFF\x44\x03\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x80\x3e\0\0\0\x7d\0\0\2\0\x10\0data\x20\x03\0";
  memcpy(wav, header, sizeof header);
  for (int k = 0; k < SAMPLES; k++) {
    const int16_t level = (int16_t)lrint(loud * sin(3.14159265358979 * k / 16));
    wav[44 + 2 * k] = (unsigned char)(level & 255);
    wav[45 + 2 * k] = (unsigned char)((uint16_t)level >> 8);
    sample[k] = (float)level / 32768;
  }
}

static void test_sounds(void **state) {
  (void)state;
  static float sample[ROWS][SAMPLES], both[SAMPLES][2];
  static unsigned char wav[ROWS][WAV];
  if (!can_read("libsndfile")) skip();
  double by_bytes[ROWS], by_samples[ROWS];
  for (int r = 0; r < ROWS; r++) make_sound(r ? 3000 : 20000, sample[r], wav[r]);
  for (int k = 0; k < SAMPLES; k++) both[k][0] = sample[0][k] / 2, both[k][1] = sample[0][k] * 1.5F;
  const void *const file[ROWS] = {wav[0], wav[1]};
  const size_t length[ROWS] = {WAV, WAV};
  const aq_sound sound[ROWS] = {{sizeof *sound, 16000, 2, SAMPLES, both[0]},
                                {sizeof *sound, 16000, 1, SAMPLES, sample[1]}};
  const aq_sound *const list[ROWS] = {&sound[0], &sound[1]};
  aq_rows *bytes = labelled("note"), *samples = labelled("note");
  good(bytes, aq_rows_bytes(bytes, "heard", file, length, ROWS));
  good(samples, aq_rows_sounds(samples, "heard", list, ROWS));
  aq_model *model = trained_of_rows(sound_program, samples);
  ask(model, samples, by_samples);
  assert_true(by_samples[0] != by_samples[1]);
  aq_model *other = trained_of_rows(sound_program, bytes);
  ask(other, bytes, by_bytes);
  same_numbers(by_bytes, by_samples);
  aq_model_free(model);
  aq_model_free(other);
  aq_rows_free(bytes);
  aq_rows_free(samples);
}

/* ---- what is refused at once ---- */

static void refused(aq_rows *rows, int status, const char *why) {
  assert_int_equal(status, AQ_USAGE);
  if (!strstr(aq_rows_message(rows)->text, why))
    fail_msg("%s, where %s was expected", aq_rows_message(rows)->text, why);
  assert_int_equal(aq_rows_count(rows), 0);
}

static void test_refused(void **state) {
  (void)state;
  aq_rows *rows;
  float one = 0;
  aq_image image = {sizeof image, 2, 2, 5, points[0]};
  aq_sound sound = {sizeof sound, 16000, 1, SIZE_MAX, &one};
  const aq_image *const images[] = {&image};
  const aq_sound *const sounds[] = {&sound};
  const void *const file[] = {png[0]};
  const size_t length[] = {SIZE_MAX};
  assert_int_equal(aq_rows_new(&rows), AQ_OK);
  refused(rows, aq_rows_images(rows, "a", images, 1), "image[0] of the column `a`: it has 5 channels");
  image.height = SIZE_MAX;
  refused(rows, aq_rows_images(rows, "a", images, 1), "too large");
  image.height = 0;
  refused(rows, aq_rows_images(rows, "a", images, 1), "no points");
  image.size = 8;
  refused(rows, aq_rows_images(rows, "a", images, 1), "the size of aq_image is given as 8");
  image = (aq_image){sizeof image, 2, 2, 1, NULL};
  refused(rows, aq_rows_images(rows, "a", images, 1), "its bytes are NULL");
  refused(rows, aq_rows_sounds(rows, "a", sounds, 1), "sound[0] of the column `a`: it has more than");
  sound.rate = 1;
  refused(rows, aq_rows_sounds(rows, "a", sounds, 1), "it has 1 samples a second");
  sound.channels = 0;
  refused(rows, aq_rows_sounds(rows, "a", sounds, 1), "it has 0 channels");
  refused(rows, aq_rows_bytes(rows, "a", file, length, 1), "has no files that long");
  assert_string_equal(aq_rows_message(rows)->hint, "");
  refused(rows, aq_rows_bytes(rows, "a", file, NULL, 1), "length is NULL");
  refused(rows, aq_rows_bytes(rows, "a", NULL, length, 1), "there are no files");
  aq_rows_free(rows);
}

/* Sounds for a column of images, and files for one of texts. */
static void test_wrong_kind(void **state) {
  (void)state;
  static const float silence[SAMPLES];
  const aq_sound sound = {sizeof sound, 16000, 1, SAMPLES, silence};
  const aq_sound *const list[ROWS] = {&sound, &sound};
  aq_rows *rows = point_rows(), *texts = png_rows();
  aq_model *model = trained_of_rows(image_program, rows), *reads = trained_reader();
  aq_session *session = session_of(model, NULL), *reading = session_of(reads, NULL);
  aq_rows_clear(rows);
  good(rows, aq_rows_sounds(rows, "picture", list, ROWS));
  assert_int_equal(aq_session_predict_rows(session, rows, NULL), AQ_USAGE);
  assert_string_equal(aq_session_message(session)->text,
                      "the rows have sounds in the column `picture`, which is `image` in the program");
  assert_non_null(strstr(aq_session_message(session)->hint, "aq_rows_images"));
  aq_rows_clear(rows);
  const void *const file[] = {"good film"};
  const size_t length[] = {9};
  good(rows, aq_rows_bytes(rows, "text", file, length, 1));
  assert_int_equal(aq_session_predict_rows(reading, rows, NULL), AQ_USAGE);
  assert_non_null(strstr(aq_session_message(reading)->hint, "aq_rows_texts"));
  aq_session_free(session);
  aq_session_free(reading);
  aq_model_free(model);
  aq_model_free(reads);
  aq_rows_free(rows);
  aq_rows_free(texts);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_images),    cmocka_unit_test(test_channels),
                                     cmocka_unit_test(test_bad_rows),  cmocka_unit_test(test_no_pixels),
                                     cmocka_unit_test(test_sounds),    cmocka_unit_test(test_refused),
                                     cmocka_unit_test(test_wrong_kind)};
  return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
