/* output.h: writes results to the standard output, or a page to its file, and knows whether that worked. */
#ifndef AQC_OUTPUT_H
#define AQC_OUTPUT_H

#include <stddef.h>

#include "aqc/options.h"

/* For libaq's callbacks: 0, or not 0 once writing has failed. context is not used. */
int output_write(void *context, const char *text, size_t length);
/* The same, and flushes it. */
int output_write_now(void *context, const char *text, size_t length);
/* Has writing failed so far? Then output_finish says so, and what libaq says of it is left out. */
int output_failed(void);
/* Flushes. AQ_OK, or AQ_IO after saying why; nothing is said when the reader has gone (a closed pipe). */
int output_finish(void);

/* The form that the settings ask for. */
enum aq_form output_form(const struct settings *settings);
/* Refuses settings that ask for two forms. AQ_OK, or a code after saying why not. */
int output_check(const struct settings *settings);
/* Writes facts in that form, and frees them. AQ_OK, or a code after saying what is wrong. shown may be NULL:
 * there was no memory. */
int output_shown(const struct settings *settings, aq_shown *shown);
/* Writes a text that libaq has made in that form, and frees it. */
int output_text(const struct settings *settings, char *text);

#endif
