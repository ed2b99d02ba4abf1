/* kept_rows.h: rows that are kept of texts, to which others are added, while the first ones may go. They lie
 * in one block, each text's with room behind them, so that new ones are written where they stay
 * (vm_machine_set_rows). */
#ifndef AQ_LIBAQ_KEPT_ROWS_H
#define AQ_LIBAQ_KEPT_ROWS_H

#include "vm/machine.h"

/* The rows of a text, in bytes. */
struct row_span {
  size_t first, bytes, room; /* room 0: another text may have its rows in the same place */
};

struct kept_rows {
  char *data, *spare; /* the block, and one that it was before */
  size_t capacity, spare_capacity;
  struct row_span *span, *other; /* [texts]; scratch */
  int64_t *offset;               /* [texts] elements */
};

/* Zeroed, it is empty. */
void kept_rows_free(struct kept_rows *rows);
/* There may be so many texts; `used` of them are there already. */
int kept_rows_texts(struct kept_rows *rows, int64_t used, int64_t texts);
/* So many texts begin: none has rows, nor a place. */
void kept_rows_begin(struct kept_rows *rows, int64_t texts);
/* Sees to it that the rows of each text have room to become as many as the shape says, and fills offset. */
int kept_rows_fit(struct kept_rows *rows, const struct rt_shape *shape, size_t element,
                  struct rt_error *error);
/* They have become so many, of which the last `most` stay; 0: all do. */
void kept_rows_grown(struct kept_rows *rows, const struct rt_shape *shape, size_t element, int64_t most);
/* Of the bytes that a text has in a shape, those of the rows before the last `most`. */
size_t kept_rows_gone(const struct rt_shape *shape, int64_t text, size_t bytes, int64_t most);
/* Text k has what text from[k] had. */
void kept_rows_keep(struct kept_rows *rows, const int64_t *from, int64_t count);

#endif
