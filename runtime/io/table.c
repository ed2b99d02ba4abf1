/* table.c: delimited files: opening one, and its rows in the order of the columns. table_rows.c reads and
 * splits them; table_header.c finds out which field is which column. */
#include "runtime/io/table.h"

#include <string.h>
#include <strings.h>

#include "runtime/io/idx.h"
#include "runtime/io/table_internal.h"
#include "runtime/limits.h"

/* ---- formats ---- */

static bool ends_with(const char *text, size_t length, const char *end) {
  size_t n = strlen(end);
  return length >= n && strncasecmp(text + length - n, end, n) == 0;
}

enum io_format io_format_of(const char *path) {
  size_t length = strlen(path);
  if (ends_with(path, length, ".gz")) length -= 3;
  return ends_with(path, length, ".csv")      ? IO_FORMAT_CSV
         : ends_with(path, length, ".txt")    ? IO_FORMAT_LINES
         : ends_with(path, length, ".jsonl")  ? IO_FORMAT_JSONL
         : ends_with(path, length, ".ndjson") ? IO_FORMAT_JSONL
                                              : IO_FORMAT_TSV;
}

/* ---- opening ---- */

/* A byte order mark says nothing in UTF-8 and belongs to no field. It is skipped before any row is split. */
static int skip_mark(struct io_table *t, struct rt_error *error) {
  int status = RT_OK;
  while (status == RT_OK && t->end < 3 && !t->ended && (t->end == 0 || (unsigned char)t->buffer[0] == 0xEF))
    status = io_table_more(t, error);
  if (status == RT_OK && t->end >= 3 && memcmp(t->buffer, "\xEF\xBB\xBF", 3) == 0) t->begin = 3;
  return status;
}

/* Files that are no text, by the bytes they begin with, or have behind the first ones. */
static const struct other_file {
  const char *bytes, *what, *hint;
  size_t at;
} other_files[] = {
    {"PK\3\4", "a zip archive, as spreadsheets (.xlsx, .ods) are, and no text",
     "save the sheet as CSV, in UTF-8, and give that file", 0},
    {"\xFD\x37zXZ", "compressed by xz, and files are read plain or as gzip", "unpack it: xz -dk FILE", 0},
    {"\x28\xB5\x2F\xFD", "compressed by zstd, and files are read plain or as gzip", "unpack it: zstd -d FILE",
     0},
    {"1AY&SY", "compressed by bzip2, and files are read plain or as gzip", "unpack it: bzip2 -dk FILE", 4},
    {"PAR1", "a Parquet file, and no text",
     "write it as CSV: python3 -c \"import pandas; pandas.read_parquet('FILE').to_csv('FILE.csv', "
     "index=False)\"",
     0},
    {"ARROW1", "an Arrow (Feather) file, and no text",
     "write it as CSV: python3 -c \"import pandas; pandas.read_feather('FILE').to_csv('FILE.csv', "
     "index=False)\"",
     0},
    {"SQLite format 3", "a database of SQLite, and no text",
     "write a table as CSV: sqlite3 -csv -header FILE 'select * from TABLE' > FILE.csv", 0},
    {"\x93NUMPY", "an array of NumPy, and no text",
     "write it as text: python3 -c \"import numpy; numpy.savetxt('FILE.csv', numpy.load('FILE'), "
     "delimiter=',')\"",
     0}};

static int refuse_others(const struct io_table *t, struct rt_error *error) {
  const size_t length = t->end - t->begin;
  for (size_t k = 0; k < RT_COUNT(other_files); k++) {
    const struct other_file *other = &other_files[k];
    const size_t size = strlen(other->bytes);
    if (length < other->at + size || memcmp(t->buffer + t->begin + other->at, other->bytes, size) != 0)
      continue;
    rt_fail_in(error, RT_BAD_DATA, io_reader_name(t->reader), "is %s", other->what);
    rt_hint(error, "%s", other->hint);
    return RT_BAD_DATA;
  }
  return RT_OK;
}

/* Of a file of that name, `[` and an object would pass for a text, or for a bad line. */
static int refuse_json_array(const struct io_table *t, const char *path, enum io_format asked,
                             struct rt_error *error) {
  static const char spaces[] = " \t\r\n";
  const char *at = t->buffer + t->begin, *end = t->buffer + t->end;
  const enum io_format named = path ? io_format_of(path) : IO_FORMAT_JSONL;
  const bool is_text = asked == IO_FORMAT_TSV && path && !ends_with(path, strlen(path), ".json");
  if (t->begin == t->end || *at++ != '[' || is_text) return RT_OK;
  if (asked == IO_FORMAT_FASTTEXT || (named != IO_FORMAT_JSONL && named != IO_FORMAT_TSV)) return RT_OK;
  while (at < end && *at && strchr(spaces, *at)) at++;
  if (at == end || *at++ != '{') return RT_OK;
  while (at < end && *at && strchr(spaces, *at)) at++;
  if (at == end || *at != '"') return RT_OK;
  rt_fail_in(error, RT_BAD_DATA, io_reader_name(t->reader),
             "is a JSON array, and rows are read from JSON lines: an object in each");
  rt_hint(error, "write it as lines: jq -c '.[]' FILE > FILE.jsonl");
  return RT_BAD_DATA;
}

static int copy_options(struct io_table *t, const struct io_table_options *options, const char *path,
                        struct rt_error *error) {
  size_t count = (size_t)options->count;
  const bool said = options->format != IO_FORMAT_AUTO || options->source || options->memory,
             folder = !said && io_is_folder(path), arrays = !said && !folder && io_idx_is_named(path);
  t->format = folder                              ? IO_FORMAT_FOLDER
              : arrays                            ? IO_FORMAT_IDX
              : options->memory                   ? IO_FORMAT_TSV
              : options->format == IO_FORMAT_AUTO ? io_format_of(path)
                                                  : options->format;
  t->delimiter = '\t'; /* a CSV file tells its own */
  t->line = 1;
  t->header_option = options->header;
  t->keyed = t->format == IO_FORMAT_JSONL || t->format == IO_FORMAT_FASTTEXT || folder || arrays;
  t->text_field = options->text_field;
  t->files_field = options->files_field;
  t->label_field = options->label_field;
  t->several_labels = options->several_labels;
  t->memory = options->memory;
  t->stream = options->source || (!options->memory && strcmp(path, "-") == 0);
  t->count = options->count;
  t->by_name = options->by_name;
  t->keeps = options->keeps;
  t->names = rt_zalloc(count, sizeof *t->names);
  t->required = rt_zalloc(count, sizeof *t->required);
  t->field_of = rt_zalloc(count, sizeof *t->field_of);
  t->row = rt_zalloc(count, sizeof *t->row);
  t->numbers = rt_zalloc(count, sizeof *t->numbers);
  t->joins = rt_zalloc(count, 1);
  if (!t->names || !t->required || !t->field_of || !t->row || !t->joins || !t->numbers)
    return rt_no_memory(error);
  for (int c = 0; c < options->count; c++) {
    t->required[c] = options->required ? options->required[c] : true;
    t->numbers[c] = options->numbers ? options->numbers[c] : 0;
    t->joins[c] = options->joins ? options->joins[c] : '\0';
    if (t->keyed) t->field_of[c] = c + 1;
    t->names[c] = rt_strdup(options->names[c]);
    if (!t->names[c]) return rt_no_memory(error);
  }
  return RT_OK;
}

/* Where no name says what the rows are, JSON lines would pass for one long text each. */
static bool looks_like_json(const struct io_table *t) {
  if (t->format != IO_FORMAT_TSV || t->field_count != 1) return false;
  const char *text = t->fields[0].text;
  size_t length = t->fields[0].length, at = 1;
  if (length < 2 || text[0] != '{' || text[length - 1] != '}') return false;
  while (text[at] == ' ') at++;
  return text[at] == '"' && memmem(text, length, "\":", 2);
}

static int open_table(struct io_table *t, const char *path, const struct io_table_options *options,
                      struct rt_error *error) {
  int64_t line;
  int status = copy_options(t, options, path, error);
  if (status == RT_OK && t->memory) return io_table_match_memory(t, error);
  if (status == RT_OK && t->format == IO_FORMAT_FOLDER) {
    status = io_folder_open(&t->folder, path, options->files_field >= 0 ? options->files : NULL, error);
    return status == RT_OK ? io_folder_left_out(t->folder, &t->doubt, error) : status;
  }
  if (status == RT_OK && t->format == IO_FORMAT_IDX)
    return io_arrays_open(&t->arrays, path, t->label_field >= 0 && t->required[t->label_field], error);
  if (status == RT_OK)
    status = options->source ? io_reader_open_source(&t->reader, options->source, error)
                             : io_reader_open(&t->reader, path, error);
  if (status == RT_OK) status = skip_mark(t, error);
  if (status == RT_OK) status = refuse_others(t, error);
  if (status == RT_OK) status = refuse_json_array(t, options->source ? NULL : path, options->format, error);
  if (status == RT_OK && t->format == IO_FORMAT_CSV) status = io_table_separate(t, error);
  if (status != RT_OK) return status;
  struct rt_error reason = {0};
  if (t->keyed && t->header_option == IO_HEADER_YES)
    return rt_fail_in(error, RT_USAGE, io_reader_name(t->reader), "%s have no header line",
                      t->format == IO_FORMAT_JSONL ? "JSON lines" : "fastText's lines");
  if (t->keyed) return RT_OK;
  status = io_table_read(t, &line, &reason);
  if (status == RT_OK && line && options->format == IO_FORMAT_AUTO && looks_like_json(t)) {
    io_table_fail(t, line, 0, error, "the line is a JSON object, and rows are read as fields between tabs");
    rt_hint(error,
            "the option format = jsonl reads JSON lines; the option format = tsv says that these are texts");
    return RT_BAD_DATA;
  }
  if (status == RT_OK) return line == 0 ? RT_OK : io_table_match_first(t, line, error);
  bool a_row = status == RT_BAD_DATA && !t->broken && t->header_option != IO_HEADER_YES;
  if (a_row)
    t->first_bad = reason;
  else if (error)
    *error = reason;
  return a_row ? RT_OK : status;
}

int io_table_open(struct io_table **table, const char *path, const struct io_table_options *options,
                  struct rt_error *error) {
  *table = NULL;
  struct io_table *t = rt_zalloc(1, sizeof *t);
  if (!t) return rt_no_memory(error);
  int status = open_table(t, path, options, error);
  if (status != RT_OK) {
    io_table_close(t);
    return status;
  }
  *table = t;
  return RT_OK;
}

/* ---- rows ---- */

/* A row must have as many fields as the first one; the message points at the first field that is missing or
 * too many. */
static int check_count(struct io_table *t, int64_t line, struct rt_error *error) {
  size_t want = t->file_columns, have = t->field_count;
  if (have == want) return RT_OK;
  if (have == 1 && t->fields[0].length == 0)
    return io_table_fail(t, line, 1, error, "an empty line, where %zu fields should be", want);
  return io_table_fail(t, line, have < want ? have + 1 : want + 1, error, "%zu field%s, where %s %zu", have,
                       have == 1 ? "" : "s", t->header ? "the header names" : "the first row has", want);
}

/* The next row that is not given out yet, split and matched with the columns. */
static int next_fields(struct io_table *t, int64_t *line, struct rt_error *error) {
  *line = t->first_line;
  t->first_line = 0;
  if (*line > 0) return RT_OK; /* the first line was no header: it is still there, split */
  if (t->first_bad.code) {
    int status = t->first_bad.code;
    if (error && !error->code) *error = t->first_bad;
    rt_error_clear(&t->first_bad);
    return status;
  }
  if (t->memory) return io_table_memory_row(t, line, error);
  int status = t->folder   ? io_table_file(t, line, error)
               : t->arrays ? io_table_image(t, line, error)
                           : io_table_read(t, line, error);
  if (status != RT_OK || *line == 0 || t->keyed) return status;
  return t->matched ? check_count(t, *line, error) : io_table_match_row(t, *line, error);
}

int io_table_next(struct io_table *table, struct io_row *row, struct rt_error *error) {
  int64_t line;
  *row = (struct io_row){0};
  int status = rt_go_on(1, error);
  if (status == RT_OK) status = next_fields(table, &line, error);
  if (status != RT_OK || line == 0) return status;
  if (table->count == 0) {
    *row = (struct io_row){line, table->fields, table->field_count};
    return RT_OK;
  }
  for (int c = 0; c < table->count; c++) {
    int field = table->field_of[c];
    table->row[c] = field > 0 ? table->fields[field - 1] : (struct io_field){0};
  }
  *row = (struct io_row){line, table->row, (size_t)table->count};
  return RT_OK;
}

struct io_field io_table_text(const struct io_table *table) {
  return (struct io_field){table->kept.data ? table->kept.data : "", table->kept.length};
}
bool io_table_broken(const struct io_table *table) { return table->broken; }
bool io_table_has_header(const struct io_table *table) { return table->header; }
bool io_table_has_semicolons(const struct io_table *table) { return table->delimiter == ';'; }
size_t io_table_by_position(const struct io_table *table) {
  return table->by_position ? table->file_columns : 0;
}
const char *io_table_doubt(const struct io_table *table) { return table->doubt; }
int io_table_field_number(const struct io_table *table, int column) {
  return table->keyed ? 0 : table->field_of[column];
}
int64_t io_table_value_byte(const struct io_table *table, int64_t line, int column) {
  const bool there = table->format == IO_FORMAT_JSONL && table->object_line == line;
  return there && table->fields[column].text ? table->fields[column].text - table->object + 1 : 0;
}
struct io_decimals *io_table_decimals(struct io_table *table) {
  return table ? &table->decimals : NULL;
}
bool io_table_is_keyed(const struct io_table *table) { return table->keyed; }
bool io_table_in_memory(const struct io_table *table) { return table && table->memory; }
bool io_table_is_jsonl(const struct io_table *table) { return table->format == IO_FORMAT_JSONL; }

void io_table_close(struct io_table *table) {
  if (!table) return;
  for (int c = 0; table->names && c < table->count; c++) rt_free(table->names[c]);
  rt_free(table->names);
  rt_free(table->required);
  rt_free(table->field_of);
  rt_free(table->row);
  rt_free(table->doubt);
  rt_free(table->fields);
  rt_free(table->joins);
  rt_free(table->numbers);
  rt_text_free(&table->labels);
  rt_text_free(&table->kept);
  rt_free(table->buffer);
  io_reader_close(table->reader);
  io_folder_close(table->folder);
  io_arrays_close(table->arrays);
  rt_free(table);
}
