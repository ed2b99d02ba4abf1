/* utf8.c: strict UTF-8. */
#include "runtime/io/utf8.h"

#include <string.h>

/* The size of the sequence that begins at s, which has left bytes; 0 when it is not valid (Unicode 15, table
 * 3-7). */
static size_t sequence(const unsigned char *s, size_t left) {
  unsigned char a = s[0];
  if (a < 0x80) return 1;
  if (a < 0xC2 || a > 0xF4) return 0;
  size_t size = a < 0xE0 ? 2 : a < 0xF0 ? 3 : 4;
  if (left < size) return 0;
  unsigned char low = a == 0xE0 ? 0xA0 : a == 0xF0 ? 0x90 : 0x80;
  unsigned char high = a == 0xED ? 0x9F : a == 0xF4 ? 0x8F : 0xBF;
  if (s[1] < low || s[1] > high) return 0;
  for (size_t i = 2; i < size; i++)
    if ((s[i] & 0xC0) != 0x80) return 0;
  return size;
}

size_t io_utf8_check(const char *bytes, size_t length) {
  const unsigned char *s = (const unsigned char *)bytes;
  size_t at = 0;
  while (at < length) {
    uint64_t eight;
    if (length - at >= sizeof eight) {
      memcpy(&eight, s + at, sizeof eight);
      if ((eight & UINT64_C(0x8080808080808080)) == 0) {
        at += sizeof eight;
        continue;
      }
    }
    size_t size = sequence(s + at, length - at);
    if (size == 0) return at;
    at += size;
  }
  return length;
}

int32_t io_utf8_decode(const char *bytes, size_t *size) {
  const unsigned char *s = (const unsigned char *)bytes;
  if (s[0] < 0x80) {
    *size = 1;
    return s[0];
  }
  *size = s[0] < 0xE0 ? 2 : s[0] < 0xF0 ? 3 : 4;
  int32_t point = s[0] & (0x7F >> *size);
  for (size_t i = 1; i < *size; i++) point = point << 6 | (s[i] & 0x3F);
  return point;
}

size_t io_utf8_encode(int32_t point, char *bytes) {
  if (point < 0x80) {
    bytes[0] = (char)point;
    return 1;
  }
  size_t size = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  for (size_t i = size - 1; i > 0; i--) {
    bytes[i] = (char)(0x80 | (point & 0x3F));
    point >>= 6;
  }
  bytes[0] = (char)((0xF00 >> size) | point);
  return size;
}

bool io_utf16_looks(const char *bytes, size_t length) {
  enum { ENOUGH = 8 };
  size_t zeros[2] = {0, 0}, n = length < ENOUGH ? length & ~(size_t)1 : ENOUGH;
  if (length >= 2 && (memcmp(bytes, "\xFF\xFE", 2) == 0 || memcmp(bytes, "\xFE\xFF", 2) == 0)) return true;
  for (size_t i = 0; i < n; i++) zeros[i % 2] += bytes[i] == '\0';
  return n >= 4 && (zeros[0] == n / 2) != (zeros[1] == n / 2);
}

int io_utf16_refuse(const char *file, struct rt_error *error) {
  rt_fail_in(error, RT_BAD_DATA, file, "is UTF-16, and data are read as UTF-8");
  rt_hint(error, "convert it: iconv -f UTF-16 -t UTF-8 FILE");
  return RT_BAD_DATA;
}

int io_utf8_require(const char *file, const char *bytes, size_t length, struct rt_error *error) {
  size_t bad = io_utf8_check(bytes, length);
  const char *nul = memchr(bytes, '\0', bad);
  if (nul) bad = (size_t)(nul - bytes);
  if (bad == length) return RT_OK;
  if (io_utf16_looks(bytes, length)) return io_utf16_refuse(file, error);
  size_t line = 1, begin = 0;
  for (size_t i = 0; i < bad; i++)
    if (bytes[i] == '\n') {
      line++;
      begin = i + 1;
    }
  size_t column = bad - begin + 1;
  return rt_fail_at(error, RT_BAD_DATA, (struct rt_place){file, (int64_t)line, (int64_t)column},
                    nul ? "a NUL byte, where text should be" : "byte 0x%02x is not valid UTF-8",
                    (unsigned)(unsigned char)bytes[bad]);
}

int io_quoted(const char *text, size_t length) {
  if (length <= IO_QUOTED) return (int)length;
  int end = IO_QUOTED;
  while (end > 0 && ((unsigned char)text[end] & 0xC0) == 0x80) end--;
  return end;
}
