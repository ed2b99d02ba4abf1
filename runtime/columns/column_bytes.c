/* column_bytes.c: the bytes of a text, which are their own ids. */
#include "runtime/io/data_internal.h"

static int tokens(const struct io_schema *schema, int column, const struct io_field *text,
                  struct io_tokens *tokens, struct rt_error *error) {
  (void)schema, (void)column;
  return io_tokenise(&(struct io_tokeniser){.kind = IO_TOKENS_BYTES}, text->text, text->length, tokens,
                     error);
}

const struct io_kind io_kind_bytes = {
    .name = "bytes",
    .doc = "a text, byte by byte; T is how many, V the size of the vocabulary",
    .axis = {{IO_LENGTH, "T"}, {IO_ENTRIES, "V", .optional = true}},
    .element = IO_I32,
    .vocab = IO_VOCAB_BYTES,
    .fixed = io_vocab_bytes,
    .continues = true,
    .tokens = tokens,
    .join = ' ',
    .encode = io_encode_text,
    .one = "byte",
    .more = "bytes",
    .entries = "entries of the vocabulary",
    .noun = "bytes",
    .usual = 256,
    .small = 256,
};
