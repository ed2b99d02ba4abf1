/* table_lines.c: rows of files that are no grids of fields: JSON lines, and fastText's. Their fields stand in
 * the order of the declared columns. */
#include <string.h>

#include "runtime/io/grow.h"
#include "runtime/io/json_row.h"
#include "runtime/io/number.h"
#include "runtime/io/table_internal.h"

/* A row without a key that is needed; names the keys that were looked for. */
static int no_key(struct io_table *t, int64_t line, int missing, struct rt_error *error) {
  io_table_fail(t, line, 0, error, "the object has no key \"%s\"", t->names[missing]);
  rt_hint(
      error,
      "the keys are the names of the columns; from = \"…\" reads another one, and null is an empty field");
  return RT_BAD_DATA;
}

static int json_row(struct io_table *t, char *row, size_t length, int64_t line, struct rt_error *error) {
  const struct io_json_keys keys = {(const char *const *)t->names, t->joins, t->count};
  struct rt_text why = {0};
  size_t at;
  int status = RT_OK;
  t->object = row;
  t->object_line = line;
  if (!io_json_row(row, length, &keys, t->fields, &why, &at))
    status = why.failed ? rt_no_memory(error) : io_table_fail(t, line, at, error, "%s", why.data);
  rt_text_free(&why);
  for (int c = 0; c < t->count && status == RT_OK; c++)
    if (t->required[c] && !t->fields[c].text) status = no_key(t, line, c, error);
  return status;
}

static const char LABEL[] = "__label__";
enum { LABEL_LENGTH = sizeof LABEL - 1 };

/* Wherever they stand in a line, words that begin with __label__ are its labels and no part of its text. */
static int fasttext_row(struct io_table *t, char *row, size_t length, int64_t line, struct rt_error *error) {
  char *out = row;
  int count = 0;
  t->labels.length = 0;
  for (size_t at = 0; at < length;) {
    size_t begin = at;
    while (at < length && io_is_space(row[at])) at++;
    size_t word = at;
    while (at < length && !io_is_space(row[at])) at++;
    if (at - word > LABEL_LENGTH && memcmp(row + word, LABEL, LABEL_LENGTH) == 0) {
      if (count++) rt_text_puts(&t->labels, (char[]){IO_LABEL_END, '\0'});
      rt_text_add(&t->labels, row + word + LABEL_LENGTH, at - word - LABEL_LENGTH);
      continue;
    }
    memmove(out, row + begin, at - begin);
    out += at - begin;
  }
  if (count && t->several_labels) rt_text_puts(&t->labels, (char[]){IO_LABEL_END, '\0'});
  if (t->labels.failed) return rt_no_memory(error);
  struct io_field text = {row, (size_t)(out - row)};
  io_trim(&text.text, &text.length);
  t->fields[t->text_field] = text;
  if (t->label_field >= 0)
    t->fields[t->label_field] = (struct io_field){t->labels.data ? t->labels.data : "", t->labels.length};
  if (t->label_field >= 0 && t->required[t->label_field] && count > 1 && !t->several_labels)
    return io_table_fail(t, line, 0, error, "%d labels, and \"%s\" is a class: a row has one", count,
                         t->names[t->label_field]);
  return RT_OK;
}

int io_table_line(struct io_table *t, char *row, size_t length, int64_t line, struct rt_error *error) {
  t->field_count = (size_t)t->count;
  if (IO_GROW(t->fields, t->fields_capacity, t->field_count) != RT_OK) return rt_no_memory(error);
  return t->format == IO_FORMAT_JSONL ? json_row(t, row, length, line, error)
                                      : fasttext_row(t, row, length, line, error);
}
