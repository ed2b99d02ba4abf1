/* encode_named.c: fields that name files, or that are files in memory. */
#include <string.h>

#include "runtime/io/data_internal.h"
#include "runtime/io/memory.h"
#include "runtime/io/number.h"
#include "runtime/io/store.h"
#include "runtime/io/utf8.h"

/* What the kind of column calls it. */
static const char *what_is(const struct io_place *p) { return io_place_column(p)->kind->files->one; }

int io_refuse_named(const struct io_place *p, const struct io_field *name, const struct rt_error *why,
                    struct rt_error *error) {
  if (why->code == RT_NO_MEMORY) return rt_no_memory(error);
  if (why->code == RT_USAGE) { /* no fault of the row */
    rt_fail(error, why->code, "%s", why->text);
    rt_hint(error, "%s", why->hint);
    return why->code;
  }
  if (p->from)
    io_encode_fail(p, error, "%s", why->text);
  else
    io_encode_fail(p, error, "the %s %.*s: %s", what_is(p), io_quoted(name->text, name->length), name->text,
                   why->text);
  if (why->hint[0]) rt_hint(error, "%s", why->hint);
  return RT_BAD_DATA;
}

int io_check_bytes(const struct io_field *file, size_t most, struct rt_error *error) {
  return file->length <= most ? RT_OK : rt_fail(error, RT_BAD_DATA, "it is longer than %zu bytes", most);
}

/* What is in memory has no name: rows are told apart by the column and their number in it. No text begins
 * with a NUL byte. */
struct unnamed {
  char nul;
  char column[sizeof(uint64_t)], row[sizeof(int64_t)];
};

static struct unnamed name_of(const struct io_place *p) {
  struct unnamed name = {0};
  memcpy(name.column, &p->from->serial, sizeof name.column);
  memcpy(name.row, &p->line, sizeof name.row);
  return name;
}

static int read_named(const struct io_place *p, const struct io_field *field, const struct io_field *name,
                      io_read_named *read, struct rt_error *error) {
  struct io_values *v = io_place_values(p);
  int32_t *number = &io_payload_ids(&v->of)[p->e->data->rows];
  struct io_stored one = {0};
  struct rt_error why = {0};
  int status = read(p, field, &one, &why);
  if (status == RT_OK) status = io_store_add(v->store, name, &one, number, &why);
  io_stored_free(&one);
  return status == RT_OK ? RT_OK : io_refuse_named(p, field, &why, error);
}

int io_encode_named(const struct io_place *p, const struct io_field *field, io_read_named *read,
                    struct rt_error *error) {
  struct io_values *v = io_place_values(p);
  struct io_field name = *field;
  struct unnamed unnamed;
  const int64_t row = p->e->data->rows;
  int status = v->store ? RT_OK : io_store_new(&v->store, error);
  if (status != RT_OK) return status;
  if (io_payload_reserve(&v->of, row + 1) != RT_OK) return rt_no_memory(error);
  if (!p->from) io_trim(&name.text, &name.length);
  if (name.length == 0)
    return io_encode_fail(p, error, "column \"%s\" names no %s in this row", io_place_column(p)->name,
                          what_is(p));
  const struct io_field given = name;
  if (p->from) {
    unnamed = name_of(p);
    name = (struct io_field){(const char *)&unnamed, sizeof unnamed};
  }
  int32_t *number = &io_payload_ids(&v->of)[row];
  *number = io_store_find(v->store, &name);
  return *number >= 0 ? RT_OK : read_named(p, &given, &name, read, error);
}
