/* shopping.c: writes train.tsv, dev.tsv and test.tsv: shopping lists and what they cost. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static const struct {
  const char *name;
  double price;
} goods[] = {{"apples", 0.40}, {"pears", 0.55},   {"eggs", 0.30},    {"rolls", 0.65},
             {"lemons", 0.50}, {"candles", 1.20}, {"pens", 0.90},    {"cups", 2.40},
             {"towels", 4.50}, {"lamps", 9.80},   {"ribbons", 0.75}, {"buttons", 0.10}};
static const char *const counts[] = {"one", "two", "three", "four", "five", "six", "seven", "eight", "nine"};
enum { GOODS = sizeof goods / sizeof *goods, COUNTS = sizeof counts / sizeof *counts };

/* SplitMix64 (Steele, Lea, Flood 2014): the same rows on every machine. */
static uint64_t state = 20;
static int draw(int below) {
  uint64_t z = state += 0x9E3779B97F4A7C15u;
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
  z = (z ^ z >> 27) * 0x94D049BB133111EBu;
  return (int)((z ^ z >> 31) % (uint64_t)below);
}

static void write_row(FILE *file) {
  int lines = 1 + draw(5);
  double total = 0;
  for (int k = 0; k < lines; k++) {
    int count = draw(COUNTS), good = draw(GOODS);
    fprintf(file, "%s%s %s", k ? (k == lines - 1 ? " and " : " , ") : "", counts[count], goods[good].name);
    total += (count + 1) * goods[good].price;
  }
  fprintf(file, "\t%.2f\n", total);
}

static int write_file(const char *folder, const char *name, int rows) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "wb");
  if (!file) return perror(path), 1;
  fputs("list\tprice\n", file);
  for (int r = 0; r < rows; r++) write_row(file);
  return fclose(file) ? (perror(path), 1) : 0;
}

int main(int argc, char **argv) {
  if (argc != 2) return fputs("usage: generate DIRECTORY\n", stderr), 64;
  return write_file(argv[1], "train.tsv", 2000) || write_file(argv[1], "dev.tsv", 300)
         || write_file(argv[1], "test.tsv", 300);
}
