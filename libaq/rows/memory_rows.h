/* memory_rows.h: aq_rows, for those who take them in place of a file. */
#ifndef AQ_LIBAQ_MEMORY_ROWS_H
#define AQ_LIBAQ_MEMORY_ROWS_H

#include "libaq/aq_rows.h"
#include "libaq/internal.h"

/* What the readers of data take instead of a path (io_data_options.memory): io_dataset_train learns from it,
 * io_dataset_read and io_rows_open read it with a trained schema. It lives as long as rows, and does not
 * change until their next call. NULL only when rows is. */
const struct io_memory *lib_rows_memory(const aq_rows *rows);

/* Reads all rows with a trained schema, as a file would be read: the same checks, cuts and unknown words. For
 * training on more rows with the schema of a model:
 *
 *     struct io_data_options o = {.check = &row_check.hook, .skip_bad_rows = …};
 *     lib_rows_dataset(rows, &model->schema, &o, &data, error);
 *
 * options may be NULL; with `predicting` targets need not be there. Free data with io_dataset_free; it is
 * empty after a failure. A label that the schema does not have gets an id below 0, which a loss must not see
 * (lib_judge_unseen counts such rows; io_values.unseen has their names). RT_USAGE: rows is NULL, has no such
 * columns, or another kind of them. */
int lib_rows_dataset(const aq_rows *rows, const struct io_schema *schema,
                     const struct io_data_options *options, struct io_dataset *data, struct rt_error *error);

#endif
