/* sound_change.h: what training changes in a sound at random, so that a model learns what does not matter.
 * What is drawn is a function of a seed alone. */
#ifndef AQ_RUNTIME_IO_SOUND_CHANGE_H
#define AQ_RUNTIME_IO_SOUND_CHANGE_H

#include "runtime/io/sound.h"

struct io_sound_changes {
  int64_t shift; /* it begins up to so many samples sooner or later; where it is not, there is silence */
  int64_t noise; /* noise is added, so many decibels below the sound or more; 0: none */
  int64_t speed; /* it is up to so many percent faster or slower, and as much higher or deeper */
  int64_t warp;  /* frequencies are up to so many percent higher or lower, as if somebody else spoke */
};

/* Changes drawn for one sound. All zero: there are none. */
struct io_sound_change {
  int64_t later; /* samples */
  float noise;   /* from minus so much to so much */
  uint64_t seed; /* of the noise */
  double speed;  /* how much faster, as a share; below 0, slower */
  double warp;   /* how much higher a frequency is that is taken for another one, as a share */
};
void io_sound_change_draw(const struct io_sound_changes *changes, uint64_t seed, const struct io_sound *sound,
                          struct io_sound_change *change);
/* `count` samples from `first` on of the sound that was changed, from -1 to 1. */
void io_sound_change_samples(const struct io_sound_change *change, const struct io_sound *sound,
                             int64_t first, int64_t count, float *out);

/* Stretches of the axes of a spectrum that are hidden: SpecAugment (Park et al. 2019). */
struct io_masks {
  int64_t begin[2], end[2]; /* frames, bands */
};
struct io_masks io_masks_draw(const int64_t most[static 2], const int64_t size[static 2], uint64_t seed);

#endif
