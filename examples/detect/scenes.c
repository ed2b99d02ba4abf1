/* scenes.c: writes train.tsv and dev.tsv and the images that they name: shapes before a noisy ground, and a
 * box around each. */
#include <math.h>

#include "../draw.h"
#include "../png.h"

enum { SIDE = 64, COLOURS = 3, MOST = 3 };
static const char *const names[] = {"circle", "square", "triangle"};
enum { CIRCLE, SQUARE, TRIANGLE, SHAPES };

struct shape {
  int kind, x, y, size; /* its box: size by size points from (x, y) on */
  unsigned char colour[COLOURS];
};

/* Does the shape cover this point? The tip of a triangle is the middle of its box's upper edge. */
static int covers(const struct shape *s, int x, int y) {
  const double across = x + 0.5 - s->x, down = y + 0.5 - s->y, half = s->size / 2.0;
  if (across < 0 || down < 0 || across > s->size || down > s->size) return 0;
  if (s->kind == SQUARE) return 1;
  if (s->kind == CIRCLE) return hypot(across - half, down - half) <= half;
  return fabs(across - half) <= down / 2;
}

static int overlap(const struct shape *a, const struct shape *b) {
  return a->x < b->x + b->size && b->x < a->x + a->size && a->y < b->y + b->size && b->y < a->y + a->size;
}

/* Another shape, beside those that are there already. */
static void place(struct shape *shape, int count) {
  struct shape *s = &shape[count];
  int again;
  do {
    s->kind = draw(SHAPES);
    s->size = 10 + draw(15);
    s->x = draw(SIDE - s->size + 1);
    s->y = draw(SIDE - s->size + 1);
    again = 0;
    for (int k = 0; k < count; k++) again |= overlap(s, &shape[k]);
  } while (again);
  for (int c = 0; c < COLOURS; c++) s->colour[c] = (unsigned char)(90 + draw(166));
}

static void paint(const struct shape *shape, int count, unsigned char *at) {
  for (int y = 0; y < SIDE; y++)
    for (int x = 0; x < SIDE; x++)
      for (int c = 0; c < COLOURS; c++) {
        int level = draw(60);
        for (int k = 0; k < count; k++)
          if (covers(&shape[k], x, y)) level = shape[k].colour[c] - draw(30);
        *at++ = (unsigned char)level;
      }
}

static void write_scene(const char *folder, const char *set, int number, FILE *table) {
  struct shape shape[MOST];
  unsigned char point[SIDE * SIDE * COLOURS];
  char path[4096];
  const int count = draw(MOST + 1);
  for (int k = 0; k < count; k++) place(shape, k);
  paint(shape, count, point);
  snprintf(path, sizeof path, "%s/%s-%04d.png", folder, set, number);
  fprintf(table, "%s-%04d.png\t", set, number);
  for (int k = 0; k < count; k++)
    fprintf(table, "%s%s %d %d %d %d", k ? "; " : "", names[shape[k].kind], shape[k].x, shape[k].y,
            shape[k].x + shape[k].size, shape[k].y + shape[k].size);
  fputs("\n", table);
  png_write_full(path, SIDE, SIDE, point);
}

static void write_set(const char *folder, const char *set, int scenes) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s.tsv", folder, set);
  FILE *file = fopen(path, "wb");
  if (!file) exit((perror(path), 1));
  fputs("photo\tthings\n", file);
  for (int n = 0; n < scenes; n++) write_scene(folder, set, n, file);
  if (fclose(file)) exit((perror(path), 1));
}

int main(int argc, char **argv) {
  const int scenes = argc == 3 ? atoi(argv[2]) : 3000;
  if (argc < 2 || argc > 3 || scenes < 1) return fputs("usage: scenes DIRECTORY [SCENES]\n", stderr), 64;
  state = 25;
  write_set(argv[1], "train", scenes);
  write_set(argv[1], "dev", (scenes + 5) / 6);
  return 0;
}
