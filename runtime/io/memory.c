/* memory.c: tables in memory: how their columns are filled. */
#include "runtime/io/memory.h"

#include <stdatomic.h>
#include <string.h>

#include "runtime/io/grow.h"

const char *const io_given_words[] = {"texts", "numbers", "ids", "files", "images", "sounds"};

struct io_memory_column *io_memory_find(const struct io_memory *memory, const char *name) {
  for (size_t c = 0; c < memory->count; c++)
    if (memory->column[c].there && !strcmp(memory->column[c].name, name)) return &memory->column[c];
  return NULL;
}

size_t io_memory_columns(const struct io_memory *memory) {
  size_t there = 0;
  for (size_t c = 0; c < memory->count; c++) there += memory->column[c].there;
  return there;
}

/* A column of that name whose memory was kept, or else a new one; NULL: there is no memory. */
static struct io_memory_column *take(struct io_memory *memory, const char *name) {
  for (size_t c = 0; c < memory->count; c++)
    if (!strcmp(memory->column[c].name, name)) return &memory->column[c];
  if (IO_GROW(memory->column, memory->capacity, memory->count + 1) != RT_OK) return NULL;
  struct io_memory_column *column = &memory->column[memory->count];
  *column = (struct io_memory_column){.name = rt_strdup(name)};
  if (!column->name) return NULL;
  memory->count++;
  return column;
}

int io_memory_add(struct io_memory *memory, const char *name, enum io_given given,
                  struct io_memory_column **column, struct rt_error *error) {
  static atomic_uint_fast64_t begun;
  if (io_memory_find(memory, name))
    return rt_fail(error, RT_USAGE, "the column `%.200s` is there already", name);
  struct io_memory_column *c = *column = take(memory, name);
  if (!c || IO_GROW(c->begin, c->begin_capacity, 1) != RT_OK
      || IO_GROW(c->bytes, c->capacity, sizeof(double)) != RT_OK)
    return rt_no_memory(error);
  c->given = given;
  c->serial = atomic_fetch_add(&begun, 1);
  c->width = 0;
  c->length = 0;
  c->begin[0] = 0;
  c->there = true;
  return RT_OK;
}

int io_memory_reserve(struct io_memory_column *column, size_t bytes, int64_t rows) {
  size_t need;
  if (__builtin_add_overflow(column->length, bytes, &need) || __builtin_add_overflow(need, 1, &need))
    return RT_NO_MEMORY;
  int status = IO_GROW(column->bytes, column->capacity, need);
  return status == RT_OK ? IO_GROW(column->begin, column->begin_capacity, (size_t)rows + 1) : status;
}

void io_memory_put(struct io_memory_column *column, int64_t row, const void *bytes, size_t length) {
  if (length) memcpy(column->bytes + column->length, bytes, length);
  column->length += length;
  column->begin[row + 1] = column->length;
}

void io_memory_write(const struct io_memory_column *column, const char *value, size_t length,
                     struct rt_text *out) {
  const size_t one = column->given == IO_GIVEN_NUMBERS ? sizeof(double) : sizeof(int32_t);
  if (column->given == IO_GIVEN_TEXTS) {
    rt_text_add(out, value, length);
    return;
  }
  if (column->given >= IO_GIVEN_FILES) {
    rt_text_printf(out, "(%zu bytes)", length);
    return;
  }
  for (size_t k = 0; k < length / one; k++) {
    const bool next = column->width > 0 && k > 0 && k % (size_t)column->width == 0;
    double number;
    int32_t id;
    if (k > 0) rt_text_puts(out, next ? "; " : " ");
    memcpy(one == sizeof number ? (void *)&number : (void *)&id, value + k * one, one);
    if (one == sizeof number)
      rt_text_printf(out, "%.17g", number);
    else
      rt_text_printf(out, "%d", (int)id);
  }
}

int io_memory_fail(struct rt_error *error, int64_t row, const char *column, const char *text) {
  return rt_fail_at(error, RT_BAD_DATA, (struct rt_place){NULL, row, 0}, "row %lld, column `%.60s`: %s",
                    (long long)row, column, text);
}

void io_memory_clear(struct io_memory *memory) {
  for (size_t c = 0; c < memory->count; c++) memory->column[c].there = false;
  memory->rows = 0;
}

void io_memory_free(struct io_memory *memory) {
  for (size_t c = 0; c < memory->count; c++) {
    rt_free(memory->column[c].name);
    rt_free(memory->column[c].bytes);
    rt_free(memory->column[c].begin);
  }
  rt_free(memory->column);
  *memory = (struct io_memory){0};
}
