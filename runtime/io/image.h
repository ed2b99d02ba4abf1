/* image.h: images out of PNG and JPEG files: rows from the top, in each its points from the left, in each its
 * channels, a byte each.
 *
 * A file is hostile until it is decoded. Its sizes are read and limited before memory is taken for them. What
 * is damaged or cut off is refused, never filled up; and nothing is printed. */
#ifndef AQ_RUNTIME_IO_IMAGE_H
#define AQ_RUNTIME_IO_IMAGE_H

#include "runtime/base.h"

enum {
  IO_IMAGE_SIDE = 1 << 14,   /* points of the longest side of a file */
  IO_IMAGE_POINTS = 1 << 26, /* of an image of a file */
  IO_IMAGE_BYTES = 1 << 28,  /* of a file */
  IO_GREY = 1,               /* channels */
  IO_COLOUR = 3,
};

struct io_image {
  int32_t height, width;
  int channels; /* of what was decoded 1 to 4: grey or colour, each with its opacity behind it or without */
  unsigned char *bytes;
};
void io_image_free(struct io_image *image);
/* Bytes for the sizes that it has. RT_NO_MEMORY. */
int io_image_room(struct io_image *image);
static inline size_t io_image_size(const struct io_image *image) {
  return (size_t)image->height * (size_t)image->width * (size_t)image->channels;
}

/* Decodes a file with the channels that are wanted, IO_GREY or IO_COLOUR; 0: those that the file has. What is
 * transparent is laid on white. RT_BAD_DATA with what is wrong, without a place. */
int io_image_decode(const unsigned char *bytes, size_t length, int channels, struct io_image *image,
                    struct rt_error *error);
/* Gives a decoded image the channels that are wanted, as io_image_decode does. RT_NO_MEMORY. */
int io_image_convert(struct io_image *image, int channels, struct rt_error *error);

/* What decodes PNG files, and JPEG files; NULL: aq was built without it. */
const char *io_png_library(void);
const char *io_jpeg_library(void);

/* Adds it to out as a PNG file, whatever aq was built with. RT_BAD_DATA for an image without points. */
int io_png_encode(const struct io_image *image, struct rt_text *out, struct rt_error *error);

/* How an image of other sizes becomes one of those that are wanted. */
enum io_resize { IO_RESIZE_STRETCH = 1, IO_RESIZE_CROP, IO_RESIZE_PAD };
/* Makes *to, of which height and width are given and are at least 1: all of the image, whatever its
 * proportions; the middle part that fills it; or all of it in the middle, with black around. Each point is
 * the mean of those that it covers, with weights that fall to 0 in a straight line. RT_NO_MEMORY. */
int io_image_resize(const struct io_image *from, enum io_resize how, struct io_image *to,
                    struct rt_error *error);
/* The image becomes one of those sizes, unless it is. RT_NO_MEMORY. */
int io_image_fit(struct io_image *image, enum io_resize how, int32_t height, int32_t width,
                 struct rt_error *error);

/* ---- for image.c ---- */

/* Are the sizes within the limits? */
int io_image_check(int64_t height, int64_t width, struct rt_error *error);
/* Each decodes into an empty image and leaves it to the caller to free, also after a failure. */
int io_png_decode(const unsigned char *bytes, size_t length, struct io_image *image, struct rt_error *error);
int io_jpeg_decode(const unsigned char *bytes, size_t length, struct io_image *image, struct rt_error *error);

#endif
