/* column_vector.c: numbers separated by white space or commas, as many in each row. */
#include "runtime/io/data_internal.h"
#include "runtime/io/number.h"
#include "runtime/io/utf8.h"

/* A width of 0 is not known yet: it is that of the first row. */
static int encode(const struct io_place *p, const struct io_field *field, struct rt_error *error) {
  struct io_payload *of = &io_place_values(p)->of;
  struct io_items items = {field->text, field->length, 0, false};
  int64_t width = of->width, n = 0, begin = p->e->data->rows * width;
  const char *item;
  for (size_t length; io_items_next(&items, &item, &length); n++) {
    if (width > 0 && n >= width) continue; /* only counted */
    if (io_payload_reserve(of, begin + n + 1) != RT_OK) return rt_no_memory(error);
    const char *wrong = io_number_parse(item, length, &io_payload_numbers(of)[begin + n]);
    if (wrong)
      return io_encode_fail(p, error, "number %lld, \"%.*s\", %s", (long long)n + 1, io_quoted(item, length),
                            item, wrong);
  }
  if (n == 0 || n > INT32_MAX || (width > 0 && n != width))
    return io_encode_fail(p, error, "%lld number%s in \"%s\", where every row has %lld", (long long)n,
                          n == 1 ? "" : "s", io_place_column(p)->name, (long long)(width > 0 ? width : 1));
  of->width = n;
  return RT_OK;
}

const struct io_kind io_kind_vector = {
    .name = "vector",
    .doc = "N numbers separated by spaces or commas, as many in each row",
    .axis = {{IO_WIDTH, "N"}},
    .element = IO_F64,
    .encode = encode,
    .entries = "numbers",
    .usual = 64,
    .small = 4,
};
