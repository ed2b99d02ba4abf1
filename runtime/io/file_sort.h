/* file_sort.h: what sort of file bytes are, to say so of one that is not read. */
#ifndef AQ_RUNTIME_IO_FILE_SORT_H
#define AQ_RUNTIME_IO_FILE_SORT_H

#include "runtime/base.h"

struct io_sort {
  const char *name;
  size_t at, length; /* of what it begins with */
  const char *magic;
  const char *hint; /* NULL: there is none */
};

/* All that one knows by name, and what is read. */
struct io_sorts {
  const struct io_sort *sort;
  size_t count;
  const char *wanted, *neither; /* "an image is a PNG or a JPEG file", "a PNG nor a JPEG file" */
};

bool io_begins(const unsigned char *bytes, size_t length, size_t at, const char *magic, size_t count);
/* Fails with RT_BAD_DATA, and says which of them it is. */
int io_refuse_sort(const unsigned char *bytes, size_t length, const struct io_sorts *known,
                   struct rt_error *error);

#endif
