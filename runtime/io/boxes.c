/* boxes.c: see boxes.h. */
#include "runtime/io/boxes.h"

#include <math.h>

/* Edges that are rounded in a file may lie so far beyond the image. */
static const double NEARLY = 1e-6;

static double unit(int64_t size) { return size ? (double)size : 1; }

const char *io_box_read(const struct io_settings *set, double box[static IO_BOX_NUMBERS]) {
  const double width = unit(set->own[IO_BOX_WIDTH]), height = unit(set->own[IO_BOX_HEIGHT]);
  const int64_t form = set->own[IO_BOX_FORM];
  if (form == IO_BOX_SIZE || form == IO_BOX_CENTRE) {
    const double part = form == IO_BOX_CENTRE ? 0.5 : 0, across = box[2], down = box[3];
    box[0] -= part * across;
    box[1] -= part * down;
    box[2] = box[0] + across;
    box[3] = box[1] + down;
  }
  for (int k = 0; k < IO_BOX_NUMBERS; k++) box[k] /= k % 2 ? height : width;
  if (!(box[0] < box[2])) return "is not wider than nothing: its right edge is not right of its left one";
  if (!(box[1] < box[3])) return "is not higher than nothing: its bottom edge is not below its top one";
  for (int k = 0; k < IO_BOX_NUMBERS; k++) {
    if (!(box[k] >= -NEARLY && box[k] <= 1 + NEARLY)) return "reaches beyond its image";
    box[k] = fmin(fmax(box[k], 0), 1);
  }
  return NULL;
}

void io_box_write(const struct io_settings *set, double box[static IO_BOX_NUMBERS]) {
  const double width = unit(set->own[IO_BOX_WIDTH]), height = unit(set->own[IO_BOX_HEIGHT]);
  const int64_t form = set->own[IO_BOX_FORM];
  for (int k = 0; k < IO_BOX_NUMBERS; k++) box[k] *= k % 2 ? height : width;
  if (form != IO_BOX_SIZE && form != IO_BOX_CENTRE) return;
  const double part = form == IO_BOX_CENTRE ? 0.5 : 0;
  box[2] -= box[0];
  box[3] -= box[1];
  box[0] += part * box[2];
  box[1] += part * box[3];
}

/* Where an edge is in what was changed, in points: point x of it is taken from begin + x * scale. */
static double moved(double edge, double begin, double scale) { return (edge - 0.5 - begin) / scale + 0.5; }

bool io_box_move(const struct io_change *c, double height, double width, double box[static IO_BOX_NUMBERS]) {
  double at[IO_BOX_NUMBERS], all = 1, left = 1;
  for (int k = 0; k < IO_BOX_NUMBERS; k++)
    at[k] = k % 2 ? moved(box[k] * height, c->top, c->scale) / height
                  : moved(box[k] * width, c->left, c->scale) / width;
  if (c->flip) {
    const double right = 1 - at[0];
    at[0] = 1 - at[2];
    at[2] = right;
  }
  for (int k = 0; k < IO_BOX_NUMBERS; k++) box[k] = fmin(fmax(at[k], 0), 1);
  for (int k = 0; k < 2; k++) {
    all *= at[k + 2] - at[k];
    left *= box[k + 2] - box[k];
  }
  return left > 0 && left * 4 >= all;
}
