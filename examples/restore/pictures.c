/* pictures.c: writes train.tsv and dev.tsv and the images that they name: shaded discs before a shaded
 * ground, and the same with noise. */
#include <math.h>

#include "../draw.h"
#include "../png.h"

enum { SIDE = 32, COLOURS = 3, DISCS = 3, NOISE = 60 };

/* A colour that changes evenly across a disc or the ground. */
struct shade {
  double level[COLOURS], down, across;
};

struct disc {
  double x, y, radius;
  struct shade shade;
};

static struct shade draw_shade(void) {
  struct shade s = {.down = (draw(161) - 80) / 32.0, .across = (draw(161) - 80) / 32.0};
  for (int c = 0; c < COLOURS; c++) s.level[c] = draw(256);
  return s;
}

static double in_byte(double x) { return x < 0 ? 0 : x > 255 ? 255 : x; }

static double level_of(const struct shade *s, int c, int y, int x) {
  return in_byte(s->level[c] + s->down * (y - SIDE / 2) + s->across * (x - SIDE / 2));
}

static void paint(unsigned char *at) {
  struct shade ground = draw_shade();
  struct disc disc[DISCS];
  for (int k = 0; k < DISCS; k++) disc[k] = (struct disc){draw(SIDE), draw(SIDE), 4 + draw(9), draw_shade()};
  for (int y = 0; y < SIDE; y++)
    for (int x = 0; x < SIDE; x++) {
      const struct shade *seen = &ground;
      for (int k = 0; k < DISCS; k++)
        if (hypot(x - disc[k].x, y - disc[k].y) <= disc[k].radius) seen = &disc[k].shade;
      for (int c = 0; c < COLOURS; c++) *at++ = (unsigned char)level_of(seen, c, y, x);
    }
}

static void write_pair(const char *folder, const char *set, int number, FILE *table) {
  unsigned char clean[SIDE * SIDE * COLOURS], noisy[sizeof clean];
  char path[4096];
  paint(clean);
  for (size_t k = 0; k < sizeof clean; k++)
    noisy[k] = (unsigned char)in_byte(clean[k] + draw(2 * NOISE + 1) - NOISE);
  fprintf(table, "%s-%04d-noisy.png\t%s-%04d.png\n", set, number, set, number);
  snprintf(path, sizeof path, "%s/%s-%04d-noisy.png", folder, set, number);
  png_write_full(path, SIDE, SIDE, noisy);
  snprintf(path, sizeof path, "%s/%s-%04d.png", folder, set, number);
  png_write_full(path, SIDE, SIDE, clean);
}

static void write_set(const char *folder, const char *set, int pairs) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s.tsv", folder, set);
  FILE *file = fopen(path, "wb");
  if (!file) exit((perror(path), 1));
  fputs("noisy\tclean\n", file);
  for (int n = 0; n < pairs; n++) write_pair(folder, set, n, file);
  if (fclose(file)) exit((perror(path), 1));
}

int main(int argc, char **argv) {
  const int pairs = argc == 3 ? atoi(argv[2]) : 1000;
  if (argc < 2 || argc > 3 || pairs < 1) return fputs("usage: pictures DIRECTORY [PAIRS]\n", stderr), 64;
  state = 13;
  write_set(argv[1], "train", pairs);
  write_set(argv[1], "dev", (pairs + 4) / 5);
  return 0;
}
