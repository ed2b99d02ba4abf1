/* beside.c: see beside.h. */
#include "runtime/io/beside.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* The folder of a table as the system knows it, without links. */
static bool folder_of(const char *table, char real[static PATH_MAX]) {
  if (table && io_is_folder(table)) return realpath(table, real);
  const char *slash = table ? strrchr(table, '/') : NULL;
  char *folder = slash ? rt_strndup(table, slash == table ? 1 : (size_t)(slash - table)) : rt_strdup(".");
  const bool found = folder && realpath(folder, real);
  rt_free(folder);
  return found;
}

static bool is_within(const char *path, const char *folder) {
  const size_t length = strlen(folder);
  return strcmp(folder, "/") == 0 || (strncmp(path, folder, length) == 0 && path[length] == '/');
}

/* A table of images has them in itself, and may be a link: its user has named it. */
static bool is_table(const char *table, const char *path) {
  struct stat a, b;
  return table && stat(table, &a) == 0 && stat(path, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static int check(const char *table, const char *folder, const char *path, struct rt_error *error) {
  char real[PATH_MAX];
  if (!realpath(path, real)) return rt_fail(error, RT_BAD_DATA, "%s", strerror(errno));
  if (is_within(real, folder) || is_table(table, real)) return RT_OK;
  rt_fail(error, RT_BAD_DATA, "it lies outside of the folder of the table");
  rt_hint(error, "a table may name files of its own folder and of those within it; copy it there");
  return RT_BAD_DATA;
}

int io_beside(const char *table, const struct io_field *name, char **path, struct rt_error *error) {
  char folder[PATH_MAX];
  struct rt_text text = {0};
  *path = NULL;
  if (!folder_of(table, folder)) return rt_fail(error, RT_BAD_DATA, "its folder is not there");
  if (name->length == 0 || name->text[0] != '/') rt_text_printf(&text, "%s/", folder);
  rt_text_add(&text, name->text, name->length);
  if (text.failed) {
    rt_text_free(&text);
    return rt_no_memory(error);
  }
  int status = check(table, folder, text.data, error);
  if (status == RT_OK)
    *path = text.data;
  else
    rt_text_free(&text);
  return status;
}
