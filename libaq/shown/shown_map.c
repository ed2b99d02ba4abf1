/* shown_map.c: maps of numbers as facts: members for JSON, and a drawing of the same numbers. */
#include "libaq/shown/shown_map.h"

#include "libaq/host_options.h"

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
  aq_shown_numbers(s, "weight", map->weight, map->heads * map->rows * map->columns);
  if (shown_latest(s)) drawn.number = shown_latest(s)->number;
  shown_draw(s, &drawn);
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
