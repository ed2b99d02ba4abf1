/* shown_map.c: maps of numbers as facts: members for JSON, and a drawing of the same numbers. */
#include "libaq/shown/shown_map.h"

#include "libaq/grids.h"
#include "libaq/host_options.h"
#include "libaq/shown/map_looks.h"

/* The tokens of an axis, or null where it has none. Returns the tree's own copies of them. */
static const char *const *show_tokens(aq_shown *s, const char *key, const char *const *tokens, size_t count) {
  if (!tokens) {
    aq_shown_text(s, key, NULL, NULL);
    return NULL;
  }
  aq_shown_list(s, key);
  const char **copy = shown_room(s, count, sizeof *copy);
  for (size_t k = 0; k < count; k++) {
    aq_shown_text(s, NULL, NULL, tokens[k]);
    if (copy) copy[k] = shown_latest(s) ? shown_latest(s)->text : "";
  }
  aq_shown_end(s);
  return copy;
}

/* Where the queries or the keys lie in pictures: in JSON the column, how many rows and columns, and which of
 * them is at each place. Only a map that has such places has the member. */
static void show_grids(aq_shown *s, const char *key, struct shown_axis *axis) {
  const aq_grid *const *own = NULL;
  if (!axis->grids) return;
  const int status =
      s->failed ? s->failed : lib_keep_grids(&s->arena, axis->grid, axis->grids, axis->length, &own);
  axis->grid = own;
  if (status != RT_OK) axis->grids = 0;
  if (status != RT_OK) shown_fail(s, status);
  aq_shown_list(s, key);
  for (size_t g = 0; g < axis->grids; g++) {
    const size_t count = own[g]->rows * own[g]->columns;
    double *place = shown_room(s, count, sizeof *place);
    for (size_t k = 0; place && k < count; k++) place[k] = (double)own[g]->place[k];
    aq_shown_begin(s, NULL);
    aq_shown_text(s, "column", NULL, own[g]->column);
    aq_shown_whole(s, "rows", NULL, (int64_t)own[g]->rows);
    aq_shown_whole(s, "columns", NULL, (int64_t)own[g]->columns);
    if (place) aq_shown_numbers(s, "place", place, count);
    aq_shown_end(s);
  }
  aq_shown_end(s);
}

static void add_map(aq_shown *s, const char *key, const struct aq_map *map, bool words) {
  aq_shown_begin(s, key);
  aq_shown_text(s, "name", NULL, map->name);
  struct shown_map drawn = {.heads = map->heads, .rows = map->rows, .columns = map->columns};
  if (shown_latest(s)) drawn.title = shown_latest(s)->text;
  aq_shown_flag(s, "mixing", NULL, map->is_mixing);
  drawn.bars = map->rows == 1 || map->is_mixing;
  drawn.words = words;
  aq_shown_whole(s, "heads", NULL, (int64_t)map->heads);
  aq_shown_whole(s, "rows", NULL, (int64_t)map->rows);
  aq_shown_whole(s, "columns", NULL, (int64_t)map->columns);
  drawn.row = show_tokens(s, "queries", map->query, map->rows);
  drawn.column = show_tokens(s, "keys", map->key, map->columns);
  struct shown_axis queries = {map->rows, drawn.row, map->query_grid, map->query_grids},
                    keys = {map->columns, drawn.column, map->key_grid, map->key_grids};
  show_grids(s, "query_grids", &queries);
  show_grids(s, "key_grids", &keys);
  aq_shown_numbers(s, "weight", map->weight, map->heads * map->rows * map->columns);
  if (shown_latest(s)) drawn.number = shown_latest(s)->number;
  if (drawn.number) shown_draw_apart(s, &drawn, &queries, &keys);
}

void aq_shown_map(aq_shown *s, const char *key, const struct aq_map *map) {
  aq_map own;
  if (!s || !map) return;
  if (lib_take_options(LIB_MAP, map, &own, NULL) != RT_OK) {
    shown_fail(s, RT_USAGE);
    return;
  }
  add_map(s, key, &own, false);
  aq_shown_end(s);
}

void shown_words(aq_shown *s, const char *key, const struct aq_map *map, bool drawn) {
  add_map(s, key, map, true);
  if (!drawn) shown_only(s, SHOWN_IN_TEXT);
  aq_shown_end(s);
}
