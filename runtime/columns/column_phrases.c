/* column_phrases.c: the words of a text and the runs of them. */
#include "runtime/io/data_internal.h"

enum { MIN_N, MAX_N }; /* its own settings: words of the shortest run and of the longest */

enum { LONGEST = 16, USUAL_MIN = 1, USUAL_MAX = 2 };

static int settle(struct io_settings *set, struct rt_error *error) {
  int64_t *least = &set->own[MIN_N], *most = &set->own[MAX_N];
  if (!*least) *least = *most && *most < USUAL_MIN ? *most : USUAL_MIN;
  if (!*most) *most = *least > USUAL_MAX ? *least : USUAL_MAX;
  if (*least <= *most) return RT_OK;
  return rt_fail(error, RT_USAGE, "phrases of %lld to %lld words: min_n is at most max_n", (long long)*least,
                 (long long)*most);
}

static int tokens(const struct io_schema *schema, int column, const struct io_field *text,
                  struct io_tokens *tokens, struct rt_error *error) {
  const int64_t *own = schema->columns[column].set.own;
  const struct io_tokeniser tokeniser = {.kind = IO_TOKENS_PHRASES, .min_n = own[MIN_N], .max_n = own[MAX_N]};
  return io_tokenise(&tokeniser, text->text, text->length, tokens, error);
}

static const struct io_option options[] = {
    IO_VOCAB_OPTIONS,
    IO_WHOLE("min_n", 1, LONGEST, own[MIN_N], "how many words the shortest run has; 1 when left out"),
    IO_WHOLE("max_n", 1, LONGEST, own[MAX_N],
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
