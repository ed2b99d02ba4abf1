/* encode_given.c: columns of a table in memory that are numbers or ids already: no text stands between them
 * and the values. What is asked of a field of a file is asked of them, too. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "runtime/io/data_internal.h"
#include "runtime/io/memory.h"

/* ---- what a column can be given as ---- */

static int not_so(const struct io_column *column, const struct io_memory_column *from, const char *hint,
                  struct rt_error *error) {
  rt_fail(error, RT_USAGE, "the rows have %s in the column `%s`, which is `%s` in the program",
          io_given_words[from->given], column->name, column->kind->name);
  rt_hint(error, "%s", hint);
  return RT_USAGE;
}

static const char *file_hint(const struct io_kind *kind) {
  return kind->files == &io_image_files
             ? "aq_rows_images adds a column of images, aq_rows_bytes one of PNG or JPEG files"
             : "aq_rows_sounds adds a column of sounds, aq_rows_bytes one of WAV or FLAC files";
}

/* Files are told apart by what they begin with. */
static int check_file(const struct io_column *column, const struct io_memory_column *from,
                      struct rt_error *error) {
  const struct io_files *files = column->kind->files;
  if (files && from->given == IO_GIVEN_FILES) return RT_OK;
  if (files && (files == &io_image_files) == (from->given == IO_GIVEN_IMAGES)) return RT_OK;
  return not_so(column, from,
                files                             ? file_hint(column->kind)
                : column->kind->element == IO_I32 ? "aq_rows_texts adds a column of texts"
                                                  : "aq_rows_numbers adds a column of numbers",
                error);
}

static int check_ids(const struct io_encoder *e, int column, const struct io_memory_column *from,
                     struct rt_error *error) {
  const struct io_column *c = &e->schema->columns[column];
  if (c->kind->element != IO_I32) return not_so(c, from, "aq_rows_numbers adds a column of numbers", error);
  if (c->kind->made || c->second_field >= 0)
    return not_so(c, from, "it is made of texts as they are written: aq_rows_texts adds them", error);
  if (c->kind->numbered || io_encoder_vocab(e, column)) return RT_OK;
  rt_fail(error, RT_USAGE, "the rows have ids in the column `%s`, whose vocabulary is not known yet",
          c->name);
  rt_hint(
      error,
      c->kind->labels
          ? "training learns it from texts (aq_rows_texts), unless the program says it: labels = \"…\""
          : "training learns it from texts (aq_rows_texts), unless the program says it: vocab = \"FILE\"");
  return RT_USAGE;
}

int io_check_given(const struct io_encoder *e, struct rt_error *error) {
  for (int c = 0; c < e->schema->count; c++) {
    const struct io_column *column = &e->schema->columns[c];
    const struct io_memory_column *from = io_table_memory(e->table, column->field);
    int status = RT_OK;
    if (!from || from->given == IO_GIVEN_TEXTS || (e->predicting && !column->required)) continue;
    if (from->given >= IO_GIVEN_FILES)
      status = check_file(column, from, error);
    else if (column->kind->give)
      status = not_so(column, from, file_hint(column->kind), error);
    else if (column->kind->beside)
      status = not_so(column, from, "aq_rows_texts adds a column of texts", error);
    else if (from->given == IO_GIVEN_IDS)
      status = check_ids(e, c, from, error);
    else if (column->kind->element == IO_I32)
      status = not_so(column, from,
                      column->kind->numbered ? "aq_rows_ids adds a column of ids"
                                             : "aq_rows_texts adds a column of texts, aq_rows_ids one of ids",
                      error);
    if (status != RT_OK) return status;
  }
  return RT_OK;
}

/* ---- numbers ---- */

/* Looks at the numbers of a row, which stand in the values from `at` on. */
static int check_numbers(const struct io_place *p, const double *number, int64_t count,
                         struct rt_error *error) {
  const struct io_column *c = io_place_column(p);
  for (int64_t k = 0; k < count; k++) {
    const bool missing = isnan(number[k]);
    char which[40] = "";
    if (count > 1) snprintf(which, sizeof which, "number %lld, ", (long long)k + 1);
    if (c->kind->weighs && number[k] < 0)
      return io_encode_fail(p, error, "%s%g is below 0, and the weight of a row is not", which, number[k]);
    if (isfinite(number[k]) || (missing && c->set.missing)) continue;
    io_encode_fail(p, error, "%s%s%s is not a finite number", which, missing ? "NaN" : "infinity",
                   count > 1 ? "," : "");
    if (missing && c->required && !c->kind->weighs)
      rt_hint(error,
              "missing = mean (or median, or a number) behind the column fills numbers that are missing");
    return RT_BAD_DATA;
  }
  return RT_OK;
}

/* How the numbers of a row are divided: into lists of `each`. */
struct lists {
  int64_t count, each;
};

static int wrong_lists(const struct io_place *p, int64_t count, int64_t wanted, struct rt_error *error) {
  return io_encode_fail(
      p, error, "%lld number%s, where every %s has %lld", (long long)count, count == 1 ? "" : "s",
      io_place_column(p)->kind->one ? io_place_column(p)->kind->one : "row", (long long)wanted);
}

/* Of kinds with one IO_WIDTH axis, the list is as wide; of those with two, the first is how many lists. */
static int fit_sizes(const struct io_place *p, struct lists lists, struct rt_error *error) {
  const struct io_kind *kind = io_place_column(p)->kind;
  const struct io_values *v = io_place_values(p);
  int widths = 0, axis[IO_MOST_AXES];
  for (int a = 0; a < IO_MOST_AXES; a++)
    if (kind->axis[a].means == IO_WIDTH) axis[widths++] = a;
  if (widths == 0)
    return lists.each * lists.count == 1 ? RT_OK : wrong_lists(p, lists.each * lists.count, 1, error);
  if (lists.each < 1 || lists.each > INT32_MAX || !io_place_size(p, axis[widths - 1], lists.each))
    return wrong_lists(p, lists.each, v->size[axis[widths - 1]] > 0 ? v->size[axis[widths - 1]] : 1, error);
  if (widths == 1 || io_place_size(p, axis[0], lists.count)) return RT_OK;
  return io_encode_fail(p, error, "%lld rows of numbers, where every matrix has %lld", (long long)lists.count,
                        (long long)v->size[axis[0]]);
}

/* Numbers without a division are one list; of kinds whose lists have a size that is known, as many as that
 * gives. */
static int divide(const struct io_place *p, const struct io_memory_column *from, int64_t numbers,
                  struct lists *lists, struct rt_error *error) {
  const struct io_kind *kind = io_place_column(p)->kind;
  const struct io_values *v = io_place_values(p);
  int last = -1, axes = 0;
  for (int a = 0; a < IO_MOST_AXES; a++) {
    if (kind->axis[a].means == IO_WIDTH) last = a;
    axes += kind->axis[a].means != IO_NO_AXIS;
  }
  int64_t each = from->width > 0 ? from->width : axes > 1 ? v->size[last] : numbers;
  *lists = (struct lists){each > 0 ? numbers / each : numbers > 0, each};
  if (axes > 1 && each == 0) {
    rt_fail(error, RT_USAGE, "it is not known how the numbers of the column `%s` are divided",
            io_place_column(p)->name);
    rt_hint(error, "aq_rows_vectors says how many numbers each %s has", kind->one ? kind->one : "value");
    return RT_USAGE;
  }
  return each > 0 && numbers % each ? wrong_lists(p, numbers, each, error) : RT_OK;
}

static int encode_numbers(const struct io_place *p, const struct io_memory_column *from,
                          const struct io_field *value, struct rt_error *error) {
  struct io_values *v = io_place_values(p);
  const struct io_kind *kind = io_place_column(p)->kind;
  const int64_t row = p->e->data->rows, numbers = (int64_t)(value->length / sizeof(double));
  const bool ragged = io_kind_has(kind, IO_LENGTH);
  struct lists lists;
  int status = divide(p, from, numbers, &lists, error);
  if (status == RT_OK && (lists.count > 0 || !ragged)) status = fit_sizes(p, lists, error);
  if (status != RT_OK) return status;
  const int64_t at = io_payload_begin(&v->of, row), begin = at * v->of.width;
  const int64_t kept = ragged ? io_encode_kept(p, lists.count) : 1;
  if (io_payload_reserve(&v->of, begin + numbers + 1) != RT_OK) return rt_no_memory(error);
  double *to = io_payload_numbers(&v->of) + begin;
  if (value->length) memcpy(to, value->text, value->length);
  status = check_numbers(p, to, numbers, error);
  return status == RT_OK && ragged ? io_encode_end(p, at + kept, error) : status;
}

/* ---- ids ---- */

/* Behind training, a number of an item that it did not see names no row of a table, as an unknown label does.
 */
static int take_id(const struct io_place *p, int32_t given, int32_t *id, struct rt_error *error) {
  const struct io_column *c = io_place_column(p);
  const struct io_vocab *vocab = io_encoder_vocab(p->e, p->column);
  const bool learning = p->e->learning != NULL;
  *id = given;
  if (given < 0) return io_encode_fail(p, error, "%d is no whole number from 0 on", (int)given);
  if (vocab && given >= vocab->count && c->kind->numbered && !c->kind->whole && !learning) {
    *id = -1;
    return RT_OK;
  }
  if (vocab && given >= vocab->count)
    return io_encode_fail(p, error, "%d is not below %d, how many %s \"%s\" has", (int)given, vocab->count,
                          c->kind->entries, c->name);
  if (given >= IO_MOST_IDS && !vocab)
    return io_encode_fail(p, error, "%d is too large for an id: they are below %d", (int)given,
                          (int)IO_MOST_IDS);
  return RT_OK;
}

/* How many ids a row may have, and how many of them are kept. */
static int count_ids(const struct io_place *p, int64_t given, int64_t *kept, struct rt_error *error) {
  const struct io_column *c = io_place_column(p);
  struct io_values *v = io_place_values(p);
  *kept = given;
  if (c->kind->pairs) {
    const struct io_values *pair = &p->e->data->values[c->pair];
    const char *pair_name = p->e->schema->columns[c->pair].name;
    if (!pair->present)
      return rt_fail(error, RT_USAGE, "tags \"%s\" need the tokens \"%s\"", c->name, pair_name);
    if (given != pair->row_tokens)
      return io_encode_fail(p, error, "%lld ids, where \"%s\" has %lld %s", (long long)given, pair_name,
                            (long long)pair->row_tokens, p->e->schema->columns[c->pair].kind->more);
    v->row_cut = pair->row_cut;
    return RT_OK;
  }
  if (io_whole(c) && (given > io_whole(c) || (given < io_whole(c) && !io_may_be_part(p))))
    return io_encode_fail(p, error, "%lld %s, where every row has %lld", (long long)given, c->kind->more,
                          (long long)io_whole(c));
  if (io_kind_has(c->kind, IO_LENGTH)) *kept = io_encode_kept(p, given);
  v->row_first = *kept;
  if (io_kind_has(c->kind, IO_LENGTH) || io_kind_has(c->kind, IO_MEMBERS) || given == 1) return RT_OK;
  return io_encode_fail(p, error, "%lld ids, where every row has 1", (long long)given);
}

static int encode_ids(const struct io_place *p, const struct io_field *value, struct rt_error *error) {
  struct io_values *v = io_place_values(p);
  const struct io_column *c = io_place_column(p);
  const struct io_vocab *vocab = io_encoder_vocab(p->e, p->column);
  const bool ragged = v->of.offsets != NULL;
  int64_t count = io_payload_begin(&v->of, p->e->data->rows), kept;
  int status = count_ids(p, (int64_t)(value->length / sizeof(int32_t)), &kept, error);
  if (status != RT_OK) return status;
  if (io_payload_reserve(&v->of, count + kept + 3) != RT_OK) return rt_no_memory(error);
  int32_t *to = io_payload_ids(&v->of);
  if (c->ends) to[count++] = io_has_marks(c) ? vocab->begin : IO_NO_ID;
  for (int64_t k = 0; k < kept && status == RT_OK; k++) {
    int32_t given;
    memcpy(&given, value->text + (size_t)k * sizeof given, sizeof given);
    status = take_id(p, given, &to[count++], error);
  }
  if (io_has_marks(c)) to[count++] = vocab->end;
  return status == RT_OK && ragged ? io_encode_end(p, count, error) : status;
}

int io_encode_given(const struct io_place *p, const struct io_memory_column *from,
                    const struct io_field *value, struct rt_error *error) {
  const struct io_column *column = io_place_column(p);
  struct io_place with = *p;
  with.from = from;
  if (from->given == IO_GIVEN_IDS) return encode_ids(p, value, error);
  if (from->given == IO_GIVEN_NUMBERS) return encode_numbers(p, from, value, error);
  return value->length ? column->kind->encode(&with, value, error)
                       : io_encode_fail(p, error, "column \"%s\" has no %s in this row", column->name,
                                        column->kind->files->one);
}

/* ---- as texts ---- */

/* The column whose vocabulary gives the ids of a field a meaning; -1: they are numbers. */
static int meaning_of(const struct io_schema *schema, int field) {
  for (int c = 0; c < schema->count; c++)
    if (schema->columns[c].field == field && schema->columns[c].vocab && !schema->columns[c].kind->numbered)
      return c;
  return -1;
}

void io_write_given(const struct io_schema *schema, int field, const struct io_memory_column *from,
                    const struct io_field *value, struct rt_text *out) {
  const int c = from->given == IO_GIVEN_IDS ? meaning_of(schema, field) : -1;
  const char *before = NULL;
  size_t before_length = 0;
  if (c < 0) {
    io_memory_write(from, value->text, value->length, out);
    return;
  }
  const struct io_kind *kind = schema->columns[c].kind;
  for (size_t k = 0; k < value->length / sizeof(int32_t); k++) {
    int32_t id;
    size_t length = 0;
    memcpy(&id, value->text + k * sizeof id, sizeof id);
    const char *text = io_vocab_text(schema->columns[c].vocab, id, &length);
    if (!text) continue;
    if (kind->spell)
      kind->spell(out, before, before_length, text, length);
    else
      rt_text_printf(out, "%s%.*s", k ? io_kind_has(kind, IO_MEMBERS) ? "|" : " " : "", (int)length, text);
    before = text;
    before_length = length;
  }
}
