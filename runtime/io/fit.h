/* fit.h: what training learns about numbers: what stands for a missing one, and how they are scaled. */
#ifndef AQ_RUNTIME_IO_FIT_H
#define AQ_RUNTIME_IO_FIT_H

#include "runtime/io/data.h"

/* Of one element of a value: a missing number becomes `fill`, and then x becomes (x - shift) / scale. */
struct io_fit {
  double fill, shift, scale;
};

/* Does a field, or an item of a list, say that there is no number? "", NA, NaN, null, … */
bool io_is_missing(const char *text, size_t length);
/* Learns from the training rows, where missing numbers are NaN. RT_BAD_DATA when a column has no number. */
int io_fit_learn(const struct io_dataset *train, struct io_schema *schema, int column,
                 struct rt_error *error);
/* Fills and scales count elements, which begin with a value. */
void io_fit_apply(const struct io_column *column, double *number, int64_t count);
/* The way back: numbers as the file has them. The first is element `from` of the values. */
void io_fit_undo(const struct io_column *column, double *number, int64_t from, int64_t count);

#endif
