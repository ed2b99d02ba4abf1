/* safetensors.c: reading safetensors files, which are taken for hostile. */
#include "runtime/io/safetensors.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "runtime/io/checksum.h"
#include "runtime/io/dtype.h"
#include "runtime/io/file.h"
#include "runtime/io/json.h"
#include "runtime/limits.h"

struct io_tensors {
  char *name; /* for messages */
  int fd;     /* -1: the file is in memory */
  const unsigned char *bytes;
  uint64_t size;       /* of the whole file */
  uint64_t data_begin; /* 8 + header length */
  char *header;        /* its text, NUL-terminated */
  size_t header_length;
  struct rt_arena arena;     /* names, shapes */
  struct io_tensor *tensors; /* [count] by offset */
  int count;
  const struct io_tensor **by_name; /* [count] sorted */
  struct io_metadata *metadata;
  int metadata_count;
};

static int bad(const struct io_tensors *f, struct rt_error *error, const char *what) {
  return rt_fail_in(error, RT_BAD_DATA, f->name, "is not a valid safetensors file: %s", what);
}

static int bad_tensor(const struct io_tensors *f, const char *tensor, struct rt_error *error,
                      const char *what) {
  return rt_fail_in(error, RT_BAD_DATA, f->name, "is not a valid safetensors file: tensor \"%.200s\" %s",
                    tensor, what);
}

/* ---- bytes ---- */

static int cannot_read(const char *name, int code, int reason, struct rt_error *error) {
  char text[256];
  return rt_fail_in(error, code, name, "cannot be read: %s", strerror_r(reason, text, sizeof text));
}

/* Reads length bytes from an offset that was checked against the size. */
static int read_at(const struct io_tensors *f, uint64_t offset, void *out, size_t length,
                   struct rt_error *error) {
  if (f->fd < 0) {
    if (length) memcpy(out, f->bytes + offset, length);
    return RT_OK;
  }
  for (char *to = out; length > 0;) {
    ssize_t n = pread(f->fd, to, length < MOST_AT_ONCE ? length : MOST_AT_ONCE, (off_t)offset);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return cannot_read(f->name, RT_IO, errno, error);
    if (n == 0) return rt_fail_in(error, RT_IO, f->name, "became shorter while it was being read");
    to += n;
    offset += (uint64_t)n;
    length -= (size_t)n;
  }
  return RT_OK;
}

static int read_header_text(struct io_tensors *f, struct rt_error *error) {
  unsigned char length_bytes[8];
  uint64_t length = 0;
  if (f->size < sizeof length_bytes)
    return bad(f, error, f->size ? "it is shorter than 8 bytes" : "it is empty");
  int status = read_at(f, 0, length_bytes, sizeof length_bytes, error);
  if (status != RT_OK) return status;
  for (int i = 7; i >= 0; i--) length = length << 8 | length_bytes[i];
  if (length > IO_MAX_HEADER) return bad(f, error, "its header is longer than 100 MiB");
  if (length > f->size - 8) return bad(f, error, "it ends within its header");
  f->header_length = (size_t)length;
  f->data_begin = 8 + length;
  f->header = rt_alloc(f->header_length + 1);
  if (!f->header) return rt_no_memory(error);
  f->header[f->header_length] = '\0';
  return read_at(f, 8, f->header, f->header_length, error);
}

/* ---- the header ---- */

static int read_shape(struct io_tensors *f, const json_t *shape, struct io_tensor *t,
                      struct rt_error *error) {
  size_t rank = json_array_size(shape);
  if (!json_is_array(shape) || rank > IO_MAX_RANK)
    return bad_tensor(f, t->name, error, "needs a shape of at most 32 numbers");
  int64_t *sizes = rt_arena_alloc(&f->arena, (rank + 1) * sizeof *sizes);
  if (!sizes) return rt_no_memory(error);
  uint64_t product = 1;
  for (size_t i = 0; i < rank; i++) {
    const json_t *size = json_array_get(shape, i);
    if (!json_is_integer(size) || json_integer_value(size) < 0)
      return bad_tensor(f, t->name, error, "has a size that is not a whole number from 0");
    sizes[i] = json_integer_value(size);
    if (__builtin_mul_overflow(product, (uint64_t)sizes[i], &product) || product > INT64_MAX)
      return bad_tensor(f, t->name, error, "has more elements than can be counted");
  }
  t->rank = (int)rank;
  t->shape = sizes;
  t->elements = (int64_t)product;
  return RT_OK;
}

/* A tensor's offsets must be within the data, and as far apart as its shape says. */
static int read_offsets(struct io_tensors *f, const json_t *offsets, struct io_tensor *t,
                        struct rt_error *error) {
  const json_t *first = json_array_get(offsets, 0), *last = json_array_get(offsets, 1);
  if (json_array_size(offsets) != 2 || !json_is_integer(first) || !json_is_integer(last))
    return bad_tensor(f, t->name, error, "needs two data_offsets");
  int64_t begin = json_integer_value(first), end = json_integer_value(last);
  if (begin < 0 || end < begin) return bad_tensor(f, t->name, error, "ends before it begins");
  if ((uint64_t)end > f->size - f->data_begin)
    return bad_tensor(f, t->name, error, "ends behind the end of the file");
  uint64_t bytes = (uint64_t)(end - begin);
  if (t->dtype != IO_OTHER
      && (__builtin_mul_overflow((uint64_t)t->elements, io_dtype_size(t->dtype), &bytes)
          || bytes != (uint64_t)(end - begin)))
    return bad_tensor(f, t->name, error, "has data_offsets that do not fit its shape and dtype");
  t->offset = (uint64_t)begin;
  t->bytes = bytes;
  return RT_OK;
}

static int read_tensor(struct io_tensors *f, const char *name, const json_t *json, struct rt_error *error) {
  struct io_tensor *t = &f->tensors[f->count];
  t->name = rt_arena_strndup(&f->arena, name, strlen(name));
  if (!t->name) return rt_no_memory(error);
  const char *dtype_name = json_string_value(json_object_get(json, "dtype"));
  int dtype = dtype_name ? io_dtype_find(dtype_name) : -1;
  if (!dtype_name) return bad_tensor(f, name, error, "has no dtype");
  t->dtype = dtype < 0 ? IO_OTHER : (enum io_dtype)dtype;
  t->kind = rt_arena_strndup(&f->arena, dtype_name, strlen(dtype_name));
  if (!t->kind) return rt_no_memory(error);
  int status = read_shape(f, json_object_get(json, "shape"), t, error);
  if (status == RT_OK) status = read_offsets(f, json_object_get(json, "data_offsets"), t, error);
  if (status == RT_OK) f->count++;
  return status;
}

static int read_metadata(struct io_tensors *f, json_t *json, struct rt_error *error) {
  const char *key;
  json_t *value;
  if (!json_is_object(json)) return bad(f, error, "its __metadata__ is not an object");
  f->metadata = rt_zalloc(json_object_size(json) + 1, sizeof *f->metadata);
  if (!f->metadata) return rt_no_memory(error);
  json_object_foreach(json, key, value) {
    if (!json_is_string(value)) return bad(f, error, "its __metadata__ holds something that is not a text");
    struct io_metadata *m = &f->metadata[f->metadata_count++];
    m->key = rt_arena_strndup(&f->arena, key, strlen(key));
    m->value = rt_arena_strndup(&f->arena, json_string_value(value), json_string_length(value));
    if (!m->key || !m->value) return rt_no_memory(error);
  }
  return RT_OK;
}

/* Order of the data; tensors without elements come before the one that begins at the same place. */
static int by_offset(const void *a, const void *b) {
  const struct io_tensor *x = a, *y = b;
  if (x->offset != y->offset) return x->offset < y->offset ? -1 : 1;
  if (x->bytes != y->bytes) return x->bytes < y->bytes ? -1 : 1;
  return strcmp(x->name, y->name);
}

static int by_name(const void *a, const void *b) {
  const struct io_tensor *const *x = a, *const *y = b;
  return strcmp((*x)->name, (*y)->name);
}

/* The tensors must cover the data from end to end. */
static int check_cover(struct io_tensors *f, struct rt_error *error) {
  uint64_t end = 0;
  for (int i = 0; i < f->count; i++) {
    const struct io_tensor *t = &f->tensors[i];
    if (t->offset != end)
      return bad_tensor(f, t->name, error, t->offset < end ? "overlaps another one" : "has a hole before it");
    end += t->bytes;
  }
  if (end != f->size - f->data_begin) return bad(f, error, "it goes on behind its last tensor");
  return RT_OK;
}

static int read_entries(struct io_tensors *f, json_t *root, struct rt_error *error) {
  const char *key;
  json_t *value;
  size_t size = json_object_size(root);
  f->tensors = rt_zalloc(size + 1, sizeof *f->tensors);
  f->by_name = rt_zalloc(size + 1, sizeof *f->by_name);
  if (!f->tensors || !f->by_name) return rt_no_memory(error);
  json_object_foreach(root, key, value) {
    int status =
        strcmp(key, "__metadata__") == 0 ? read_metadata(f, value, error) : read_tensor(f, key, value, error);
    if (status != RT_OK) return status;
  }
  qsort(f->tensors, (size_t)f->count, sizeof *f->tensors, by_offset);
  for (int i = 0; i < f->count; i++) f->by_name[i] = &f->tensors[i];
  qsort(f->by_name, (size_t)f->count, sizeof *f->by_name, by_name);
  return check_cover(f, error);
}

static int read_header(struct io_tensors *f, struct rt_error *error) {
  json_t *root;
  int status = read_header_text(f, error);
  if (status != RT_OK) return status;
  if (f->header[0] != '{') return bad(f, error, "its header does not begin with {");
  struct rt_error reason = {0};
  status = io_json_parse(&root, "its header", f->header, f->header_length, &reason);
  if (status != RT_OK) return status == RT_NO_MEMORY ? rt_no_memory(error) : bad(f, error, reason.text);
  status = read_entries(f, root, error);
  json_decref(root);
  return status;
}

/* ---- opening ---- */

void io_tensors_close(struct io_tensors *file) {
  if (!file) return;
  if (file->fd >= 0) close(file->fd);
  rt_free(file->name);
  rt_free(file->header);
  rt_free(file->tensors);
  rt_free(file->by_name);
  rt_free(file->metadata);
  rt_arena_free(&file->arena);
  rt_free(file);
}

static int finish_open(struct io_tensors **file, struct io_tensors *f, int status, struct rt_error *error) {
  if (status == RT_OK) status = read_header(f, error);
  if (status == RT_OK)
    *file = f;
  else
    io_tensors_close(f);
  return status;
}

static struct io_tensors *tensors_new(const char *name) {
  struct io_tensors *f = rt_zalloc(1, sizeof *f);
  if (!f) return NULL;
  f->fd = -1;
  f->name = rt_strdup(name);
  if (f->name) return f;
  rt_free(f);
  return NULL;
}

int io_tensors_open_bytes(struct io_tensors **file, const char *name, const void *bytes, size_t length,
                          struct rt_error *error) {
  *file = NULL;
  struct io_tensors *f = tensors_new(name);
  if (!f) return rt_no_memory(error);
  f->bytes = bytes;
  f->size = length;
  return finish_open(file, f, RT_OK, error);
}

int io_tensors_open(struct io_tensors **file, const char *path, struct rt_error *error) {
  *file = NULL;
  struct io_tensors *f = tensors_new(path);
  if (!f) return rt_no_memory(error);
  struct stat information;
  int status = RT_OK;
  f->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe is refused, and not waited for */
  if (f->fd < 0 || fstat(f->fd, &information) != 0)
    status = cannot_read(path, RT_NO_INPUT, errno, error);
  else if (!S_ISREG(information.st_mode))
    status = rt_fail_in(error, RT_NO_INPUT, path, "cannot be read: it is no ordinary file");
  else
    f->size = (uint64_t)information.st_size;
  return finish_open(file, f, status, error);
}

/* ---- looking things up ---- */

int io_tensors_count(const struct io_tensors *file) { return file->count; }
const struct io_tensor *io_tensors_at(const struct io_tensors *file, int index) {
  return &file->tensors[index];
}

const struct io_tensor *io_tensors_find(const struct io_tensors *file, const char *name) {
  struct io_tensor key = {.name = name};
  const struct io_tensor *wanted = &key;
  const struct io_tensor **found =
      bsearch(&wanted, file->by_name, (size_t)file->count, sizeof *file->by_name, by_name);
  return found ? *found : NULL;
}

const char *io_tensors_metadata(const struct io_tensors *file, const char *key) {
  for (int i = 0; i < file->metadata_count; i++)
    if (strcmp(file->metadata[i].key, key) == 0) return file->metadata[i].value;
  return NULL;
}

/* ---- elements ---- */

enum { PIECE = 1 << 16 }; /* bytes converted at a time; a multiple of every element size */

enum target { TO_FLOAT, TO_DOUBLE, TO_INT32 };

/* Numbers that are in the file as they are wanted. */
static int take(const struct io_tensors *f, const struct io_tensor *t, void *out, struct rt_error *error) {
  int status = RT_OK;
  for (uint64_t at = 0; status == RT_OK && at < t->bytes; at += PIECE) {
    const size_t length = t->bytes - at < PIECE ? (size_t)(t->bytes - at) : PIECE;
    status = rt_go_on(PIECE, error);
    if (status == RT_OK) status = read_at(f, f->data_begin + t->offset + at, (char *)out + at, length, error);
  }
  return status;
}

static int convert(const struct io_tensors *f, const struct io_tensor *t, enum target target, void *out,
                   struct rt_error *error) {
  if ((target == TO_FLOAT && t->dtype == IO_F32) || (target == TO_DOUBLE && t->dtype == IO_F64))
    return take(f, t, out, error);
  if (t->dtype == IO_OTHER)
    return rt_fail_in(
        error, RT_BAD_DATA, f->name,
        "the tensor %.200s is of kind %.40s, which aq does not compute with: it reads F64, F32, F16, BF16, "
        "whole numbers and BOOL",
        t->name, t->kind);
  unsigned char *piece = rt_alloc(PIECE);
  int status = piece ? RT_OK : rt_no_memory(error);
  size_t size = io_dtype_size(t->dtype);
  for (uint64_t at = 0; status == RT_OK && at < t->bytes; at += PIECE) {
    size_t length = t->bytes - at < PIECE ? (size_t)(t->bytes - at) : PIECE, first = at / size,
           n = length / size;
    status = rt_go_on(PIECE, error);
    if (status == RT_OK) status = read_at(f, f->data_begin + t->offset + at, piece, length, error);
    if (status != RT_OK) break;
    if (target == TO_FLOAT)
      io_dtype_to_float(t->dtype, piece, n, (float *)out + first);
    else if (target == TO_DOUBLE)
      io_dtype_to_double(t->dtype, piece, n, (double *)out + first);
    else if (io_dtype_to_int32(t->dtype, piece, n, (int32_t *)out + first) < n)
      status = rt_fail_in(error, RT_BAD_DATA, f->name,
                          "tensor \"%.200s\" holds a number that is not a 32-bit integer", t->name);
  }
  rt_free(piece);
  return status;
}

int io_tensors_float(const struct io_tensors *file, const struct io_tensor *tensor, float *out,
                     struct rt_error *error) {
  return convert(file, tensor, TO_FLOAT, out, error);
}

int io_tensors_double(const struct io_tensors *file, const struct io_tensor *tensor, double *out,
                      struct rt_error *error) {
  return convert(file, tensor, TO_DOUBLE, out, error);
}

int io_tensors_int32(const struct io_tensors *file, const struct io_tensor *tensor, int32_t *out,
                     struct rt_error *error) {
  return convert(file, tensor, TO_INT32, out, error);
}

int io_tensors_raw(const struct io_tensors *file, const struct io_tensor *tensor, void *out,
                   struct rt_error *error) {
  return read_at(file, file->data_begin + tensor->offset, out, (size_t)tensor->bytes, error);
}

/* ---- checksum ---- */

static int hash_data(const struct io_tensors *f, struct io_checksum *sum, struct rt_error *error) {
  unsigned char *piece = rt_alloc(PIECE);
  int status = piece ? RT_OK : rt_no_memory(error);
  for (uint64_t at = f->data_begin; status == RT_OK && at < f->size; at += PIECE) {
    size_t length = f->size - at < PIECE ? (size_t)(f->size - at) : PIECE;
    status = rt_go_on(PIECE, error);
    if (status == RT_OK) status = read_at(f, at, piece, length, error);
    if (status == RT_OK) io_checksum_add(sum, piece, length);
  }
  rt_free(piece);
  return status;
}

int io_tensors_verify(const struct io_tensors *file, struct rt_error *error) {
  const char *claim = io_tensors_metadata(file, "aq.checksum");
  /* a quote within a JSON text is escaped, so that this can only be the entry itself */
  char *entry = strstr(file->header, IO_CHECKSUM_ENTRY);
  if (!claim || !entry) return bad(file, error, "it has no checksum");
  char text[IO_CHECKSUM_DIGITS + 1];
  size_t before = (size_t)(entry - file->header) + strlen(IO_CHECKSUM_ENTRY);
  size_t digits = strspn(file->header + before, "0123456789abcdef");
  if (digits != IO_CHECKSUM_DIGITS) return bad(file, error, "its checksum is not 16 hexadecimal digits");
  struct io_checksum *sum = rt_alloc_aligned(sizeof *sum);
  if (!sum) return rt_no_memory(error);
  io_checksum_begin(sum);
  io_checksum_add(sum, file->header, before);
  io_checksum_add(sum, IO_CHECKSUM_ZEROS, IO_CHECKSUM_DIGITS);
  io_checksum_add(sum, file->header + before + digits, file->header_length - before - digits);
  int status = hash_data(file, sum, error);
  io_checksum_end(sum, text);
  rt_free_aligned(sum);
  if (status == RT_OK && memcmp(text, file->header + before, IO_CHECKSUM_DIGITS) != 0)
    status =
        rt_fail_in(error, RT_BAD_DATA, file->name, "is damaged: its checksum does not match its content");
  return status;
}
