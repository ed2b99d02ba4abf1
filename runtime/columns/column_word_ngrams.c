/* column_word_ngrams.c: the parts of each word of a text. */
#include "runtime/io/data_internal.h"

enum { LONGEST = 64, LOWER = 2 }; /* its own settings are those of runs, and this */

static const struct io_runs usual = {3, 6, "ngrams", "characters"};

static int settle(struct io_settings *set, struct rt_error *error) {
  return io_settle_runs(set, &usual, error);
}

static int ngrams(const struct io_settings *set, const char *word, size_t length, struct io_tokens *parts,
                  struct rt_error *error) {
  const struct io_tokeniser tokeniser = {.kind = IO_TOKENS_WORD_NGRAMS,
                                         .min_n = set->own[IO_MIN_N],
                                         .max_n = set->own[IO_MAX_N],
                                         .keep_case = !io_is_on(set->own[LOWER], true)};
  return io_tokenise(&tokeniser, word, length, parts, error);
}

static int encode(const struct io_place *p, const struct io_field *field, struct rt_error *error) {
  (void)field;
  return io_encode_word_parts(p, ngrams, error);
}

static const struct io_option options[] = {
    IO_VOCAB_OPTIONS,
    IO_WHOLE(
        "min_n", 1, LONGEST, own[IO_MIN_N],
        "how many characters the shortest part of a word has, the marks < and > included; 3 when left out"),
    IO_WHOLE(
        "max_n", 1, LONGEST, own[IO_MAX_N],
        "how many characters the longest part of a word has, the marks < and > included; 6 when left out"),
    IO_SWITCH("lower", own[LOWER], "whether words are read in lower case; they are, when it is left out"),
};

const struct io_kind io_kind_word_ngrams = {
    .name = "ngrams",
    .doc = "no field of its own: the first S parts of each word of the column whose length is T, shorter "
           "ones first; behind those of a shorter word is no id, of which `embed` makes zeros",
    .axis = {{IO_LENGTH, "T"}, {IO_WIDTH, "S", .counts = "parts", .given = true}, {IO_ENTRIES, "G"}},
    .option = options,
    .options = RT_COUNT(options),
    .settle = settle,
    .element = IO_I32,
    .vocab = IO_VOCAB_WORDS,
    .pairs = true,
    .belongs = io_gives_words,
    .made = true,
    .encode = encode,
    .one = "word",
    .more = "words",
    .entries = "entries of the vocabulary",
    .noun = "parts of words",
    .usual = 10000,
    .small = 7,
};
