/* idx.c: see idx.h. The format: 0, 0, the type of the numbers, how many axes; their sizes, each of four
 * bytes, the highest first; the numbers. */
#include "runtime/io/idx.h"

#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "runtime/io/file.h"

enum { MAGIC = 4, SIZE = 4, U8 = 0x08, MOST_BYTES = 1 << 30 };

/* Reads the header. NULL, or what is wrong. */
static const char *take_header(struct io_idx *idx, const unsigned char *b, size_t length, size_t *numbers) {
  size_t count = 1;
  if (length < MAGIC || b[0] || b[1]) return "it is no idx file: it does not begin with two bytes that are 0";
  if (b[2] != U8) return "its numbers are no bytes; images and labels of idx files are";
  idx->axes = b[3];
  if (idx->axes < 1 || idx->axes > IO_IDX_AXES) return "it has no number of axes that images or labels have";
  if (length < MAGIC + (size_t)idx->axes * SIZE) return "it ends within its header";
  for (int a = 0; a < idx->axes; a++) {
    const unsigned char *s = b + MAGIC + (size_t)a * SIZE;
    idx->size[a] = (int64_t)s[0] << 24 | (int64_t)s[1] << 16 | (int64_t)s[2] << 8 | s[3];
    if (!rt_mul(count, (size_t)idx->size[a], &count)) return "its sizes are too large";
  }
  if (count == 0 && idx->size[0] > 0) return "its images have no points";
  *numbers = count;
  return NULL;
}

static size_t header_of(const struct io_idx *idx) { return MAGIC + (size_t)idx->axes * SIZE; }

static const char *take_numbers(struct io_idx *idx, size_t length) {
  size_t count, begin;
  const char *wrong = take_header(idx, (const unsigned char *)idx->file, length, &count);
  if (wrong) return wrong;
  begin = header_of(idx);
  idx->bytes = (const unsigned char *)idx->file + begin;
  return length - begin < count   ? "it ends too soon"
         : length - begin > count ? "it is longer than its header says"
                                  : NULL;
}

int io_idx_read(struct io_idx *idx, const char *path, struct rt_error *error) {
  size_t length;
  *idx = (struct io_idx){0};
  int status = io_read_ordinary(path, MOST_BYTES, &idx->file, &length, error);
  if (status != RT_OK) return status;
  const char *wrong = take_numbers(idx, length);
  if (!wrong) return RT_OK;
  io_idx_free(idx);
  return rt_fail_in(error, RT_BAD_DATA, path, "%s", wrong);
}

static bool ends_with(const char *text, size_t length, const char *end) {
  const size_t n = strlen(end);
  return length >= n && strncasecmp(text + length - n, end, n) == 0;
}

/* Can a file of this size hold so many numbers? Else a table would have rows that are not there, as many as
 * its header likes. deflate makes at most 1,032 bytes of one. */
static bool can_hold(const char *path, size_t header, size_t numbers) {
  enum { DEFLATE_MOST = 1032 };
  struct stat about;
  if (stat(path, &about) != 0) return true; /* reading it says why */
  const size_t bytes = (size_t)about.st_size;
  const size_t most = ends_with(path, strlen(path), ".gz") ? bytes * DEFLATE_MOST : bytes;
  return header <= most && numbers <= most - header;
}

int io_idx_head(struct io_idx *idx, const char *path, struct rt_error *error) {
  unsigned char head[MAGIC + IO_IDX_AXES * SIZE];
  struct io_reader *reader;
  size_t length = 0, got = 1, count;
  *idx = (struct io_idx){0};
  int status = io_require_ordinary(path, error);
  if (status == RT_OK) status = io_reader_open(&reader, path, error);
  if (status != RT_OK) return status;
  while (status == RT_OK && got > 0 && length < sizeof head) {
    status = io_reader_read(reader, head + length, sizeof head - length, &got, error);
    length += got;
  }
  io_reader_close(reader);
  const char *wrong = status == RT_OK ? take_header(idx, head, length, &count) : NULL;
  if (status == RT_OK && !wrong && !can_hold(path, header_of(idx), count)) wrong = "it ends too soon";
  return wrong ? rt_fail_in(error, RT_BAD_DATA, path, "%s", wrong) : status;
}

void io_idx_free(struct io_idx *idx) {
  rt_free(idx->file);
  *idx = (struct io_idx){0};
}

bool io_idx_is_named(const char *path) {
  size_t length = strlen(path);
  if (ends_with(path, length, ".gz")) length -= 3;
  return ends_with(path, length, ".idx") || ends_with(path, length, "idx3-ubyte")
         || ends_with(path, length, "idx4-ubyte");
}

char *io_idx_labels_of(const char *path) {
  const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path, *images = NULL;
  for (const char *at = name; (at = strstr(at, "images")); at++) images = at;
  struct rt_text text = {0};
  if (!images) return NULL;
  rt_text_add(&text, path, (size_t)(images - path));
  rt_text_puts(&text, "labels");
  rt_text_puts(&text, images + strlen("images"));
  if (text.failed) {
    rt_text_free(&text);
    return NULL;
  }
  char *axes = strstr(text.data + (images - path), "idx3-ubyte");
  if (!axes) axes = strstr(text.data + (images - path), "idx4-ubyte");
  if (axes) axes[3] = '1'; /* labels have one axis */
  return text.data;
}
