/* io_files.h: files for the tests of runtime/io, in a directory of their own that is removed at the end. */
#ifndef AQ_TESTS_IO_FILES_H
#define AQ_TESTS_IO_FILES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "runtime/base.h"

static char directory[64];

static inline int make_directory(void **state) {
  (void)state;
  snprintf(directory, sizeof directory, "/tmp/aq-io-XXXXXX");
  return mkdtemp(directory) ? 0 : -1;
}

static inline int remove_directory(void **state) {
  (void)state;
  DIR *dir = opendir(directory);
  for (struct dirent *entry; dir && (entry = readdir(dir));) {
    char path[400];
    snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
    unlink(path);
  }
  closedir(dir);
  return rmdir(directory);
}

/* How many files are in the directory. */
static inline int count_files(void) {
  int n = -2; /* . and .. */
  DIR *dir = opendir(directory);
  while (readdir(dir)) n++;
  closedir(dir);
  return n;
}

/* The path of a file in the directory; one of four buffers in turn. */
static inline const char *path_of(const char *name) {
  static char paths[4][400];
  static int turn;
  char *path = paths[turn++ % 4];
  snprintf(path, sizeof paths[0], "%s/%s", directory, name);
  return path;
}

static inline const char *write_bytes(const char *name, const void *bytes, size_t length) {
  const char *path = path_of(name);
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(bytes, 1, length, file), length);
  assert_int_equal(fclose(file), 0);
  return path;
}

static inline const char *write_text(const char *name, const char *text) {
  return write_bytes(name, text, strlen(text));
}

static inline const char *write_gzip(const char *name, const void *bytes, size_t length) {
  const char *path = path_of(name);
  gzFile file = gzopen(path, "wb");
  assert_non_null(file);
  assert_int_equal(gzwrite(file, bytes, (unsigned)length), length);
  assert_int_equal(gzclose(file), Z_OK);
  return path;
}

/* Checks code, place and text of an error; text may be any part of the message. */
static inline void assert_error(const struct rt_error *error, int code, int line, int column,
                                const char *text) {
  if (error->code != code || error->line != line || error->column != column || !strstr(error->text, text))
    fail_msg("%d at %s:%d:%d: \"%s\" instead of %d at %d:%d: \"%s\"", error->code, error->file, error->line,
             error->column, error->text, code, line, column, text);
}

#endif
