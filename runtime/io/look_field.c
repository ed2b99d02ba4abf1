/* look_field.c: what one field of a table holds. */
#include "runtime/io/look_internal.h"

#include <math.h>
#include <string.h>

#include "runtime/io/fit.h"
#include "runtime/io/grow.h"
#include "runtime/io/number.h"
#include "runtime/io/tokenise.h"
#include "runtime/io/utf8.h"

/* ---- different values ---- */

static int put_new(struct io_looking *l, struct io_look_bag *bag, struct rt_map *map, const char *text,
                   size_t length) {
  if (bag->count == IO_LOOK_VALUES || length > IO_LOOK_LONGEST) {
    bag->full = true;
    return RT_OK;
  }
  char *copy = rt_arena_strndup(&l->look->texts, text, length);
  if (!copy || IO_GROW(bag->value, bag->capacity, bag->count + 1) != RT_OK) return RT_NO_MEMORY;
  bag->value[bag->count] = (struct io_look_value){copy, 1};
  return rt_map_put(map, copy, bag->count++);
}

static int count_in(struct io_looking *l, struct io_look_bag *bag, struct rt_map *map, const char *text,
                    size_t length) {
  char name[IO_LOOK_LONGEST + 1];
  bag->total++;
  uint64_t *known = NULL;
  if (length <= IO_LOOK_LONGEST) {
    memcpy(name, text, length);
    name[length] = '\0';
    known = rt_map_find(map, name);
  }
  if (!known) return put_new(l, bag, map, text, length);
  bag->value[*known].count++;
  return RT_OK;
}

/* ---- numbers ---- */

bool io_look_number(const struct io_look *look, const char *text, size_t length, double *number) {
  struct io_decimals decimals = {.commas = look->commas};
  return !io_decimals_parse(&decimals, text, length, number);
}

static int note_odd(struct io_looking *l, struct io_look_field *f, const char *text, size_t length) {
  if (io_is_missing(text, length) || (f->odd && f->odd_line < l->line)) return RT_OK;
  f->odd = rt_arena_strndup(&l->look->texts, text, (size_t)io_quoted(text, length));
  f->odd_line = l->line;
  return f->odd ? RT_OK : RT_NO_MEMORY;
}

/* Keeps the first numbers that are written with a point, and with a comma, where both may be. */
static int look_at_number(struct io_looking *l, struct io_look_field *f, const char *text, size_t length) {
  struct io_decimals decimals = {.commas = l->look->commas};
  double number;
  if (io_decimals_parse(&decimals, text, length, &number)) return note_odd(l, f, text, length);
  f->least = f->numbers ? fmin(f->least, number) : number;
  f->most = f->numbers ? fmax(f->most, number) : number;
  f->numbers++;
  double off = number - f->mean; /* Welford 1962 */
  f->mean += off / (double)f->numbers;
  f->squares += off * (number - f->mean);
  f->whole += floor(number) == number;
  const char **first = decimals.mark ? &f->decimal[decimals.mark == ','] : NULL;
  if (first && !*first) *first = rt_arena_strndup(&l->look->texts, text, length);
  return !first || *first ? RT_OK : RT_NO_MEMORY;
}

static void look_at_list(const struct io_look *look, struct io_look_field *f, const char *text,
                         size_t length) {
  struct io_items items = {.text = text, .length = length, .spaces = look->commas};
  const char *item;
  size_t size;
  int64_t count = 0;
  double number;
  while (io_items_next(&items, &item, &size)) {
    if (!io_look_number(look, item, size, &number)) return;
    count++;
  }
  if (count < 2) return;
  f->list_length = f->lists == 0 || f->list_length == count ? count : -1;
  f->lists++;
}

/* ---- texts ---- */

/* Scripts that put no spaces between words, and whose letters are no words either. */
static bool is_unspaced(int32_t point) {
  return (point >= 0x0E00 && point <= 0x0EFF) || (point >= 0x1000 && point <= 0x109F)
         || (point >= 0x1780 && point <= 0x17FF);
}

static void look_at_letters(struct io_look_field *f, const char *text, size_t length) {
  for (size_t at = 0, size; at < length; at += size) {
    int32_t point = io_utf8_decode(text + at, &size);
    if (point < 0x80 && !((point | 0x20) >= 'a' && (point | 0x20) <= 'z')) continue;
    f->letters++;
    f->ideographs += io_is_ideograph(point);
    f->unspaced += is_unspaced(point);
  }
}

static int look_at_text(struct io_looking *l, struct io_look_field *f, const char *text, size_t length,
                        struct rt_error *error) {
  static const struct io_tokeniser words = {.kind = IO_TOKENS_WORDS};
  int status = io_tokenise(&words, text, length, &l->tokens, error);
  if (status != RT_OK) return status;
  int64_t count = (int64_t)l->tokens.count;
  f->texts++;
  f->words += count;
  if (count > f->longest) f->longest = count;
  f->with_length[count < IO_LOOK_LENGTHS ? count : IO_LOOK_LENGTHS]++;
  look_at_letters(f, text, length);
  return RT_OK;
}

/* A number of all numbers of items so far (FNV-1a). */
static void mark_items(struct io_look_field *f, uint64_t count) {
  f->items_mark = (f->items_mark ^ (count + 1)) * 0x100000001b3u;
}

/* Counts what white space separates, also among all such items of the column. */
static int look_at_items(struct io_looking *l, size_t k, const char *text, size_t length) {
  struct io_look_field *f = &l->look->field[k];
  uint64_t count = 0;
  for (size_t at = 0, end; at < length; at = end) {
    while (at < length && io_is_space(text[at])) at++;
    for (end = at; end < length && !io_is_space(text[end]);) end++;
    if (end == at) break;
    count++;
    int status = count_in(l, &f->items, &l->items[k], text + at, end - at);
    if (status != RT_OK) return status;
  }
  mark_items(f, count);
  return RT_OK;
}

/* ---- a field ---- */

static bool is_percent(const struct io_look *look, const char *text, size_t length) {
  double number;
  return length > 1 && text[length - 1] == '%' && io_look_number(look, text, length - 1, &number);
}

static bool is_code(const char *text, size_t length) {
  for (size_t k = 0; k < length; k++)
    if (text[k] < '0' || text[k] > '9') return false;
  return length > 1 && text[0] == '0';
}

static int look_at_form(struct io_looking *l, struct io_look_field *f, const char *text, size_t length) {
  f->percents += is_percent(l->look, text, length);
  if (!f->code && is_code(text, length)
      && !(f->code = rt_arena_strndup(&l->look->texts, text, (size_t)io_quoted(text, length))))
    return RT_NO_MEMORY;
  f->dates += io_look_is_date(text, length);
  if (l->look->commas || !io_look_has_commas(text, length)) return RT_OK;
  if (f->commas++ == 0) f->comma = rt_arena_strndup(&l->look->texts, text, length);
  return f->comma ? RT_OK : RT_NO_MEMORY;
}

int io_look_at_field(struct io_looking *l, size_t k, struct io_field field, struct rt_error *error) {
  struct io_look_field *f = &l->look->field[k];
  const char *text = field.text;
  size_t length = field.length;
  io_trim(&text, &length);
  if (length == 0) {
    f->missing++;
    f->lacking += !field.text;
    if (l->look->rows < IO_LOOK_TEXTS) mark_items(f, 0);
    return RT_OK;
  }
  f->filled++;
  f->absent += io_is_missing(text, length);
  int status = look_at_number(l, f, text, length);
  look_at_list(l->look, f, text, length);
  if (status == RT_OK) status = look_at_form(l, f, text, length);
  if (status == RT_OK) status = count_in(l, &f->values, &l->values[k], text, length);
  if (status == RT_OK && l->look->rows < IO_LOOK_TEXTS) status = look_at_items(l, k, text, length);
  if (status != RT_OK) return rt_no_memory(error);
  return l->look->rows < IO_LOOK_TEXTS ? look_at_text(l, f, text, length, error) : RT_OK;
}

int64_t io_look_length(const struct io_look_field *field) {
  int64_t left = field->texts / 1000, n = IO_LOOK_LENGTHS;
  while (n > 1 && field->with_length[n] <= left) left -= field->with_length[n--];
  return n;
}
