/* join.c: joins recordings of single words into strings of them, with pauses between.
 *
 *     cc -std=c11 -o join join.c && ./join TABLE.tsv FOLDER STRINGS [SEED]
 *
 * TABLE.tsv has a header and the columns sound, word and speaker: WAV files of 16 bits and one channel,
 * beside the table. FOLDER, which must be there, gets STRINGS files 1.wav, 2.wav, … of one to six words of
 * one speaker, and strings.tsv, which says what is said in each. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 10000, FIELD = 200, WORDS = 6, RATE_AT = 24, HEAD = 44 };
enum { SHORTEST = 30, LONGEST = 250 }; /* of pauses, in milliseconds */

struct row {
  char sound[FIELD], word[FIELD], speaker[FIELD];
};

/* SplitMix64 (Steele, Lea, Flood 2014): the same strings on every machine. */
static uint64_t state;
static int draw(int below) {
  uint64_t z = state += 0x9E3779B97F4A7C15u;
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
  z = (z ^ z >> 27) * 0x94D049BB133111EBu;
  return (int)((z ^ z >> 31) % (uint64_t)below);
}

static void stop(const char *what, const char *name) {
  fprintf(stderr, "join: %s: %s\n", name, what);
  exit(1);
}

static FILE *open_file(const char *name, const char *how) {
  FILE *file = fopen(name, how);
  if (!file) stop("cannot be opened", name);
  return file;
}

static int read_table(const char *name, struct row *row) {
  FILE *file = open_file(name, "r");
  char line[3 * FIELD];
  int count = 0;
  if (!fgets(line, sizeof line, file)) stop("is empty", name);
  while (count < ROWS && fgets(line, sizeof line, file)) {
    struct row *r = &row[count];
    if (sscanf(line, "%199[^\t\n]\t%199[^\t\n]\t%199[^\t\n]", r->sound, r->word, r->speaker) != 3)
      stop("has a line without a sound, a word and a speaker", name);
    count++;
  }
  fclose(file);
  if (!count) stop("has no rows", name);
  return count;
}

static uint32_t number(const unsigned char *b, int bytes) {
  uint32_t n = 0;
  for (int k = bytes; k-- > 0;) n = n << 8 | b[k];
  return n;
}

/* A string of words while it grows. */
struct string {
  int16_t *sample;
  size_t count;
  uint32_t rate;
};

static void put(struct string *s, size_t more) {
  s->sample = realloc(s->sample, (s->count + more) * sizeof *s->sample);
  if (!s->sample) stop("no memory", "string");
}

/* A pause is not quite silent: no recording is. */
static void put_pause(struct string *s) {
  const size_t count = (size_t)(SHORTEST + draw(LONGEST - SHORTEST)) * s->rate / 1000;
  put(s, count);
  for (size_t k = 0; k < count; k++) s->sample[s->count++] = (int16_t)(draw(9) - 4);
}

static void put_word(struct string *s, const char *name) {
  unsigned char head[HEAD], *bytes;
  FILE *file = open_file(name, "rb");
  if (fread(head, 1, HEAD, file) != HEAD || memcmp(head, "RIFF", 4) || memcmp(head + 36, "data", 4)
      || number(head + 20, 2) != 1 || number(head + 22, 2) != 1 || number(head + 34, 2) != 16)
    stop("is no plain WAV file of 16 bits and one channel", name);
  const size_t count = number(head + 40, 4) / 2;
  bytes = malloc(count * 2 + 1);
  if (!bytes || fread(bytes, 2, count, file) != count) stop("ends too soon", name);
  if (s->rate && s->rate != number(head + RATE_AT, 4)) stop("has another rate than the others", name);
  s->rate = number(head + RATE_AT, 4);
  put(s, count);
  for (size_t k = 0; k < count; k++) s->sample[s->count++] = (int16_t)number(bytes + 2 * k, 2);
  free(bytes);
  fclose(file);
}

static void write_number(FILE *file, uint32_t n, int bytes) {
  for (int k = 0; k < bytes; k++) fputc((int)(n >> 8 * k & 255), file);
}

static void write_wav(const char *name, const struct string *s) {
  FILE *file = open_file(name, "wb");
  const uint32_t size = (uint32_t)s->count * 2;
  fputs("RIFF", file);
  write_number(file, 36 + size, 4);
  fputs("WAVEfmt ", file);
  write_number(file, 16, 4);
  write_number(file, 1, 2);
  write_number(file, 1, 2);
  write_number(file, s->rate, 4);
  write_number(file, 2 * s->rate, 4);
  write_number(file, 2, 2);
  write_number(file, 16, 2);
  fputs("data", file);
  write_number(file, size, 4);
  for (size_t k = 0; k < s->count; k++) write_number(file, (uint16_t)s->sample[k], 2);
  if (fclose(file)) stop("cannot be written", name);
}

/* Another row of the same speaker. */
static const struct row *another(const struct row *row, int count, const char *speaker) {
  const struct row *found;
  do found = &row[draw(count)];
  while (strcmp(found->speaker, speaker) != 0);
  return found;
}

int main(int argc, char **argv) {
  static struct row row[ROWS];
  char name[3 * FIELD];
  if (argc < 4) stop("TABLE.tsv FOLDER STRINGS [SEED]", "usage");
  const char *slash = strrchr(argv[1], '/');
  const int folder = slash ? (int)(slash - argv[1]) + 1 : 0, count = read_table(argv[1], row);
  state = argc > 4 ? strtoull(argv[4], NULL, 10) : 1;
  snprintf(name, sizeof name, "%.300s/strings.tsv", argv[2]);
  FILE *table = open_file(name, "w");
  fputs("sound\tsaid\n", table);
  for (int n = 1; n <= atoi(argv[3]); n++) {
    struct string string = {0};
    const char *speaker = row[draw(count)].speaker;
    fprintf(table, "%d.wav\t", n);
    for (int words = 1 + draw(WORDS), k = 0; k < words; k++) {
      const struct row *r = another(row, count, speaker);
      snprintf(name, sizeof name, "%.*s%s", folder, argv[1], r->sound);
      if (k) put_pause(&string);
      put_word(&string, name);
      fprintf(table, "%s%s", k ? " " : "", r->word);
    }
    fputc('\n', table);
    snprintf(name, sizeof name, "%.300s/%d.wav", argv[2], n);
    write_wav(name, &string);
    free(string.sample);
  }
  return fclose(table) != 0;
}
