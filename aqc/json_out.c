/* json_out.c */
#include "aqc/json_out.h"

#include <math.h>
#include <stdlib.h>

#include "aqc/shown.h"

void json_string(FILE *out, const char *text) {
  fputc('"', out);
  for (int length; *text; text += length) {
    uint32_t c = shown_code_point(text, &length);
    if (c == '"' || c == '\\')
      fprintf(out, "\\%c", (int)c);
    else if (c == '\n')
      fputs("\\n", out);
    else if (c == '\t')
      fputs("\\t", out);
    else if (c < 0x20)
      fprintf(out, "\\u%04x", (unsigned)c);
    else if (c >= SHOWN_BYTE)
      fputs("\\ufffd", out);
    else
      fwrite(text, 1, (size_t)length, out);
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
