/* image_change.h: what training changes in an image at random, so that a model learns what does not matter.
 * What is drawn is a function of a seed alone. */
#ifndef AQ_RUNTIME_IO_IMAGE_CHANGE_H
#define AQ_RUNTIME_IO_IMAGE_CHANGE_H

#include "runtime/io/image.h"

struct io_changes {
  bool flip;     /* left and right change sides, in half of all images */
  int64_t shift; /* it moves by up to so many points, up or down and to a side; its edge is repeated */
  int64_t crop;  /* a part of it is made as large as all of it: of each side at least so many percent; 0: all
                  */
  int64_t erase; /* a rectangle of up to so many points on a side gets the mean colour */
};
static inline bool io_changes_any(const struct io_changes *c) {
  return c->flip || c->shift || c->crop || c->erase;
}

/* Changes drawn for one image. */
struct io_change {
  bool flip;
  double scale, top, left;  /* point (y, x) is taken from (top + y * scale, left + x * scale) */
  int64_t begin[2], end[2]; /* rows and points in a row that are erased */
  double mean[IO_COLOUR];   /* what they get */
};
/* Of an image of those sizes; the mean is not known yet. */
void io_change_draw(const struct io_changes *changes, uint64_t seed, const struct io_image *image,
                    struct io_change *change);
/* The same of an image of other sizes: it moves alike, and nothing is erased. */
void io_change_scale(struct io_change *change, const struct io_image *from, const struct io_image *to);
/* Takes it from the image, if something is erased. */
void io_change_mean(struct io_change *change, const struct io_image *image);
/* A point of the image that was changed, channel by channel, from 0 to 255. */
void io_change_point(const struct io_change *change, const struct io_image *image, int64_t y, int64_t x,
                     double level[static IO_COLOUR]);

/* How much an image counts that is mixed with another one, which counts the rest: a draw of Beta(a + 1, a).
 * It keeps its own label. That is, on average over both of a pair, the same as mixup (Zhang et al. 2018),
 * where the share is a draw of Beta(a, a), and both labels count in the loss by their shares. a: above 0, at
 * most 1. */
double io_mix_draw(double a, uint64_t seed);

#endif
