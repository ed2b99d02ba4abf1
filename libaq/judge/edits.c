/* edits.c: distances between texts, letter by letter and word by word. */
#include "libaq/judge/edits.h"

#include <math.h>
#include <string.h>

/* Parts of a text. */
struct parts {
  struct part {
    const char *at;
    size_t length;
  } * part;
  size_t count, capacity;
};

static bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

static size_t letter_length(const char *at) {
  size_t n = 1;
  while (((unsigned char)at[n] & 0xC0) == 0x80) n++;
  return n;
}

static size_t word_length(const char *at) {
  size_t n = 1;
  while (at[n] && !is_space(at[n])) n++;
  return n;
}

static int take_apart(struct parts *p, const char *text, bool words) {
  p->count = 0;
  for (const char *at = text; *at;) {
    if (words && is_space(*at)) {
      at++;
      continue;
    }
    const size_t length = words ? word_length(at) : letter_length(at);
    if (rt_grow((void **)&p->part, &p->capacity, p->count + 1, sizeof *p->part)) return RT_NO_MEMORY;
    p->part[p->count++] = (struct part){at, length};
    at += length;
  }
  return RT_OK;
}

static bool is_same(struct part a, struct part b) {
  return a.length == b.length && !memcmp(a.at, b.at, a.length);
}

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

/* row: [right + 1] edits from the written parts so far to the first parts of the right text. */
static size_t distance(const struct parts *written, const struct parts *right, size_t *row) {
  for (size_t j = 0; j <= right->count; j++) row[j] = j;
  for (size_t i = 0; i < written->count; i++) {
    size_t corner = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < right->count; j++) {
      const size_t replaced = corner + !is_same(written->part[i], right->part[j]);
      corner = row[j + 1];
      row[j + 1] = least(replaced, least(corner, row[j]) + 1);
    }
  }
  return row[right->count];
}

static int add_parts(const char *written, const char *right, bool words, uint64_t *count, uint64_t *edits) {
  struct parts a = {0}, b = {0};
  size_t *row = NULL;
  int status = take_apart(&a, written, words);
  if (status == RT_OK) status = take_apart(&b, right, words);
  if (status == RT_OK && !(row = rt_zalloc(b.count + 1, sizeof *row))) status = RT_NO_MEMORY;
  if (status == RT_OK) {
    *count += b.count;
    *edits += distance(&a, &b, row);
  }
  rt_free(row);
  rt_free(a.part);
  rt_free(b.part);
  return status;
}

int edits_add(struct edits *sum, const char *written, const char *right, struct rt_error *e) {
  struct edits with = *sum;
  int status = add_parts(written, right, false, &with.letters, &with.letter_edits);
  if (status == RT_OK) status = add_parts(written, right, true, &with.words, &with.word_edits);
  if (status != RT_OK) return rt_no_memory(e);
  *sum = with;
  return RT_OK;
}

void edits_add_all(struct edits *sum, const struct edits *from) {
  sum->letters += from->letters;
  sum->letter_edits += from->letter_edits;
  sum->words += from->words;
  sum->word_edits += from->word_edits;
}

double edits_per_letter(const struct edits *sum) {
  return sum->letters ? (double)sum->letter_edits / (double)sum->letters : NAN;
}

double edits_per_word(const struct edits *sum) {
  return sum->words ? (double)sum->word_edits / (double)sum->words : NAN;
}
