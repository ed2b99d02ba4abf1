/* host_log.h: remarks for a host that has asked for them (aq_set_log). */
#ifndef AQ_LIBAQ_HOST_LOG_H
#define AQ_LIBAQ_HOST_LOG_H

#include "libaq/aq.h"
#include "runtime/base.h"

void lib_log(enum aq_severity severity, const struct rt_error *what);
/* file: that it is about, or NULL. */
void lib_log_text(enum aq_severity severity, const char *file, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
