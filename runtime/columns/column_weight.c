/* column_weight.c: how much a row counts in the loss. */
#include "runtime/io/data_internal.h"
#include "runtime/io/number.h"
#include "runtime/io/utf8.h"

static int encode(const struct io_place *p, const struct io_field *field, struct rt_error *error) {
  struct io_payload *of = &io_place_values(p)->of;
  int64_t row = p->e->data->rows;
  if (io_payload_reserve(of, row + 1) != RT_OK) return rt_no_memory(error);
  double *weight = &io_payload_numbers(of)[row];
  const char *wrong = io_place_parse(p, field, weight);
  if (!wrong && *weight < 0) wrong = "is below 0, and the weight of a row is not";
  return wrong ? io_encode_fail(p, error, "\"%.*s\" %s", io_quoted(field->text, field->length), field->text,
                                wrong)
               : RT_OK;
}

const struct io_kind io_kind_weight = {
    .name = "weight",
    .doc = "a number from 0 on: how much the row counts in the loss, whose mean is taken by it. No argument "
           "of a "
           "model, and not needed to predict",
    .element = IO_F64,
    .weighs = true,
    .encode = encode,
};
