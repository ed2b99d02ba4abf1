/* data.h: rows encoded into packed arrays, never padded. */
#ifndef AQ_RUNTIME_IO_DATA_H
#define AQ_RUNTIME_IO_DATA_H

#include "runtime/io/payload.h"
#include "runtime/io/schema.h"
#include "runtime/io/table.h"
#include "runtime/io/tokenise.h"

struct io_store;

/* One column of a dataset. */
struct io_values {
  bool present;               /* false: the file does not have this column; there are no values */
  struct io_payload of;       /* the values of all rows */
  int64_t size[IO_MOST_AXES]; /* of the IO_WIDTH axes; 0 while the first row has not told it */
  struct io_payload beside;   /* of kinds with numbers beside their ids (io_kind.beside): those, row by row */
  struct io_store *store;     /* of which the values are numbers (store.h); of a ragged column, only what was
                                 read to have its values; or NULL */
  int64_t limit;     /* tags: a model is given the first limit ones of a row, as of the tokens; 0: all */
  int64_t *row_cuts; /* texts with a limit, when predicting: [rows] tokens that were cut off; else NULL */
  int64_t cut;       /* tokens cut off by max_length */
  int64_t cut_texts; /* rows that had such tokens */
  int64_t unknown;   /* tokens and labels that are not in the vocabulary */
  struct io_intern
      unseen; /* labels of a target that training did not see: id -1 - n is text n. An input's are -1 */
  size_t cuts_capacity;
  int64_t bars_line, spaces_line; /* labels: the first line that separates them so; 0: none */
  int64_t row_tokens, row_cut;    /* of the row being added */
  int64_t row_first;              /* of two texts in one sequence: the tokens of the first */
  bool row_unsized;               /* no row before it has told the sizes */
};

/* How many of a row's values a model is given. The others are tags of tokens that were cut off. */
static inline int64_t io_row_length(const struct io_values *v, int64_t row) {
  int64_t n = io_payload_count(&v->of, row);
  return v->limit > 0 && n > v->limit ? v->limit : n;
}

/* A value of a kind that gives something else than its elements (io_kind.give). */
struct io_giving {
  const struct io_column *column;
  const struct io_values *values;
  int64_t row;
  const uint64_t *chance; /* while training: the seed of what is changed at random; NULL: it is as it is */
  const struct io_giving *like; /* it is changed as this one is; NULL: as its own column says */
  bool doubles;
  void *out; /* floats or doubles, for each value as many as io_column_width says */
};
static inline void io_giving_put(const struct io_giving *g, int64_t k, double x) {
  if (g->doubles)
    ((double *)g->out)[k] = x;
  else
    ((float *)g->out)[k] = (float)x;
}
static inline double io_giving_get(const struct io_giving *g, int64_t k) {
  return g->doubles ? ((const double *)g->out)[k] : (double)((const float *)g->out)[k];
}

struct io_dataset;

/* The fields of the rows, as they stand in the file. */
struct io_kept {
  bool asked;
  int count;           /* fields of a row */
  struct rt_text text; /* one behind the other, each with a NUL byte behind it */
  size_t *begin;       /* [rows, count] */
  size_t capacity;
};

/* Which rows have the same value of a field. */
struct io_groups {
  bool asked;
  int field;               /* its number in a row */
  const char *name;        /* while rows are read */
  struct io_intern values; /* all that there are */
  int32_t *of;             /* [rows] the number of each row's value */
  size_t capacity;
};

/* What is asked of a row beyond what its columns say: that a text has at least one word, say. Whoever reads
 * the data knows what; the reader asks once for each row, when all its columns are encoded. */
struct io_row_check {
  /* `row` is the number of the row in data. RT_BAD_DATA with a sentence in error makes it a bad row like any
   * other: *column is the one to show, or -1 for the row as a whole. */
  int (*row)(void *context, const struct io_dataset *data, int64_t row, int *column, struct rt_error *error);
  void *context;
};

/* Start zeroed. Belongs to one thread while it is being filled. */
struct io_dataset {
  int64_t rows;
  int columns;
  struct io_values *values; /* [columns], as in the schema */
  int64_t *lines; /* [rows] the line on which each row began, from 1; in plain text that of its first token */
  char *name;     /* the file, for messages */
  bool header;    /* the file has a header line */
  bool semicolons;    /* it is CSV with these between its fields */
  size_t by_position; /* fields of a row, when columns were told apart by position alone; else 0 */
  char *doubt;     /* the first line, when it was taken for a row but looks like a header; NULL otherwise */
  int64_t skipped; /* bad rows left out by skip_bad_rows */
  struct rt_error first_skipped; /* why the first of them was bad */
  size_t lines_capacity;
  int *numbers;                     /* [columns] the field of the file that each stands in, from 1, or NULL */
  char **names;                     /* [columns] of rows in memory: of that field; else NULL */
  const struct io_row_check *check; /* asked about each row that is added; NULL: nothing more is asked */
  struct io_tokens tokens, parts;   /* scratch: of a text, of one word of it */
  struct io_groups groups;          /* of the rows of a file; selections do not have them */
  struct io_kept kept;
};

/* A field of a row, of data that keep them. */
static inline const char *io_dataset_field(const struct io_dataset *data, int field, int64_t row) {
  return data->kept.text.data + data->kept.begin[row * data->kept.count + field];
}

struct io_data_options {
  enum io_format format;          /* IO_FORMAT_AUTO: by the file's name */
  const struct io_memory *memory; /* rows that are read instead of a file, whose path may be NULL then */
  const struct io_source *source; /* the same: bytes that are read as a file's are */
  enum io_header header;
  bool only_known; /* a row whose target is a label that the schema does not have is a bad row */
  bool predicting; /* io_dataset_read: leave out the columns that prediction does not need, whether the file
                      has them or not */
  bool skip_bad_rows;    /* leave bad rows out and count them; otherwise the first one is an error */
  double hold;           /* io_dataset_train: the part of the rows to hold out, 0 <= hold < 1 */
  uint64_t seed;         /* for hold */
  const char *hold_last; /* io_dataset_train, instead of hold: the last row of each value of this field of the
                            file is held out; or NULL */
  const struct io_folding *folding; /* io_dataset_train, instead of hold: a fold is held out; or NULL */
  bool learns_all; /* io_dataset_train: also rows that are held out teach vocabularies, widths and scales */
  int64_t window;  /* io_dataset_from_text: tokens of a row */
  const struct io_row_check *check; /* of each row, or NULL; it must outlive the datasets */
  bool keeps;         /* io_dataset_read, io_rows_open: the fields are kept, too, for io_dataset_field */
  const char *beside; /* a field that no column needs to read, found by its name; or NULL. io_dataset_read and
                         io_dataset_train group the rows by it */
  bool keeps_rows;    /* io_rows_open: keep each row as it stands in the file, for io_table_text */
  bool truths;        /* io_rows_open: the columns that are predicted are read, too, and must be there */
};

/* A fold of a cross-validation: which rows are held out. */
struct io_folding {
  int64_t folds, fold; /* so many; which one, from 1 */
  uint64_t seed;
  const char *by; /* rows with one value of this field are in one fold; or NULL */
  int classes;    /* a column of classes whose rows are spread over the folds; -1: none */
};

/* Reads a training file and learns from it what the schema does not have yet: vocabularies, widths. The file
 * must have every column. With options->hold > 0 the rows are split by io_hold: *held gets the held-out rows,
 * and vocabularies come from the training rows alone. held may be NULL when hold is 0. options may be NULL.
 * RT_BAD_DATA: no rows, a bad row, one class only. After a failure both datasets are empty and the schema is
 * as before. */
int io_dataset_train(const char *path, struct io_schema *schema, const struct io_data_options *options,
                     struct io_dataset *train, struct io_dataset *held, struct rt_error *error);
/* Reads another file with a trained schema. Unknown words get IO_UNKNOWN; a label that training did not see
 * gets an id below 0 (see io_values.unseen). */
int io_dataset_read(const char *path, const struct io_schema *schema, const struct io_data_options *options,
                    struct io_dataset *data, struct rt_error *error);
void io_dataset_free(struct io_dataset *data);
/* Gives an error that has no place the place of a row's column, or of the row when column is -1. Of rows in
 * memory it begins with the row: "row 3, column `age`: …". */
void io_place_row(const struct io_dataset *data, int64_t line, int column, struct rt_error *error);
/* Forgets which file or table the rows came from. */
void io_dataset_forget_source(struct io_dataset *data);
/* Adds the hint that bad rows can be skipped, unless the message has a better one. */
void io_hint_skip(struct rt_error *bad_row);

/* Encoding row by row, as `predict` does: open, then next for each row. Columns that prediction does not need
 * are left out, unless `truths` asks for them. The dataset passed in is emptied
 * first and then holds one row; its memory is reused. *more is false at the end. A bad row is RT_BAD_DATA,
 * and the next call goes on behind it unless io_table_broken(io_rows_table(rows)). */
struct io_rows;
int io_rows_open(struct io_rows **rows, const char *path, const struct io_schema *schema,
                 const struct io_data_options *options, struct rt_error *error);
/* The same from another source than a file. */
int io_rows_open_source(struct io_rows **rows, const struct io_source *source, const struct io_schema *schema,
                        const struct io_data_options *options, struct rt_error *error);
int io_rows_next(struct io_rows *rows, struct io_dataset *data, bool *more, struct rt_error *error);
/* The same without emptying the dataset: rows add up to a batch. Their unknown tokens are not counted. A bad
 * row leaves the dataset as it was. */
int io_rows_append(struct io_rows *rows, struct io_dataset *data, bool *more, struct rt_error *error);
struct io_table *io_rows_table(struct io_rows *rows);
/* The field `beside` of the row last read. */
struct io_field io_rows_beside(const struct io_rows *rows);
void io_rows_close(struct io_rows *rows);

/* Many rows at a time. */
struct io_portion {
  int64_t rows, bytes; /* at most so many rows, and no more once they have so many bytes of text */
};
/* Adds rows as io_rows_append does until there are as many more, or no more at all: then *more is false. Bad
 * rows are left out and counted in the dataset when the options say so; else the first one is an error. What
 * is known of the file is noted, too. */
int io_rows_fill(struct io_rows *rows, struct io_dataset *data, struct io_portion most, bool *more,
                 struct rt_error *error);
/* The error of a file in which io_rows_fill found no row. */
int io_rows_none(struct io_rows *rows, const struct io_dataset *data, struct rt_error *error);

/* Adds one row given as strings: fields[f] is field f of a trained schema. A text that is NULL leaves its
 * columns absent, then they must be absent in every row (RT_USAGE). The strings must be valid UTF-8, which is
 * checked. line is for messages; 0 when there is none. After a failure the dataset is as before. */
int io_dataset_add(struct io_dataset *data, const struct io_schema *schema, const struct io_field *fields,
                   int64_t line, struct rt_error *error);
/* Asks `check` about all rows again: what could not be answered while they were read, because it depends on
 * sizes that the whole file gives. With skip, bad rows are taken out and counted. Otherwise the first one is
 * an error; so it is when no row is left. */
int io_dataset_recheck(struct io_dataset *data, const struct io_row_check *check, bool skip,
                       struct rt_error *error);
/* Forgets the rows and keeps the memory. */
void io_dataset_clear(struct io_dataset *data);
/* Adds the rows of those numbers, in that order, of another dataset with the same columns. After a failure
 * `into` is as before. */
int io_dataset_append(struct io_dataset *into, const struct io_dataset *from, const int64_t *rows,
                      int64_t count, struct rt_error *error);
/* Copies the rows of those numbers, in that order, into *into, which is overwritten. Free it with
 * io_dataset_free, also after a failure. */
int io_dataset_select(const struct io_dataset *from, const int64_t *rows, int64_t count,
                      struct io_dataset *into, struct rt_error *error);

/* A plain text as training data for predicting the next token: the column (words, chars or bytes) gets
 * windows of options->window + 1 tokens that overlap by one, so that inputs w[0..n-1] and targets w[1..n]
 * cover every token but the first exactly once. The last window may be shorter but has at least 2 tokens. The
 * column must be the schema's only one. Learns the vocabulary when the column has none yet, with
 * options->hold holding out the last part of the text. held may be NULL. */
int io_dataset_from_text(const char *path, struct io_schema *schema, const struct io_data_options *options,
                         struct io_dataset *data, struct io_dataset *held, struct rt_error *error);

/* Splits the rows 0..rows-1: `held` gets the numbers of round(rows * fraction) rows (at least 1, at most rows
 * - 1), and `kept` the others, to train on. Both rise, and stand in one block that rt_free(kept) frees. The
 * held rows are the last ones of a Fisher-Yates shuffle that goes from the end, driven by SplitMix64 (Steele,
 * Lea, Flood 2014) seeded with seed: the same on every machine. RT_USAGE unless 0 < fraction < 1; RT_BAD_DATA
 * with fewer than 2 rows. */
struct io_split {
  int64_t *kept, *held;
  int64_t kept_count, held_count;
};
int io_hold(int64_t rows, double fraction, uint64_t seed, struct io_split *split, struct rt_error *error);
/* The same of the last row of each group, in the order of the file. RT_BAD_DATA when no row is left. */
int io_hold_last(const struct io_dataset *data, struct io_split *split, struct rt_error *error);
/* The same of a fold. Each row is in one fold, whose sizes differ by one at most, as do their numbers of rows
 * of a class. With `by` whole groups are dealt, the largest first, each to the fold that has fewest rows so
 * far. The same on every machine. RT_BAD_DATA with fewer rows, or values of `by`, than folds. */
int io_fold(const struct io_dataset *data, const struct io_folding *how, struct io_split *split,
            struct rt_error *error);
/* The split that the options ask for, of a file that was read with its field `beside`. */
int io_split_rows(const struct io_dataset *data, const struct io_data_options *options,
                  struct io_split *split, struct rt_error *error);

#endif
