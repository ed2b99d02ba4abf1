/* store.c: see store.h. */
#include "runtime/io/store.h"

#include <string.h>

#include "runtime/io/grow.h"
#include "runtime/io/vocab.h"

struct kept {
  void *bytes; /* NULL: it could not be read */
  size_t size;
};

struct io_store {
  atomic_int owners;
  struct io_intern names;
  struct kept *kept; /* [names.count] */
  size_t capacity;
  struct io_attached *attached;
};

int io_store_new(struct io_store **store, struct rt_error *error) {
  *store = rt_zalloc(1, sizeof **store);
  if (!*store) return rt_no_memory(error);
  (*store)->owners = 1;
  return RT_OK;
}

struct io_store *io_store_share(struct io_store *store) {
  if (store) atomic_fetch_add(&store->owners, 1);
  return store;
}

static void forget(struct io_store *store) {
  for (int32_t k = 0; k < store->names.count; k++) rt_free(store->kept[k].bytes);
  io_intern_free(&store->names);
}

void io_store_free(struct io_store *store) {
  if (!store || atomic_fetch_sub(&store->owners, 1) > 1) return;
  forget(store);
  struct io_attached *attached = store->attached;
  if (attached && atomic_fetch_sub(&attached->owners, 1) == 1) attached->free(attached);
  rt_free(store->kept);
  rt_free(store);
}

void io_store_clear(struct io_store **store) {
  if (!*store) return;
  if (atomic_load(&(*store)->owners) == 1) {
    forget(*store);
    return;
  }
  io_store_free(*store);
  *store = NULL;
}

int32_t io_store_find(const struct io_store *store, const struct io_field *name) {
  const int32_t number = io_intern_find(&store->names, name->text, name->length);
  return number >= 0 && store->kept[number].bytes ? number : -1;
}

int io_store_add(struct io_store *store, const struct io_field *name, void **bytes, size_t size,
                 int32_t *number, struct rt_error *error) {
  const int32_t count = store->names.count;
  if (IO_GROW(store->kept, store->capacity, (size_t)count + 1) != RT_OK) return rt_no_memory(error);
  int status = io_intern_add(&store->names, name->text, name->length, number, error);
  if (status != RT_OK) return status;
  store->kept[*number] = (struct kept){*bytes, size};
  *bytes = NULL;
  return RT_OK;
}

const void *io_store_bytes(const struct io_store *store, int32_t number, size_t *size) {
  *size = store->kept[number].size;
  return store->kept[number].bytes;
}

/* Adds a copy. */
static int copy(struct io_store *store, const struct io_store *from, int32_t which, int32_t *number) {
  struct io_field name;
  const struct kept *kept = &from->kept[which];
  name.text = io_intern_text(&from->names, which, &name.length);
  *number = io_store_find(store, &name);
  if (*number >= 0) return RT_OK;
  void *bytes = rt_alloc(kept->size);
  if (!bytes) return RT_NO_MEMORY;
  memcpy(bytes, kept->bytes, kept->size);
  int status = io_store_add(store, &name, &bytes, kept->size, number, NULL);
  rt_free(bytes);
  return status;
}

/* Takes all of it for itself. Everything keeps its number. */
static int leave_others(struct io_store **store) {
  struct io_store *own, *shared = *store;
  int32_t number;
  if (atomic_load(&shared->owners) == 1) return RT_OK;
  int status = io_store_new(&own, NULL);
  if (status == RT_OK && shared->attached && shared->attached->fixed) io_store_attach(own, shared->attached);
  for (int32_t k = 0; k < shared->names.count && status == RT_OK; k++) status = copy(own, shared, k, &number);
  if (status != RT_OK) {
    io_store_free(own);
    return status;
  }
  io_store_free(shared);
  *store = own;
  return RT_OK;
}

int io_store_append(struct io_store **store, struct io_store *from, int32_t *number, int64_t count) {
  if (!*store) *store = io_store_share(from);
  if (*store == from) return RT_OK;
  int status = leave_others(store);
  for (int64_t k = 0; k < count && status == RT_OK; k++) status = copy(*store, from, number[k], &number[k]);
  return status;
}

void io_store_attach(struct io_store *store, struct io_attached *attached) {
  atomic_fetch_add(&attached->owners, 1);
  store->attached = attached;
}

struct io_attached *io_store_attached(const struct io_store *store) {
  return store->attached;
}
