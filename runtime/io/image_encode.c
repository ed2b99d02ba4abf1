/* image_encode.c: images as PNG files. Needs zlib alone, which is always there. */
#include <limits.h>
#include <string.h>
#include <zlib.h>

#include "runtime/io/file.h"
#include "runtime/io/image.h"

enum { DEPTH = 8 };

static void put_u32(unsigned char *to, uint32_t x) {
  for (int k = 0; k < 4; k++) to[k] = (unsigned char)(x >> (24 - 8 * k));
}

/* Length, name, bytes, and a checksum of the last two. */
static void add_chunk(struct rt_text *out, const char *name, const unsigned char *bytes, size_t length) {
  unsigned char number[4];
  put_u32(number, (uint32_t)length);
  rt_text_add(out, (const char *)number, sizeof number);
  rt_text_add(out, name, 4);
  rt_text_add(out, (const char *)bytes, length);
  uLong sum = crc32(0, (const Bytef *)name, 4);
  if (length) sum = crc32(sum, bytes, (uInt)length);
  put_u32(number, (uint32_t)sum);
  rt_text_add(out, (const char *)number, sizeof number);
}

static int compress_rows(z_stream *stream, size_t room, struct rt_text *out, struct rt_error *error) {
  unsigned char *packed = rt_alloc(room);
  stream->next_out = packed;
  stream->avail_out = (uInt)room;
  const bool done = packed && deflate(stream, Z_FINISH) == Z_STREAM_END;
  if (done) add_chunk(out, "IDAT", packed, stream->total_out);
  rt_free(packed);
  return done ? RT_OK : rt_no_memory(error);
}

/* Each row begins with the number of its filter. */
static int add_points(const struct io_image *image, struct rt_text *out, struct rt_error *error) {
  const size_t width = (size_t)image->width * (size_t)image->channels,
               size = (width + 1) * (size_t)image->height;
  z_stream stream = {0};
  unsigned char *rows = rt_zalloc(size, 1);
  for (size_t y = 0; rows && y < (size_t)image->height; y++)
    memcpy(rows + y * (width + 1) + 1, image->bytes + y * width, width);
  io_zlib_memory(&stream);
  if (!rows || deflateInit(&stream, Z_DEFAULT_COMPRESSION) != Z_OK) {
    rt_free(rows);
    return rt_no_memory(error);
  }
  stream.next_in = rows;
  stream.avail_in = (uInt)size;
  const int status = compress_rows(&stream, deflateBound(&stream, size), out, error);
  deflateEnd(&stream);
  rt_free(rows);
  return status;
}

int io_png_encode(const struct io_image *image, struct rt_text *out, struct rt_error *error) {
  static const unsigned char signature[] = {137, 'P', 'N', 'G', 13, 10, 26, 10};
  static const unsigned char colour_type[] = {[1] = 0, [2] = 4, [3] = 2, [4] = 6}; /* by channels */
  unsigned char head[13] = {[8] = DEPTH, [9] = colour_type[image->channels]};
  if (image->height < 1 || image->width < 1)
    return rt_fail(error, RT_BAD_DATA, "an image without points cannot be written as PNG");
  if (io_image_size(image) > INT_MAX)
    return rt_fail(error, RT_BAD_DATA, "an image of %d x %d points is too large to be written as PNG",
                   image->height, image->width);
  put_u32(head, (uint32_t)image->width);
  put_u32(head + 4, (uint32_t)image->height);
  rt_text_add(out, (const char *)signature, sizeof signature);
  add_chunk(out, "IHDR", head, sizeof head);
  const int status = add_points(image, out, error);
  if (status != RT_OK) return status;
  add_chunk(out, "IEND", NULL, 0);
  return out->failed ? rt_no_memory(error) : RT_OK;
}
