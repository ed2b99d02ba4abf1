/* safetensors_save.c: writing safetensors files. */
#include <stdlib.h>
#include <string.h>

#include "runtime/io/checksum.h"
#include "runtime/io/dtype.h"
#include "runtime/io/file.h"
#include "runtime/io/json.h"
#include "runtime/io/safetensors.h"
#include "runtime/io/utf8.h"

/* Larger elements first: every tensor is then aligned to its element size without padding, which the format
 * forbids. */
static int in_file_order(const void *a, const void *b) {
  const struct io_tensor_out *const *x = a, *const *y = b;
  size_t size_x = io_dtype_size((*x)->dtype), size_y = io_dtype_size((*y)->dtype);
  if (size_x != size_y) return size_x > size_y ? -1 : 1;
  return strcmp((*x)->name, (*y)->name);
}

static int by_name(const void *a, const void *b) {
  const struct io_tensor_out *const *x = a, *const *y = b;
  return strcmp((*x)->name, (*y)->name);
}

static int by_key(const void *a, const void *b) {
  const struct io_metadata *const *x = a, *const *y = b;
  return strcmp((*x)->key, (*y)->key);
}

static int refuse(struct rt_error *error, const char *name, const char *what) {
  return rt_fail(error, RT_USAGE, "cannot be saved as safetensors: \"%.200s\" %s", name, what);
}

static bool is_text(const char *text) {
  size_t length = strlen(text);
  return io_utf8_check(text, length) == length;
}

/* The bytes of a tensor's data. */
static int size_of(const struct io_tensor_out *t, size_t *bytes, struct rt_error *error) {
  *bytes = io_dtype_size(t->dtype);
  if (t->rank < 0 || t->rank > IO_MAX_RANK) return refuse(error, t->name, "has a rank above 32");
  for (int i = 0; i < t->rank; i++)
    if (t->shape[i] < 0 || !rt_mul(*bytes, (size_t)t->shape[i], bytes))
      return refuse(error, t->name, "has an impossible shape");
  return *bytes > 0 && !t->data ? refuse(error, t->name, "has no data") : RT_OK;
}

/* The same for a tensor that size_of has checked. */
static size_t bytes_of(const struct io_tensor_out *t) {
  size_t bytes = io_dtype_size(t->dtype);
  for (int i = 0; i < t->rank; i++) bytes *= (size_t)t->shape[i];
  return bytes;
}

static int add_tensor(struct rt_text *header, const struct io_tensor_out *t, size_t *offset,
                      struct rt_error *error) {
  size_t bytes, end;
  int status = size_of(t, &bytes, error);
  if (status != RT_OK) return status;
  if (!rt_add(*offset, bytes, &end) || end > INT64_MAX)
    return refuse(error, t->name, "makes the file too large");
  rt_text_puts(header, header->length > 1 ? "," : "");
  io_json_string(header, t->name, strlen(t->name));
  rt_text_printf(header, ":{\"dtype\":\"%s\",\"shape\":[", io_dtype_name(t->dtype));
  for (int i = 0; i < t->rank; i++) rt_text_printf(header, i ? ",%lld" : "%lld", (long long)t->shape[i]);
  rt_text_printf(header, "],\"data_offsets\":[%zu,%zu]}", *offset, end);
  *offset = end;
  return RT_OK;
}

/* The checksum comes first, so that it is found whatever the other entries say. Its digits are zeros for now.
 */
static int add_metadata(struct rt_text *header, const struct io_metadata **sorted, int count,
                        struct rt_error *error) {
  rt_text_puts(header, "\"__metadata__\":{" IO_CHECKSUM_ENTRY IO_CHECKSUM_ZEROS "\"");
  for (int i = 0; i < count; i++) {
    const char *key = sorted[i]->key, *value = sorted[i]->value;
    if (strcmp(key, IO_CHECKSUM_KEY) == 0 || (i && strcmp(key, sorted[i - 1]->key) == 0))
      return refuse(error, key, "is there twice in the metadata");
    if (!is_text(key) || !is_text(value)) return refuse(error, key, "in the metadata is not UTF-8");
    rt_text_puts(header, ",");
    io_json_string(header, key, strlen(key));
    rt_text_puts(header, ":");
    io_json_string(header, value, strlen(value));
  }
  rt_text_puts(header, "}");
  return RT_OK;
}

static int make_header(struct rt_text *header, const struct io_tensor_out **tensors, int count,
                       const struct io_metadata **metadata, int metadata_count, struct rt_error *error) {
  size_t offset = 0;
  rt_text_puts(header, "{");
  int status = add_metadata(header, metadata, metadata_count, error);
  for (int i = 0; status == RT_OK && i < count; i++) {
    const char *name = tensors[i]->name;
    if (strcmp(name, "__metadata__") == 0 || !is_text(name))
      return refuse(error, name, "cannot be the name of a tensor");
    status = add_tensor(header, tensors[i], &offset, error);
  }
  rt_text_puts(header, "}");
  while (header->length % 8 != 0 && !header->failed) rt_text_puts(header, " ");
  if (status == RT_OK && header->failed) return rt_no_memory(error);
  if (status == RT_OK && header->length > IO_MAX_HEADER)
    return rt_fail(error, RT_USAGE,
                   "cannot be saved as safetensors: names and metadata are longer than 100 MiB");
  return status;
}

/* The header with its checksum. */
static void sign(struct rt_text *header, const struct io_tensor_out **tensors, int count,
                 struct io_checksum *sum) {
  char digits[IO_CHECKSUM_DIGITS + 1];
  io_checksum_begin(sum);
  io_checksum_add(sum, header->data, header->length);
  for (int i = 0; i < count; i++) io_checksum_add(sum, tensors[i]->data, bytes_of(tensors[i]));
  io_checksum_end(sum, digits);
  memcpy(strstr(header->data, IO_CHECKSUM_ENTRY) + strlen(IO_CHECKSUM_ENTRY), digits, IO_CHECKSUM_DIGITS);
}

static int write_all(struct io_save *save, const struct rt_text *header, const struct io_tensor_out **tensors,
                     int count, struct rt_error *error) {
  unsigned char length[8];
  for (int i = 0; i < 8; i++) length[i] = (unsigned char)((uint64_t)header->length >> (8 * i));
  int status = io_save_write(save, length, sizeof length, error);
  if (status == RT_OK) status = io_save_write(save, header->data, header->length, error);
  for (int i = 0; status == RT_OK && i < count; i++)
    status = io_save_write(save, tensors[i]->data, bytes_of(tensors[i]), error);
  return status;
}

/* Puts both lists into the file's order; a name that is there twice is refused. */
static int sort_lists(const struct io_tensor_out **tensors, int count, const struct io_metadata **metadata,
                      int metadata_count, struct rt_error *error) {
  qsort(tensors, (size_t)count, sizeof *tensors, by_name);
  for (int i = 1; i < count; i++)
    if (strcmp(tensors[i - 1]->name, tensors[i]->name) == 0)
      return refuse(error, tensors[i]->name, "is the name of two tensors");
  qsort(tensors, (size_t)count, sizeof *tensors, in_file_order);
  qsort(metadata, (size_t)metadata_count, sizeof *metadata, by_key);
  return RT_OK;
}

int io_tensors_write(struct io_save *save, const struct io_tensor_out *tensors, int count,
                     const struct io_metadata *metadata, int metadata_count, struct rt_error *error) {
  struct rt_text header = {0};
  const struct io_tensor_out **sorted = rt_zalloc((size_t)count + 1, sizeof *sorted);
  const struct io_metadata **sorted_metadata = rt_zalloc((size_t)metadata_count + 1, sizeof *sorted_metadata);
  struct io_checksum *sum = rt_alloc_aligned(sizeof *sum);
  int status = sorted && sorted_metadata && sum ? RT_OK : rt_no_memory(error);
  if (status == RT_OK) {
    for (int i = 0; i < count; i++) sorted[i] = &tensors[i];
    for (int i = 0; i < metadata_count; i++) sorted_metadata[i] = &metadata[i];
    status = sort_lists(sorted, count, sorted_metadata, metadata_count, error);
  }
  if (status == RT_OK) status = make_header(&header, sorted, count, sorted_metadata, metadata_count, error);
  if (status == RT_OK) {
    sign(&header, sorted, count, sum);
    status = write_all(save, &header, sorted, count, error);
  }
  rt_text_free(&header);
  rt_free(sorted);
  rt_free(sorted_metadata);
  rt_free_aligned(sum);
  return status;
}

int io_tensors_save(const char *path, const struct io_tensor_out *tensors, int count,
                    const struct io_metadata *metadata, int metadata_count, struct rt_error *error) {
  struct io_save *save;
  int status = io_save_begin(&save, path, error);
  if (status != RT_OK) return status;
  status = io_tensors_write(save, tensors, count, metadata, metadata_count, error);
  if (status == RT_OK) return io_save_commit(save, error);
  io_save_abort(save);
  return status;
}
