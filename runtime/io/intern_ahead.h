/* intern_ahead.h: many texts, one behind the other, go into a set, or are looked up there. Each comes from
 * several places in memory, and the next ones can be asked for meanwhile. */
#ifndef AQ_RUNTIME_IO_INTERN_AHEAD_H
#define AQ_RUNTIME_IO_INTERN_AHEAD_H

#include "runtime/io/vocab.h"

enum { IO_INTERN_AHEAD = 12 }; /* so many texts before it is added, a text is best told */

/* A text will be added soon: its place in the table is fetched, which takes longer than the adding. */
void io_intern_expect(const struct io_intern *set, const char *text, size_t length);

/* Texts that are looked up together, best some tens of them. */
struct io_sought {
  const char *text;
  size_t length;
  uint64_t hash;
  int32_t number; /* found: as io_intern_find gives it */
};
void io_intern_find_many(const struct io_intern *set, struct io_sought *sought, size_t count);

#endif
