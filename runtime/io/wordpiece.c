/* wordpiece.c: texts as BERT takes them apart. The rules are those of BERT's tokenization.py: clean, space
 * out Chinese characters, lower case, drop accents, split at spaces and marks, match the longest pieces. */
#include "runtime/io/wordpiece.h"

#include <string.h>
#include <utf8proc.h>

#include "runtime/io/grow.h"
#include "runtime/io/utf8.h"

enum {
  LONGEST_WORD = 100, /* characters; a longer one is unknown */
  REPLACEMENT = 0xFFFD,
  CAPITAL_SIGMA = 0x3A3,
  FINAL_SIGMA = 0x3C2
};

/* ---- what code points are ---- */

static bool is_control(int32_t p) {
  if (p < 0x80) return (p < ' ' && p != '\t' && p != '\n' && p != '\r') || p == 0x7F;
  switch (utf8proc_category(p)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_CS: return true;
    default: return false;
  }
}

static bool is_white(int32_t p) {
  if (p < 0x80) return p == ' ' || p == '\t' || p == '\n' || p == '\r';
  utf8proc_category_t category = utf8proc_category(p);
  return category == UTF8PROC_CATEGORY_ZS || category == UTF8PROC_CATEGORY_ZL
         || category == UTF8PROC_CATEGORY_ZP;
}

static bool is_mark(int32_t p) {
  if (p < 0x80)
    return (p >= '!' && p <= '/') || (p >= ':' && p <= '@') || (p >= '[' && p <= '`')
           || (p >= '{' && p <= '~');
  utf8proc_category_t category = utf8proc_category(p);
  return category >= UTF8PROC_CATEGORY_PC && category <= UTF8PROC_CATEGORY_PO;
}

/* Han alone: kana and hangul are written in words as far as BERT is concerned. */
static bool is_chinese(int32_t p) {
  return (p >= 0x4E00 && p <= 0x9FFF) || (p >= 0x3400 && p <= 0x4DBF) || (p >= 0x20000 && p <= 0x2A6DF)
         || (p >= 0x2A700 && p <= 0x2CEAF) || (p >= 0xF900 && p <= 0xFAFF) || (p >= 0x2F800 && p <= 0x2FA1F);
}

/* Does Unicode call it cased? (Lowercase, Uppercase or Lt.) */
static bool is_cased(int32_t p) {
  utf8proc_category_t category = utf8proc_category(p);
  return category == UTF8PROC_CATEGORY_LU || category == UTF8PROC_CATEGORY_LL
         || category == UTF8PROC_CATEGORY_LT || utf8proc_tolower(p) != p || utf8proc_toupper(p) != p
         || p == 0xAA || p == 0xBA;
}

/* What may stand between a letter and the end of its word (Case_Ignorable). */
static bool is_case_ignorable(int32_t p) {
  static const int32_t marks[] = {'\'',   '.',    ':',    0xB7,   0x387,  0x55F,  0x5F4,  0x2018, 0x2019,
                                  0x2024, 0x2027, 0xFE13, 0xFE52, 0xFE55, 0xFF07, 0xFF0E, 0xFF1A};
  for (size_t k = 0; k < RT_COUNT(marks); k++)
    if (marks[k] == p) return true;
  switch (utf8proc_category(p)) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_SK: return true;
    default: return false;
  }
}

/* ---- a text as code points ---- */

/* Code points with their places in the text. They lie in the scratch of the tokens. */
struct splitting {
  const struct io_vocab *vocab;
  const struct io_wordpiece *how;
  const struct io_field *text;
  struct io_tokens *tokens;
  size_t from, count; /* the code points [from, count) are those at hand */
};

static int push(struct splitting *s, int32_t point, size_t place) {
  struct io_tokens *t = s->tokens;
  if (s->count == t->points_capacity && IO_GROW(t->points, t->points_capacity, s->count + 1) != RT_OK)
    return RT_NO_MEMORY;
  if (s->count == t->places_capacity && IO_GROW(t->places, t->places_capacity, s->count + 1) != RT_OK)
    return RT_NO_MEMORY;
  t->points[s->count] = point;
  t->places[s->count++] = place;
  return RT_OK;
}

/* Reads text[at .. end): control characters are dropped, Chinese characters get spaces around them. */
static int clean(struct splitting *s, size_t at, size_t end) {
  int status = RT_OK;
  s->from = s->count = 0;
  for (size_t size; at < end && status == RT_OK; at += size) {
    int32_t p = io_utf8_decode(s->text->text + at, &size);
    if (p == 0 || p == REPLACEMENT || is_control(p)) continue;
    bool chinese = is_chinese(p);
    if (chinese) status = push(s, ' ', at);
    if (status == RT_OK) status = push(s, is_white(p) ? ' ' : p, at);
    if (status == RT_OK && chinese) status = push(s, ' ', at);
  }
  return status;
}

/* Is the capital sigma number k the end of a word? It has another small letter there. */
static bool is_final(const struct splitting *s, size_t k, size_t end) {
  const int32_t *p = s->tokens->points;
  size_t before = k, behind = k + 1;
  while (before > 0 && is_case_ignorable(p[before - 1])) before--;
  while (behind < end && is_case_ignorable(p[behind])) behind++;
  return before > 0 && is_cased(p[before - 1]) && !(behind < end && is_cased(p[behind]));
}

/* Moves the last code point before those of a higher combining class, as normal forms have them. */
static void put_in_order(struct splitting *s) {
  int32_t *p = s->tokens->points, point = p[s->count - 1];
  size_t *place = s->tokens->places, from = place[s->count - 1], at = s->count - 1;
  const int class = utf8proc_get_property(point)->combining_class;
  for (; class && at > s->from && utf8proc_get_property(p[at - 1])->combining_class > class; at--) {
    p[at] = p[at - 1];
    place[at] = place[at - 1];
  }
  p[at] = point;
  place[at] = from;
}

/* Decomposes the small form of code point number k. */
static int decompose(struct splitting *s, size_t k, size_t end) {
  int32_t parts[8], p = s->tokens->points[k];
  size_t place = s->tokens->places[k];
  if (p < 0x80) return push(s, io_ascii_lower((char)p), place);
  p = p == CAPITAL_SIGMA && is_final(s, k, end) ? FINAL_SIGMA : utf8proc_tolower(p);
  int bound = 0;
  utf8proc_ssize_t count =
      utf8proc_decompose_char(p, parts, RT_COUNT(parts), UTF8PROC_STABLE | UTF8PROC_DECOMPOSE, &bound);
  int status = RT_OK;
  for (utf8proc_ssize_t i = 0; i < count && status == RT_OK; i++)
    if ((status = push(s, parts[i], place)) == RT_OK) put_in_order(s);
  return status;
}

/* Lower case, without accents. The result stands behind the code points that it is made of. */
static int make_small(struct splitting *s) {
  size_t end = s->count, kept = end;
  int status = RT_OK;
  s->from = end;
  for (size_t k = 0; k < end && status == RT_OK; k++) status = decompose(s, k, end);
  for (size_t k = end; k < s->count; k++) {
    int32_t p = s->tokens->points[k];
    if (p >= 0x80 && utf8proc_category(p) == UTF8PROC_CATEGORY_MN) continue;
    s->tokens->points[kept] = p;
    s->tokens->places[kept++] = s->tokens->places[k];
  }
  s->count = kept;
  return status;
}

/* ---- words into pieces ---- */

static int add_token(struct io_tokens *t, size_t start, size_t length, const char *text, size_t size) {
  if (IO_GROW(t->items, t->capacity, t->count + 1) != RT_OK
      || IO_GROW(t->text, t->text_capacity, t->text_length + size) != RT_OK)
    return RT_NO_MEMORY;
  t->items[t->count++] = (struct io_token){start, length, t->text_length, size};
  memcpy(t->text + t->text_length, text, size);
  t->text_length += size;
  return RT_OK;
}

static int add_unknown(struct io_tokens *t, size_t start, size_t length) {
  return add_token(t, start, length, "[UNK]", 5);
}

/* The longest piece that the word has at a place. There are two bytes before the word, for the ## of a piece
 * that is no beginning; the word before it is not needed any more. 0: none. */
static size_t longest_piece(const struct io_vocab *vocab, char *word, size_t at, size_t size) {
  char *piece = word + at;
  size_t marks = at > 0 ? 2 : 0, end = size - at;
  if (marks) memcpy(piece -= 2, "##", 2);
  if (end + marks > vocab->longest) end = vocab->longest > marks ? vocab->longest - marks : 0;
  for (; end > 0; end--) {
    bool whole = at + end == size || ((unsigned char)piece[marks + end] & 0xC0) != 0x80;
    if (whole && io_intern_find(&vocab->texts, piece, end + marks) >= 0) return end;
  }
  return 0;
}

/* A word as bytes, in the middle of `room`. */
struct word {
  char room[2 + LONGEST_WORD * 4];
  size_t size;
  int characters;
  size_t first, last; /* the places of its first and its last character */
};

static int add_pieces(struct splitting *s, struct word *word) {
  struct io_tokens *t = s->tokens;
  const size_t count = t->count, text_length = t->text_length;
  char copy[sizeof word->room], *bytes = copy + 2;
  size_t last_size;
  int status = RT_OK;
  if (word->characters == 0) return RT_OK;
  io_utf8_decode(s->text->text + word->last, &last_size);
  const size_t length = word->last + last_size - word->first;
  if (word->characters > LONGEST_WORD) return add_unknown(t, word->first, length);
  memcpy(bytes, word->room + 2, word->size);
  for (size_t at = 0, n; at < word->size && status == RT_OK; at += n) {
    if ((n = longest_piece(s->vocab, bytes, at, word->size)) == 0) {
      t->count = count;
      t->text_length = text_length;
      return add_token(t, word->first, length, word->room + 2, word->size);
    }
    const size_t marks = at > 0 ? 2 : 0;
    status = add_token(t, word->first, length, bytes + at - marks, n + marks);
  }
  return status;
}

static void add_character(struct word *word, int32_t point, size_t place) {
  if (word->characters == 0) word->first = place;
  word->last = place;
  if (word->characters++ < LONGEST_WORD) word->size += io_utf8_encode(point, word->room + 2 + word->size);
}

static int end_word(struct splitting *s, struct word *word) {
  int status = add_pieces(s, word);
  word->size = 0;
  word->characters = 0;
  return status;
}

/* Splits text[at .. end), which has no marks such as [MASK] in it. */
static int split_section(struct splitting *s, size_t at, size_t end) {
  struct word word = {.size = 0};
  int status = clean(s, at, end);
  if (status == RT_OK && s->how->lower) status = make_small(s);
  for (size_t k = s->from; k < s->count && status == RT_OK; k++) {
    int32_t p = s->tokens->points[k];
    bool mark = is_mark(p);
    if (mark || p == ' ') status = end_word(s, &word);
    if (status == RT_OK && p != ' ') add_character(&word, p, s->tokens->places[k]);
    if (status == RT_OK && mark) status = end_word(s, &word);
  }
  return status == RT_OK ? end_word(s, &word) : status;
}

/* How long the mark is that stands at text[at], 0: none. */
static size_t mark_at(const struct splitting *s, size_t at) {
  static const char *const marks[] = {"[UNK]", "[SEP]", "[PAD]", "[CLS]", "[MASK]"};
  for (size_t m = 0; m < RT_COUNT(marks); m++) {
    size_t size = strlen(marks[m]);
    if (s->text->length - at >= size && memcmp(s->text->text + at, marks[m], size) == 0
        && io_intern_find(&s->vocab->texts, marks[m], size) >= 0)
      return size;
  }
  return 0;
}

static int split_text(struct splitting *s) {
  size_t from = 0;
  int status = RT_OK;
  for (size_t at = 0, size; at < s->text->length && status == RT_OK; at++) {
    const char *bracket = memchr(s->text->text + at, '[', s->text->length - at);
    if (!bracket) break;
    at = (size_t)(bracket - s->text->text);
    if ((size = mark_at(s, at)) == 0) continue;
    status = split_section(s, from, at);
    if (status == RT_OK) status = add_token(s->tokens, at, size, bracket, size);
    from = at + size;
    at = from - 1;
  }
  return status == RT_OK ? split_section(s, from, s->text->length) : status;
}

/* ---- one sequence ---- */

int64_t io_wordpiece_marks(bool ends, int texts) { return ends ? texts + 1 : 0; }

/* How many tokens of each text fit. */
static void fit(int64_t room, size_t *first, size_t *second) {
  size_t most = room > 0 ? (size_t)room : 0;
  while (*first + *second > most) {
    size_t over = *first + *second - most, *longer = *first > *second ? first : second,
           apart = *first > *second ? *first - *second : *second - *first;
    *longer -= apart == 0 ? 1 : over < apart ? over : apart;
  }
}

static void put_mark(struct io_tokens *t, struct io_token *at, const char *mark, size_t start) {
  *at = (struct io_token){start, 0, t->text_length, strlen(mark)};
  memcpy(t->text + t->text_length, mark, at->size);
  t->text_length += at->size;
}

/* Puts the marks around the texts, and leaves out what is too much: the tokens of the first text are the
 * first `first` ones. There is room for the marks. */
static void join(const struct splitting *s, int texts, size_t first) {
  struct io_tokens *t = s->tokens;
  size_t second = t->count - first, all = t->count, from = first, ends = s->how->ends ? 1 : 0,
         two = texts > 1 ? ends : 0, at = 0;
  if (s->how->limit > 0) fit(s->how->limit - io_wordpiece_marks(ends, texts), &first, &second);
  t->left_out = all - first - second;
  memmove(t->items + ends + first + ends, t->items + from, second * sizeof *t->items);
  memmove(t->items + ends, t->items, first * sizeof *t->items);
  if (ends) put_mark(t, &t->items[at++], "[CLS]", 0);
  at += first;
  if (ends) put_mark(t, &t->items[at++], "[SEP]", 0);
  t->first = at;
  at += second;
  if (two) put_mark(t, &t->items[at++], "[SEP]", 0);
  t->count = at;
}

int io_wordpiece_split(const struct io_vocab *vocab, const struct io_wordpiece *how,
                       const struct io_field *text, int texts, struct io_tokens *tokens,
                       struct rt_error *error) {
  struct splitting s = {.vocab = vocab, .how = how, .text = text, .tokens = tokens};
  enum { MARKS = 3, MARK_BYTES = 16 };
  tokens->count = tokens->text_length = tokens->left_out = 0;
  int status = split_text(&s);
  size_t first = tokens->count;
  s.text = text + 1;
  if (status == RT_OK && texts > 1) status = split_text(&s);
  if (status != RT_OK || IO_GROW(tokens->items, tokens->capacity, tokens->count + MARKS) != RT_OK
      || IO_GROW(tokens->text, tokens->text_capacity, tokens->text_length + MARK_BYTES) != RT_OK)
    return rt_no_memory(error);
  join(&s, texts, first);
  return RT_OK;
}
