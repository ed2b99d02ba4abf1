/* test_row_images.c: the images that a model predicts, row by row of a table in memory. */
#include "tests/unit/libaq_files.h"

enum { PHOTO, SUM, OUTPUTS };

static const char program[] = "data { x: vector[2], photo: image[1, 2, 1](scale = signed), sum: number }\n"
                              "model m(x) -> photo, sum {\n"
                              "  return reshape(x, [1, 2, 1]) + 0 * sum(param[1]), x[0]\n"
                              "}\n"
                              "train { epochs = 0 }\n";

/* An image of 1 x 2 points as MNIST's files have them. */
static void write_idx(void) {
  static const char idx[] = "\0\0\010\003\0\0\0\001\0\0\0\001\0\0\0\002\063\314";
  FILE *file = fopen(path_of("one.idx"), "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(idx, 1, sizeof idx - 1, file), sizeof idx - 1);
  assert_int_equal(fclose(file), 0);
}

static void test_images_of_rows(void **state) {
  (void)state;
  static const char *const x[] = {"-0.6 0.2", "-3 7"};
  static const unsigned char points[][2] = {{51, 153}, {0, 255}};
  write_idx();
  aq_model *model = trained(program, write_text("rows.tsv", "x\tphoto\tsum\n1 2\tone.idx#0\t3\n"));
  aq_session *session = session_of(model, NULL);
  aq_rows *rows;
  assert_null(aq_session_row_image(session, 0, PHOTO)); /* nothing was predicted yet */
  assert_int_equal(aq_rows_new(&rows), AQ_OK);
  assert_int_equal(aq_rows_texts(rows, "x", x, NULL, 2), AQ_OK);
  assert_int_equal(aq_session_predict_rows(session, rows, NULL), AQ_OK);
  for (size_t r = 0; r < 2; r++) {
    const aq_image *image = aq_session_row_image(session, r, PHOTO);
    assert_int_equal(image->size, sizeof *image);
    assert_int_equal(image->height, 1);
    assert_int_equal(image->width, 2);
    assert_int_equal(image->channels, 1);
    assert_memory_equal(image->bytes, points[r], 2);
  }
  size_t height, channels;
  const double *score = aq_session_row_scores(session, 0, PHOTO, &height, &channels);
  assert_true(height == 2 && channels == 1 && score[0] > 0.1999 && score[0] < 0.2001);
  assert_null(aq_session_row_image(session, 0, SUM));
  assert_null(aq_session_row_image(session, 2, PHOTO));
  assert_null(aq_session_row_image(session, 0, OUTPUTS));
  assert_null(aq_session_row_image(NULL, 0, PHOTO));
  aq_rows_free(rows);
  aq_session_free(session);
  aq_model_free(model);
}

static int keep(void *context, const char *text, size_t length) {
  char *kept = context;
  strncat(kept, text, length);
  return 0;
}

/* The name of a file is that of the stream which has written it. */
static void test_streams(void **state) {
  (void)state;
  static const char *const x[] = {"-0.6 0.2"};
  char said[4096] = "", expected[4096];
  write_idx();
  aq_model *model = trained(program, write_text("rows.tsv", "x\tphoto\tsum\n1 2\tone.idx#0\t3\n"));
  aq_session *session = session_of(model, NULL);
  aq_predict_options options;
  aq_rows *rows;
  assert_int_equal(aq_rows_new(&rows), AQ_OK);
  assert_int_equal(aq_rows_texts(rows, "x", x, NULL, 1), AQ_OK);
  aq_predict_options_init(&options);
  options.rows = rows;
  options.write = keep;
  options.context = said;
  options.json = true;
  options.images = path_of("all.png");
  assert_int_equal(aq_session_predict_stream(session, &options), AQ_OK);
  snprintf(expected, sizeof expected, "{\"photo\":{\"image\":\"%s\"}", options.images);
  assert_memory_equal(said, expected, strlen(expected));
  said[0] = '\0';
  options.images = NULL;
  options.alert = "sum<0";
  assert_int_equal(aq_session_predict_stream(session, &options), AQ_OK);
  assert_non_null(strstr(said, "{\"photo\":null,\"sum\":-0.6"));
  aq_rows_free(rows);
  aq_session_free(session);
  aq_model_free(model);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_images_of_rows), cmocka_unit_test(test_streams)};
  return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
