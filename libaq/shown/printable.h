/* printable.h: text that came from elsewhere, made safe to look at. Control characters, bytes that are no
 * UTF-8, and marks that turn the direction of writing are written out, as in \x1b; columns are counted as a
 * terminal counts them. */
#ifndef AQ_LIBAQ_PRINTABLE_H
#define AQ_LIBAQ_PRINTABLE_H

#include "runtime/base.h"

/* In one line: a newline becomes \n, a tab \t. */
void printable_line(struct rt_text *out, const char *text);
/* In several lines: newlines and tabs stay. */
void printable_lines(struct rt_text *out, const char *text);
/* The same for HTML: < > & " become &lt; and so on. */
void printable_html(struct rt_text *out, const char *text);
/* In one line and exactly `columns` columns of a terminal: cut with … or filled with spaces, on the left when
 * right is set. */
void printable_field(struct rt_text *out, const char *text, int columns, bool right);

/* Columns of a terminal that the text takes in one line: East Asian wide characters and emoji take 2,
 * combining marks 0. */
int printable_width(const char *text);
/* The same with one column for each code point, as scikit-learn counts. */
int printable_points(const char *text);

#endif
