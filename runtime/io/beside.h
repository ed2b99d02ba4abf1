/* beside.h: files that the rows of a table name: an image, say. Their names are relative to the folder of the
 * table, or to one that was allowed. A table may come from somebody else: what it names lies in one of them.
 */
#ifndef AQ_RUNTIME_IO_BESIDE_H
#define AQ_RUNTIME_IO_BESIDE_H

#include "runtime/io/data_internal.h"

/* The file that a field of a row names, as a path that the caller frees. Rows that come from no file name
 * what is in the working directory. What is not there is looked for in the allowed folders, in their order.
 * RT_BAD_DATA when there is no such file, or it lies elsewhere, be it by its name, by .. or by a link.
 * RT_USAGE when it would be written over, which no option for bad rows forgives. */
int io_beside(const struct io_place *p, const struct io_field *name, char **path, struct rt_error *error);

#endif
