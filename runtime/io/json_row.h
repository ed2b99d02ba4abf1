/* json_row.h: a line of JSON as the fields of a row: {"text": "good", "stars": 5}. */
#ifndef AQ_RUNTIME_IO_JSON_ROW_H
#define AQ_RUNTIME_IO_JSON_ROW_H

#include "runtime/io/table.h"

/* The keys that are looked for. Of a list, the items have join[k] between them; 0: the field takes no list.
 * With commas, a list may hold lists, which semicolons part. */
struct io_json_keys {
  const char *const *name; /* [count] */
  const char *join;        /* [count] */
  int count;
};

/* Takes a line apart in place; it is valid UTF-8 without NUL. fields[k].text is NULL for a key that is not
 * there, and "" for null. Numbers are as they are written. False: *why says what is wrong, or has failed, and
 * *at the byte of the line, from 1. */
bool io_json_row(char *line, size_t length, const struct io_json_keys *keys, struct io_field *fields,
                 struct rt_text *why, size_t *at);

#endif
