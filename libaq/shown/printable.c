/* printable.c: text that came from elsewhere, made safe to look at. */
#include "libaq/shown/printable.h"

#include <stdio.h>
#include <string.h>

#include "runtime/io/utf8.h"

/* One piece of text as it is shown. */
struct piece {
  size_t length; /* bytes of the text */
  int columns, points;
  char text[8];
};

/* Columns of a code point (Unicode UAX 11, by blocks). */
static int columns_of(int32_t c) {
  static const struct {
    int32_t first, last;
    int columns;
  } block[] = {
      {0x0300, 0x036F, 0},   {0x0483, 0x0489, 0},   {0x0591, 0x05BD, 0},   {0x064B, 0x065F, 0},
      {0x0E34, 0x0E3A, 0},   {0x1100, 0x115F, 2},   {0x200B, 0x200F, 0},   {0x20D0, 0x20F0, 0},
      {0x2E80, 0x303E, 2},   {0x3041, 0xA4CF, 2},   {0xAC00, 0xD7A3, 2},   {0xF900, 0xFAFF, 2},
      {0xFE00, 0xFE0F, 0},   {0xFE30, 0xFE6F, 2},   {0xFEFF, 0xFEFF, 0},   {0xFF00, 0xFF60, 2},
      {0xFFE0, 0xFFE6, 2},   {0x1F300, 0x1F64F, 2}, {0x1F680, 0x1F6FF, 2}, {0x1F900, 0x1F9FF, 2},
      {0x20000, 0x3FFFD, 2},
  };
  for (size_t k = 0; k < RT_COUNT(block); k++)
    if (c >= block[k].first && c <= block[k].last) return block[k].columns;
  return 1;
}

static struct piece escaped(size_t length, const char *format, unsigned value) {
  struct piece piece = {.length = length};
  piece.columns = piece.points = snprintf(piece.text, sizeof piece.text, format, value);
  return piece;
}

static struct piece next_piece(const char *text) {
  size_t size = 1;
  if (!io_utf8_check(text, strnlen(text, 4))) return escaped(1, "\\x%02x", (unsigned char)text[0]);
  int32_t c = io_utf8_decode(text, &size);
  if (c == '\n') return escaped(1, "\\n", 0);
  if (c == '\t') return escaped(1, "\\t", 0);
  if (c == '\r') return escaped(1, "\\r", 0);
  if (c < 0x20 || c == 0x7F) return escaped(1, "\\x%02x", (unsigned)c);
  if (io_utf8_steers(c)) return escaped(size, "\\u%04x", (unsigned)c);
  struct piece piece = {size, columns_of(c), 1, ""};
  memcpy(piece.text, text, size);
  return piece;
}

static int count(const char *text, bool points) {
  int sum = 0;
  while (*text) {
    struct piece piece = next_piece(text);
    sum += points ? piece.points : piece.columns;
    text += piece.length;
  }
  return sum;
}

int printable_width(const char *text) { return count(text, false); }
int printable_points(const char *text) { return count(text, true); }

void printable_line(struct rt_text *out, const char *text) {
  while (*text) {
    struct piece piece = next_piece(text);
    rt_text_puts(out, piece.text);
    text += piece.length;
  }
}

void printable_lines(struct rt_text *out, const char *text) {
  while (*text) {
    struct piece piece = next_piece(text);
    if (*text == '\n' || *text == '\t')
      rt_text_add(out, text, 1);
    else
      rt_text_puts(out, piece.text);
    text += piece.length;
  }
}

static void spaces(struct rt_text *out, int count) {
  if (count > 0) rt_text_printf(out, "%*s", count, "");
}

void printable_field(struct rt_text *out, const char *text, int columns, bool right) {
  int width = printable_width(text);
  if (width <= columns) {
    if (right) spaces(out, columns - width);
    printable_line(out, text);
    if (!right) spaces(out, columns - width);
    return;
  }
  int left = columns - 1;
  for (struct piece piece = next_piece(text); *text && piece.columns <= left; piece = next_piece(text)) {
    rt_text_puts(out, piece.text);
    left -= piece.columns;
    text += piece.length;
  }
  rt_text_puts(out, "…");
  spaces(out, left);
}

void printable_html(struct rt_text *out, const char *text) {
  struct rt_text safe = {0};
  printable_lines(&safe, text);
  out->failed |= safe.failed;
  for (const char *at = safe.failed || !safe.data ? "" : safe.data; *at; at++) {
    if (*at == '<')
      rt_text_puts(out, "&lt;");
    else if (*at == '>')
      rt_text_puts(out, "&gt;");
    else if (*at == '&')
      rt_text_puts(out, "&amp;");
    else if (*at == '"')
      rt_text_puts(out, "&quot;");
    else
      rt_text_add(out, at, 1);
  }
  rt_text_free(&safe);
}
