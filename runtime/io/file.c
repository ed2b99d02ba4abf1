/* file.c: reading files, plain or gzip. */
#include "runtime/io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "runtime/io/grow.h"
#include "runtime/io/utf8.h"

enum { CHUNK = 1 << 16 };

struct io_reader {
  int fd;
  bool owned;              /* fd is closed with the reader; standard input is not */
  struct io_source source; /* with a read of its own: instead of fd */
  char *name;
  bool begun; /* the first bytes were looked at */
  bool gzip;
  bool between;   /* gzip: at the end of a member; further members may follow */
  bool inflating; /* stream is initialised */
  z_stream stream;
  size_t begin, end; /* what is left in input */
  unsigned char input[CHUNK];
};

static int cannot_read(struct rt_error *error, int code, const char *name, int reason) {
  char text[256];
  return rt_fail_in(error, code, name, "cannot be read: %s", strerror_r(reason, text, sizeof text));
}

static int open_input(const char *path, int *fd, struct rt_error *error) {
  do *fd = open(path, O_RDONLY | O_CLOEXEC);
  while (*fd < 0 && errno == EINTR);
  if (*fd < 0) return cannot_read(error, RT_NO_INPUT, path, errno);
  struct stat status;
  if (fstat(*fd, &status) == 0 && S_ISDIR(status.st_mode)) {
    close(*fd);
    return cannot_read(error, RT_NO_INPUT, path, EISDIR);
  }
  return RT_OK;
}

int io_reader_open(struct io_reader **reader, const char *path, struct rt_error *error) {
  *reader = NULL;
  bool owned = strcmp(path, "-") != 0;
  struct io_reader *r = rt_zalloc(1, sizeof *r);
  char *name = rt_strdup(owned ? path : "standard input");
  int status = r && name ? RT_OK : rt_no_memory(error), fd = STDIN_FILENO;
  if (status == RT_OK && owned) status = open_input(path, &fd, error);
  if (status != RT_OK) {
    rt_free(name);
    rt_free(r);
    return status;
  }
  r->fd = fd;
  r->owned = owned;
  r->name = name;
  *reader = r;
  return RT_OK;
}

int io_reader_open_source(struct io_reader **reader, const struct io_source *source, struct rt_error *error) {
  struct io_reader *r = *reader = rt_zalloc(1, sizeof *r);
  if (!r || !(r->name = rt_strdup(source->name))) {
    rt_free(r);
    *reader = NULL;
    return rt_no_memory(error);
  }
  r->fd = -1;
  r->source = *source;
  return RT_OK;
}

void io_reader_close(struct io_reader *reader) {
  if (!reader) return;
  if (reader->inflating) inflateEnd(&reader->stream);
  if (reader->owned) close(reader->fd);
  rt_free(reader->name);
  rt_free(reader);
}

const char *io_reader_name(const struct io_reader *reader) { return reader->name; }

/* Reads behind what is left in input; *got == 0 at the end of the file. */
static int fill(struct io_reader *r, size_t *got, struct rt_error *error) {
  if (r->begin == r->end) r->begin = r->end = 0;
  if (r->source.read) {
    ptrdiff_t count = r->source.read(r->source.context, (char *)r->input + r->end, CHUNK - r->end);
    if (count < 0) return rt_fail_in(error, RT_IO, r->name, "cannot be read: `read` of the host has failed");
    *got = (size_t)count;
    if (*got > CHUNK - r->end)
      return rt_fail_in(error, RT_USAGE, r->name, "`read` of the host says %zu bytes, but had room for %zu",
                        *got, (size_t)(CHUNK - r->end));
    r->end += *got;
    return RT_OK;
  }
  ssize_t n;
  do n = read(r->fd, r->input + r->end, CHUNK - r->end);
  while (n < 0 && errno == EINTR);
  if (n < 0) return cannot_read(error, RT_IO, r->name, errno);
  r->end += (size_t)n;
  *got = (size_t)n;
  return RT_OK;
}

static void *zlib_alloc(void *context, unsigned count, unsigned size) {
  (void)context;
  return rt_zalloc(count, size);
}

static void zlib_free(void *context, void *block) {
  (void)context;
  rt_free(block);
}

void io_zlib_memory(struct z_stream_s *stream) {
  stream->zalloc = zlib_alloc;
  stream->zfree = zlib_free;
}

enum { GZIP = 16 }; /* added to the bits of the window: zlib then expects a gzip header */

/* Looks at the first two bytes and prepares for gzip when they are its magic. */
static int look(struct io_reader *r, struct rt_error *error) {
  size_t got;
  do {
    int status = fill(r, &got, error);
    if (status != RT_OK) return status;
  } while (got > 0 && r->end < 2 && r->input[0] == 0x1f);
  r->begun = true;
  if (r->end < 2 || r->input[0] != 0x1f || r->input[1] != 0x8b) return RT_OK;
  io_zlib_memory(&r->stream);
  if (inflateInit2(&r->stream, MAX_WBITS + GZIP) != Z_OK) return rt_no_memory(error);
  r->gzip = r->inflating = true;
  return RT_OK;
}

static int read_plain(struct io_reader *r, void *buffer, size_t size, size_t *got, struct rt_error *error) {
  if (r->begin == r->end) {
    size_t filled;
    int status = fill(r, &filled, error);
    if (status != RT_OK) return status;
  }
  size_t n = r->end - r->begin < size ? r->end - r->begin : size;
  memcpy(buffer, r->input + r->begin, n);
  r->begin += n;
  *got = n;
  return RT_OK;
}

/* Between two gzip members: zeros are padding, anything else begins the next member. *more is false at the
 * end. */
static int next_member(struct io_reader *r, bool *more, struct rt_error *error) {
  *more = false;
  for (;;) {
    while (r->begin < r->end && r->input[r->begin] == 0) r->begin++;
    if (r->begin < r->end) break;
    size_t got;
    int status = fill(r, &got, error);
    if (status != RT_OK || got == 0) return status;
  }
  inflateReset(&r->stream);
  r->between = false;
  *more = true;
  return RT_OK;
}

/* One call of inflate on what is in input. *got may be 0 when it needs more. */
static int inflate_some(struct io_reader *r, void *buffer, size_t size, size_t *got, struct rt_error *error) {
  unsigned room = size < CHUNK ? (unsigned)size : CHUNK;
  r->stream.next_in = r->input + r->begin;
  r->stream.avail_in = (unsigned)(r->end - r->begin);
  r->stream.next_out = buffer;
  r->stream.avail_out = room;
  int result = inflate(&r->stream, Z_NO_FLUSH);
  r->begin = r->end - r->stream.avail_in;
  *got = room - r->stream.avail_out;
  switch (result) {
    case Z_STREAM_END: r->between = true; return RT_OK;
    case Z_OK:
    case Z_BUF_ERROR: return RT_OK;
    case Z_MEM_ERROR: return rt_no_memory(error);
    default:
      return rt_fail_in(error, RT_BAD_DATA, r->name, "the gzip data is damaged: %s",
                        r->stream.msg ? r->stream.msg : "it does not follow the format");
  }
}

static int read_gzip(struct io_reader *r, void *buffer, size_t size, size_t *got, struct rt_error *error) {
  for (;;) {
    int status;
    if (r->between) {
      bool more;
      status = next_member(r, &more, error);
      if (status != RT_OK || !more) return status;
    }
    status = inflate_some(r, buffer, size, got, error);
    if (status != RT_OK || *got > 0) return status;
    if (r->between || r->begin < r->end) continue;
    size_t filled;
    status = fill(r, &filled, error);
    if (status != RT_OK) return status;
    if (filled == 0) return rt_fail_in(error, RT_BAD_DATA, r->name, "ends in the middle of its gzip data");
  }
}

int io_reader_read(struct io_reader *reader, void *buffer, size_t size, size_t *got, struct rt_error *error) {
  *got = 0;
  if (!reader->begun) {
    int status = look(reader, error);
    if (status != RT_OK) return status;
  }
  return reader->gzip ? read_gzip(reader, buffer, size, got, error)
                      : read_plain(reader, buffer, size, got, error);
}

/* Reads everything. Room for one byte more than max is enough to see that a file is too long. */
static int read_all(struct io_reader *r, size_t max, char **bytes, size_t *length, struct rt_error *error) {
  size_t capacity = 0, got;
  do {
    if (*length > max) return rt_fail_in(error, RT_BAD_DATA, r->name, "is longer than %zu bytes", max);
    if (IO_GROW(*bytes, capacity, *length + CHUNK) != RT_OK) return rt_no_memory(error);
    int status = io_reader_read(r, *bytes + *length, capacity - *length - 1, &got, error);
    if (status != RT_OK) return status;
    *length += got;
  } while (got > 0);
  (*bytes)[*length] = '\0';
  return RT_OK;
}

int io_read_file(const char *path, size_t max, char **bytes, size_t *length, struct rt_error *error) {
  struct io_reader *reader;
  *bytes = NULL;
  *length = 0;
  int status = io_reader_open(&reader, path, error);
  if (status != RT_OK) return status;
  status = read_all(reader, max, bytes, length, error);
  if (status != RT_OK) {
    rt_free(*bytes);
    *bytes = NULL;
    *length = 0;
  }
  io_reader_close(reader);
  return status;
}

int io_require_ordinary(const char *path, struct rt_error *error) {
  struct stat about;
  if (stat(path, &about) != 0) return cannot_read(error, RT_NO_INPUT, path, errno);
  if (S_ISREG(about.st_mode)) return RT_OK;
  return rt_fail_in(error, RT_NO_INPUT, path, "cannot be read: %s",
                    S_ISDIR(about.st_mode) ? "it is a folder" : "it is no ordinary file");
}

int io_read_ordinary(const char *path, size_t max, char **bytes, size_t *length, struct rt_error *error) {
  *bytes = NULL;
  *length = 0;
  int status = io_require_ordinary(path, error);
  return status == RT_OK ? io_read_file(path, max, bytes, length, error) : status;
}

int io_read_lines(const char *path, io_line_taker *take, void *context, struct rt_error *error) {
  char *text = NULL;
  size_t length = 0;
  int status = io_read_file(path, SIZE_MAX / 4, &text, &length, error), number = 0;
  if (status == RT_OK) status = io_utf8_require(path, text, length, error);
  for (size_t at = 0; at < length && status == RT_OK;) {
    const char *newline = memchr(text + at, '\n', length - at);
    size_t n = newline ? (size_t)(newline - (text + at)) : length - at;
    status = take(context, ++number, text + at, n > 0 && text[at + n - 1] == '\r' ? n - 1 : n, error);
    at += n + 1;
  }
  rt_free(text);
  return status;
}
