/* column_matrix.c: rows of numbers, as many in each row of the file, and each as wide. */
#include "runtime/io/data_internal.h"
#include "runtime/io/fit.h"

enum { ROWS, WIDTH }; /* its axes */

static int encode(const struct io_place *p, const struct io_field *field, struct rt_error *error) {
  const int64_t wanted = io_place_values(p)->size[ROWS];
  int64_t rows;
  int status = io_encode_lists(p, field, WIDTH, &rows, error);
  if (status != RT_OK || io_place_size(p, ROWS, rows)) return status;
  return io_encode_fail(p, error, "%lld row%s in \"%s\", where every matrix has %lld", (long long)rows,
                        rows == 1 ? "" : "s", io_place_column(p)->name, (long long)wanted);
}

const struct io_kind io_kind_matrix = {
    .name = "matrix",
    .doc =
        "R rows of N numbers, `;` between them: \"1 2; 3 4; 5 6\" is 3 by 2; as many in each row of the file",
    .axis = {[ROWS] = {IO_WIDTH, "R", .counts = "rows"}, [WIDTH] = {IO_WIDTH, "N"}},
    .option = io_numbers_options,
    .options = IO_NUMBERS_OPTIONS,
    .settle = io_settle_numbers,
    .element = IO_F64,
    .join = ',',
    .encode = encode,
    .learn = io_fit_learn,
    .one = "row",
    .more = "rows",
    .entries = "numbers",
    .usual = 64,
    .small = 4,
};
