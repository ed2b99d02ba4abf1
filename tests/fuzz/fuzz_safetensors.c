/* fuzz_safetensors.c: a tensor file of any bytes: its header, its checksum, every tensor in every way. */
#include <stdlib.h>

#include "runtime/io/safetensors.h"
#include "tests/fuzz/fuzz.h"

enum { ENOUGH = 1 << 16 };

static void read_tensor(const struct io_tensors *file, const struct io_tensor *t) {
  struct rt_error error = {0};
  if (t->elements > ENOUGH || t->bytes > ENOUGH) return;
  /* As large as the tensor says, and no larger: the sanitizer sees what is written behind. */
  void *raw = malloc((size_t)t->bytes + 1);
  double *numbers = malloc((size_t)t->elements * sizeof *numbers + 1);
  if (raw && numbers) {
    io_tensors_raw(file, t, raw, &error);
    io_tensors_double(file, t, numbers, &error);
    io_tensors_float(file, t, (float *)numbers, &error);
    io_tensors_int32(file, t, (int32_t *)numbers, &error);
  }
  free(raw);
  free(numbers);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct io_tensors *file = NULL;
  struct rt_error error = {0};
  fuzz_limit_memory(64 << 20, 128 << 20);
  if (io_tensors_open_bytes(&file, "bytes", data, size, &error)) return 0;
  for (int i = 0; i < io_tensors_count(file); i++) {
    read_tensor(file, io_tensors_at(file, i));
    if (!io_tensors_find(file, io_tensors_at(file, i)->name)) abort();
  }
  rt_error_clear(&error);
  io_tensors_verify(file, &error);
  io_tensors_close(file);
  return 0;
}
