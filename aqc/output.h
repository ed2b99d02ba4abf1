/* output.h: results, on the standard output; and whether they got there. */
#ifndef AQC_OUTPUT_H
#define AQC_OUTPUT_H

#include <stddef.h>

#include "aqc/options.h"

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

/* How the settings ask results to be written. */
enum aq_form output_form(const struct settings *settings);
/* Whether they can be, before anything is computed. AQ_OK, or a code, having said why not. */
int output_check(const struct settings *settings);
/* Writes facts in that form, and frees them. AQ_OK, or the code of what it has said is wrong. NULL: there was
 * no memory for them. */
int output_shown(const struct settings *settings, aq_shown *shown);
/* Writes a text of that form that libaq has made, and frees it. */
int output_text(const struct settings *settings, char *text);

#endif
