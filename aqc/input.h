/* input.h: reads rows from the standard input, and knows whether that worked. */
#ifndef AQC_INPUT_H
#define AQC_INPUT_H

#include <stddef.h>

/* For libaq's callbacks. What was written so far is shown before it waits for more, so that a person or a
 * pipe can talk with the command. context is not used. */
ptrdiff_t input_read(void *context, char *buffer, size_t size);
/* AQ_OK, or AQ_NO_INPUT after saying why reading has failed. It goes before what the library says. */
int input_finish(void);

#endif
