/* column_words.c: the words of a text. When tags belong to them, white space alone separates words, since the
 * tags are counted so. When labels share their vocabulary, words are names of things, and their case is kept
 * too. */
#include "runtime/io/data_internal.h"

static enum io_token_kind token_kind(const struct io_schema *schema, int column) {
  if (io_schema_has_labels(schema, column)) return IO_TOKENS_ITEMS;
  return io_schema_is_tagged(schema, column) ? IO_TOKENS_SPACES : IO_TOKENS_WORDS;
}

static int tokens(const struct io_schema *schema, int column, const char *text, size_t length,
                  struct io_tokens *tokens, struct rt_error *error) {
  const struct io_tokeniser tokeniser = {.kind = token_kind(schema, column)};
  return io_tokenise(&tokeniser, text, length, tokens, error);
}

static const struct io_option options[] = {IO_VOCAB_OPTIONS};

const struct io_kind io_kind_words = {
    .name = "words",
    .doc = "a text, split into words and punctuation marks, in lower case; T is how many, V the size of the "
           "vocabulary",
    .axis = {{IO_LENGTH, "T"}, {IO_ENTRIES, "V", .optional = true}},
    .option = options,
    .options = RT_COUNT(options),
    .element = IO_I32,
    .vocab = IO_VOCAB_WORDS,
    .names = true,
    .continues = true,
    .spaced = true,
    .tokens = tokens,
    .encode = io_encode_text,
    .one = "word",
    .more = "words",
    .entries = "entries of the vocabulary",
    .noun = "words",
    .usual = 10000,
    .small = 7,
};
