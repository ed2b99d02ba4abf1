/* frame_text.h: the text that frames spell, each of which has a probability for every letter and, behind
 * them, for blank. */
#ifndef AQ_LIBAQ_FRAME_TEXT_H
#define AQ_LIBAQ_FRAME_TEXT_H

#include "libaq/predict/frame_beam.h"
#include "runtime/io/schema.h"

/* Zero it before use. */
struct frame_text {
  int64_t beam; /* how the text is found: 0, the best path; else by so many beginnings side by side */
  int32_t *id;  /* [count] the letters */
  size_t count, capacity;
  struct rt_text text;    /* as they are written */
  double log_probability; /* of the text, over all ways in which the frames can spell it */
  double *room;
  size_t room_capacity;
  struct frame_beam search;
};

/* The letters of the best path: the likeliest of each frame, those that repeat as one, without blanks; or
 * those that the beam finds. p: [frames, classes]. RT_NO_MEMORY. */
int frame_text_read(struct frame_text *t, const struct io_column *column, const double *p, int64_t frames,
                    int64_t classes);
void frame_text_free(struct frame_text *t);
/* Adds letters of a column as they are written; unknown: what stands for a letter that the vocabulary has
 * not, NULL: its name. */
void frame_text_spell(const struct io_column *column, const int32_t *id, int64_t count, const char *unknown,
                      struct rt_text *out);

#endif
