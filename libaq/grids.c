/* grids.c: see grids.h. */
#include "libaq/grids.h"

#include <math.h>
#include <string.h>

enum { MOST_SIDE = 1 << 14 };

static bool is_picture(const aq_image *p) {
  return p && p->size >= sizeof *p && p->bytes && p->height >= 1 && p->width >= 1 && p->height <= MOST_SIDE
         && p->width <= MOST_SIDE && (p->channels == 1 || p->channels == 3);
}

static bool is_grid(const aq_grid *g, size_t length) {
  if (!g || g->size < sizeof *g || !g->column || !g->place || g->rows < 1 || g->columns < 1
      || g->columns > length / g->rows || !is_picture(g->picture))
    return false;
  for (size_t k = 0; k < g->rows * g->columns; k++)
    if (g->place[k] >= length) return false;
  return isfinite(g->top) && isfinite(g->left) && g->height > 0 && g->height <= 1 && g->width > 0
         && g->width <= 1;
}

static void *keep(struct rt_arena *arena, const void *from, size_t size) {
  void *to = rt_arena_alloc(arena, size + 1);
  return to ? memcpy(to, from, size) : NULL;
}

static const aq_image *keep_picture(struct rt_arena *arena, const aq_image *from) {
  aq_image *to = keep(arena, from, sizeof *to);
  if (!to) return NULL;
  to->size = sizeof *to;
  to->bytes = keep(arena, from->bytes, from->height * from->width * from->channels);
  return to->bytes ? to : NULL;
}

static const aq_grid *keep_grid(struct rt_arena *arena, const aq_grid *from) {
  aq_grid *to = keep(arena, from, sizeof *to);
  if (!to) return NULL;
  to->size = sizeof *to;
  to->column = rt_arena_strndup(arena, from->column, strlen(from->column));
  to->place = keep(arena, from->place, from->rows * from->columns * sizeof *from->place);
  to->picture = keep_picture(arena, from->picture);
  return to->column && to->place && to->picture ? to : NULL;
}

int lib_keep_grids(struct rt_arena *arena, const aq_grid *const *from, size_t count, size_t length,
                   const aq_grid *const **to) {
  *to = NULL;
  if (!count || !from) return count ? RT_USAGE : RT_OK;
  for (size_t k = 0; k < count; k++)
    if (!is_grid(from[k], length)) return RT_USAGE;
  const aq_grid **list = rt_arena_alloc(arena, (count + 1) * sizeof *list);
  for (size_t k = 0; list && k < count; k++)
    if (!(list[k] = keep_grid(arena, from[k]))) return RT_NO_MEMORY;
  *to = list;
  return list ? RT_OK : RT_NO_MEMORY;
}
