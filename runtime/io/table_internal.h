/* table_internal.h: what the files behind table.h share: table.c is above table_header.c, both are above
 * table_separator.c, which is above table_rows.c, which is above table_lines.c; all are above table_fail.c.
 */
#ifndef AQ_RUNTIME_IO_TABLE_INTERNAL_H
#define AQ_RUNTIME_IO_TABLE_INTERNAL_H

#include <stdio.h>

#include "runtime/io/file.h"
#include "runtime/io/number.h"
#include "runtime/io/table.h"

enum { TABLE_CHUNK = 1 << 16 };
enum { IO_UNKNOWN = '\0' }; /* the separator of a CSV file, until its first line was looked at */

/* Where in a CSV row: at the start of a field, in a plain field, within quotes, right behind a closing quote.
 */
enum io_csv_state { CSV_START, CSV_PLAIN, CSV_QUOTED, CSV_CLOSED };

struct io_folder;
struct io_arrays;

struct io_table {
  struct io_reader *reader;       /* or */
  struct io_folder *folder;       /* of which each file is a row, or */
  struct io_arrays *arrays;       /* of images, or */
  const struct io_memory *memory; /* of which `at` rows were given out */
  int64_t at;
  enum io_format format;
  char delimiter;
  struct io_decimals decimals; /* of the numbers in it */
  char **names;                /* [count] the declared columns */
  bool *required;              /* [count] */
  int *numbers;                /* [count] as in the options */
  int *field_of;               /* [count] field number of a column, from 1; 0: absent */
  struct io_field *row;        /* [count] the fields in declared order */
  int count, by_name;
  bool keeps;
  struct rt_text kept; /* the row last read, when it keeps rows */
  enum io_header header_option;
  char *joins; /* [count] as in the options */
  int text_field, files_field, label_field;
  bool several_labels;
  struct rt_text labels; /* of the row last read, FASTTEXT */
  const char *object;    /* the row last read, JSONL, which its fields are parts of */
  int64_t object_line;
  bool keyed;   /* the fields of a row stand in the order of the columns: JSONL and FASTTEXT */
  bool stream;  /* from standard input or a source */
  bool header;  /* the first line was one */
  bool matched; /* field_of and file_columns are known */
  bool by_position, broken, ended;
  char *doubt;               /* as io_table_doubt, owned */
  struct rt_error first_bad; /* why the first line is a bad row, until it is given out */
  size_t file_columns;       /* fields of a row */
  int64_t first_line;        /* number of a first line that is data and still to be given out, or 0 */
  int64_t line;              /* where the next row begins */
  char *buffer;              /* buffer[begin .. end) is what was read and not given out */
  size_t buffer_capacity, begin, end;
  struct io_field *fields; /* [field_count] the row last read, in the file's order */
  size_t field_count, fields_capacity;
  enum io_csv_state state; /* of the CSV scan */
};

/* ---- table_fail.c ---- */

/* RT_BAD_DATA at the table's file, a line and a field. Of rows in memory the field is a declared column. */
int io_table_fail(struct io_table *t, int64_t line, size_t field, struct rt_error *error, const char *format,
                  ...) __attribute__((format(printf, 5, 6)));

/* ---- table_rows.c ---- */

/* Reads more of the file into buffer; sets ended at its end. */
int io_table_more(struct io_table *t, struct rt_error *error);
/* Finds the next row, and leaves it there: *length bytes at buffer + begin without its newline, *total with
 * it.
 */
int io_table_find(struct io_table *t, size_t *length, size_t *total, bool *found, struct rt_error *error);
/* The state of a CSV row after one more byte. A quote opens a quoted field only where a field begins: behind
 * a comma as behind a semicolon while it is unknown which of them separates. */
enum io_csv_state io_csv_step(enum io_csv_state state, char c, char separator);
/* Reads a row into fields without looking at how many there are; *line == 0 at the end. */
int io_table_read(struct io_table *t, int64_t *line, struct rt_error *error);

/* ---- table_separator.c ---- */

/* Looks at the first line of a CSV file: sets the delimiter, and takes Excel's "sep=;" away. */
int io_table_separate(struct io_table *t, struct rt_error *error);
/* Does this row name all columns that are found by their names, with this between its fields? */
bool io_table_names_by(const struct io_table *t, struct io_field row, char separator);

/* ---- table_folder.c ---- */

/* files: what it has; NULL: texts. Close it also after a failure. RT_NO_INPUT, or RT_BAD_DATA when it has
 * none. */
int io_folder_open(struct io_folder **folder, const char *path, const struct io_files *files,
                   struct rt_error *error);
/* What is in the folder and no row, as in "2 files of another kind (a/1.webp, …)"; *text is NULL: nothing.
 * Free it. */
int io_folder_left_out(const struct io_folder *folder, char **text, struct rt_error *error);
const char *io_folder_name(const struct io_folder *folder);
/* Reads the next file into fields, one for each column; *line is its number, 0 at the end. */
int io_table_file(struct io_table *t, int64_t *line, struct rt_error *error);
void io_folder_close(struct io_folder *folder);

/* ---- table_memory.c ---- */

/* Finds the columns by their names. RT_USAGE: one that is needed is not there. */
int io_table_match_memory(struct io_table *t, struct rt_error *error);
/* Puts the next row into fields; *line is its number from 1, 0 at the end. */
int io_table_memory_row(struct io_table *t, int64_t *line, struct rt_error *error);

/* ---- table_idx.c ---- */

/* labelled: there must be labels. Close it also after a failure. */
int io_arrays_open(struct io_arrays **arrays, const char *path, bool labelled, struct rt_error *error);
const char *io_arrays_name(const struct io_arrays *arrays);
/* Makes the fields of the next image, one for each column; *line is its number from 1, 0 at the end. */
int io_table_image(struct io_table *t, int64_t *line, struct rt_error *error);
void io_arrays_close(struct io_arrays *arrays);

/* ---- table_lines.c ---- */

/* Takes a row of JSONL or FASTTEXT apart into fields, one for each column. */
int io_table_line(struct io_table *t, char *row, size_t length, int64_t line, struct rt_error *error);

/* ---- table_header.c ---- */

/* Finds the columns in the first row, which was read from that line: in its names, or by their position. */
int io_table_match_first(struct io_table *t, int64_t line, struct rt_error *error);
/* Takes the row last read for one whose columns go by position. A bad row when it has too many fields or too
 * few. */
int io_table_match_row(struct io_table *t, int64_t line, struct rt_error *error);

#endif
