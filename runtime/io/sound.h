/* sound.h: sounds out of WAV and FLAC files: one channel of samples, 16 bits each, at the rate that is
 * wanted.
 *
 * A file is hostile until it is decoded. Memory is taken for what it has, not for what it says it has. What
 * is damaged or cut off is refused, never filled up; and nothing is printed. */
#ifndef AQ_RUNTIME_IO_SOUND_H
#define AQ_RUNTIME_IO_SOUND_H

#include "runtime/base.h"

enum {
  IO_SOUND_BYTES = 1 << 28,   /* of a file */
  IO_SOUND_SAMPLES = 1 << 26, /* of a channel: more than an hour at 16,000 a second */
  IO_SOUND_CHANNELS = 64,
  IO_SOUND_SLOWEST = 1000, /* samples a second */
  IO_SOUND_FASTEST = 384000,
  IO_SOUND_FULL = 1 << 15, /* the sample that stands for 1 */
};

struct io_sound {
  int64_t count;
  int16_t *sample;
};

/* Decodes a file, mixes its channels and brings it to so many samples a second. The caller frees
 * sound->sample. RT_BAD_DATA with what is wrong, without a place. */
int io_sound_decode(const unsigned char *bytes, size_t length, int32_t rate, struct io_sound *sound,
                    struct rt_error *error);

/* Can a sound have so many samples a second, in so many channels? RT_BAD_DATA. */
int io_sound_check(int64_t rate, int64_t channels, struct rt_error *error);

/* What decodes files; NULL: aq was built without it. */
const char *io_sound_library(void);

/* ---- for sound.c and sounds.c ---- */

/* What a file has: its channels mixed, from -1 to 1 as a rule. */
struct io_wave {
  int32_t rate;
  int64_t count;
  size_t capacity;
  float *sample;
};
/* Can a sound have so many samples? RT_BAD_DATA. */
int io_wave_check(int64_t count, struct rt_error *error);
/* Adds so many samples of so many channels, [count, channels], mixed. The caller frees the wave, also after a
 * failure. RT_NO_MEMORY, or RT_BAD_DATA: it becomes too long. */
int io_wave_add(struct io_wave *wave, const void *samples, int64_t count, int channels,
                struct rt_error *error);
/* Brings it to that rate, and rounds it. The caller frees both, the wave also after a failure. */
int io_sound_of_wave(struct io_wave *wave, int32_t rate, struct io_sound *sound, struct rt_error *error);
/* Is the rest of a WAV file there, and as long as its header says? */
int io_wav_check(const unsigned char *bytes, size_t length, struct rt_error *error);
/* Decodes into an empty wave and leaves it to the caller to free, also after a failure. */
int io_sound_file_decode(const unsigned char *bytes, size_t length, struct io_wave *wave,
                         struct rt_error *error);
/* The wave at another rate: each sample is a mean by a sinc in a Blackman window, which lets nothing through
 * that the slower of both rates cannot have. RT_NO_MEMORY, or RT_BAD_DATA: it becomes too long. */
int io_wave_resample(struct io_wave *wave, int32_t rate, struct rt_error *error);

#endif
