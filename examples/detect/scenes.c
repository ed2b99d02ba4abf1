/* scenes.c: writes train.tsv and dev.tsv and the images that they name: shapes before a noisy ground, and a
 * box around each. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 64, COLOURS = 3, MOST = 3, LINE = 1 + SIDE * COLOURS, RAW = SIDE * LINE };
static const char *const names[] = {"circle", "square", "triangle"};
enum { CIRCLE, SQUARE, TRIANGLE, SHAPES };

/* SplitMix64 (Steele, Lea, Flood 2014): the same scenes on every machine. */
static uint64_t state = 25;
static int draw(int below) {
  uint64_t z = state += 0x9E3779B97F4A7C15u;
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
  z = (z ^ z >> 27) * 0x94D049BB133111EBu;
  return (int)((z ^ z >> 31) % (uint64_t)below);
}

/* ---- PNG: chunks with their sums, around bytes that are stored as they are ---- */

static uint32_t crc_of(const unsigned char *bytes, size_t count, uint32_t crc) {
  for (size_t k = 0; k < count; k++) {
    crc ^= bytes[k];
    for (int b = 0; b < 8; b++) crc = crc & 1 ? crc >> 1 ^ 0xEDB88320u : crc >> 1;
  }
  return crc;
}

static void put_number(unsigned char *at, uint32_t x) {
  for (int k = 0; k < 4; k++) at[k] = (unsigned char)(x >> (24 - 8 * k));
}

static void write_chunk(FILE *file, const char *name, const unsigned char *bytes, size_t count) {
  unsigned char head[8], sum[4];
  put_number(head, (uint32_t)count);
  memcpy(head + 4, name, 4);
  put_number(sum, ~crc_of(bytes, count, crc_of(head + 4, 4, ~0u)));
  fwrite(head, 1, sizeof head, file);
  fwrite(bytes, 1, count, file);
  fwrite(sum, 1, sizeof sum, file);
}

static uint32_t adler_of(const unsigned char *bytes, size_t count) {
  uint32_t a = 1, b = 0;
  for (size_t k = 0; k < count; k++) {
    a = (a + bytes[k]) % 65521;
    b = (b + a) % 65521;
  }
  return b << 16 | a;
}

/* raw: rows of points, each behind a byte 0. */
static int write_png(const char *path, const unsigned char *raw) {
  static const unsigned char signature[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
  unsigned char head[13] = {0}, data[RAW + 11] = {0x78, 0x01, 0x01}; /* zlib; the last block, stored */
  FILE *file = fopen(path, "wb");
  if (!file) return perror(path), 1;
  put_number(head, SIDE);
  put_number(head + 4, SIDE);
  head[8] = 8;
  head[9] = 2; /* red, green, blue */
  data[3] = RAW & 255, data[4] = RAW >> 8;
  data[5] = (unsigned char)~data[3], data[6] = (unsigned char)~data[4];
  memcpy(data + 7, raw, RAW);
  put_number(data + 7 + RAW, adler_of(raw, RAW));
  fwrite(signature, 1, sizeof signature, file);
  write_chunk(file, "IHDR", head, sizeof head);
  write_chunk(file, "IDAT", data, sizeof data);
  write_chunk(file, "IEND", NULL, 0);
  return fclose(file) ? (perror(path), 1) : 0;
}

/* ---- scenes ---- */

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

static void paint(const struct shape *shape, int count, unsigned char *raw) {
  for (int y = 0; y < SIDE; y++) {
    unsigned char *at = raw + y * LINE;
    *at++ = 0;
    for (int x = 0; x < SIDE; x++)
      for (int c = 0; c < COLOURS; c++) {
        int level = draw(60);
        for (int k = 0; k < count; k++)
          if (covers(&shape[k], x, y)) level = shape[k].colour[c] - draw(30);
        *at++ = (unsigned char)level;
      }
  }
}

static int write_scene(const char *folder, const char *set, int number, FILE *table) {
  struct shape shape[MOST];
  unsigned char raw[RAW];
  char path[4096];
  const int count = draw(MOST + 1);
  for (int k = 0; k < count; k++) place(shape, k);
  paint(shape, count, raw);
  snprintf(path, sizeof path, "%s/%s-%04d.png", folder, set, number);
  fprintf(table, "%s-%04d.png\t", set, number);
  for (int k = 0; k < count; k++)
    fprintf(table, "%s%s %d %d %d %d", k ? "; " : "", names[shape[k].kind], shape[k].x, shape[k].y,
            shape[k].x + shape[k].size, shape[k].y + shape[k].size);
  fputs("\n", table);
  return write_png(path, raw);
}

static int write_set(const char *folder, const char *set, int scenes) {
  char path[4096];
  int failed = 0;
  snprintf(path, sizeof path, "%s/%s.tsv", folder, set);
  FILE *file = fopen(path, "wb");
  if (!file) return perror(path), 1;
  fputs("photo\tthings\n", file);
  for (int n = 0; n < scenes && !failed; n++) failed = write_scene(folder, set, n, file);
  return fclose(file) || failed ? (perror(path), 1) : 0;
}

int main(int argc, char **argv) {
  const int scenes = argc == 3 ? atoi(argv[2]) : 3000;
  if (argc < 2 || argc > 3 || scenes < 1) return fputs("usage: scenes DIRECTORY [SCENES]\n", stderr), 64;
  return write_set(argv[1], "train", scenes) || write_set(argv[1], "dev", (scenes + 5) / 6);
}
