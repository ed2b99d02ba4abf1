/* profiling.h: --profile and --trace, of the verbs that run a program. */
#ifndef AQC_PROFILING_H
#define AQC_PROFILING_H

#include <aq.h>

#include "aqc/options.h"

#define OPTION_SET_PROFILE                                                                                   \
  OPTION(0, "profile", FLAG, NULL, profile, "say where the time goes: parts, threads, ops, lines"),          \
      OPTION(0, "trace", WRITES, "FILE.json", trace,                                                         \
             "also write the profile piece by piece, for chrome://tracing or Perfetto")

static inline bool profiling_is_asked(const struct settings *s) { return s->profile || s->trace; }
/* A profile, if one is asked for; else NULL. The caller frees it. */
int profiling_begin(const struct settings *settings, aq_profile **profile);
/* Adds the profile to what is shown, and writes the trace. NULL: does nothing. */
int profiling_end(const struct settings *settings, aq_profile *profile, aq_shown *shown);

#endif
