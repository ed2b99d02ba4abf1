/* png.h: writes a small picture as a PNG file, for the programs that make the examples' pictures. Nothing is
 * compressed, so that no library is needed; of up to 16 colours, four bits a point keep it small. */
#ifndef EXAMPLES_PNG_H
#define EXAMPLES_PNG_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PNG_COLOURS = 16, PNG_SIDE = 256 };

static void png_put32(unsigned char *out, uint32_t x) {
  for (int k = 0; k < 4; k++) out[k] = (unsigned char)(x >> (24 - 8 * k));
}

static uint32_t png_crc(const unsigned char *of, size_t size) {
  uint32_t crc = 0xFFFFFFFF;
  for (size_t k = 0; k < size; k++) {
    crc ^= of[k];
    for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320 : 0);
  }
  return ~crc;
}

static void png_chunk(FILE *file, const char *name, const unsigned char *data, size_t size) {
  static unsigned char chunk[PNG_SIDE * PNG_SIDE];
  png_put32(chunk, (uint32_t)size);
  memcpy(chunk + 4, name, 4);
  memcpy(chunk + 8, data, size);
  png_put32(chunk + 8 + size, png_crc(chunk + 4, size + 4));
  fwrite(chunk, 1, size + 12, file);
}

/* What zlib's format asks for around one stored block, and the sum of Adler behind it. */
static size_t png_store(const unsigned char *raw, size_t size, unsigned char *out) {
  uint32_t a = 1, b = 0;
  const unsigned char head[] = {0x78,
                                0x01,
                                1,
                                (unsigned char)size,
                                (unsigned char)(size >> 8),
                                (unsigned char)~size,
                                (unsigned char)(~size >> 8)};
  memcpy(out, head, sizeof head);
  memcpy(out + sizeof head, raw, size);
  for (size_t k = 0; k < size; k++) {
    a = (a + raw[k]) % 65521;
    b = (b + a) % 65521;
  }
  png_put32(out + sizeof head + size, b << 16 | a);
  return sizeof head + size + 4;
}

/* Rows of bytes, each behind a 0: nothing was done to it. */
static unsigned char png_raw[PNG_SIDE * PNG_SIDE];

struct png {
  const char *path;
  int width, height, bits, kind; /* bits of a number; kind 2: red, green, blue of each point; 3: its colour */
  const unsigned char (*colour)[3]; /* [PNG_COLOURS] of kind 3 */
};

/* Ends the program when the file cannot be written. */
static void png_save(const struct png *p, size_t size) {
  static unsigned char stored[sizeof png_raw + 16];
  unsigned char about[13] = {0};
  FILE *file = fopen(p->path, "wb");
  if (!file) exit((perror(p->path), 1));
  png_put32(about, (uint32_t)p->width);
  png_put32(about + 4, (uint32_t)p->height);
  about[8] = (unsigned char)p->bits;
  about[9] = (unsigned char)p->kind;
  fwrite("\x89PNG\r\n\x1A\n", 1, 8, file);
  png_chunk(file, "IHDR", about, sizeof about);
  if (p->colour) png_chunk(file, "PLTE", p->colour[0], (size_t)PNG_COLOURS * 3);
  png_chunk(file, "IDAT", stored, png_store(png_raw, size, stored));
  png_chunk(file, "IEND", stored, 0);
  if (fclose(file)) exit((perror(p->path), 1));
}

/* point: height x width numbers of colours, row by row; each colour is red, green, blue. Sides are at most
 * PNG_SIDE. */
static inline void png_write(const char *path, int width, int height,
                             const unsigned char colour[PNG_COLOURS][3], const unsigned char *point) {
  size_t size = 0;
  for (int y = 0; y < height; y++) {
    png_raw[size++] = 0;
    for (int x = 0; x < width; x += 2)
      png_raw[size++] =
          (unsigned char)(point[y * width + x] << 4 | (x + 1 < width ? point[y * width + x + 1] : 0));
  }
  png_save(&(struct png){path, width, height, 4, 3, colour}, size);
}

/* point: height x width points of red, green and blue. Sides are at most half of PNG_SIDE. */
static inline void png_write_full(const char *path, int width, int height, const unsigned char *point) {
  const size_t line = (size_t)width * 3;
  for (int y = 0; y < height; y++) {
    png_raw[(size_t)y * (line + 1)] = 0;
    memcpy(png_raw + (size_t)y * (line + 1) + 1, point + (size_t)y * line, line);
  }
  png_save(&(struct png){path, width, height, 8, 2, NULL}, (line + 1) * (size_t)height);
}

#endif
