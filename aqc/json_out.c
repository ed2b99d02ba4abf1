/* json_out.c */
#include "aqc/json_out.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

/* Bytes of the UTF-8 sequence at text, 0 when it is none (RFC 3629). */
static int sequence(const unsigned char *text) {
  int size = text[0] < 0x80   ? 1
             : text[0] < 0xC2 ? 0
             : text[0] < 0xE0 ? 2
             : text[0] < 0xF0 ? 3
             : text[0] < 0xF5 ? 4
                              : 0;
  for (int k = 1; k < size; k++)
    if ((text[k] & 0xC0) != 0x80) return 0;
  bool overlong = (text[0] == 0xE0 && text[1] < 0xA0) || (text[0] == 0xF0 && text[1] < 0x90);
  bool outside = (text[0] == 0xED && text[1] > 0x9F) || (text[0] == 0xF4 && text[1] > 0x8F);
  return size > 1 && (overlong || outside) ? 0 : size;
}

void json_string(FILE *out, const char *text) {
  fputc('"', out);
  for (const unsigned char *at = (const unsigned char *)text; *at;) {
    int size = sequence(at);
    if (*at == '"' || *at == '\\')
      fprintf(out, "\\%c", *at);
    else if (*at == '\n')
      fputs("\\n", out);
    else if (*at == '\t')
      fputs("\\t", out);
    else if (*at < 0x20)
      fprintf(out, "\\u%04x", *at);
    else if (size == 0)
      fputs("\\ufffd", out);
    else
      fwrite(at, 1, (size_t)size, out);
    at += size ? size : 1;
  }
  fputc('"', out);
}

void json_number(FILE *out, double number) {
  char text[32];
  if (!isfinite(number)) {
    fputs("null", out);
    return;
  }
  for (int digits = 15; digits <= 17; digits++) {
    snprintf(text, sizeof text, "%.*g", digits, number);
    if (strtod(text, NULL) == number) break;
  }
  fputs(text, out);
}
