/* column_bpe.c: a text in merged pairs of bytes, as GPT-2 reads it. */
#include "runtime/io/byte_pairs.h"
#include "runtime/io/data_internal.h"

/* <|endoftext|> in a text is the mark where the file has one; a text that taught the pairs has it as a text.
 */
static int tokens(const struct io_schema *schema, int column, const struct io_field *text,
                  struct io_tokens *tokens, struct rt_error *error) {
  const struct io_column *owner = &schema->columns[io_schema_owner(schema, column)];
  return io_byte_pairs_split(owner->vocab, owner->set.max_size == 0, text->text, text->length, tokens, error);
}

static int parts(const struct io_vocab *vocab, const char *text, size_t length, struct io_tokens *tokens,
                 struct rt_error *error) {
  return io_byte_pairs_split(vocab, false, text, length, tokens, error);
}

static int build(struct io_vocab **vocab, const struct io_counted *counted,
                 const struct io_vocab_options *options, struct rt_error *error) {
  return io_byte_pairs_learn(vocab, counted, options->max_size, options->ends, error);
}

static int given(struct io_vocab **vocab, const struct io_settings *set, struct rt_error *error) {
  if (!set->merges) return io_byte_pairs_read_json(vocab, set->vocab, error);
  return io_byte_pairs_read(vocab, set->vocab, set->merges, error);
}

static int complete(const struct io_settings *set, struct rt_error *error) {
  if (set->vocab ? !set->max_size : !set->merges && set->max_size) return RT_OK;
  return rt_fail(error, RT_USAGE,
                 "byte pairs are learned, bpe[T, V](size = 8000), or those of two files, bpe[T, V](vocab = "
                 "\"encoder.json\", merges = \"vocab.bpe\"), or of bpe[T, V](vocab = \"tokenizer.json\")");
}

static const struct io_option options[] = {
    IO_TEXT("vocab", vocab, "a file with the vocabulary, one entry a line, in place of one that is learned"),
    IO_WHOLE("size", 257, 1 << 24, max_size,
             "how many entries the training file teaches: the 256 bytes, and what they are merged to"),
    IO_TEXT("merges", merges,
            "a file of the pairs that are merged to the vocabulary's entries, the first first"),
};

const struct io_kind io_kind_bpe = {
    .name = "bpe",
    .doc = "a text in pairs of bytes that are merged, as GPT-2 reads it; T is how many, V the size of the "
           "vocabulary",
    .axis = {{IO_LENGTH, "T"}, {IO_ENTRIES, "V", .optional = true}},
    .option = options,
    .options = RT_COUNT(options),
    .complete = complete,
    .element = IO_I32,
    .vocab = IO_VOCAB_PAIRS,
    .given = given,
    .build = build,
    .parts = parts,
    .continues = true,
    .partial = true,
    .spaced = true,
    .tokens = tokens,
    .encode = io_encode_text,
    .one = "token",
    .more = "tokens",
    .entries = "entries of the vocabulary",
    .noun = "tokens",
    .usual = 50257,
    .small = 300,
};
