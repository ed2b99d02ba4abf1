/* aq_vectors.h: a vector for each row, and which of them are nearest: a part of aq.h, which includes it. */
#ifndef AQ_VECTORS_H
#define AQ_VECTORS_H

#include "aq_base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Vectors of one width, in float, a row for each; all are finite, and there is at least one. Its calls return
 * statuses as those of other handles do. */
typedef aq_vectors aq_vectors;

/* Reads a file of vectors. A name that ends with .safetensors: its tensor [rows, numbers] called "vectors",
 * or the only one with two axes. Any other: a line for each, whose numbers stand apart by white space or
 * commas. Numbers that float cannot hold exactly are rounded. AQ_BAD_DATA: a line has another width, or is no
 * list of numbers. */
int aq_vectors_open(const char *path, aq_vectors **vectors);
/* Saves them in one of these two forms, by the same rule, with tabs between numbers, from which the same
 * floats are read again. The file is replaced at once or not at all. */
int aq_vectors_save(aq_vectors *vectors, const char *path);
void aq_vectors_free(aq_vectors *vectors);
const aq_message *aq_vectors_message(const aq_vectors *vectors);
size_t aq_vectors_count(const aq_vectors *vectors);
size_t aq_vectors_width(const aq_vectors *vectors);
/* [width]; NULL beyond the last. */
const float *aq_vectors_at(const aq_vectors *vectors, size_t row);

/* Which vector of a model. */
typedef struct aq_embed_options {
  size_t size; /* sizeof(aq_embed_options) */
  /* A value that the model gives a name to, "v" or "encode.y"; an output; or a function that the model calls
   * once. It is one vector for each row. NULL: the output that is a vector, or else the only vector that the
   * model names. */
  const char *name;
  const char *path; /* the rows, as for aq_session_predict_stream */
  ptrdiff_t (*read)(void *context, char *buffer, size_t size);
  void *context;
  const aq_rows *rows; /* the rows, in place of both; NULL: none */
} aq_embed_options;
void aq_embed_options_init(aq_embed_options *options); /* sets size and the defaults */
/* Computes a vector for each row of a table, in its order. Columns that the vector does not depend on need
 * not be there. Zeros stand for a bad row that is skipped. The session keeps what it compiles for a vector
 * until it is asked for another one, so that calls with one row each are quick. The message of a failure is
 * the session's, and aq_session_reading says how the rows were read. */
int aq_session_embed(aq_session *session, const aq_embed_options *options, aq_vectors **vectors);
/* The names of the vectors that a model has, before any is computed: its outputs that are vectors, then the
 * values that it gives a name to. number: from 0; NULL beyond the last, or after a failure, of which the
 * session has the message. They live as long as the session, which compiles the program at the first call. */
const char *aq_session_vector(aq_session *session, size_t number);

typedef struct aq_search_options {
  size_t size; /* sizeof(aq_search_options) */
  int64_t top; /* how many to find for each query; 1 */
  bool cosine; /* divide products by both lengths; a vector of zeros has the cosine 0 with all */
  int threads; /* 1; 0: all cores. Results do not depend on it */
  /* Told of each query, in order: row[count] are the numbers of the vectors that were found, from 0, and
   * score[count] their scores; the best first, and of two with the same score the one that stands first. Not
   * 0: stop with AQ_IO. */
  int (*found)(void *context, size_t query, const size_t *row, const double *score, size_t count);
  void *context; /* handed to found */
  aq_pool *pool; /* as in aq_eval_options */
} aq_search_options;
void aq_search_options_init(aq_search_options *options); /* sets size and the defaults */
/* Finds for each query the vectors of the index with the largest products, by comparing with all of them. The
 * message of a failure is that of the index. AQ_USAGE: the widths differ. AQ_NOT_FINITE: a product is too
 * large for float. */
int aq_vectors_search(aq_vectors *index, const aq_vectors *queries, const aq_search_options *options);

#ifdef __cplusplus
}
#endif
#endif
