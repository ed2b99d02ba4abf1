/* dictionary.h: what is known of every name that a program may call without defining it: the built-ins and
 * the functions and heads of the standard library. */
#ifndef AQ_COMPILER_DICTIONARY_H
#define AQ_COMPILER_DICTIONARY_H

#include "runtime/base.h"

/* Writes one line for each name, in the order of the alphabet: "softmax(x, DIM): exp(x) / sum exp(x) …". */
int cc_write_dictionary(struct rt_text *out, struct rt_error *error);
/* Writes the line of one name, and an example: its use in a program, else a line of the library that calls
 * it. An unknown name is an error with the nearest one as its hint. */
int cc_write_definition(struct rt_text *out, const char *name, struct rt_error *error);

#endif
