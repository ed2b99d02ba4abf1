/* fuzz_image.c: an image file of any bytes, in grey, in colour and as it is. */
#include "runtime/io/image.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const int channels[] = {0, IO_GREY, IO_COLOUR};
  fuzz_limit_memory(8 << 20, 32 << 20);
  for (size_t k = 0; k < RT_COUNT(channels); k++) {
    struct io_image image, small = {4, 4, 0, NULL};
    struct rt_error error = {0};
    if (io_image_decode(data, size, channels[k], &image, &error) != RT_OK) continue;
    io_image_resize(&image, IO_RESIZE_PAD, &small, &error);
    io_image_free(&small);
    io_image_free(&image);
  }
  return 0;
}
