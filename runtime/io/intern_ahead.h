/* intern_ahead.h: many texts, one behind the other, go into a set. */
#ifndef AQ_RUNTIME_IO_INTERN_AHEAD_H
#define AQ_RUNTIME_IO_INTERN_AHEAD_H

#include "runtime/io/vocab.h"

enum { IO_INTERN_AHEAD = 12 }; /* so many texts before it is added, a text is best told */

/* A text will be added soon: its place in the table is fetched, which takes longer than the adding. */
void io_intern_expect(const struct io_intern *set, const char *text, size_t length);

#endif
