/* look_internal.h: a look while it goes on, for look.c, look_field.c and look_forms.c. */
#ifndef AQ_RUNTIME_IO_LOOK_INTERNAL_H
#define AQ_RUNTIME_IO_LOOK_INTERNAL_H

#include "runtime/io/look.h"
#include "runtime/io/tokenise.h"
#include "runtime/map.h"

struct io_looking {
  struct io_look *look;
  struct io_table *table;
  int64_t first_line;            /* where its first row begins */
  int64_t line;                  /* where the row that is taken begins */
  struct rt_map *values, *items; /* [count] where each value of a field stands in its bag */
  struct io_tokens tokens;
};

/* The format of a file, and the names that its lines give to their fields; count is 0 where they give none.
 */
struct io_look_keys {
  enum io_format format;
  const char *name[IO_LOOK_FIELDS]; /* live as long as the arena */
  const struct io_files *files;     /* what a folder has, or a file of images; NULL: texts */
  int count, objects;               /* objects: keys of which no column can be, as their values are objects */
  const char *object_names;         /* the first of those, with commas between */
};
int io_look_too_many(const char *path, size_t count, struct rt_error *error);
int io_look_keys(const char *path, struct rt_arena *arena, struct io_look_keys *keys, struct rt_error *error);

/* A number as the table writes them. Points and commas side by side are left to whoever reads it. False: it
 * is none. */
bool io_look_number(const struct io_look *look, const char *text, size_t length, double *number);
/* Is it a date, with a time of day or without: 2024-05-31, 31.05.2024, 5/31/2024? */
bool io_look_is_date(const char *text, size_t length);
/* Is it a number with a decimal comma or with commas between thousands, if it is one number? 1,34 12,345.67
 */
bool io_look_has_commas(const char *text, size_t length);
/* Takes in field k of a row. */
int io_look_at_field(struct io_looking *looking, size_t k, struct io_field field, struct rt_error *error);

#endif
