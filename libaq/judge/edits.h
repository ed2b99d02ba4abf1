/* edits.h: by how many letters and words texts differ from the right ones. */
#ifndef AQ_LIBAQ_EDITS_H
#define AQ_LIBAQ_EDITS_H

#include "runtime/base.h"

/* Sums over texts: of what the right ones have, and of what must be put in, taken out or replaced to make
 * them of those that were written (Levenshtein 1966). A letter is a code point, a word what white space
 * parts. */
struct edits {
  uint64_t letters, letter_edits, words, word_edits;
};

int edits_add(struct edits *sum, const char *written, const char *right, struct rt_error *e);
void edits_add_all(struct edits *sum, const struct edits *from);
/* Edits per letter and per word of the right texts; NaN: these have none. */
double edits_per_letter(const struct edits *sum);
double edits_per_word(const struct edits *sum);

#endif
