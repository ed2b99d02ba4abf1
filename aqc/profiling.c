/* profiling.c */
#include "aqc/profiling.h"

#include <string.h>

#include "aqc/files.h"
#include "aqc/messages.h"

/* Pieces of work in a trace: some seconds of a small model, in a file of about 30 MB. */
enum { PIECES = 100000 };

static int failed(const aq_profile *profile) {
  return profile ? message_print(aq_profile_message(profile)) : message_no_memory();
}

int profiling_begin(const struct settings *s, aq_profile **profile) {
  *profile = NULL;
  if (!profiling_is_asked(s)) return AQ_OK;
  return aq_profile_new(s->trace ? PIECES : 0, profile) == AQ_OK ? AQ_OK : failed(*profile);
}

static int write_trace(const struct settings *s, aq_profile *profile) {
  char *json;
  if (aq_profile_trace(profile, &json) != AQ_OK) return failed(profile);
  int status = file_replace(s->trace, json, strlen(json));
  aq_text_free(json);
  if (status == AQ_OK && !s->quiet) message_remark("trace in %s", s->trace);
  return status;
}

int profiling_end(const struct settings *s, aq_profile *profile, aq_shown *shown) {
  if (!profile) return AQ_OK;
  if (aq_profile_show(profile, shown) != AQ_OK) return failed(profile);
  return s->trace ? write_trace(s, profile) : AQ_OK;
}
