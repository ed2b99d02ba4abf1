/* memory.h: a table in memory: columns with names, of texts, numbers or ids, all as long. It is read as a
 * file is (table.h, data.h). */
#ifndef AQ_RUNTIME_IO_MEMORY_H
#define AQ_RUNTIME_IO_MEMORY_H

#include "runtime/base.h"

/* What a column's rows are: texts, as they would stand in a file; doubles; numbers of vocabulary entries,
 * int32_t; the bytes of files, which texts would name; or what such files have: images and sounds, each as
 * below. */
enum io_given {
  IO_GIVEN_TEXTS,
  IO_GIVEN_NUMBERS,
  IO_GIVEN_IDS,
  IO_GIVEN_FILES,
  IO_GIVEN_IMAGES,
  IO_GIVEN_SOUNDS
};
extern const char *const io_given_words[]; /* "texts", "numbers", … */

/* What stands before the points of an image, a byte each, and before the samples of a sound, floats. */
struct io_memory_image {
  int32_t height, width, channels;
};
struct io_memory_sound {
  int32_t rate, channels;
};

struct io_memory_column {
  char *name;
  bool there; /* false: its memory is kept for later */
  enum io_given given;
  uint64_t serial; /* of all columns that this process has begun */
  int64_t
      width;   /* of lists of numbers: how many one of the list has; 0: the numbers of a row are one value */
  char *bytes; /* of all rows, aligned for doubles */
  size_t length, capacity;
  size_t *begin; /* [rows + 1] where each row begins in bytes */
  size_t begin_capacity;
};

/* Start zeroed. */
struct io_memory {
  struct io_memory_column *column; /* [count], also those that are not there */
  size_t count, capacity;
  int64_t rows;
};

/* The column of that name, or NULL. */
struct io_memory_column *io_memory_find(const struct io_memory *memory, const char *name);
/* How many columns are there. */
size_t io_memory_columns(const struct io_memory *memory);
/* An empty column: a new one, or one whose memory was kept. RT_USAGE: it is there already. */
int io_memory_add(struct io_memory *memory, const char *name, enum io_given given,
                  struct io_memory_column **column, struct rt_error *error);
/* Makes room for that many more bytes, in so many rows in all. RT_NO_MEMORY. */
int io_memory_reserve(struct io_memory_column *column, size_t bytes, int64_t rows);
/* Ends row number `row`, behind `length` bytes that are copied. There must be room for them. */
void io_memory_put(struct io_memory_column *column, int64_t row, const void *bytes, size_t length);
/* Adds the value of a row as a person would write it: 1.5, or "3 7", or "(4213 bytes)". */
void io_memory_write(const struct io_memory_column *column, const char *value, size_t length,
                     struct rt_text *out);
/* RT_BAD_DATA about a row, counted from 1: "row 3, column `age`: …". */
int io_memory_fail(struct rt_error *error, int64_t row, const char *column, const char *text);
/* Forgets rows and columns, and keeps their memory. */
void io_memory_clear(struct io_memory *memory);
void io_memory_free(struct io_memory *memory);

#endif
