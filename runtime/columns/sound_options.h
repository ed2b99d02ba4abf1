/* sound_options.h: the options that columns of sound share; own: the setting that each fills. */
#ifndef AQ_RUNTIME_COLUMNS_SOUND_OPTIONS_H
#define AQ_RUNTIME_COLUMNS_SOUND_OPTIONS_H

#include "runtime/columns/column.h"
#include "runtime/io/sound.h"

#define SOUND_RATE(own)                                                                                      \
  IO_WHOLE("rate", IO_SOUND_SLOWEST, IO_SOUND_FASTEST, own,                                                  \
           "samples a second, to which files of other rates are brought; 16000 when it is left out")
#define SOUND_SHIFT(own)                                                                                     \
  IO_WHOLE("shift", 0, 10000, own, "while training, sounds begin up to so many milliseconds sooner or later")
#define SOUND_NOISE(own)                                                                                     \
  IO_WHOLE("noise", 1, 100, own,                                                                             \
           "while training, noise is added that is so many decibels below the sound, or more")
#define SOUND_SPEED(own)                                                                                     \
  IO_WHOLE("speed", 0, 50, own,                                                                              \
           "while training, sounds are up to so many percent faster and higher, or slower and deeper")

#endif
