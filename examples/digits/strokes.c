/* strokes.c: writes train.tsv and dev.tsv: digits drawn with a pen, as 8 x 8 numbers from 0 to 16.
 *
 *     cc -std=c11 -o strokes strokes.c && ./strokes DIRECTORY
 *
 * Each digit is a line through a few points, which are moved a little, turned and stretched, and drawn 32 x
 * 32 points large with a pen of some width. A number says how many of 4 x 4 points have ink. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { DIGITS = 10, MOST_POINTS = 13, LARGE = 32, SMALL = 8, EACH = LARGE / SMALL };

struct point {
  int x, y; /* from 0 to 100 within a digit; then in 64ths of a large point */
};
static const struct digit {
  int count;
  struct point at[MOST_POINTS];
} digits[DIGITS] = {
    {9, {{50, 4}, {80, 20}, {88, 50}, {80, 80}, {50, 96}, {20, 80}, {12, 50}, {20, 20}, {50, 4}}},
    {3, {{30, 25}, {56, 5}, {56, 95}}},
    {8, {{18, 25}, {30, 8}, {60, 5}, {80, 20}, {78, 42}, {50, 65}, {15, 93}, {88, 93}}},
    {9, {{18, 12}, {50, 4}, {78, 18}, {75, 38}, {48, 47}, {80, 58}, {84, 80}, {55, 96}, {18, 88}}},
    {4, {{65, 95}, {65, 5}, {15, 65}, {90, 65}}},
    {8, {{82, 6}, {25, 6}, {22, 45}, {55, 40}, {82, 58}, {80, 82}, {50, 96}, {18, 88}}},
    {9, {{72, 5}, {40, 20}, {18, 60}, {25, 88}, {50, 96}, {78, 84}, {78, 62}, {52, 50}, {22, 64}}},
    {3, {{14, 6}, {86, 6}, {45, 95}}},
    {13,
     {{50, 48},
      {22, 30},
      {28, 10},
      {50, 4},
      {72, 10},
      {78, 30},
      {50, 48},
      {18, 68},
      {22, 90},
      {50, 96},
      {78, 90},
      {82, 68},
      {50, 48}}},
    {9, {{28, 95}, {60, 80}, {82, 40}, {75, 12}, {50, 4}, {22, 16}, {22, 38}, {48, 50}, {78, 36}}},
};

/* SplitMix64 (Steele, Lea, Flood 2014): the same rows on every machine. */
static uint64_t state = 8;
static int draw(int below) {
  uint64_t z = state += 0x9E3779B97F4A7C15u;
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
  z = (z ^ z >> 27) * 0x94D049BB133111EBu;
  return (int)((z ^ z >> 31) % (uint64_t)below);
}
static int off(int most) { return draw(2 * most + 1) - most; }

/* The digit's line as somebody writes it this time. */
static void write_by_hand(const struct digit *digit, struct point *out) {
  const int wide = 12 + draw(7), high = 17 + draw(6), slant = off(5), turn = off(4);
  const int left = LARGE / 2 * 64 + off(128), top = LARGE / 2 * 64 + off(128);
  for (int k = 0; k < digit->count; k++) {
    const int x = digit->at[k].x + off(7) - 50, y = digit->at[k].y + off(7) - 50;
    out[k].x = left + (x * wide - y * slant) * 64 / 80;
    out[k].y = top + (y * high + x * turn) * 64 / 80;
  }
}

/* Is a point within reach of the line from a to b? All in 64ths. */
static int is_near(struct point p, struct point a, struct point b, int reach) {
  const int64_t dx = b.x - a.x, dy = b.y - a.y, length = dx * dx + dy * dy;
  int64_t along = (p.x - a.x) * dx + (p.y - a.y) * dy;
  along = along < 0 ? 0 : along > length ? length : along;
  const int64_t x = (p.x - a.x) * length - along * dx, y = (p.y - a.y) * length - along * dy;
  const int64_t far = (int64_t)reach * length;
  return length > 0 && x / 64 * (x / 64) + y / 64 * (y / 64) <= far / 64 * (far / 64);
}

static int has_ink(int x, int y, const struct point *line, int count, int reach) {
  const struct point p = {64 * x + 32, 64 * y + 32};
  for (int k = 0; k + 1 < count; k++)
    if (is_near(p, line[k], line[k + 1], reach)) return 1;
  return 0;
}

static void write_row(FILE *file) {
  struct point line[MOST_POINTS];
  int ink[SMALL * SMALL] = {0};
  const int digit = draw(DIGITS), reach = 64 + draw(80);
  write_by_hand(&digits[digit], line);
  for (int y = 0; y < LARGE; y++)
    for (int x = 0; x < LARGE; x++)
      ink[y / EACH * SMALL + x / EACH] += has_ink(x, y, line, digits[digit].count, reach);
  for (int k = 0; k < SMALL * SMALL; k++) fprintf(file, "%s%d", k ? " " : "", ink[k]);
  fprintf(file, "\t%d\n", digit);
}

static int write_file(const char *folder, const char *name, int rows) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "wb");
  if (!file) return perror(path), 1;
  fputs("pixels\tdigit\n", file);
  for (int r = 0; r < rows; r++) write_row(file);
  return fclose(file) ? (perror(path), 1) : 0;
}

int main(int argc, char **argv) {
  if (argc != 2) return fputs("usage: strokes DIRECTORY\n", stderr), 64;
  return write_file(argv[1], "train.tsv", 1500) || write_file(argv[1], "dev.tsv", 300);
}
