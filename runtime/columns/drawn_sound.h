/* drawn_sound.h: how columns of sounds are drawn (struct io_drawn): one of [T, F], frames of bands, and one
 * of [T], samples. And what a model is given of a row, of which they are drawn. */
#ifndef AQ_RUNTIME_COLUMNS_DRAWN_SOUND_H
#define AQ_RUNTIME_COLUMNS_DRAWN_SOUND_H

#include "runtime/columns/column.h"

/* What a model is given of a row when nothing is drawn at random: [length, width]. */
struct io_sound_given {
  double *number; /* freed by rt_free */
  int64_t length, width;
};
int io_sound_give(const struct io_column *column, const struct io_values *values, int64_t row, int64_t width,
                  struct io_sound_given *given, struct rt_error *error);

extern const struct io_drawn io_drawn_bands, io_drawn_wave;

#endif
