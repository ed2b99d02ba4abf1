/* nearest_word.c: see nearest_word.h. */
#include "aqc/nearest_word.h"

#include <aq.h>
#include <stdbool.h>
#include <string.h>

static bool begins(const char *word, const char *known) {
  size_t length = strlen(word);
  return known && length >= 2 && strncmp(known, word, length) == 0;
}

const char *nearest_word(const char *word, const char *best, const char *known) {
  if (begins(word, best)) return best;
  return begins(word, known) ? known : aq_nearer(word, best, known);
}
