/* encode_place.c: what kinds of columns encode their fields with: places for messages, ids of tokens and
 * labels, the ends of rows. */
#include <stdio.h>
#include <string.h>
#include "runtime/io/data_internal.h"
#include "runtime/io/intern_ahead.h"
#include "runtime/io/memory.h"
#include "runtime/io/number.h"
#include "runtime/io/utf8.h"

enum { AT_ONCE = 32 }; /* tokens that are looked up together */

int io_encode_fail(const struct io_place *p, struct rt_error *error, const char *format, ...) {
  char text[sizeof error->text];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  if (io_table_in_memory(p->e->table))
    return io_memory_fail(error, p->line, io_schema_field_name(p->e->schema, io_place_column(p)->field),
                          text);
  if (!p->e->table) /* a row by itself: no place tells which of its fields it is */
    return rt_fail(error, RT_BAD_DATA, "column `%s`: %s",
                   io_schema_field_name(p->e->schema, io_place_column(p)->field), text);
  int number = io_place_column(p)->field, field = io_table_field_number(p->e->table, number);
  if (io_table_is_keyed(p->e->table))
    return rt_fail_at(
        error, RT_BAD_DATA,
        (struct rt_place){p->e->name, p->line, io_table_value_byte(p->e->table, p->line, number)},
        io_table_is_jsonl(p->e->table) ? "key \"%s\": %s" : "`%s`: %s",
        io_schema_field_name(p->e->schema, number), text);
  return rt_fail_at(error, RT_BAD_DATA, (struct rt_place){p->e->name, p->line, field}, "%s", text);
}

const struct io_vocab *io_encoder_vocab(const struct io_encoder *e, int column) {
  const struct io_vocab *vocab = e->schema->columns[column].vocab;
  return vocab || !e->learning ? vocab : e->learning[io_schema_owner(e->schema, column)].vocab;
}

/* The id of a text: interned while learning, looked up otherwise. -1 for an unknown class. */
static int find_id(const struct io_encoder *e, int column, const char *text, size_t length, int32_t *id,
                   struct rt_error *error) {
  struct io_learning *l = e->learning ? &e->learning[io_schema_owner(e->schema, column)] : NULL;
  if (l && l->interns) return io_intern_add(&l->texts, text, length, id, error);
  *id = io_vocab_find(io_encoder_vocab(e, column), text, length);
  return RT_OK;
}

int io_encode_token(const struct io_place *p, const char *text, size_t length, int32_t *id,
                    struct rt_error *error) {
  return find_id(p->e, p->column, text, length, id, error);
}

/* Ids of tokens that a finished vocabulary has. */
static void find_all(const struct io_vocab *vocab, const struct io_tokens *tokens, int64_t count,
                     int32_t *ids) {
  struct io_sought sought[AT_ONCE];
  for (int64_t first = 0; first < count; first += AT_ONCE) {
    const int64_t n = count - first < AT_ONCE ? count - first : AT_ONCE;
    for (int64_t k = 0; k < n; k++) {
      const struct io_token *token = &tokens->items[first + k];
      sought[k] = (struct io_sought){.text = tokens->text + token->at, .length = token->size};
    }
    io_vocab_find_many(vocab, sought, (size_t)n);
    for (int64_t k = 0; k < n; k++) ids[first + k] = sought[k].number;
  }
}

/* Ids of tokens while the vocabulary is learned: where there are none yet, they get the next ones. */
static int learn_all(struct io_intern *texts, const struct io_tokens *tokens, int64_t count, int32_t *ids,
                     struct rt_error *error) {
  int status = RT_OK;
  for (int64_t k = 0; k < count && status == RT_OK; k++)
    status = io_intern_add(texts, tokens->text + tokens->items[k].at, tokens->items[k].size, &ids[k], error);
  return status;
}

int io_encode_tokens(const struct io_encoder *e, int column, int64_t limit, struct io_values *v,
                     int64_t *count, struct rt_error *error) {
  const struct io_tokens *tokens = &e->data->tokens;
  const struct io_column *c = &e->schema->columns[column];
  const struct io_vocab *vocab = io_encoder_vocab(e, column);
  struct io_learning *l = e->learning ? &e->learning[io_schema_owner(e->schema, column)] : NULL;
  const bool learning = l && l->interns;
  int status = RT_OK;
  if (io_payload_reserve(&v->of, *count + limit + 2) != RT_OK) return rt_no_memory(error);
  int32_t *ids = io_payload_ids(&v->of);
  if (c->ends) ids[(*count)++] = learning ? IO_MARK_BEGIN : vocab->begin;
  if (learning)
    status = learn_all(&l->texts, tokens, limit, ids + *count, error);
  else
    find_all(vocab, tokens, limit, ids + *count);
  if (status != RT_OK) return status;
  *count += limit;
  if (c->ends) ids[(*count)++] = learning ? IO_MARK_END : vocab->end;
  return RT_OK;
}

int io_encode_end(const struct io_place *p, int64_t count, struct rt_error *error) {
  struct io_payload *of = &io_place_values(p)->of;
  return io_payload_end_row(of, p->e->data->rows, count) != RT_OK ? rt_no_memory(error) : RT_OK;
}

/* Of a value. */
static int64_t elements_of(const struct io_kind *kind, const struct io_values *v) {
  return kind->give ? 1 : io_column_width(kind, v->size);
}

void io_values_sizes(struct io_values *v, const struct io_column *column) {
  memcpy(v->size, column->size, sizeof v->size);
  v->of.width = elements_of(column->kind, v);
}

bool io_place_size(const struct io_place *p, int axis, int64_t size) {
  struct io_values *v = io_place_values(p);
  if (v->size[axis] > 0) return v->size[axis] == size;
  v->size[axis] = size;
  v->of.width = elements_of(io_place_column(p)->kind, v);
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
  const struct io_vocab *vocab = io_encoder_vocab(p->e, p->column);
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
  if (p->e->only_known) return not_listed(p, text, length, error);
  status = io_intern_add(&io_place_values(p)->unseen, text, length, id, error);
  *id = -1 - *id;
  return status;
}
