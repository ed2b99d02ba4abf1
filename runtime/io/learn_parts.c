/* learn_parts.c: words that were read while their parts were being learned become these parts. */
#include "runtime/io/data_internal.h"
#include "runtime/io/grow.h"

int io_parts_new(struct io_parts *parts, const struct io_learning *l, const struct io_kind *kind,
                 struct rt_error *error) {
  struct io_tokens tokens = {0};
  int status = RT_OK;
  *parts = (struct io_parts){.end = rt_zalloc((size_t)l->texts.count + 1, sizeof *parts->end)};
  if (!parts->end) return rt_no_memory(error);
  for (int32_t n = 0; n < l->texts.count && status == RT_OK; n++) {
    size_t length;
    const char *text = io_intern_text(&l->texts, n, &length);
    status = kind->parts(l->vocab, text, length, &tokens, error);
    if (status == RT_OK && IO_GROW(parts->id, parts->capacity, parts->count + tokens.count) != RT_OK)
      status = rt_no_memory(error);
    for (size_t k = 0; k < tokens.count && status == RT_OK; k++)
      parts->id[parts->count++] =
          io_vocab_find(l->vocab, tokens.text + tokens.items[k].at, tokens.items[k].size);
    parts->end[n] = parts->count;
  }
  io_tokens_free(&tokens);
  return status;
}

void io_parts_free(struct io_parts *parts) {
  rt_free(parts->id);
  rt_free(parts->end);
}

/* Appends the parts of a word, as far as they are within the limit, and counts all of them. */
static int add_parts(const struct io_parts *parts, int32_t word, int64_t limit, struct io_payload *to,
                     int64_t *count, int64_t *tokens) {
  size_t from = word > 0 ? parts->end[word - 1] : 0, end = parts->end[word];
  if (io_payload_reserve(to, *count + (int64_t)(end - from) + 2) != RT_OK) return RT_NO_MEMORY;
  for (size_t k = from; k < end; k++)
    if (limit == 0 || (*tokens)++ < limit) io_payload_ids(to)[(*count)++] = parts->id[k];
  return RT_OK;
}

int io_parts_replace(const struct io_parts *parts, const struct io_learning *l,
                     const struct io_column *column, struct io_dataset *data, int number,
                     struct io_values *noted) {
  struct io_values *v = &data->values[number];
  struct io_payload to;
  int64_t count = 0;
  int status = io_payload_init(&to, IO_I32, 1, true);
  for (int64_t r = 0; r < data->rows && status == RT_OK; r++) {
    int64_t tokens = 0, limit = column->max_length, end = io_payload_begin(&v->of, r + 1);
    status = io_payload_reserve(&to, count + 2);
    for (int64_t k = io_payload_begin(&v->of, r); k < end && status == RT_OK; k++) {
      int32_t word = io_payload_ids(&v->of)[k];
      if (word >= 0)
        status = add_parts(parts, word, limit, &to, &count, &tokens);
      else
        io_payload_ids(&to)[count++] = word == IO_MARK_BEGIN ? l->vocab->begin : l->vocab->end;
    }
    if (status == RT_OK) status = io_payload_end_row(&to, r, count);
    if (limit > 0 && tokens > limit) {
      noted->cut += tokens - limit;
      noted->cut_texts++;
    }
  }
  if (status != RT_OK) {
    io_payload_free(&to);
    return RT_NO_MEMORY;
  }
  io_payload_free(&v->of);
  v->of = to;
  return RT_OK;
}
