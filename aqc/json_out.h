/* json_out.h: values of JSON (RFC 8259). */
#ifndef AQC_JSON_OUT_H
#define AQC_JSON_OUT_H

#include <stdio.h>

void json_string(FILE *out, const char *text); /* in quotes; bytes that are no UTF-8 become U+FFFD */
void json_number(FILE *out, double number);    /* reads back the same; null when it is not finite */

#endif
