/* nearest_word.h: the known word that a misspelt one most likely means. */
#ifndef AQC_NEAREST_WORD_H
#define AQC_NEAREST_WORD_H

#include <stddef.h>

struct nearest {
  const char *word;
  size_t length;
  const char *best; /* NULL: nothing is near */
  size_t distance;
};
struct nearest nearest_begin(const char *word, size_t length);
void nearest_offer(struct nearest *nearest, const char *known); /* known must outlive nearest */

#endif
