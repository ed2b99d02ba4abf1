/* tokenise.h: from text to tokens.
 *
 * - words: Unicode words, NFC, lower case unless keep_case. White space separates; every punctuation mark or
 * symbol is a token of its own, and so is every Han ideograph and every kana. Combining marks stay with what
 * they follow. Part of a word are an apostrophe or hyphen between letters or digits (don't, n't,
 * re-imagining), an apostrophe that begins a clitic of at most two letters standing alone ('s, 're, 'll), and
 * a point or comma between digits (3.14, 1,000). The typographic apostrophe and hyphen become ' and - there
 * - spaces: what ASCII white space separates and nothing more, for text that is tokenised already. NFC, lower
 * case
 * - items: what ASCII white space separates, unchanged: names of things
 * - chars: code points, unchanged
 * - bytes: bytes, unchanged
 * - ngrams: the parts of words. For each of the words above, between the marks < and >, every run of min_n to
 * max_n code points, shorter runs first (Bojanowski et al. 2017). A word that is shorter than min_n with its
 * marks gives itself. Ideographs and kana, which are written without spaces, count as one word up to the next
 * thing
 * - ngrams of a word: the same of the whole text, which is one word
 * - phrases: every run of min_n to max_n of the words above, shorter runs first, with a space between two
 * words. In runs of two and more, < before the first word and > behind the last count as words
 *
 * Lower case is Unicode's simple mapping applied to the decomposed text, so that a composed and a decomposed
 * spelling give the same token. */
#ifndef AQ_RUNTIME_IO_TOKENISE_H
#define AQ_RUNTIME_IO_TOKENISE_H

#include "runtime/base.h"

enum io_token_kind {
  IO_TOKENS_WORDS,
  IO_TOKENS_SPACES,
  IO_TOKENS_ITEMS,
  IO_TOKENS_CHARS,
  IO_TOKENS_BYTES,
  IO_TOKENS_NGRAMS,
  IO_TOKENS_WORD_NGRAMS,
  IO_TOKENS_PHRASES
};

struct io_tokeniser {
  enum io_token_kind kind;
  int64_t min_n, max_n; /* ngrams, phrases: 1 <= min_n <= max_n */
  bool keep_case;       /* words, spaces, ngrams of a word: not in lower case */
};

/* One token. start, length: its bytes in the source text (ngrams: those of its word; phrases: of its words).
 * at, size: its normalised bytes in io_tokens.text, where tokens may overlap. */
struct io_token {
  size_t start, length, at, size;
};

/* The tokens of one text; reused from text to text, so that the steady state allocates nothing. Start zeroed.
 */
struct io_tokens {
  struct io_token *items;
  size_t count, capacity;
  char *text;
  size_t text_length, text_capacity;
  size_t first;    /* of two texts in one sequence: how many tokens belong to the first */
  size_t left_out; /* tokens that did not fit */
  int32_t *points; /* scratch for normalising */
  size_t points_capacity;
  size_t *places; /* scratch: where the points stand in the text */
  size_t places_capacity;
};

/* Replaces what tokens held with the tokens of text, which must be valid UTF-8 (see io_utf8_check; bytes
 * takes anything). Only RT_NO_MEMORY can go wrong. */
int io_tokenise(const struct io_tokeniser *tokeniser, const char *text, size_t length,
                struct io_tokens *tokens, struct rt_error *error);
/* Is this code point Han or kana? They are written without spaces between words. */
bool io_is_ideograph(int32_t point);
/* Unicode's simple lower case of a code point. */
int32_t io_lower(int32_t point);
void io_tokens_free(struct io_tokens *tokens);

#endif
