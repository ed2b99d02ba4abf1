/* look.h: a look at a table whose columns nobody has declared: what its fields hold.
 *
 * All rows are read. What costs more, taking texts apart, is done for the first of them alone. Rows that
 * cannot be read, or have another number of fields than the first one, are counted and left out. */
#ifndef AQ_RUNTIME_IO_LOOK_H
#define AQ_RUNTIME_IO_LOOK_H

#include "runtime/io/table.h"

enum {
  IO_LOOK_FIELDS = 1024,  /* of a table; one that has more is refused */
  IO_LOOK_VALUES = 2000,  /* different ones of a field that are told apart, and different items of them */
  IO_LOOK_LONGEST = 100,  /* bytes of a value that is told apart from others */
  IO_LOOK_LENGTHS = 1024, /* words of a text; the last is for all that are longer */
  IO_LOOK_OBJECTS = 6,    /* keys that are named whose values are objects */
  IO_LOOK_TEXTS = 20000   /* rows whose texts are taken apart */
};

/* Different texts, and how often each was met. The first IO_LOOK_VALUES of them are told apart. */
struct io_look_bag {
  struct io_look_value {
    const char *text;
    int64_t count;
  } * value;
  size_t count, capacity;
  bool full;     /* there were more */
  int64_t total; /* texts that were met, those behind the first ones too */
};

struct io_look_field {
  char *name;              /* as the header says; NULL: there is none, or an empty one */
  int64_t filled, missing; /* rows with something in this field, and without */
  int64_t lacking;         /* of those without: JSON lines that have no such key */
  int64_t numbers, whole;  /* that are a number, and a whole one */
  const char *odd;         /* the first that is neither a number nor absent, and its line */
  int64_t odd_line;
  const char *code;       /* the first number of digits alone that begins with 0, as a zip code does */
  int64_t percents;       /* that are a number and % */
  int64_t absent;         /* that say in a word that nothing is there: NA, null, ? */
  int64_t dates;          /* that are a date: 2024-05-31 */
  int64_t commas;         /* that are 1,34 or 1,234.5: two numbers or one, where points separate */
  const char *comma;      /* the first such one */
  const char *decimal[2]; /* the first numbers with a point and a comma, where semicolons separate */
  double least, most, mean, squares; /* of the numbers; squares: of what they are off the mean */
  int64_t lists, list_length;        /* rows of two or more numbers; how many: -1 when that differs */
  struct io_look_bag values, items;  /* items: what white space separates within a field */
  int64_t texts;                     /* that were taken apart */
  int64_t letters, ideographs;       /* code points in them; ideographs are those of Han and kana */
  int64_t unspaced;                  /* letters of scripts without spaces between words whose letters are no
                                        words: Thai, Lao, Khmer, Burmese */
  int64_t words, longest;            /* words as the column `words` has them */
  int64_t with_length[IO_LOOK_LENGTHS + 1]; /* how many texts have so many words */
  uint64_t items_mark;                      /* the same for two fields that have as many items in each row */
};

struct io_look {
  struct io_look_field *field;
  size_t count;
  int64_t rows, bad;
  const char *first_bad;    /* what is wrong with the first of the bad ones, and what to do about it */
  bool commas;              /* semicolons separate the fields, and numbers may have decimal commas */
  int objects;              /* keys of JSON lines whose values are objects, which no column can have */
  const char *object_names; /* the first of them, with commas between */
  bool header;
  const char *left_out; /* what a folder has that is no row; NULL: nothing */
  struct rt_arena texts;
};

/* Free it also after a failure. */
int io_look_at(const char *path, enum io_header header, struct io_look *look, struct rt_error *error);
void io_look_free(struct io_look *look);
/* So many words hold all but a thousandth of the texts. */
int64_t io_look_length(const struct io_look_field *field);
/* Have two fields as many items in each row, and more than one in some? */
bool io_look_parallel(const struct io_look *look, size_t a, size_t b);

#endif
