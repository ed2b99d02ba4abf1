/* shares.h: how large the part of each label is among the last answers of a stream, and which parts surge. */
#ifndef AQ_LIBAQ_PREDICT_SHARES_H
#define AQ_LIBAQ_PREDICT_SHARES_H

#include "libaq/predict/session.h"

struct shares;

/* What the options ask for. RT_USAGE where the model does not predict labels. */
int shares_new(struct shares **shares, const struct aq_session *session, const aq_predict_options *options,
               struct rt_error *error);
void shares_free(struct shares *shares);
/* The field of the rows that groups them, which has to be read; NULL: there is none. */
const char *shares_beside(const struct shares *shares);
/* Counts the answer of an example that was run, from that line, and adds lines to out: when a window is full,
 * or at a surge. group: the example's field `beside`; it is not looked at otherwise. */
int shares_add(struct shares *shares, int64_t example, const struct io_field *group, struct rt_text *out,
               struct rt_error *error);
/* The windows that are not full yet. */
void shares_end(struct shares *shares, struct rt_text *out);

#endif
