/* tensor_names.c: one name for tensors that several makers of files call differently:
 * "(bert.|)LayerNorm.(weight|gamma)". */
#include <string.h>

#include "libaq/model/params.h"

enum { MOST_NAMES = 256 };

struct names {
  struct rt_arena *arena;
  const char **name;
  size_t count;
};

/* The first group that has a choice: "(" … "|" … ")". Parentheses without one are part of a name. */
static const char *find_group(const char *pattern, const char **end) {
  for (const char *open = strchr(pattern, '('); open; open = strchr(open + 1, '(')) {
    const char *close = strchr(open, ')'), *bar = strchr(open, '|');
    *end = close;
    if (close && bar && bar < close) return open;
  }
  return NULL;
}

/* Puts each choice of the first group of `pattern` in its place, and goes on with what is behind it. The
 * depth is the number of groups, and the number of names bounds it. */
static int expand(struct names *names, const char *before, const char *pattern) {
  const char *close, *open = find_group(pattern, &close);
  if (names->count == MOST_NAMES) return RT_USAGE;
  if (!open) {
    const char *name = rt_arena_printf(names->arena, "%s%s", before, pattern);
    names->name[names->count++] = name;
    return name ? RT_OK : RT_NO_MEMORY;
  }
  int status = RT_OK;
  for (const char *at = open + 1; at <= close && status == RT_OK;) {
    size_t length = strcspn(at, "|)");
    const char *more =
        rt_arena_printf(names->arena, "%s%.*s%.*s", before, (int)(open - pattern), pattern, (int)length, at);
    status = more ? expand(names, more, close + 1) : RT_NO_MEMORY;
    at += length + 1;
  }
  return status;
}

int lib_tensor_names(const char *pattern, struct rt_arena *arena, const char ***list, size_t *count,
                     struct rt_error *error) {
  struct names names = {arena, rt_arena_alloc(arena, MOST_NAMES * sizeof(const char *)), 0};
  int status = names.name ? expand(&names, "", pattern) : RT_NO_MEMORY;
  *list = names.name;
  *count = names.count;
  if (status == RT_USAGE)
    return rt_fail(error, RT_USAGE, "the tensor %.200s is one of more than %d names", pattern, MOST_NAMES);
  return status == RT_OK ? RT_OK : rt_no_memory(error);
}
