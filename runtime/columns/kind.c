/* kind.c: what follows from the row of a kind. */
#include "runtime/columns/column.h"

bool io_kind_has(const struct io_kind *kind, enum io_axis_means means) {
  for (int a = 0; a < IO_MOST_AXES; a++)
    if (kind->axis[a].means == means) return true;
  return false;
}

int io_kind_most_axes(const struct io_kind *kind) {
  int most = 0;
  for (int a = 0; a < IO_MOST_AXES; a++) most += kind->axis[a].means != IO_NO_AXIS;
  return most;
}

int io_kind_least_axes(const struct io_kind *kind) {
  int least = 0;
  for (int a = 0; a < IO_MOST_AXES; a++)
    least += kind->axis[a].means != IO_NO_AXIS && !kind->axis[a].optional;
  return least;
}

const char *io_kind_counts(const struct io_kind *kind, int axis) {
  return kind->axis[axis].counts ? kind->axis[axis].counts : kind->entries;
}

bool io_kind_belongs(const struct io_kind *kind, const struct io_kind *to) {
  return kind->belongs ? kind->belongs(to) : to->continues && to->tokens;
}

bool io_kind_is_counted(const struct io_kind *kind) {
  return io_kind_has_vocab(kind) && !kind->labels && kind->vocab == IO_VOCAB_WORDS;
}

bool io_kinds_share(const struct io_kind *a, const struct io_kind *b) {
  return a == b || (a->names && b->names);
}

const struct io_option *io_kind_misfit(const struct io_kind *kind, const struct io_settings *set) {
  for (int o = 0; o < kind->options; o++) {
    const struct io_option *option = &kind->option[o];
    struct io_settings copy = *set;
    int64_t number = option->type == IO_OPTION_TEXT ? 0 : *io_option_number(option, &copy);
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
