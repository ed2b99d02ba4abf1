/* image_room.c: memory for images, and which sizes they may have. */
#include "runtime/io/image.h"

void io_image_free(struct io_image *image) {
  rt_free(image->bytes);
  *image = (struct io_image){0};
}

int io_image_room(struct io_image *image) {
  image->bytes = rt_alloc(io_image_size(image));
  return image->bytes ? RT_OK : RT_NO_MEMORY;
}

int io_image_check(int64_t height, int64_t width, struct rt_error *error) {
  if (height < 1 || width < 1)
    return rt_fail(error, RT_BAD_DATA, "it is %lld x %lld, and so has no points", (long long)height,
                   (long long)width);
  if (height <= IO_IMAGE_SIDE && width <= IO_IMAGE_SIDE && height * width <= IO_IMAGE_POINTS) return RT_OK;
  rt_fail(error, RT_BAD_DATA, "it is %lld x %lld (height x width), which is too large", (long long)height,
          (long long)width);
  rt_hint(error, "no side may have more than %d points, nor the whole image more than %d million",
          IO_IMAGE_SIDE, IO_IMAGE_POINTS / 1000000);
  return RT_BAD_DATA;
}
