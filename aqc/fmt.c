/* fmt.c: aqc fmt. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aqc/files.h"
#include "aqc/messages.h"
#include "aqc/output.h"
#include "aqc/verb.h"

/* Writes, compares or prints one formatted file, as the options say. */
static int use(const struct settings *settings, const char *path, bool same, const char *formatted) {
  if (settings->check) {
    if (same) return AQ_OK;
    aq_shown *shown = aq_shown_new(false);
    aq_shown_note(shown, NULL, "%s", path);
    int status = output_shown(settings, shown);
    return status != AQ_OK ? status : AQ_NEGATIVE;
  }
  if (!settings->write) return output_write(NULL, formatted, strlen(formatted)) ? AQ_IO : AQ_OK;
  return same ? AQ_OK : file_replace(path, formatted, strlen(formatted));
}

static int format_one(const struct settings *settings, const char *path) {
  char *text, *formatted = NULL;
  size_t length;
  const aq_message *message;
  int status = file_read(path, &text, &length);
  if (status == AQ_OK
      && aq_format(strcmp(path, "-") == 0 ? "<stdin>" : path, text, length, &formatted, &message))
    status = message_print(message);
  if (status == AQ_OK)
    status =
        use(settings, path, strlen(formatted) == length && memcmp(formatted, text, length) == 0, formatted);
  aq_text_free(formatted);
  free(text);
  return status;
}

/* All files are looked at; the exit code is that of the first one that is wrong. */
static int run_fmt(const struct settings *settings) {
  if (settings->write && settings->check)
    return message_fail(AQ_USAGE, NULL, "--write and --check exclude each other");
  if (settings->operand_count == 0 && settings->write)
    return message_fail(AQ_USAGE, NULL, "--write needs a file to write to");
  int first = settings->operand_count == 0 ? format_one(settings, "-") : AQ_OK;
  for (int k = 0; k < settings->operand_count; k++) {
    int status = format_one(settings, settings->operand[k]);
    if (!first) first = status;
  }
  return first;
}

static const struct option option_list[] = {
    OPTION('w', "write", FLAG, NULL, write, "write the files that change back in place"),
    OPTION(0, "check", FLAG, NULL, check,
           "only name the files that would change; exit code 1 when there are any"),
    OPTION_END};

const struct verb verb_fmt = {"fmt",
                              "[FILE.aq...]",
                              0,
                              -1,
                              "lay programs out in the standard way",
                              "Writes the programs in the standard layout, from the files or from the "
                              "standard input, to the standard output.",
                              option_list,
                              run_fmt};
