/* shown.c */
#include "aqc/shown.h"

#include <stdint.h>
#include <string.h>

/* One piece of text as it is shown. */
struct piece {
  int length; /* bytes of the text */
  int columns;
  char text[8];
};

/* Columns of a code point: East Asian wide characters and emoji take 2, combining marks 0 (Unicode UAX 11, by
 * blocks). */
static int columns_of(uint32_t c) {
  static const struct {
    uint32_t first, last;
    int columns;
  } block[] = {
      {0x0300, 0x036F, 0},   {0x0483, 0x0489, 0},   {0x0591, 0x05BD, 0},   {0x064B, 0x065F, 0},
      {0x0E34, 0x0E3A, 0},   {0x1100, 0x115F, 2},   {0x200B, 0x200F, 0},   {0x20D0, 0x20F0, 0},
      {0x2E80, 0x303E, 2},   {0x3041, 0xA4CF, 2},   {0xAC00, 0xD7A3, 2},   {0xF900, 0xFAFF, 2},
      {0xFE00, 0xFE0F, 0},   {0xFE30, 0xFE6F, 2},   {0xFEFF, 0xFEFF, 0},   {0xFF00, 0xFF60, 2},
      {0xFFE0, 0xFFE6, 2},   {0x1F300, 0x1F64F, 2}, {0x1F680, 0x1F6FF, 2}, {0x1F900, 0x1F9FF, 2},
      {0x20000, 0x3FFFD, 2},
  };
  for (size_t k = 0; k < sizeof block / sizeof *block; k++)
    if (c >= block[k].first && c <= block[k].last) return block[k].columns;
  return 1;
}

uint32_t shown_code_point(const char *text, int *length) {
  const unsigned char *byte = (const unsigned char *)text;
  const uint32_t none = SHOWN_BYTE + byte[0];
  int size = byte[0] < 0x80   ? 1
             : byte[0] < 0xC2 ? 0
             : byte[0] < 0xE0 ? 2
             : byte[0] < 0xF0 ? 3
             : byte[0] < 0xF5 ? 4
                              : 0;
  *length = 1;
  if (size < 2) return size ? byte[0] : none;
  uint32_t c = byte[0] & (0x7Fu >> size);
  for (int k = 1; k < size; k++) {
    if ((byte[k] & 0xC0) != 0x80) return none;
    c = c << 6 | (byte[k] & 0x3Fu);
  }
  bool overlong = (size == 3 && c < 0x800) || (size == 4 && c < 0x10000);
  bool outside = (c >= 0xD800 && c < 0xE000) || c >= SHOWN_BYTE;
  if (overlong || outside) return none;
  *length = size;
  return c;
}

static struct piece escaped(int length, const char *format, unsigned value) {
  struct piece piece = {.length = length};
  piece.columns = snprintf(piece.text, sizeof piece.text, format, value);
  return piece;
}

static struct piece next_piece(const char *text) {
  int length;
  uint32_t c = shown_code_point(text, &length);
  if (c == '\n') return (struct piece){1, 2, "\\n"};
  if (c == '\t') return (struct piece){1, 2, "\\t"};
  if (c < 0x20 || c == 0x7F) return escaped(length, "\\x%02x", c);
  if (c >= SHOWN_BYTE) return escaped(length, "\\x%02x", c - SHOWN_BYTE);
  /* C1 controls, and marks that turn the direction of what follows. */
  if ((c >= 0x80 && c < 0xA0) || (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069))
    return escaped(length, "\\u%04x", c);
  struct piece piece = {length, columns_of(c), ""};
  memcpy(piece.text, text, (size_t)length);
  return piece;
}

int shown_width(const char *text) {
  int columns = 0;
  while (*text) {
    struct piece piece = next_piece(text);
    columns += piece.columns;
    text += piece.length;
  }
  return columns;
}

void shown_line(FILE *out, const char *text) {
  while (*text) {
    struct piece piece = next_piece(text);
    fputs(piece.text, out);
    text += piece.length;
  }
}

static void spaces(FILE *out, int count) { fprintf(out, "%*s", count > 0 ? count : 0, ""); }

void shown_field(FILE *out, const char *text, int columns, bool right) {
  int width = shown_width(text);
  if (width <= columns) {
    if (right) spaces(out, columns - width);
    shown_line(out, text);
    if (!right) spaces(out, columns - width);
    return;
  }
  int left = columns - 1;
  for (struct piece piece = next_piece(text); *text && piece.columns <= left; piece = next_piece(text)) {
    fputs(piece.text, out);
    left -= piece.columns;
    text += piece.length;
  }
  fputs("…", out);
  spaces(out, left);
}

void shown_lines(FILE *out, const char *text) {
  bool ended = false;
  while (*text) {
    struct piece piece = next_piece(text);
    ended = *text == '\n';
    if (*text == '\n' || *text == '\t')
      fputc(*text, out);
    else
      fputs(piece.text, out);
    text += piece.length;
  }
  if (!ended) fputc('\n', out);
}
