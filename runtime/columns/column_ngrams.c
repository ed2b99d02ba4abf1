/* column_ngrams.c: the parts of the words of a text. */
#include "runtime/io/data_internal.h"

enum { LONGEST = 64 };

static const struct io_runs usual = {3, 6, "ngrams",
                                     "characters"}; /* as in fastText (Bojanowski et al. 2017) */

static int settle(struct io_settings *set, struct rt_error *error) {
  return io_settle_runs(set, &usual, error);
}

static int tokens(const struct io_schema *schema, int column, const struct io_field *text,
                  struct io_tokens *tokens, struct rt_error *error) {
  return io_tokenise_runs(&schema->columns[column], IO_TOKENS_NGRAMS, text, tokens, error);
}

static const struct io_option options[] = {
    IO_VOCAB_OPTIONS,
    IO_WHOLE(
        "min_n", 1, LONGEST, own[IO_MIN_N],
        "how many characters the shortest part of a word has, the marks < and > included; 3 when left out"),
    IO_WHOLE(
        "max_n", 1, LONGEST, own[IO_MAX_N],
        "how many characters the longest part of a word has, the marks < and > included; 6 when left out"),
};

const struct io_kind io_kind_ngrams = {
    .name = "ngrams",
    .doc = "a text, as the parts of its words: of \"cat\" <ca, cat, at>, <cat, cat>, <cat>; T is how many, V "
           "the size of the vocabulary",
    .axis = {{IO_LENGTH, "T"}, {IO_ENTRIES, "V", .optional = true}},
    .option = options,
    .options = RT_COUNT(options),
    .settle = settle,
    .element = IO_I32,
    .vocab = IO_VOCAB_WORDS,
    .partial = true,
    .tokens = tokens,
    .join = ' ',
    .encode = io_encode_text,
    .one = "part of words",
    .more = "parts of words",
    .entries = "entries of the vocabulary",
    .noun = "parts of words",
    .usual = 10000,
    .small = 7,
};
