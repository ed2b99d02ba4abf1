/* kinds.c: the list of the kinds of columns, made from `column_files` in Makefile.am. */
#include <string.h>

#include "runtime/columns/column.h"
#include "runtime/columns/column_list.h"

#define DECLARE(kind) extern const struct io_kind io_kind_##kind;
IO_KINDS(DECLARE)

#define ADDRESS(kind) &io_kind_##kind,
const struct io_kind *const io_kinds[] = {IO_KINDS(ADDRESS) NULL};

const struct io_kind *io_kind_find(const char *name) {
  for (size_t k = 0; io_kinds[k]; k++)
    if (strcmp(name, io_kinds[k]->name) == 0) return io_kinds[k];
  return NULL;
}

const struct io_kind *io_kind_with_axes(const char *name, int axes) {
  for (size_t k = 0; io_kinds[k]; k++)
    if (strcmp(name, io_kinds[k]->name) == 0 && axes >= io_kind_least_axes(io_kinds[k])
        && axes <= io_kind_most_axes(io_kinds[k]))
      return io_kinds[k];
  return NULL;
}

void io_kinds_list(struct rt_text *out) {
  const char *last = NULL;
  for (size_t k = 0; io_kinds[k]; k++) {
    if (io_kind_find(io_kinds[k]->name) != io_kinds[k]) continue; /* a name that was there already */
    if (last) rt_text_printf(out, "%s%s", out->length ? ", " : "", last);
    last = io_kinds[k]->name;
  }
  rt_text_printf(out, "%s%s", out->length ? " and " : "", last ? last : "");
}
