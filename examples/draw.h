/* draw.h: chance, and tables with pictures, for the programs that make the examples' pictures. */
#ifndef EXAMPLES_DRAW_H
#define EXAMPLES_DRAW_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

/* SplitMix64 (Steele, Lea, Flood 2014): the same pictures on every machine. */
static uint64_t state; /* where a program begins */
static inline int draw(int below) {
  uint64_t z = state += 0x9E3779B97F4A7C15u;
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
  z = (z ^ z >> 27) * 0x94D049BB133111EBu;
  return (int)((z ^ z >> 31) % (uint64_t)below);
}

/* train.tsv and dev.tsv of a folder, and its pictures, pictures/0.png … */
struct tables {
  const char *program, *header;
  int train, dev;                                           /* pictures */
  void (*row)(const char *folder, int number, FILE *table); /* draws one, and writes what belongs to it */
};

static inline void write_table(const struct tables *t, const char *folder, const char *name, int first,
                               int end) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "wb");
  if (!file) exit((perror(path), 1));
  fprintf(file, "%s\n", t->header);
  for (int k = first; k < end; k++) t->row(folder, k, file);
  if (fclose(file)) exit((perror(path), 1));
}

/* What main returns. */
static inline int write_tables(const struct tables *t, int argc, char **argv) {
  char path[4096];
  if (argc != 2) return fprintf(stderr, "usage: %s DIRECTORY\n", t->program), 64;
  snprintf(path, sizeof path, "%s/pictures", argv[1]);
  mkdir(path, 0777); /* or it is there */
  write_table(t, argv[1], "train.tsv", 0, t->train);
  write_table(t, argv[1], "dev.tsv", t->train, t->train + t->dev);
  return 0;
}

#endif
