/* grids.h: places of pictures (aq_grid), kept for as long as somebody shows them. */
#ifndef AQ_LIBAQ_GRIDS_H
#define AQ_LIBAQ_GRIDS_H

#include "libaq/aq.h"
#include "runtime/base.h"

/* Copies of grids of an axis of `length` into the arena. RT_USAGE: one is of places that the axis does not
 * have, or has no picture. */
int lib_keep_grids(struct rt_arena *arena, const aq_grid *const *from, size_t count, size_t length,
                   const aq_grid *const **to);

#endif
