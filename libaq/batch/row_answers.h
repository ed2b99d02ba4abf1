/* row_answers.h: what a model says of many rows: predict_rows.c keeps it, row_answers.c gives it out. */
#ifndef AQ_LIBAQ_ROW_ANSWERS_H
#define AQ_LIBAQ_ROW_ANSWERS_H

#include "libaq/predict/frame_text.h"
#include "libaq/predict/session.h"
#include "runtime/io/image.h"

/* Where the scores of an output for a row stand. */
struct row_place {
  size_t value, tag; /* the first in the answers' value and tag */
  int64_t rows, columns;
  bool there;
};

struct row_answers {
  size_t rows;             /* of the table */
  size_t outputs;          /* of the model */
  struct row_place *place; /* [rows, outputs] */
  double *value;
  size_t value_count, value_capacity;
  int32_t *tag;
  size_t tag_count, tag_capacity;
  struct aq_vectors *vectors; /* a row each; NULL: none were asked for */
  aq_map **map;               /* [rows, map_count] NULL: the row has no answer */
  size_t *wanted;             /* [map_count] which of the session's maps each is */
  size_t map_count;
  aq_message **message;  /* [rows] why it was skipped; NULL: it was not */
  struct rt_arena arena; /* of maps and messages */

  aq_answer *order; /* [order_count] the classes of the row and output that were last asked for, best first */
  size_t order_count, order_capacity, order_row, order_output;
  aq_box *box; /* [box_count] likewise the boxes */
  size_t box_count, box_capacity, box_row, box_output;
  struct frame_text said; /* likewise the text that frames spell */
  bool has_said;
  size_t said_row, said_output;
  struct io_image points; /* of the image that was last asked for */
  aq_image image;
};

void row_answers_free(struct row_answers *answers);

#endif
