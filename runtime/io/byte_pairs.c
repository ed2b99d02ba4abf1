/* byte_pairs.c: texts into words, and words into merged bytes. */
#include "runtime/io/byte_pairs.h"

#include <string.h>
#include <utf8proc.h>

#include "runtime/io/grow.h"
#include "runtime/io/merging.h"
#include "runtime/io/utf8.h"

/* ---- words ----
 *
 * GPT-2's pattern by hand:
 *   's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+ */

enum sort { WHITE, LETTER, DIGIT, OTHER };

static enum sort sort_of(int32_t p) {
  if (p < 0x80) {
    if ((p >= 'a' && p <= 'z') || (p >= 'A' && p <= 'Z')) return LETTER;
    if (p >= '0' && p <= '9') return DIGIT;
    return p == ' ' || (p >= '\t' && p <= '\r') ? WHITE : OTHER;
  }
  if (p == 0x85) return WHITE;
  switch (utf8proc_category(p)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO: return LETTER;
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO: return DIGIT;
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP: return WHITE;
    default: return OTHER;
  }
}

/* The end of the short form ('s, 'll) at a place, or 0. */
static size_t short_form(const char *text, size_t at, size_t end) {
  static const char *const forms[] = {"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"};
  for (size_t k = 0; k < RT_COUNT(forms) && text[at] == '\''; k++) {
    size_t size = strlen(forms[k]);
    if (end - at >= size && memcmp(text + at, forms[k], size) == 0) return at + size;
  }
  return 0;
}

/* Where the run of code points of one sort ends. *last is where its last one begins. */
static size_t run_end(const char *text, size_t at, size_t end, enum sort sort, size_t *last) {
  for (size_t size; at < end; at += size) {
    if (sort_of(io_utf8_decode(text + at, &size)) != sort) break;
    *last = at;
  }
  return at;
}

static size_t word_end(const char *text, size_t at, size_t end) {
  size_t size, last = at, stop = short_form(text, at, end);
  if (stop) return stop;
  enum sort sort = sort_of(io_utf8_decode(text + at, &size));
  if (text[at] == ' ' && at + 1 < end) {
    enum sort next = sort_of(io_utf8_decode(text + at + 1, &size));
    if (next != WHITE) return run_end(text, at + 1, end, next, &last);
  }
  stop = run_end(text, at, end, sort, &last);
  return sort == WHITE && stop < end && last > at ? last : stop; /* the last space belongs to the next word */
}

/* ---- words as Llama 3 has them ----
 *
 *   (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*
 *   |\s*[\r\n]+|\s+(?!\S)|\s+ */

enum { LONG_S = 0x17F }; /* in lower case it is an s */

/* The end of a short form in any case, or 0. */
static size_t any_short_form(const char *text, size_t at, size_t end) {
  static const char *const forms[] = {"s", "t", "re", "ve", "m", "ll", "d"};
  if (text[at] != '\'') return 0;
  for (size_t k = 0; k < RT_COUNT(forms); k++) {
    size_t to = at + 1, size = 1;
    const char *letter = forms[k];
    for (; *letter && to < end; letter++, to += size) {
      int32_t p = io_utf8_decode(text + to, &size);
      if ((p == LONG_S ? 's' : p < 0x80 ? io_ascii_lower((char)p) : 0) != *letter) break;
    }
    if (!*letter) return to;
  }
  return 0;
}

static bool is_line_end(char c) { return c == '\n' || c == '\r'; }

static size_t white_end(const char *text, size_t at, size_t end) {
  size_t last = at, stop = run_end(text, at, end, WHITE, &last), line = stop;
  while (line > at && !is_line_end(text[line - 1])) line--;
  if (line > at) return line;
  return stop < end && last > at ? last : stop;
}

static size_t other_word_end(const char *text, size_t at, size_t end, int digits) {
  size_t size, next, last, stop = any_short_form(text, at, end);
  if (stop) return stop;
  enum sort sort = sort_of(io_utf8_decode(text + at, &size));
  enum sort behind = at + size < end ? sort_of(io_utf8_decode(text + at + size, &next)) : WHITE;
  if (sort == LETTER) return run_end(text, at, end, LETTER, &last);
  if (sort == DIGIT) {
    for (stop = at + size; digits > 1 && stop < end; digits--, stop += next)
      if (sort_of(io_utf8_decode(text + stop, &next)) != DIGIT) break;
    return stop;
  }
  if (behind == LETTER && !is_line_end(text[at])) return run_end(text, at + size, end, LETTER, &last);
  if (sort == WHITE && !(text[at] == ' ' && behind == OTHER && at + size < end))
    return white_end(text, at, end);
  stop = run_end(text, sort == WHITE ? at + size : at, end, OTHER, &last);
  while (stop < end && is_line_end(text[stop])) stop++;
  return stop;
}

size_t io_byte_pairs_part(const char *text, size_t at, size_t length) {
  for (size_t end = at + 1; end < length; end++) {
    size_t before = end - 1, size;
    if (text[end] != '\n') continue;
    while (before > at && ((unsigned char)text[before] & 0xC0) == 0x80) before--;
    if (sort_of(io_utf8_decode(text + before, &size)) != WHITE) return end;
  }
  return length;
}

/* ---- merging ---- */

static size_t slot_of(const struct io_merges *m, int32_t left, int32_t right) {
  uint64_t key = (uint64_t)(uint32_t)left << 32 | (uint32_t)right;
  size_t mask = m->slot_count - 1, slot = (size_t)(key * 0x9E3779B97F4A7C15u >> 32) & mask;
  for (; m->slots[slot]; slot = (slot + 1) & mask) {
    const struct io_merge_pair *pair = &m->pair[m->slots[slot] - 1];
    if (pair->left == left && pair->right == right) break;
  }
  return slot;
}

/* The rank of a pair, or -1. */
static int32_t find(const struct io_merges *m, int32_t left, int32_t right) {
  return (int32_t)m->slots[slot_of(m, left, right)] - 1;
}

static int32_t part_rank(const void *context, const struct io_part *left, const struct io_part *right) {
  return find(context, left->id, right->id);
}

static int32_t part_made(const void *context, int32_t rank) {
  const struct io_merges *m = context;
  return m->pair[rank].made;
}

static int add_token(struct io_tokens *t, size_t at, size_t size) {
  if (t->count == t->capacity && IO_GROW(t->items, t->capacity, t->count + 1) != RT_OK) return RT_NO_MEMORY;
  t->items[t->count++] = (struct io_token){at, size, at, size};
  return RT_OK;
}

/* Words of a few bytes, most of all, are merged in place. */
enum { FEW = 32 };

static int merge_few(const struct io_merges *m, const char *text, size_t at, size_t size,
                     struct io_tokens *t) {
  int32_t id[FEW], rank[FEW];
  size_t begin[FEW + 1], count = size;
  for (size_t k = 0; k < size; k++) {
    id[k] = m->byte[(unsigned char)text[at + k]];
    begin[k] = at + k;
  }
  begin[count] = at + size;
  for (size_t k = 0; k + 1 < count; k++) rank[k] = find(m, id[k], id[k + 1]);
  for (;;) {
    size_t best = count;
    for (size_t k = 0; k + 1 < count; k++)
      if (rank[k] >= 0 && (best == count || rank[k] < rank[best])) best = k;
    if (best == count) break;
    id[best] = m->pair[rank[best]].made;
    count--;
    for (size_t k = best + 1; k < count; k++) {
      id[k] = id[k + 1];
      rank[k] = k + 1 < count ? rank[k + 1] : -1;
    }
    for (size_t k = best + 1; k <= count; k++) begin[k] = begin[k + 1];
    if (best + 1 < count) rank[best] = find(m, id[best], id[best + 1]);
    if (best > 0) rank[best - 1] = find(m, id[best - 1], id[best]);
  }
  int status = RT_OK;
  for (size_t k = 0; k < count && status == RT_OK; k++)
    status = add_token(t, begin[k], begin[k + 1] - begin[k]);
  return status;
}

static int merge_many(const struct io_merges *merges, const char *text, size_t at, size_t size,
                      struct io_tokens *t) {
  struct io_merging m = {merges, part_rank, part_made, rt_zalloc(size, sizeof *m.part)};
  if (!m.part) return RT_NO_MEMORY;
  for (size_t k = 0; k < size; k++)
    m.part[k] = (struct io_part){at + k, 1, merges->byte[(unsigned char)text[at + k]], (int64_t)k - 1,
                                 k + 1 < size ? (int64_t)k + 1 : -1};
  int status = io_merge(&m, size);
  for (size_t k = 0; k < size && status == RT_OK; k++)
    if (m.part[k].size > 0) status = add_token(t, m.part[k].at, m.part[k].size);
  rt_free(m.part);
  return status;
}

static int add_words(const struct io_vocab *vocab, const char *text, size_t at, size_t end,
                     struct io_tokens *t) {
  int status = RT_OK;
  for (size_t next; at < end && status == RT_OK; at = next) {
    next = vocab && vocab->merges->digits ? other_word_end(text, at, end, vocab->merges->digits)
                                          : word_end(text, at, end);
    const bool whole =
        vocab && vocab->merges->whole && io_intern_find(&vocab->texts, text + at, next - at) >= 0;
    status = !vocab || whole    ? add_token(t, at, next - at)
             : next - at <= FEW ? merge_few(vocab->merges, text, at, next - at, t)
                                : merge_many(vocab->merges, text, at, next - at, t);
  }
  return status;
}

/* The length of the longest mark that a text has at a place, or 0. */
static size_t mark_at(const struct io_vocab *vocab, const char *text, size_t length) {
  const struct io_merges *m = vocab->merges;
  size_t longest = 0;
  for (int32_t k = 0; k < m->marks; k++) {
    size_t size;
    const char *mark = io_intern_text(&vocab->texts, m->mark[k], &size);
    if (size > longest && size <= length && *mark == *text && !memcmp(mark, text, size)) longest = size;
  }
  return longest;
}

/* Which bytes a mark begins with. */
static void first_bytes(const struct io_vocab *vocab, bool first[256]) {
  for (int32_t k = 0; k < vocab->merges->marks; k++) {
    size_t size;
    first[(unsigned char)*io_intern_text(&vocab->texts, vocab->merges->mark[k], &size)] = true;
  }
}

int io_byte_pairs_split(const struct io_vocab *vocab, bool marks, const char *text, size_t length,
                        struct io_tokens *tokens, struct rt_error *error) {
  bool first[256] = {false};
  tokens->count = tokens->text_length = tokens->left_out = 0;
  if (length == 0) return RT_OK;
  if (IO_GROW(tokens->text, tokens->text_capacity, length) != RT_OK) return rt_no_memory(error);
  memcpy(tokens->text, text, length);
  tokens->text_length = length;
  size_t from = 0;
  int status = RT_OK;
  marks = marks && vocab && vocab->merges->marks > 0;
  if (marks) first_bytes(vocab, first);
  for (size_t at = 0; marks && status == RT_OK && at < length; at++) {
    size_t size = first[(unsigned char)text[at]] ? mark_at(vocab, text + at, length - at) : 0;
    if (!size) continue;
    status = add_words(vocab, text, from, at, tokens);
    if (status == RT_OK) status = add_token(tokens, at, size);
    from = at + size;
    at = from - 1;
  }
  if (status == RT_OK) status = add_words(vocab, text, from, length, tokens);
  return status == RT_OK ? RT_OK : rt_no_memory(error);
}

/* ---- the pairs of a vocabulary ---- */

int io_merges_new(struct io_vocab *vocab, struct rt_error *error) {
  struct io_merges *m = vocab->merges = rt_zalloc(1, sizeof *m);
  if (!m) return rt_no_memory(error);
  m->slot_count = 64;
  m->slots = rt_zalloc(m->slot_count, sizeof *m->slots);
  if (!m->slots) return rt_no_memory(error);
  for (int b = 0; b < 256; b++) {
    char byte = (char)b;
    m->byte[b] = io_intern_find(&vocab->texts, &byte, 1);
    if (m->byte[b] < 0)
      return rt_fail(error, RT_BAD_DATA, "the byte 0x%02x is none of its entries", (unsigned)b);
  }
  int32_t end = io_intern_find(&vocab->texts, IO_END_OF_TEXT, strlen(IO_END_OF_TEXT));
  return end >= 0 && io_merges_mark(m, end) != RT_OK ? rt_no_memory(error) : RT_OK;
}

int io_merges_mark(struct io_merges *m, int32_t id) {
  if (IO_GROW(m->mark, m->mark_capacity, (size_t)m->marks + 1) != RT_OK) return RT_NO_MEMORY;
  m->mark[m->marks++] = id;
  return RT_OK;
}

void io_merges_free(struct io_merges *merges) {
  if (!merges) return;
  rt_free(merges->pair);
  rt_free(merges->slots);
  rt_free(merges->mark);
  rt_free(merges);
}

static int grow_slots(struct io_merges *m) {
  struct io_merges larger = *m;
  larger.slot_count *= 2;
  larger.slots = rt_zalloc(larger.slot_count, sizeof *larger.slots);
  if (!larger.slots) return RT_NO_MEMORY;
  for (int32_t rank = 0; rank < m->count; rank++)
    larger.slots[slot_of(&larger, m->pair[rank].left, m->pair[rank].right)] = (uint32_t)rank + 1;
  rt_free(m->slots);
  *m = larger;
  return RT_OK;
}

/* The id of two texts one behind the other, or -1. */
static int32_t both(const struct io_vocab *vocab, int32_t left, int32_t right, struct rt_text *scratch) {
  size_t length;
  const char *text = io_intern_text(&vocab->texts, left, &length);
  scratch->length = 0;
  rt_text_add(scratch, text, length);
  text = io_intern_text(&vocab->texts, right, &length);
  rt_text_add(scratch, text, length);
  return scratch->failed ? -1 : io_intern_find(&vocab->texts, scratch->data, scratch->length);
}

int io_merges_add(struct io_vocab *vocab, int32_t left, int32_t right, struct rt_error *error) {
  struct io_merges *m = vocab->merges;
  struct rt_text scratch = {0};
  int32_t made = both(vocab, left, right, &scratch);
  bool failed = scratch.failed;
  rt_text_free(&scratch);
  if (failed) return rt_no_memory(error);
  if (made < 0) return rt_fail(error, RT_BAD_DATA, "both together are no entry of the vocabulary");
  if (find(m, left, right) >= 0) return rt_fail(error, RT_BAD_DATA, "this pair is there already");
  if (((size_t)m->count * 2 >= m->slot_count && grow_slots(m) != RT_OK)
      || IO_GROW(m->pair, m->capacity, (size_t)m->count + 1) != RT_OK)
    return rt_no_memory(error);
  m->pair[m->count] = (struct io_merge_pair){left, right, made};
  m->slots[slot_of(m, left, right)] = (uint32_t)m->count + 1;
  m->count++;
  return RT_OK;
}

/* ---- bytes as characters ---- */

/* The character that stands for a byte: itself where it is printable in Latin-1, else the next one from
 * U+0100 on. */
static bool is_itself(int byte) {
  return (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || (byte >= 0xAE && byte <= 0xFF);
}

void io_bytes_written(const char *bytes, size_t length, struct rt_text *out) {
  int32_t point[256], next = 0x100;
  for (int b = 0; b < 256; b++) point[b] = is_itself(b) ? b : next++;
  for (size_t k = 0; k < length; k++) {
    char text[4];
    rt_text_add(out, text, io_utf8_encode(point[(unsigned char)bytes[k]], text));
  }
}

bool io_bytes_read(const char *text, size_t length, struct rt_text *out) {
  char byte[0x144];
  bool known[0x144] = {false};
  int32_t next = 0x100;
  for (int b = 0; b < 256; b++) {
    int32_t point = is_itself(b) ? b : next++;
    byte[point] = (char)b;
    known[point] = true;
  }
  for (size_t at = 0, size; at < length; at += size) {
    int32_t p = io_utf8_decode(text + at, &size);
    if (p >= (int32_t)RT_COUNT(byte) || !known[p]) return false;
    rt_text_add(out, &byte[p], 1);
  }
  return true;
}
