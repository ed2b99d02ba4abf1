/* nearest_word.h: the known word that a misspelt one most likely means. */
#ifndef AQC_NEAREST_WORD_H
#define AQC_NEAREST_WORD_H

/* best, the nearest word so far or NULL, or known when that is nearer. What is begun rightly and only cut
 * short is nearer than any misspelling. */
const char *nearest_word(const char *word, const char *best, const char *known);

#endif
