/* sound_file.c: samples by libsndfile, out of bytes in memory. */
#include "runtime/io/sound.h"

#include <string.h>

#ifndef RT_HAVE_SNDFILE

const char *io_sound_library(void) { return NULL; }

int io_sound_file_decode(const unsigned char *bytes, size_t length, struct io_wave *wave,
                         struct rt_error *error) {
  (void)bytes, (void)length, (void)wave;
  rt_fail(error, RT_BAD_DATA, "it is a sound, and this aq was built without libsndfile");
  rt_hint(error, "install libsndfile with its headers (libsndfile1-dev), then configure and build aq again");
  return RT_BAD_DATA;
}

#else

#include <sndfile.h>

const char *io_sound_library(void) { return sf_version_string(); }

struct memory {
  const unsigned char *bytes;
  sf_count_t length, at;
};

static sf_count_t length_of(void *context) { return ((const struct memory *)context)->length; }
static sf_count_t tell(void *context) { return ((const struct memory *)context)->at; }

static sf_count_t seek(sf_count_t offset, int whence, void *context) {
  struct memory *m = context;
  sf_count_t from = whence == SEEK_CUR ? m->at : whence == SEEK_END ? m->length : 0, to;
  if (__builtin_add_overflow(from, offset, &to) || to < 0) return -1;
  m->at = to < m->length ? to : m->length;
  return m->at;
}

static sf_count_t read_bytes(void *to, sf_count_t count, void *context) {
  struct memory *m = context;
  if (count > m->length - m->at) count = m->length - m->at;
  if (count <= 0) return 0;
  memcpy(to, m->bytes + m->at, (size_t)count);
  m->at += count;
  return count;
}

static sf_count_t write_bytes(const void *from, sf_count_t count, void *context) {
  (void)from, (void)count, (void)context;
  return 0;
}

static int check_info(const SF_INFO *info, struct rt_error *error) {
  static const int known[] = {SF_FORMAT_PCM_U8, SF_FORMAT_PCM_S8, SF_FORMAT_PCM_16,
                              SF_FORMAT_PCM_24, SF_FORMAT_PCM_32, SF_FORMAT_FLOAT,
                              SF_FORMAT_DOUBLE, SF_FORMAT_ULAW,   SF_FORMAT_ALAW};
  bool found = false;
  for (size_t k = 0; k < RT_COUNT(known); k++) found |= (info->format & SF_FORMAT_SUBMASK) == known[k];
  if (!found) {
    rt_fail(error, RT_BAD_DATA, "its samples are packed in a way that is not read");
    rt_hint(error,
            "samples are whole numbers of 8 to 32 bits, floats, doubles, or A-law and mu-law; FLAC packs "
            "them without loss");
    return RT_BAD_DATA;
  }
  return io_sound_check(info->samplerate, info->channels, error);
}

enum { BLOCK = 4096 }; /* numbers read at a time */

/* Reads to the end, whatever the header says. */
static int read_samples(SNDFILE *file, int channels, struct io_wave *wave, struct rt_error *error) {
  float block[BLOCK];
  for (;;) {
    const sf_count_t got = sf_readf_float(file, block, BLOCK / channels);
    if (got <= 0) return RT_OK;
    const int status = io_wave_add(wave, block, got, channels, error);
    if (status != RT_OK) return status;
  }
}

int io_sound_file_decode(const unsigned char *bytes, size_t length, struct io_wave *wave,
                         struct rt_error *error) {
  struct memory memory = {bytes, (sf_count_t)length, 0};
  SF_VIRTUAL_IO io = {length_of, seek, read_bytes, write_bytes, tell};
  SF_INFO info = {0};
  SNDFILE *file = sf_open_virtual(&io, SFM_READ, &info, &memory);
  if (!file) return rt_fail(error, RT_BAD_DATA, "it is a damaged file of sound: %s", sf_strerror(NULL));
  int status = check_info(&info, error);
  wave->rate = info.samplerate;
  if (status == RT_OK && info.frames != SF_COUNT_MAX) status = io_wave_check(info.frames, error);
  if (status == RT_OK) status = read_samples(file, info.channels, wave, error);
  if (status == RT_OK && sf_error(file) != SF_ERR_NO_ERROR)
    status = rt_fail(error, RT_BAD_DATA, "it is a damaged file of sound: %s", sf_strerror(file));
  if (status == RT_OK && info.frames != SF_COUNT_MAX && wave->count != info.frames)
    status = rt_fail(error, RT_BAD_DATA, "it ends too soon: it has %lld of %lld samples",
                     (long long)wave->count, (long long)info.frames);
  sf_close(file);
  return status;
}

#endif
