/* column_words.c: the words of a text. Unless the program says otherwise, white space alone separates words
 * when tags belong to them, since the tags are counted so. When labels share their vocabulary, words are
 * names of things, which spaces separate and whose case is kept. */
#include <string.h>

#include "runtime/io/data_internal.h"
#include "runtime/io/utf8.h"

enum { LOWER, SPLIT }; /* its own settings */
enum { AT_MARKS = 1, AT_SPACES = 2 };

static enum io_token_kind token_kind(const struct io_schema *schema, int column) {
  if (io_schema_has_labels(schema, column)) return IO_TOKENS_ITEMS;
  int64_t split = schema->columns[column].set.own[SPLIT];
  if (split) return split == AT_SPACES ? IO_TOKENS_SPACES : IO_TOKENS_WORDS;
  return io_schema_is_tagged(schema, column) ? IO_TOKENS_SPACES : IO_TOKENS_WORDS;
}

static int tokens(const struct io_schema *schema, int column, const struct io_field *text,
                  struct io_tokens *tokens, struct rt_error *error) {
  const struct io_tokeniser tokeniser = {.kind = token_kind(schema, column),
                                         .keep_case =
                                             !io_is_on(schema->columns[column].set.own[LOWER], true)};
  return io_tokenise(&tokeniser, text->text, text->length, tokens, error);
}

/* ---- spaces between words ---- */

/* Marks that follow a word without a space, and marks that a word follows so. */
static const char *const closing[] = {".", ",", ";", ":", "!", "?", ")", "'",
                                      "%", "]", "}", "’", "”", "»", "…"};
static const char *const opening[] = {"(", "[", "{", "„", "¿", "¡", "«"};

static bool begins_with(const char *text, size_t length, const char *mark) {
  size_t n = strlen(mark);
  return length >= n && memcmp(text, mark, n) == 0;
}

static bool is_one_of(const char *text, size_t length, const char *const *mark, size_t count, bool whole) {
  for (size_t k = 0; k < count; k++)
    if (begins_with(text, length, mark[k]) && (!whole || strlen(mark[k]) == length)) return true;
  return false;
}

/* Is the first character of the text, or the last one, of a script that has no spaces? So are its marks. */
static bool has_no_spaces(const char *text, size_t length, bool last) {
  size_t at = last ? length - 1 : 0, size;
  while (at > 0 && ((unsigned char)text[at] & 0xC0) == 0x80) at--;
  int32_t p = io_utf8_decode(text + at, &size);
  return io_is_ideograph(p) || (p >= 0x3000 && p <= 0x303F) || (p >= 0xFF01 && p <= 0xFF65);
}

static bool is_spaced(const char *before, size_t before_length, const char *text, size_t length) {
  if (!before_length || !length) return false;
  return !is_one_of(text, length, closing, RT_COUNT(closing), false)
         && !is_one_of(before, before_length, opening, RT_COUNT(opening), true)
         && !has_no_spaces(before, before_length, true) && !has_no_spaces(text, length, false);
}

static void spell(struct rt_text *out, const char *before, size_t before_length, const char *token,
                  size_t length) {
  if (is_spaced(before, before_length, token, length)) rt_text_puts(out, " ");
  rt_text_add(out, token, length);
}

static const char *const splits[] = {[AT_MARKS - 1] = "marks", [AT_SPACES - 1] = "spaces"};

static const struct io_option options[] = {
    IO_VOCAB_OPTIONS,
    IO_SWITCH("lower", own[LOWER], "whether words are read in lower case; they are, when it is left out"),
    IO_CHOICE("split", splits, own[SPLIT],
              "what separates words: marks and spaces, so that each mark is a word, or spaces alone; when it "
              "is left out, spaces where the text has tags, marks elsewhere"),
};

const struct io_kind io_kind_words = {
    .name = "words",
    .doc = "a text, split into words and punctuation marks, in lower case unless told otherwise; T is how "
           "many, V the size of the "
           "vocabulary",
    .axis = {{IO_LENGTH, "T"}, {IO_ENTRIES, "V", .optional = true}},
    .option = options,
    .options = RT_COUNT(options),
    .element = IO_I32,
    .vocab = IO_VOCAB_WORDS,
    .names = true,
    .continues = true,
    .tokens = tokens,
    .spell = spell,
    .join = ' ',
    .encode = io_encode_text,
    .one = "word",
    .more = "words",
    .entries = "entries of the vocabulary",
    .noun = "words",
    .usual = 10000,
    .small = 7,
};
