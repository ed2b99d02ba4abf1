/* encode.c: one row of text fields becomes one row of a dataset. */
#include <stdio.h>
#include <string.h>

#include "runtime/io/data_internal.h"
#include "runtime/io/fit.h"
#include "runtime/io/grow.h"
#include "runtime/io/number.h"
#include "runtime/io/utf8.h"

int io_encode_fail(const struct io_place *p, struct rt_error *error, const char *format, ...) {
  char text[sizeof error->text];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  int number = io_place_column(p)->field,
      field = p->e->table ? io_table_field_number(p->e->table, number) : number + 1;
  if (p->e->table && io_table_is_keyed(p->e->table))
    return rt_fail_at(error, RT_BAD_DATA, (struct rt_place){p->e->name, p->line, 0}, "key \"%s\": %s",
                      io_schema_field_name(p->e->schema, number), text);
  return rt_fail_at(error, RT_BAD_DATA, (struct rt_place){p->e->name, p->line, field}, "%s", text);
}

static const struct io_vocab *vocab_of(const struct io_encoder *e, int column) {
  const struct io_vocab *vocab = e->schema->columns[column].vocab;
  return vocab || !e->learning ? vocab : e->learning[io_schema_owner(e->schema, column)].vocab;
}

/* The id of a text: interned while learning, looked up otherwise. -1 for an unknown class. */
static int find_id(const struct io_encoder *e, int column, const char *text, size_t length, int32_t *id,
                   struct rt_error *error) {
  struct io_learning *l = e->learning ? &e->learning[io_schema_owner(e->schema, column)] : NULL;
  if (l && l->interns) return io_intern_add(&l->texts, text, length, id, error);
  *id = io_vocab_find(vocab_of(e, column), text, length);
  return RT_OK;
}

int io_encode_token(const struct io_place *p, const char *text, size_t length, int32_t *id,
                    struct rt_error *error) {
  return find_id(p->e, p->column, text, length, id, error);
}

int io_encode_tokens(const struct io_encoder *e, int column, int64_t limit, struct io_values *v,
                     int64_t *count, struct rt_error *error) {
  const struct io_tokens *tokens = &e->data->tokens;
  const struct io_column *c = &e->schema->columns[column];
  const struct io_vocab *vocab = vocab_of(e, column);
  bool learning = e->learning && e->learning[io_schema_owner(e->schema, column)].interns;
  if (io_payload_reserve(&v->of, *count + limit + 2) != RT_OK) return rt_no_memory(error);
  int32_t *ids = io_payload_ids(&v->of);
  if (c->ends) ids[(*count)++] = learning ? IO_MARK_BEGIN : vocab->begin;
  for (int64_t i = 0; i < limit; i++) {
    const struct io_token *token = &tokens->items[i];
    int status = find_id(e, column, tokens->text + token->at, token->size, &ids[*count], error);
    if (status != RT_OK) return status;
    ++*count;
  }
  if (c->ends) ids[(*count)++] = learning ? IO_MARK_END : vocab->end;
  return RT_OK;
}

int io_encode_end(const struct io_place *p, int64_t count, struct rt_error *error) {
  struct io_payload *of = &io_place_values(p)->of;
  return io_payload_end_row(of, p->e->data->rows, count) != RT_OK ? rt_no_memory(error) : RT_OK;
}

void io_values_sizes(struct io_values *v, const struct io_column *column) {
  memcpy(v->size, column->size, sizeof v->size);
  v->of.width = io_column_width(column->kind, v->size);
}

bool io_place_size(const struct io_place *p, int axis, int64_t size) {
  struct io_values *v = io_place_values(p);
  if (v->size[axis] > 0) return v->size[axis] == size;
  v->size[axis] = size;
  v->of.width = io_column_width(io_place_column(p)->kind, v->size);
  return true;
}

int64_t io_encode_kept(const struct io_place *p, int64_t values) {
  struct io_values *v = io_place_values(p);
  int64_t most = io_place_column(p)->max_length, kept = most > 0 && values > most ? most : values;
  v->row_tokens = values;
  v->row_cut = values - kept;
  return kept;
}

int io_encode_text(const struct io_place *p, const struct io_field *field, struct rt_error *error) {
  const struct io_encoder *e = p->e;
  struct io_values *v = io_place_values(p);
  const struct io_column *c = io_place_column(p);
  struct io_tokens *tokens = &e->data->tokens;
  struct io_field text[IO_MOST_TEXTS];
  io_column_texts(c, p->fields, text);
  int status = c->kind->tokens(e->schema, p->column, text, tokens, error);
  (void)field;
  int64_t count = io_payload_begin(&v->of, e->data->rows);
  /* Texts whose parts are being learned are cut when the parts are known. */
  bool whole = c->kind->build && e->learning && e->learning[io_schema_owner(e->schema, p->column)].interns;
  int64_t kept = whole ? (int64_t)tokens->count : io_encode_kept(p, (int64_t)tokens->count);
  v->row_first = (int64_t)tokens->first;
  v->row_tokens += (int64_t)tokens->left_out;
  v->row_cut += (int64_t)tokens->left_out;
  if (status == RT_OK) status = io_encode_tokens(e, p->column, kept, v, &count, error);
  return status == RT_OK ? io_encode_end(p, count, error) : status;
}

/* The label that was probably meant; NULL when none is near. In the arena. */
static const char *nearest_label(const struct io_vocab *vocab, const char *label, struct rt_arena *arena) {
  struct rt_nearest nearest = {label, NULL, 0};
  for (int32_t id = vocab->base; label && id < vocab->count; id++) {
    size_t length;
    const char *text = io_vocab_text(vocab, id, &length), *copy = rt_arena_strndup(arena, text, length);
    if (copy) rt_nearest_consider(&nearest, copy);
  }
  return nearest.best;
}

enum { MOST_LISTED = 20 }; /* labels in a message */

/* The training file has a label that the program does not list. */
static int not_listed(const struct io_place *p, const char *text, size_t length, struct rt_error *error) {
  const struct io_vocab *vocab = vocab_of(p->e, p->column);
  struct rt_text known = {0};
  struct rt_arena arena = {0};
  io_vocab_list(vocab, MOST_LISTED, &known);
  int status = known.failed ? rt_no_memory(error)
                            : io_encode_fail(p, error, "\"%.*s\" is not among the %s of \"%s\": %s",
                                             io_quoted(text, length), text, io_place_column(p)->kind->entries,
                                             io_place_column(p)->name, known.data ? known.data : "none");
  const char *nearest = nearest_label(vocab, rt_arena_strndup(&arena, text, length), &arena);
  if (nearest && status != RT_NO_MEMORY) rt_hint(error, "did you mean \"%s\"?", nearest);
  rt_arena_free(&arena);
  rt_text_free(&known);
  return status;
}

int io_encode_label(const struct io_place *p, const char *text, size_t length, int32_t *id,
                    struct rt_error *error) {
  int status = find_id(p->e, p->column, text, length, id, error);
  if (status != RT_OK || *id >= 0) return status;
  if (p->e->learning) return not_listed(p, text, length, error);
  if (io_place_column(p)->required) return RT_OK;
  status = io_intern_add(&io_place_values(p)->unseen, text, length, id, error);
  *id = -1 - *id;
  return status;
}

/* While a column is being learned, its numbers stay as the file has them. */
static void fit_row(struct io_payload *of, int64_t row, const struct io_column *column) {
  int64_t begin = io_payload_begin(of, row), end = io_payload_begin(of, row + 1);
  io_fit_apply(column, io_payload_numbers(of) + begin * of->width, (end - begin) * of->width);
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
    v->row_unsized = v->of.width == 0;
    int status = there ? column->kind->encode(&(struct io_place){e, c, line, fields}, field, error) : RT_OK;
    if (status != RT_OK) return status;
    if (there && column->fit) fit_row(&v->of, e->data->rows, column);
  }
  return RT_OK;
}

/* Notes how much of a row was cut: whoever shows its answer has to say so. */
static int note_cut(struct io_values *v, int64_t row, struct rt_error *error) {
  if (IO_GROW(v->row_cuts, v->cuts_capacity, (size_t)row + 1) != RT_OK) return rt_no_memory(error);
  v->row_cuts[row] = v->row_cut;
  return RT_OK;
}

void io_place_row(const struct io_dataset *data, int64_t line, int column, struct rt_error *error) {
  if (!error || error->line) return;
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

static int keep_fields(struct io_kept *kept, const struct io_field *fields, int64_t row,
                       struct rt_error *error) {
  if (!kept->asked) return RT_OK;
  if (IO_GROW(kept->begin, kept->capacity, ((size_t)row + 1) * (size_t)kept->count) != RT_OK)
    return rt_no_memory(error);
  for (int f = 0; f < kept->count; f++) {
    kept->begin[row * kept->count + f] = kept->text.length;
    rt_text_add(&kept->text, fields[f].text ? fields[f].text : "", fields[f].text ? fields[f].length : 0);
    rt_text_add(&kept->text, "", 1);
  }
  return kept->text.failed ? rt_no_memory(error) : RT_OK;
}

static int note_group(struct io_groups *groups, const struct io_field *fields, int64_t row,
                      struct rt_error *error) {
  if (!groups->asked) return RT_OK;
  const struct io_field *field = &fields[groups->field];
  if (IO_GROW(groups->of, groups->capacity, (size_t)row + 1) != RT_OK) return rt_no_memory(error);
  return io_intern_add(&groups->values, field->text ? field->text : "", field->text ? field->length : 0,
                       &groups->of[row], error);
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
  if (status == RT_OK) status = keep_fields(&data->kept, fields, data->rows, error);
  if (status == RT_OK) status = note_group(&data->groups, fields, data->rows, error);
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
  rt_hint(bad_row, "--on-bad-row skip leaves bad rows out and counts them");
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
