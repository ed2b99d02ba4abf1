/* table.h: delimited files, row by row.
 *
 * TSV has no quoting: a quote is a character. CSV quotes as RFC 4180 does: "a ""quoted"" field", which may
 * hold commas and newlines; inside a field that does not begin with a quote, a quote is a character. Its
 * fields are separated by commas, or by semicolons where the first line says so: it is Excel's "sep=;", or
 * only semicolons make the names of all required columns of it; or where, without names, more of the first
 * rows fit the declared columns so; or else where they have all columns so, and only the required ones with
 * commas, and look like data; or where, as nothing is declared or fits, the first line has no commas, or
 * none but decimal ones. With semicolons, numbers may have decimal commas. LINES makes every line one field.
 * JSONL is an object a line, whose keys are the columns; a list becomes a field that has its items. FASTTEXT
 * is a text a line, with labels "__label__NAME" in it. FOLDER is a text a file, with its label as the name of
 * the subfolder. IDX is a file of images (idx.h), with its labels in another one. Lines end with LF or CRLF.
 * A byte order mark at the start is skipped, and gzip is read. NUL and bytes that are not UTF-8 are refused.
 *
 * The first line is a header when it names every required column. When it names none (whatever the case), it
 * is the first row, and columns go by position: a row has as many fields as there are columns, or as there
 * are required ones. Anything between is an error that says what is missing. Without IO_HEADER_YES, a stream
 * of one field to a line has no header, since a text that happens to be a column's name would be lost; nor
 * has LINES. IO_HEADER_YES takes the first line for a header even if it names none of the columns: then
 * columns go by position. Fields that no column reads are ignored in a file with a header.
 *
 * A carriage return that is not followed by a newline is refused outside of quotes: it may be a line end of
 * old Macs. A first row that is bad is a bad row like any other; the next good one then says how many fields
 * there are. */
#ifndef AQ_RUNTIME_IO_TABLE_H
#define AQ_RUNTIME_IO_TABLE_H

#include "runtime/io/file.h"

struct io_decimals;

enum io_format {
  IO_FORMAT_AUTO,
  IO_FORMAT_TSV,
  IO_FORMAT_CSV,
  IO_FORMAT_LINES,
  IO_FORMAT_JSONL,
  IO_FORMAT_FASTTEXT,
  IO_FORMAT_FOLDER, /* what a path may be, not what is asked for */
  IO_FORMAT_IDX     /* likewise */
};
enum { IO_LABEL_END = 0x1F }; /* behind each label of a field that was made of a list */
enum io_header { IO_HEADER_AUTO, IO_HEADER_YES, IO_HEADER_NO };
enum { IO_MAX_ROW = 64 << 20 }; /* bytes in a row; longer ones are refused */

/* .csv is CSV, .txt is LINES, .jsonl and .ndjson are JSONL, everything else TSV; a further .gz does not
 * count. */
enum io_format io_format_of(const char *path);
bool io_is_folder(const char *path);
/* What stands between a folder and a name in it: "/", or nothing behind a path that ends so. */
const char *io_folder_slash(const char *path);

/* Files of one sort that fields name. */
struct io_files {
  const char *one, *more;     /* "image", "images" */
  const char *const *endings; /* of their names, ".png"; NULL is behind the last */
  bool in_idx;                /* "a.idx#3" is one of them as well, of those in an idx file */
};
extern const struct io_files io_image_files, io_sound_files;
/* Is it called as such files are? */
bool io_is_named(const struct io_files *files, const char *name);
/* How many such files a table of a folder would have as rows. NULL: texts. */
size_t io_folder_count(const char *path, const struct io_files *files);
/* Of a folder without rows: hints at a table that is in it. */
void io_folder_hint(const char *path, struct rt_error *error);

struct io_field {
  const char *text;
  size_t length;
}; /* text NULL: the file does not have this column */

/* fields[c] belongs to declared column c; where none is declared, they are those of the file, in its order.
 * Valid until the next call. */
struct io_row {
  int64_t line; /* where the row begins, counted from 1; 0 when there are no more rows */
  const struct io_field *fields;
  size_t count; /* of fields */
};

struct io_memory;
struct io_memory_column;

struct io_table_options {
  enum io_format format;
  const char *const *names; /* [count] the declared columns */
  const bool *required;     /* [count], or NULL: all of them. The others may be absent from the file */
  int count;                /* 0: nothing is declared, and the first line is a row as any other */
  const int *numbers;       /* [count] the field of a row that a column is, from 1; 0: it is found by its
                               name, or goes by position. NULL: all 0 */
  const struct io_source *source; /* read instead of the file at path; NULL: none */
  const struct io_memory *memory; /* the same, rows in memory, which must outlive the table (memory.h) */
  enum io_header header;
  const char
      *joins; /* [count] JSONL: what parts the items of a list in a field; 0: it takes none. NULL: all 0 */
  /* FASTTEXT, FOLDER and IDX: which column is the text, or names such files, and which is its label or
   * labels; -1: none is. */
  int text_field, files_field, label_field;
  const struct io_files *files;
  bool several_labels;
  int by_name; /* so many of the declared columns, the last ones, are found by their name alone */
  bool keeps;  /* keep each row as it stands in the file, for io_table_text */
};

struct io_table;

/* Opens and reads the first row. RT_BAD_DATA when its header lacks columns, or the file is no table at all.
 * An empty file has no rows. Copies the options. */
int io_table_open(struct io_table **table, const char *path, const struct io_table_options *options,
                  struct rt_error *error);
/* The next row; row->line == 0 at the end. A bad row gives RT_BAD_DATA at file:line:field; the next call goes
 * on behind it, unless io_table_broken says that there is nothing to go on with (a quote that never closes, a
 * damaged file). */
int io_table_next(struct io_table *table, struct io_row *row, struct rt_error *error);
/* The row last read as it stands in the file, without its line end. Valid until the next row is read. */
struct io_field io_table_text(const struct io_table *table);
/* Would reading the next row have to wait for more bytes? */
bool io_table_waits(const struct io_table *table);
bool io_table_broken(const struct io_table *table);
bool io_table_has_header(const struct io_table *table);
/* Is it CSV with semicolons between its fields? */
bool io_table_has_semicolons(const struct io_table *table);
/* The fields of a row, when columns were told apart by their position alone; else 0. */
size_t io_table_by_position(const struct io_table *table);
/* The first line, when it was taken for a row but looks like a header; of a folder, what in it is no row;
 * NULL otherwise. */
const char *io_table_doubt(const struct io_table *table);
/* The file's field number (from 1) of a declared column, for messages; 0 when the file does not have it. */
int io_table_field_number(const struct io_table *table, int column);
/* Where the value of a declared column begins in the row last read, if that is the object of JSON in this
 * line: its byte, from 1; else 0. */
int64_t io_table_value_byte(const struct io_table *table, int64_t line, int column);
/* The error of a table whose header does not have a name. Before the first row is asked for. */
int io_table_no_name(const struct io_table *table, const char *file, const char *name,
                     struct rt_error *error);
/* How its numbers are written; NULL without a table: with points. */
struct io_decimals *io_table_decimals(struct io_table *table);
/* Have the fields names instead of numbers? */
bool io_table_is_keyed(const struct io_table *table);
/* Is each row an object of JSON? */
bool io_table_is_jsonl(const struct io_table *table);
/* What the rows in memory are in a declared column; NULL: the table is a file, or does not have it. */
const struct io_memory_column *io_table_memory(const struct io_table *table, int column);
bool io_table_in_memory(const struct io_table *table);
const char *io_table_name(const struct io_table *table);
void io_table_close(struct io_table *table);
/* Do these fields look as names of columns do, each different from the others? */
bool io_names_look(const struct io_field *field, size_t count);
enum { IO_LONGEST_NAME = 40 }; /* bytes of a field that may be a name */
/* The numbers, from 1, of the first two fields with the same text. False: all differ. */
bool io_named_twice(const struct io_field *field, size_t count, size_t number[static 2]);
/* RT_BAD_DATA: these two fields of a header, from 1, have one name. */
int io_refuse_twice(const struct io_table *table, int64_t line, const char *name,
                    const size_t number[static 2], struct rt_error *error);

#endif
