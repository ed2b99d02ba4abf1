/* beside.c: see beside.h. */
#include "runtime/io/beside.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "runtime/io/utf8.h"

/* The folder of a table as the system knows it, without links. */
static bool folder_of(const char *table, char real[static PATH_MAX]) {
  if (table && io_is_folder(table)) return realpath(table, real);
  const char *slash = table ? strrchr(table, '/') : NULL;
  char *folder = slash ? rt_strndup(table, slash == table ? 1 : (size_t)(slash - table)) : rt_strdup(".");
  const bool found = folder && realpath(folder, real);
  rt_free(folder);
  return found;
}

/* A folder is within itself: who names it is told that it is no file. */
static bool is_within(const char *path, const char *folder) {
  const size_t length = strlen(folder);
  return strcmp(folder, "/") == 0
         || (strncmp(path, folder, length) == 0 && (path[length] == '/' || !path[length]));
}

/* A table of images has them in itself, and may be a link: its user has named it. */
static bool is_table(const char *table, const char *path) {
  struct stat a, b;
  return table && stat(table, &a) == 0 && stat(path, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static bool is_allowed(const struct io_place *p, const char *folder, const char *path) {
  const struct io_folders *others = &p->e->schema->folders;
  for (size_t k = 0; k < others->count; k++)
    if (is_within(path, others->path[k])) return true;
  return is_within(path, folder) || is_table(p->e->name, path);
}

/* As in "12.png"? */
static bool is_numbered(const char *name) {
  const size_t digits = strspn(name, "0123456789");
  return digits && !strcmp(name + digits, ".png");
}

/* Is the file one that images are being written to? */
static bool is_written(const char *path, const char *written) {
  char real[PATH_MAX];
  if (!written || !realpath(written, real)) return false;
  return !strcmp(path, real) || (is_within(path, real) && is_numbered(strrchr(path, '/') + 1));
}

/* RT_BAD_DATA: there is no such file. */
static int find(const char *folder, const struct io_field *name, char real[static PATH_MAX],
                struct rt_error *error) {
  struct rt_text text = {0};
  if (name->length == 0 || name->text[0] != '/') rt_text_printf(&text, "%s/", folder);
  rt_text_add(&text, name->text, name->length);
  int status = text.failed                 ? rt_no_memory(error)
               : realpath(text.data, real) ? RT_OK
                                           : rt_fail(error, RT_BAD_DATA, "%s", strerror(errno));
  rt_text_free(&text);
  return status;
}

int io_beside(const struct io_place *p, const struct io_field *name, char **path, struct rt_error *error) {
  const struct io_folders *others = &p->e->schema->folders;
  char folder[PATH_MAX], real[PATH_MAX];
  struct rt_error unused = {0};
  *path = NULL;
  if (!folder_of(p->e->name, folder)) return rt_fail(error, RT_BAD_DATA, "its folder is not there");
  int status = find(folder, name, real, error);
  for (size_t k = 0; k < others->count && status == RT_BAD_DATA; k++)
    if (find(others->path[k], name, real, &unused) == RT_OK) status = RT_OK;
  if (status != RT_OK) return status;
  if (is_written(real, others->written)) {
    rt_fail(error, RT_USAGE,
            "images are written to %.200s, and would take the place of %.*s, which a row names",
            others->written, io_quoted(name->text, name->length), name->text);
    rt_hint(error, "a folder of its own keeps the images that rows name");
    return RT_USAGE;
  }
  if (is_allowed(p, folder, real)) return (*path = rt_strdup(real)) ? RT_OK : rt_no_memory(error);
  rt_fail(error, RT_BAD_DATA, "it lies outside of the folder of the table");
  rt_hint(error, "a table may name files of its own folder and of those within it; the option files_from = "
                 "FOLDER allows another");
  return RT_BAD_DATA;
}
