/* sound.c: see sound.h: which sort of file it is, and the samples that are wanted. */
#include "runtime/io/sound.h"

#include <math.h>
#include <string.h>

#include "runtime/io/file_sort.h"

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

int io_sound_decode(const unsigned char *bytes, size_t length, int32_t rate, struct io_sound *sound,
                    struct rt_error *error) {
  const bool wav = io_begins(bytes, length, 0, "RIFF", 4) && io_begins(bytes, length, 8, "WAVE", 4);
  struct io_wave wave = {0};
  *sound = (struct io_sound){0};
  if (!wav && !io_begins(bytes, length, 0, "fLaC", 4)) return io_refuse_sort(bytes, length, &known, error);
  int status = wav ? io_wav_check(bytes, length, error) : RT_OK;
  if (status == RT_OK) status = io_sound_file_decode(bytes, length, &wave, error);
  if (status == RT_OK) status = check_wave(&wave, error);
  if (status == RT_OK) status = io_wave_resample(&wave, rate, error);
  if (status == RT_OK) {
    sound->count = wave.count;
    sound->sample = rt_alloc((size_t)wave.count * sizeof *sound->sample);
    if (!sound->sample) status = rt_no_memory(error);
  }
  for (int64_t k = 0; status == RT_OK && k < wave.count; k++) sound->sample[k] = rounded(wave.sample[k]);
  rt_free(wave.sample);
  return status;
}
