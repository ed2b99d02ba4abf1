/* schema.h: what the columns of a data file mean, and the vocabularies learned from the training file. */
#ifndef AQ_RUNTIME_IO_SCHEMA_H
#define AQ_RUNTIME_IO_SCHEMA_H

#include "runtime/io/tokenise.h"
#include "runtime/io/vocab.h"

/* Kinds of columns and what a row's field becomes. The words in quotes are the names in programs and files.
 */
enum io_kind {
  IO_WORDS, /* "words"  ids of a text's words. Split at white space alone when a tags column pairs with it; so
               too, and taken as they are, when labels share its vocabulary */
  IO_CHARS, /* "chars"  ids of its code points */
  IO_BYTES, /* "bytes"  its bytes */
  IO_NGRAMS, /* "ngrams" ids of the parts of its words */
  IO_CLASS,  /* "class"  id of a label: the whole field */
  IO_TAGS,   /* "tags"   ids of labels separated by white space, one for each token of the paired column */
  IO_NUMBER, /* "number" one finite number */
  IO_VECTOR, /* "vector" width numbers separated by white space or commas */
  IO_IDS     /* "ids"    integers 0..size-1 separated by white space or commas */
};
enum { IO_KINDS = IO_IDS + 1 };

const char *io_kind_name(enum io_kind kind);
/* The kind of that name, or -1. */
int io_kind_find(const char *name);
/* words, chars, bytes, ngrams, tags, ids: a row has its own length. */
bool io_kind_is_ragged(enum io_kind kind);
/* words, chars, bytes, ngrams: tokens of a text; of these all but bytes are counted to make a vocabulary. */
bool io_kind_is_text(enum io_kind kind), io_kind_is_counted(enum io_kind kind);

enum { IO_LONGEST_NGRAM = 64 }; /* code points */

struct io_column {
  char *name;
  char *source; /* the field of the file that it reads, when that is not of its name; NULL otherwise */
  int field;    /* which of the schema's fields that is; io_schema_check numbers them */
  enum io_kind kind;
  int pair;       /* tags: the column of the tokens; -1 otherwise */
  bool required;  /* false: when predicting, a file may lack it (a target) and it is not read */
  bool keep_case; /* words, ngrams: without lower case */
  bool ends;      /* words, chars, bytes: a row gets a begin and an end id around it */
  int64_t
      max_length; /* ragged: tokens behind it are cut and counted; 0: no limit. Begin and end do not count */
  int64_t min_count;      /* words, chars, ngrams: rarer ones are unknown; 0 is 1 */
  int64_t max_size;       /* words, chars, ngrams: limit of the vocabulary; 0: none */
  int64_t min_n, max_n;   /* ngrams: code points of the shortest and the longest; 0 otherwise */
  int64_t width;          /* vector: numbers in a row; 0: taken from the first row of the training file */
  int64_t size;           /* ids: 1 + the largest id; 0: taken from the training file */
  int shares;             /* the first column that has the same vocabulary and owns it; -1: it is its own */
  struct io_vocab *vocab; /* words, chars, bytes, ngrams, class, tags; NULL before training */
};

/* A file has fields; each column reads one, and several texts may read the same. Start zeroed. */
struct io_schema {
  struct io_column *columns;
  int count, capacity, fields;
};

/* Adds a column with its defaults (required, no pair, no limits) and gives it back through *column, which
 * stays valid until the next addition. A second column of that name is RT_USAGE. */
int io_schema_add(struct io_schema *schema, const char *name, enum io_kind kind, struct io_column **column,
                  struct rt_error *error);
/* The index of a column, or -1. */
int io_schema_find(const struct io_schema *schema, const char *name);
/* Lets a column read the field of that name instead of its own. RT_NO_MEMORY. */
int io_schema_read_from(struct io_column *column, const char *field, struct rt_error *error);
/* The name of a field, 0 <= field < fields. */
const char *io_schema_field_name(const struct io_schema *schema, int field);
/* Does a column need the field when predicting? */
bool io_schema_field_required(const struct io_schema *schema, int field);
/* Checks that pairs, limits and kinds agree, and numbers the fields in the order of the columns; tags without
 * a pair get the only words, chars, bytes or ids column there is. Reading data calls it. RT_USAGE. */
int io_schema_check(struct io_schema *schema, struct rt_error *error);
/* Which tokens a words, chars, bytes or ngrams column gets: IO_TOKENS_SPACES for words that tags pair with.
 */
struct io_tokeniser io_schema_tokeniser(const struct io_schema *schema, int column);
/* The column that owns a column's vocabulary. */
int io_schema_owner(const struct io_schema *schema, int column);
/* Do labels, class or tags, have this column's vocabulary? It has no entry for the unknown then. */
bool io_schema_has_labels(const struct io_schema *schema, int column);
/* Does a column of this one's vocabulary have begin and end? */
bool io_schema_has_ends(const struct io_schema *schema, int column);
/* Gives all columns the vocabularies that their owners have. */
void io_schema_share(struct io_schema *schema);
/* True when every column has what training gives it: vocabularies, widths, sizes. */
bool io_schema_is_trained(const struct io_schema *schema);
void io_schema_free(struct io_schema *schema);

/* The whole schema with its vocabularies as one JSON object, for the model file, and back (RT_BAD_DATA). */
void io_schema_write(const struct io_schema *schema, struct rt_text *out);
int io_schema_parse(struct io_schema *schema, const char *json, size_t length, struct rt_error *error);

#endif
