/* input.c */
#include "aqc/input.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "aqc/messages.h"
#include "aqc/output.h"

static int problem; /* errno of the first failure */

ptrdiff_t input_read(void *context, char *buffer, size_t size) {
  (void)context;
  if (output_write_now(NULL, "", 0)) return 0;
  ssize_t count;
  do count = read(0, buffer, size);
  while (count < 0 && errno == EINTR);
  if (count < 0) problem = errno;
  return count;
}

int input_finish(void) {
  if (!problem) return AQ_OK;
  return message_fail(AQ_NO_INPUT, NULL, "cannot read the standard input: %s", strerror(problem));
}
