/* image.c: see image.h: which sort of file it is, and the channels that are wanted. */
#include "runtime/io/image.h"

#include <string.h>

#include "runtime/io/file_sort.h"

static const char numbered[] = "an image of an idx file is named with its number from 0, as in FILE.idx#3";

/* What a file of another sort begins with. */
static const struct io_sort others[] = {
    {"a GIF", 0, 4, "GIF8", NULL},
    {"a WebP file", 8, 4, "WEBP", NULL},
    {"a BMP", 0, 2, "BM", NULL},
    {"a TIFF", 0, 4, "II*\0", NULL},
    {"a TIFF", 0, 4, "MM\0*", NULL},
    {"an AVIF or HEIC file", 4, 4, "ftyp", NULL},
    {"a PDF", 0, 5, "%PDF-", NULL},
    {"an SVG", 0, 4, "<svg", NULL},
    {"a NetPBM file", 0, 2, "P6", NULL},
    {"a NetPBM file", 0, 2, "P5", NULL},
    {"a NumPy file", 0, 6, "\x93NUMPY", NULL},
    {"an idx file, which has many images", 0, 4, "\0\0\x08\x03", numbered},
    {"an idx file, which has many images", 0, 4, "\0\0\x08\x04", numbered},
};
static const struct io_sorts known = {others, RT_COUNT(others), "an image is a PNG or a JPEG file",
                                      "a PNG nor a JPEG file"};

/* A mean of two bytes by a weight of 0 to 255, rounded. */
static unsigned char mix(unsigned a, unsigned b, unsigned weight) {
  return (unsigned char)((a * weight + b * (255 - weight) + 127) / 255);
}

/* Brightness as television has it (ITU-R BT.601), rounded. */
static unsigned char grey_of(const unsigned char *rgb) {
  return (unsigned char)((rgb[0] * 19595u + rgb[1] * 38470u + rgb[2] * 7471u + 0x8000u) >> 16);
}

/* Makes the channels that are wanted, in place or, when they become more, in new room. */
int io_image_convert(struct io_image *image, int channels, struct rt_error *error) {
  const int from = image->channels, colours = from > 2 ? IO_COLOUR : IO_GREY;
  const size_t points = (size_t)image->height * (size_t)image->width;
  struct io_image to = {image->height, image->width, channels ? channels : colours, NULL};
  if (to.channels == from) return RT_OK;
  const bool grows = to.channels > from;
  if (grows && io_image_room(&to) != RT_OK) return rt_no_memory(error);
  unsigned char *out = grows ? to.bytes : image->bytes;
  for (size_t p = 0; p < points; p++) {
    const unsigned char *in = image->bytes + p * (size_t)from;
    unsigned char point[IO_COLOUR];
    for (int c = 0; c < colours; c++) point[c] = from > colours ? mix(in[c], 255, in[colours]) : in[c];
    if (to.channels == IO_GREY)
      out[p] = colours == IO_GREY ? point[0] : grey_of(point);
    else
      for (int c = 0; c < IO_COLOUR; c++) out[p * IO_COLOUR + (size_t)c] = point[colours == IO_GREY ? 0 : c];
  }
  if (grows) io_image_free(image);
  to.bytes = out;
  *image = to;
  return RT_OK;
}

int io_image_decode(const unsigned char *bytes, size_t length, int channels, struct io_image *image,
                    struct rt_error *error) {
  *image = (struct io_image){0};
  int status =
      io_begins(bytes, length, 0, "\x89PNG\r\n\x1a\n", 8) ? io_png_decode(bytes, length, image, error)
      : io_begins(bytes, length, 0, "\xff\xd8\xff", 3)    ? io_jpeg_decode(bytes, length, image, error)
                                                          : io_refuse_sort(bytes, length, &known, error);
  if (status == RT_OK) status = io_image_convert(image, channels, error);
  if (status != RT_OK) io_image_free(image);
  return status;
}
