/* random.c FILE: reads lines "NAME SIZE SIZE…" and writes a safetensors file with a tensor of random numbers
 * for each: weights to try the commands with, in seconds and without a network. Weights of normalisations are
 * 1, offsets 0. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 1000 };

static struct tensor {
  char name[128], shape[64];
  long count;
} tensor[MOST];

static double uniform(void) {
  static uint64_t state = 20;
  state = state * 6364136223846793005u + 1442695040888963407u;
  return (double)(state >> 40) / (1 << 24) - 0.5;
}

/* About normal, of standard deviation 0.1. */
static float number(const char *name) {
  if (strstr(name, "norm") || strstr(name, "Norm") || strstr(name, "ln_"))
    return strstr(name, "bias") ? 0 : 1;
  return strstr(name, "bias") ? 0 : (float)(0.1 * 2 * (uniform() + uniform() + uniform()));
}

static int read_line(char *line, struct tensor *t) {
  int used = 0;
  long size;
  t->count = 1;
  if (sscanf(line, "%127s%n", t->name, &used) != 1) return 0;
  for (char *at = line + used; (size = strtol(at, &at, 10)) > 0;) {
    snprintf(t->shape + strlen(t->shape), sizeof t->shape - strlen(t->shape), "%s%ld", t->shape[0] ? "," : "",
             size);
    t->count *= size;
  }
  return 1;
}

int main(int argc, char **argv) {
  static char line[256], header[MOST * 256];
  int count = 0;
  long offset = 0;
  size_t length = 1;
  FILE *file = argc == 2 ? fopen(argv[1], "wb") : NULL;
  if (!file) return fprintf(stderr, "random FILE < tensors.txt\n"), 1;
  header[0] = '{';
  while (count < MOST && fgets(line, sizeof line, stdin)) {
    struct tensor *t = &tensor[count];
    if (!read_line(line, t)) continue;
    length += (size_t)snprintf(header + length, sizeof header - length,
                               "%s\"%s\":{\"dtype\":\"F32\",\"shape\":[%s],\"data_offsets\":[%ld,%ld]}",
                               count ? "," : "", t->name, t->shape, offset, offset + 4 * t->count);
    offset += 4 * t->count;
    count++;
  }
  header[length++] = '}';
  while (length % 8) header[length++] = ' ';
  uint64_t size = length;
  fwrite(&size, 8, 1, file); /* little-endian, as the numbers are */
  fwrite(header, 1, length, file);
  for (int k = 0; k < count; k++)
    for (long i = 0; i < tensor[k].count; i++) {
      float x = number(tensor[k].name);
      fwrite(&x, 4, 1, file);
    }
  return fclose(file) != 0;
}
