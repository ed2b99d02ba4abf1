/* tokenise.c: from text to tokens. The rules are in tokenise.h. */
#include "runtime/io/tokenise.h"

#include <string.h>
#include <utf8proc.h>

#include "runtime/io/grow.h"
#include "runtime/io/number.h"
#include "runtime/io/utf8.h"

/* What a code point is to the words tokeniser. */
enum kind { SPACE, LETTER, DIGIT, MARK, IDEOGRAPH, SYMBOL };

enum {
  APOSTROPHE = '\'',
  RIGHT_QUOTE = 0x2019,
  HYPHEN = '-',
  UNICODE_HYPHEN = 0x2010,
  NO_BREAK_HYPHEN = 0x2011
};

static bool is_apostrophe(int32_t point) { return point == APOSTROPHE || point == RIGHT_QUOTE; }
static bool is_hyphen(int32_t point) {
  return point == HYPHEN || point == UNICODE_HYPHEN || point == NO_BREAK_HYPHEN;
}
static bool is_word(enum kind kind) { return kind == LETTER || kind == DIGIT || kind == MARK; }

int32_t io_lower(int32_t point) { return utf8proc_tolower(point); }

bool io_is_ideograph(int32_t p) {
  return (p >= 0x3400 && p <= 0x4DBF) || (p >= 0x4E00 && p <= 0x9FFF) || (p >= 0xF900 && p <= 0xFAFF)
         || (p >= 0x20000 && p <= 0x323AF) || (p >= 0x3005 && p <= 0x3007) || (p >= 0x3041 && p <= 0x30FF)
         || (p >= 0x31F0 && p <= 0x31FF) || (p >= 0xFF66 && p <= 0xFF9D);
}

static bool is_ascii_letter(int32_t p) { return (p >= 'a' && p <= 'z') || (p >= 'A' && p <= 'Z'); }

static enum kind ascii_kind(int32_t p) {
  if (is_ascii_letter(p)) return LETTER;
  if (p >= '0' && p <= '9') return DIGIT;
  return p <= ' ' || p == 0x7F ? SPACE : SYMBOL;
}

static enum kind kind_of(int32_t p) {
  if (p < 0x80) return ascii_kind(p);
  utf8proc_category_t category = utf8proc_category(p);
  switch (category) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME: return MARK;
    case UTF8PROC_CATEGORY_ND: return DIGIT;
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO: return io_is_ideograph(p) ? IDEOGRAPH : LETTER;
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
    case UTF8PROC_CATEGORY_CC: return SPACE;
    case UTF8PROC_CATEGORY_CF: /* joiners belong to their word; zero width space, word joiner and BOM separate
                                */
      return p == 0x200B || p == 0x2060 || p == 0xFEFF ? SPACE : MARK;
    default: return SYMBOL;
  }
}

/* The text being tokenised. */
struct source {
  const char *text;
  size_t length;
  bool keep_case;
};

/* The kind of the code point at a position, its value and size; SPACE at the end. */
static enum kind look(const struct source *s, size_t at, int32_t *point, size_t *size) {
  *point = 0;
  *size = 0;
  if (at >= s->length) return SPACE;
  if ((unsigned char)s->text[at] < 0x80) {
    *point = s->text[at];
    *size = 1;
    return ascii_kind(*point);
  }
  *point = io_utf8_decode(s->text + at, size);
  return kind_of(*point);
}

static size_t skip_marks(const struct source *s, size_t at) {
  int32_t point;
  size_t size;
  while (at < s->length && look(s, at, &point, &size) == MARK) at += size;
  return at;
}

/* Where a word ends that began before `at`; last is the kind of the code point before `at`. */
static size_t word_end(const struct source *s, size_t at, enum kind last) {
  for (;;) {
    for (; at < s->length && is_ascii_letter(s->text[at]); at++) last = LETTER;
    int32_t point, next_point;
    size_t size, next_size;
    enum kind kind = look(s, at, &point, &size);
    if (is_word(kind)) {
      at += size;
      last = kind == MARK ? last : kind;
      continue;
    }
    if (kind != SYMBOL) return at;
    enum kind next = look(s, at + size, &next_point, &next_size);
    bool joins = ((is_apostrophe(point) || is_hyphen(point)) && (next == LETTER || next == DIGIT))
                 || ((point == '.' || point == ',') && last == DIGIT && next == DIGIT);
    if (!joins) return at;
    at += size + next_size;
    last = next;
  }
}

/* Where the clitic that begins with the apostrophe at a position ends ('s, 'll); 0 when there is no clitic. A
 * letter in quotes ('I') is none: another apostrophe ends it. */
static size_t clitic_end(const struct source *s, size_t at, size_t apostrophe_size) {
  int32_t point;
  size_t size, end = at + apostrophe_size;
  int letters = 0;
  while (letters < 3 && look(s, end, &point, &size) == LETTER) {
    end += size;
    letters++;
  }
  if (letters == 0 || letters == 3) return 0;
  enum kind next = look(s, end, &point, &size);
  return is_word(next) || is_apostrophe(point) || is_hyphen(point) ? 0 : end;
}

static int reserve_text(struct io_tokens *t, size_t more) {
  if (t->text_capacity - t->text_length >= more) return RT_OK;
  return IO_GROW(t->text, t->text_capacity, t->text_length + more);
}

/* Adds a token whose normalised bytes are the last size ones of text. */
static int add(struct io_tokens *t, size_t start, size_t length, size_t size) {
  if (t->count == t->capacity && IO_GROW(t->items, t->capacity, t->count + 1) != RT_OK) return RT_NO_MEMORY;
  t->items[t->count++] = (struct io_token){start, length, t->text_length - size, size};
  return RT_OK;
}

/* Lower case for the decomposed points unless their case is kept, and ASCII for joiners within a word. */
static void map_points(int32_t *points, size_t count, bool keep_case, bool joiners) {
  for (size_t i = 0; i < count; i++) {
    if (joiners && points[i] == RIGHT_QUOTE)
      points[i] = APOSTROPHE;
    else if (joiners && is_hyphen(points[i]))
      points[i] = HYPHEN;
    else if (!keep_case)
      points[i] = utf8proc_tolower(points[i]);
  }
}

/* Appends the normal form: decompose, map, compose. */
static int add_normalised(struct io_tokens *t, const struct source *s, size_t start, size_t length,
                          bool joiners) {
  const char *text = s->text + start;
  const utf8proc_option_t options = UTF8PROC_STABLE;
  utf8proc_ssize_t count;
  while ((count = utf8proc_decompose((const utf8proc_uint8_t *)text, (utf8proc_ssize_t)length, t->points,
                                     (utf8proc_ssize_t)t->points_capacity, options | UTF8PROC_DECOMPOSE))
         > (utf8proc_ssize_t)t->points_capacity)
    if (IO_GROW(t->points, t->points_capacity, (size_t)count) != RT_OK) return RT_NO_MEMORY;
  if (count < 0) /* more than the library can count, and than memory holds */
    return RT_NO_MEMORY;
  map_points(t->points, (size_t)count, s->keep_case, joiners);
  count = utf8proc_normalize_utf32(t->points, count, options | UTF8PROC_COMPOSE);
  if (reserve_text(t, (size_t)count * 4) != RT_OK) return RT_NO_MEMORY;
  for (utf8proc_ssize_t i = 0; i < count; i++)
    t->text_length += io_utf8_encode(t->points[i], t->text + t->text_length);
  return RT_OK;
}

/* Adds the token text[start .. end), normalised. ASCII and single ideographs need no library for that. */
static int add_word(struct io_tokens *t, const struct source *s, size_t start, size_t end, bool joiners) {
  const char *from = s->text + start;
  size_t length = end - start, before = t->text_length, i;
  if (reserve_text(t, length) != RT_OK) return RT_NO_MEMORY;
  char *to = t->text + t->text_length;
  for (i = 0; i < length && (unsigned char)from[i] < 0x80; i++)
    to[i] = s->keep_case ? from[i] : io_ascii_lower(from[i]);
  if (i == length)
    t->text_length += length;
  else if (length == 3 && (unsigned char)from[0] >= 0xE4 && (unsigned char)from[0] <= 0xE9) {
    memcpy(to, from, 3); /* U+4000..U+9FFF: the common ideographs, which are their own normal form */
    t->text_length += 3;
  } else if (add_normalised(t, s, start, length, joiners) != RT_OK)
    return RT_NO_MEMORY;
  return add(t, start, length, t->text_length - before);
}

static int tokenise_words(const struct source *s, struct io_tokens *t) {
  bool after_space = true;
  for (size_t at = 0, size; at < s->length;) {
    int32_t point;
    enum kind kind = look(s, at, &point, &size);
    if (kind == SPACE) {
      after_space = true;
      at += size;
      continue;
    }
    size_t end = after_space && is_apostrophe(point) ? clitic_end(s, at, size) : 0;
    bool word = is_word(kind) || end > 0;
    if (is_word(kind))
      end = word_end(s, at + size, kind);
    else if (end == 0)
      end = skip_marks(s, at + size);
    if (add_word(t, s, at, end, word) != RT_OK) return RT_NO_MEMORY;
    after_space = false;
    at = end;
  }
  return RT_OK;
}

static int tokenise_spaces(const struct source *s, struct io_tokens *t) {
  for (size_t at = 0; at < s->length;) {
    size_t begin = at;
    while (at < s->length && !io_is_space(s->text[at])) at++;
    if (at > begin && add_word(t, s, begin, at, false) != RT_OK) return RT_NO_MEMORY;
    while (at < s->length && io_is_space(s->text[at])) at++;
  }
  return RT_OK;
}

static int tokenise_items(const struct source *s, struct io_tokens *t) {
  if (reserve_text(t, s->length) != RT_OK) return RT_NO_MEMORY;
  for (size_t at = 0; at < s->length;) {
    size_t begin = at;
    while (at < s->length && !io_is_space(s->text[at])) at++;
    if (at > begin) {
      memcpy(t->text + t->text_length, s->text + begin, at - begin);
      t->text_length += at - begin;
      if (add(t, begin, at - begin, at - begin) != RT_OK) return RT_NO_MEMORY;
    }
    while (at < s->length && io_is_space(s->text[at])) at++;
  }
  return RT_OK;
}

/* chars and bytes: the tokens are the text as it is. */
static int tokenise_units(const struct source *s, bool bytes, struct io_tokens *t) {
  if (reserve_text(t, s->length) != RT_OK) return RT_NO_MEMORY;
  if (s->length) memcpy(t->text, s->text, s->length);
  for (size_t at = 0, size = 1; at < s->length; at += size) {
    if (!bytes) io_utf8_decode(s->text + at, &size);
    t->text_length += size;
    if (add(t, at, size, size) != RT_OK) return RT_NO_MEMORY;
  }
  return RT_OK;
}

/* ---- ngrams ---- */

static bool is_ideograph_token(const struct io_tokens *t, size_t n) {
  size_t size;
  return io_is_ideograph(io_utf8_decode(t->text + t->items[n].at, &size)) && size == t->items[n].size;
}

/* How many tokens from n on make one word: one, or a run of ideographs. */
static size_t joined(const struct io_tokens *t, size_t n, size_t words) {
  size_t count = 1;
  while (is_ideograph_token(t, n) && n + count < words && is_ideograph_token(t, n + count)
         && t->items[n + count].start == t->items[n + count - 1].start + t->items[n + count - 1].length)
    count++;
  return count;
}

/* Appends <word> to the text, where the word is the `count` tokens from n on, whose normalised bytes lie one
 * after another. */
static int add_marked(struct io_tokens *t, size_t n, size_t count) {
  const struct io_token *first = &t->items[n], *last = &t->items[n + count - 1];
  size_t from = first->at, size = last->at + last->size - from;
  if (reserve_text(t, size + 2) != RT_OK) return RT_NO_MEMORY;
  char *to = t->text + t->text_length;
  *to = '<';
  memcpy(to + 1, t->text + from, size);
  to[size + 1] = '>';
  t->text_length += size + 2;
  return RT_OK;
}

static size_t points_in(const char *text, size_t size) {
  size_t count = 0;
  for (size_t at = 0, step; at < size; at += step, count++) io_utf8_decode(text + at, &step);
  return count;
}

/* Adds the runs of n code points of the last `size` bytes of the text. */
static int add_runs(struct io_tokens *t, const struct io_token *word, size_t size, size_t n) {
  size_t from = t->text_length - size, end = from, step;
  for (size_t k = 0; k < n; k++, end += step) io_utf8_decode(t->text + end, &step);
  for (;;) {
    if (t->count == t->capacity && IO_GROW(t->items, t->capacity, t->count + 1) != RT_OK) return RT_NO_MEMORY;
    t->items[t->count++] = (struct io_token){word->start, word->length, from, end - from};
    if (end == t->text_length) return RT_OK;
    io_utf8_decode(t->text + from, &step);
    from += step;
    io_utf8_decode(t->text + end, &step);
    end += step;
  }
}

static int add_ngrams(struct io_tokens *t, const struct io_token *word, int64_t min_n, int64_t max_n) {
  size_t size = word->size + 2, points = points_in(t->text + t->text_length - size, size);
  size_t first = (size_t)min_n < points ? (size_t)min_n : points,
         last = (size_t)max_n < points ? (size_t)max_n : points;
  int status = RT_OK;
  for (size_t n = first; n <= last && status == RT_OK; n++) status = add_runs(t, word, size, n);
  return status;
}

/* The words come first, as for `words`, and their ngrams behind them; then the words are dropped. */
static int tokenise_ngrams(const struct source *s, const struct io_tokeniser *tokeniser,
                           struct io_tokens *t) {
  const bool whole = tokeniser->kind == IO_TOKENS_WORD_NGRAMS;
  int status = whole ? add_word(t, s, 0, s->length, false) : tokenise_words(s, t);
  size_t words = t->count, step;
  for (size_t n = 0; n < words && status == RT_OK; n += step) {
    step = joined(t, n, words);
    struct io_token word = t->items[n], last = t->items[n + step - 1];
    word.length = last.start + last.length - word.start;
    word.size = last.at + last.size - word.at;
    status = add_marked(t, n, step);
    if (status == RT_OK) status = add_ngrams(t, &word, tokeniser->min_n, tokeniser->max_n);
  }
  if (status == RT_OK && words > 0) {
    t->count -= words;
    memmove(t->items, t->items + words, t->count * sizeof *t->items);
  }
  return status;
}

/* ---- phrases ---- */

/* Writes the words behind the text so far, with a space between each two, the mark < before them and > behind
 * them. Each word's place is then the one there. */
static int add_sentence(struct io_tokens *t, size_t words) {
  size_t size = 3;
  for (size_t k = 0; k < words; k++) size += t->items[k].size + 1;
  if (reserve_text(t, size) != RT_OK) return RT_NO_MEMORY;
  t->text[t->text_length++] = '<';
  for (size_t k = 0; k < words; k++) {
    t->text[t->text_length++] = ' ';
    memcpy(t->text + t->text_length, t->text + t->items[k].at, t->items[k].size);
    t->items[k].at = t->text_length;
    t->text_length += t->items[k].size;
  }
  memcpy(t->text + t->text_length, " >", 2);
  t->text_length += 2;
  return RT_OK;
}

/* Adds the runs of n words. The marks count as words in runs of two and more: they say where a text begins
 * and ends. */
static int add_phrases(struct io_tokens *t, size_t words, size_t n) {
  size_t marks = n > 1;
  for (size_t first = 0; first + n <= words + 2 * marks; first++) {
    size_t last = first + n - 1; /* counted with the marks */
    const struct io_token *a = &t->items[first > marks ? first - marks : 0],
                          *b = &t->items[last < words + marks ? last - marks : words - 1];
    struct io_token run = {a->start, b->start + b->length - a->start, a->at, 0};
    if (marks && first == 0) run.at -= 2;
    run.size = b->at + b->size - run.at + (last == words + marks ? 2 : 0);
    if (t->count == t->capacity && IO_GROW(t->items, t->capacity, t->count + 1) != RT_OK) return RT_NO_MEMORY;
    t->items[t->count++] = run;
  }
  return RT_OK;
}

/* The words come first, as for `words`, and their runs behind them; then the words are dropped. */
static int tokenise_phrases(const struct source *s, const struct io_tokeniser *tokeniser,
                            struct io_tokens *t) {
  int status = tokenise_words(s, t);
  size_t words = t->count;
  if (status != RT_OK || words == 0) return status;
  status = add_sentence(t, words);
  for (size_t n = (size_t)tokeniser->min_n; n <= (size_t)tokeniser->max_n && status == RT_OK; n++)
    status = add_phrases(t, words, n);
  t->count -= words;
  memmove(t->items, t->items + words, t->count * sizeof *t->items);
  return status;
}

int io_tokenise(const struct io_tokeniser *tokeniser, const char *text, size_t length,
                struct io_tokens *tokens, struct rt_error *error) {
  struct source source = {text, length, tokeniser->keep_case};
  int status = RT_OK;
  tokens->count = tokens->text_length = tokens->left_out = 0;
  switch (tokeniser->kind) {
    case IO_TOKENS_WORDS: status = tokenise_words(&source, tokens); break;
    case IO_TOKENS_SPACES: status = tokenise_spaces(&source, tokens); break;
    case IO_TOKENS_ITEMS: status = tokenise_items(&source, tokens); break;
    case IO_TOKENS_CHARS: status = tokenise_units(&source, false, tokens); break;
    case IO_TOKENS_BYTES: status = tokenise_units(&source, true, tokens); break;
    case IO_TOKENS_WORD_NGRAMS:
    case IO_TOKENS_NGRAMS: status = tokenise_ngrams(&source, tokeniser, tokens); break;
    case IO_TOKENS_PHRASES: status = tokenise_phrases(&source, tokeniser, tokens); break;
  }
  return status == RT_OK ? RT_OK : rt_no_memory(error);
}

void io_tokens_free(struct io_tokens *tokens) {
  rt_free(tokens->items);
  rt_free(tokens->text);
  rt_free(tokens->points);
  rt_free(tokens->places);
  *tokens = (struct io_tokens){0};
}
