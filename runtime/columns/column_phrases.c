/* column_phrases.c: the words of a text and the runs of them. */
#include "runtime/io/data_internal.h"

enum { LONGEST = 16 };

static const struct io_runs usual = {1, 2, "phrases", "words"};

static int settle(struct io_settings *set, struct rt_error *error) {
  return io_settle_runs(set, &usual, error);
}

static int tokens(const struct io_schema *schema, int column, const struct io_field *text,
                  struct io_tokens *tokens, struct rt_error *error) {
  return io_tokenise_runs(&schema->columns[column], IO_TOKENS_PHRASES, text, tokens, error);
}

static const struct io_option options[] = {
    IO_VOCAB_OPTIONS,
    IO_WHOLE("min_n", 1, LONGEST, own[IO_MIN_N], "how many words the shortest run has; 1 when left out"),
    IO_WHOLE("max_n", 1, LONGEST, own[IO_MAX_N],
             "how many words the longest run has, 2 when left out; < before a text and > behind it count as "
             "words in runs of two and more"),
};

const struct io_kind io_kind_phrases = {
    .name = "phrases",
    .doc =
        "a text, as the runs of its words: of \"no cat\" no, cat, < no, no cat, cat >; T is how many, V the "
        "size of the vocabulary",
    .axis = {{IO_LENGTH, "T"}, {IO_ENTRIES, "V", .optional = true}},
    .option = options,
    .options = RT_COUNT(options),
    .settle = settle,
    .element = IO_I32,
    .vocab = IO_VOCAB_WORDS,
    .partial = true,
    .tokens = tokens,
    .encode = io_encode_text,
    .one = "run of words",
    .more = "runs of words",
    .entries = "entries of the vocabulary",
    .noun = "runs of words",
    .usual = 10000,
    .small = 7,
};
