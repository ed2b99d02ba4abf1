/* vectors.h: what vectors.c, embed_rows.c and search_vectors.c share. */
#ifndef AQ_LIBAQ_VECTORS_H
#define AQ_LIBAQ_VECTORS_H

#include <stdatomic.h>

#include "libaq/internal.h"

struct aq_vectors {
  struct lib_message message;
  atomic_int searches; /* that use them now, and call the host meanwhile */
  atomic_bool freed;   /* by the host: the last search frees them */
  float *number;       /* [count, width] */
  size_t capacity;
  int64_t count, width;
};

void vectors_keep(struct aq_vectors *vectors);
void vectors_leave(struct aq_vectors *vectors);
/* Adds rows, whose numbers are not set yet, and gives their place; NULL: no memory. */
float *vectors_add(struct aq_vectors *vectors, int64_t rows);

#endif
