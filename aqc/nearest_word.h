/* nearest_word.h: the known word that a misspelt one most likely means. */
#ifndef AQC_NEAREST_WORD_H
#define AQC_NEAREST_WORD_H

/* Call it for each known word, with best what it returned before, at first NULL. It returns the nearer of the
 * two. The beginning of a word is nearer to it than any misspelling. */
const char *nearest_word(const char *word, const char *best, const char *known);

#endif
