/* store.h: what the fields of a column name: images, sounds. A file is read and decoded once, however many
 * rows name it, and kept as bytes. Rows have the numbers of what is kept, so that a selection of rows takes
 * no more memory. */
#ifndef AQ_RUNTIME_IO_STORE_H
#define AQ_RUNTIME_IO_STORE_H

#include <stdatomic.h>

#include "runtime/io/table.h"

/* Filled by one thread; then several may read. */
struct io_store;
int io_store_new(struct io_store **store, struct rt_error *error);
/* One more that has it, and has to free it. */
struct io_store *io_store_share(struct io_store *store);
void io_store_free(struct io_store *store);
/* Forgets what is kept, unless somebody else has it, too: *store is then NULL. */
void io_store_clear(struct io_store **store);

/* The number of what a field names, or -1: it has not been read yet. */
int32_t io_store_find(const struct io_store *store, const struct io_field *name);
/* Keeps *bytes, which it takes: *bytes is then NULL. */
int io_store_add(struct io_store *store, const struct io_field *name, void **bytes, size_t size,
                 int32_t *number, struct rt_error *error);
const void *io_store_bytes(const struct io_store *store, int32_t number, size_t *size);
/* Gives numbers the meaning that they have in `from`: what they name is added, or all of `from` is shared
 * when *store is NULL. RT_NO_MEMORY. */
int io_store_append(struct io_store **store, struct io_store *from, int32_t *number, int64_t count);

/* What a kind of column keeps beside: the first member of a struct of its own. */
struct io_attached {
  void (*free)(struct io_attached *attached);
  bool fixed; /* it never changes: a copy of the store has it, too */
  atomic_int owners;
};
/* Takes it; there is none yet. */
void io_store_attach(struct io_store *store, struct io_attached *attached);
struct io_attached *io_store_attached(const struct io_store *store); /* or NULL */

#endif
