/* files.c */
#include "aqc/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aqc/messages.h"

enum { LARGEST = 256 << 20 }; /* bytes; as large as a source may be */

static int cannot_read(const char *path) {
  int code = errno == ENOMEM ? AQ_NO_MEMORY : AQ_NO_INPUT;
  return message_fail(code, NULL, "cannot read %s: %s", path, strerror(errno));
}

static int read_all(int descriptor, const char *path, char **text, size_t *length) {
  size_t capacity = 0;
  for (;;) {
    if (*length == capacity) {
      capacity = capacity ? 2 * capacity : 1 << 14;
      char *more = capacity <= LARGEST ? realloc(*text, capacity) : NULL;
      if (!more)
        return capacity <= LARGEST ? message_no_memory()
                                   : message_fail(AQ_BAD_DATA, NULL, "%s is too large for a program", path);
      *text = more;
    }
    ssize_t count = read(descriptor, *text + *length, capacity - *length);
    if (count == 0) return AQ_OK;
    if (count < 0 && errno != EINTR) return cannot_read(path);
    if (count > 0) *length += (size_t)count;
  }
}

int file_read(const char *path, char **text, size_t *length) {
  bool standard = strcmp(path, "-") == 0;
  *text = NULL;
  *length = 0;
  int descriptor = standard ? 0 : open(path, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return cannot_read(path);
  int status = read_all(descriptor, standard ? "the standard input" : path, text, length);
  if (!standard) close(descriptor);
  return status;
}

static int write_all(int descriptor, const char *text, size_t length) {
  while (length > 0) {
    ssize_t count = write(descriptor, text, length);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return -1;
    text += count;
    length -= (size_t)count;
  }
  return 0;
}

/* Writes, and closes in any case. A full disk may show only when it closes. */
static int fill(int descriptor, const char *text, size_t length) {
  int failed = write_all(descriptor, text, length) ? errno : 0;
  if (close(descriptor) && !failed) failed = errno;
  return failed;
}

int file_replace(const char *path, const char *text, size_t length) {
  const aq_message *message;
  return aq_save_file(path, text, length, &message) == AQ_OK ? AQ_OK : message_print(message);
}

int file_create(const char *path, const char *text) {
  int descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (descriptor < 0)
    return message_fail(AQ_CANNOT_CREATE, NULL, "cannot create %s: %s", path, strerror(errno));
  int failed = fill(descriptor, text, strlen(text));
  return failed ? message_fail(AQ_IO, NULL, "cannot write %s: %s", path, strerror(failed)) : AQ_OK;
}

int file_check_folder(const char *path) {
  struct stat there;
  if (stat(path, &there) == 0 && S_ISDIR(there.st_mode))
    return message_fail(AQ_CANNOT_CREATE, "give it another name", "cannot create %s: it is a folder", path);
  const char *slash = strrchr(path, '/');
  char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
  if (!folder) return message_no_memory();
  int failed = access(folder, W_OK | X_OK) ? errno : 0;
  free(folder);
  return failed ? message_fail(AQ_CANNOT_CREATE, NULL, "cannot create %s: %s", path, strerror(failed))
                : AQ_OK;
}

/* The folder that a path lies in. */
static bool folder_of(const char *path, struct stat *about) {
  const char *slash = strrchr(path, '/');
  char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
  bool found = folder && stat(folder, about) == 0;
  free(folder);
  return found;
}

static const char *last_name(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

bool file_same(const char *one, const char *other) {
  struct stat a, b;
  bool is_one = stat(one, &a) == 0, is_other = stat(other, &b) == 0;
  if (is_one != is_other) return false;
  if (!is_one && (strcmp(last_name(one), last_name(other)) || !folder_of(one, &a) || !folder_of(other, &b)))
    return false;
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

bool file_holds(const char *folder, const char *path) {
  struct stat a, b;
  return stat(folder, &a) == 0 && folder_of(path, &b) && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

bool file_ends_with(const char *path, const char *end) {
  size_t length = strlen(path), tail = strlen(end);
  return length >= tail && strcmp(path + length - tail, end) == 0;
}

char *file_beside(const char *path, const char *end) {
  const char *name = last_name(path), *dot = strrchr(name, '.');
  size_t stem = dot && dot > name ? (size_t)(dot - name) : strlen(name);
  char *made = malloc(stem + strlen(end) + 1);
  if (!made) return NULL;
  strcpy(stpncpy(made, name, stem), end);
  return made;
}
