/* column.h: what a kind of column is: `text: words[T, V](min_count = 2)`.
 *
 * How to add one, say `reversed`:
 * 1. runtime/columns/column_reversed.c defines `const struct io_kind io_kind_reversed`: what is written in a
 * program, what a field becomes, and the words that messages use. column_chars.c is the shortest one of text,
 * column_number.c of numbers.
 * 2. `column_files` of Makefile.am gets the file's name, at the place that the kind shall have in messages.
 *
 * Nothing else knows kinds by name. The compiler takes axes, type and options from the row, the reader its
 * `encode`. What is learned and saved follows from the axes (a vocabulary for IO_ENTRIES, a number for
 * IO_WIDTH), and each option is saved under its name. */
#ifndef AQ_RUNTIME_COLUMNS_COLUMN_H
#define AQ_RUNTIME_COLUMNS_COLUMN_H

#include <stddef.h>

#include "runtime/io/dtype.h"
#include "runtime/io/tokenise.h"
#include "runtime/io/vocab.h"

struct io_dataset;
struct io_files;
struct io_schema;
struct io_field;
struct io_place;
struct io_giving;
struct io_column;
struct io_values;

/* What an axis means: a name or number between the brackets. */
enum io_axis_means {
  IO_NO_AXIS,
  IO_LENGTH,  /* T: the length of a row; each row has its own. Values have this axis */
  IO_WIDTH,   /* N: as wide for all rows; learned from the first row. Values have this axis. A kind may have
                 several, as matrix[R, N]. Of ids, those behind a value's last one are IO_NO_ID */
  IO_ENTRIES, /* V: how many ids there are, the size of the vocabulary. No axis of the values: each value is
                 one of these ids. The last axis of a kind */
  IO_MEMBERS, /* C: likewise the size of a vocabulary, of which a row has any number of entries. Values have
                 this axis: a 1 for each entry that the row has, a 0 for the others. The last axis, too */
};

struct io_axis {
  enum io_axis_means means;
  const char *name;   /* in messages that show how the kind is written */
  bool optional;      /* it may be left out */
  const char *counts; /* what it counts, "rows"; NULL: the kind's `entries` */
  bool given;         /* of an IO_WIDTH: the program says how much, no data do */
};

enum { IO_NO_ID = -1 }; /* names no entry of a vocabulary: no row of any table */
enum { IO_MOST_AXES = 3, IO_OWN_OPTIONS = 15, IO_MOST_OPTIONS = 15, IO_MOST_TEXTS = 2 };

/* What a program says behind the axes, in round brackets. 0 and NULL: nothing. A bare word is the number of
 * the word, from 1 on, a switch IO_OFF or IO_ON. */
struct io_settings {
  int64_t min_count;      /* texts that are rarer are unknown */
  int64_t max_size;       /* limit of the vocabulary */
  const char *vocab;      /* a file with the vocabulary, one text a line; otherwise it is learned */
  const char *merges;     /* a file of what is merged to the vocabulary's texts */
  const char *labels;     /* all labels, in order: "bad, so-so, good" */
  int64_t missing, scale; /* of numbers: enum io_missing, enum io_scale */
  int64_t threshold;      /* of labels: enum io_threshold */
  int64_t scheme;         /* of tags: enum io_scheme; what the training rows have, when it is not given */
  double number;          /* in place of the word of an IO_OPTION_WORD_OR_NUMBER */
  int64_t own[IO_OWN_OPTIONS]; /* options that one kind alone has; the kind says what each means */
};

enum io_missing { IO_MISSING_MEAN = 1, IO_MISSING_MEDIAN, IO_MISSING_NUMBER };
enum io_threshold { IO_THRESHOLD_LEARNED = 1, IO_THRESHOLD_NUMBER };
enum io_scheme { IO_SCHEME_BIO = 1, IO_SCHEME_IOB1 };
enum io_scale { IO_SCALE_STANDARD = 1, IO_SCALE_RANGE, IO_SCALE_NONE };

/* What an option takes, and how it is written. */
enum io_option_type {
  IO_OPTION_WHOLE,          /* min_count = 2 */
  IO_OPTION_TEXT,           /* vocab = "words.txt" */
  IO_OPTION_SWITCH,         /* lower = false */
  IO_OPTION_CHOICE,         /* split = spaces; one of a few words */
  IO_OPTION_WORD_OR_NUMBER, /* missing = mean, missing = 0; a number is one more than the last word */
};
enum { IO_OFF = 1, IO_ON = 2 }; /* what a switch is when it was given */

/* An option that a kind takes. */
struct io_option {
  const char *name;
  const char *doc;
  enum io_option_type type;
  int64_t least, most;       /* of a number, and of the number that a choice or a switch is */
  const char *const *choice; /* of a choice: its words; a switch has none */
  size_t offset;             /* where it stands in struct io_settings */
  bool needed;               /* it may not be left out */
};
#define IO_WHOLE(name, least, most, field, doc)                                                              \
  { name, doc, IO_OPTION_WHOLE, least, most, NULL, offsetof(struct io_settings, field), false }
#define IO_TEXT(name, field, doc)                                                                            \
  { name, doc, IO_OPTION_TEXT, 0, 0, NULL, offsetof(struct io_settings, field), false }
#define IO_SWITCH(name, field, doc)                                                                          \
  { name, doc, IO_OPTION_SWITCH, IO_OFF, IO_ON, NULL, offsetof(struct io_settings, field), false }
/* words: an array. The number of words[0] is 1. */
#define IO_CHOICE(name, words, field, doc)                                                                   \
  { name, doc, IO_OPTION_CHOICE, 1, RT_COUNT(words), words, offsetof(struct io_settings, field), false }
#define IO_WORD_OR_NUMBER(name, words, field, doc)                                                           \
  {                                                                                                          \
    name, doc, IO_OPTION_WORD_OR_NUMBER, 1, RT_COUNT(words) + 1, words, offsetof(struct io_settings, field), \
        false                                                                                                \
  }
/* Is a switch on, which stands at `usual` when it was not given? */
static inline bool io_is_on(int64_t value, bool usual) { return value ? value == IO_ON : usual; }
/* What kinds with a vocabulary of counted tokens have in common. */
#define IO_VOCAB_OPTIONS                                                                                     \
  IO_WHOLE("min_count", 1, INT32_MAX, min_count,                                                             \
           "what the training file has less often is the unknown word"),                                     \
      IO_WHOLE("max_size", 1, INT32_MAX, max_size,                                                           \
               "how many entries the vocabulary has at most, the most frequent ones"),                       \
      IO_TEXT("vocab", vocab,                                                                                \
              "a file with the vocabulary, one entry a line, in place of one that is learned")

/* A value as a picture. */
struct io_image;
struct io_drawn {
  int8_t down, across; /* the axes of a value along its height and its width; -1: none is */
  bool up;             /* what is first along the height is at the bottom */
  /* The picture of a row. RT_BAD_DATA, without a place: it cannot be read any more. The caller frees the
   * image. */
  int (*draw)(const struct io_column *column, const struct io_values *values, int64_t row,
              struct io_image *image, struct rt_error *error);
};

/* Of values with `give` that a model can predict. Its answers have what they stand for as their unit: an
 * image's points are from 0 to 1 then, whatever the scale of the column. */
struct io_answered {
  /* Makes such numbers of those that a model is given, and so of its answers. from: the place of the first in
   * the value. */
  void (*undo)(const struct io_column *column, double *number, int64_t from, int64_t count);
  /* What the column gives: from least to most, or NAN where only data tell. */
  void (*range)(const struct io_settings *set, double *least, double *most);
  /* The name of a setting by which training changes the column at random; NULL: there is none. */
  const char *(*changed)(const struct io_settings *set);
};

struct io_kind {
  const char *name; /* in programs and files. Kinds of one name differ in how many axes are written, as
                       vector[N] and vector[T, N] */
  const char *doc;  /* what a field of the file is */
  struct io_axis axis[IO_MOST_AXES]; /* words[T, V], of which V may be left out */
  enum io_dtype element;             /* what a value is made of: IO_I32 is an id, all others are numbers */
  const struct io_option *option;
  int options;
  /* Fills in options that were not given, and refuses what their ranges alone allow (RT_USAGE). NULL: nothing
   * to do. */
  int (*settle)(struct io_settings *set, struct rt_error *error);
  /* Refuses options of a program that do not go together (RT_USAGE); a saved schema has not all of them.
   * NULL: nothing to do. */
  int (*complete)(const struct io_settings *set, struct rt_error *error);
  /* What is wrong with the sizes of the axes, of which those that are not known are 0, or with options that
   * do not go with them. NULL: nothing. */
  const char *(*misfit)(const struct io_settings *set, const int64_t size[static IO_MOST_AXES]);

  /* Of IO_MEMBERS: so many numbers come first in each value (io_values.beside), and are counted in the axis.
   */
  int beside;
  /* Of a kind whose values may lie in those of another column, as boxes do in an image (`belongs`), the first
   * of the program (`to`; NULL: there is none): takes what it needs of it. size: of its axes, 0 where only
   * data tell. RT_USAGE: they cannot lie there. NULL: it is no such kind. */
  int (*lies_in)(struct io_settings *set, const struct io_column *to, const int64_t size[static IO_MOST_AXES],
                 struct rt_error *error);

  /* Of ids. */
  enum io_vocab_kind vocab; /* what gives them */
  bool labels; /* each is a label, and a row must have one; a target may have labels that training did not see
                */
  bool names;  /* they name things, as labels do: may share a vocabulary with other such kinds */
  bool pairs;  /* one for each token of another column, and so as many */
  /* Can such values belong to that column's tokens? NULL: to those of texts that continue. */
  bool (*belongs)(const struct io_kind *to);
  bool made;      /* of pairs: they are made of that column's text, and have no field of their own */
  bool numbered;  /* the file has the ids themselves; its vocabulary are their numbers as texts */
  bool continues; /* tokens follow the text: the next one can be predicted, and tags can belong to them */
  /* How many tokens a complete value has. No token marks its end, and IO_NO_ID its begin. NULL: any number.
   */
  int64_t (*whole)(const struct io_settings *set);
  /* With `whole`: the image that the tokens are the levels of. */
  void (*shape)(const struct io_settings *set, int32_t *height, int32_t *width, int *channels);
  bool partial; /* tokens are parts of what was written, and are shown as the model sees them */
  bool spaced;  /* white space is part of tokens, and lines are none of their limits */
  /* The tokens of a text, which is valid UTF-8, or of several in one sequence (`texts` below); NULL when a
   * field is no text. Only RT_NO_MEMORY can go wrong. */
  int (*tokens)(const struct io_schema *schema, int column, const struct io_field *text,
                struct io_tokens *tokens, struct rt_error *error);
  int texts; /* of how many fields a sequence may be made; 0 is 1 */
  /* How many tokens of a sequence are no part of its texts. NULL: none. */
  int64_t (*around)(const struct io_settings *set, int texts);
  /* Adds a token to a text that a model writes, behind the token `before`, NULL at the beginning of a text.
   * spell NULL: tokens are added as they are. */
  void (*spell)(struct rt_text *out, const char *before, size_t before_length, const char *token,
                size_t length);
  /* The vocabulary when it is the same for all data; with begin and end when `ends`. NULL: it is not. */
  int (*fixed)(struct io_vocab **vocab, bool ends, struct rt_error *error);
  /* Builds the vocabulary out of texts that were counted, when its entries are parts of them; and the parts
   * of such a text. Until it is built, `tokens` gives those texts. NULL: the texts are the entries. */
  int (*build)(struct io_vocab **vocab, const struct io_counted *counted,
               const struct io_vocab_options *options, struct rt_error *error);
  int (*parts)(const struct io_vocab *vocab, const char *text, size_t length, struct io_tokens *tokens,
               struct rt_error *error);
  /* Reads the file set->vocab. NULL: io_vocab_from_file. */
  int (*given)(struct io_vocab **vocab, const struct io_settings *set, struct rt_error *error);
  /* Adds a row's field to the column's values, with the help of runtime/io/data_internal.h. */
  int (*encode)(const struct io_place *place, const struct io_field *field, struct rt_error *error);

  /* What the training rows give the column beside a vocabulary and sizes. NULL: nothing. */
  int (*learn)(const struct io_dataset *train, struct io_schema *schema, int column, struct rt_error *error);

  /* Of values that are numbers of something larger (io_values.store): gives a model what they stand for.
   * Such a value is one element, whatever the sizes of its axes. RT_BAD_DATA, without a place: that cannot be
   * read any more. NULL: the elements are what it is given. */
  int (*give)(const struct io_giving *giving, struct rt_error *error);
  /* With `give`: does training learn how the entries of the last axis are scaled? */
  bool (*fits)(const struct io_settings *set);
  /* With `give`. NULL: a model cannot predict it. */
  const struct io_answered *answered;

  const struct io_files *files; /* what its fields name, in place of having it */
  const struct io_drawn *drawn; /* how people are shown where in a value something is; NULL: in no picture */

  bool weighs; /* it says what a row counts in the loss, and no model is given it */
  char join;   /* between the items of a list in JSON; 0: it takes no list */

  /* Words for messages. */
  const char *one, *more; /* what a row's length counts: "word", "words" */
  const char *entries;    /* what a vocabulary or width counts: "classes", "numbers" */
  const char *noun;       /* what the vocabulary consists of: "words", "labels" */

  /* Sizes of the vocabulary or the width when there are no data: a usual one, to tell what a model costs, and
   * a small one, to check gradients. */
  int64_t usual, small;
};

/* The kinds in their order, NULL behind the last. */
extern const struct io_kind *const io_kinds[];
/* The first kind of that name, or NULL. */
const struct io_kind *io_kind_find(const char *name);
/* The kind of that name that may be written with so many axes, or NULL. */
const struct io_kind *io_kind_with_axes(const char *name, int axes);
/* How many axes it has at most, and at least. */
int io_kind_most_axes(const struct io_kind *kind);
int io_kind_least_axes(const struct io_kind *kind);
/* "words, chars and bytes"; all of them, each name once. */
void io_kinds_list(struct rt_text *out);
/* Has the kind such an axis? */
bool io_kind_has(const struct io_kind *kind, enum io_axis_means means);
/* What an axis of it counts: "classes", "numbers". */
const char *io_kind_counts(const struct io_kind *kind, int axis);
/* Has it a vocabulary? */
static inline bool io_kind_has_vocab(const struct io_kind *kind) {
  return io_kind_has(kind, IO_ENTRIES) || io_kind_has(kind, IO_MEMBERS);
}
/* Does a model get numbers? Otherwise ids. */
static inline bool io_kind_is_real(const struct io_kind *kind) {
  return kind->element != IO_I32 || kind->give || io_kind_has(kind, IO_MEMBERS);
}
/* Can the values of a kind with pairs belong to the tokens of the other one? */
bool io_kind_belongs(const struct io_kind *kind, const struct io_kind *to);
/* Is its vocabulary learned by counting? Not that of labels, nor one that is fixed. */
bool io_kind_is_counted(const struct io_kind *kind);
/* May columns of these kinds share a vocabulary? */
bool io_kinds_share(const struct io_kind *a, const struct io_kind *b);
/* The first option whose number is out of its range, or NULL. */
const struct io_option *io_kind_misfit(const struct io_kind *kind, const struct io_settings *set);
/* Where an option's value stands in the settings. */
int64_t *io_option_number(const struct io_option *option, struct io_settings *set);
const char **io_option_text(const struct io_option *option, struct io_settings *set);

#endif
