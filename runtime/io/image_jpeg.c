/* image_jpeg.c: JPEG files by libjpeg-turbo, which leaves by longjmp when something is wrong; nothing else
 * does. */
#include "runtime/io/image.h"

#ifndef RT_HAVE_JPEG

const char *io_jpeg_library(void) { return NULL; }

int io_jpeg_decode(const unsigned char *bytes, size_t length, struct io_image *image,
                   struct rt_error *error) {
  (void)bytes, (void)length, (void)image;
  rt_fail(error, RT_BAD_DATA, "it is a JPEG file, and this aq was built without libjpeg");
  rt_hint(error, "install libjpeg-turbo with its headers (libjpeg-dev), then configure and build aq again");
  return RT_BAD_DATA;
}

#else

#include <setjmp.h>
#include <stdio.h> /* jpeglib.h wants it */
#include <string.h>

#include <jpeglib.h>

const char *io_jpeg_library(void) { return "libjpeg-turbo"; }

/* All that lives while a file is decoded: it is one struct, so that a jump leaves none of it in a register.
 */
struct decoding {
  struct jpeg_decompress_struct jpeg; /* the library calls back with its address, which is that of this */
  struct jpeg_error_mgr calls;
  struct jpeg_progress_mgr progress;
  const unsigned char *bytes;
  size_t length;
  struct io_image *image;
  struct rt_error *error;
  unsigned char *row;
  int status;
  jmp_buf jump;
};

/* A file of a few bytes can ask for thousands of passes over an image: no real one has more. */
enum { MOST_SCANS = 200, MOST_MEMORY = 1 << 30, CMYK = 4 };

_Noreturn static void leave(struct decoding *d, const char *message) {
  d->status = rt_fail(d->error, RT_BAD_DATA, "it is a damaged JPEG file: %s", message);
  longjmp(d->jump, 1);
}

_Noreturn static void fail(j_common_ptr jpeg) {
  char message[JMSG_LENGTH_MAX];
  jpeg->err->format_message(jpeg, message);
  leave((struct decoding *)(void *)jpeg, message);
}

/* Below 0 is a warning: the library fills up what is missing, and an image of which a part is invented is
 * none.
 */
static void emit_message(j_common_ptr jpeg, int level) {
  if (level < 0) fail(jpeg);
}
static void show_nothing(j_common_ptr jpeg) { (void)jpeg; }

static void count_scans(j_common_ptr jpeg) {
  struct decoding *d = (struct decoding *)(void *)jpeg;
  if (d->jpeg.input_scan_number > MOST_SCANS) leave(d, "it has too many scans");
}

/* Inks on white paper as light. Adobe's files have how much paper is seen instead of how much ink is on it.
 */
static void light_of_inks(unsigned char *to, const unsigned char *from, size_t points, bool paper) {
  for (size_t p = 0; p < points; p++, to += IO_COLOUR, from += CMYK)
    for (int c = 0; c < IO_COLOUR; c++) {
      const unsigned a = paper ? from[c] : 255u - from[c], k = paper ? from[3] : 255u - from[3];
      to[c] = (unsigned char)((a * k + 127) / 255);
    }
}

static int read_rows(struct decoding *d) {
  struct io_image *image = d->image;
  const bool inks = d->jpeg.output_components == CMYK;
  image->height = (int32_t)d->jpeg.output_height;
  image->width = (int32_t)d->jpeg.output_width;
  image->channels = inks ? IO_COLOUR : d->jpeg.output_components;
  if (io_image_room(image) != RT_OK) return rt_no_memory(d->error);
  if (inks && !(d->row = rt_alloc((size_t)image->width * CMYK))) return rt_no_memory(d->error);
  while (d->jpeg.output_scanline < d->jpeg.output_height) {
    unsigned char *at =
        image->bytes + (size_t)d->jpeg.output_scanline * (size_t)image->width * (size_t)image->channels;
    JSAMPROW row = inks ? d->row : at;
    if (jpeg_read_scanlines(&d->jpeg, &row, 1) != 1) leave(d, "it ends too soon");
    if (inks) light_of_inks(at, d->row, (size_t)image->width, d->jpeg.saw_Adobe_marker);
  }
  jpeg_finish_decompress(&d->jpeg);
  return RT_OK;
}

static int decode(struct decoding *d) {
  if (setjmp(d->jump)) return d->status;
  jpeg_create_decompress(&d->jpeg);
  d->jpeg.mem->max_memory_to_use = MOST_MEMORY;
  d->jpeg.progress = &d->progress;
  jpeg_mem_src(&d->jpeg, d->bytes, d->length);
  jpeg_read_header(&d->jpeg, TRUE);
  int status = io_image_check(d->jpeg.image_height, d->jpeg.image_width, d->error);
  if (status != RT_OK) return status;
  d->jpeg.out_color_space = d->jpeg.num_components == 1   ? JCS_GRAYSCALE
                            : d->jpeg.num_components == 4 ? JCS_CMYK
                                                          : JCS_RGB;
  jpeg_start_decompress(&d->jpeg);
  return read_rows(d);
}

int io_jpeg_decode(const unsigned char *bytes, size_t length, struct io_image *image,
                   struct rt_error *error) {
  struct decoding d = {.bytes = bytes, .length = length, .image = image, .error = error};
  d.jpeg.err = jpeg_std_error(&d.calls);
  d.calls.error_exit = fail;
  d.calls.emit_message = emit_message;
  d.calls.output_message = show_nothing;
  d.progress.progress_monitor = count_scans;
  int status = decode(&d);
  jpeg_destroy_decompress(&d.jpeg);
  rt_free(d.row);
  return status;
}

#endif
