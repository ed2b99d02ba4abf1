/* column.h: what a kind of column is: `text: words[T, V](min_count = 2)`.
 *
 * How to add one, say `reversed`:
 *   1. runtime/columns/column_reversed.c defines `const struct io_kind io_kind_reversed`: what is written in
 * a program, what a field becomes, and the words that messages use. column_chars.c is the shortest one of
 *      text, column_number.c of numbers.
 *   2. A row in IO_KINDS below, which is the order of messages too, and the file's name in Makefile.am.
 * Nothing else knows kinds by name: the compiler takes axes, type and options from the row, the reader its
 * `encode`, and what is learned and saved follows from its axes: a vocabulary for `entries`, a number for
 * `width`, and each option under its name. */
#ifndef AQ_RUNTIME_COLUMNS_COLUMN_H
#define AQ_RUNTIME_COLUMNS_COLUMN_H

#include <stddef.h>

#include "runtime/io/dtype.h"
#include "runtime/io/tokenise.h"
#include "runtime/io/vocab.h"

#define IO_KINDS(ROW)                                                                                        \
  ROW(words) ROW(chars) ROW(bytes) ROW(ngrams) ROW(class) ROW(tags) ROW(number) ROW(vector)

struct io_schema;
struct io_field;
struct io_place;

/* What a name between the brackets means. */
enum io_axis_means {
  IO_NO_AXIS,
  IO_LENGTH,  /* T: how long a row is; each has its own. Values have this axis */
  IO_WIDTH,   /* N: the same for all rows; learned from the first. Values have this axis */
  IO_ENTRIES, /* V: how many ids there are, the size of the vocabulary. No axis: each value is one of them */
};

struct io_axis {
  enum io_axis_means means;
  const char *name; /* in messages that show how the kind is written */
  bool optional;    /* it may be left out */
};

enum { IO_MOST_AXES = 2, IO_OWN_OPTIONS = 2, IO_MOST_OPTIONS = 8 };

/* What a program says behind the axes. 0 and NULL: nothing. */
struct io_settings {
  int64_t min_count;           /* what is rarer is unknown */
  int64_t max_size;            /* limit of the vocabulary */
  const char *vocab;           /* a file with the vocabulary, a text a line, instead of a learned one */
  const char *labels;          /* all labels, in order: "bad, so-so, good" */
  int64_t own[IO_OWN_OPTIONS]; /* of one kind alone, which says what they mean */
};

/* An option that a kind takes. All are optional. */
struct io_option {
  const char *name;
  bool text;           /* it is a text; otherwise a whole number */
  int64_t least, most; /* of a number */
  size_t offset;       /* where it stands in struct io_settings */
};
#define IO_WHOLE(name, least, most, field)                                                                   \
  { name, false, least, most, offsetof(struct io_settings, field) }
#define IO_TEXT(name, field)                                                                                 \
  { name, true, 0, 0, offsetof(struct io_settings, field) }
/* What kinds with a vocabulary of counted tokens have in common. */
#define IO_VOCAB_OPTIONS                                                                                     \
  IO_WHOLE("min_count", 1, INT32_MAX, min_count), IO_WHOLE("max_size", 1, INT32_MAX, max_size),              \
      IO_TEXT("vocab", vocab)

struct io_kind {
  const char *name;                  /* in programs and files */
  struct io_axis axis[IO_MOST_AXES]; /* words[T, V], of which V may be left out */
  enum io_dtype element;             /* what a value is made of: IO_I32 is an id, all others are numbers */
  const struct io_option *option;
  int options;
  /* Fills in what was not given and refuses what ranges cannot (RT_USAGE), or NULL. */
  int (*settle)(struct io_settings *set, struct rt_error *error);

  /* Of ids. */
  enum io_vocab_kind vocab; /* what gives them */
  bool labels;              /* each is a label, which a row must have; a target may have unknown ones */
  bool names;               /* they name things, as labels do: shares a vocabulary with other such kinds */
  bool pairs;               /* one for each token of another column, whose length it has */
  bool continues; /* tokens in the order of the text, one after another: the next can be predicted, and tags
                     can belong to them */
  bool spaced;    /* when the model writes, there is a space between tokens */
  bool partial;   /* tokens are parts of what was written, and are shown as the model sees them */
  /* The tokens of a field, which is valid UTF-8; NULL when it is no text. Only RT_NO_MEMORY can go wrong. */
  int (*tokens)(const struct io_schema *schema, int column, const char *text, size_t length,
                struct io_tokens *tokens, struct rt_error *error);
  /* Adds a row's field to the column's values: runtime/io/data_internal.h has what is needed for it. */
  int (*encode)(const struct io_place *place, const struct io_field *field, struct rt_error *error);

  /* Words for messages. */
  const char *one, *more; /* what a row's length counts: "word", "words" */
  const char *entries;    /* what a vocabulary or width counts: "classes", "numbers" */
  const char *noun;       /* what the vocabulary consists of: "words", "labels" */

  /* Sizes of vocabulary or width where there are no data: a usual one, to tell what a model costs, and a
   * small one, to check gradients. */
  int64_t usual, small;
};

#define IO_DECLARE(kind) extern const struct io_kind io_kind_##kind;
IO_KINDS(IO_DECLARE)

/* The kinds in their order, NULL behind the last. */
extern const struct io_kind *const io_kinds[];
/* The kind of that name, or NULL. */
const struct io_kind *io_kind_find(const char *name);
/* A name that is kept for a kind to come; NULL for number beyond the last. */
const char *io_kind_later(size_t number);
/* "words, chars and bytes"; all of them. */
void io_kinds_list(struct rt_text *out);
/* Has the kind such an axis? */
bool io_kind_has(const struct io_kind *kind, enum io_axis_means means);
/* Are its values numbers? Otherwise they are ids. */
static inline bool io_kind_is_real(const struct io_kind *kind) { return kind->element != IO_I32; }
/* Ids that are counted to make a vocabulary: neither labels nor fixed in advance. */
bool io_kind_is_counted(const struct io_kind *kind);
/* May columns of these kinds have one vocabulary? */
bool io_kinds_share(const struct io_kind *a, const struct io_kind *b);
/* The first option whose number is out of its range; NULL: none. */
const struct io_option *io_kind_misfit(const struct io_kind *kind, const struct io_settings *set);
/* Where an option's value stands in the settings. */
int64_t *io_option_number(const struct io_option *option, struct io_settings *set);
const char **io_option_text(const struct io_option *option, struct io_settings *set);

#endif
