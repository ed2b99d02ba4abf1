/* sound.c: see sound.h: which sort of file it is, and the samples that are wanted. */
#include "runtime/io/sound.h"

#include <math.h>
#include <string.h>

#include "runtime/io/file_sort.h"
#include "runtime/io/grow.h"

/* What a file of another sort begins with. */
static const struct io_sort others[] = {
    {"an MP3 file", 0, 3, "ID3", NULL},
    {"an MP3 file", 0, 2, "\xff\xfb", NULL},
    {"an Ogg file", 0, 4, "OggS", NULL},
    {"an AIFF file", 8, 3, "AIF", NULL},
    {"an MP4 or M4A file", 4, 4, "ftyp", NULL},
    {"an AU file", 0, 4, ".snd", NULL},
    {"a NIST SPHERE file", 0, 7, "NIST_1A", NULL},
    {"an AMR file", 0, 5, "#!AMR", NULL},
    {"a WebM or Matroska file", 0, 4, "\x1a\x45\xdf\xa3", NULL},
    {"a WAV file in 64 bits (RF64)", 0, 4, "RF64", NULL},
    {"a WAV file whose bytes stand the other way round (RIFX)", 0, 4, "RIFX", NULL},
};
static const struct io_sorts known = {others, RT_COUNT(others), "a sound is a WAV or a FLAC file",
                                      "a WAV nor a FLAC file"};

static int check_wave(const struct io_wave *wave, struct rt_error *error) {
  if (wave->count == 0) return rt_fail(error, RT_BAD_DATA, "it has no samples");
  for (int64_t k = 0; k < wave->count; k++)
    if (!isfinite(wave->sample[k]))
      return rt_fail(error, RT_BAD_DATA, "its sample %lld is %s, and no finite number", (long long)k + 1,
                     isnan(wave->sample[k]) ? "NaN" : "infinite");
  return RT_OK;
}

/* What is beyond 1 or -1 is cut there. */
static int16_t rounded(float x) {
  const float full = IO_SOUND_FULL, y = x * full;
  return (int16_t)(y >= full - 1 ? full - 1 : y <= -full ? -full : lrintf(y));
}

int io_sound_check(int64_t rate, int64_t channels, struct rt_error *error) {
  if (channels < 1 || channels > IO_SOUND_CHANNELS)
    return rt_fail(error, RT_BAD_DATA, "it has %lld channels, and may have 1 to %d", (long long)channels,
                   IO_SOUND_CHANNELS);
  return rate >= IO_SOUND_SLOWEST && rate <= IO_SOUND_FASTEST
             ? RT_OK
             : rt_fail(error, RT_BAD_DATA, "it has %lld samples a second, and may have %d to %d",
                       (long long)rate, IO_SOUND_SLOWEST, IO_SOUND_FASTEST);
}

int io_wave_check(int64_t count, struct rt_error *error) {
  return count <= IO_SOUND_SAMPLES
             ? RT_OK
             : rt_fail(error, RT_BAD_DATA, "it is too long: it has more than %d million samples",
                       IO_SOUND_SAMPLES / 1000000);
}

int io_wave_add(struct io_wave *wave, const void *samples, int64_t count, int channels,
                struct rt_error *error) {
  const char *at = samples;
  const int status = io_wave_check(wave->count + count, error);
  if (status != RT_OK) return status;
  if (IO_GROW(wave->sample, wave->capacity, (size_t)(wave->count + count)) != RT_OK)
    return rt_no_memory(error);
  for (int64_t k = 0; k < count; k++) {
    float sum = 0, one;
    for (int c = 0; c < channels; c++, at += sizeof one) {
      memcpy(&one, at, sizeof one);
      sum += one;
    }
    wave->sample[wave->count++] = sum / (float)channels;
  }
  return RT_OK;
}

int io_sound_of_wave(struct io_wave *wave, int32_t rate, struct io_sound *sound, struct rt_error *error) {
  *sound = (struct io_sound){0};
  int status = check_wave(wave, error);
  if (status == RT_OK) status = io_wave_resample(wave, rate, error);
  if (status != RT_OK) return status;
  sound->sample = rt_alloc((size_t)wave->count * sizeof *sound->sample);
  if (!sound->sample) return rt_no_memory(error);
  sound->count = wave->count;
  for (int64_t k = 0; k < wave->count; k++) sound->sample[k] = rounded(wave->sample[k]);
  return RT_OK;
}

int io_sound_decode(const unsigned char *bytes, size_t length, int32_t rate, struct io_sound *sound,
                    struct rt_error *error) {
  const bool wav = io_begins(bytes, length, 0, "RIFF", 4) && io_begins(bytes, length, 8, "WAVE", 4);
  struct io_wave wave = {0};
  *sound = (struct io_sound){0};
  if (!wav && !io_begins(bytes, length, 0, "fLaC", 4)) return io_refuse_sort(bytes, length, &known, error);
  int status = wav ? io_wav_check(bytes, length, error) : RT_OK;
  if (status == RT_OK) status = io_sound_file_decode(bytes, length, &wave, error);
  if (status == RT_OK) status = io_sound_of_wave(&wave, rate, sound, error);
  rt_free(wave.sample);
  return status;
}
