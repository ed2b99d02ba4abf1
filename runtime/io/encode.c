/* encode.c: one row of text fields becomes one row of a dataset. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "runtime/io/data_internal.h"
#include "runtime/io/fit.h"
#include "runtime/io/grow.h"
#include "runtime/io/memory.h"

/* While a column is being learned, its numbers stay as the file has them. */
static void fit_row(struct io_payload *of, int64_t row, const struct io_column *column) {
  int64_t begin = io_payload_begin(of, row), end = io_payload_begin(of, row + 1);
  io_fit_apply(column, io_payload_numbers(of) + begin * of->width, (end - begin) * of->width);
}

static int encode_field(const struct io_place *p, const struct io_field *field, struct rt_error *error) {
  const struct io_column *column = io_place_column(p);
  const struct io_memory_column *from = io_table_memory(p->e->table, column->field);
  return from && from->given != IO_GIVEN_TEXTS ? io_encode_given(p, from, field, error)
                                               : column->kind->encode(p, field, error);
}

/* Encodes the columns that pair with others, or those that do not. The latter come first. */
static int encode_columns(const struct io_encoder *e, const struct io_field *fields, int64_t line, bool pairs,
                          struct rt_error *error) {
  for (int c = 0; c < e->schema->count; c++) {
    const struct io_column *column = &e->schema->columns[c];
    struct io_values *v = &e->data->values[c];
    if (column->kind->pairs != pairs) continue;
    const struct io_field *field = &fields[column->field];
    bool there = field->text != NULL && (column->required || !e->predicting)
                 && (column->second_field < 0 || fields[column->second_field].text != NULL);
    if (e->data->rows == 0) v->present = there;
    if (there != v->present)
      return rt_fail(error, RT_USAGE, "column \"%s\" is there in some rows only", column->name);
    v->row_tokens = v->row_cut = 0;
    v->row_unsized = io_column_width(column->kind, v->size) == 0;
    int status = there ? encode_field(&(struct io_place){e, c, line, fields, NULL}, field, error) : RT_OK;
    if (status != RT_OK) return status;
    if (there && column->fit && !column->kind->give) fit_row(&v->of, e->data->rows, column);
  }
  return RT_OK;
}

/* Notes how much of a row was cut: whoever shows its answer has to say so. */
static int note_cut(struct io_values *v, int64_t row, struct rt_error *error) {
  if (IO_GROW(v->row_cuts, v->cuts_capacity, (size_t)row + 1) != RT_OK) return rt_no_memory(error);
  v->row_cuts[row] = v->row_cut;
  return RT_OK;
}

static void place_in_rows(const struct io_dataset *data, int64_t row, int column, struct rt_error *error) {
  char text[sizeof error->text];
  snprintf(text, sizeof text, "%s", error->text);
  error->line = row < INT32_MAX ? (int)row : INT32_MAX;
  if (column >= 0)
    snprintf(error->text, sizeof error->text, "row %lld, column `%.60s`: %.900s", (long long)row,
             data->names[column], text);
  else
    snprintf(error->text, sizeof error->text, "row %lld: %.980s", (long long)row, text);
}

void io_place_row(const struct io_dataset *data, int64_t line, int column, struct rt_error *error) {
  if (!error || error->line) return;
  if (data->names) {
    place_in_rows(data, line, column, error);
    return;
  }
  snprintf(error->file, sizeof error->file, "%s", data->name ? data->name : "");
  error->line = line < INT32_MAX ? (int)line : INT32_MAX;
  error->column = column < 0 || line == 0 ? 0 : data->numbers ? data->numbers[column] : 1;
}

/* Asks what is asked of a row as a whole. */
static int check_row(const struct io_dataset *data, int64_t line, struct rt_error *error) {
  int column = -1,
      status = data->check ? data->check->row(data->check->context, data, data->rows, &column, error) : RT_OK;
  if (status == RT_BAD_DATA) io_place_row(data, line, column, error);
  return status;
}

static int keep_fields(const struct io_encoder *e, struct io_kept *kept, const struct io_field *fields,
                       int64_t row, struct rt_error *error) {
  if (!kept->asked) return RT_OK;
  if (IO_GROW(kept->begin, kept->capacity, ((size_t)row + 1) * (size_t)kept->count) != RT_OK)
    return rt_no_memory(error);
  for (int f = 0; f < kept->count; f++) {
    kept->begin[row * kept->count + f] = kept->text.length;
    const struct io_memory_column *from = io_table_memory(e->table, f);
    if (fields[f].text && from)
      io_write_given(e->schema, f, from, &fields[f], &kept->text);
    else
      rt_text_add(&kept->text, fields[f].text ? fields[f].text : "", fields[f].text ? fields[f].length : 0);
    rt_text_add(&kept->text, "", 1);
  }
  return kept->text.failed ? rt_no_memory(error) : RT_OK;
}

/* Is the field empty, or a number that is missing? */
static bool is_empty(const struct io_field *field, const struct io_memory_column *from) {
  double number;
  if (!field->text || !field->length) return true;
  if (!from || from->given != IO_GIVEN_NUMBERS) return false;
  memcpy(&number, field->text, sizeof number);
  return isnan(number);
}

static int note_group(const struct io_encoder *e, const struct io_field *fields, int64_t row,
                      struct rt_error *error) {
  struct io_groups *groups = &e->data->groups;
  if (!groups->asked) return RT_OK;
  const struct io_field *field = &fields[groups->field];
  if (is_empty(field, io_table_memory(e->table, groups->field))) {
    rt_fail(error, RT_BAD_DATA, "this row has no \"%s\", by which rows are held back", groups->name);
    return RT_BAD_DATA;
  }
  if (IO_GROW(groups->of, groups->capacity, (size_t)row + 1) != RT_OK) return rt_no_memory(error);
  return io_intern_add(&groups->values, field->text, field->length, &groups->of[row], error);
}

/* When a row cannot be encoded, its values stand in room that was never counted, and need not be taken back.
 * Only sizes that it was the first to tell are forgotten. */
int io_encode_row(const struct io_encoder *e, const struct io_field *fields, int64_t line,
                  struct rt_error *error) {
  struct io_dataset *data = e->data;
  int status = encode_columns(e, fields, line, false, error);
  if (status == RT_OK) status = encode_columns(e, fields, line, true, error);
  for (int c = 0; status == RT_OK && e->predicting && c < data->columns; c++)
    if (e->schema->columns[c].max_length > 0) status = note_cut(&data->values[c], data->rows, error);
  if (status == RT_OK) status = check_row(data, line, error);
  if (status == RT_OK) status = keep_fields(e, &data->kept, fields, data->rows, error);
  if (status == RT_OK) status = note_group(e, fields, data->rows, error);
  if (status == RT_BAD_DATA) io_place_row(data, line, -1, error);
  if (status == RT_OK && IO_GROW(data->lines, data->lines_capacity, (size_t)data->rows + 1) != RT_OK)
    status = rt_no_memory(error);
  for (int c = 0; c < data->columns; c++) {
    if (status == RT_OK) {
      data->values[c].cut += data->values[c].row_cut;
      data->values[c].cut_texts += data->values[c].row_cut > 0;
    } else if (data->values[c].row_unsized)
      io_values_sizes(&data->values[c], &e->schema->columns[c]);
  }
  if (status == RT_OK) data->lines[data->rows++] = line;
  return status;
}

/* Notes a bad row; true when reading may go on behind it. */
static bool skip_row(struct io_dataset *data, const struct io_table *table, struct rt_error *reason) {
  if (reason->code != RT_BAD_DATA || io_table_broken(table)) return false;
  if (data->skipped++ == 0) data->first_skipped = *reason;
  rt_error_clear(reason);
  return true;
}

void io_hint_skip(struct rt_error *bad_row) {
  rt_hint(bad_row, "the option bad_rows = skip leaves bad rows out and counts them");
}

static int64_t row_bytes(const struct io_row *row) {
  int64_t bytes = 0;
  for (size_t f = 0; f < row->count; f++) bytes += (int64_t)row->fields[f].length;
  return bytes;
}

int io_encode_some(const struct io_encoder *e, struct io_table *table, struct io_portion most, bool skip,
                   bool *more, struct rt_error *error) {
  struct rt_error reason = {0};
  *more = true;
  while (most.rows > 0 && most.bytes > 0) {
    struct io_row row;
    int status = io_table_next(table, &row, &reason);
    *more = status != RT_OK || row.line > 0;
    if (!*more) return RT_OK;
    if (status == RT_OK) status = io_encode_row(e, row.fields, row.line, &reason);
    most.rows -= status == RT_OK;
    if (status == RT_OK) most.bytes -= row_bytes(&row);
    if (status == RT_OK || (skip && skip_row(e->data, table, &reason))) continue;
    if (status == RT_BAD_DATA && !io_table_broken(table)) io_hint_skip(&reason);
    if (error && !error->code) *error = reason;
    return status;
  }
  return RT_OK;
}
