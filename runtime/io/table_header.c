/* table_header.c: which field is which column. */
#include <string.h>
#include <strings.h>

#include "runtime/io/table_internal.h"
#include "runtime/io/utf8.h"

enum {
  MOST_SPACES = 1, /* in it */
  MOST_LISTED = 40 /* fields in a message */
};

static bool is_name(const struct io_field *field, const char *name) {
  return strlen(name) == field->length && memcmp(field->text, name, field->length) == 0;
}

static bool is_nearly_name(const struct io_field *field, const char *name) {
  return strlen(name) == field->length && strncasecmp(field->text, name, field->length) == 0;
}

int io_refuse_twice(const struct io_table *t, int64_t line, const char *name, const size_t number[static 2],
                    struct rt_error *error) {
  rt_fail_at(error, RT_BAD_DATA, (struct rt_place){io_table_name(t), line, (int64_t)number[1]},
             "the header names column \"%s\" twice, in fields %zu and %zu", name, number[0], number[1]);
  rt_hint(error, "give one of them another name; the option header = no says that the line is a row");
  return RT_BAD_DATA;
}

/* Looks for every declared name among the fields. A name that is there twice is an error. */
static int find_names(struct io_table *t, int64_t line, int *found, int *found_required,
                      struct rt_error *error) {
  *found = *found_required = 0;
  for (int c = 0; c < t->count; c++) {
    t->field_of[c] = (size_t)t->numbers[c] <= t->field_count ? t->numbers[c] : 0;
    if (t->numbers[c]) continue; /* it needs no name */
    for (size_t f = 0; f < t->field_count; f++) {
      if (!is_name(&t->fields[f], t->names[c])) continue;
      if (t->field_of[c]) {
        const size_t number[] = {(size_t)t->field_of[c], f + 1};
        return io_refuse_twice(t, line, t->names[c], number, error);
      }
      t->field_of[c] = (int)f + 1;
    }
    *found += t->field_of[c] > 0;
    *found_required += t->field_of[c] > 0 && t->required[c];
  }
  return RT_OK;
}

static bool any_nearly_named(const struct io_table *t) {
  for (int c = 0; c < t->count; c++)
    for (size_t f = 0; f < t->field_count && !t->numbers[c]; f++)
      if (is_nearly_name(&t->fields[f], t->names[c])) return true;
  return false;
}

static void list_fields(const struct io_table *t, struct rt_text *out) {
  for (size_t f = 0; f < t->field_count && f < MOST_LISTED; f++)
    rt_text_printf(out, "%s\"%.*s\"", f ? ", " : "", io_quoted(t->fields[f].text, t->fields[f].length),
                   t->fields[f].text);
  if (t->field_count > MOST_LISTED) rt_text_printf(out, ", … (%zu in all)", t->field_count);
}

/* Those that are needed: when predicting, no targets. */
static void list_columns(const struct io_table *t, bool missing_only, struct rt_text *out) {
  const char *separator = "";
  for (int c = 0; c < t->count; c++) {
    if (!t->required[c] || (missing_only && t->field_of[c])) continue;
    rt_text_printf(out, "%s\"%s\"", separator, t->names[c]);
    separator = ", ";
  }
}

/* Says what the header names, or what the row holds, and what was expected. */
static int no_match(struct io_table *t, int64_t line, bool is_header, struct rt_error *error) {
  struct rt_text there = {0}, wanted = {0};
  list_fields(t, &there);
  list_columns(t, is_header, &wanted);
  int status;
  if (there.failed || wanted.failed)
    status = rt_no_memory(error);
  else if (is_header)
    status =
        io_table_fail(t, line, 1, error, "the header has no column %s; it names %s", wanted.data, there.data);
  else
    status = io_table_fail(t, line, 1, error, "%zu field%s (%s); the columns are %s", t->field_count,
                           t->field_count == 1 ? "" : "s", there.data, wanted.data);
  rt_text_free(&there);
  rt_text_free(&wanted);
  return status;
}

int io_table_no_name(const struct io_table *t, const char *file, const char *name, struct rt_error *error) {
  struct rt_text there = {0};
  struct rt_arena arena = {0};
  struct rt_nearest nearest = {name, NULL, 0};
  list_fields(t, &there);
  int status = there.failed ? rt_no_memory(error)
                            : rt_fail_in(error, RT_BAD_DATA, file,
                                         "the header has no column \"%s\"; it names %s", name, there.data);
  for (size_t f = 0; f < t->field_count; f++) {
    const char *field = rt_arena_strndup(&arena, t->fields[f].text, t->fields[f].length);
    if (field) rt_nearest_consider(&nearest, field);
  }
  if (nearest.best && status != RT_NO_MEMORY) rt_hint(error, "did you mean \"%s\"?", nearest.best);
  rt_arena_free(&arena);
  rt_text_free(&there);
  return status;
}

/* Names that differ in case, or in what stands between words, are alike. */
static char plain(char c) {
  if (c == '_' || c == '-') return ' ';
  return io_ascii_lower(c);
}

/* A copy of a name for comparing, at most IO_LONGEST_NAME long. */
static const char *plain_copy(const char *name, size_t length, char *copy) {
  if (length > IO_LONGEST_NAME) length = IO_LONGEST_NAME;
  for (size_t k = 0; k < length; k++) copy[k] = plain(name[k]);
  copy[length] = '\0';
  return copy;
}

/* Hints at the field that is nearest to the first missing column. */
static void hint_nearest(const struct io_table *t, struct rt_error *error) {
  int missing = 0;
  while (missing < t->count && (t->field_of[missing] || !t->required[missing])) missing++;
  if (missing == t->count) return;
  char wanted[IO_LONGEST_NAME + 1], candidate[IO_LONGEST_NAME + 1];
  plain_copy(t->names[missing], strlen(t->names[missing]), wanted);
  int least = (int)strlen(wanted) / 3 + 1;
  const struct io_field *nearest = NULL;
  for (size_t f = 0; f < t->field_count; f++) {
    int far = rt_edit_distance(wanted, plain_copy(t->fields[f].text, t->fields[f].length, candidate));
    if (far >= least) continue;
    least = far;
    nearest = &t->fields[f];
  }
  if (nearest)
    rt_hint(error, "is \"%.*s\" meant? A column reads the field of another name with from = \"%.*s\"%s",
            (int)nearest->length, nearest->text, (int)nearest->length, nearest->text,
            t->header_option == IO_HEADER_AUTO ? "; when this line is a row: the option header = no" : "");
}

/* What separates the only field of a row, by its looks: "commas", "JSON", …; NULL: nothing. */
static const char *other_format(const struct io_field *field) {
  static const struct {
    char mark;
    const char *name;
  } marks[] = {{',', "commas"}, {';', "semicolons"}, {'|', "bars"}};
  if (field->length > 0 && (field->text[0] == '{' || field->text[0] == '[')) return "JSON";
  for (size_t k = 0; k < RT_COUNT(marks); k++)
    if (memchr(field->text, marks[k].mark, field->length)) return marks[k].name;
  return NULL;
}

static bool names_column(const struct io_table *t, const struct io_field *field) {
  int c = 0;
  while (c < t->count && (t->numbers[c] || !is_name(field, t->names[c]))) c++;
  return c < t->count;
}

/* One field where there should be several, and no header of one column. Commas and semicolons of a CSV file
 * stand in quotes. */
static bool hint_separator(const struct io_table *t, struct rt_error *error) {
  const bool csv = t->format == IO_FORMAT_CSV;
  if (t->field_count != 1 || t->count < 2 || (!csv && t->format != IO_FORMAT_TSV)) return false;
  const char *other = other_format(&t->fields[0]);
  const char *which = t->stream ? "of the stream" : "of this file";
  const bool separates = other && (!strcmp(other, "commas") || !strcmp(other, "semicolons"));
  if (csv && (!other || separates)) return false;
  if (!other && names_column(t, &t->fields[0])) return false;
  if (!other)
    rt_hint(error, "fields are separated by tabs, unless the file's name ends in .csv, or the option format "
                   "= csv is given");
  else if (separates)
    rt_hint(error,
            "fields %s are separated by tabs, and this line has %s: are they CSV? the option format = csv "
            "reads them, as it does a file whose name ends in .csv",
            which, other);
  else
    rt_hint(error, "fields %s are separated by %s, and this line has %s instead", which,
            csv ? "commas or semicolons" : "tabs", other);
  return true;
}

/* Is this line without tabs a header after all, with commas between the names of all required columns? */
static bool names_by_commas(const struct io_table *t) {
  return memchr(t->fields[0].text, ',', t->fields[0].length) && io_table_names_by(t, t->fields[0], ',');
}

static int no_header_match(struct io_table *t, int64_t line, struct rt_error *error) {
  int status = no_match(t, line, true, error);
  if (status == RT_BAD_DATA) hint_nearest(t, error);
  if (status == RT_BAD_DATA && !hint_separator(t, error))
    rt_hint(error, "the names are those of the program, where from = \"…\" reads a field of another name%s",
            t->header_option == IO_HEADER_AUTO ? "; when this line is a row: the option header = no" : "");
  return status;
}

/* A row that has fewer fields than the numbers of the columns. */
static int no_field(struct io_table *t, int64_t line, int column, struct rt_error *error) {
  io_table_fail(t, line, 1, error, "%zu field%s, and the program reads field %d", t->field_count,
                t->field_count == 1 ? "" : "s", t->numbers[column]);
  hint_separator(t, error);
  return RT_BAD_DATA;
}

/* Numbers say which field each column is. Without a header they must do so for all that are needed. */
static int match_numbers(struct io_table *t, int64_t line, struct rt_error *error) {
  for (int c = 0; c < t->count; c++) {
    bool there = (size_t)t->numbers[c] <= t->field_count;
    t->field_of[c] = there ? t->numbers[c] : 0;
    if (!t->required[c] || t->field_of[c]) continue;
    if (!there) return no_field(t, line, c, error);
    io_table_fail(t, line, 1, error,
                  "no header line says which column is \"%s\", and other columns have numbers", t->names[c]);
    rt_hint(error, "say its number, too, as in from = 1; or give the file a header line");
    return RT_BAD_DATA;
  }
  t->file_columns = t->field_count;
  t->matched = true;
  return RT_OK;
}

static bool any_number(const struct io_table *t) {
  for (int c = 0; c < t->count; c++)
    if (t->numbers[c]) return true;
  return false;
}

/* Matches by position: all declared columns in their order, or the required ones in theirs. */
int io_table_match_row(struct io_table *t, int64_t line, struct rt_error *error) {
  int required = 0, field = 0, count = t->count - t->by_name;
  for (int c = 0; c < count; c++) required += t->required[c];
  bool all = t->field_count == (size_t)count;
  /* What is read of a row alone needs no number: lines of text to predict. */
  if (any_number(t) && !(t->field_count == 1 && required == 1)) return match_numbers(t, line, error);
  if (!all && t->field_count != (size_t)required) {
    int status = no_match(t, line, false, error);
    if (status == RT_BAD_DATA && !hint_separator(t, error))
      rt_hint(error,
              "is this line a header? then a column reads the field of another name with from = \"NAME\"; "
              "else give the file a header line with the names of the columns");
    return status;
  }
  for (int c = 0; c < count; c++) t->field_of[c] = all || t->required[c] ? ++field : 0;
  t->file_columns = t->field_count;
  t->matched = true;
  t->by_position = t->format != IO_FORMAT_LINES && !(t->stream && t->field_count == 1);
  return RT_OK;
}

/* As names of columns are written: "Review Text", "n_words", "größe". No sentence, no number. */
static bool may_be_name(const struct io_field *field) {
  int spaces = 0;
  for (size_t k = 0; k < field->length; k++) {
    unsigned char c = (unsigned char)field->text[k];
    bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
    if (letter || c == '_' || c >= 0x80) continue;
    if (k == 0 || !strchr(" -.0123456789", c)) return false;
    spaces += c == ' ';
  }
  return field->length > 0 && field->length <= IO_LONGEST_NAME && spaces <= MOST_SPACES
         && field->text[field->length - 1] != '.';
}

/* Nothing in a file says that its first line names columns. But names differ from one another, and rows
 * rarely look like names. */
bool io_names_look(const struct io_field *field, size_t count) {
  for (size_t f = 0; f < count; f++)
    if (!may_be_name(&field[f])) return false;
  size_t number[2];
  return !io_named_twice(field, count, number);
}

bool io_named_twice(const struct io_field *field, size_t count, size_t number[static 2]) {
  for (size_t f = 0; f < count; f++)
    for (size_t k = 0; k < f; k++)
      if (field[k].length == field[f].length && memcmp(field[k].text, field[f].text, field[f].length) == 0) {
        number[0] = k + 1;
        number[1] = f + 1;
        return true;
      }
  return false;
}

/* Takes the first line for a row. If it is a bad one, that is said when rows are asked for, and can be
 * skipped. */
static int first_row(struct io_table *t, int64_t line, bool doubt, struct rt_error *error) {
  struct rt_text fields = {0};
  if (doubt) {
    list_fields(t, &fields);
    t->doubt = fields.failed ? NULL : fields.data;
    if (!t->doubt) return rt_no_memory(error);
  }
  int status = io_table_match_row(t, line, &t->first_bad);
  if (status == RT_OK) t->first_line = line;
  if (status == RT_OK || status == RT_BAD_DATA) return RT_OK;
  return rt_no_memory(error);
}

/* A line that the caller calls a header. It may name none of the columns, but not only some of them. */
static int announced_header(struct io_table *t, int64_t line, struct rt_error *error) {
  int status = any_nearly_named(t) ? no_header_match(t, line, error) : io_table_match_row(t, line, error);
  t->header = true;
  return status;
}

/* Nothing is declared, so a row is what stands in the file. */
static int undeclared(struct io_table *t, int64_t line) {
  t->file_columns = t->field_count;
  t->matched = true;
  t->first_line = line;
  return RT_OK;
}

int io_table_match_first(struct io_table *t, int64_t line, struct rt_error *error) {
  int found, found_required, required = 0;
  if (t->count == 0) return undeclared(t, line);
  if (t->header_option == IO_HEADER_NO) return first_row(t, line, false, error);
  if (t->header_option == IO_HEADER_AUTO && t->format == IO_FORMAT_LINES)
    return first_row(t, line, false, error);
  if (t->header_option == IO_HEADER_AUTO && t->stream && t->field_count == 1)
    return first_row(t, line, any_nearly_named(t) || names_by_commas(t), error);
  for (int c = 0; c < t->count; c++) required += t->required[c] && !t->numbers[c];
  int status = find_names(t, line, &found, &found_required, error);
  if (status != RT_OK) return status;
  if (found > 0 && found_required == required) {
    for (int c = 0; c < t->count; c++)
      if (t->required[c] && !t->field_of[c]) return no_field(t, line, c, error);
    t->file_columns = t->field_count;
    t->header = t->matched = true;
    return RT_OK;
  }
  if (t->header_option == IO_HEADER_YES) return announced_header(t, line, error);
  if (any_nearly_named(t)) return no_header_match(t, line, error);
  return first_row(t, line, io_names_look(t->fields, t->field_count), error);
}
