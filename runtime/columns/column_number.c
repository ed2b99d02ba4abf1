/* column_number.c: one finite number. */
#include "runtime/io/data_internal.h"
#include "runtime/io/number.h"
#include "runtime/io/utf8.h"

static int encode(const struct io_place *p, const struct io_field *field, struct rt_error *error) {
  struct io_values *v = io_place_values(p);
  int64_t row = p->e->data->rows;
  if (io_payload_reserve(&v->of, row + 1) != RT_OK) return rt_no_memory(error);
  const char *wrong = io_number_parse(field->text, field->length, &io_payload_numbers(&v->of)[row]);
  return wrong ? io_encode_fail(p, error, "\"%.*s\" %s", io_quoted(field->text, field->length), field->text,
                                wrong)
               : RT_OK;
}

const struct io_kind io_kind_number = {
    .name = "number", .doc = "a number, which must be finite", .element = IO_F64, .encode = encode};
