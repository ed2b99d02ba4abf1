/* output.h: results, on the standard output; and whether they got there. */
#ifndef AQC_OUTPUT_H
#define AQC_OUTPUT_H

#include <stddef.h>

/* For libaq's callbacks: 0, or not 0 once something could not be written. The context is not used. */
int output_write(void *context, const char *text, size_t length);
/* The same, and what was written is seen at once. */
int output_write_now(void *context, const char *text, size_t length);
/* Whether the results so far could not all be written; whatever a library call then says of it is
 * output_finish's to say. */
int output_failed(void);
/* Writes what is still held back. AQ_OK, or AQ_IO once it has said why; a reader who has left (a closed pipe)
 * is told nothing. */
int output_finish(void);

#endif
