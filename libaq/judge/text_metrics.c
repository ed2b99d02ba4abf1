/* text_metrics.c: BLEU and chrF, counted n-gram by n-gram. */
#include "libaq/judge/text_metrics.h"

#include <math.h>
#include <string.h>

#include "runtime/io/grow.h"
#include "runtime/io/tokenise.h"
#include "runtime/io/utf8.h"
#include "runtime/io/vocab.h"

/* ---- white space ---- */

/* What Python's str.split() separates at. */
static bool is_space(int32_t p) {
  return (p >= 0x09 && p <= 0x0D) || (p >= 0x1C && p <= 0x20) || p == 0x85 || p == 0xA0 || p == 0x1680
         || (p >= 0x2000 && p <= 0x200A) || p == 0x2028 || p == 0x2029 || p == 0x202F || p == 0x205F
         || p == 0x3000;
}

/* The code point at text, of whatever bytes: one that is no UTF-8 counts by itself. */
static int32_t point_at(const char *text, size_t length, size_t *size) {
  if (io_utf8_check(text, length < 4 ? length : 4) > 0) return io_utf8_decode(text, size);
  *size = 1;
  return (unsigned char)text[0];
}

static void lower_case(const char *text, size_t length, struct rt_text *out) {
  char bytes[4];
  for (size_t at = 0, size; at < length; at += size) {
    int32_t p = point_at(text + at, length - at, &size);
    if (size == 1 && (unsigned char)text[at] >= 0x80)
      rt_text_add(out, text + at, 1);
    else if (p == 0x130) /* İ is i with its dot */
      rt_text_puts(out, "i\xCC\x87");
    else
      rt_text_add(out, bytes, io_utf8_encode(io_lower(p), bytes));
  }
}

/* ---- tokens of mteval-v13a ---- */

static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_point(char c) { return c == '.' || c == ','; }

/* Marks and symbols of ASCII but for ' - . , which words may have in them. */
static bool stands_alone(char c) {
  return (c >= '{' && c <= '~') || (c >= '[' && c <= '`') || (c >= ' ' && c <= '&') || (c >= '(' && c <= '+')
         || (c >= ':' && c <= '@') || c == '/';
}

static void replace_all(const struct rt_text *from, const char *what, const char *by, struct rt_text *out) {
  size_t n = strlen(what);
  out->length = 0;
  for (size_t at = 0; at < from->length;) {
    bool here = from->length - at >= n && memcmp(from->data + at, what, n) == 0;
    if (here)
      rt_text_puts(out, by);
    else
      rt_text_add(out, from->data + at, 1);
    at += here ? n : 1;
  }
}

/* Spaces around marks. */
static void split_marks(const struct rt_text *from, struct rt_text *out) {
  out->length = 0;
  for (size_t k = 0; k < from->length; k++) {
    bool alone = stands_alone(from->data[k]);
    if (alone) rt_text_puts(out, " ");
    rt_text_add(out, from->data + k, 1);
    if (alone) rt_text_puts(out, " ");
  }
}

/* Spaces around points and commas that are behind no digit. The pairs that are looked at do not overlap. */
static void split_after(const struct rt_text *from, struct rt_text *out) {
  out->length = 0;
  for (size_t k = 0; k < from->length; k++) {
    rt_text_add(out, from->data + k, 1);
    if (is_digit(from->data[k]) || k + 1 == from->length || !is_point(from->data[k + 1])) continue;
    rt_text_puts(out, " ");
    rt_text_add(out, from->data + ++k, 1);
    rt_text_puts(out, " ");
  }
}

/* Spaces around points and commas that are before no digit. */
static void split_before(const struct rt_text *from, struct rt_text *out) {
  out->length = 0;
  for (size_t k = 0; k < from->length; k++) {
    bool splits = is_point(from->data[k]) && k + 1 < from->length && !is_digit(from->data[k + 1]);
    if (splits) rt_text_puts(out, " ");
    rt_text_add(out, from->data + k, 1);
    if (!splits) continue;
    rt_text_puts(out, " ");
    rt_text_add(out, from->data + ++k, 1);
  }
}

/* Spaces around a hyphen behind a digit. */
static void split_hyphens(const struct rt_text *from, struct rt_text *out) {
  out->length = 0;
  for (size_t k = 0; k < from->length; k++) {
    rt_text_add(out, from->data + k, 1);
    if (!is_digit(from->data[k]) || k + 1 == from->length || from->data[k + 1] != '-') continue;
    rt_text_puts(out, " ");
    rt_text_add(out, from->data + ++k, 1);
    rt_text_puts(out, " ");
  }
}

static const char *const replaced[][2] = {{"<skipped>", ""}, {"-\n", ""},   {"\n", " "},  {"&quot;", "\""},
                                          {"&amp;", "&"},    {"&lt;", "<"}, {"&gt;", ">"}};

static void swap(struct rt_text *a, struct rt_text *b) {
  struct rt_text other = *a;
  *a = *b;
  *b = other;
}

/* The text with spaces between its tokens, and some more. */
static void tokenise_13a(const char *text, bool lower, struct rt_text *out) {
  static void (*const split[])(const struct rt_text *from,
                               struct rt_text *out) = {split_marks, split_after, split_before, split_hyphens};
  struct rt_text other = {0};
  size_t length = strlen(text);
  out->length = 0;
  while (length > 0 && (unsigned char)text[length - 1] < 0x80 && is_space(text[length - 1])) length--;
  rt_text_puts(&other, " ");
  if (lower)
    lower_case(text, length, &other);
  else
    rt_text_add(&other, text, length);
  rt_text_puts(&other, " ");
  for (size_t k = 0; k < RT_COUNT(replaced); k++) {
    replace_all(&other, replaced[k][0], replaced[k][1], out);
    swap(&other, out);
  }
  for (size_t k = 0; k < RT_COUNT(split); k++) {
    split[k](&other, out);
    swap(&other, out);
  }
  swap(&other, out);
  out->failed |= other.failed;
  rt_text_free(&other);
}

/* ---- pieces: tokens or characters, of which n in a row are an n-gram ---- */

struct pieces {
  struct rt_text text; /* words have a space behind them */
  size_t *end;         /* [count] */
  size_t count, capacity;
};

static int end_piece(struct pieces *p) {
  if (IO_GROW(p->end, p->capacity, p->count + 1) != RT_OK) return RT_NO_MEMORY;
  p->end[p->count++] = p->text.length;
  return p->text.failed ? RT_NO_MEMORY : RT_OK;
}

static int take_words(struct pieces *p, const struct rt_text *from) {
  int status = RT_OK;
  bool within = false;
  for (size_t at = 0, size; at <= from->length && status == RT_OK; at += size) {
    bool space = at == from->length || is_space(point_at(from->data + at, from->length - at, &size));
    if (at == from->length) size = 1;
    if (!space) rt_text_add(&p->text, from->data + at, size);
    if (space && within) {
      rt_text_puts(&p->text, " ");
      status = end_piece(p);
    }
    within = !space;
  }
  return status;
}

static int take_characters(struct pieces *p, const char *text) {
  size_t length = strlen(text);
  int status = RT_OK;
  for (size_t at = 0, size; at < length && status == RT_OK; at += size) {
    if (is_space(point_at(text + at, length - at, &size))) continue;
    rt_text_add(&p->text, text + at, size);
    status = end_piece(p);
  }
  return status;
}

static void pieces_free(struct pieces *p) {
  rt_text_free(&p->text);
  rt_free(p->end);
}

static const char *ngram(const struct pieces *p, size_t first, size_t n, size_t *length) {
  size_t start = first ? p->end[first - 1] : 0;
  *length = p->end[first + n - 1] - start;
  return p->text.data + start;
}

static uint64_t count_of(const struct pieces *p, size_t n) { return p->count < n ? 0 : p->count - n + 1; }

/* Adds the n-grams of up to `order` pieces that the two have in common, each as often as it is in both. */
static int count_matches(const struct pieces *written, const struct pieces *right, size_t order,
                         uint64_t *matches) {
  struct io_intern set = {0};
  uint64_t *left = NULL; /* of each n-gram of the right text, how many are not matched yet */
  size_t capacity = 0, length;
  int status = RT_OK;
  for (size_t n = 1; n <= order && status == RT_OK; n++)
    for (size_t k = 0; k < count_of(right, n) && status == RT_OK; k++) {
      int32_t number, known = set.count;
      const char *text = ngram(right, k, n, &length);
      status = io_intern_add(&set, text, length, &number, NULL);
      if (status == RT_OK) status = IO_GROW(left, capacity, (size_t)set.count);
      if (status == RT_OK) left[number] = number < known ? left[number] + 1 : 1;
    }
  for (size_t n = 1; n <= order && status == RT_OK; n++)
    for (size_t k = 0; k < count_of(written, n); k++) {
      const char *text = ngram(written, k, n, &length);
      int32_t number = io_intern_find(&set, text, length);
      if (number < 0 || !left[number]) continue;
      left[number]--;
      matches[n - 1]++;
    }
  io_intern_free(&set);
  rt_free(left);
  return status;
}

/* ---- BLEU ---- */

int bleu_add(struct bleu *bleu, const char *written, const char *right, bool lower, struct rt_error *error) {
  struct pieces a = {0}, b = {0};
  struct rt_text tokens = {0};
  tokenise_13a(written, lower, &tokens);
  int status = tokens.failed ? RT_NO_MEMORY : take_words(&a, &tokens);
  if (status == RT_OK) tokenise_13a(right, lower, &tokens);
  if (status == RT_OK) status = tokens.failed ? RT_NO_MEMORY : take_words(&b, &tokens);
  if (status == RT_OK) status = count_matches(&a, &b, BLEU_ORDER, bleu->matches);
  for (size_t n = 1; n <= BLEU_ORDER && status == RT_OK; n++) bleu->written[n - 1] += count_of(&a, n);
  bleu->words += a.count;
  bleu->right_words += b.count;
  pieces_free(&a);
  pieces_free(&b);
  rt_text_free(&tokens);
  return status == RT_OK ? RT_OK : rt_no_memory(error);
}

double bleu_value(const struct bleu *b) {
  double logarithms = 0, smooth = 1, brevity = 1;
  bool any = false;
  for (size_t n = 0; n < BLEU_ORDER; n++) any |= b->matches[n] > 0;
  if (!any) return 0;
  if (b->words < b->right_words) brevity = exp(1 - (double)b->right_words / (double)b->words);
  for (size_t n = 0; n < BLEU_ORDER; n++) {
    if (!b->written[n]) return 0;
    if (!b->matches[n]) smooth *= 2;
    logarithms += b->matches[n] ? log(100.0 * (double)b->matches[n] / (double)b->written[n])
                                : log(100.0 / (smooth * (double)b->written[n]));
  }
  return brevity * exp(logarithms / BLEU_ORDER);
}

/* ---- chrF ---- */

int chrf_add(struct chrf *chrf, const char *written, const char *right, struct rt_error *error) {
  struct pieces a = {0}, b = {0};
  int status = take_characters(&a, written);
  if (status == RT_OK) status = take_characters(&b, right);
  if (status == RT_OK) status = count_matches(&a, &b, CHRF_ORDER, chrf->matches);
  for (size_t n = 1; n <= CHRF_ORDER && status == RT_OK; n++) {
    chrf->right[n - 1] += count_of(&b, n);
    if (count_of(&b, n)) chrf->written[n - 1] += count_of(&a, n); /* else there is nothing to match */
  }
  pieces_free(&a);
  pieces_free(&b);
  return status == RT_OK ? RT_OK : rt_no_memory(error);
}

double chrf_value(const struct chrf *c) {
  double precision = 0, recall = 0;
  int orders = 0;
  for (size_t n = 0; n < CHRF_ORDER; n++) {
    if (!c->written[n] || !c->right[n]) continue;
    precision += (double)c->matches[n] / (double)c->written[n];
    recall += (double)c->matches[n] / (double)c->right[n];
    orders++;
  }
  if (!orders || precision + recall == 0) return 0;
  precision /= orders;
  recall /= orders;
  return 100 * 5 * precision * recall / (4 * precision + recall);
}
