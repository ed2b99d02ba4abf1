/* encode_named.c: fields that name files. */
#include "runtime/io/data_internal.h"
#include "runtime/io/number.h"
#include "runtime/io/store.h"
#include "runtime/io/utf8.h"

static int read_named(const struct io_place *p, const struct io_field *name, const struct io_naming *naming,
                      int32_t *number, struct rt_error *error) {
  struct rt_error why = {0};
  const int status = naming->read(p, name, number, &why);
  if (status == RT_OK) return RT_OK;
  if (status == RT_NO_MEMORY) return rt_no_memory(error);
  io_encode_fail(p, error, "the %s %.*s: %s", naming->what, io_quoted(name->text, name->length), name->text,
                 why.text);
  if (why.hint[0]) rt_hint(error, "%s", why.hint);
  return RT_BAD_DATA;
}

int io_encode_named(const struct io_place *p, const struct io_field *field, const struct io_naming *naming,
                    struct rt_error *error) {
  struct io_values *v = io_place_values(p);
  struct io_field name = *field;
  const int64_t row = p->e->data->rows;
  int status = v->store ? RT_OK : io_store_new(&v->store, error);
  if (status != RT_OK) return status;
  if (io_payload_reserve(&v->of, row + 1) != RT_OK) return rt_no_memory(error);
  io_trim(&name.text, &name.length);
  if (name.length == 0)
    return io_encode_fail(p, error, "column \"%s\" names no %s in this row", io_place_column(p)->name,
                          naming->what);
  int32_t *number = &io_payload_ids(&v->of)[row];
  *number = io_store_find(v->store, &name);
  return *number >= 0 ? RT_OK : read_named(p, &name, naming, number, error);
}
