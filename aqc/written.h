/* written.h: can the files of a verb be written? Asked before there is any work, so that none of it is lost.
 */
#ifndef AQC_WRITTEN_H
#define AQC_WRITTEN_H

#include "aqc/verb.h"

/* Those that its options name: OPTION_WRITES, OPTION_PLACE. Each has a name and a folder that is there, and
 * takes the place of nothing that is read, nor of another. Returns an exit code, and has said why. */
int written_check(const struct verb *verb, const struct settings *settings);
/* One that a verb writes whether or not an option names it: "the model", "the checkpoint". */
int written_check_own(const struct verb *verb, const struct settings *settings, const char *path,
                      const char *is);
/* The same without a look at what is there already. */
int written_check_clash(const struct verb *verb, const struct settings *settings, const char *path,
                        const char *is);

#endif
