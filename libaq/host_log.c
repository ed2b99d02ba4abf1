/* host_log.c: what the library would remark, if it printed: told to a host that wants to know. */
#include "libaq/host_log.h"

#include <stdio.h>

#include "libaq/internal.h"

static struct {
  aq_on_log *log;
  void *context;
} host;

void aq_set_log(aq_on_log *log, void *context) {
  host.log = log;
  host.context = context;
}

void lib_log(enum aq_severity severity, const struct rt_error *what) {
  if (!host.log) return;
  const aq_message message = lib_message_of(what);
  host.log(host.context, severity, &message);
}

void lib_log_text(enum aq_severity severity, const char *file, const char *format, ...) {
  char text[512];
  va_list arguments;
  if (!host.log) return;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  const aq_message message = {.size = sizeof message,
                              .code = severity == AQ_REMARK ? AQ_OK : AQ_NEGATIVE,
                              .file = file ? file : "",
                              .text = text,
                              .excerpt = "",
                              .hint = ""};
  host.log(host.context, severity, &message);
}
