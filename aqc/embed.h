/* embed.h: vectors of the rows of a table, for the verbs that need them. */
#ifndef AQC_EMBED_H
#define AQC_EMBED_H

#include "aqc/options.h"

/* Embeds the rows of a table, or with "-" of the standard input, with the model that is the first operand.
 * AQ_OK, or a code after saying what is wrong; then *vectors is NULL. */
int embed_table(const struct settings *settings, const char *path, aq_vectors **vectors);

#endif
