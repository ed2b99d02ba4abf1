/* dictionary.h: what is known of every name that a program may use without defining it: the built-ins, the
 * functions and heads of the standard library, and the words of glossary.h. */
#ifndef AQ_COMPILER_DICTIONARY_H
#define AQ_COMPILER_DICTIONARY_H

#include "compiler/glossary.h"

/* Writes one line for each built-in, function and head, in the order of the alphabet: "softmax(x, DIM):
 * exp(x) / sum exp(x) …". */
int cc_write_dictionary(struct rt_text *out, struct rt_error *error);
/* Writes the line of one name, and an example: its use in a program, else a line of the library that calls
 * it. A name may mean several things, as `linear` does. An unknown one is an error with the nearest name as
 * its hint. */
int cc_write_definition(struct rt_text *out, const char *name, const struct cc_words *words,
                        struct rt_error *error);

#endif
