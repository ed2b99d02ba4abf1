/* image_png.c: PNG files by libpng, which leaves by longjmp when something is wrong; nothing else does. */
#include "runtime/io/image.h"

#include <string.h>

#ifndef RT_HAVE_PNG

const char *io_png_library(void) { return NULL; }

int io_png_decode(const unsigned char *bytes, size_t length, struct io_image *image, struct rt_error *error) {
  (void)bytes, (void)length, (void)image;
  rt_fail(error, RT_BAD_DATA, "it is a PNG file, and this aq was built without libpng");
  rt_hint(error, "install libpng with its headers (libpng-dev), then configure and build aq again");
  return RT_BAD_DATA;
}

#else

#include <png.h>
#include <setjmp.h>

const char *io_png_library(void) { return "libpng " PNG_LIBPNG_VER_STRING; }

/* All that lives while a file is decoded: it is one struct, so that a jump leaves none of it in a register.
 */
struct decoding {
  const unsigned char *at;
  size_t left;
  struct io_image *image;
  png_structp png;
  png_infop info;
  png_bytep *rows;
  struct rt_error *error;
  int status;
  jmp_buf jump;
};

enum { MOST_CHUNK = 8 << 20, MOST_CHUNKS = 256, HEADER = 24, CHUNK = 12 }; /* bytes, or chunks */

_Noreturn static void fail(png_structp png, png_const_charp message) {
  struct decoding *d = png_get_error_ptr(png);
  d->status = rt_fail(d->error, RT_BAD_DATA, "it is a damaged PNG file: %s", message);
  longjmp(d->jump, 1);
}

/* A profile of colours that is not as it should be, say: the image is the same. */
static void ignore(png_structp png, png_const_charp message) { (void)png, (void)message; }

static void give_bytes(png_structp png, png_bytep to, size_t count) {
  struct decoding *d = png_get_io_ptr(png);
  if (count > d->left) png_error(png, "it ends too soon");
  memcpy(to, d->at, count);
  d->at += count;
  d->left -= count;
}

static png_voidp take_memory(png_structp png, png_alloc_size_t size) { return (void)png, rt_alloc(size); }
static void give_memory(png_structp png, png_voidp block) { (void)png, rt_free(block); }

/* Bytes of 8 bits, and opacity where a point may be transparent. */
static void plain_bytes(png_structp png) {
  png_set_expand(png);
  png_set_scale_16(png);
  png_set_interlace_handling(png);
}

/* RT_NO_MEMORY, or what d->status says. */
static int decode(struct decoding *d) {
  if (setjmp(d->jump)) return d->status;
  png_set_read_fn(d->png, d, give_bytes);
  png_set_user_limits(d->png, IO_IMAGE_SIDE, IO_IMAGE_SIDE);
  png_set_chunk_malloc_max(d->png, MOST_CHUNK);
  png_set_chunk_cache_max(d->png, MOST_CHUNKS);
  png_read_info(d->png, d->info);
  plain_bytes(d->png);
  png_read_update_info(d->png, d->info);
  d->image->height = (int32_t)png_get_image_height(d->png, d->info);
  d->image->width = (int32_t)png_get_image_width(d->png, d->info);
  d->image->channels = png_get_channels(d->png, d->info);
  const size_t row = (size_t)d->image->width * (size_t)d->image->channels;
  if (png_get_bit_depth(d->png, d->info) != 8 || png_get_rowbytes(d->png, d->info) != row)
    png_error(d->png, "its points are of no known sort");
  d->rows = rt_zalloc((size_t)d->image->height, sizeof *d->rows);
  if (!d->rows || io_image_room(d->image) != RT_OK) return rt_no_memory(d->error);
  for (int32_t r = 0; r < d->image->height; r++) d->rows[r] = d->image->bytes + (size_t)r * row;
  png_read_image(d->png, d->rows);
  png_read_end(d->png, NULL);
  return RT_OK;
}

static uint32_t big_endian(const unsigned char *b) {
  return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/* An animation says so before its first frame. Nobody has said which of its frames is the image. */
static bool is_animated(const unsigned char *bytes, size_t length) {
  for (size_t at = 8; at + CHUNK <= length;) {
    const uint32_t count = big_endian(bytes + at);
    const unsigned char *name = bytes + at + 4;
    if (memcmp(name, "IDAT", 4) == 0 || count > length - at - CHUNK) return false;
    if (memcmp(name, "acTL", 4) == 0 && count == 8) return big_endian(bytes + at + 8) > 1;
    at += CHUNK + count;
  }
  return false;
}

int io_png_decode(const unsigned char *bytes, size_t length, struct io_image *image, struct rt_error *error) {
  struct decoding d = {.at = bytes, .left = length, .image = image, .error = error};
  if (length < HEADER || memcmp(bytes + 12, "IHDR", 4) != 0)
    return rt_fail(error, RT_BAD_DATA, "it is a damaged PNG file: it has no header");
  int status = io_image_check(big_endian(bytes + 20), big_endian(bytes + 16), error);
  if (status != RT_OK) return status;
  if (is_animated(bytes, length)) {
    rt_fail(error, RT_BAD_DATA, "it is an animation (APNG), and an image has one frame");
    rt_hint(error, "save the frame that you mean as a PNG of its own");
    return RT_BAD_DATA;
  }
  d.png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, &d, fail, ignore, NULL, take_memory, give_memory);
  d.info = d.png ? png_create_info_struct(d.png) : NULL;
  status = d.info ? decode(&d) : rt_no_memory(error);
  if (d.png) png_destroy_read_struct(&d.png, &d.info, NULL);
  rt_free(d.rows);
  return status;
}

#endif
