/* map_looks.h: how a map is drawn whose queries or keys are places of pictures. */
#ifndef AQ_LIBAQ_MAP_LOOKS_H
#define AQ_LIBAQ_MAP_LOOKS_H

#include "libaq/shown/shown_map.h"

/* What is known of the queries or of the keys. */
struct shown_axis {
  size_t length;
  const char *const *name;    /* [length] or NULL */
  const aq_grid *const *grid; /* [grids] */
  size_t grids;
};

/* Draws a map: over pictures as far as queries or keys are places in one, the rest as cells. All must outlive
 * the tree. */
void shown_draw_apart(aq_shown *s, const struct shown_map *map, const struct shown_axis *queries,
                      const struct shown_axis *keys);

#endif
