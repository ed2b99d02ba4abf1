/* clothes.c: writes pictures of clothes, 28 x 28 points in grey, as MNIST's files have them: train-images.idx
 * with train-labels.idx, and dev-images.idx with dev-labels.idx.
 *
 *     cc -std=c11 -o clothes clothes.c && ./clothes DIRECTORY
 *
 * A piece of clothing is what lies between a left and a right edge, row by row, of some size, brightness and
 * pattern. The labels: 0 shirt, 1 trousers, 2 dress, 3 bag, 4 boot, 5 hat. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KINDS = 6, SIDE = 28, MIDDLE = SIDE / 2 };

/* SplitMix64 (Steele, Lea, Flood 2014): the same pictures on every machine. */
static uint64_t state = 28;
static int draw(int below) {
  uint64_t z = state += 0x9E3779B97F4A7C15u;
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
  z = (z ^ z >> 27) * 0x94D049BB133111EBu;
  return (int)((z ^ z >> 31) % (uint64_t)below);
}
static int off(int most) { return draw(2 * most + 1) - most; }

/* What differs from one shirt to another. */
struct cut {
  int top, bottom, wide, detail; /* detail: sleeves, how far legs part, the handle, the heel, the brim */
};

/* Does a kind of clothes cover the point x to the right of its middle, in row y? */
static int shirt(const struct cut *c, int x, int y) {
  const int sleeve = y < c->top + 5 + c->detail ? 3 + (y - c->top) / 2 : 0;
  return abs(x) <= c->wide + sleeve && !(abs(x) <= 2 && y < c->top + 2);
}
static int trousers(const struct cut *c, int x, int y) {
  const int apart = (y - c->top - 5) * (c->detail + 2) / 16;
  return abs(x) <= c->wide - 1 + (apart > 0 ? apart / 2 : 0) && (y < c->top + 6 || abs(x) > apart / 2);
}
static int dress(const struct cut *c, int x, int y) {
  const int waist = (c->top * 2 + c->bottom) / 3;
  return abs(x) <= (y < waist ? c->wide - 2 : c->wide - 3 + (y - waist) * (c->detail + 3) / 14);
}
static int bag(const struct cut *c, int x, int y) {
  const int body = (c->top + c->bottom) / 2 - 2, out = c->wide + 2;
  if (y >= body) return abs(x) <= out;
  const int arch = abs(x) * abs(x) / (c->detail + 3) + c->top + 3;
  return abs(x) < out && (abs(y - arch) <= 1 || (abs(x) == c->detail + 3 && y > arch));
}
static int boot(const struct cut *c, int x, int y) {
  const int foot = c->bottom - 6 - c->detail / 2;
  if (y < foot) return x >= 0 && x <= c->wide - 1;
  return x <= c->wide && x >= -c->wide - 2 + (y < foot + 3 ? foot + 3 - y : 0)
         && !(y > c->bottom - 2 && x > -2 && x < 2);
}
static int hat(const struct cut *c, int x, int y) {
  const int brim = c->bottom - 8, top = brim - 7 - c->detail;
  if (y < top || y > brim + 2) return 0;
  return y >= brim ? abs(x) <= c->wide + 5 : abs(x) <= c->wide - 1 - (y < top + 2);
}

static int (*const covers[KINDS])(const struct cut *, int, int) = {shirt, trousers, dress, bag, boot, hat};

static void draw_picture(int kind, unsigned char point[SIDE * SIDE]) {
  const struct cut cut = {4 + draw(3), SIDE - 4 - draw(3), 5 + draw(3), draw(4)};
  const int bright = 90 + draw(140), stripes = draw(4), wide = 2 + draw(3), flip = draw(2);
  const int right = off(2), down = off(2);
  for (int y = 0; y < SIDE; y++)
    for (int x = 0; x < SIDE; x++) {
      const int row = y - down, along = (x - MIDDLE - right) * (flip ? -1 : 1);
      const int is_in = row >= cut.top && row <= cut.bottom && covers[kind](&cut, along, row);
      const int dark = stripes == 1 ? row / wide % 2 : stripes == 2 ? (along + SIDE) / wide % 2 : 0;
      const int level = is_in ? bright - dark * 50 + off(24) : draw(4) ? 0 : draw(30);
      point[y * SIDE + x] = (unsigned char)(level > 255 ? 255 : level);
    }
}

/* The header: the type, bytes, the number of axes, and their sizes. */
static FILE *begin(const char *folder, const char *name, int axes, int count) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "wb");
  if (!file) exit((perror(path), 1));
  const int size[] = {count, SIDE, SIDE};
  fwrite((unsigned char[]){0, 0, 8, (unsigned char)axes}, 1, 4, file);
  for (int a = 0; a < axes; a++)
    fwrite((unsigned char[]){0, 0, (unsigned char)(size[a] >> 8), (unsigned char)size[a]}, 1, 4, file);
  return file;
}

static void end(FILE *file) {
  if (fclose(file)) exit((perror("clothes"), 1));
}

static void write_pair(const char *folder, const char *images, const char *labels, int count) {
  unsigned char point[SIDE * SIDE];
  FILE *image = begin(folder, images, 3, count), *label = begin(folder, labels, 1, count);
  for (int k = 0; k < count; k++) {
    const int kind = draw(KINDS);
    draw_picture(kind, point);
    fwrite(point, 1, sizeof point, image);
    fputc(kind, label);
  }
  end(image);
  end(label);
}

int main(int argc, char **argv) {
  if (argc != 2) return fputs("usage: clothes DIRECTORY\n", stderr), 64;
  write_pair(argv[1], "train-images.idx", "train-labels.idx", 300);
  write_pair(argv[1], "dev-images.idx", "dev-labels.idx", 100);
  return 0;
}
