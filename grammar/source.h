/* source.h: source texts, places in them, and the caret message that shows a place to its author. */
#ifndef AQ_GRAMMAR_SOURCE_H
#define AQ_GRAMMAR_SOURCE_H

#include "runtime/base.h"

/* One source text. Immutable once made; lives as long as the program that was parsed from it. */
struct gr_source {
  char *name; /* as the user wrote it, or "<stdlib>/linear.aq" */
  char *text; /* NUL-terminated UTF-8 */
  size_t length;
  uint32_t *line_start; /* byte offset of each line */
  uint32_t line_count;
  bool typed; /* the text is from a command line: its errors are RT_USAGE, not RT_BAD_DATA */
};

/* Bytes begin..end of a source; source NULL: no place (built in). */
struct gr_span {
  const struct gr_source *source;
  uint32_t begin, end;
};

/* Copies name and text. Refuses NUL bytes and invalid UTF-8 with their place. Returns NULL and fills error on
 * failure. */
struct gr_source *gr_source_new(const char *name, const char *text, size_t length, struct rt_error *error);
void gr_source_free(struct gr_source *source);

static inline struct gr_span gr_whole(const struct gr_source *source) {
  return (struct gr_span){source, 0, (uint32_t)source->length};
}
struct gr_span gr_span_join(struct gr_span a, struct gr_span b);
void gr_span_place(struct gr_span span, int *line, int *column); /* both from 1; column counts code points */

/* Fails with code RT_BAD_DATA, or RT_USAGE where the source was typed, at span: file, line, column, the
 * source line and a caret underline in error->excerpt. */
int gr_fail(struct rt_error *error, struct gr_span span, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Adds a second, labelled place to the error just made ("D was bound here: [T, D]"): its line and underline
 * join the excerpt. */
void gr_note(struct rt_error *error, struct gr_span span, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Moves an error to the place that asked for what failed, such as a call of a library function. The place
 * it had becomes a note. */
void gr_raise(struct rt_error *error, struct gr_span span);

#endif
