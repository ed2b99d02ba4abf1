/* table_memory.c: a table in memory, given out row by row as the rows of a file are. */
#include <string.h>

#include "runtime/io/grow.h"
#include "runtime/io/memory.h"
#include "runtime/io/table_internal.h"
#include "runtime/io/utf8.h"

/* Says what there is instead of a column that is needed, and which of it may be meant. */
static int no_column(const struct io_table *t, const char *name, struct rt_error *error) {
  const struct io_memory *m = t->memory;
  struct rt_text there = {0};
  struct rt_nearest nearest = {name, NULL, 0};
  for (size_t c = 0; c < m->count; c++) {
    if (!m->column[c].there) continue;
    rt_text_printf(&there, "%s`%.60s`", there.length ? ", " : "", m->column[c].name);
    rt_nearest_consider(&nearest, m->column[c].name);
  }
  int status = there.failed ? rt_no_memory(error)
                            : rt_fail(error, RT_USAGE, "the rows have no column `%s`; they have %s", name,
                                      there.length ? there.data : "none");
  if (nearest.best && status == RT_USAGE)
    rt_hint(error, "is `%s` meant? A column reads the field of another name with from = \"%s\"", nearest.best,
            nearest.best);
  rt_text_free(&there);
  return status;
}

int io_table_match_memory(struct io_table *t, struct rt_error *error) {
  const struct io_memory *m = t->memory;
  for (int c = 0; c < t->count; c++) {
    const struct io_memory_column *column = io_memory_find(m, t->names[c]);
    t->field_of[c] = column ? (int)(column - m->column) + 1 : 0;
    if (!column && (t->required[c] || c >= t->count - t->by_name)) return no_column(t, t->names[c], error);
  }
  t->file_columns = t->field_count = m->count;
  t->header = t->matched = true;
  if (IO_GROW(t->fields, t->fields_capacity, m->count + 1) != RT_OK) return rt_no_memory(error);
  return RT_OK;
}

/* What a file could not have, a text in memory must not have. */
static int check_text(struct io_table *t, int64_t line, int column, struct rt_error *error) {
  const struct io_field *field = &t->fields[t->field_of[column] - 1];
  size_t bad = io_utf8_check(field->text, field->length);
  const char *nul = memchr(field->text, '\0', bad);
  if (field->length > IO_MAX_ROW)
    return io_table_fail(t, line, (size_t)column + 1, error, "this text is longer than %d MiB",
                         IO_MAX_ROW >> 20);
  if (nul)
    return io_table_fail(t, line, (size_t)column + 1, error, "a NUL byte (byte %zu), where text should be",
                         (size_t)(nul - field->text) + 1);
  if (bad == field->length) return RT_OK;
  return io_table_fail(t, line, (size_t)column + 1, error, "byte 0x%02x (byte %zu) is not valid UTF-8",
                       (unsigned)(unsigned char)field->text[bad], bad + 1);
}

int io_table_memory_row(struct io_table *t, int64_t *line, struct rt_error *error) {
  const struct io_memory *m = t->memory;
  int status = RT_OK;
  *line = 0;
  if (t->at == m->rows) return RT_OK;
  const int64_t row = t->at++;
  *line = row + 1;
  for (size_t c = 0; c < m->count; c++) {
    const struct io_memory_column *column = &m->column[c];
    if (!column->there) continue;
    t->fields[c] =
        (struct io_field){column->bytes + column->begin[row], column->begin[row + 1] - column->begin[row]};
  }
  for (int c = 0; c < t->count && status == RT_OK; c++)
    if (t->field_of[c] && m->column[t->field_of[c] - 1].given == IO_GIVEN_TEXTS)
      status = check_text(t, *line, c, error);
  return status;
}

const struct io_memory_column *io_table_memory(const struct io_table *table, int column) {
  if (!table || !table->memory || !table->field_of[column]) return NULL;
  return &table->memory->column[table->field_of[column] - 1];
}
