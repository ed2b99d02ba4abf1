/* drawn_sound.c: sounds as pictures, from left to right: the energy of bands of frequencies, the low ones at
 * the bottom; or how far the samples swing. */
#include <math.h>

#include "runtime/columns/drawn_sound.h"
#include "runtime/io/data.h"
#include "runtime/io/image.h"

enum { WHITE = 255, WAVE_HEIGHT = 96, WAVE_WIDTH = 800 };

int io_sound_give(const struct io_column *column, const struct io_values *values, int64_t row, int64_t width,
                  struct io_sound_given *given, struct rt_error *error) {
  *given = (struct io_sound_given){NULL, io_row_length(values, row), width};
  if (given->length < 1 || width < 1 || given->length > INT64_MAX / width) return rt_no_memory(error);
  given->number = rt_zalloc((size_t)given->length * (size_t)width, sizeof *given->number);
  if (!given->number) return rt_no_memory(error);
  const int status = column->kind->give(
      &(struct io_giving){
          .column = column, .values = values, .row = row, .doubles = true, .out = given->number},
      error);
  if (status != RT_OK) rt_free(given->number);
  return status;
}

static void range_of(const struct io_sound_given *given, double *least, double *most) {
  *least = INFINITY;
  *most = -INFINITY;
  for (int64_t k = 0; k < given->length * given->width; k++) {
    if (!isfinite(given->number[k])) continue;
    *least = fmin(*least, given->number[k]);
    *most = fmax(*most, given->number[k]);
  }
}

static int draw_bands(const struct io_column *column, const struct io_values *values, int64_t row,
                      struct io_image *image, struct rt_error *error) {
  struct io_sound_given given;
  double least, most;
  int status = io_sound_give(column, values, row, values->size[1], &given, error);
  if (status != RT_OK) return status;
  *image = (struct io_image){(int32_t)given.width,
                             (int32_t)(given.length < IO_IMAGE_SIDE ? given.length : IO_IMAGE_SIDE), IO_GREY,
                             NULL};
  status = io_image_room(image) == RT_OK ? RT_OK : rt_no_memory(error);
  range_of(&given, &least, &most);
  for (int64_t y = 0; y < image->height && status == RT_OK; y++)
    for (int64_t x = 0; x < image->width; x++) {
      const int64_t frame = x * given.length / image->width, band = given.width - 1 - y;
      const double number = given.number[frame * given.width + band];
      const double share = most > least && isfinite(number) ? (number - least) / (most - least) : 0;
      image->bytes[y * image->width + x] = (unsigned char)lround(WHITE * (1 - share));
    }
  rt_free(given.number);
  return status;
}

/* The largest swing of the samples that a column of points stands for. */
static double swing(const struct io_sound_given *given, int64_t x, int64_t width) {
  double most = 0;
  for (int64_t k = x * given->length / width; k < (x + 1) * given->length / width; k++)
    if (isfinite(given->number[k])) most = fmax(most, fabs(given->number[k]));
  return most;
}

static int draw_wave(const struct io_column *column, const struct io_values *values, int64_t row,
                     struct io_image *image, struct rt_error *error) {
  struct io_sound_given given;
  double least, most;
  int status = io_sound_give(column, values, row, 1, &given, error);
  if (status != RT_OK) return status;
  *image = (struct io_image){WAVE_HEIGHT, (int32_t)(given.length < WAVE_WIDTH ? given.length : WAVE_WIDTH),
                             IO_GREY, NULL};
  status = io_image_room(image) == RT_OK ? RT_OK : rt_no_memory(error);
  range_of(&given, &least, &most);
  const double largest = fmax(fabs(least), fabs(most));
  for (int64_t x = 0; x < image->width && status == RT_OK; x++) {
    const double high = largest > 0 ? swing(&given, x, image->width) / largest : 0;
    for (int64_t y = 0; y < WAVE_HEIGHT; y++) {
      const double at = fabs((double)(2 * y + 1) / WAVE_HEIGHT - 1);
      image->bytes[y * image->width + x] = at <= fmax(high, 1.0 / WAVE_HEIGHT) ? 0 : WHITE;
    }
  }
  rt_free(given.number);
  return status;
}

const struct io_drawn io_drawn_bands = {.down = 1, .across = 0, .up = true, .draw = draw_bands};
const struct io_drawn io_drawn_wave = {.down = -1, .across = 0, .draw = draw_wave};
