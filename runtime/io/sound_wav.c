/* sound_wav.c: the parts of a WAV file. libsndfile reads as much as there is of a file that was cut off, and
 * says nothing. */
#include <string.h>

#include "runtime/io/sound.h"

enum { FIRST = 12, HEAD = 8, FORMAT = 16 }; /* bytes: before the first part, of a part's head, of a format */

static uint32_t little_endian(const unsigned char *b) {
  return (uint32_t)b[3] << 24 | (uint32_t)b[2] << 16 | (uint32_t)b[1] << 8 | b[0];
}

static int check_samples(uint32_t size, size_t left, uint32_t each, struct rt_error *error) {
  if (each == 0) return rt_fail(error, RT_BAD_DATA, "it is a damaged WAV file: it does not say what it has");
  if (size > left) {
    rt_fail(error, RT_BAD_DATA, "it ends too soon: %lu bytes of samples are said to follow, and %zu do",
            (unsigned long)size, left);
    if (size >= UINT32_MAX - UINT16_MAX)
      rt_hint(error, "a program that writes into a pipe does not know the length; write to a file");
    return RT_BAD_DATA;
  }
  if (size == 0) return rt_fail(error, RT_BAD_DATA, "it has no samples");
  return size % each == 0
             ? RT_OK
             : rt_fail(error, RT_BAD_DATA, "its last sample is cut off: %lu bytes are no multiple of %lu",
                       (unsigned long)size, (unsigned long)each);
}

int io_wav_check(const unsigned char *bytes, size_t length, struct rt_error *error) {
  uint32_t each = 0; /* bytes of a sample of all channels */
  for (size_t at = FIRST; at <= length && length - at >= HEAD;) {
    const uint32_t size = little_endian(bytes + at + 4);
    const unsigned char *part = bytes + at + HEAD;
    const size_t left = length - at - HEAD;
    if (memcmp(bytes + at, "data", 4) == 0) return check_samples(size, left, each, error);
    if (size > left) break;
    if (memcmp(bytes + at, "fmt ", 4) == 0 && size >= FORMAT) each = part[12] | (uint32_t)part[13] << 8;
    at += HEAD + (size_t)size + (size & 1);
  }
  return rt_fail(error, RT_BAD_DATA, "it is a damaged WAV file: it ends before its samples");
}
