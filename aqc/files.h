/* files.h: files as the verbs need them. */
#ifndef AQC_FILES_H
#define AQC_FILES_H

#include <stdbool.h>
#include <stddef.h>

/* Reads all of a file, or with "-" the standard input. The caller frees *text. Returns an exit code, and has
 * said why when it is not 0. */
int file_read(const char *path, char **text, size_t *length);
/* Replaces a file at once or not at all, keeping its permissions. */
int file_replace(const char *path, const char *text, size_t length);
/* Writes a file that must not be there yet. */
int file_create(const char *path, const char *text);
/* Can a file be created at this path, as far as its folder can tell? Asked before hours of work. A folder in
 * its place is said. */
int file_check_folder(const char *path);
/* Are they the same file, or would they be? Neither of them needs to be there yet. */
bool file_same(const char *one, const char *other);
/* Is it the folder that the path lies in? */
bool file_holds(const char *folder, const char *path);
bool file_ends_with(const char *path, const char *end);
/* The last part of the path with another extension: "a/b.aq" becomes "b.aqm". The caller frees it; NULL: no
 * memory. */
char *file_beside(const char *path, const char *end);

#endif
