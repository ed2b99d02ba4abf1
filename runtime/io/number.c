/* number.c: numbers in fields, and lists of them. */
#include "runtime/io/number.h"

#include <string.h>

enum { MOST_BYTES = 1 << 10 }; /* of a number with a decimal comma */

void io_trim(const char **text, size_t *length) {
  while (*length > 0 && io_is_space((*text)[*length - 1])) --*length;
  while (*length > 0 && io_is_space(**text)) {
    ++*text;
    --*length;
  }
}

const char *io_number_parse(const char *text, size_t length, double *number) {
  io_trim(&text, &length);
  return rt_number(text, length, 0, number);
}

/* How many of these letters are in a text. */
static size_t count_of(const char *letters, const char *text, size_t length) {
  size_t n = 0;
  for (size_t k = 0; k < length; k++) n += text[k] && strchr(letters, text[k]);
  return n;
}

const char *io_decimals_parse(struct io_decimals *decimals, const char *text, size_t length, double *number) {
  char copy[MOST_BYTES];
  if (!decimals || !decimals->commas) return io_number_parse(text, length, number);
  io_trim(&text, &length);
  const size_t marks = count_of(".,", text, length);
  const char *comma = memchr(text, ',', length);
  if (marks > 1 && count_of("+-.,0123456789", text, length) == length)
    return "is not a number: thousands separators are not read";
  if (comma && length > sizeof copy) return "is too long for a number";
  if (comma) {
    memcpy(copy, text, length);
    copy[comma - text] = '.';
  }
  const char *wrong = io_number_parse(comma ? copy : text, length, number);
  const char mark = comma ? ',' : '.';
  if (wrong || !marks) return wrong;
  if (decimals->mark && decimals->mark != mark)
    return comma ? "has a decimal comma, and numbers before it have points: were those thousands separators?"
                 : "has a point, and numbers before it have decimal commas: is it a thousands separator?";
  decimals->mark = mark;
  return NULL;
}

/* Does it separate, other than white space? */
static bool is_comma(const struct io_items *items) { return !items->spaces && items->text[items->at] == ','; }

bool io_items_next(struct io_items *items, const char **item, size_t *length) {
  while (items->at < items->length && io_is_space(items->text[items->at])) items->at++;
  if (items->at == items->length && !items->comma) return false;
  size_t begin = items->at;
  while (items->at < items->length && !is_comma(items) && !io_is_space(items->text[items->at])) items->at++;
  *item = items->text + begin;
  *length = items->at - begin;
  while (items->at < items->length && io_is_space(items->text[items->at])) items->at++;
  items->comma = items->at < items->length && is_comma(items);
  items->at += items->comma;
  return true;
}
