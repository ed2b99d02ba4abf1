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

static bool has_part(struct io_field row, char separator, const char *name, bool any_case) {
  struct parts p = {.row = row, .separator = separator};
  struct io_field part;
  while (next_part(&p, &part))
    if (strlen(name) == part.length
        && (any_case ? !strncasecmp(part.text, name, part.length) : !memcmp(part.text, name, part.length)))
      return true;
  return false;
}

static bool names_all(const struct io_table *t, struct io_field row, char separator, bool any_case) {
  int wanted = 0;
  for (int c = 0; c < t->count; c++) {
    if (!t->required[c] || t->numbers[c]) continue;
    if (!has_part(row, separator, t->names[c], any_case)) return false;
    wanted++;
  }
  return wanted > 0;
}

bool io_table_names_by(const struct io_table *t, struct io_field row, char separator) {
  return names_all(t, row, separator, false);
}

enum fit { FITS_NOT, FITS_INPUTS, FITS_ALL };

/* Would these fields, by their count, be a row of the columns that are needed, or of all? */
static enum fit fit(const struct io_table *t, int parts) {
  const int count = t->count - t->by_name;
  int required = 0, last = 0, last_required = 0;
  for (int c = 0; c < count; c++) {
    required += t->required[c];
    if (t->numbers[c] > last) last = t->numbers[c];
    if (t->required[c] && t->numbers[c] > last_required) last_required = t->numbers[c];
  }
  if (last_required) return parts >= last ? FITS_ALL : parts >= last_required ? FITS_INPUTS : FITS_NOT;
  return parts == count ? FITS_ALL : parts == required ? FITS_INPUTS : FITS_NOT;
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* What stands between the fields of a row, or in them, outside of quotes. */
struct marks {
  size_t semicolons, prose; /* prose: those of them before a space */
  size_t decimal, commas;   /* decimal: commas between two digits, and not among commas */
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
      marks.prose += c == ';' && k + 1 < row.length && row.text[k + 1] == ' ';
      marks.decimal += c == ',' && decimal;
      marks.commas += c == ',' && !decimal;
    }
    state = io_csv_step(state, c, IO_UNKNOWN);
  }
  return marks;
}

enum { MOST_ROWS = 20 }; /* that are looked at */

/* The first rows of a file as one separator gives them. */
struct tally {
  int rows, fits; /* fits: as many of them are rows of the declared columns, and have as many fields as the
                     first that is */
  enum fit fit;   /* of the first that is */
  bool data;      /* in none of them is a semicolon before a space, or a comma that is not decimal */
};

/* Takes the next row of what was read. False: there is none that is whole. */
static bool next_row(struct io_field *rest, bool ended, char separator, struct io_field *row) {
  enum io_csv_state state = CSV_START;
  size_t at = 0;
  for (; at < rest->length && (state == CSV_QUOTED || rest->text[at] != '\n'); at++)
    state = io_csv_step(state, rest->text[at], separator);
  if (at == rest->length && (!ended || at == 0)) return false;
  *row = (struct io_field){rest->text, at > 0 && rest->text[at - 1] == '\r' ? at - 1 : at};
  at += at < rest->length;
  *rest = (struct io_field){rest->text + at, rest->length - at};
  return true;
}

static struct tally tally(const struct io_table *t, struct io_field rest, bool ended, char separator) {
  struct tally tally = {.data = true};
  struct io_field row, part;
  int parts = 0;
  while (tally.rows < MOST_ROWS && next_row(&rest, ended, separator, &row)) {
    struct parts p = {.row = row, .separator = separator};
    const struct marks marks = marks_of(row);
    int here = 0;
    while (next_part(&p, &part)) here++;
    if (tally.fits == 0 && !p.spoilt) {
      parts = here;
      tally.fit = fit(t, here);
    }
    tally.fits += tally.fit != FITS_NOT && here == parts && !p.spoilt;
    tally.data &= marks.commas == 0 && marks.prose == 0;
    tally.rows++;
  }
  if (tally.rows == 0) tally.rows = 1; /* one of which there is only the beginning */
  return tally;
}

/* Without names, semicolons separate where more of the first rows fit the columns so. A file that is right
 * with commas has commas, but for one whose rows have only the inputs with them, and all columns with
 * semicolons. Of a stream the first row is all that is there to look at. */
static bool counts_say_semicolons(const struct io_table *t, struct io_field first, size_t total) {
  const bool ended = t->stream || t->ended || t->end < TABLE_CHUNK;
  const struct io_field rest = {first.text, t->stream ? total : t->end - t->begin};
  const struct tally commas = tally(t, rest, ended, ','), semicolons = tally(t, rest, ended, ';');
  if (commas.fits == 0 && semicolons.fits == 0) return marks_of(first).commas == 0;
  const int more = semicolons.fits * commas.rows - commas.fits * semicolons.rows;
  if (more != 0) return more > 0;
  return semicolons.data && semicolons.fit == FITS_ALL && commas.fit == FITS_INPUTS;
}

/* A header in which only the case of the names is wrong is to be refused as one. */
static bool takes_semicolons(const struct io_table *t, struct io_field row, size_t total) {
  const struct marks marks = marks_of(row);
  if (marks.semicolons == 0) return false;
  if (t->count == 0) return marks.commas == 0;
  if (t->header_option != IO_HEADER_NO) {
    if (names_all(t, row, ',', false)) return false;
    if (names_all(t, row, ';', marks.commas + marks.decimal == 0)) return true;
  }
  return counts_say_semicolons(t, row, total);
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
    t->delimiter = takes_semicolons(t, row, total) ? ';' : ',';
  t->decimals.commas = t->delimiter == ';';
  return RT_OK;
}
