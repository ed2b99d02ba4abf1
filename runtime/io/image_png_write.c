/* image_png_write.c: images as PNG files, by libpng, which leaves by longjmp when something is wrong. */
#include "runtime/io/image.h"

#ifndef RT_HAVE_PNG

int io_png_writes(struct rt_error *error) {
  rt_fail(error, RT_USAGE, "PNG files cannot be written: this aq was built without libpng");
  rt_hint(error, "install libpng with its headers (libpng-dev), and build aq again");
  return RT_USAGE;
}

int io_png_encode(const struct io_image *image, struct rt_text *out, struct rt_error *error) {
  (void)image, (void)out;
  return io_png_writes(error);
}

#else

#include <png.h>
#include <setjmp.h>

int io_png_writes(struct rt_error *error) { return (void)error, RT_OK; }

/* All that lives while a file is encoded. */
struct encoding {
  const struct io_image *image;
  struct rt_text *out;
  png_structp png;
  png_infop info;
  jmp_buf jump;
};

_Noreturn static void fail(png_structp png, png_const_charp message) {
  struct encoding *d = png_get_error_ptr(png);
  (void)message;
  longjmp(d->jump, 1);
}

static void ignore(png_structp png, png_const_charp message) { (void)png, (void)message; }

static void take_bytes(png_structp png, png_bytep bytes, size_t count) {
  struct encoding *d = png_get_io_ptr(png);
  rt_text_add(d->out, (const char *)bytes, count);
  if (d->out->failed) png_error(png, "no memory");
}

static void flush(png_structp png) { (void)png; }

static png_voidp take_memory(png_structp png, png_alloc_size_t size) { return (void)png, rt_alloc(size); }
static void give_memory(png_structp png, png_voidp block) { (void)png, rt_free(block); }

/* False: no memory, which is all that can be missing. */
static bool encode(struct encoding *d) {
  if (setjmp(d->jump)) return false;
  const struct io_image *i = d->image;
  const size_t row = (size_t)i->width * (size_t)i->channels;
  png_set_write_fn(d->png, d, take_bytes, flush);
  png_set_IHDR(d->png, d->info, (png_uint_32)i->width, (png_uint_32)i->height, 8,
               i->channels == IO_COLOUR ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(d->png, d->info);
  for (int32_t r = 0; r < i->height; r++) png_write_row(d->png, i->bytes + (size_t)r * row);
  png_write_end(d->png, d->info);
  return true;
}

int io_png_encode(const struct io_image *image, struct rt_text *out, struct rt_error *error) {
  struct encoding d = {.image = image, .out = out};
  d.png = png_create_write_struct_2(PNG_LIBPNG_VER_STRING, &d, fail, ignore, NULL, take_memory, give_memory);
  d.info = d.png ? png_create_info_struct(d.png) : NULL;
  const bool done = d.info && encode(&d);
  if (d.png) png_destroy_write_struct(&d.png, &d.info);
  return done ? RT_OK : rt_no_memory(error);
}

#endif
