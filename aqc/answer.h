/* answer.h: what a model answers to one row. */
#ifndef AQC_ANSWER_H
#define AQC_ANSWER_H

#include <aq.h>

/* Shows it as "answer", a member for each output, in text and on a page each with its name; in JSON alone
 * where `said` is false. Of a model that predicts images it shows nothing. field: [count] as for
 * aq_session_predict. What session has is lost. Returns an exit code, and has said why. */
int answer_show(aq_session *session, const aq_model *model, char *const *field, int count, bool said,
                aq_shown *shown);

#endif
