/* verb.h: the verbs of the command. The one list of them is verb_files in Makefile.am. */
#ifndef AQC_VERB_H
#define AQC_VERB_H

#include "aqc/options.h"
#include "aqc/verb_list.h"

struct verb {
  const char *name;
  const char *operands;         /* "MODEL.aq DATA.tsv", as help shows them */
  int least, most;              /* how many; most below 0: any number */
  const char *summary;          /* half a line */
  const char *about;            /* a paragraph */
  const struct option *options; /* ends with OPTION_END */
  int (*run)(const struct settings
                 *settings); /* returns the exit code, an enum aq_status; has said why when it is not 0 */
};

#define VERB_DECLARE(name) extern const struct verb verb_##name;
VERBS(VERB_DECLARE)
#undef VERB_DECLARE

#endif
