/* save.c: saving a file: whatever happens, there is the old file or the new one. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/io/file.h"
#include "runtime/io/save_internal.h"

struct io_save {
  struct rt_text *memory; /* where the bytes go instead of a file; NULL: to a file */
  int fd;
  char *name;   /* as the caller wrote it, for messages */
  char *target; /* the same without symbolic links */
  char *directory;
  char *temporary; /* NULL when the target is written directly */
};

static int cannot(struct rt_error *error, int code, const char *name, const char *what, int reason) {
  char text[256];
  return rt_fail_in(error, code, name, "cannot be %s: %s", what, strerror_r(reason, text, sizeof text));
}

static void save_free(struct io_save *s) {
  if (s->fd >= 0) close(s->fd);
  rt_free(s->name);
  rt_free(s->target);
  rt_free(s->directory);
  rt_free(s->temporary);
  rt_free(s);
}

/* Splits the target into its directory and its last part, and returns that; NULL when memory ran out. */
static const char *split_target(struct io_save *s) {
  const char *slash = strrchr(s->target, '/');
  if (!slash)
    s->directory = rt_strdup(".");
  else
    s->directory = rt_strndup(s->target, slash == s->target ? 1 : (size_t)(slash - s->target));
  return !s->directory ? NULL : slash ? slash + 1 : s->target;
}

enum { ROOM_FOR_NUMBERS = 64, MOST_ATTEMPTS = 10000 }; /* of the names of temporary files */

/* Opens a new file beside the target. Its name begins with a dot and is no longer than names may be. */
static int open_temporary(struct io_save *s, struct rt_error *error) {
  const char *base = split_target(s);
  size_t room = strlen(s->target) + ROOM_FOR_NUMBERS;
  char *name = rt_alloc(room);
  if (!base || !name) {
    rt_free(name);
    return rt_no_memory(error);
  }
  io_remove_leftovers(s->directory, base);
  for (int attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    snprintf(name, room, "%s/.%.*s.%ld-%d.tmp", s->directory, IO_TEMPORARY_BASE, base, (long)getpid(),
             attempt);
    s->fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (s->fd >= 0 || errno != EEXIST) break;
  }
  if (s->fd >= 0) {
    flock(s->fd, LOCK_EX | LOCK_NB); /* it has an owner: see leftovers.c */
    s->temporary = name;
    return RT_OK;
  }
  int reason = errno;
  rt_free(name);
  return cannot(error, RT_CANNOT_CREATE, s->name, "created", reason);
}

/* The target exists: a regular file is replaced and keeps its permissions, anything else is written directly,
 * and so is a file that has no name any more. */
static int open_existing(struct io_save *s, const struct stat *status, struct rt_error *error) {
  if (S_ISDIR(status->st_mode)) return cannot(error, RT_CANNOT_CREATE, s->name, "written", EISDIR);
  if (!S_ISREG(status->st_mode) || status->st_nlink == 0) {
    s->fd = open(s->target, O_WRONLY | O_TRUNC | O_CLOEXEC);
    return s->fd >= 0 ? RT_OK : cannot(error, RT_CANNOT_CREATE, s->name, "written", errno);
  }
  /* rename would replace a file that its owner has protected against writing */
  if (faccessat(AT_FDCWD, s->target, W_OK, AT_EACCESS) != 0)
    return cannot(error, RT_CANNOT_CREATE, s->name, "replaced", errno);
  int result = open_temporary(s, error);
  if (result == RT_OK) fchmod(s->fd, status->st_mode & 07777);
  return result;
}

static int open_target(struct io_save *s, const char *path, struct rt_error *error) {
  char resolved[PATH_MAX];
  struct stat status;
  bool exists = stat(path, &status) == 0;
  bool linked = exists && S_ISREG(status.st_mode) && realpath(path, resolved);
  s->name = rt_strdup(path);
  s->target = rt_strdup(linked ? resolved : path);
  if (!s->name || !s->target) return rt_no_memory(error);
  if (path[0] == '\0') return cannot(error, RT_CANNOT_CREATE, "", "created", ENOENT);
  return exists ? open_existing(s, &status, error) : open_temporary(s, error);
}

int io_save_begin(struct io_save **save, const char *path, struct rt_error *error) {
  *save = NULL;
  struct io_save *s = rt_zalloc(1, sizeof *s);
  if (!s) return rt_no_memory(error);
  s->fd = -1;
  int status = open_target(s, path, error);
  if (status != RT_OK) {
    io_save_abort(s);
    return status;
  }
  *save = s;
  return RT_OK;
}

int io_save_check(const char *path, struct rt_error *error) {
  struct io_save *save;
  int status = io_save_begin(&save, path, error);
  if (status == RT_OK) io_save_abort(save);
  return status;
}

int io_save_begin_memory(struct io_save **save, struct rt_text *to, struct rt_error *error) {
  struct io_save *s = *save = rt_zalloc(1, sizeof *s);
  if (!s) return rt_no_memory(error);
  s->fd = -1;
  s->memory = to;
  return RT_OK;
}

static int add_to_memory(struct io_save *s, const void *bytes, size_t length, struct rt_error *error) {
  rt_text_add(s->memory, bytes, length);
  return s->memory->failed ? rt_no_memory(error) : RT_OK;
}

int io_save_write(struct io_save *save, const void *bytes, size_t length, struct rt_error *error) {
  const char *at = bytes;
  if (save->memory) return add_to_memory(save, bytes, length, error);
  while (length > 0) {
    /* Linux writes at most 2 GiB at a time, and so does this on every system */
    ssize_t n = write(save->fd, at, length < MOST_AT_ONCE ? length : MOST_AT_ONCE);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return cannot(error, RT_IO, save->name, "written", errno);
    at += n;
    length -= (size_t)n;
  }
  return RT_OK;
}

/* The new name survives a power failure only once the directory is on the disk too. Some network file systems
 * do not let a directory be opened or synchronised; they have rules of their own. */
static int sync_directory(const struct io_save *s, struct rt_error *error) {
  int fd = open(s->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return RT_OK;
  int reason = fsync(fd) == 0 ? 0 : errno;
  close(fd);
  if (reason == 0 || reason == EINVAL || reason == ENOTSUP) return RT_OK;
  return cannot(error, RT_IO, s->name, "made durable", reason);
}

static int close_file(struct io_save *s) {
  int fd = s->fd;
  s->fd = -1;
  return close(fd) == 0 || errno == EINTR ? 0 : errno;
}

int io_save_commit(struct io_save *save, struct rt_error *error) {
  if (save->memory) {
    save_free(save);
    return RT_OK;
  }
  int reason = fsync(save->fd) == 0 ? 0 : errno;
  if (!save->temporary && (reason == EINVAL || reason == ENOTSUP))
    reason = 0; /* pipes and devices have nothing to synchronise */
  if (reason == 0) reason = close_file(save);
  if (reason == 0 && save->temporary && rename(save->temporary, save->target) != 0) reason = errno;
  if (reason != 0) {
    int status = cannot(error, RT_IO, save->name, "saved", reason);
    io_save_abort(save);
    return status;
  }
  int status = save->temporary ? sync_directory(save, error) : RT_OK;
  save_free(save);
  return status;
}

void io_save_abort(struct io_save *save) {
  if (!save) return;
  if (save->temporary) unlink(save->temporary);
  save_free(save);
}
