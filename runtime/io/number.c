/* number.c: numbers in fields, and lists of them. */
#include "runtime/io/number.h"

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

bool io_items_next(struct io_items *items, const char **item, size_t *length) {
  while (items->at < items->length && io_is_space(items->text[items->at])) items->at++;
  if (items->at == items->length && !items->comma) return false;
  size_t begin = items->at;
  while (items->at < items->length && items->text[items->at] != ',' && !io_is_space(items->text[items->at]))
    items->at++;
  *item = items->text + begin;
  *length = items->at - begin;
  while (items->at < items->length && io_is_space(items->text[items->at])) items->at++;
  items->comma = items->at < items->length && items->text[items->at] == ',';
  items->at += items->comma;
  return true;
}
