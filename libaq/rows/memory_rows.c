/* memory_rows.c: aq_rows: a table in memory that a host fills. */
#include "libaq/rows/memory_rows.h"

#include <string.h>

#include "libaq/host_options.h"
#include "runtime/io/grow.h"
#include "runtime/io/image.h"
#include "runtime/io/memory.h"
#include "runtime/io/sound.h"

struct aq_rows {
  struct lib_message message;
  struct io_memory table;
  struct io_memory_column **to; /* [to_capacity] scratch: where the fields of a row go */
  size_t to_capacity;
};

int aq_rows_new(aq_rows **rows) {
  if (!rows) return AQ_USAGE;
  *rows = rt_zalloc(1, sizeof **rows);
  return *rows ? AQ_OK : AQ_NO_MEMORY;
}

void aq_rows_free(aq_rows *rows) {
  if (!rows) return;
  io_memory_free(&rows->table);
  rt_free(rows->to);
  rt_free(rows);
}

const aq_message *aq_rows_message(const aq_rows *rows) {
  if (!rows) return lib_nothing();
  return lib_view((struct lib_message *)&rows->message);
}

void aq_rows_clear(aq_rows *rows) {
  if (rows) io_memory_clear(&rows->table);
}

size_t aq_rows_count(const aq_rows *rows) { return rows ? (size_t)rows->table.rows : 0; }

const struct io_memory *lib_rows_memory(const aq_rows *rows) { return rows ? &rows->table : NULL; }

int lib_rows_dataset(const aq_rows *rows, const struct io_schema *schema,
                     const struct io_data_options *options, struct io_dataset *data, struct rt_error *error) {
  struct io_data_options own = options ? *options : (struct io_data_options){0};
  *data = (struct io_dataset){0};
  if (!rows) return rt_fail(error, RT_USAGE, "there are no rows: they are NULL");
  own.memory = &rows->table;
  return io_dataset_read(NULL, schema, &own, data, error);
}

/* ---- by column ---- */

static int check_name(const char *name, struct rt_error *error) {
  return name && name[0]
             ? RT_OK
             : rt_fail(error, RT_USAGE, "there is no name of a column: it is %s", name ? "empty" : "NULL");
}

static int other_count(const struct io_memory *table, const char *name, size_t count,
                       struct rt_error *error) {
  struct rt_text there = {0};
  for (size_t c = 0; c < table->count; c++)
    if (table->column[c].there)
      rt_text_printf(&there, "%s`%.60s`", there.length ? ", " : "", table->column[c].name);
  int status = there.failed ? rt_no_memory(error)
                            : rt_fail(error, RT_USAGE, "%zu row%s of the column `%.60s`, where %s ha%s %lld",
                                      count, count == 1 ? "" : "s", name, there.data,
                                      io_memory_columns(table) == 1 ? "s" : "ve", (long long)table->rows);
  if (status == RT_USAGE) rt_hint(error, "aq_rows_clear forgets the rows and columns that are there");
  rt_text_free(&there);
  return status;
}

/* More rows than any array of a host has. */
static bool too_many(size_t count) { return count >= PTRDIFF_MAX / sizeof(double); }

static int no_room(aq_rows *rows, size_t count) {
  return rt_fail(lib_begin(&rows->message), RT_USAGE, "%zu rows are more than there can be", count);
}

/* Makes a column of `count` rows, with room for them. */
static int begin_column(aq_rows *rows, const char *name, enum io_given given, size_t count,
                        struct io_memory_column **column) {
  struct rt_error *error = lib_begin(&rows->message);
  struct io_memory *table = &rows->table;
  if (check_name(name, error) != RT_OK) return RT_USAGE;
  if (io_memory_columns(table) > 0 && count != (size_t)table->rows && !io_memory_find(table, name))
    return other_count(table, name, count, error);
  int status = io_memory_add(table, name, given, column, error);
  if (status == RT_USAGE) rt_hint(error, "aq_rows_clear forgets the rows and columns that are there");
  return status;
}

/* Ends it; the column is not there when it has failed. */
static int end_column(aq_rows *rows, struct io_memory_column *column, size_t count, int status) {
  column->there = status == RT_OK;
  if (status == RT_OK) rows->table.rows = (int64_t)count;
  return status == RT_NO_MEMORY ? rt_no_memory(&rows->message.error) : status;
}

static size_t length_of(const char *text, const size_t *length, size_t k) {
  return !text ? 0 : length ? length[k] : strlen(text);
}

/* Other libraries take -1 for "ends with a NUL byte"; no text is that long. */
static int check_length(size_t length, size_t k, const struct io_memory_column *column,
                        struct rt_error *error) {
  if (length <= PTRDIFF_MAX) return RT_OK;
  rt_fail(error, RT_USAGE, "length[%zu] is %zu: the column `%.60s` has no %s that long", k, length,
          column->name, io_given_words[column->given]);
  if (column->given == IO_GIVEN_TEXTS) rt_hint(error, "length is NULL where all texts end with a NUL byte");
  return RT_USAGE;
}

/* length NULL: they end with NUL bytes. */
static int add_each(aq_rows *rows, struct io_memory_column *column, const void *const *from,
                    const size_t *length, size_t count) {
  int status = io_memory_reserve(column, 0, (int64_t)count);
  for (size_t k = 0; k < count && status == RT_OK; k++) {
    const size_t n = length_of(from[k], length, k);
    status = check_length(n, k, column, &rows->message.error);
    if (status == RT_OK) status = io_memory_reserve(column, n, (int64_t)count);
    if (status == RT_OK) io_memory_put(column, (int64_t)k, from[k], n);
  }
  return end_column(rows, column, count, status);
}

static int check_given(aq_rows *rows, const void *from, enum io_given given, size_t count) {
  struct rt_error *error = lib_begin(&rows->message);
  if (too_many(count)) return no_room(rows, count);
  return from || !count ? RT_OK
                        : rt_fail(error, RT_USAGE, "there are no %s: they are NULL", io_given_words[given]);
}

int aq_rows_texts(aq_rows *rows, const char *name, const char *const *text, const size_t *length,
                  size_t count) {
  struct io_memory_column *column;
  if (!rows || check_given(rows, text, IO_GIVEN_TEXTS, count) != RT_OK) return AQ_USAGE;
  const int status = begin_column(rows, name, IO_GIVEN_TEXTS, count, &column);
  return status == RT_OK ? add_each(rows, column, (const void *const *)text, length, count) : status;
}

/* ---- files, and what they hold ---- */

int aq_rows_bytes(aq_rows *rows, const char *name, const void *const *file, const size_t *length,
                  size_t count) {
  struct io_memory_column *column;
  if (!rows || check_given(rows, file, IO_GIVEN_FILES, count) != RT_OK) return AQ_USAGE;
  if (!length && count)
    return rt_fail(&rows->message.error, RT_USAGE, "length is NULL: it says how many bytes each file has");
  const int status = begin_column(rows, name, IO_GIVEN_FILES, count, &column);
  return status == RT_OK ? add_each(rows, column, file, length, count) : status;
}

/* A row of a header and what it tells of. */
static int put_headed(struct io_memory_column *column, int64_t row, const void *header, size_t header_size,
                      const void *bytes, size_t length) {
  if (io_memory_reserve(column, header_size + length, row + 1) != RT_OK) return RT_NO_MEMORY;
  memcpy(column->bytes + column->length, header, header_size);
  column->length += header_size;
  io_memory_put(column, row, bytes, length);
  return RT_OK;
}

/* For checks, whose limits are lower. */
static int64_t at_most(size_t size) { return size < INT32_MAX ? (int64_t)size : INT32_MAX; }

static int put_image(struct io_memory_column *column, int64_t row, const void *given,
                     struct rt_error *error) {
  aq_image image;
  if (lib_take_options(LIB_IMAGE, given, &image, error) != RT_OK) return RT_USAGE;
  int status = io_image_check(at_most(image.height), at_most(image.width), error);
  if (status == RT_OK && (image.channels < 1 || image.channels > 4))
    status = rt_fail(error, RT_USAGE, "it has %zu channels, and may have 1 to 4", image.channels);
  if (status == RT_OK && !image.bytes) status = rt_fail(error, RT_USAGE, "its bytes are NULL");
  if (status != RT_OK) return RT_USAGE;
  const struct io_memory_image sizes = {(int32_t)image.height, (int32_t)image.width, (int32_t)image.channels};
  return put_headed(column, row, &sizes, sizeof sizes, image.bytes,
                    image.height * image.width * image.channels);
}

static int put_sound(struct io_memory_column *column, int64_t row, const void *given,
                     struct rt_error *error) {
  aq_sound sound;
  if (lib_take_options(LIB_SOUND, given, &sound, error) != RT_OK) return RT_USAGE;
  if (io_sound_check(at_most(sound.rate), at_most(sound.channels), error) != RT_OK) return RT_USAGE;
  if (sound.count > IO_SOUND_SAMPLES)
    return rt_fail(error, RT_USAGE, "it has more than %d million samples", IO_SOUND_SAMPLES / 1000000);
  if (!sound.sample) return rt_fail(error, RT_USAGE, "its samples are NULL");
  const struct io_memory_sound of = {(int32_t)sound.rate, (int32_t)sound.channels};
  return put_headed(column, row, &of, sizeof of, sound.sample,
                    sound.count * sound.channels * sizeof *sound.sample);
}

/* A column of images or sounds. one: "image". */
static int add_decoded(aq_rows *rows, struct io_memory_column *column, const void *const *from, size_t count,
                       const char *one) {
  const bool images = column->given == IO_GIVEN_IMAGES;
  struct rt_error *error = &rows->message.error, why = {0};
  int status = io_memory_reserve(column, 0, (int64_t)count);
  for (size_t k = 0; k < count && status == RT_OK; k++) {
    if (!from[k])
      io_memory_put(column, (int64_t)k, NULL, 0);
    else
      status = (images ? put_image : put_sound)(column, (int64_t)k, from[k], &why);
    if (status != RT_USAGE) continue;
    rt_fail(error, RT_USAGE, "%s[%zu] of the column `%.60s`: %s", one, k, column->name, why.text);
    if (why.hint[0]) rt_hint(error, "%s", why.hint);
  }
  return end_column(rows, column, count, status);
}

int aq_rows_images(aq_rows *rows, const char *name, const aq_image *const *image, size_t count) {
  struct io_memory_column *column;
  if (!rows || check_given(rows, image, IO_GIVEN_IMAGES, count) != RT_OK) return AQ_USAGE;
  const int status = begin_column(rows, name, IO_GIVEN_IMAGES, count, &column);
  return status == RT_OK ? add_decoded(rows, column, (const void *const *)image, count, "image") : status;
}

int aq_rows_sounds(aq_rows *rows, const char *name, const aq_sound *const *sound, size_t count) {
  struct io_memory_column *column;
  if (!rows || check_given(rows, sound, IO_GIVEN_SOUNDS, count) != RT_OK) return AQ_USAGE;
  const int status = begin_column(rows, name, IO_GIVEN_SOUNDS, count, &column);
  return status == RT_OK ? add_decoded(rows, column, (const void *const *)sound, count, "sound") : status;
}

/* ---- numbers and ids ---- */

/* A column of `count` rows, each of `size` bytes. */
static int add_fixed(struct io_memory_column *column, const void *from, size_t count, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) return RT_NO_MEMORY;
  int status = io_memory_reserve(column, bytes, (int64_t)count);
  for (size_t k = 0; k < count && status == RT_OK; k++)
    io_memory_put(column, (int64_t)k, (const char *)from + k * size, size);
  return status;
}

static int check_numbers(aq_rows *rows, const void *number, size_t count, size_t width) {
  struct rt_error *error = &rows->message.error;
  if (check_given(rows, number, IO_GIVEN_NUMBERS, count) != RT_OK) return RT_USAGE;
  if (width == 0) return rt_fail(error, RT_USAGE, "the width is 0, and a row has at least one number");
  return width > INT32_MAX ? rt_fail(error, RT_USAGE, "a width of %zu is too large", width) : RT_OK;
}

int aq_rows_numbers(aq_rows *rows, const char *name, const double *number, size_t count, size_t width) {
  if (!rows || check_numbers(rows, number, count, width) != RT_OK) return AQ_USAGE;
  struct io_memory_column *column;
  int status = begin_column(rows, name, IO_GIVEN_NUMBERS, count, &column);
  if (status != RT_OK) return status;
  return end_column(rows, column, count, add_fixed(column, number, count, width * sizeof *number));
}

int aq_rows_floats(aq_rows *rows, const char *name, const float *number, size_t count, size_t width) {
  if (!rows || check_numbers(rows, number, count, width) != RT_OK) return AQ_USAGE;
  struct io_memory_column *column;
  size_t bytes;
  int status = begin_column(rows, name, IO_GIVEN_NUMBERS, count, &column);
  if (status != RT_OK) return status;
  if (__builtin_mul_overflow(count, width * sizeof(double), &bytes))
    return end_column(rows, column, count, RT_NO_MEMORY);
  status = io_memory_reserve(column, bytes, (int64_t)count);
  for (size_t k = 0; k < count && status == RT_OK; k++) {
    for (size_t n = 0; n < width; n++) {
      const double wide = (double)number[k * width + n];
      memcpy(column->bytes + column->length + n * sizeof wide, &wide, sizeof wide);
    }
    column->length += width * sizeof(double);
    column->begin[k + 1] = column->length;
  }
  return end_column(rows, column, count, status);
}

/* Do rows begin where those before them end? */
static int check_begin(aq_rows *rows, const size_t *begin, size_t count, size_t size) {
  size_t bytes;
  for (size_t k = 0; k < count; k++)
    if (begin[k] > begin[k + 1] || __builtin_mul_overflow(begin[k + 1], size, &bytes))
      return rt_fail(&rows->message.error, RT_USAGE,
                     "begin[%zu] is %zu and begin[%zu] is %zu: no row ends there", k, begin[k], k + 1,
                     begin[k + 1]);
  return RT_OK;
}

/* A column of rows that have as many values, of `size` bytes, as they like. */
static int add_ragged(struct io_memory_column *column, const void *from, const size_t *begin, size_t count,
                      size_t size) {
  int status = io_memory_reserve(column, count ? (begin[count] - begin[0]) * size : 0, (int64_t)count);
  for (size_t k = 0; k < count && status == RT_OK; k++)
    io_memory_put(column, (int64_t)k, (const char *)from + begin[k] * size, (begin[k + 1] - begin[k]) * size);
  return status;
}

int aq_rows_vectors(aq_rows *rows, const char *name, const double *number, const size_t *begin, size_t count,
                    size_t width) {
  if (!rows || check_numbers(rows, number, count, width) != RT_OK) return AQ_USAGE;
  struct io_memory_column *column;
  const size_t size = width * sizeof *number;
  if (!begin) return rt_fail(&rows->message.error, RT_USAGE, "begin is NULL: it says where each row begins");
  if (check_begin(rows, begin, count, size) != RT_OK) return AQ_USAGE;
  int status = begin_column(rows, name, IO_GIVEN_NUMBERS, count, &column);
  if (status != RT_OK) return status;
  column->width = (int64_t)width;
  return end_column(rows, column, count, add_ragged(column, number, begin, count, size));
}

int aq_rows_ids(aq_rows *rows, const char *name, const int32_t *id, const size_t *begin, size_t count) {
  if (!rows) return AQ_USAGE;
  struct io_memory_column *column;
  struct rt_error *error = lib_begin(&rows->message);
  if (too_many(count)) return no_room(rows, count);
  const bool any = begin ? count && begin[count] > begin[0] : count;
  if (!id && any) return rt_fail(error, RT_USAGE, "there are no ids: they are NULL");
  if (begin && check_begin(rows, begin, count, sizeof *id) != RT_OK) return AQ_USAGE;
  int status = begin_column(rows, name, IO_GIVEN_IDS, count, &column);
  if (status != RT_OK) return status;
  return end_column(rows, column, count,
                    begin ? add_ragged(column, id, begin, count, sizeof *id)
                          : add_fixed(column, id, count, sizeof *id));
}

/* ---- by row ---- */

static int no_such_column(const struct io_memory *table, const char *name, struct rt_error *error) {
  rt_fail(error, RT_USAGE, "the rows before this one have no column `%.200s`", name);
  for (size_t c = 0; c < table->count; c++)
    if (table->column[c].there) rt_hint(error, "the first column is `%.200s`", table->column[c].name);
  return RT_USAGE;
}

static int check_twice(const char *const *name, size_t k, struct rt_error *error) {
  for (size_t before = 0; before < k; before++)
    if (!strcmp(name[before], name[k]))
      return rt_fail(error, RT_USAGE, "the row has the column `%.200s` twice", name[k]);
  return RT_OK;
}

/* Finds the column of each field; a row has each column once. They mostly stand in the order of the columns.
 */
static int find_columns(aq_rows *rows, const char *const *name, size_t count, struct rt_error *error) {
  struct io_memory *table = &rows->table;
  if (count != io_memory_columns(table))
    return rt_fail(error, RT_USAGE, "a row of %zu field%s, where the rows before it have %zu", count,
                   count == 1 ? "" : "s", io_memory_columns(table));
  for (size_t k = 0; k < count; k++) {
    struct io_memory_column *likely = k < table->count ? &table->column[k] : NULL;
    bool there = likely && likely->there && !strcmp(likely->name, name[k]);
    struct io_memory_column *column = rows->to[k] = there ? likely : io_memory_find(table, name[k]);
    if (!column) return no_such_column(table, name[k], error);
    if (!there && check_twice(name, k, error) != RT_OK) return RT_USAGE;
    if (column->given != IO_GIVEN_TEXTS)
      return rt_fail(error, RT_USAGE, "the column `%.200s` has %s, and a row adds texts", name[k],
                     io_given_words[column->given]);
  }
  return RT_OK;
}

/* The first row says which columns there are. */
static int make_columns(aq_rows *rows, const char *const *name, size_t count, struct rt_error *error) {
  struct io_memory_column *column;
  int status = RT_OK;
  for (size_t k = 0; k < count && status == RT_OK; k++)
    status = io_memory_add(&rows->table, name[k], IO_GIVEN_TEXTS, &column, error);
  if (status != RT_OK) io_memory_clear(&rows->table);
  return status;
}

static int check_row(aq_rows *rows, const char *const *name, const char *const *field, size_t count,
                     struct rt_error *error) {
  if (!name || !field || count == 0)
    return rt_fail(error, RT_USAGE, "there is no row: no fields, or no names of their columns");
  if (count > INT32_MAX) return rt_fail(error, RT_USAGE, "%zu columns are more than there can be", count);
  for (size_t k = 0; k < count; k++) {
    if (check_name(name[k], error) != RT_OK) return RT_USAGE;
  }
  return IO_GROW(rows->to, rows->to_capacity, count) == RT_OK ? RT_OK : rt_no_memory(error);
}

int aq_rows_add(aq_rows *rows, const char *const *name, const char *const *field, const size_t *length,
                size_t count) {
  if (!rows) return AQ_USAGE;
  struct rt_error *error = lib_begin(&rows->message);
  struct io_memory *table = &rows->table;
  int status = check_row(rows, name, field, count, error);
  const bool first = io_memory_columns(table) == 0;
  if (status == RT_OK && first) status = make_columns(rows, name, count, error);
  if (status == RT_OK) status = find_columns(rows, name, count, error);
  for (size_t k = 0; k < count && status == RT_OK && length; k++)
    status = check_length(length_of(field[k], length, k), k, rows->to[k], error);
  for (size_t k = 0; k < count && status == RT_OK; k++)
    if (io_memory_reserve(rows->to[k], length_of(field[k], length, k), table->rows + 1) != RT_OK)
      status = rt_no_memory(error);
  if (status != RT_OK) {
    if (first) io_memory_clear(table);
    return status;
  }
  for (size_t k = 0; k < count; k++)
    io_memory_put(rows->to[k], table->rows, field[k], length_of(field[k], length, k));
  table->rows++;
  return RT_OK;
}
