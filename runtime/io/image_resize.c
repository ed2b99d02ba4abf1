/* image_resize.c: images of other sizes. */
#include <math.h>
#include <string.h>

#include "runtime/io/image.h"

/* A stretch of an axis that becomes `count` points: each of them is a mean of some of its points. */
struct stretch {
  int32_t size, count; /* points of the axis, and those that are made */
  double from, length; /* the part of the axis that is taken */
};

/* Which points a new one is made of, from `first` on, and their weights, in units of 2^-22. */
struct mean {
  int32_t first, points;
  int32_t *weight;
};
enum { UNIT = 22 };

static double triangle(double x) { return fabs(x) < 1 ? 1 - fabs(x) : 0; }

/* Of new point `k`. weight: room for all of the points. */
static struct mean mean_of(const struct stretch *s, int32_t k, double *part, int32_t *weight) {
  const double scale = s->length / s->count, wide = scale > 1 ? scale : 1;
  const double centre = s->from + (k + 0.5) * scale;
  double first = floor(centre - wide + 0.5), end = floor(centre + wide + 0.5), sum = 0;
  if (first < 0) first = 0;
  if (end > s->size) end = s->size;
  struct mean m = {(int32_t)first, (int32_t)(end - first), weight};
  for (int32_t p = 0; p < m.points; p++) sum += part[p] = triangle((p + first - centre + 0.5) / wide);
  for (int32_t p = 0; p < m.points; p++) weight[p] = (int32_t)floor(part[p] / sum * (1 << UNIT) + 0.5);
  return m;
}

/* A list of numbers in memory: those of a line are `step` apart, and `lines` lines begin `apart` apart. The
 * channels of a point stand together. */
struct lines {
  unsigned char *bytes;
  size_t lines, apart, step, channels;
};

static unsigned char rounded(int64_t sum) {
  const int64_t value = sum >> UNIT;
  return (unsigned char)(value < 0 ? 0 : value > 255 ? 255 : value);
}

static int stretch_lines(const struct stretch *s, const struct lines *from, const struct lines *to,
                         struct rt_error *error) {
  double *part = rt_zalloc((size_t)s->size + 1, sizeof *part);
  int32_t *weight = rt_zalloc((size_t)s->size + 1, sizeof *weight);
  int status = part && weight ? RT_OK : rt_no_memory(error);
  for (int32_t k = 0; k < s->count && status == RT_OK; k++) {
    const struct mean m = mean_of(s, k, part, weight);
    for (size_t l = 0; l < from->lines; l++)
      for (size_t c = 0; c < from->channels; c++) {
        const unsigned char *in = from->bytes + l * from->apart + (size_t)m.first * from->step + c;
        int64_t sum = INT64_C(1) << (UNIT - 1);
        for (int32_t p = 0; p < m.points; p++) sum += (int64_t)in[(size_t)p * from->step] * m.weight[p];
        to->bytes[l * to->apart + (size_t)k * to->step + c] = rounded(sum);
      }
  }
  rt_free(part);
  rt_free(weight);
  return status;
}

/* Both axes, first along the rows. `to` is a part of an image whose rows are `apart` bytes. */
static int stretch_both(const struct io_image *from, const struct stretch *down, const struct stretch *across,
                        const struct lines *to, struct rt_error *error) {
  const size_t channels = (size_t)from->channels;
  struct io_image narrow = {from->height, across->count, from->channels, NULL};
  if (io_image_room(&narrow) != RT_OK) return rt_no_memory(error);
  const size_t wide = (size_t)from->width * channels, thin = (size_t)narrow.width * channels;
  int status =
      stretch_lines(across, &(struct lines){from->bytes, (size_t)from->height, wide, channels, channels},
                    &(struct lines){narrow.bytes, (size_t)from->height, thin, channels, channels}, error);
  if (status == RT_OK)
    status = stretch_lines(
        down, &(struct lines){narrow.bytes, (size_t)across->count, channels, thin, channels},
        &(struct lines){to->bytes, (size_t)across->count, channels, to->apart, channels}, error);
  io_image_free(&narrow);
  return status;
}

/* The middle of an axis. */
static struct stretch middle(int32_t size, int32_t count, double length) {
  return (struct stretch){size, count, (size - length) / 2, length};
}

int io_image_resize(const struct io_image *from, enum io_resize how, struct io_image *to,
                    struct rt_error *error) {
  const double tall = (double)from->height / to->height, wide = (double)from->width / to->width;
  const double scale = how == IO_RESIZE_CROP ? fmin(tall, wide) : fmax(tall, wide);
  int32_t height = to->height, width = to->width;
  struct stretch down = middle(from->height, height, from->height),
                 across = middle(from->width, width, from->width);
  if (how == IO_RESIZE_CROP) {
    down = middle(from->height, height, fmin(height * scale, from->height));
    across = middle(from->width, width, fmin(width * scale, from->width));
  } else if (how == IO_RESIZE_PAD) {
    height = (int32_t)fmax(1, floor(from->height / scale + 0.5));
    width = (int32_t)fmax(1, floor(from->width / scale + 0.5));
    down = middle(from->height, height, from->height);
    across = middle(from->width, width, from->width);
  }
  to->channels = from->channels;
  if (io_image_room(to) != RT_OK) return rt_no_memory(error);
  memset(to->bytes, 0, io_image_size(to));
  const size_t row = (size_t)to->width * (size_t)to->channels,
               begin = (size_t)((to->height - height) / 2) * row
                       + (size_t)((to->width - width) / 2) * (size_t)to->channels;
  return stretch_both(from, &down, &across, &(struct lines){.bytes = to->bytes + begin, .apart = row}, error);
}

int io_image_fit(struct io_image *image, enum io_resize how, int32_t height, int32_t width,
                 struct rt_error *error) {
  struct io_image to = {height, width, 0, NULL};
  if (image->height == height && image->width == width) return RT_OK;
  int status = io_image_resize(image, how, &to, error);
  io_image_free(status == RT_OK ? image : &to);
  if (status == RT_OK) *image = to;
  return status;
}
