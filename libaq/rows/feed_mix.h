/* feed_mix.h: the images of a batch, mixed with each other while training. */
#ifndef AQ_LIBAQ_FEED_MIX_H
#define AQ_LIBAQ_FEED_MIX_H

#include "libaq/internal.h"

/* Mixes images that the feed was given, of `size` numbers each: the first with the last, and so on; their
 * order is random. By how much is a function of the feed's chance and the place in the batch alone. a: as
 * io_mix_draw takes it. */
void lib_feed_mix(const struct lib_feed *feed, double a, int64_t count, int64_t size, void *images);

#endif
