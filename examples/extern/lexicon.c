/* lexicon.c: looks the words of a text up in a dictionary, a hash table in C.
 *
 *     cc -O2 -shared -fPIC -o liblexicon.so lexicon.c
 *
 * A text comes as it stands in the file, byte by byte: `bytes[T, V]` gives [T] of V, V = 256. (The numbers of
 * `words[T, V]` are those of the vocabulary that training learned, and mean nothing here.) What is known of
 * the words is added up: how many are good, how many are bad, and how many turn the next one round. The
 * features do not change with training, so there is no gradient. */
#include <aq_extern.h>
#include <string.h>

enum { GOOD, BAD, TURN, FEATURES, SLOTS = 64 };

static const struct entry {
  const char *word;
  int feature;
} entries[] = {{"good", GOOD}, {"great", GOOD}, {"fine", GOOD},  {"lovely", GOOD}, {"kind", GOOD},
               {"bad", BAD},   {"poor", BAD},   {"awful", BAD},  {"rude", BAD},    {"cold", BAD},
               {"not", TURN},  {"never", TURN}, {"hardly", TURN}};

static uint32_t hash_of(const char *word, size_t length) {
  uint32_t hash = 2166136261u; /* FNV-1a */
  for (size_t k = 0; k < length; k++) hash = (hash ^ (unsigned char)word[k]) * 16777619u;
  return hash % SLOTS;
}

/* Filled before main, or when the library is loaded. */
static const struct entry *table[SLOTS];
__attribute__((constructor)) static void fill(void) {
  for (size_t k = 0; k < sizeof entries / sizeof *entries; k++) {
    uint32_t at = hash_of(entries[k].word, strlen(entries[k].word));
    while (table[at]) at = (at + 1) % SLOTS;
    table[at] = &entries[k];
  }
}

static int look_up(const char *word, size_t length) {
  for (uint32_t at = hash_of(word, length); table[at]; at = (at + 1) % SLOTS)
    if (strlen(table[at]->word) == length && !memcmp(table[at]->word, word, length))
      return table[at]->feature;
  return -1;
}

/* Counts into sum[FEATURES]. */
static const char *count(const int32_t *text, int64_t T, int64_t V, double *sum) {
  char word[32];
  size_t length = 0;
  if (V != 256) return "the text of a lexicon is bytes";
  memset(sum, 0, FEATURES * sizeof *sum);
  for (int64_t t = 0; t <= T; t++) {
    int letter = t < T ? text[t] : ' ';
    if (letter >= 'A' && letter <= 'Z') letter += 'a' - 'A';
    if (letter >= 'a' && letter <= 'z') {
      if (length < sizeof word) word[length++] = (char)letter;
      continue;
    }
    int feature = length ? look_up(word, length) : -1;
    if (feature >= 0) sum[feature]++;
    length = 0;
  }
  return NULL;
}

static const char *lexicon_float(const int32_t *text, float *y, int64_t T, int64_t V, int64_t F) {
  double sum[FEATURES];
  if (F != FEATURES) return "a lexicon has 3 features: good, bad, turning";
  const char *wrong = count(text, T, V, sum);
  for (int f = 0; f < FEATURES && !wrong; f++) y[f] = (float)sum[f];
  return wrong;
}

static const char *lexicon_double(const int32_t *text, double *y, int64_t T, int64_t V, int64_t F) {
  if (F != FEATURES) return "a lexicon has 3 features: good, bad, turning";
  return count(text, T, V, y);
}

AQ_EXTERN(lexicon, AQ_FUNCTION, "(text: [T] of V) -> [F]", lexicon_float, lexicon_double)
