/* column_number.c: one finite number. */
#include "runtime/io/data_internal.h"
#include "runtime/io/fit.h"
#include "runtime/io/utf8.h"

/* Elsewhere it is named by the place. */
static const char *name_in_file(const struct io_place *p) {
  const struct io_table *table = p->e->table;
  return table && !io_table_in_memory(table) && !io_table_is_keyed(table)
             ? io_schema_field_name(p->e->schema, io_place_column(p)->field)
             : NULL;
}

static int encode(const struct io_place *p, const struct io_field *field, struct rt_error *error) {
  struct io_values *v = io_place_values(p);
  int64_t row = p->e->data->rows;
  if (io_payload_reserve(&v->of, row + 1) != RT_OK) return rt_no_memory(error);
  const char *wrong = io_place_number(p, field, &io_payload_numbers(&v->of)[row]);
  if (!wrong) return RT_OK;
  const char *name = name_in_file(p);
  io_encode_fail(p, error, "%s%s%s\"%.*s\" %s", name ? "column `" : "", name ? name : "", name ? "`: " : "",
                 io_quoted(field->text, field->length), field->text, wrong);
  if (io_is_missing(field->text, field->length) && io_place_column(p)->required)
    rt_hint(error,
            "missing = mean (or median, or a number) behind the column fills numbers that are missing");
  return RT_BAD_DATA;
}

const struct io_kind io_kind_number = {
    .name = "number",
    .doc = "a number, which must be finite",
    .option = io_numbers_options,
    .options = IO_NUMBERS_OPTIONS,
    .settle = io_settle_numbers,
    .element = IO_F64,
    .encode = encode,
    .learn = io_fit_learn,
};
