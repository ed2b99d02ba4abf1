/* lock.c: one writer at a time. The lock is the system's (flock), so a process that is killed leaves none
 * behind. It is on a file ".BASE.lock" beside the target, in which stands who has it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "runtime/io/file.h"
#include "runtime/io/save_internal.h"

struct io_lock {
  int fd; /* -1: not held */
  char *path;
};

static char *lock_path(const char *path) {
  const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
  struct rt_text out = {0};
  rt_text_add(&out, path, (size_t)(base - path));
  rt_text_printf(&out, ".%.*s.lock", IO_TEMPORARY_BASE, base);
  if (out.failed) rt_text_free(&out);
  return out.data;
}

/* Whoever had the lock before removes the file, so the file that was opened may no longer be the one of that
 * name. */
static bool is_still_there(const struct io_lock *lock) {
  struct stat opened, named;
  return fstat(lock->fd, &opened) == 0 && stat(lock->path, &named) == 0 && opened.st_ino == named.st_ino
         && opened.st_dev == named.st_dev;
}

static int taken(const struct io_lock *lock, const char *path, struct rt_error *error) {
  char who[32] = "";
  ssize_t length = pread(lock->fd, who, sizeof who - 1, 0);
  long owner = length > 0 ? strtol(who, NULL, 10) : 0;
  if (owner > 0)
    rt_fail_in(error, RT_CANNOT_CREATE, path, "is being written by another training, process %ld", owner);
  else
    rt_fail_in(error, RT_CANNOT_CREATE, path, "is being written by another training");
  rt_hint(error, "wait for it, or give this one another name to save under");
  return RT_CANNOT_CREATE;
}

/* A file system that knows no locks keeps nobody from writing. */
static int try_lock(struct io_lock *lock, const char *path, bool *held, struct rt_error *error) {
  *held = false;
  lock->fd = open(lock->path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
  if (lock->fd < 0) return RT_OK;
  errno = 0;
  if (flock(lock->fd, LOCK_EX | LOCK_NB) == 0) *held = is_still_there(lock);
  int status = !*held && errno == EWOULDBLOCK ? taken(lock, path, error) : RT_OK;
  if (*held) return RT_OK;
  close(lock->fd);
  lock->fd = -1;
  return status;
}

static void say_who(const struct io_lock *lock) {
  char who[32];
  int length = snprintf(who, sizeof who, "%ld\n", (long)getpid());
  if (ftruncate(lock->fd, 0) || pwrite(lock->fd, who, (size_t)length, 0) < 0) return; /* only for messages */
}

/* A killed process may take a moment to end. Whoever starts a training again at once gets half a second. */
enum { MOST_TRIES = 100, MOST_NAPS = 25 };
static const struct timespec NAP = {.tv_nsec = 20000000};

int io_lock_take(struct io_lock **lock, const char *path, struct rt_error *error) {
  struct io_lock *l = *lock = rt_zalloc(1, sizeof *l);
  bool held = false;
  if (!l) return rt_no_memory(error);
  l->fd = -1;
  if (!(l->path = lock_path(path))) return rt_no_memory(error);
  int status = RT_OK;
  struct rt_error busy;
  for (int tries = 0, naps = 0; tries < MOST_TRIES && naps <= MOST_NAPS && !held; tries++) {
    rt_error_clear(&busy);
    status = try_lock(l, path, &held, &busy);
    if (status != RT_OK && naps++ < MOST_NAPS) nanosleep(&NAP, NULL);
  }
  if (status != RT_OK && error && !error->code) *error = busy;
  if (held) say_who(l);
  return status;
}

/* Removed while it is still held, so that nobody locks a file that is about to go. */
void io_lock_free(struct io_lock *lock) {
  if (!lock) return;
  if (lock->fd >= 0) unlink(lock->path);
  if (lock->fd >= 0) close(lock->fd);
  rt_free(lock->path);
  rt_free(lock);
}
