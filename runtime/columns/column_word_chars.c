/* column_word_chars.c: the characters of each word of a text. */
#include "runtime/io/data_internal.h"

static int characters(const struct io_settings *set, const char *word, size_t length, struct io_tokens *parts,
                      struct rt_error *error) {
  (void)set;
  return io_tokenise(&(struct io_tokeniser){.kind = IO_TOKENS_CHARS}, word, length, parts, error);
}

static int encode(const struct io_place *p, const struct io_field *field, struct rt_error *error) {
  (void)field;
  return io_encode_word_parts(p, characters, error);
}

static const struct io_option options[] = {IO_VOCAB_OPTIONS};

const struct io_kind io_kind_word_chars = {
    .name = "chars",
    .doc = "no field of its own: the first S characters of each word of the column whose length is T, as "
           "the file has them; behind a shorter word is no id, of which `embed` makes zeros",
    .axis = {{IO_LENGTH, "T"}, {IO_WIDTH, "S", .counts = "characters", .given = true}, {IO_ENTRIES, "A"}},
    .option = options,
    .options = RT_COUNT(options),
    .element = IO_I32,
    .vocab = IO_VOCAB_WORDS,
    .pairs = true,
    .belongs = io_gives_words,
    .made = true,
    .encode = encode,
    .one = "word",
    .more = "words",
    .entries = "entries of the vocabulary",
    .noun = "characters",
    .usual = 100,
    .small = 7,
};
