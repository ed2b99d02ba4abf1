/* leftovers.c: removes the temporary files of runs that were killed while saving, the next time that somebody
 * saves there. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/io/save_internal.h"

/* The process in a name ".BASE.PID-N.tmp", or 0: another file. */
static long owner_of(const char *name, const char *base) {
  char *end;
  int begin = 0;
  size_t length = strlen(base) < IO_TEMPORARY_BASE ? strlen(base) : IO_TEMPORARY_BASE;
  if (name[0] != '.' || strncmp(name + 1, base, length) != 0 || name[length + 1] != '.') return 0;
  const char *digits = name + length + 2;
  if (digits[0] < '0' || digits[0] > '9') return 0;
  long owner = strtol(digits, &end, 10);
  if (sscanf(end, "-%*[0-9].tmp%n", &begin) != 0 || begin == 0 || end[begin]) return 0;
  return owner;
}

/* A file is left over when there is no such process here and nobody holds the file's lock, here or on another
 * machine. */
static bool is_abandoned(int directory, const char *name, long owner) {
  struct stat status;
  if (kill((pid_t)owner, 0) == 0 || errno != ESRCH) return false;
  int fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  bool free =
      fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && flock(fd, LOCK_EX | LOCK_NB) == 0;
  if (fd >= 0) close(fd);
  return free;
}

void io_remove_leftovers(const char *directory, const char *base) {
  DIR *folder = opendir(directory);
  struct dirent *entry;
  while (folder && (entry = readdir(folder))) {
    long owner = owner_of(entry->d_name, base);
    if (owner > 0 && is_abandoned(dirfd(folder), entry->d_name, owner))
      unlinkat(dirfd(folder), entry->d_name, 0);
  }
  if (folder) closedir(folder);
}
