/* answers.h: what a model has predicted, as a value of SQL. */
#ifndef ANSWERS_H
#define ANSWERS_H

#include "models.h"

/* Are the scores of a call all that is needed to answer? Tags are those of the best path, and labels have
 * thresholds: of such models the line counts that `aqc predict` writes. */
bool answer_is_simple(const struct model *model);
/* Makes it the result. line NULL: the scores of the session's last call; line: that line, without its
 * newline. */
void answer_give(sqlite3_context *context, const struct model *model, const char *line);
/* Options of a stream that is one of memory. */
aq_predict_options answer_options(struct stream *stream);

#endif
