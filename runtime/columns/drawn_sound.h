/* drawn_sound.h: how columns of sounds are drawn (struct io_drawn): one of [T, F], frames of bands, and one
 * of [T], samples. */
#ifndef AQ_RUNTIME_COLUMNS_DRAWN_SOUND_H
#define AQ_RUNTIME_COLUMNS_DRAWN_SOUND_H

#include "runtime/columns/column.h"

extern const struct io_drawn io_drawn_bands, io_drawn_wave;

#endif
