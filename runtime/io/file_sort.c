/* file_sort.c: see file_sort.h. */
#include "runtime/io/file_sort.h"

#include <string.h>

bool io_begins(const unsigned char *bytes, size_t length, size_t at, const char *magic, size_t count) {
  return length >= at + count && memcmp(bytes + at, magic, count) == 0;
}

int io_refuse_sort(const unsigned char *bytes, size_t length, const struct io_sorts *known,
                   struct rt_error *error) {
  if (length == 0) return rt_fail(error, RT_BAD_DATA, "it is empty");
  for (size_t k = 0; k < known->count; k++) {
    const struct io_sort *sort = &known->sort[k];
    if (!io_begins(bytes, length, sort->at, sort->magic, sort->length)) continue;
    rt_fail(error, RT_BAD_DATA, "it is %s; %s", sort->name, known->wanted);
    if (sort->hint) rt_hint(error, "%s", sort->hint);
    return RT_BAD_DATA;
  }
  return rt_fail(error, RT_BAD_DATA, "it is neither %s", known->neither);
}
