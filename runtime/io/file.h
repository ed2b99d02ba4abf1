/* file.h: reading files (plain or gzip) and saving them so that a crash leaves the old file or the new one.
 *
 * The path "-" is standard input for readers. A file is taken for gzip when it begins with gzip's magic
 * bytes 1f 8b, whatever it is called. Messages carry the path and the system's reason. */
#ifndef AQ_RUNTIME_IO_FILE_H
#define AQ_RUNTIME_IO_FILE_H

#include "runtime/base.h"

enum { MOST_AT_ONCE = 1 << 30 }; /* bytes of one call of read or write: some systems take at most 2 GiB */

/* A stream of bytes out of a file, decompressed on the way. Belongs to one thread. */
struct io_reader;

/* RT_NO_INPUT when the path does not exist, is a directory or may not be read. */
int io_reader_open(struct io_reader **reader, const char *path, struct rt_error *error);
/* Bytes from somewhere else than a file: read puts 1..size of them into buffer and says how many; 0 at the
 * end, below 0 when it fails. It waits only while it has none. */
struct io_source {
  const char *name;
  ptrdiff_t (*read)(void *context, char *buffer, size_t size);
  void *context;
};
/* name is copied; the rest must outlive the reader. */
int io_reader_open_source(struct io_reader **reader, const struct io_source *source, struct rt_error *error);
/* Fills buffer with 1..size bytes and sets *got; *got == 0 at the end of the file. It does not wait for a
 * full buffer, so that lines typed at a terminal or sent through a pipe arrive at once. RT_IO when reading
 * fails, RT_BAD_DATA when gzip data are damaged or end too soon. */
int io_reader_read(struct io_reader *reader, void *buffer, size_t size, size_t *got, struct rt_error *error);
/* What messages call the file: its path, or "standard input". Lives as long as the reader. */
const char *io_reader_name(const struct io_reader *reader);
void io_reader_close(struct io_reader *reader);

/* Reads a whole file (decompressed). *bytes has *length bytes and one more that is 0; the caller frees it
 * with rt_free. RT_BAD_DATA when it is longer than max bytes (after decompression). */
int io_read_file(const char *path, size_t max, char **bytes, size_t *length, struct rt_error *error);

/* The same of a file that is named beside the data: a pipe, which might never end, or a device, which has no
 * end, is RT_NO_INPUT, and not opened. */
int io_read_ordinary(const char *path, size_t max, char **bytes, size_t *length, struct rt_error *error);
int io_require_ordinary(const char *path, struct rt_error *error); /* also where there is no such file */

/* Reads a whole text file, UTF-8 (RT_BAD_DATA otherwise), and hands over its lines without their
 * ends, LF or CR LF, counted from 1, until `take` fails. */
typedef int io_line_taker(void *context, int number, const char *line, size_t length, struct rt_error *error);
int io_read_lines(const char *path, io_line_taker *take, void *context, struct rt_error *error);

/* A file being saved. The bytes go to a temporary file beside the target; commit makes them durable (fsync),
 * gives them the target's name (rename) and makes the name durable (fsync of the directory). A symbolic link
 * stays a link: its target is replaced. Something that is no regular file (/dev/null, a pipe), or has no name
 * (memfd_create), is written directly. A new file gets the permissions the process's umask allows; an
 * existing one keeps its permissions. */
struct io_save;

/* RT_CANNOT_CREATE when no file can be made there. */
int io_save_begin(struct io_save **save, const char *path, struct rt_error *error);
/* Could it begin? Asked before there is anything to save. */
int io_save_check(const char *path, struct rt_error *error);
/* The same interface for bytes that stay in memory: they are added to the text. */
int io_save_begin_memory(struct io_save **save, struct rt_text *to, struct rt_error *error);
/* RT_IO when the bytes cannot be written (disk full). The caller then calls io_save_abort. */
int io_save_write(struct io_save *save, const void *bytes, size_t length, struct rt_error *error);
/* Ends the save and frees it, also when it fails; a failed commit leaves the old file as it was. */
int io_save_commit(struct io_save *save, struct rt_error *error);
/* Removes the temporary file and frees. NULL is accepted. */
void io_save_abort(struct io_save *save);

/* Keeps others from writing a file, until the lock is freed. The file need not be there yet. A process that
 * is killed loses its locks. RT_CANNOT_CREATE, naming the process, when another one has the lock. Free it
 * also after a failure. */
struct io_lock;
int io_lock_take(struct io_lock **lock, const char *path, struct rt_error *error);
void io_lock_free(struct io_lock *lock);

/* A stream of zlib takes its memory from rt_alloc. */
struct z_stream_s;
void io_zlib_memory(struct z_stream_s *stream);

#endif
