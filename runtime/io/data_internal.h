/* data_internal.h: what the files behind data.h share. */
#ifndef AQ_RUNTIME_IO_DATA_INTERNAL_H
#define AQ_RUNTIME_IO_DATA_INTERNAL_H

#include "runtime/io/data.h"
#include "runtime/io/number.h"

struct io_stored;

/* What is being learned about one column, and about those that share its vocabulary. While the file is read,
 * ids are numbers of texts; they are translated once the vocabulary is known. */
struct io_learning {
  bool interns; /* the column gets a vocabulary from this file */
  struct io_intern texts;
  int32_t known;          /* so many of them, the first ones, are in the vocabulary whatever the rows have */
  struct io_vocab *vocab; /* what it gets; bytes have theirs from the beginning */
};

/* While the vocabulary is not known, these stand for begin, end, and IO_NO_ID. */
enum { IO_MARK_BEGIN = -1, IO_MARK_END = -2, IO_MARK_NONE = -3 };

/* Encodes rows into a dataset. */
struct io_encoder {
  struct io_dataset *data;
  const struct io_schema *schema;
  struct io_learning *learning; /* [columns] when this is the training file, else NULL */
  struct io_table *table;       /* where the rows come from, or NULL */
  const char *name;             /* of the file, for messages, or NULL */
  bool predicting;              /* columns that are not required are left out */
  bool only_known;              /* as in io_data_options */
};

/* The field of a row that a kind of column encodes. */
struct io_place {
  const struct io_encoder *e;
  int column;
  int64_t line;
  const struct io_field *fields;       /* of the row */
  const struct io_memory_column *from; /* its field is a file, an image or a sound of this; NULL: a text */
};
static inline const struct io_column *io_place_column(const struct io_place *p) {
  return &p->e->schema->columns[p->column];
}
static inline struct io_values *io_place_values(const struct io_place *p) {
  return &p->e->data->values[p->column];
}

/* May a row have fewer tokens than a complete value of its column has? Where a model is to go on with it: in
 * what is read to predict, or as a row by itself. */
static inline bool io_may_be_part(const struct io_place *p) {
  return io_place_column(p)->ends && (p->e->predicting || !p->e->table);
}

/* For kinds of columns. RT_BAD_DATA with the place: */
int io_encode_fail(const struct io_place *p, struct rt_error *error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Encodes a text by its kind's tokens: all that a text needs. */
int io_encode_text(const struct io_place *p, const struct io_field *field, struct rt_error *error);
/* Encodes the parts of each word of the column that this one pairs with: as many as a value is wide, and
 * IO_NO_ID behind them. `parts` takes them from a word as it stands in the file. */
int io_encode_word_parts(const struct io_place *p,
                         int (*parts)(const struct io_settings *set, const char *word, size_t length,
                                      struct io_tokens *parts, struct rt_error *error),
                         struct rt_error *error);
/* Are its tokens words? */
bool io_gives_words(const struct io_kind *kind);
/* Numbers separated by white space or commas. */
struct io_numbers {
  struct io_field field;
  int64_t begin;  /* the element that the first number becomes */
  int64_t most;   /* those behind so many are only counted; 0: no limit */
  int64_t number; /* which list of the field it is, from 1; 0: it is the only one */
  int64_t count;  /* how many there were */
};
/* The items of a list of numbers. */
struct io_items io_place_items(const struct io_place *p, const struct io_field *list);
/* The number that an item is. NULL, or what is wrong with it. */
const char *io_place_parse(const struct io_place *p, const struct io_field *item, double *number);
/* The same, or NaN when it is missing and the column fills it. NULL, or what is wrong with it. */
const char *io_place_number(const struct io_place *p, const struct io_field *item, double *number);
enum { IO_NUMBERS_OPTIONS = 2 };
extern const struct io_option io_numbers_options[IO_NUMBERS_OPTIONS];
int io_settle_numbers(struct io_settings *set, struct rt_error *error);
int io_encode_numbers(const struct io_place *p, struct io_numbers *list, struct rt_error *error);
/* Lists of numbers with `;` between them, all as long: the size of the axis. Messages call each of them the
 * kind's `one`. */
int io_encode_lists(const struct io_place *p, const struct io_field *field, int axis, int64_t *lists,
                    struct rt_error *error);
/* Labels separated by bars or white space, their options, of which the last is for what is predicted, and
 * what training learns of them. */
enum { IO_LABELS_OPTIONS = 3 };
int io_settle_threshold(struct io_settings *set, struct rt_error *error);
extern const struct io_option io_labels_options[IO_LABELS_OPTIONS];
int io_encode_labels(const struct io_place *p, const struct io_field *field, struct rt_error *error);
int io_learn_split(const struct io_dataset *train, struct io_schema *schema, int column,
                   struct rt_error *error);
/* How many values of a row stay, of `values`; the others are noted as cut off by the length's limit. */
int64_t io_encode_kept(const struct io_place *p, int64_t values);
/* Finds the id of a label. An id below 0 is a label that training did not see: a target keeps it, to be
 * judged; of an input, it names no row of any table. */
int io_encode_label(const struct io_place *p, const char *text, size_t length, int32_t *id,
                    struct rt_error *error);
/* Of a field that names a file, or is its bytes or what those hold, which is kept in a store: reads one that
 * is not kept yet. RT_BAD_DATA with what is wrong, without a place. The caller frees it. */
typedef int io_read_named(const struct io_place *p, const struct io_field *field, struct io_stored *one,
                          struct rt_error *why);
/* Makes the number of what the field is or names the row's value. */
int io_encode_named(const struct io_place *p, const struct io_field *field, io_read_named *read,
                    struct rt_error *error);
/* The error of a row whose image, say, cannot be read, and why. */
int io_refuse_named(const struct io_place *p, const struct io_field *name, const struct rt_error *why,
                    struct rt_error *error);
/* Are the bytes of a file in memory too many? RT_BAD_DATA, without a place. */
int io_check_bytes(const struct io_field *file, size_t most, struct rt_error *error);
/* A row tells the size of an IO_WIDTH axis: the first one decides it. False: it has another size already. */
bool io_place_size(const struct io_place *p, int axis, int64_t size);
/* Sets the sizes of a column's values as far as its schema knows them. */
void io_values_sizes(struct io_values *v, const struct io_column *column);
/* The id of a token: the number of its text while that is learned. */
int io_encode_token(const struct io_place *p, const char *text, size_t length, int32_t *id,
                    struct rt_error *error);
/* Ends the row of a ragged column; the column has `count` ids by now. */
int io_encode_end(const struct io_place *p, int64_t count, struct rt_error *error);

/* Columns of a table in memory that are no texts (encode_given.c). RT_USAGE: a column cannot be given so. */
int io_check_given(const struct io_encoder *e, struct rt_error *error);
/* Adds a row's value, of such a column, to the values. */
int io_encode_given(const struct io_place *p, const struct io_memory_column *from,
                    const struct io_field *value, struct rt_error *error);
/* Adds it to out as a text: ids as the entries of the vocabulary. */
void io_write_given(const struct io_schema *schema, int field, const struct io_memory_column *from,
                    const struct io_field *value, struct rt_text *out);
/* The vocabulary that gives a column its ids; NULL while it is being learned. */
const struct io_vocab *io_encoder_vocab(const struct io_encoder *e, int column);

/* Adds one row; after a failure the dataset is as before. */
int io_encode_row(const struct io_encoder *e, const struct io_field *fields, int64_t line,
                  struct rt_error *error);
/* A file of which every row is bad. */
int io_no_rows(const struct io_dataset *data, struct rt_error *error);
/* Adds rows until there are as many more, or the table ends: then *more is false. With skip, bad rows are
 * counted instead. */
int io_encode_some(const struct io_encoder *e, struct io_table *table, struct io_portion most, bool skip,
                   bool *more, struct rt_error *error);
/* Appends the ids of a text to ids, of which there are *count; the capacity is *capacity. Only RT_NO_MEMORY
 * can go wrong. */
int io_encode_tokens(const struct io_encoder *e, int column, int64_t limit, struct io_values *v,
                     int64_t *count, struct rt_error *error);
/* Gives an empty dataset the columns of a schema. */
int io_dataset_prepare(struct io_dataset *data, const struct io_schema *schema, struct rt_error *error);
/* Counts in values[].unknown the tokens that are unknown. */
void io_dataset_count_unknown(struct io_dataset *data, const struct io_schema *schema);

/* The parts of the texts that were read while they were learned: those of text n end at end[n]. */
struct io_parts {
  int32_t *id;
  size_t *end;
  size_t count, capacity;
};
int io_parts_new(struct io_parts *parts, const struct io_learning *l, const struct io_kind *kind,
                 struct rt_error *error);
/* Puts them in place of the texts in a column of the dataset, within its limit; what is cut is noted. Only
 * RT_NO_MEMORY can go wrong. */
int io_parts_replace(const struct io_parts *parts, const struct io_learning *l,
                     const struct io_column *column, struct io_dataset *data, int number,
                     struct io_values *noted);
void io_parts_free(struct io_parts *parts);

int io_learning_new(struct io_learning **learning, const struct io_schema *schema, struct rt_error *error);
/* Builds the vocabularies from the training rows alone and translates the ids of both. held may be NULL. */
int io_learning_finish(struct io_learning *learning, const struct io_schema *schema, struct io_dataset *train,
                       struct io_dataset *held, struct rt_error *error);
/* Gives the schema what was learned: vocabularies, and what the kinds take from the training rows. Numbers of
 * both datasets then become what a model gets; held may be NULL. */
int io_learning_commit(struct io_learning *learning, struct io_schema *schema, struct io_dataset *train,
                       struct io_dataset *held, struct rt_error *error);
void io_learning_free(struct io_learning *learning, const struct io_schema *schema);

/* Of kinds whose tokens are runs: own[IO_MIN_N] and own[IO_MAX_N] are how long the shortest and the longest
 * may be. What `usual` says holds where they are left out. RT_USAGE: the shortest is longer than the longest.
 */
enum { IO_MIN_N, IO_MAX_N };
struct io_runs {
  int64_t least, most;
  const char *runs, *items; /* "phrases", "words" */
};
int io_settle_runs(struct io_settings *set, const struct io_runs *usual, struct rt_error *error);
int io_tokenise_runs(const struct io_column *column, enum io_token_kind kind, const struct io_field *text,
                     struct io_tokens *tokens, struct rt_error *error);

#endif
