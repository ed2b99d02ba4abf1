/* store.h: what the fields of a column name: images, sounds. A file is looked at once while the table is
 * read, however many rows name it. Its bytes are kept, decoded; or, when all of them would take too much
 * memory, where they can be read again, with their checksum. Rows have the numbers of what is kept, so that a
 * selection of rows takes no more memory. */
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
/* Something in a store. */
struct io_attached;
struct io_stored {
  void *bytes; /* NULL: they are to be read again */
  size_t size;
  uint64_t sum;               /* of the bytes */
  char *path;                 /* the file that they are read from; NULL: none is */
  struct io_attached *within; /* number `at` of what has them in memory; NULL: none has */
  int64_t at;
};
enum { IO_STORE_ROOM = 64 << 20 }; /* bytes of a store that could be read again, but are kept */
void io_stored_free(struct io_stored *one);
/* Adds *one, which it takes: it is then empty. The bytes are kept unless they can be read again and are too
 * many. */
int io_store_add(struct io_store *store, const struct io_field *name, struct io_stored *one, int32_t *number,
                 struct rt_error *error);
const struct io_stored *io_store_get(const struct io_store *store, int32_t number);
/* Under which name it was added. */
struct io_field io_store_name(const struct io_store *store, int32_t number);
/* The checksum of bytes. */
uint64_t io_store_sum(const void *bytes, size_t size);
/* Gives numbers the meaning that they have in `from`: what they name is added, or all of `from` is shared
 * when *store is NULL. RT_NO_MEMORY. */
int io_store_append(struct io_store **store, struct io_store *from, int32_t *number, int64_t count);

/* What a kind of column keeps beside: the first member of a struct of its own. Several may have it. */
struct io_attached {
  void (*free)(struct io_attached *attached);
  bool fixed; /* it never changes: a copy of the store has it, too */
  atomic_int owners;
};
void io_attached_free(struct io_attached *attached); /* by one of its owners; NULL may be given */
/* Becomes one more of its owners; there is nothing attached yet. */
void io_store_attach(struct io_store *store, struct io_attached *attached);
struct io_attached *io_store_attached(const struct io_store *store); /* or NULL */

#endif
