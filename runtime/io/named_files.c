/* named_files.c: the files that fields may name, and what they are called (table.h). */
#include <string.h>
#include <strings.h>

#include "runtime/io/table.h"

const struct io_files io_image_files = {
    .one = "image",
    .more = "images",
    .endings = (const char *const[]){".png", ".jpg", ".jpeg", NULL},
    .in_idx = true,
};

const struct io_files io_sound_files = {
    .one = "sound",
    .more = "sounds",
    .endings = (const char *const[]){".wav", ".flac", NULL},
};

bool io_is_named(const struct io_files *files, const char *name) {
  const size_t length = strlen(name);
  for (const char *const *end = files->endings; *end && name[0] != '.'; end++)
    if (length > strlen(*end) && !strcasecmp(name + length - strlen(*end), *end)) return true;
  return false;
}
