/* column_number.c: one finite number. */
#include "runtime/io/data_internal.h"
#include "runtime/io/grow.h"
#include "runtime/io/number.h"

static int encode(const struct io_place *p, const struct io_field *field, struct rt_error *error) {
  struct io_values *v = io_place_values(p);
  size_t row = (size_t)p->e->data->rows;
  if (IO_GROW(v->numbers, v->numbers_capacity, row + 1) != RT_OK) return rt_no_memory(error);
  const char *wrong = io_number_parse(field->text, field->length, &v->numbers[row]);
  return wrong ? io_encode_fail(p, error, "\"%.*s\" %s", io_quoted(field->length), field->text, wrong)
               : RT_OK;
}

const struct io_kind io_kind_number = {.name = "number", .real = true, .encode = encode};
