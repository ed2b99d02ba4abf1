/* output.c */
#include "aqc/output.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "aqc/messages.h"

static int reason; /* errno of the first failure */

int output_failed(void) { return reason != 0; }

static int note_failure(void) {
  if (!reason) reason = errno ? errno : EIO;
  return -1;
}

int output_write(void *context, const char *text, size_t length) {
  (void)context;
  errno = 0;
  return fwrite(text, 1, length, stdout) == length ? 0 : note_failure();
}

int output_write_now(void *context, const char *text, size_t length) {
  if (output_write(context, text, length)) return -1;
  return fflush(stdout) == 0 ? 0 : note_failure();
}

int output_finish(void) {
  errno = 0;
  if (fflush(stdout) != 0) note_failure();
  if (!reason && ferror(stdout)) reason = EIO;
  if (!reason) return AQ_OK;
  if (reason == EPIPE) return AQ_IO;
  return message_fail(AQ_IO, NULL, "cannot write to the standard output: %s", strerror(reason));
}
