/* aq_rows.h: rows in memory, taken wherever a file of rows is: a part of aq.h, which includes it. */
#ifndef AQ_ROWS_H
#define AQ_ROWS_H

#include "aq_base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A table in memory. Its columns have the names that a file's fields would have in a header line, and are all
 * as long; columns that a model does not read are ignored. It is filled by column or by row, and copies what
 * it is given:
 *
 *     const char *text[] = {"a good film", "a bad one"};
 *     const double age[] = {31, 58};
 *     aq_rows *rows;
 *     aq_rows_new(&rows);
 *     aq_rows_texts(rows, "text", text, NULL, 2);
 *     aq_rows_numbers(rows, "age", age, 2, 1);
 *
 * A row is checked as a line of a file is. Where a message is about a row, it says so, "row 2, column `age`:
 * …", and the number, which counts from 1 as lines do, is its line. Calls that read from rows do not change
 * them: threads may share them meanwhile. */
int aq_rows_new(aq_rows **rows);
void aq_rows_free(aq_rows *rows);
const aq_message *aq_rows_message(const aq_rows *rows);
/* Forgets rows and columns, and keeps the memory for the next ones. */
void aq_rows_clear(aq_rows *rows);
size_t aq_rows_count(const aq_rows *rows);

/* Each adds a column with `count` rows. AQ_USAGE: a column of that name is there already, or the columns
 * before it have another number of rows; then nothing is added.
 *
 * Texts, of any kind of column, as they would stand in a file: "a good film", "31", "0.5 0.25", "drama|war".
 * length: in bytes; NULL: each text ends with a NUL byte. A text that is NULL is empty. */
int aq_rows_texts(aq_rows *rows, const char *name, const char *const *text, const size_t *length,
                  size_t count);
/* Numbers, [count, width], for `number` and `weight` with a width of 1, for vector[N], and where the program
 * says the sizes for matrix[R, N]. NaN is a missing number, as an empty field is. */
int aq_rows_numbers(aq_rows *rows, const char *name, const double *number, size_t count, size_t width);
int aq_rows_floats(aq_rows *rows, const char *name, const float *number, size_t count, size_t width);
/* Vectors of `width` numbers, of which each row has as many as it likes: vector[T, N], and matrix[R, N].
 * Those of row r are number begin[r] to begin[r + 1] - 1; begin: [count + 1]. */
int aq_rows_vectors(aq_rows *rows, const char *name, const double *number, const size_t *begin, size_t count,
                    size_t width);
/* Ids: of `ids`, of the words (or other tokens) of a text, and of labels, whose numbers aq_model_class
 * counts. They are numbers of entries of the column's vocabulary, which a model has, or the program says.
 * Those of row r stand from begin[r] to begin[r + 1] - 1; begin: [count + 1], or NULL: each row has one. */
int aq_rows_ids(aq_rows *rows, const char *name, const int32_t *id, const size_t *begin, size_t count);

/* Files of images (PNG, JPEG) or of sounds (WAV, FLAC), as a database or a socket gives them, for columns
 * whose texts name such files. They are decoded where the rows are read, within the limits that files have;
 * one that is damaged is a bad row. No file is looked for. Row k has length[k] bytes at file[k]; NULL: it has
 * none, and is a bad row. */
int aq_rows_bytes(aq_rows *rows, const char *name, const void *const *file, const size_t *length,
                  size_t count);
/* An image: rows from the top, in each its points from the left, in each its channels, a byte each. */
typedef struct aq_image {
  size_t size; /* sizeof(aq_image) */
  size_t height, width, channels;
  const unsigned char *bytes; /* [height, width, channels] */
} aq_image;
/* A sound: its samples, from -1 to 1, in the order in which they are heard. */
typedef struct aq_sound {
  size_t size;            /* sizeof(aq_sound) */
  size_t rate;            /* samples a second of each channel */
  size_t channels, count; /* which are mixed; samples of each of them */
  const float *sample;    /* [count, channels] */
} aq_sound;
/* Images and sounds that are decoded already, for the same columns. One that is NULL makes its row a bad one.
 * An image has 1 channel (grey), 2 (grey, opacity), 3 (red, green, blue) or 4 (and opacity), whichever the
 * column wants; a sound of another rate than the column's is brought to that. AQ_USAGE: sizes are 0 or beyond
 * what files may have. */
int aq_rows_images(aq_rows *rows, const char *name, const aq_image *const *image, size_t count);
int aq_rows_sounds(aq_rows *rows, const char *name, const aq_sound *const *sound, size_t count);

/* Adds one row. name, field: [count] the columns and their texts, as for aq_rows_texts; length may be NULL.
 * The first row says which columns there are; all others have the same. */
int aq_rows_add(aq_rows *rows, const char *const *name, const char *const *field, const size_t *length,
                size_t count);

#ifdef __cplusplus
}
#endif
#endif
