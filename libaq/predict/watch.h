/* watch.h: a stream of answers of which only some are written: alerts, or shares of the last rows. */
#ifndef AQ_LIBAQ_PREDICT_WATCH_H
#define AQ_LIBAQ_PREDICT_WATCH_H

#include "libaq/predict/condition.h"
#include "libaq/predict/shares.h"
#include "libaq/rows/row_stream.h"

struct watch {
  const aq_predict_options *options;
  struct condition alert;
  struct shares *shares; /* NULL: alerts */
  struct rt_text kept;   /* of each row of the batch what is to be known later, one behind the other */
  size_t *end;           /* [count] where it ends */
  size_t count, capacity;
};

/* Do the options ask for it? */
bool watch_wanted(const aq_predict_options *options);
int watch_init(struct watch *watch, const struct aq_session *session, const aq_predict_options *options,
               struct rt_error *error);
void watch_free(struct watch *watch);
/* Sets what the stream keeps of rows. Its `own` begins with a pointer to the watch. */
void watch_stream(const struct watch *watch, struct row_stream *stream);
/* Adds to out what is to be said of example `example`, which is row `row` of the batch. */
int watch_row(struct watch *watch, struct row_stream *stream, int64_t example, int64_t row,
              struct rt_error *error);
/* The batch was answered. */
void watch_forget(struct watch *watch);

#endif
