/* things.h: pictures of one thing each, for the programs that make the examples' pictures: 24 x 24 points,
 * with a thing of some shape, colour and size on the left or on the right, on a light or a dark ground. */
#ifndef EXAMPLES_THINGS_H
#define EXAMPLES_THINGS_H

#include "draw.h"
#include "png.h"

enum { SIDE = 24, SIDES = 2, SHAPES = 4, COLOURS = 4 };

static const char *const shapes[SHAPES] = {"ring", "square", "bar", "cross"};
static const char *const colours[COLOURS] = {"red", "green", "blue", "yellow"};
static const char *const sides[SIDES] = {"left", "right"};

struct thing {
  int shape, colour, side, size, x, y; /* size: from its middle, in points */
  int dark;                            /* the ground; drawing the picture decides */
};

static int covers(const struct thing *t, int x, int y) {
  const int right = abs(x - t->x), down = y - t->y, most = t->size;
  if (right > most || abs(down) > most) return 0;
  switch (t->shape) {
    case 0: return right * right + down * down <= most * most + 1 && right * right + down * down >= most;
    case 1: return 1;
    case 2: return abs(down) <= most / 3;
    default: return right <= most / 3 || abs(down) <= most / 3;
  }
}

/* The background, a little noise on it, and the colours, each in two shades. */
static void choose_colours(int dark, unsigned char colour[PNG_COLOURS][3]) {
  static const unsigned char full[COLOURS][3] = {{210, 40, 40}, {50, 170, 60}, {50, 80, 210}, {230, 200, 50}};
  const int grey = dark ? draw(60) : 195 + draw(50);
  memset(colour, 0, (size_t)PNG_COLOURS * 3);
  for (int c = 0; c < 3; c++) {
    colour[0][c] = (unsigned char)(grey + draw(10));
    colour[1][c] = (unsigned char)(grey > 60 ? colour[0][c] - 6 : colour[0][c] + 8);
  }
  for (int k = 0; k < COLOURS; k++)
    for (int c = 0; c < 3; c++) {
      const int level = full[k][c] + draw(41) - 20;
      colour[2 + k][c] = (unsigned char)level;
      colour[2 + COLOURS + k][c] = (unsigned char)(level - level / 8);
    }
}

static struct thing place_thing(void) {
  struct thing t = {.shape = draw(SHAPES), .colour = draw(COLOURS), .side = draw(SIDES), .size = 4 + draw(3)};
  t.x = t.size + (t.side ? SIDE / 2 : -1) + draw(SIDE / 2 - t.size);
  t.y = t.size + draw(SIDE - 2 * t.size);
  if (t.x + t.size >= SIDE) t.x = SIDE - 1 - t.size;
  if (t.x < t.size) t.x = t.size;
  return t;
}

static void draw_picture(const char *path, struct thing *t) {
  unsigned char colour[PNG_COLOURS][3], point[SIDE * SIDE];
  t->dark = draw(2);
  choose_colours(t->dark, colour);
  for (int y = 0; y < SIDE; y++)
    for (int x = 0; x < SIDE; x++)
      point[y * SIDE + x] =
          (unsigned char)(covers(t, x, y) ? 2 + t->colour + (draw(4) ? 0 : COLOURS) : draw(4) == 0);
  png_write(path, SIDE, SIDE, (const unsigned char(*)[3])colour, point);
}

#endif
