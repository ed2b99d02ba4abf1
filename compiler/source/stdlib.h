/* stdlib.h: the standard library's .aq files, baked into the library when it is built (stdlib/bake.sh). */
#ifndef AQ_COMPILER_SOURCE_STDLIB_H
#define AQ_COMPILER_SOURCE_STDLIB_H

#include <stddef.h>

struct cc_stdlib_file {
  const char *name; /* of stdlib/NAME.aq, in the order Makefile.am lists them */
  const char *text; /* NUL-terminated */
  size_t length;    /* without the NUL */
};
extern const struct cc_stdlib_file cc_stdlib[];
extern const size_t cc_stdlib_count;

#endif
