/* attend.h: attention maps, drawn in three ways: for a terminal, as JSON, as a page. */
#ifndef AQC_ATTEND_H
#define AQC_ATTEND_H

#include <aq.h>
#include <stdio.h>

/* What was asked to be seen of a session that has attended. */
struct view {
  const aq_session *session;
  const char *head; /* only maps whose name is this, or ends with it; NULL: all */
};

/* Finds the next map to be seen at or after *map; false: there is none. */
bool view_next(const struct view *view, size_t *map);
/* What row or column number k stands for: one of these tokens, or its number, written to buffer, where tokens
 * is NULL. */
const char *view_label(const char *const *tokens, size_t k, char buffer[24]);

void attend_text(const struct view *view, FILE *out);
void attend_html(const struct view *view, FILE *out);

#endif
