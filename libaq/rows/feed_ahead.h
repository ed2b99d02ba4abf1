/* feed_ahead.h: the rows of the next batch, made ready by a thread beside the computing of this one: files
 * are read and decoded there, and what is changed at random is changed. The numbers are those that
 * lib_feed_rows gives, since they depend on the rows and a seed alone. */
#ifndef AQ_LIBAQ_FEED_AHEAD_H
#define AQ_LIBAQ_FEED_AHEAD_H

#include "libaq/internal.h"

struct lib_ahead;
/* Is it worth a thread? Some column gives more than its elements, and the caller may have a second thread. */
bool lib_ahead_pays(const struct lib_feed *feed, const struct rt_pool *pool);
/* For rows that a feed of that kind is given, in batches of that many at most. */
int lib_ahead_new(struct lib_ahead **ahead, const struct lib_feed *like, const struct io_dataset *data,
                  int64_t batch, struct rt_error *error);
/* Waits for what it does. May be given NULL. */
void lib_ahead_free(struct lib_ahead *ahead);
/* Begins with a batch, of which nothing may change until it was asked for or waited for. `chance` as in
 * lib_feed; NULL: nothing is changed at random. */
void lib_ahead_begin(struct lib_ahead *ahead, const struct vm_machine *machine, struct lib_batch batch,
                     const uint64_t *chance);
/* Does as lib_feed_rows, with what was made ready if it is that batch. ahead may be NULL. */
int lib_ahead_rows(struct lib_ahead *ahead, struct lib_feed *feed, struct vm_machine *machine,
                   struct lib_batch batch, struct rt_error *error);
void lib_ahead_wait(struct lib_ahead *ahead); /* may be given NULL */

#endif
