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
  struct encoding *e = png_get_error_ptr(png);
  (void)message;
  longjmp(e->jump, 1);
}

static void ignore(png_structp png, png_const_charp message) { (void)png, (void)message; }

static void take_bytes(png_structp png, png_bytep bytes, size_t count) {
  struct encoding *e = png_get_io_ptr(png);
  rt_text_add(e->out, (const char *)bytes, count);
  if (e->out->failed) png_error(png, "no memory");
}

static void flush(png_structp png) { (void)png; }

static png_voidp take_memory(png_structp png, png_alloc_size_t size) { return (void)png, rt_alloc(size); }
static void give_memory(png_structp png, png_voidp block) { (void)png, rt_free(block); }

/* False: no memory, which is all that can be missing. */
static bool encode(struct encoding *e) {
  if (setjmp(e->jump)) return false;
  const struct io_image *i = e->image;
  const size_t row = (size_t)i->width * (size_t)i->channels;
  png_set_write_fn(e->png, e, take_bytes, flush);
  png_set_IHDR(e->png, e->info, (png_uint_32)i->width, (png_uint_32)i->height, 8,
               i->channels == IO_COLOUR ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(e->png, e->info);
  for (int32_t r = 0; r < i->height; r++) png_write_row(e->png, i->bytes + (size_t)r * row);
  png_write_end(e->png, e->info);
  return true;
}

int io_png_encode(const struct io_image *image, struct rt_text *out, struct rt_error *error) {
  struct encoding e = {.image = image, .out = out};
  e.png = png_create_write_struct_2(PNG_LIBPNG_VER_STRING, &e, fail, ignore, NULL, take_memory, give_memory);
  e.info = e.png ? png_create_info_struct(e.png) : NULL;
  const bool done = e.info && encode(&e);
  if (e.png) png_destroy_write_struct(&e.png, &e.info);
  return done ? RT_OK : rt_no_memory(error);
}

#endif
