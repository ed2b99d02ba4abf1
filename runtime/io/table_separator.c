/* table_separator.c: what separates the fields of a CSV file: a comma, or a semicolon, as where commas are
 * decimal. */
#include <string.h>
#include <strings.h>

#include "runtime/io/table_internal.h"

/* A row that is walked field by field, as one separator gives them. */
struct parts {
  struct io_field row;
  size_t at;
  char separator;
  bool spoilt; /* there was text behind a closing quote */
};

/* A field without the quotes around it; false behind the last one. */
static bool next_part(struct parts *p, struct io_field *part) {
  enum io_csv_state state = CSV_START;
  const char *row = p->row.text;
  size_t from = p->at;
  if (from > p->row.length) return false;
  for (; p->at < p->row.length && (state == CSV_QUOTED || row[p->at] != p->separator); p->at++) {
    const enum io_csv_state before = state;
    state = io_csv_step(state, row[p->at], p->separator);
    p->spoilt |= before == CSV_CLOSED && state == CSV_PLAIN;
  }
  *part = (struct io_field){row + from, p->at++ - from};
  if (part->length > 1 && *part->text == '"' && part->text[part->length - 1] == '"')
    *part = (struct io_field){part->text + 1, part->length - 2};
  return true;
}

static bool has_part(struct io_field row, char separator, const char *name) {
  struct parts p = {.row = row, .separator = separator};
  struct io_field part;
  while (next_part(&p, &part))
    if (strlen(name) == part.length && !memcmp(part.text, name, part.length)) return true;
  return false;
}

bool io_table_names_by(const struct io_table *t, struct io_field row, char separator) {
  int wanted = 0;
  for (int c = 0; c < t->count; c++) {
    if (!t->required[c] || t->numbers[c]) continue;
    if (!has_part(row, separator, t->names[c])) return false;
    wanted++;
  }
  return wanted > 0;
}

enum fit { FITS_NOT, FITS_BY_COUNT, FITS_BY_NAME };

/* Would a first row that this separates be a header, or a row, of the declared columns? */
static enum fit fit(const struct io_table *t, struct io_field row, char separator) {
  struct parts p = {.row = row, .separator = separator};
  struct io_field part;
  const int count = t->count - t->by_name;
  int parts = 0, required = 0, last = 0;
  if (t->header_option != IO_HEADER_NO && io_table_names_by(t, row, separator)) return FITS_BY_NAME;
  while (next_part(&p, &part)) parts++;
  for (int c = 0; c < count; c++) {
    required += t->required[c];
    if (t->required[c] && t->numbers[c] > last) last = t->numbers[c];
  }
  const bool fits = last ? parts >= last : parts == count || parts == required;
  return fits && !p.spoilt ? FITS_BY_COUNT : FITS_NOT;
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* What stands between the fields of a row, or in them, outside of quotes. */
struct marks {
  size_t semicolons, decimal, commas; /* decimal: commas between two digits, and not among commas */
};

static struct marks marks_of(struct io_field row) {
  enum io_csv_state state = CSV_START;
  struct marks marks = {0};
  for (size_t k = 0; k < row.length; k++) {
    const char c = row.text[k];
    const bool decimal =
        k > 0 && k + 1 < row.length && is_digit(row.text[k - 1]) && is_digit(row.text[k + 1]);
    if (state != CSV_QUOTED) {
      marks.semicolons += c == ';';
      marks.decimal += c == ',' && decimal;
      marks.commas += c == ',' && !decimal;
    }
    state = io_csv_step(state, c, IO_UNKNOWN);
  }
  return marks;
}

/* Where both would do, semicolons separate what has decimal commas; else they may stand in a text. */
static bool takes_semicolons(const struct io_table *t, struct io_field row) {
  const struct marks marks = marks_of(row);
  if (marks.semicolons == 0) return false;
  const enum fit commas = t->count ? fit(t, row, ',') : FITS_NOT,
                 semicolons = t->count ? fit(t, row, ';') : FITS_NOT;
  if (commas != semicolons) return semicolons > commas;
  return marks.commas == 0 && (commas == FITS_NOT || marks.decimal > 0);
}

/* Excel's first line "sep=;" */
static bool says(struct io_field row) {
  return row.length == 5 && !strncasecmp(row.text, "sep=", 4) && row.text[4] && strchr(",;|\t", row.text[4]);
}

int io_table_separate(struct io_table *t, struct rt_error *error) {
  struct rt_error ignored = {0};
  size_t length = 0, total = 0;
  bool found = false;
  t->delimiter = IO_UNKNOWN;
  const int status = io_table_find(t, &length, &total, &found, &ignored);
  const struct io_field row = {t->buffer + t->begin, length};
  t->delimiter = ',';
  if (status == RT_BAD_DATA) { /* which may be a quote behind a semicolon that separates nothing */
    t->broken = false;
    return RT_OK;
  }
  if (status != RT_OK && error) *error = ignored;
  if (status != RT_OK || !found) return status;
  if (says(row)) {
    t->delimiter = row.text[4];
    t->begin += total;
    t->line++;
  } else
    t->delimiter = takes_semicolons(t, row) ? ';' : ',';
  t->decimals.commas = t->delimiter == ';';
  return RT_OK;
}
