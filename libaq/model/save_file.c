/* save_file.c: files saved as models are: there is the old one or the new one, whatever happens. */
#include "libaq/internal.h"
#include "runtime/io/file.h"

int lib_save_file(const char *path, const void *bytes, size_t length, struct rt_error *error) {
  struct io_save *save = NULL;
  int status = io_save_begin(&save, path, error);
  if (status == RT_OK) status = io_save_write(save, bytes, length, error);
  if (status == RT_OK) return io_save_commit(save, error);
  io_save_abort(save);
  return status;
}

int aq_save_file(const char *path, const void *bytes, size_t length, const aq_message **message) {
  struct lib_message *kept = lib_thread_message();
  struct rt_error *error = lib_begin(kept);
  int status = !path || (!bytes && length) ? rt_fail(error, RT_USAGE, "there is no path, or nothing to save")
               : length > PTRDIFF_MAX      ? rt_fail(error, RT_USAGE, "nothing has %zu bytes", length)
                                           : lib_save_file(path, bytes, length, error);
  if (message) *message = lib_view(kept);
  return status;
}
