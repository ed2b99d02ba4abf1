/* image_change.c: see image_change.h. */
#include "runtime/io/image_change.h"

#include <math.h>

#include "runtime/random.h"

/* Which number of an image's stream is drawn for what. */
enum { FLIP, DOWN, ACROSS, SCALE, TOP, LEFT, HEIGHT, WIDTH, CENTRE_Y, CENTRE_X };

static double shift_of(int64_t most, uint64_t seed, uint64_t which) {
  return most > 0 ? (double)(rt_random_below(seed, which, 2 * most + 1) - most) : 0;
}

/* Where an axis of `size` points begins, in points of the image. */
static double begin_of(int32_t size, double scale, double shift, double part) {
  return part * size * (1 - scale) + (0.5 - shift) * scale - 0.5;
}

/* The points of an axis that are erased; the rectangle may reach beyond the image. */
static void draw_erased(struct io_change *c, int axis, int64_t most, int32_t size, uint64_t seed) {
  const int64_t length = rt_random_below(seed, HEIGHT + (uint64_t)axis, most + 1),
                centre = rt_random_below(seed, CENTRE_Y + (uint64_t)axis, size);
  c->begin[axis] = centre - length / 2;
  c->end[axis] = c->begin[axis] + length;
}

void io_change_mean(struct io_change *c, const struct io_image *image) {
  if (c->end[0] <= c->begin[0] || c->end[1] <= c->begin[1]) return;
  const size_t size = io_image_size(image);
  for (size_t k = 0; k < size; k++) c->mean[k % (size_t)image->channels] += image->bytes[k];
  for (int k = 0; k < image->channels; k++) c->mean[k] /= (double)image->height * image->width;
}

void io_change_draw(const struct io_changes *changes, uint64_t seed, const struct io_image *image,
                    struct io_change *c) {
  *c = (struct io_change){.scale = 1};
  c->flip = changes->flip && rt_random_below(seed, FLIP, 2);
  if (changes->crop) c->scale = 1 - rt_random_uniform(seed, SCALE) * (1 - (double)changes->crop / 100);
  c->top =
      begin_of(image->height, c->scale, shift_of(changes->shift, seed, DOWN), rt_random_uniform(seed, TOP));
  c->left =
      begin_of(image->width, c->scale, shift_of(changes->shift, seed, ACROSS), rt_random_uniform(seed, LEFT));
  if (!changes->erase) return;
  draw_erased(c, 0, changes->erase, image->height, seed);
  draw_erased(c, 1, changes->erase, image->width, seed);
}

/* Where an axis begins, when it has `by` times as many points. */
static double scaled(double begin, double scale, double by) {
  const double half = 0.5 - 0.5 * scale;
  return (begin + half) * by - half;
}

void io_change_scale(struct io_change *c, const struct io_image *from, const struct io_image *to) {
  c->top = scaled(c->top, c->scale, (double)to->height / from->height);
  c->left = scaled(c->left, c->scale, (double)to->width / from->width);
  for (int axis = 0; axis < 2; axis++) c->begin[axis] = c->end[axis] = 0;
}

/* Between two points of an axis: the first, the second, and how much the second counts. Beyond the image are
 * more points of its edge. */
struct between {
  int64_t a, b;
  double part;
};

static struct between place(double at, int32_t size) {
  const double below = floor(at);
  const int64_t last = size - 1;
  struct between p = {(int64_t)below, (int64_t)below + 1, at - below};
  p.a = p.a < 0 ? 0 : p.a > last ? last : p.a;
  p.b = p.b < 0 ? 0 : p.b > last ? last : p.b;
  return p;
}

void io_change_point(const struct io_change *c, const struct io_image *image, int64_t y, int64_t x,
                     double level[static IO_COLOUR]) {
  if (y >= c->begin[0] && y < c->end[0] && x >= c->begin[1] && x < c->end[1]) {
    for (int k = 0; k < image->channels; k++) level[k] = c->mean[k];
    return;
  }
  const int64_t from = c->flip ? image->width - 1 - x : x;
  const struct between down = place(c->top + (double)y * c->scale, image->height),
                       across = place(c->left + (double)from * c->scale, image->width);
  const unsigned char *above = image->bytes + down.a * image->width * image->channels,
                      *below = image->bytes + down.b * image->width * image->channels;
  const int64_t a = across.a * image->channels, b = across.b * image->channels;
  for (int k = 0; k < image->channels; k++) {
    const double upper = above[a + k] + across.part * (above[b + k] - above[a + k]),
                 lower = below[a + k] + across.part * (below[b + k] - below[a + k]);
    level[k] = upper + down.part * (lower - upper);
  }
}

/* Beta(a, a) after Joehnk 1964: of two powers of uniform numbers, whose sum is at most 1, the share of one.
 * In logarithms, since such powers may be too small for a double. Then one of both is chosen by its share. */
double io_mix_draw(double a, uint64_t seed) {
  enum { CHOICE, FIRST, LAST = 400 }; /* at least every second pair will do */
  double share = 0.5;
  for (uint64_t k = FIRST; k < LAST; k += 2) {
    const double x = log(rt_random_uniform(seed, k)) / a, y = log(rt_random_uniform(seed, k + 1)) / a,
                 most = fmax(x, y), sum = most + log(exp(x - most) + exp(y - most));
    if (sum > 0) continue;
    share = exp(x - sum);
    break;
  }
  return rt_random_uniform(seed, CHOICE) < share ? share : 1 - share;
}
