/* utf8.h: strict UTF-8 (Unicode 15, table 3-7): no overlong forms, no surrogates, nothing above U+10FFFF. */
#ifndef AQ_RUNTIME_IO_UTF8_H
#define AQ_RUNTIME_IO_UTF8_H

#include "runtime/base.h"

/* The offset of the first byte that begins no valid sequence, or length when all of it is valid. */
size_t io_utf8_check(const char *bytes, size_t length);
/* Decodes the code point at bytes[0], which must be valid UTF-8 with at least 1 byte left; *size is 1..4. */
int32_t io_utf8_decode(const char *bytes, size_t *size);
/* Writes a code point (valid, no surrogate) as 1..4 bytes and returns how many. */
size_t io_utf8_encode(int32_t point, char *bytes);
/* Does a code point steer what shows it, unseen: a control character of C1, or a turn of the direction of
 * writing? */
static inline bool io_utf8_steers(int32_t c) {
  return (c >= 0x80 && c < 0xA0) || (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}
/* How many bytes of a text a message quotes: all, or whole characters of at most IO_QUOTED bytes. */
enum { IO_QUOTED = 80 };
int io_quoted(const char *text, size_t length);
/* The lower case of an ASCII letter; anything else as it is. */
static inline char io_ascii_lower(char c) {
  if (c >= 'A' && c <= 'Z') c = (char)(c + ('a' - 'A'));
  return c;
}
/* Do the bytes at the start of a file look like UTF-16? It begins with a mark of its own, or every other byte
 * is 0. */
bool io_utf16_looks(const char *bytes, size_t length);
/* RT_BAD_DATA that says so. */
int io_utf16_refuse(const char *file, struct rt_error *error);
/* RT_OK, or RT_BAD_DATA at file:line:column of the first bad or NUL byte. Lines count from 1 in the given
 * bytes, and column is the byte within its line. For whole texts; tables tell the field instead. */
int io_utf8_require(const char *file, const char *bytes, size_t length, struct rt_error *error);

#endif
