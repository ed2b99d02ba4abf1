/* vectors.c: vectors as handles, and as files: safetensors, or text with a line for each. */
#include "libaq/vectors/vectors.h"
#include "runtime/io/file.h"
#include "runtime/io/number.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define TENSOR "vectors"

float *vectors_add(struct aq_vectors *v, int64_t rows) {
  size_t used = (size_t)v->count * (size_t)v->width, more, all;
  if (!rt_mul((size_t)rows, (size_t)v->width, &more) || !rt_add(used, more, &all)
      || rt_grow((void **)&v->number, &v->capacity, all + 1, sizeof *v->number))
    return NULL;
  v->count += rows;
  return v->number + used;
}

static int check(const struct aq_vectors *v, struct rt_error *error) {
  if (v->count == 0 || v->width == 0) return rt_fail(error, RT_BAD_DATA, "there are no vectors");
  for (int64_t k = 0; k < v->count * v->width; k++)
    if (!isfinite(v->number[k]))
      return rt_fail(error, RT_BAD_DATA, "number %lld of vector %lld is %s", (long long)(k % v->width + 1),
                     (long long)(k / v->width + 1), isnan(v->number[k]) ? "NaN" : "too large for float");
  return RT_OK;
}

/* What messages call a file. */
static const char *seen_name(const char *path) { return strcmp(path, "-") != 0 ? path : "standard input"; }

/* ---- safetensors ---- */

static bool is_safetensors(const char *path) {
  static const char end[] = ".safetensors";
  size_t length = strlen(path);
  return length >= sizeof end - 1 && !strcmp(path + length - (sizeof end - 1), end);
}

/* The tensor of that name, or the only one with two axes. */
static const struct io_tensor *find_tensor(const struct io_tensors *file, struct rt_error *error) {
  const struct io_tensor *found = io_tensors_find(file, TENSOR);
  int matrices = 0;
  if (found && found->rank == 2) return found;
  for (int k = 0; k < io_tensors_count(file); k++) {
    if (io_tensors_at(file, k)->rank != 2) continue;
    found = io_tensors_at(file, k);
    matrices++;
  }
  if (matrices == 1) return found;
  rt_fail(error, RT_BAD_DATA, "it has %d tensors with two axes, and none called \"" TENSOR "\"", matrices);
  rt_hint(error, "vectors are one tensor [rows, numbers], as `aqc embed` writes it");
  return NULL;
}

static int read_tensor(struct aq_vectors *v, const char *path, struct rt_error *error) {
  struct io_tensors *file = NULL;
  int status = io_tensors_open(&file, path, error);
  const struct io_tensor *t = status == RT_OK ? find_tensor(file, error) : NULL;
  if (t) {
    v->width = t->shape[1];
    float *to = vectors_add(v, t->shape[0]);
    status = to ? io_tensors_float(file, t, to, error) : rt_no_memory(error);
  } else
    status = error->code;
  io_tensors_close(file);
  return status;
}

/* ---- text ---- */

struct reading {
  struct aq_vectors *to;
  const char *path;
  float *row;
  size_t capacity;
};

/* Puts the numbers of a line into row. */
static int parse(struct reading *r, const char *line, size_t length, int64_t *count, struct rt_place place,
                 struct rt_error *error) {
  struct io_items items = {.text = line, .length = length};
  const char *item;
  size_t size;
  *count = 0;
  while (io_items_next(&items, &item, &size)) {
    double number;
    const char *wrong = io_number_parse(item, size, &number);
    if (rt_grow((void **)&r->row, &r->capacity, (size_t)*count + 1, sizeof *r->row))
      return rt_no_memory(error);
    if (!wrong && !isfinite((float)number)) wrong = "is too large for float";
    if (wrong) {
      rt_fail_at(error, RT_BAD_DATA, place, "number %lld: `%.*s` %s", (long long)*count + 1,
                 size < 40 ? (int)size : 40, item, wrong);
      rt_hint(error, "each line is a vector, as `aqc embed … -o FILE.tsv` writes it");
      return error->code;
    }
    r->row[(*count)++] = (float)number;
  }
  return RT_OK;
}

static int take_line(void *context, int number, const char *line, size_t length, struct rt_error *error) {
  struct reading *r = context;
  struct rt_place place = {seen_name(r->path), number, 0};
  int64_t count;
  int status = parse(r, line, length, &count, place, error);
  if (status != RT_OK) return status;
  if (count == 0) return rt_fail_at(error, RT_BAD_DATA, place, "there are no numbers in this line");
  if (r->to->count == 0) r->to->width = count;
  if (count != r->to->width)
    return rt_fail_at(error, RT_BAD_DATA, place, "a vector of %lld numbers, where the first has %lld",
                      (long long)count, (long long)r->to->width);
  float *to = vectors_add(r->to, 1);
  if (!to) return rt_no_memory(error);
  memcpy(to, r->row, (size_t)count * sizeof *to);
  return RT_OK;
}

static int read_text(struct aq_vectors *v, const char *path, struct rt_error *error) {
  struct reading r = {.to = v, .path = path};
  int status = io_read_lines(path, take_line, &r, error);
  rt_free(r.row);
  return status;
}

static int save_text(const struct aq_vectors *v, const char *path, struct rt_error *error) {
  struct rt_text text = {0};
  for (int64_t k = 0; k < v->count * v->width; k++) {
    char number[32];
    snprintf(number, sizeof number, "%.9g", (double)v->number[k]);
    for (char *c = number; *c; c++)
      if (*c == ',') *c = '.'; /* whatever locale the host has set */
    rt_text_puts(&text, number);
    rt_text_puts(&text, (k + 1) % v->width ? "\t" : "\n");
  }
  int status = text.failed ? rt_no_memory(error) : lib_save_file(path, text.data, text.length, error);
  rt_text_free(&text);
  return status;
}

/* ---- handles ---- */

int aq_vectors_open(const char *path, aq_vectors **vectors) {
  if (!vectors) return AQ_USAGE;
  struct aq_vectors *v = *vectors = rt_zalloc(1, sizeof *v);
  if (!v) return AQ_NO_MEMORY;
  struct rt_error *error = lib_begin(&v->message);
  if (!path) return lib_no_path(error);
  int status = is_safetensors(path) ? read_tensor(v, path, error) : read_text(v, path, error);
  if (status == RT_OK) status = check(v, error);
  if (status == RT_OK) return RT_OK;
  lib_name_file(error, seen_name(path));
  v->count = v->width = 0;
  return status;
}

int aq_vectors_save(aq_vectors *vectors, const char *path) {
  if (!vectors) return AQ_USAGE;
  struct rt_error *error = lib_begin(&vectors->message);
  if (!path) return lib_no_path(error);
  if (vectors->count == 0) return rt_fail(error, RT_USAGE, "there are no vectors to save");
  if (!is_safetensors(path)) return save_text(vectors, path, error);
  const int64_t shape[] = {vectors->count, vectors->width};
  const struct io_tensor_out tensor = {TENSOR, IO_F32, 2, shape, vectors->number};
  return io_tensors_save(path, &tensor, 1, NULL, 0, error);
}

static void release(struct aq_vectors *vectors) {
  rt_free(vectors->number);
  rt_free(vectors);
}

void vectors_keep(struct aq_vectors *vectors) { atomic_fetch_add(&vectors->searches, 1); }

void vectors_leave(struct aq_vectors *vectors) {
  if (atomic_fetch_sub(&vectors->searches, 1) == 1 && atomic_load(&vectors->freed)) release(vectors);
}

void aq_vectors_free(aq_vectors *vectors) {
  if (vectors && !atomic_exchange(&vectors->freed, true) && !atomic_load(&vectors->searches))
    release(vectors);
}

const aq_message *aq_vectors_message(const aq_vectors *vectors) {
  if (!vectors) return lib_nothing();
  return lib_view((struct lib_message *)&vectors->message);
}

size_t aq_vectors_count(const aq_vectors *vectors) { return vectors ? (size_t)vectors->count : 0; }
size_t aq_vectors_width(const aq_vectors *vectors) { return vectors ? (size_t)vectors->width : 0; }

const float *aq_vectors_at(const aq_vectors *vectors, size_t row) {
  return row < aq_vectors_count(vectors) ? vectors->number + row * aq_vectors_width(vectors) : NULL;
}
