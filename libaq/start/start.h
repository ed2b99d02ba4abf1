/* start.h: a program to begin with, made from a look at a table. start_columns.c says what each column is,
 * start_choose.c what is to be predicted and by which template of its list, start_seen.c what was seen. The
 * others write programs: start_image.c, start_restore.c, start_sound.c, start_row.c with start_table.c,
 * start_tag.c, start_rank.c, start_text.c.
 */
#ifndef AQ_LIBAQ_START_H
#define AQ_LIBAQ_START_H

#include "libaq/internal.h"
#include "runtime/io/look.h"

enum start_kind {
  START_EMPTY,  /* nothing stands in it */
  START_SAME,   /* one value in all rows */
  START_DATE,   /* days, which no column reads */
  START_UNSAID, /* a key of JSON lines that no text of a program can hold */
  START_NAME,   /* another word or number in each row, which tells nothing about others: an id */
  START_IMAGE,  /* names of image files */
  START_SOUND,  /* names of files of sound */
  START_TEXT,
  START_CLASS,  /* few values that come again */
  START_LABELS, /* several of them in a row */
  START_TAGS,   /* a tag for each word of a text */
  START_NUMBER,
  START_VECTOR, /* as many numbers in each row */
  START_THING,  /* numbers that only name things which come again: users, films */
  START_KINDS
};

enum { START_MANY_ROWS = 30000 }; /* the steps of one epoch are enough for a running average of many */

struct start_column {
  const struct io_look_field *field;
  enum start_kind kind;
  char name[48]; /* in the program */
  bool renamed;  /* and another one in the file: from = "…" */
  bool numbered; /* a header has no name for it that a program could say: from = 3 */
  bool unspaced; /* a text in which no spaces stand between words */
  bool letters;  /* whose words are to be read as characters: Thai, Lao, Khmer, Burmese */
  size_t of;     /* tags: the column of the text */
};

struct start_template;

struct start {
  struct io_look look;
  const char *path;
  struct start_column *column; /* [look.count] */
  size_t target;
  bool guessed; /* nobody named the target */
  bool asked;   /* somebody named the template */
  const struct start_template *template;
  struct rt_arena arena;
};

struct start_template {
  const char *name, *about; /* as `aqc new --list` shows them */
  bool texts;               /* it is all about texts: when asked for, it takes those of which few differ */
  const char *needs;        /* the table must have: "a column with a tag for each word of another one" */
  /* Can this column be predicted so? */
  bool (*takes)(const struct start *start, size_t column);
  bool (*reads)(const struct start *start, size_t column); /* which is not the target */
  void (*write)(const struct start *start, struct rt_text *out);
};

extern const struct start_template start_image, start_restore, start_sound, start_classify, start_tag,
    start_rank, start_regress, start_translate, start_generate;

/* Says for each column of the look what it is, and what the program calls it. */
int start_columns(struct start *start, struct rt_error *error);
/* Chooses template and target, and which columns are inputs. Both names may be NULL. */
int start_choose(struct start *start, const char *target, const char *as, struct rt_error *error);
/* A few lines about the table. */
void start_seen(const struct start *start, struct rt_text *out);
/* Has the table rows that only the option bad_rows = skip leaves out? */
bool start_skips(const struct start *start);

/* ---- for templates ---- */

static inline bool start_is(const struct start *s, size_t column, enum start_kind kind) {
  return s->column[column].kind == kind;
}
/* Does the template read this column, which is not the target? */
static inline bool start_is_input(const struct start *s, size_t column) {
  return column != s->target && s->template->reads(s, column);
}
/* Numbers, also where few come again: of classes none is below 0. */
bool start_is_number(const struct start *start, size_t column);
/* Is it read as a set: several labels in a row, or one that some rows lack? */
bool start_is_set(const struct start *start, size_t column);
size_t start_count_inputs(const struct start *start, enum start_kind kind);
/* The n-th column of a kind but the target, from 0; look.count: there is none. */
size_t start_nth(const struct start *start, enum start_kind kind, size_t n);
/* "6,920" of a count; lives in the arena. */
const char *start_count(const struct start *start, int64_t number);
/* How long a text column is to be at most: all but a thousandth of the texts fit. */
int64_t start_limit(const struct start_column *column);
/* `from = "Review Text"` or, without a header, `from = 3`, where it is needed, and the options between
 * brackets. */
void start_declare(const struct start *start, size_t column, const char *shape, const char *options,
                   struct rt_text *out);
/* What sets the names of this column's sizes apart: "", where it is the only text, else its number. */
const char *start_mark(const struct start *start, size_t column);
/* The parts of a program for columns that are no texts: sizes, functions, the body of the model up to
 * `seen`, or `known` beside texts, which has the size `answer`, and the settings of training. */
void start_table_head(const struct start *start, struct rt_text *out);
/* Is each number seen in waves as well, of which there are K? */
bool start_has_waves(const struct start *start);
void start_table_functions(const struct start *start, struct rt_text *out);
void start_table_body(const struct start *start, const char *answer, struct rt_text *out);
void start_table_train(const struct start *start, const char *metric, struct rt_text *out);
/* The end of a model whose answer is a number: what its layers add up to, times the spread of the target, and
 * its mean. */
void start_put_number(const struct start *start, const char *sum, struct rt_text *out);
/* An input that is no text as a vector: `embed(place, 8)`. */
void start_put_feature(const struct start *start, size_t column, struct rt_text *out);
/* The comment at the head of a program. */
void start_heading(const struct start *start, struct rt_text *out);
/* Less than a thousand rows to learn from: rates and sizes go by it. */
bool start_is_small(const struct start *start);

#endif
