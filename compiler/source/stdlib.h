/* stdlib.h: the standard library's .aq files, baked into the library when it is built (stdlib/bake.sh). */
#ifndef AQ_COMPILER_SOURCE_STDLIB_H
#define AQ_COMPILER_SOURCE_STDLIB_H

#include <stddef.h>
#include <stdint.h>

/* A definition of a file: bytes begin..end of its text. */
struct cc_stdlib_item {
  const char *name;
  uint32_t begin, end;
};
/* A file and what is in it. */
struct cc_file_text {
  const char *name;                  /* of one of the library: NAME of stdlib/NAME.aq */
  const char *text;                  /* NUL-terminated */
  size_t length;                     /* without the NUL */
  const struct cc_stdlib_item *item; /* of the library: its definitions, up to a name that is NULL */
};
extern const struct cc_file_text cc_stdlib[]; /* in the order in which Makefile.am lists them */
extern const size_t cc_stdlib_count;

#endif
