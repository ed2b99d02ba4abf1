/* schema.h: what the columns of a data file mean, and the vocabularies learned from the training file. */
#ifndef AQ_RUNTIME_IO_SCHEMA_H
#define AQ_RUNTIME_IO_SCHEMA_H

#include "runtime/columns/column.h"

struct io_fit;

/* A column: what the program declares, what follows from the others, what training learns. A module has those
 * that it was compiled with (vm/module.h), a schema those that data are read with. */
struct io_column {
  char *name;
  char *source; /* the field of the file that it reads, when that is not of its name; NULL otherwise */
  int number; /* of that field in the rows of the file, from 1, when the program says it so; 0: it has a name
               */
  int field;  /* which of the schema's fields that is; io_schema_check numbers them */
  char *second; /* of two texts in one sequence: the field of the second; NULL: there is one text */
  int second_field;
  const struct io_kind *kind;
  struct io_settings set; /* the options that the program gives; without texts, which become the vocabulary */
  int pair;               /* kinds with pairs: the column of the tokens; -1 otherwise */
  bool required;          /* false: when predicting, a file may lack it (a target) and it is not read */
  bool ends;              /* kinds that continue: a row gets a begin and an end id around it */
  int64_t max_length;     /* of IO_LENGTH: tokens behind it are cut and counted; 0: no limit. Begin and end do
                             not count */
  int64_t size[IO_MOST_AXES]; /* of each IO_WIDTH axis; 0: taken from the first row of the training file */
  struct io_fit *fit;     /* [io_column_fits] of numbers that are filled or scaled; NULL before training */
  double *above;          /* of labels: [vocab->count] as io_label_above; NULL: not learned */
  int shares;             /* the first column that has the same vocabulary and owns it; -1: it is its own */
  struct io_vocab *vocab; /* of IO_ENTRIES; NULL before training */
  struct io_vocab *known; /* labels that the vocabulary will have, whatever the rows have; NULL: none */
};

/* Does training learn how to fill in or scale its numbers (fit.h)? */
static inline bool io_needs_fit(const struct io_column *column) {
  return column->set.missing || column->set.scale || (column->kind->fits && column->kind->fits(&column->set));
}

/* The probability above which a label is an answer. */
static inline double io_label_above(const struct io_column *column, int64_t label) {
  return column->above                                  ? column->above[label]
         : column->set.threshold == IO_THRESHOLD_NUMBER ? column->set.number
                                                        : 0.5;
}

/* How many tokens a complete value of it has; 0: any number. */
static inline int64_t io_whole(const struct io_column *column) {
  return column->kind->whole ? column->kind->whole(&column->set) : 0;
}
/* Does a token of its own mark the end of a row, and one the begin? */
static inline bool io_has_marks(const struct io_column *column) {
  return column->ends && !column->kind->whole;
}

/* What a column is when nothing is said of it. */
#define IO_COLUMN_DEFAULTS                                                                                   \
  ((struct io_column){.pair = -1, .shares = -1, .second_field = -1, .required = true})

/* Folders whose files the rows of a table may name, besides that of the table. Paths are absolute, without
 * links. */
struct io_folders {
  const char *const *path;
  size_t count;
  const char *written; /* where images are written meanwhile: a file, or a folder of 1.png and so on, which no
                          row may name then; NULL: nowhere */
};

/* A file has fields; each column reads one, and several texts may read the same. Start zeroed. */
struct io_schema {
  struct io_column *columns;
  int count, capacity, fields;
  struct io_folders folders; /* of whoever reads; not the schema's own, and not written */
};

/* How many elements a value has: the product of the sizes of its IO_WIDTH axes; 0 while one is not known. */
int64_t io_column_width(const struct io_kind *kind, const int64_t size[static IO_MOST_AXES]);
/* How many numbers of a value are scaled each in its own way: all, or an axis of them. */
int64_t io_column_fits(const struct io_column *column);

/* Adds a column with its defaults (required, no pair, no limits). *column points at it until the next
 * addition. A second column of that name is RT_USAGE. */
int io_schema_add(struct io_schema *schema, const char *name, const struct io_kind *kind,
                  struct io_column **column, struct rt_error *error);
/* The index of a column, or -1. */
int io_schema_find(const struct io_schema *schema, const char *name);
/* Lets a column read the field of that name instead of its own, and the one of the name `second` behind it
 * unless that is NULL. RT_NO_MEMORY. */
int io_schema_read_from(struct io_column *column, const char *field, const char *second,
                        struct rt_error *error);
/* The texts of a row that a column is made of, text[IO_MOST_TEXTS]. */
void io_column_texts(const struct io_column *column, const struct io_field *fields, struct io_field *text);
/* Is the column made of that field? */
bool io_column_reads(const struct io_column *column, int field);
/* The name of a field, 0 <= field < fields. */
const char *io_schema_field_name(const struct io_schema *schema, int field);
/* Its number in the rows of the file, from 1; 0: it is found by its name. */
int io_schema_field_number(const struct io_schema *schema, int field);
/* Is the field needed for predicting? */
bool io_schema_field_required(const struct io_schema *schema, int field);
/* Checks that pairs, limits and kinds agree, and numbers the fields in the order of the columns. Tags without
 * a pair get the only column that they can belong to. Reading data calls it. RT_USAGE. */
int io_schema_check(struct io_schema *schema, struct rt_error *error);
/* Do tags belong to the column's tokens? */
bool io_schema_is_tagged(const struct io_schema *schema, int column);
/* The column that owns a column's vocabulary. */
int io_schema_owner(const struct io_schema *schema, int column);
/* Does a column of labels (class or tags) have this vocabulary? Then it has no entry for the unknown. */
bool io_schema_has_labels(const struct io_schema *schema, int column);
/* Does a column with this vocabulary have begin and end? */
bool io_schema_has_ends(const struct io_schema *schema, int column);
/* Gives all columns the vocabularies that their owners have. */
void io_schema_share(struct io_schema *schema);
/* Does every column have what training gives it: a vocabulary, a width? */
bool io_schema_is_trained(const struct io_schema *schema);
/* A copy that outlives the schema; they share their vocabularies. What it says of files is left out, as in
 * io_schema_write. Free it also after a failure. RT_NO_MEMORY. */
int io_schema_copy(const struct io_schema *from, struct io_schema *to, struct rt_error *error);
void io_schema_free(struct io_schema *schema);

/* The whole schema with its vocabularies as one JSON object, for the model file, and back (RT_BAD_DATA).
 * apart: the texts of large vocabularies, which are read faster so; NULL: they stand in the JSON. */
void io_schema_write(const struct io_schema *schema, struct rt_text *out, struct rt_text *apart);
int io_schema_parse(struct io_schema *schema, const char *json, size_t length, const struct rt_text *apart,
                    struct rt_error *error);

#endif
