/* side_file.h: files that a verb writes beside its result: the page of --report, the trace of --trace. */
#ifndef AQC_SIDE_FILE_H
#define AQC_SIDE_FILE_H

#include "aqc/options.h"

struct side_file {
  const char *option, *is; /* "--report"; the name of what it is, "report" */
  const char *writes;      /* "--report FILE.html writes the page there" */
  const char *path;        /* NULL: it is not asked for */
};

/* Other files that are written. */
struct written_file {
  const char *path; /* NULL: there is none */
  const char *is;   /* "model" */
};

/* Can it be written there? It takes the place of nothing that is read or written besides. Returns an exit
 * code, and has said why. */
int side_file_check(const struct side_file *file, const struct settings *settings,
                    const struct written_file *written, size_t count);

#endif
