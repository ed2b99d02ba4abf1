/* replay.c: runs a fuzz target without a fuzzer: on every file of the corpus, and on changed copies of them.
 *
 *     fuzz_NAME [-changed=N] [-seed=N] FILE-OR-FOLDER...
 *
 * A target reports by dying: the last input is named first, so that the log shows which one it was. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/fuzz/fuzz.h"

enum { MAX_INPUTS = 4096, MAX_SIZE = 1 << 20 };

struct input {
  uint8_t *data;
  size_t size;
};
static struct input input[MAX_INPUTS];
static int inputs;

/* SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t state;
static uint64_t draw(void) {
  uint64_t z = state += 0x9e3779b97f4a7c15u;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return z ^ z >> 31;
}

static void add_file(const char *path) {
  FILE *file = fopen(path, "rb");
  if (!file || inputs == MAX_INPUTS) {
    fprintf(stderr, "%s: %s\n", path, file ? "too many inputs" : "cannot be read");
    exit(1);
  }
  uint8_t *data = malloc(MAX_SIZE);
  if (!data) abort();
  size_t size = fread(data, 1, MAX_SIZE, file);
  fclose(file);
  input[inputs++] = (struct input){data, size};
}

static int by_name(const struct dirent **a, const struct dirent **b) {
  return strcmp((*a)->d_name, (*b)->d_name);
}

/* In the order of their names, so that a seed means the same on every machine. */
static void add(const char *path) {
  struct stat about;
  if (stat(path, &about)) {
    perror(path);
    exit(1);
  }
  if (!S_ISDIR(about.st_mode)) {
    add_file(path);
    return;
  }
  struct dirent **entry = NULL;
  int count = scandir(path, &entry, NULL, by_name);
  for (int i = 0; i < count; i++) {
    char name[4096];
    snprintf(name, sizeof name, "%s/%s", path, entry[i]->d_name);
    if (entry[i]->d_name[0] != '.') add(name);
    free(entry[i]);
  }
  free(entry);
}

/* A block of exactly the input's size, so that a read beyond its end shows. */
static void run(const uint8_t *data, size_t size) {
  uint8_t *copy = malloc(size ? size : 1);
  if (!copy) abort();
  memcpy(copy, data, size);
  LLVMFuzzerTestOneInput(copy, size);
  free(copy);
}

/* Bits flipped, bytes set to telling values, parts removed, repeated, or taken from another input. */
static size_t change(uint8_t *data, size_t size, size_t room) {
  static const uint8_t telling[] = {0, 1, 0x7f, 0x80, 0xff, '\n', '\r', '\t', '"', '{', '0', '-'};
  size_t at = size ? draw() % size : 0, length = 1 + draw() % 16;
  const struct input *other = &input[draw() % (uint64_t)inputs];
  if (length > size - at) length = size - at;
  switch (draw() % 5) {
    case 0:
      if (size) data[at] ^= (uint8_t)(1u << draw() % 8);
      return size;
    case 1:
      if (size) data[at] = telling[draw() % sizeof telling];
      return size;
    case 2: memmove(data + at, data + at + length, size - at - length); return size - length;
    case 3:
      if (size + length > room) return size;
      memmove(data + at + length, data + at, size - at);
      return size + length;
    default:
      if (!other->size) return size;
      size_t from = draw() % other->size;
      if (length > other->size - from) length = other->size - from;
      memcpy(data + at, other->data + from, length);
      return size;
  }
}

static void run_changed(long count) {
  uint8_t *data = malloc(MAX_SIZE);
  if (!data) abort();
  for (long n = 0; n < count; n++) {
    const struct input *chosen = &input[draw() % (uint64_t)inputs];
    size_t size = chosen->size;
    memcpy(data, chosen->data, size);
    for (uint64_t changes = 1 + draw() % 4; changes > 0; changes--) size = change(data, size, MAX_SIZE);
    run(data, size);
  }
  free(data);
}

int main(int argc, char **argv) {
  long changed = 0;
  state = 1;
  for (int i = 1; i < argc; i++) {
    if (!strncmp(argv[i], "-changed=", 9))
      changed = atol(argv[i] + 9);
    else if (!strncmp(argv[i], "-seed=", 6))
      state = strtoull(argv[i] + 6, NULL, 10);
    else
      add(argv[i]);
  }
  if (!inputs) return fprintf(stderr, "no inputs\n"), 1;
  for (int i = 0; i < inputs; i++) run(input[i].data, input[i].size);
  run_changed(changed);
  printf("%d inputs and %ld changed copies\n", inputs, changed);
  for (int i = 0; i < inputs; i++) free(input[i].data);
  return 0;
}
