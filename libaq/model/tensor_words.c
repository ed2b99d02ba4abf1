/* tensor_words.c: tensors of a file in words, for messages. */
#include <string.h>

#include "libaq/model/params.h"

/* How many characters two names have in common at their ends: "w" and "model.w" 1. */
static size_t likeness(const char *a, const char *b) {
  size_t n = strlen(a), m = strlen(b), least = n < m ? n : m, left = least;
  for (; left && a[least - left] == b[least - left]; left--)
    ;
  for (; left && a[n - 1] == b[m - 1]; left--, n--, m--)
    ;
  return least - left;
}

void lib_hint_tensors(const struct io_tensors *file, const char *wanted, struct rt_error *error) {
  enum { MOST = 3 };
  const char *best[MOST] = {NULL};
  int count = io_tensors_count(file), shown = count < MOST ? count : MOST;
  for (int k = 0; k < count; k++) {
    const char *name = io_tensors_at(file, k)->name;
    for (int b = 0; b < MOST; b++) {
      if (best[b] && likeness(wanted, name) <= likeness(wanted, best[b])) continue;
      const char *worse = best[b];
      best[b] = name;
      name = worse;
      if (!name) break;
    }
  }
  if (count == 0) {
    rt_hint(error, "it has no tensors");
    return;
  }
  struct rt_text list = {0};
  for (int b = 0; b < shown; b++) rt_text_printf(&list, "%s%.100s", b ? ", " : "", best[b]);
  if (count > MOST) rt_text_printf(&list, " (of %d)", count);
  if (!list.failed)
    rt_hint(error, "%s %s", count <= MOST ? "it has" : "the most similar of its tensors are", list.data);
  rt_text_free(&list);
}

void lib_put_shape(struct rt_text *out, int rank, const int64_t *shape) {
  rt_text_puts(out, "[");
  for (int a = 0; a < rank; a++) rt_text_printf(out, "%s%lld", a ? ", " : "", (long long)shape[a]);
  rt_text_puts(out, "]");
}
