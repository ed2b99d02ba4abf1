/* encode_numbers.c: lists of numbers in a field: "1 2 3", and several of them, "1 2; 3 4". */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "runtime/io/data_internal.h"
#include "runtime/io/fit.h"
#include "runtime/io/number.h"
#include "runtime/io/utf8.h"

static const char *const fills[] = {"mean", "median"};
static const char *const scales[] = {"standard", "range", "none"};

struct io_items io_place_items(const struct io_place *p, const struct io_field *list) {
  const struct io_decimals *decimals = io_table_decimals(p->e->table);
  return (struct io_items){
      .text = list->text, .length = list->length, .spaces = decimals && decimals->commas};
}

const char *io_place_parse(const struct io_place *p, const struct io_field *item, double *number) {
  return io_decimals_parse(io_table_decimals(p->e->table), item->text, item->length, number);
}

const char *io_place_number(const struct io_place *p, const struct io_field *item, double *number) {
  if (!io_place_column(p)->set.missing || !io_is_missing(item->text, item->length))
    return io_place_parse(p, item, number);
  *number = NAN;
  return NULL;
}

const struct io_option io_numbers_options[IO_NUMBERS_OPTIONS] = {
    IO_WORD_OR_NUMBER(
        "missing", fills, missing,
        "what stands for a number that is missing (an empty field, NA, NaN, null, None, ?, -): "
        "the mean or the median of the training rows, or a number; left out, such a row is a bad one"),
    IO_CHOICE("scale", scales, scale,
              "standard: less the mean of the training rows, by their standard deviation; range: from 0 to 1 "
              "over the training rows; none, or left out: as the file has them"),
};

int io_settle_numbers(struct io_settings *set, struct rt_error *error) {
  (void)error;
  if (set->scale == IO_SCALE_NONE) set->scale = 0;
  return RT_OK;
}

/* "number 3 of vector 2, "x", is not a number" */
static int not_a_number(const struct io_place *p, const struct io_numbers *list, const struct io_field *item,
                        const char *wrong, struct rt_error *error) {
  char which[64] = "";
  if (list->number > 0)
    snprintf(which, sizeof which, " of %s %lld", io_place_column(p)->kind->one, (long long)list->number);
  return io_encode_fail(p, error, "number %lld%s, \"%.*s\", %s", (long long)list->count + 1, which,
                        io_quoted(item->text, item->length), item->text, wrong);
}

int io_encode_numbers(const struct io_place *p, struct io_numbers *list, struct rt_error *error) {
  struct io_payload *of = &io_place_values(p)->of;
  struct io_items items = io_place_items(p, &list->field);
  struct io_field item;
  for (list->count = 0; io_items_next(&items, &item.text, &item.length); list->count++) {
    const int64_t at = list->begin + list->count;
    if (list->most > 0 && list->count >= list->most) continue; /* only counted */
    if (io_payload_reserve(of, at + 1) != RT_OK) return rt_no_memory(error);
    const char *wrong = io_place_number(p, &item, &io_payload_numbers(of)[at]);
    if (wrong) return not_a_number(p, list, &item, wrong, error);
  }
  return RT_OK;
}

/* The part of a field up to the next semicolon, from *at on; false behind the last one. */
static bool next_list(const struct io_field *field, size_t *at, struct io_field *list) {
  if (*at > field->length) return false;
  const char *begin = field->text + *at, *end = memchr(begin, ';', field->length - *at);
  *list = (struct io_field){begin, end ? (size_t)(end - begin) : field->length - *at};
  *at += list->length + 1;
  return true;
}

int io_encode_lists(const struct io_place *p, const struct io_field *field, int axis, int64_t *lists,
                    struct rt_error *error) {
  struct io_values *v = io_place_values(p);
  struct io_numbers list = {.begin = io_payload_begin(&v->of, p->e->data->rows) * v->of.width};
  size_t at = 0;
  *lists = 0;
  while (next_list(field, &at, &list.field)) {
    list.number = ++*lists;
    list.most = v->size[axis];
    int status = io_encode_numbers(p, &list, error);
    if (status != RT_OK) return status;
    if (list.count == 0 || list.count > INT32_MAX || !io_place_size(p, axis, list.count))
      return io_encode_fail(p, error, "%lld number%s in %s %lld of \"%s\", where every one has %lld",
                            (long long)list.count, list.count == 1 ? "" : "s", io_place_column(p)->kind->one,
                            (long long)list.number, io_place_column(p)->name,
                            (long long)(list.most > 0 ? list.most : 1));
    list.begin += list.count;
  }
  return RT_OK;
}
