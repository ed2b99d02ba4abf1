/* kinds.c: the list of the kinds of columns, and what follows from their rows. */
#include <string.h>

#include "runtime/columns/column.h"

#define ADDRESS(kind) &io_kind_##kind,
const struct io_kind *const io_kinds[] = {IO_KINDS(ADDRESS) NULL};

static const char *const later[] = {"wordpiece", "bpe", "ids", "image", "audio"};

const struct io_kind *io_kind_find(const char *name) {
  for (size_t k = 0; io_kinds[k]; k++)
    if (strcmp(name, io_kinds[k]->name) == 0) return io_kinds[k];
  return NULL;
}

const char *io_kind_later(size_t number) { return number < RT_COUNT(later) ? later[number] : NULL; }

void io_kinds_list(struct rt_text *out) {
  for (size_t k = 0; io_kinds[k]; k++)
    rt_text_printf(out, "%s%s", k == 0 ? "" : io_kinds[k + 1] ? ", " : " and ", io_kinds[k]->name);
}

bool io_kind_has(const struct io_kind *kind, enum io_axis_means means) {
  for (int a = 0; a < IO_MOST_AXES; a++)
    if (kind->axis[a].means == means) return true;
  return false;
}

bool io_kind_is_counted(const struct io_kind *kind) {
  return io_kind_has(kind, IO_ENTRIES) && !kind->labels && kind->vocab == IO_VOCAB_WORDS;
}

bool io_kinds_share(const struct io_kind *a, const struct io_kind *b) {
  return a == b || (a->names && b->names);
}

const struct io_option *io_kind_misfit(const struct io_kind *kind, const struct io_settings *set) {
  for (int o = 0; o < kind->options; o++) {
    const struct io_option *option = &kind->option[o];
    struct io_settings copy = *set;
    int64_t number = option->text ? 0 : *io_option_number(option, &copy);
    if (number != 0 && (number < option->least || number > option->most)) return option;
  }
  return NULL;
}

int64_t *io_option_number(const struct io_option *option, struct io_settings *set) {
  return (int64_t *)(void *)((char *)set + option->offset);
}

const char **io_option_text(const struct io_option *option, struct io_settings *set) {
  return (const char **)(void *)((char *)set + option->offset);
}
