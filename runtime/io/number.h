/* number.h: numbers in text, whatever the process's locale. */
#ifndef AQ_RUNTIME_IO_NUMBER_H
#define AQ_RUNTIME_IO_NUMBER_H

#include "runtime/base.h"

/* Reads a decimal number (-1.5, 3, .5, 6e-3) that is the whole text; white space around it is ignored.
 * Correctly rounded. NULL, or what is wrong with it: "is not a number", "is too large". */
const char *io_number_parse(const char *text, size_t length, double *number);

/* How the numbers of a table are written. Where semicolons separate fields, a comma may stand where others
 * have a point; but one file has either, since the others could be thousands separators. */
struct io_decimals {
  bool commas; /* may be decimal */
  char mark;   /* of the numbers before, '.' or ','; 0: they had none */
};
/* As io_number_parse. decimals may be NULL. */
const char *io_decimals_parse(struct io_decimals *decimals, const char *text, size_t length, double *number);

/* Walks over a list separated by white space or commas: from *at on, finds the next item. False at the end of
 * the list. Between two commas, before a first one and behind a last one is an empty item. */
struct io_items {
  const char *text;
  size_t length, at;
  bool comma;
  bool spaces; /* only white space separates: commas are decimal */
};
bool io_items_next(struct io_items *items, const char **item, size_t *length);

/* ASCII white space */
static inline bool io_is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
/* Cuts white space off both ends. */
void io_trim(const char **text, size_t *length);

#endif
