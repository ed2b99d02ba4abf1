/* answer.h: what a model answers to the row that it attends to. */
#ifndef AQC_ANSWER_H
#define AQC_ANSWER_H

#include <aq.h>

/* Shows it as "answer", a member for each output, in text and on a page each with its name; in JSON alone
 * where `said` is false. Of a model that predicts images it shows nothing. Returns an exit code, and has said
 * why. */
int answer_show(aq_session *session, const aq_model *model, bool said, aq_shown *shown);

#endif
