/* test_image_encode.c: images that are written and read again. */
#include "runtime/io/image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static void reads_back_what_was_written(void **state) {
  (void)state;
  static const int channels[] = {IO_GREY, IO_COLOUR};
  for (size_t k = 0; k < RT_COUNT(channels); k++) {
    struct rt_error error = {0};
    struct rt_text file = {0};
    struct io_image image = {7, 300, channels[k], NULL}, back = {0};
    assert_int_equal(io_image_room(&image), RT_OK);
    for (size_t b = 0; b < io_image_size(&image); b++) image.bytes[b] = (unsigned char)(b * b % 251);
    assert_int_equal(io_png_encode(&image, &file, &error), RT_OK);
    const int status = io_image_decode((unsigned char *)file.data, file.length, channels[k], &back, &error);
    if (status != RT_OK) assert_non_null(strstr(error.text, "built")); /* without libpng nothing reads it */
    if (status == RT_OK) assert_memory_equal(back.bytes, image.bytes, io_image_size(&image));
    io_image_free(&back);
    io_image_free(&image);
    rt_text_free(&file);
  }
}

static void an_image_without_points_is_refused(void **state) {
  (void)state;
  struct rt_error error = {0};
  struct rt_text file = {0};
  assert_int_equal(io_png_encode(&(struct io_image){0, 4, IO_GREY, NULL}, &file, &error), RT_BAD_DATA);
  assert_int_equal(file.length, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(reads_back_what_was_written),
                                     cmocka_unit_test(an_image_without_points_is_refused)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
