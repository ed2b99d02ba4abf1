/* column_ids.c: whole numbers that are ids themselves: of items, of tokens that another program made. */
#include "runtime/io/data_internal.h"
#include "runtime/io/number.h"
#include "runtime/io/utf8.h"

static bool read_id(const char *text, size_t length, int64_t *id) {
  *id = 0;
  for (size_t k = 0; k < length; k++) {
    if (text[k] < '0' || text[k] > '9') return false;
    if (*id < IO_MOST_IDS) *id = *id * 10 + (text[k] - '0');
  }
  return length > 0;
}

/* Behind training, a number that it did not see names no row of a table, as an unknown label does. */
static int take_id(const struct io_place *p, const char *text, size_t length, int32_t *id,
                   struct rt_error *error) {
  const struct io_vocab *vocab = io_place_column(p)->vocab;
  const char *name = io_place_column(p)->name;
  const bool learning = p->e->learning != NULL;
  int64_t number;
  if (!read_id(text, length, &number))
    return io_encode_fail(p, error, "\"%.*s\" is no whole number from 0 on", io_quoted(text, length), text);
  if (learning && vocab && number >= vocab->count)
    return io_encode_fail(p, error, "%.*s is not below %d, how many ids \"%s\" has", io_quoted(text, length),
                          text, vocab->count, name);
  if (learning && number >= IO_MOST_IDS)
    return io_encode_fail(p, error, "%.*s is too large for an id: they are below %d", io_quoted(text, length),
                          text, (int)IO_MOST_IDS);
  *id = vocab && number >= vocab->count ? -1 : (int32_t)number;
  return RT_OK;
}

static int encode(const struct io_place *p, const struct io_field *field, struct rt_error *error) {
  struct io_values *v = io_place_values(p);
  struct io_items items = {.text = field->text, .length = field->length}, all = items;
  int64_t count = io_payload_begin(&v->of, p->e->data->rows), there = 0;
  struct io_field item;
  while (io_items_next(&all, &item.text, &item.length)) there++;
  int64_t kept = io_encode_kept(p, there);
  if (io_payload_reserve(&v->of, count + kept + 1) != RT_OK) return rt_no_memory(error);
  for (; kept > 0 && io_items_next(&items, &item.text, &item.length); kept--, count++) {
    int status = take_id(p, item.text, item.length, &io_payload_ids(&v->of)[count], error);
    if (status != RT_OK) return status;
  }
  return io_encode_end(p, count, error);
}

/* One more than the largest of the training rows, of all columns that share them. */
static int learn(const struct io_dataset *train, struct io_schema *schema, int column,
                 struct rt_error *error) {
  int64_t largest = -1;
  if (schema->columns[column].vocab || schema->columns[column].shares >= 0) return RT_OK;
  for (int c = column; c < schema->count; c++) {
    if (io_schema_owner(schema, c) != column) continue;
    const struct io_payload *of = &train->values[c].of;
    for (int64_t k = 0; k < io_payload_begin(of, train->rows); k++)
      if (io_payload_ids(of)[k] > largest) largest = io_payload_ids(of)[k];
  }
  if (largest < 0)
    return rt_fail_in(error, RT_BAD_DATA, train->name, "column \"%s\" has no ids in any row",
                      schema->columns[column].name);
  return io_vocab_numbers(&schema->columns[column].vocab, largest + 1, error);
}

const struct io_kind io_kind_ids = {
    .name = "ids",
    .doc =
        "whole numbers from 0 below V, separated by spaces or commas; T is how many the row has, V one more "
        "than the largest of the training file",
    .axis = {{IO_LENGTH, "T"}, {IO_ENTRIES, "V", .optional = true}},
    .element = IO_I32,
    .vocab = IO_VOCAB_LIST,
    .numbered = true,
    .join = ',',
    .encode = encode,
    .learn = learn,
    .one = "id",
    .more = "ids",
    .entries = "ids",
    .noun = "ids",
    .usual = 10000,
    .small = 7,
};
