/* beside.h: files that the rows of a table name: an image, say. Their names are relative to the folder of the
 * table. A table may come from somebody else: what it names lies in that folder, or in one that was allowed.
 */
#ifndef AQ_RUNTIME_IO_BESIDE_H
#define AQ_RUNTIME_IO_BESIDE_H

#include "runtime/io/table.h"

/* The file that a field names, as a path that the caller frees. table: the table's file; NULL, or no file, is
 * one of the working directory. RT_BAD_DATA when there is no such file, or it lies elsewhere, be it by its
 * name, by .. or by a link. */
int io_beside(const char *table, const struct io_field *name, char **path, struct rt_error *error);

#endif
