/* map_looks.c: takes a map apart whose queries or keys are places of pictures: what is drawn over a picture,
 * and what is left as cells. */
#include <stdio.h>
#include <string.h>

#include "libaq/shown/map_looks.h"
#include "libaq/shown/shown_look.h"

/* Queries or keys, by their numbers. */
struct part {
  size_t count;
  const size_t *number;    /* [count] */
  const aq_grid *grid;     /* they are its places, in its order; NULL: they are in no picture */
  const char *const *name; /* [count] or NULL */
};

struct apart {
  aq_shown *s;
  const struct shown_map *map;
};

/* ---- parts ---- */

static const char *const *names_of(struct apart *a, const char *const *all, const size_t *number,
                                   size_t count, size_t length) {
  const char **name = shown_room(a->s, count, sizeof *name);
  if (!name || (!all && count == length)) return NULL;
  for (size_t k = 0; k < count; k++) {
    char *own = all ? NULL : shown_room(a->s, SHOWN_NAME, 1);
    if (!all && !own) return NULL;
    if (own) snprintf(own, SHOWN_NAME, "%zu", number[k] + 1);
    name[k] = all ? all[number[k]] : own;
  }
  return name;
}

/* Those that are in no grid. */
static struct part rest_of(struct apart *a, const struct shown_axis *axis) {
  struct part part = {0};
  size_t *number = shown_room(a->s, axis->length, sizeof *number);
  bool *taken = shown_room(a->s, axis->length, sizeof *taken);
  if (!number || !taken) return part;
  memset(taken, 0, axis->length * sizeof *taken);
  for (size_t g = 0; g < axis->grids; g++)
    for (size_t k = 0; k < axis->grid[g]->rows * axis->grid[g]->columns; k++)
      taken[axis->grid[g]->place[k]] = true;
  for (size_t k = 0; k < axis->length; k++)
    if (!taken[k]) number[part.count++] = k;
  part.number = number;
  part.name = names_of(a, axis->name, number, part.count, axis->length);
  return part;
}

static struct part of_grid(const aq_grid *grid) {
  return (struct part){grid->rows * grid->columns, grid->place, grid, NULL};
}

/* ---- what is drawn ---- */

/* The weights of some queries and keys: [heads, queries, keys], or [heads, keys, queries]. */
static const double *weights(struct apart *a, const struct part *queries, const struct part *keys,
                             bool turned) {
  const struct shown_map *map = a->map;
  const size_t n = queries->count * keys->count;
  double *to = shown_room(a->s, map->heads * n, sizeof *to);
  if (!to) return NULL;
  for (size_t h = 0; h < map->heads; h++)
    for (size_t q = 0; q < queries->count; q++)
      for (size_t k = 0; k < keys->count; k++)
        to[h * n + (turned ? k * queries->count + q : q * keys->count + k)] =
            map->number[(h * map->rows + queries->number[q]) * map->columns + keys->number[k]];
  return to;
}

static void draw_cells(struct apart *a, const struct part *queries, const struct part *keys) {
  struct shown_map map = *a->map;
  map.rows = queries->count;
  map.columns = keys->count;
  map.row = queries->name;
  map.column = keys->name;
  map.number = weights(a, queries, keys, false);
  if (map.number) shown_draw(a->s, &map);
}

/* Of a grid of queries so many along each side are shown by themselves. */
enum { MOST_SIDE = 8 };
static size_t sampled(size_t size) { return size <= MOST_SIDE ? 1 : (size + MOST_SIDE - 1) / MOST_SIDE; }

/* Some of the places of a grid, evenly. */
static struct part sample(struct apart *a, const aq_grid *grid, const size_t **cell, size_t *abreast) {
  const size_t down = sampled(grid->rows), across = sampled(grid->columns);
  size_t *number = shown_room(a->s, grid->rows * grid->columns, sizeof *number),
         *which = shown_room(a->s, grid->rows * grid->columns, sizeof *which), count = 0;
  *cell = which;
  *abreast = (grid->columns + across - 1) / across;
  for (size_t y = 0; y < grid->rows && number && which; y += down)
    for (size_t x = 0; x < grid->columns; x += across) {
      which[count] = y * grid->columns + x;
      number[count++] = grid->place[y * grid->columns + x];
    }
  return (struct part){count, number, grid, NULL};
}

static void draw_look(struct apart *a, const struct part *queries, const struct part *keys) {
  struct shown_look look = {.title = a->map->title, .heads = a->map->heads, .brief = a->map->words};
  look.of_queries = !keys->grid;
  look.grid = look.of_queries ? queries->grid : keys->grid;
  struct part about = look.of_queries ? *keys : *queries;
  if (about.grid && !look.brief) {
    look.from = about.grid;
    about = sample(a, about.grid, &look.cell, &look.abreast);
  }
  look.count = about.count;
  look.name = about.name;
  look.number = look.of_queries ? weights(a, queries, &about, true) : weights(a, &about, keys, false);
  if (look.number) shown_draw_look(a->s, &look);
}

static void draw_part(struct apart *a, const struct part *queries, const struct part *keys) {
  if (!queries->count || !keys->count) return;
  if (keys->grid || (queries->grid && !a->map->words))
    draw_look(a, queries, keys);
  else
    draw_cells(a, queries, keys);
}

static void draw_row(struct apart *a, const struct part *queries, const struct shown_axis *keys) {
  for (size_t g = 0; g < keys->grids; g++) {
    const struct part part = of_grid(keys->grid[g]);
    draw_part(a, queries, &part);
  }
  const struct part rest = rest_of(a, keys);
  draw_part(a, queries, &rest);
}

void shown_draw_apart(aq_shown *s, const struct shown_map *map, const struct shown_axis *queries,
                      const struct shown_axis *keys) {
  struct apart a = {s, map};
  if (!queries->grids && !keys->grids) {
    shown_draw(s, map);
    return;
  }
  const struct part rest = rest_of(&a, queries);
  draw_row(&a, &rest, keys);
  for (size_t g = 0; g < queries->grids; g++) {
    const struct part part = of_grid(queries->grid[g]);
    draw_row(&a, &part, keys);
  }
}
