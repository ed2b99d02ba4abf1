/* look.c: a look at a table: its rows, one by one, and whether the first line is a header. */
#include "runtime/io/look.h"

#include <string.h>

#include "runtime/io/fit.h"
#include "runtime/io/look_internal.h"
#include "runtime/io/number.h"

static int make_room(struct io_looking *l, size_t count, struct rt_error *error) {
  struct io_look *look = l->look;
  look->count = count;
  look->field = rt_zalloc(count, sizeof *look->field);
  l->values = rt_zalloc(count, sizeof *l->values);
  l->items = rt_zalloc(count, sizeof *l->items);
  return look->field && l->values && l->items ? RT_OK : rt_no_memory(error);
}

static int take_row(struct io_looking *l, const struct io_field *fields, int64_t line,
                    struct rt_error *error) {
  struct io_look *look = l->look;
  l->line = line;
  for (size_t k = 0; k < look->count; k++) {
    int status = io_look_at_field(l, k, fields[k], error);
    if (status != RT_OK) return status;
  }
  look->rows++;
  return RT_OK;
}

/* ---- the first line ---- */

static int copy_fields(struct io_look *look, const struct io_field *fields, struct io_field *first,
                       struct rt_error *error) {
  for (size_t k = 0; k < look->count; k++) {
    char *copy = rt_arena_strndup(&look->texts, fields[k].text, fields[k].length);
    if (!copy) return rt_no_memory(error);
    first[k] = (struct io_field){copy, fields[k].length};
  }
  return RT_OK;
}

/* A value of the rows is no name of a column: labels come again, numbers stand among numbers. */
static bool stands_among(const struct io_look_field *f, const struct io_field *first) {
  for (size_t k = 0; k < f->values.count; k++)
    if (strcmp(f->values.value[k].text, first->text) == 0) return true;
  return false;
}

/* Are the rows of a field numbers, or few values that come again, and the first line is neither? */
static bool is_odd(const struct io_look *look, size_t k, const struct io_field *first) {
  const struct io_look_field *f = &look->field[k];
  double number;
  if (f->filled == 0) return false;
  if (io_is_missing(first->text, first->length)) return false;
  if (f->numbers == f->filled) return !io_look_number(look, first->text, first->length, &number);
  return !f->values.full && f->values.total >= 4 * (int64_t)f->values.count;
}

enum { FIRST_YEAR = 1800, LAST_YEAR = 2200 };

/* Are they years below it, too? */
static bool has_years(const struct io_look_field *f) {
  return f->filled && f->numbers == f->filled && f->least >= FIRST_YEAR && f->most <= LAST_YEAR;
}

/* Years of which each is as much later than the one before, behind a name: "name,2019,2020,2021". */
static bool are_years(const struct io_look *look, const struct io_field *first) {
  double year, before = 0, step = 0;
  size_t count = 0;
  for (size_t k = 0; k < look->count; k++) {
    if (!io_look_number(look, first[k].text, first[k].length, &year)) continue;
    if (first[k].length != 4 || year < FIRST_YEAR || year > LAST_YEAR || has_years(&look->field[k]))
      return false;
    if (count && year <= before) return false;
    if (count > 1 && year - before != step) return false;
    step = year - before;
    before = year;
    count++;
  }
  return count > 1 && count < look->count;
}

/* Names such as "Stars (1-5)" and "2nd" do not look like names by themselves. Where they differ from each
 * other, and from what stands below them, they are. Some may be empty, as that of the rows' numbers is which
 * pandas writes. */
static bool are_names_above(const struct io_look *look, const struct io_field *first) {
  bool odd = false;
  for (size_t k = 0; k < look->count; k++) {
    if (first[k].length > IO_LONGEST_NAME) return false;
    odd |= first[k].length && is_odd(look, k, &first[k]);
  }
  return odd || are_years(look, first); /* names that are there twice are refused */
}

/* One name may be empty where no row is: `text<TAB>` above "so it is<TAB>good". */
static bool are_names_but_one(const struct io_look *look, const struct io_field *first) {
  struct io_field named[IO_LOOK_FIELDS];
  size_t count = 0;
  for (size_t k = 0; k < look->count; k++)
    if (first[k].length)
      named[count++] = first[k];
    else if (look->field[k].missing)
      return false;
  return count > 0 && count + 1 == look->count && look->rows > 1 && io_names_look(named, count);
}

/* A table of one field has nothing but the look of the first line: it has to be shorter than the texts. */
static bool is_header(const struct io_look *look, const struct io_field *first) {
  for (size_t k = 0; k < look->count; k++)
    if (stands_among(&look->field[k], &first[k])) return false;
  if (!io_names_look(first, look->count))
    return look->count > 1 && (are_names_above(look, first) || are_names_but_one(look, first));
  const struct io_look_field *f = &look->field[0];
  return look->count > 1 || (look->rows > 0 && f->words >= 3 * f->texts);
}

static int settle_header(struct io_looking *l, enum io_header header, const struct io_field *first,
                         struct rt_error *error) {
  struct io_look *look = l->look;
  look->header = header == IO_HEADER_YES || (header == IO_HEADER_AUTO && is_header(look, first));
  if (!look->header) return take_row(l, first, l->first_line, error);
  size_t twice[2];
  if (io_named_twice(first, look->count, twice))
    return io_refuse_twice(l->table, l->first_line, first[twice[0] - 1].text, twice, error);
  for (size_t k = 0; k < look->count; k++) {
    if (first[k].length == 0) continue;
    look->field[k].name = rt_strndup(first[k].text, first[k].length);
    if (!look->field[k].name) return rt_no_memory(error);
  }
  if (look->rows) return RT_OK;
  rt_fail_in(error, RT_BAD_DATA, io_table_name(l->table),
             "there are no rows in it, but for a line of names%s%s",
             look->first_bad ? "; the first row behind it cannot be read: " : "",
             look->first_bad ? look->first_bad : "");
  if (header == IO_HEADER_AUTO) rt_hint(error, "where that line is a row, say so: the option header = no");
  return RT_BAD_DATA;
}

/* ---- rows ---- */

/* The next row that can be read; row->line is 0 behind the last. Then first has what is wrong with the first
 * row that cannot. */
static int next_row(struct io_look *look, struct io_table *table, struct io_row *row, struct rt_error *first,
                    struct rt_error *error) {
  struct rt_error bad = {0};
  int status;
  while ((status = io_table_next(table, row, &bad)) == RT_BAD_DATA && !io_table_broken(table)) {
    if (look->bad++ == 0) *first = bad;
    rt_error_clear(&bad);
  }
  if (status != RT_OK) *error = bad;
  return status;
}

/* What the first row is, is decided at the end; behind keys it is a row as any other. */
static int read_first(struct io_looking *l, const struct io_row *row, const struct io_look_keys *keys,
                      struct io_field *first, struct rt_error *error) {
  int status = make_room(l, row->count, error);
  if (status != RT_OK || keys->count == 0)
    return status != RT_OK ? status : copy_fields(l->look, row->fields, first, error);
  l->look->header = true;
  for (int k = 0; k < keys->count; k++) {
    l->look->field[k].name = rt_strdup(keys->name[k]);
    if (!l->look->field[k].name) return rt_no_memory(error);
  }
  return take_row(l, row->fields, row->line, error);
}

static int keep_bad(struct io_look *look, const struct rt_error *bad, struct rt_error *error) {
  look->first_bad = rt_arena_printf(&look->texts, "line %d: %s%s%s", bad->line, bad->text,
                                    bad->hint[0] ? "; " : "", bad->hint);
  return look->first_bad ? RT_OK : rt_no_memory(error);
}

static int read_rows(struct io_looking *l, const struct io_look_keys *keys, enum io_header header,
                     struct rt_error *error) {
  struct io_table *table = l->table;
  struct io_row row;
  struct io_field first[IO_LOOK_FIELDS];
  struct rt_error bad = {0};
  int status = next_row(l->look, table, &row, &bad, error);
  if (status != RT_OK) return status;
  if (row.line == 0 && bad.code) {
    *error = bad;
    return bad.code;
  }
  if (row.line == 0) return rt_fail_in(error, RT_BAD_DATA, io_table_name(table), "there are no rows in it");
  if (row.count > IO_LOOK_FIELDS) return io_look_too_many(io_table_name(table), row.count, error);
  l->first_line = row.line;
  if ((status = read_first(l, &row, keys, first, error))) return status;
  while ((status = next_row(l->look, table, &row, &bad, error)) == RT_OK && row.line)
    if ((status = take_row(l, row.fields, row.line, error))) break;
  if (status == RT_OK && bad.code) status = keep_bad(l->look, &bad, error);
  return status != RT_OK || keys->count ? status : settle_header(l, header, first, error);
}

static int open_table(struct io_table **table, const char *path, const struct io_look_keys *keys,
                      struct rt_error *error) {
  bool required[IO_LOOK_FIELDS] = {false};
  char joins[IO_LOOK_FIELDS];
  memset(joins, ' ', sizeof joins);
  return io_table_open(table, path,
                       &(struct io_table_options){.format = keys->format,
                                                  .names = keys->name,
                                                  .required = required,
                                                  .count = keys->count,
                                                  .joins = joins,
                                                  .label_field = 0,
                                                  .text_field = keys->files ? -1 : 1,
                                                  .files_field = keys->files ? 1 : -1,
                                                  .files = keys->files,
                                                  .header = IO_HEADER_NO},
                       error);
}

int io_look_at(const char *path, enum io_header header, struct io_look *look, struct rt_error *error) {
  struct io_looking l = {.look = look};
  struct io_look_keys keys;
  *look = (struct io_look){0};
  int status = io_look_keys(path, &look->texts, &keys, error);
  if (status == RT_OK) status = open_table(&l.table, path, &keys, error);
  if (status != RT_OK) return status;
  look->objects = keys.objects;
  look->object_names = keys.object_names;
  look->commas = io_table_decimals(l.table)->commas;
  if (io_table_doubt(l.table)) look->left_out = rt_arena_printf(&look->texts, "%s", io_table_doubt(l.table));
  status = read_rows(&l, &keys, header, error);
  for (size_t k = 0; k < look->count; k++) {
    if (l.values) rt_map_free(&l.values[k]);
    if (l.items) rt_map_free(&l.items[k]);
  }
  rt_free(l.values);
  rt_free(l.items);
  io_tokens_free(&l.tokens);
  io_table_close(l.table);
  return status;
}

void io_look_free(struct io_look *look) {
  for (size_t k = 0; look->field && k < look->count; k++) {
    rt_free(look->field[k].name);
    rt_free(look->field[k].values.value);
    rt_free(look->field[k].items.value);
  }
  rt_free(look->field);
  rt_arena_free(&look->texts);
  *look = (struct io_look){0};
}

bool io_look_parallel(const struct io_look *look, size_t a, size_t b) {
  const struct io_look_field *f = &look->field[a];
  return a != b && f->items_mark == look->field[b].items_mark && f->items.total > f->texts;
}
