/* aq_batch.h: many rows at once, out of memory, and all that a model says of each. A part of aq.h, which
 * includes it. */
#ifndef AQ_BATCH_H
#define AQ_BATCH_H

#include "aq_rows.h"
#include "aq_session.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The fields of a row that a model reads to predict, in the order in which aq_session_predict takes them: so
 * many, and their names, which aq_rows goes by. Those of a model with parameters. "" beyond the last. */
size_t aq_model_field_count(const aq_model *model);
const char *aq_model_field(const aq_model *model, size_t field);

/* What is computed beside the scores. */
typedef struct aq_batch_options {
  size_t size; /* sizeof(aq_batch_options) */
  const char
      *vector; /* a vector of each row, as aq_embed_options.name, or "" for the usual one; NULL: none */
  /* [map_count] heads and mixes, by the names that aq_map has, for the maps of each row. NULL: none. They are
   * computed row by row. */
  const char *const *map;
  size_t map_count;
} aq_batch_options;
void aq_batch_options_init(aq_batch_options *options); /* sets size and the defaults */

/* Predicts all rows. They may have target columns, which are not looked at. As many are computed together as
 * the session's options say (batch), in the order of the rows, which gives the bits that
 * aq_session_predict_stream has for the same rows in a file. AQ_BAD_DATA: a row is bad, and the message says
 * which; where bad rows are skipped, they have no answers but a message. What follows lives until the
 * session's next call that computes something. options may be NULL. */
int aq_session_predict_rows(aq_session *session, const aq_rows *rows, const aq_batch_options *options);

/* The rows of that call; they count from 0. Beyond the last, or where a row has no answer, calls give NULL.
 */
size_t aq_session_row_count(const aq_session *session);
/* The scores of an output for a row, laid out as aq_session_scores has them. rows, columns may be NULL. */
const double *aq_session_row_scores(const aq_session *session, size_t row, size_t output, size_t *rows,
                                    size_t *columns);

/* A class, or a label: */
typedef struct aq_answer {
  size_t size;
  size_t number;    /* as aq_model_class counts them */
  const char *name; /* the same as aq_model_class gives */
  double probability;
  bool predicted; /* it is the likeliest class; of several labels, one above its threshold */
} aq_answer;
/* The classes or labels of a row by falling probability, place 0 is the best; of texts that go on, the tokens
 * that may come next. NULL beyond the last, for outputs of numbers or tags, and without memory for them
 * (aq_session_message). An answer lives until another
 * row or output is asked for. */
const aq_answer *aq_session_row_answer(aq_session *session, size_t row, size_t output, size_t place);
/* The tags of the best path, a number for each word up to the limit of the text: aq_model_class has their
 * names. count may be NULL. NULL: the output is none of tags. */
const int32_t *aq_session_row_tags(const aq_session *session, size_t row, size_t output, size_t *count);
/* The text that the frames of a row spell, as the session's options say (beam); log_probability: natural, of
 * the text over all ways in which the frames can spell it, and may be NULL. NULL: the output is no such text,
 * or there is no memory for it (aq_session_message). A text lives until another row or output is asked for.
 */
const char *aq_session_row_text(aq_session *session, size_t row, size_t output, double *log_probability);

/* A box that was found in an image: */
typedef struct aq_box {
  size_t size;
  size_t number;    /* of its class, as aq_model_class counts them */
  const char *name; /* the same as aq_model_class gives */
  double probability;
  bool predicted; /* the probability is above the threshold */
  double at[4];   /* the numbers that a file would have: by the column's form and unit */
} aq_box;
/* The boxes of a row by falling probability, place 0 is the likeliest. NULL beyond the last, for outputs of
 * something else, and without memory for them. A box lives until another row or output is asked for. */
const aq_box *aq_session_row_box(aq_session *session, size_t row, size_t output, size_t place);
/* The image that an output predicts for a row. NULL: the output is no image, or there is no memory for it
 * (aq_session_message). An image lives until another row or output is asked for. */
const aq_image *aq_session_row_image(aq_session *session, size_t row, size_t output);
/* The vector that was asked for; width may be NULL. */
const float *aq_session_row_vector(const aq_session *session, size_t row, size_t *width);
/* A map of a row: number `map` of those that were asked for. */
const aq_map *aq_session_row_map(const aq_session *session, size_t row, size_t map);
/* Why a row was skipped; NULL: it was not. */
const aq_message *aq_session_row_message(const aq_session *session, size_t row);

#ifdef __cplusplus
}
#endif
#endif
