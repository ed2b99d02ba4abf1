/* texts.c: the lines of a table. */
#include "aqc/texts.h"

#include <stdlib.h>
#include <string.h>

#include "aqc/files.h"
#include "aqc/messages.h"

static size_t count_lines(const char *text, size_t length) {
  size_t lines = 0;
  for (size_t k = 0; k < length; k++) lines += text[k] == '\n';
  return lines + (length > 0 && text[length - 1] != '\n');
}

static void split(struct texts *texts, size_t length) {
  const char *at = texts->all, *end = at + length;
  for (size_t k = 0; k < texts->count; k++) {
    const char *stop = memchr(at, '\n', (size_t)(end - at));
    size_t size = (size_t)((stop ? stop : end) - at);
    texts->line[k] = (struct text_line){at, size > 0 && at[size - 1] == '\r' ? size - 1 : size};
    at += size + (stop != NULL);
  }
}

int texts_read(struct texts *texts, const char *path, size_t vectors) {
  size_t length;
  *texts = (struct texts){0};
  if (file_ends_with(path, ".gz"))
    return message_fail(AQ_USAGE, "unpack it first: gunzip -k", "--texts reads lines, and %s is packed",
                        path);
  int status = file_read(path, &texts->all, &length);
  if (status != AQ_OK) return status;
  texts->count = count_lines(texts->all, length);
  if (texts->count != vectors && texts->count != vectors + 1)
    return message_fail(AQ_BAD_DATA,
                        "it is the table that aqc embed made the vectors of, a line for each row",
                        "%s has %zu line%s, and the index has %zu vector%s", path, texts->count,
                        texts->count == 1 ? "" : "s", vectors, vectors == 1 ? "" : "s");
  texts->line = malloc((texts->count + 1) * sizeof *texts->line);
  if (!texts->line) return message_no_memory();
  split(texts, length);
  if (texts->count == vectors) return AQ_OK;
  texts->count--;
  memmove(texts->line, texts->line + 1, texts->count * sizeof *texts->line);
  return AQ_OK;
}

void texts_free(struct texts *texts) {
  free(texts->all);
  free(texts->line);
}
