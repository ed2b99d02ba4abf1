/* column_pieces.c: the pieces of a text that a vocabulary with scores gives. */
#include <string.h>

#include "runtime/io/data_internal.h"
#include "runtime/io/pieces.h"

static int tokens(const struct io_schema *schema, int column, const struct io_field *text,
                  struct io_tokens *tokens, struct rt_error *error) {
  const struct io_vocab *vocab = schema->columns[io_schema_owner(schema, column)].vocab;
  return io_pieces_split(vocab, text->text, text->length, tokens, error);
}

/* A piece has its own spaces; the one before a text is not the text's. */
static void spell(struct rt_text *out, const char *before, size_t before_length, const char *token,
                  size_t length) {
  (void)before_length;
  int byte = io_piece_byte(token, length);
  char as_byte = (char)byte;
  if (byte >= 0)
    rt_text_add(out, &as_byte, 1);
  else if (!before && length > 0 && token[0] == ' ')
    rt_text_add(out, token + 1, length - 1);
  else
    rt_text_add(out, token, length);
}

static int given(struct io_vocab **vocab, const struct io_settings *set, struct rt_error *error) {
  const size_t length = strlen(set->vocab);
  bool json = length > 5 && !strcmp(set->vocab + length - 5, ".json");
  return json ? io_pieces_read_json(vocab, set->vocab, error) : io_pieces_read(vocab, set->vocab, error);
}

static const struct io_option options[] = {
    {.name = "file",
     .doc = "the pieces with their scores, as SentencePiece has them: one a line, PIECE, a tab, SCORE; or a "
            "tokenizer.json",
     .type = IO_OPTION_TEXT,
     .offset = offsetof(struct io_settings, vocab),
     .needed = true}};

const struct io_kind io_kind_pieces = {
    .name = "pieces",
    .doc = "a text, split into the pieces of a file; T is how many, V the size of the vocabulary",
    .axis = {{IO_LENGTH, "T"}, {IO_ENTRIES, "V", .optional = true}},
    .option = options,
    .options = RT_COUNT(options),
    .element = IO_I32,
    .vocab = IO_VOCAB_LIST,
    .given = given,
    .continues = true,
    .partial = true,
    .tokens = tokens,
    .spell = spell,
    .join = ' ',
    .encode = io_encode_text,
    .one = "piece",
    .more = "pieces",
    .entries = "entries of the vocabulary",
    .noun = "pieces",
    .usual = 32000,
    .small = 7,
};
