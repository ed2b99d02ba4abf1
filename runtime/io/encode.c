/* encode.c: one row of text fields becomes one row of a dataset. */
#include <stdio.h>
#include <string.h>

#include "runtime/io/data_internal.h"
#include "runtime/io/grow.h"
#include "runtime/io/number.h"

/* The row being added. */
struct place {
  const struct io_encoder *e;
  int column;
  int64_t line;
};

static int fail(const struct place *p, struct rt_error *error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static const struct io_column *column_of(const struct place *p) { return &p->e->schema->columns[p->column]; }

static int fail(const struct place *p, struct rt_error *error, const char *format, ...) {
  char text[sizeof error->text];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  int number = column_of(p)->field,
      field = p->e->table ? io_table_field_number(p->e->table, number) : number + 1;
  return rt_fail_at(error, RT_BAD_DATA, p->e->name, p->line < INT32_MAX ? (int)p->line : INT32_MAX, field,
                    "%s", text);
}

/* How much of an item a message quotes. */
static int quoted(size_t length) { return length < 80 ? (int)length : 80; }

static struct io_values *values_of(const struct place *p) { return &p->e->data->values[p->column]; }

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

int io_encode_tokens(const struct io_encoder *e, int column, int64_t limit, struct io_values *v,
                     int64_t *count, struct rt_error *error) {
  const struct io_tokens *tokens = &e->data->tokens;
  const struct io_column *c = &e->schema->columns[column];
  const struct io_vocab *vocab = vocab_of(e, column);
  bool learning = e->learning && e->learning[io_schema_owner(e->schema, column)].interns;
  if (IO_GROW(v->ids, v->ids_capacity, (size_t)(*count + limit) + 2) != RT_OK) return rt_no_memory(error);
  if (c->ends) v->ids[(*count)++] = learning ? IO_MARK_BEGIN : vocab->begin;
  for (int64_t i = 0; i < limit; i++) {
    const struct io_token *token = &tokens->items[i];
    int status = find_id(e, column, tokens->text + token->at, token->size, &v->ids[*count], error);
    if (status != RT_OK) return status;
    ++*count;
  }
  if (c->ends) v->ids[(*count)++] = learning ? IO_MARK_END : vocab->end;
  return RT_OK;
}

/* Ends the row of a ragged column behind count ids of the whole column. */
static int end_ragged(struct io_values *v, int64_t row, int64_t count, struct rt_error *error) {
  if (IO_GROW(v->offsets, v->offsets_capacity, (size_t)row + 2) != RT_OK) return rt_no_memory(error);
  v->offsets[row + 1] = count;
  return RT_OK;
}

/* How many of a row's tokens stay; the others are noted as cut. */
static int64_t cut(struct io_values *v, const struct io_column *c, int64_t tokens) {
  v->row_tokens = tokens;
  int64_t kept = c->max_length > 0 && tokens > c->max_length ? c->max_length : tokens;
  v->row_cut = tokens - kept;
  return kept;
}

static int encode_text(const struct place *p, const struct io_field *field, struct rt_error *error) {
  const struct io_encoder *e = p->e;
  struct io_values *v = values_of(p);
  const struct io_column *c = column_of(p);
  struct io_tokeniser tokeniser = io_schema_tokeniser(e->schema, p->column);
  int status = io_tokenise(&tokeniser, field->text, field->length, &e->data->tokens, error);
  int64_t count = v->offsets[e->data->rows];
  if (status == RT_OK)
    status = io_encode_tokens(e, p->column, cut(v, c, (int64_t)e->data->tokens.count), v, &count, error);
  return status == RT_OK ? end_ragged(v, e->data->rows, count, error) : status;
}

/* The entry that was meant by what is none; NULL: nothing is near. In the arena. */
static const char *nearest_label(const struct io_vocab *vocab, const char *label, struct rt_arena *arena) {
  struct rt_nearest nearest = {label, NULL, 0};
  for (int32_t id = vocab->base; label && id < vocab->count; id++) {
    size_t length;
    const char *text = io_vocab_text(vocab, id, &length), *copy = rt_arena_strndup(arena, text, length);
    if (copy) rt_nearest_consider(&nearest, copy);
  }
  return nearest.best;
}

/* A label in the training file that is not among those that the program names. */
static int not_listed(const struct place *p, const char *text, size_t length, struct rt_error *error) {
  const struct io_vocab *vocab = vocab_of(p->e, p->column);
  struct rt_text known = {0};
  struct rt_arena arena = {0};
  io_vocab_list(vocab, 20, &known);
  int status = known.failed ? rt_no_memory(error)
                            : fail(p, error, "\"%.*s\" is none of the %s of \"%s\": %s", quoted(length), text,
                                   column_of(p)->kind == IO_TAGS ? "tags" : "classes", column_of(p)->name,
                                   known.data ? known.data : "none");
  const char *nearest = nearest_label(vocab, rt_arena_strndup(&arena, text, length), &arena);
  if (nearest && status != RT_NO_MEMORY) rt_hint(error, "did you mean \"%s\"?", nearest);
  rt_arena_free(&arena);
  rt_text_free(&known);
  return status;
}

/* Finds the id of a class label or tag. One that training did not see is below 0: as a target it is kept, to
 * be judged; as an input it is no row of any table. */
static int find_label(const struct place *p, const char *text, size_t length, int32_t *id,
                      struct rt_error *error) {
  int status = find_id(p->e, p->column, text, length, id, error);
  if (status != RT_OK || *id >= 0) return status;
  if (p->e->learning) return not_listed(p, text, length, error);
  if (column_of(p)->required) return RT_OK;
  status = io_intern_add(&values_of(p)->unseen, text, length, id, error);
  *id = -1 - *id;
  return status;
}

static int encode_class(const struct place *p, const struct io_field *field, struct rt_error *error) {
  struct io_values *v = values_of(p);
  size_t row = (size_t)p->e->data->rows, length = field->length;
  const char *text = field->text;
  io_trim(&text, &length);
  if (length == 0) return fail(p, error, "column \"%s\" has no label in this row", column_of(p)->name);
  if (IO_GROW(v->ids, v->ids_capacity, row + 1) != RT_OK) return rt_no_memory(error);
  return find_label(p, text, length, &v->ids[row], error);
}

/* The next item behind *at that white space separates; false when there is none. */
static bool next_tag(const struct io_field *field, size_t *at, const char **tag, size_t *length) {
  while (*at < field->length && io_is_space(field->text[*at])) ++*at;
  size_t begin = *at;
  while (*at < field->length && !io_is_space(field->text[*at])) ++*at;
  *tag = field->text + begin;
  *length = *at - begin;
  return *length > 0;
}

/* Tags come after the tokens they belong to: see io_encode_row. */
static int encode_tags(const struct place *p, const struct io_field *field, struct rt_error *error) {
  const struct io_encoder *e = p->e;
  struct io_values *v = values_of(p);
  const struct io_column *c = column_of(p);
  const struct io_values *pair = &e->data->values[c->pair];
  const char *pair_name = e->schema->columns[c->pair].name, *tag;
  if (!pair->present)
    return rt_fail(error, RT_USAGE, "tags \"%s\" need the tokens \"%s\"", c->name, pair_name);
  int64_t wanted = pair->row_tokens, tags = 0, count = v->offsets[e->data->rows];
  if (IO_GROW(v->ids, v->ids_capacity, (size_t)(count + wanted) + 1) != RT_OK) return rt_no_memory(error);
  size_t at = 0, length;
  for (; next_tag(field, &at, &tag, &length); tags++) {
    int32_t id;
    if (tags >= wanted) continue; /* only counted */
    int status = find_label(p, tag, length, &id, error);
    if (status != RT_OK) return status;
    v->ids[count + tags] = id;
  }
  if (tags != wanted)
    return fail(p, error, "%lld tag%s in \"%s\" for %lld token%s in \"%s\"", (long long)tags,
                tags == 1 ? "" : "s", c->name, (long long)wanted, wanted == 1 ? "" : "s", pair_name);
  v->row_cut = pair->row_cut;
  return end_ragged(v, e->data->rows, count + tags, error);
}

static int encode_number(const struct place *p, const struct io_field *field, struct rt_error *error) {
  struct io_values *v = values_of(p);
  size_t row = (size_t)p->e->data->rows;
  if (IO_GROW(v->numbers, v->numbers_capacity, row + 1) != RT_OK) return rt_no_memory(error);
  const char *wrong = io_number_parse(field->text, field->length, &v->numbers[row]);
  return wrong ? fail(p, error, "\"%.*s\" %s", quoted(field->length), field->text, wrong) : RT_OK;
}

/* A width that is not known yet (0) is that of the first row. */
static int encode_vector(const struct place *p, const struct io_field *field, struct rt_error *error) {
  struct io_values *v = values_of(p);
  struct io_items items = {field->text, field->length, 0, false};
  int64_t width = v->width, n = 0, begin = p->e->data->rows * width;
  const char *item;
  for (size_t length; io_items_next(&items, &item, &length); n++) {
    if (width > 0 && n >= width) continue; /* only counted */
    if (IO_GROW(v->numbers, v->numbers_capacity, (size_t)(begin + n) + 1) != RT_OK)
      return rt_no_memory(error);
    const char *wrong = io_number_parse(item, length, &v->numbers[begin + n]);
    if (wrong)
      return fail(p, error, "number %lld, \"%.*s\", %s", (long long)n + 1, quoted(length), item, wrong);
  }
  if (n == 0 || n > INT32_MAX || (width > 0 && n != width))
    return fail(p, error, "%lld number%s in \"%s\", which has %lld in a row", (long long)n, n == 1 ? "" : "s",
                column_of(p)->name, (long long)(width > 0 ? width : 1));
  v->width = n;
  return RT_OK;
}

static int encode_ids(const struct place *p, const struct io_field *field, struct rt_error *error) {
  struct io_values *v = values_of(p);
  const struct io_column *c = column_of(p);
  struct io_items items = {field->text, field->length, 0, false};
  int64_t row = p->e->data->rows, n = 0, begin = v->offsets[row];
  const char *item;
  for (size_t length; io_items_next(&items, &item, &length); n++) {
    int32_t id;
    const char *wrong = io_index_parse(item, length, &id);
    if (wrong) return fail(p, error, "id %lld, \"%.*s\", %s", (long long)n + 1, quoted(length), item, wrong);
    if (c->size > 0 && id >= c->size)
      return fail(p, error, "id %d in \"%s\", whose ids are 0 to %lld", (int)id, c->name,
                  (long long)c->size - 1);
    if (IO_GROW(v->ids, v->ids_capacity, (size_t)(begin + n) + 1) != RT_OK) return rt_no_memory(error);
    v->ids[begin + n] = id;
  }
  return end_ragged(v, row, begin + cut(v, c, n), error);
}

static int encode_field(const struct place *p, const struct io_field *field, struct rt_error *error) {
  switch (column_of(p)->kind) {
    case IO_WORDS:
    case IO_CHARS:
    case IO_BYTES:
    case IO_NGRAMS: return encode_text(p, field, error);
    case IO_CLASS: return encode_class(p, field, error);
    case IO_TAGS: return encode_tags(p, field, error);
    case IO_NUMBER: return encode_number(p, field, error);
    case IO_VECTOR: return encode_vector(p, field, error);
    case IO_IDS: return encode_ids(p, field, error);
  }
  return rt_fail(error, RT_USAGE, "column \"%s\" has no kind that is known", column_of(p)->name);
}

/* Encodes the columns that are tags, or those that are not. */
static int encode_columns(const struct io_encoder *e, const struct io_field *fields, int64_t line, bool tags,
                          struct rt_error *error) {
  for (int c = 0; c < e->schema->count; c++) {
    const struct io_column *column = &e->schema->columns[c];
    struct io_values *v = &e->data->values[c];
    if ((column->kind == IO_TAGS) != tags) continue;
    const struct io_field *field = &fields[column->field];
    bool there = field->text != NULL && (column->required || !e->predicting);
    if (e->data->rows == 0) v->present = there;
    if (there != v->present)
      return rt_fail(error, RT_USAGE, "column \"%s\" is there in some rows only", column->name);
    v->row_tokens = v->row_cut = 0;
    int status = there ? encode_field(&(struct place){e, c, line}, field, error) : RT_OK;
    if (status != RT_OK) return status;
  }
  return RT_OK;
}

/* Whoever shows a row's answer has to know what it is not about. */
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

/* What is asked of the row beyond its columns. */
static int check_row(const struct io_dataset *data, int64_t line, struct rt_error *error) {
  int column = -1,
      status = data->check ? data->check->row(data->check->context, data, data->rows, &column, error) : RT_OK;
  if (status == RT_BAD_DATA) io_place_row(data, line, column, error);
  return status;
}

/* A row whose encoding fails leaves only room that was never counted, so that there is nothing to take back,
 * but a width that it would have been the first to tell. */
int io_encode_row(const struct io_encoder *e, const struct io_field *fields, int64_t line,
                  struct rt_error *error) {
  struct io_dataset *data = e->data;
  int status = encode_columns(e, fields, line, false, error);
  if (status == RT_OK) status = encode_columns(e, fields, line, true, error);
  for (int c = 0; status == RT_OK && e->predicting && c < data->columns; c++)
    if (e->schema->columns[c].max_length > 0) status = note_cut(&data->values[c], data->rows, error);
  if (status == RT_OK) status = check_row(data, line, error);
  if (status == RT_OK && IO_GROW(data->lines, data->lines_capacity, (size_t)data->rows + 1) != RT_OK)
    status = rt_no_memory(error);
  for (int c = 0; c < data->columns; c++) {
    if (status == RT_OK) {
      data->values[c].cut += data->values[c].row_cut;
      data->values[c].cut_texts += data->values[c].row_cut > 0;
    } else if (data->rows == 0 && e->schema->columns[c].kind == IO_VECTOR)
      data->values[c].width = e->schema->columns[c].width;
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

int io_encode_table(const struct io_encoder *e, struct io_table *table, bool skip, struct rt_error *error) {
  struct rt_error reason = {0};
  for (;;) {
    struct io_row row;
    int status = io_table_next(table, &row, &reason);
    if (status == RT_OK && row.line == 0) return RT_OK;
    if (status == RT_OK) status = io_encode_row(e, row.fields, row.line, &reason);
    if (status == RT_OK || (skip && skip_row(e->data, table, &reason))) continue;
    if (error && !error->code) *error = reason;
    return status;
  }
}
