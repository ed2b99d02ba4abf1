/* write_pieces.c */
#include "libaq/predict/write_pieces.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "libaq/shown/shown_tree.h"
#include "runtime/io/json.h"
#include "runtime/io/utf8.h"

/* With a point, whatever locale the host has set. */
void put_number(struct rt_text *out, const char *format, double x) {
  char number[64];
  snprintf(number, sizeof number, format, x);
  for (char *c = number; *c; c++)
    if (*c == ',') *c = '.';
  rt_text_puts(out, number);
}

void put_probability(struct rt_text *out, double p) { put_number(out, "%.6g", p); }

void put_label(struct rt_text *out, const struct io_vocab *vocab, int64_t id) {
  size_t length = 0;
  const char *text = io_vocab_text(vocab, (int32_t)id, &length);
  if (text) shown_escape(out, text, length);
}

/* A byte that is not text by itself is written as "\xNN". */
void put_json_label(struct rt_text *out, const struct io_vocab *vocab, int64_t id) {
  size_t length = 0;
  const char *text = io_vocab_text(vocab, (int32_t)id, &length);
  char byte[8];
  if (text && io_utf8_check(text, length) == length) {
    io_json_string(out, text, length);
    return;
  }
  int n = snprintf(byte, sizeof byte, "\\x%02x", text && length ? (unsigned)(unsigned char)text[0] : 0);
  io_json_string(out, byte, (size_t)n);
}

void put_json_number(struct rt_text *out, double x) {
  if (isfinite(x))
    put_number(out, "%.9g", x);
  else
    rt_text_puts(out, "null");
}
