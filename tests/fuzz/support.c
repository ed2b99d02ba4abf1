/* support.c: what the fuzz targets share. */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "runtime/base.h"
#include "tests/fuzz/fuzz.h"

static size_t largest, most, held;

static void *limited(void *context, void *block, size_t size) {
  (void)context;
  size_t before = block ? malloc_usable_size(block) : 0;
  if (size == 0) {
    __atomic_sub_fetch(&held, before, __ATOMIC_RELAXED);
    free(block);
    return NULL;
  }
  if (size > largest || __atomic_load_n(&held, __ATOMIC_RELAXED) + size > most) return NULL;
  void *grown = realloc(block, size);
  if (grown) __atomic_add_fetch(&held, malloc_usable_size(grown) - before, __ATOMIC_RELAXED);
  return grown;
}

void fuzz_limit_memory(size_t block, size_t total) {
  largest = block;
  most = total;
  rt_set_allocator(limited, NULL);
}

struct file {
  char path[40];
  int number;
};

static const char *write_file(struct file *file, const uint8_t *data, size_t size) {
  if (!file->path[0]) {
    file->number = memfd_create("fuzz", 0);
    snprintf(file->path, sizeof file->path, "/proc/self/fd/%d", file->number);
  }
  if (file->number < 0 || ftruncate(file->number, 0) || pwrite(file->number, data, size, 0) != (ssize_t)size)
    abort();
  return file->path;
}

const char *fuzz_file(const uint8_t *data, size_t size) {
  static struct file first;
  return write_file(&first, data, size);
}

const char *fuzz_second_file(const uint8_t *data, size_t size) {
  static struct file second;
  return write_file(&second, data, size);
}
