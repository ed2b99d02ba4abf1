/* word_parts.c: columns of the parts of each word of a text: its characters, its ngrams. */
#include "runtime/io/data_internal.h"

bool io_gives_words(const struct io_kind *kind) { return kind->tokens && kind->names; }

/* The ids of one word's parts. */
static int encode_word(const struct io_place *p, const struct io_tokens *parts, int32_t *id,
                       struct rt_error *error) {
  const struct io_learning *l = p->e->learning;
  const bool interns = l && l[io_schema_owner(p->e->schema, p->column)].interns;
  int status = RT_OK;
  for (int64_t k = 0; k < io_place_values(p)->of.width && status == RT_OK; k++) {
    const struct io_token *part = (size_t)k < parts->count ? &parts->items[k] : NULL;
    id[k] = interns ? IO_MARK_NONE : IO_NO_ID;
    if (part) status = io_encode_token(p, parts->text + part->at, part->size, &id[k], error);
  }
  return status;
}

int io_encode_word_parts(const struct io_place *p,
                         int (*parts)(const struct io_settings *set, const char *word, size_t length,
                                      struct io_tokens *parts, struct rt_error *error),
                         struct rt_error *error) {
  const struct io_column *column = io_place_column(p), *pair = &p->e->schema->columns[column->pair];
  const struct io_values *words = &p->e->data->values[column->pair];
  struct io_payload *of = &io_place_values(p)->of;
  struct io_tokens *tokens = &p->e->data->tokens, *of_word = &p->e->data->parts;
  int64_t count = io_payload_begin(of, p->e->data->rows), kept = words->row_tokens - words->row_cut;
  struct io_field text[IO_MOST_TEXTS];
  io_column_texts(pair, p->fields, text);
  int status = pair->kind->tokens(p->e->schema, column->pair, text, tokens, error);
  if (status == RT_OK && io_payload_reserve(of, (count + kept + 1) * of->width) != RT_OK)
    status = rt_no_memory(error);
  for (int64_t k = 0; k < kept && status == RT_OK; k++) {
    const struct io_token *word = &tokens->items[k];
    status = parts(&column->set, text->text + word->start, word->length, of_word, error);
    if (status == RT_OK)
      status = encode_word(p, of_word, io_payload_ids(of) + (count + k) * of->width, error);
  }
  io_place_values(p)->row_cut = words->row_cut;
  return status == RT_OK ? io_encode_end(p, count + kept, error) : status;
}
