/* help.h: what the command says of itself, made from the verbs and their options. */
#ifndef AQC_HELP_H
#define AQC_HELP_H

#include <stdio.h>

#include "aqc/verb.h"

void help_overview(FILE *out, const struct verb *const *verbs); /* ends with NULL */
void help_verb(FILE *out, const struct verb *verb);

#endif
