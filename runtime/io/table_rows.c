/* table_rows.c: the rows of a delimited file, one after another, split into fields. */
#include "runtime/io/table_internal.h"

#include <string.h>

#include "runtime/io/grow.h"
#include "runtime/io/utf8.h"

/* Reads more behind what is in buffer; sets ended at the end of the file. */
int io_table_more(struct io_table *t, struct rt_error *error) {
  if (t->begin > 0) {
    memmove(t->buffer, t->buffer + t->begin, t->end - t->begin);
    t->end -= t->begin;
    t->begin = 0;
  }
  if (IO_GROW(t->buffer, t->buffer_capacity, t->end + TABLE_CHUNK) != RT_OK) return rt_no_memory(error);
  size_t got;
  int status = io_reader_read(t->reader, t->buffer + t->end, TABLE_CHUNK, &got, error);
  if (status != RT_OK) return status;
  t->end += got;
  t->ended = got == 0;
  return RT_OK;
}

enum io_csv_state io_csv_step(enum io_csv_state state, char c, char separator) {
  if (state == CSV_QUOTED) return c == '"' ? CSV_CLOSED : CSV_QUOTED;
  if (c == '"' && state != CSV_PLAIN) return CSV_QUOTED; /* at the start, or the second of a doubled quote */
  const bool separates = separator == IO_UNKNOWN ? c == ',' || c == ';' : c == separator;
  return separates ? CSV_START : CSV_PLAIN;
}

/* Goes on scanning a row from *at on; true when its newline was found, at *at. Within quotes a newline is
 * data. The state between scans is kept, so that a long row is scanned once. */
static bool scan(struct io_table *t, size_t *at) {
  const char *row = t->buffer + t->begin;
  size_t length = t->end - t->begin;
  if (t->format != IO_FORMAT_CSV) {
    const char *newline = *at < length ? memchr(row + *at, '\n', length - *at) : NULL;
    *at = newline ? (size_t)(newline - row) : length;
    return newline != NULL;
  }
  for (; *at < length; ++*at) {
    if (row[*at] == '\n' && t->state != CSV_QUOTED) return true;
    t->state = io_csv_step(t->state, row[*at], t->delimiter);
  }
  return false;
}

/* Does a carriage return stand among the first length bytes of the row, outside of quotes? The one of a CRLF
 * does not count. */
static bool has_old_ends(const struct io_table *t, size_t length) {
  const char *row = t->buffer + t->begin;
  enum io_csv_state state = CSV_START;
  if (length < 2 || !memchr(row, '\r', length - 1)) return false;
  for (size_t k = 0; k + 1 < length && t->format == IO_FORMAT_CSV; k++) {
    if (row[k] == '\r' && state != CSV_QUOTED) return true;
    state = io_csv_step(state, row[k], t->delimiter);
  }
  return t->format != IO_FORMAT_CSV;
}

/* If the first row is the whole file and has carriage returns in it, these were its line ends, as on old
 * Macs. */
static int refuse_old_ends(struct io_table *t, size_t total, struct rt_error *error) {
  while (!t->ended && t->end - t->begin <= total) {
    int status = io_table_more(t, error);
    if (status != RT_OK) {
      t->broken = true;
      return status;
    }
  }
  if (t->end - t->begin > total) return RT_OK;
  t->broken = true;
  io_table_fail(t, 1, 1, error, "the lines end with carriage returns alone, as on old Macs");
  rt_hint(error, "make them newlines: tr '\\r' '\\n' < FILE");
  return RT_BAD_DATA;
}

int io_table_find(struct io_table *t, size_t *length, size_t *total, bool *found, struct rt_error *error) {
  size_t at = 0;
  t->state = CSV_START;
  while (!scan(t, &at) && !t->ended) {
    if (at > IO_MAX_ROW) {
      t->broken = true;
      return io_table_fail(t, t->line, 1, error, "this row is longer than %d MiB%s", IO_MAX_ROW >> 20,
                           t->state == CSV_QUOTED ? "; is there a quote that never closes?" : "");
    }
    int status = io_table_more(t, error);
    if (status != RT_OK) {
      t->broken = true;
      return status;
    }
  }
  bool newline = at < t->end - t->begin;
  if (t->line == 1 && has_old_ends(t, at)) {
    int status = refuse_old_ends(t, at + newline, error);
    if (status != RT_OK) return status;
  }
  if (!newline && t->state == CSV_QUOTED) {
    t->broken = true;
    return io_table_fail(t, t->line, 1, error, "a quote that opens in this row never closes");
  }
  *found = newline || at > 0;
  *total = at + newline;
  *length = at > 0 && t->buffer[t->begin + at - 1] == '\r' ? at - 1 : at;
  return RT_OK;
}

static int64_t count_newlines(const char *text, size_t length) {
  int64_t n = 0;
  for (const char *end = text + length; (text = memchr(text, '\n', (size_t)(end - text))); text++) n++;
  return n;
}

/* The number of the field that a byte of a row is in, from 1. */
static size_t field_at(const struct io_table *t, const char *row, size_t byte) {
  size_t field = 1;
  enum io_csv_state state = CSV_START;
  if (t->keyed) return 0;
  for (size_t i = 0; i < byte && t->format != IO_FORMAT_LINES; i++) {
    field += row[i] == t->delimiter && (t->format != IO_FORMAT_CSV || state != CSV_QUOTED);
    state = io_csv_step(state, row[i], t->delimiter);
  }
  return field;
}

static int check_bytes(struct io_table *t, const char *row, size_t length, int64_t line,
                       struct rt_error *error) {
  if (line == 1 && io_utf16_looks(row, length)) {
    t->broken = true;
    return io_utf16_refuse(io_reader_name(t->reader), error);
  }
  size_t bad = io_utf8_check(row, length);
  const char *nul = memchr(row, '\0', bad);
  if (nul)
    return io_table_fail(t, line, field_at(t, row, (size_t)(nul - row)), error,
                         "a NUL byte (byte %zu of the row), where text should be", (size_t)(nul - row) + 1);
  if (bad == length) return RT_OK;
  io_table_fail(t, line, field_at(t, row, bad), error, "byte 0x%02x (byte %zu of the row) is not valid UTF-8",
                (unsigned)(unsigned char)row[bad], bad + 1);
  rt_hint(error, "convert it: iconv -f WINDOWS-1252 -t UTF-8 FILE");
  return RT_BAD_DATA;
}

static int add_field(struct io_table *t, const char *text, size_t length, struct rt_error *error) {
  if (IO_GROW(t->fields, t->fields_capacity, t->field_count + 1) != RT_OK) return rt_no_memory(error);
  t->fields[t->field_count++] = (struct io_field){text, length};
  return RT_OK;
}

/* A field without quotes. A carriage return in it is a stray character, or the line end of an old Mac: then
 * many lines would be merged. */
static int plain_field(struct io_table *t, const char *row, size_t at, size_t length, int64_t line,
                       struct rt_error *error) {
  const char *found = memchr(row + at, '\r', length);
  if (!found) return add_field(t, row + at, length, error);
  io_table_fail(t, line, t->field_count + 1, error,
                "a carriage return (byte %zu of the row) in the middle of a line", (size_t)(found - row) + 1);
  rt_hint(error, "tr -d '\\r' < FILE takes such characters out, tr '\\r' '\\n' < FILE ends lines there");
  return RT_BAD_DATA;
}

/* Takes one quoted field that begins at row[*at], without its quotes, in place. *at is left at the delimiter
 * or the end. */
static int quoted_field(struct io_table *t, char *row, size_t length, size_t *at, int64_t line,
                        struct rt_error *error) {
  size_t from = *at + 1, to = from;
  const char *field = row + from;
  for (;; from++) {
    if (from >= length) /* the row's newline stands behind a closing quote, so there is one */
      return io_table_fail(t, line, t->field_count + 1, error, "a quote that opens here never closes");
    if (row[from] == '"' && (++from == length || row[from] != '"')) break;
    row[to++] = row[from];
  }
  if (from < length && row[from] != t->delimiter)
    return io_table_fail(t, line, t->field_count + 1, error,
                         "text behind a closing quote; a quote within a quoted field is written \"\"");
  *at = from;
  return add_field(t, field, (size_t)(row + to - field), error);
}

static int split(struct io_table *t, char *row, size_t length, int64_t line, struct rt_error *error) {
  t->field_count = 0;
  if (t->keyed) return io_table_line(t, row, length, line, error);
  if (t->format == IO_FORMAT_LINES) return plain_field(t, row, 0, length, line, error);
  for (size_t at = 0;; at++) {
    int status;
    if (t->format == IO_FORMAT_CSV && at < length && row[at] == '"')
      status = quoted_field(t, row, length, &at, line, error);
    else {
      char *end = memchr(row + at, t->delimiter, length - at);
      size_t n = end ? (size_t)(end - (row + at)) : length - at;
      status = plain_field(t, row, at, n, line, error);
      at += n;
    }
    if (status != RT_OK || at >= length) return status;
  }
}

int io_table_read(struct io_table *t, int64_t *line, struct rt_error *error) {
  size_t length = 0, total = 0;
  bool found = false;
  *line = 0;
  if (t->broken) return rt_fail_in(error, RT_BAD_DATA, io_reader_name(t->reader), "cannot be read further");
  int status = io_table_find(t, &length, &total, &found, error);
  if (status != RT_OK || !found) return status;
  char *row = t->buffer + t->begin;
  int64_t here = t->line;
  t->line += count_newlines(row, total);
  t->begin += total;
  t->kept.length = 0;
  if (t->keeps) rt_text_add(&t->kept, row, length);
  if (t->kept.failed) return rt_no_memory(error);
  status = check_bytes(t, row, length, here, error);
  if (status == RT_OK) status = split(t, row, length, here, error);
  if (status == RT_OK) *line = here;
  return status;
}

bool io_table_waits(const struct io_table *table) {
  enum io_csv_state state = CSV_START;
  if (table->memory || table->folder || table->arrays || table->first_line > 0 || table->first_bad.code
      || table->ended || table->broken)
    return false;
  for (size_t at = table->begin; at < table->end; at++) {
    if (table->buffer[at] == '\n' && (table->format != IO_FORMAT_CSV || state != CSV_QUOTED)) return false;
    state = io_csv_step(state, table->buffer[at], table->delimiter);
  }
  return true;
}
