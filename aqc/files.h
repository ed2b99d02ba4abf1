/* files.h: files as the verbs need them. */
#ifndef AQC_FILES_H
#define AQC_FILES_H

#include <stdbool.h>
#include <stddef.h>

/* Reads all of a file, or the standard input for "-". *text is freed by the caller. Returns an exit code,
 * having said why when it is not 0. */
int file_read(const char *path, char **text, size_t *length);
/* Replaces a file at once or not at all, keeping its permissions. */
int file_replace(const char *path, const char *text, size_t length);
/* Writes a file that must not be there yet. */
int file_create(const char *path, const char *text);
/* Whether a file could be written to this path, as far as its folder can tell; so that hours of work do not
 * end there. */
int file_check_folder(const char *path);
bool file_same(const char *one, const char *other); /* both are there, and are the same file */
bool file_ends_with(const char *path, const char *end);
/* The last part of path with `end` in place of its extension: "a/b.aq" to "b.aqm". Freed by the caller; NULL:
 * no memory. */
char *file_beside(const char *path, const char *end);

#endif
