/* shown.h: text that came from elsewhere, made safe for a terminal: control characters are written out,
 * columns are counted as a terminal counts them. */
#ifndef AQC_SHOWN_H
#define AQC_SHOWN_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* The code point at text and its length (RFC 3629). A byte that begins none counts as one of its own, from
 * SHOWN_BYTE on. */
#define SHOWN_BYTE 0x110000u
uint32_t shown_code_point(const char *text, int *length);

/* Columns that the text takes when shown in one line. */
int shown_width(const char *text);
/* Shows the text in one line, all of it. Tabs and newlines become \t and \n, other control characters \x1b
 * and the like. */
void shown_line(FILE *out, const char *text);
/* The same in exactly `columns` columns: cut with … or filled with spaces, on the left when right is set. */
void shown_field(FILE *out, const char *text, int columns, bool right);
/* The same in several lines: newlines and tabs stay, and there is one newline at the end. */
void shown_lines(FILE *out, const char *text);

#endif
