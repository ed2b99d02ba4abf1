/* own_words.h: hints of the library in the words of a command line. */
#ifndef AQC_OWN_WORDS_H
#define AQC_OWN_WORDS_H

/* The library speaks of its options by the names of their fields, as in "the option bad_rows = skip leaves
 * bad rows out", and of rows that a host's function reads as "the stream". Here they are called "--on-bad-row
 * skip" and "the standard input". Free the result; NULL: there is not enough memory. */
char *own_words(const char *hint);
/* An excerpt, in which further files are named as in "  --> the option define:1:1". Free it, likewise. */
char *own_excerpt(const char *excerpt);
/* What the library calls a file, likewise. */
const char *own_file(const char *file);

#endif
