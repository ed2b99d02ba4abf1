/* column_chars.c: the code points of a text. */
#include "runtime/io/data_internal.h"

static int tokens(const struct io_schema *schema, int column, const struct io_field *text,
                  struct io_tokens *tokens, struct rt_error *error) {
  (void)schema, (void)column;
  return io_tokenise(&(struct io_tokeniser){.kind = IO_TOKENS_CHARS}, text->text, text->length, tokens,
                     error);
}

static const struct io_option options[] = {IO_VOCAB_OPTIONS};

const struct io_kind io_kind_chars = {
    .name = "chars",
    .doc = "a text, character by character; T is how many, V the size of the vocabulary",
    .axis = {{IO_LENGTH, "T"}, {IO_ENTRIES, "V", .optional = true}},
    .option = options,
    .options = RT_COUNT(options),
    .element = IO_I32,
    .vocab = IO_VOCAB_WORDS,
    .continues = true,
    .tokens = tokens,
    .join = ' ',
    .encode = io_encode_text,
    .one = "character",
    .more = "characters",
    .entries = "entries of the vocabulary",
    .noun = "characters",
    .usual = 10000,
    .small = 7,
};
