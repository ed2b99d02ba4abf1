/* output.c */
#include "aqc/output.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "aqc/files.h"
#include "aqc/messages.h"
#include "aqc/terminal.h"

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

enum aq_form output_form(const struct settings *settings) {
  return settings->html ? AQ_HTML : settings->json ? AQ_JSON : AQ_TEXT;
}

int output_check(const struct settings *settings) {
  if (!settings->html || !settings->json) return AQ_OK;
  return message_fail(AQ_USAGE, NULL, "--html and --json exclude each other");
}

int output_text(const struct settings *settings, char *text) {
  int status = AQ_OK;
  if (settings->html)
    status = file_replace(settings->html, text, strlen(text));
  else
    fputs(text, stdout);
  if (output_form(settings) == AQ_JSON) putchar('\n'); /* an object to a line; other forms end with one */
  aq_text_free(text);
  return status;
}

int output_shown(const struct settings *settings, aq_shown *shown) {
  char *text;
  aq_shown_terminal(shown, terminal_width(1), terminal_colour(1));
  int status = aq_shown_write(shown, output_form(settings), &text);
  aq_shown_free(shown);
  return status == AQ_OK ? output_text(settings, text) : message_no_memory();
}

int output_finish(void) {
  errno = 0;
  if (fflush(stdout) != 0) note_failure();
  if (!reason && ferror(stdout)) reason = EIO;
  if (!reason) return AQ_OK;
  if (reason == EPIPE) return AQ_IO;
  return message_fail(AQ_IO, NULL, "cannot write to the standard output: %s", strerror(reason));
}
