/* table_fail.c: what is wrong with a row, and where. */
#include <stdarg.h>
#include <stdio.h>

#include "runtime/io/memory.h"
#include "runtime/io/table_internal.h"

const char *io_table_name(const struct io_table *table) {
  return table->memory   ? "the rows in memory"
         : table->folder ? io_folder_name(table->folder)
         : table->arrays ? io_arrays_name(table->arrays)
                         : io_reader_name(table->reader);
}

int io_table_fail(struct io_table *t, int64_t line, size_t field, struct rt_error *error, const char *format,
                  ...) {
  char text[sizeof error->text];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  if (t->memory) return io_memory_fail(error, line, t->names[field - 1], text);
  return rt_fail_at(error, RT_BAD_DATA, (struct rt_place){io_table_name(t), line, (int64_t)field}, "%s",
                    text);
}
