/* column_vector.c: numbers separated by white space or commas, as many in each row. */
#include "runtime/io/data_internal.h"
#include "runtime/io/fit.h"

static int encode(const struct io_place *p, const struct io_field *field, struct rt_error *error) {
  const int64_t width = io_place_values(p)->of.width;
  struct io_numbers list = {.field = *field, .begin = p->e->data->rows * width, .most = width};
  int status = io_encode_numbers(p, &list, error);
  if (status != RT_OK) return status;
  if (list.count > 0 && list.count <= INT32_MAX && io_place_size(p, 0, list.count)) return RT_OK;
  return io_encode_fail(p, error, "%lld number%s in \"%s\", where every row has %lld", (long long)list.count,
                        list.count == 1 ? "" : "s", io_place_column(p)->name,
                        (long long)(width > 0 ? width : 1));
}

const struct io_kind io_kind_vector = {
    .name = "vector",
    .doc = "N numbers separated by spaces or commas, as many in each row",
    .axis = {{IO_WIDTH, "N"}},
    .option = io_numbers_options,
    .options = IO_NUMBERS_OPTIONS,
    .settle = io_settle_numbers,
    .element = IO_F64,
    .join = ',',
    .encode = encode,
    .learn = io_fit_learn,
    .entries = "numbers",
    .usual = 64,
    .small = 4,
};
