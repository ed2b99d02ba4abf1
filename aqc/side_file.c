/* side_file.c */
#include "aqc/side_file.h"

#include <string.h>

#include "aqc/files.h"
#include "aqc/messages.h"
#include "aqc/open.h"

static int check_name(const struct side_file *file) {
  if (!file->path[0])
    return message_fail(AQ_USAGE, file->writes, "%s takes the name of a file, and this one is empty",
                        file->option);
  if (strcmp(file->path, "-") != 0) return AQ_OK;
  return message_fail(AQ_USAGE, file->writes,
                      "%s takes the name of a file; the standard output has what the verb writes",
                      file->option);
}

static int check_written(const struct side_file *file, const struct written_file *written) {
  if (!written->path || !file_same(file->path, written->path)) return AQ_OK;
  return message_fail(AQ_USAGE, "give one of them another name", "the %s and the %s cannot both be %s",
                      written->is, file->is, file->path);
}

int side_file_check(const struct side_file *file, const struct settings *s,
                    const struct written_file *written, size_t count) {
  const char *const read[] = {s->operand[0], s->operand[1], s->valid, s->test, s->inputs, s->params};
  if (!file->path) return AQ_OK;
  int status = check_name(file);
  for (size_t k = 0; k < count && status == AQ_OK; k++) status = check_written(file, &written[k]);
  for (size_t k = 0; k < sizeof read / sizeof *read && status == AQ_OK; k++)
    status = refuse_overwriting(file->option, file->path, read[k]);
  if (status == AQ_OK) status = refuse_overwriting_weights(file->option, file->path, s->weights);
  return status == AQ_OK ? file_check_folder(file->path) : status;
}
