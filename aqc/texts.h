/* texts.h: the lines of a table, by the numbers of its rows, for `aqc search --texts`. */
#ifndef AQC_TEXTS_H
#define AQC_TEXTS_H

#include <stddef.h>

struct texts {
  char *all;
  struct text_line {
    const char *text;
    size_t length;
  } * line; /* [count] of the rows, without the header */
  size_t count;
};

/* Reads the table whose rows the vectors of an index stand for, so that there is a row for each of these. One
 * line more is the header. Returns an exit code, and has said why when it is not 0. */
int texts_read(struct texts *texts, const char *path, size_t vectors);
void texts_free(struct texts *texts);

#endif
