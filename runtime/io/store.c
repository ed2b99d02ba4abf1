/* store.c: see store.h. */
#include "runtime/io/store.h"

#include <string.h>
#include <xxhash.h>

#include "runtime/io/grow.h"
#include "runtime/io/vocab.h"

struct io_store {
  atomic_int owners;
  struct io_intern names;
  struct io_stored *kept; /* [names.count] */
  size_t capacity;
  size_t taken; /* by bytes that could be read again */
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

void io_attached_free(struct io_attached *attached) {
  if (attached && atomic_fetch_sub(&attached->owners, 1) == 1) attached->free(attached);
}

void io_stored_free(struct io_stored *one) {
  rt_free(one->bytes);
  rt_free(one->path);
  io_attached_free(one->within);
  *one = (struct io_stored){0};
}

static void forget(struct io_store *store) {
  for (int32_t k = 0; k < store->names.count; k++) io_stored_free(&store->kept[k]);
  io_intern_free(&store->names);
  store->taken = 0;
}

void io_store_free(struct io_store *store) {
  if (!store || atomic_fetch_sub(&store->owners, 1) > 1) return;
  forget(store);
  io_attached_free(store->attached);
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
  return io_intern_find(&store->names, name->text, name->length);
}

uint64_t io_store_sum(const void *bytes, size_t size) { return XXH3_64bits(bytes, size); }

/* Bytes that can be read again are kept while there is room; those of something in memory never are. Where
 * they are read from is forgotten once they are kept. */
static void choose(struct io_store *store, struct io_stored *one) {
  const bool again = one->path || one->within;
  const bool stays = one->bytes && !one->within && (!again || store->taken + one->size <= IO_STORE_ROOM);
  if (stays && again) store->taken += one->size;
  if (stays) {
    rt_free(one->path);
    one->path = NULL;
  } else {
    rt_free(one->bytes);
    one->bytes = NULL;
  }
}

int io_store_add(struct io_store *store, const struct io_field *name, struct io_stored *one, int32_t *number,
                 struct rt_error *error) {
  const int32_t count = store->names.count;
  if (IO_GROW(store->kept, store->capacity, (size_t)count + 1) != RT_OK) return rt_no_memory(error);
  int status = io_intern_add(&store->names, name->text, name->length, number, error);
  if (status != RT_OK) return status;
  if (one->bytes) one->sum = io_store_sum(one->bytes, one->size);
  choose(store, one);
  store->kept[*number] = *one;
  *one = (struct io_stored){0};
  return RT_OK;
}

const struct io_stored *io_store_get(const struct io_store *store, int32_t number) {
  return &store->kept[number];
}

struct io_field io_store_name(const struct io_store *store, int32_t number) {
  struct io_field name;
  name.text = io_intern_text(&store->names, number, &name.length);
  return name;
}

/* Everything but what is in memory elsewhere, of which the copy becomes one more owner. */
static int copy_one(const struct io_stored *from, struct io_stored *to) {
  *to = (struct io_stored){.size = from->size, .sum = from->sum, .within = from->within, .at = from->at};
  if (to->within) atomic_fetch_add(&to->within->owners, 1);
  if (from->path && !(to->path = rt_strdup(from->path))) return RT_NO_MEMORY;
  if (!from->bytes) return RT_OK;
  if (!(to->bytes = rt_alloc(from->size))) return RT_NO_MEMORY;
  memcpy(to->bytes, from->bytes, from->size);
  return RT_OK;
}

/* Adds a copy. */
static int copy(struct io_store *store, const struct io_store *from, int32_t which, int32_t *number) {
  const struct io_field name = io_store_name(from, which);
  struct io_stored one = {0};
  *number = io_store_find(store, &name);
  if (*number >= 0) return RT_OK;
  int status = copy_one(&from->kept[which], &one);
  if (status == RT_OK) status = io_store_add(store, &name, &one, number, NULL);
  io_stored_free(&one);
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
