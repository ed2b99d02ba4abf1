/* fuzz_vocabulary.c: a vocabulary file of any bytes, by each kind of column that reads one, a text split with
 * it, and the vocabulary written down and read back; and vectors as text. The first byte chooses; a NUL byte
 * parts the vocabulary from its merges. */
#include <aq.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/io/schema.h"
#include "runtime/io/table.h"
#include "runtime/io/utf8.h"
#include "tests/fuzz/fuzz.h"

static void split(const struct io_schema *schema, const char *text, size_t length) {
  struct io_tokens tokens = {0};
  struct rt_error error = {0};
  const struct io_field field[IO_MOST_TEXTS] = {{text, io_utf8_check(text, length)}};
  schema->columns[0].kind->tokens(schema, 0, field, &tokens, &error);
  for (size_t k = 0; k < tokens.count; k++) {
    const struct io_token *t = &tokens.items[k];
    if (t->start + t->length > field->length || t->at + t->size > tokens.text_length) abort();
    io_vocab_find(schema->columns[0].vocab, tokens.text + t->at, t->size);
  }
  io_tokens_free(&tokens);
}

static void write_and_parse(const struct io_schema *schema) {
  struct io_schema again = {0};
  struct rt_text text = {0}, apart = {0};
  struct rt_error error = {0};
  io_schema_write(schema, &text, &apart);
  if (!text.failed && !apart.failed
      && io_schema_parse(&again, text.data, text.length, &apart, &error) == RT_BAD_DATA)
    abort();
  rt_text_free(&text);
  rt_text_free(&apart);
  io_schema_free(&again);
}

static void read_vocabulary(const struct io_kind *kind, const char *file, const char *merges,
                            const uint8_t *data, size_t size) {
  struct io_schema schema = {0};
  struct io_column *column;
  struct rt_error error = {0};
  int status = io_schema_add(&schema, "text", kind, &column, &error);
  if (status == RT_OK) {
    column->set.vocab = file;
    column->set.merges = merges;
    status = kind->given ? kind->given(&column->vocab, &column->set, &error)
                         : io_vocab_from_file(&column->vocab, file, &error);
    column->set.vocab = column->set.merges = NULL;
  }
  if (status == RT_OK && io_schema_check(&schema, &error) == RT_OK) {
    split(&schema, (const char *)data, size);
    split(&schema, "The  naïve caf\xC3\xA9 \xE4\xBD\xA0\xE5\xA5\xBD, don't!", 29);
    write_and_parse(&schema);
  }
  io_schema_free(&schema);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const char *const kinds[] = {"words", "pieces", "wordpiece", "bpe", NULL};
  fuzz_limit_memory(64 << 20, 128 << 20);
  if (size < 1) return -1;
  const char *kind = kinds[data[0] % RT_COUNT(kinds)];
  data++, size--;
  const uint8_t *end = memchr(data, 0, size);
  const size_t first = end ? (size_t)(end - data) : size;
  if (!kind) {
    aq_vectors *vectors = NULL;
    aq_vectors_open(fuzz_file(data, size), &vectors);
    aq_vectors_free(vectors);
    return 0;
  }
  read_vocabulary(io_kind_find(kind), fuzz_file(data, first),
                  fuzz_second_file(end ? end + 1 : data, end ? size - first - 1 : 0), data, size);
  return 0;
}
