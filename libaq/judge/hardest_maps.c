/* hardest_maps.c: where the heads of a model look in the hardest rows. */
#include <string.h>

#include "libaq/judge/judge.h"
#include "libaq/shown/shown_map.h"

/* A page draws so many lines of words for a row: of models with many heads the first ones. */
enum { MOST_LINES = 12 };

/* The fields that the model reads, of a row as the file has it. */
static int fields_of(const struct io_schema *schema, const struct lib_row_texts *texts, const char ***field,
                     size_t *count) {
  *count = 0;
  *field = rt_zalloc((size_t)schema->fields + 1, sizeof **field);
  for (int f = 0; *field && f < schema->fields; f++) {
    if (!io_schema_field_required(schema, f)) continue;
    (*field)[(*count)++] = lib_row_text(texts, 0, f);
  }
  return *field ? RT_OK : RT_NO_MEMORY;
}

static void show_maps(const aq_session *session, aq_shown *s) {
  size_t lines = 0, left_out = 0;
  aq_shown_list(s, "maps");
  for (size_t k = 0; k < aq_session_map_count(session); k++) {
    const aq_map *map = aq_session_map(session, k);
    shown_words(s, NULL, map, lines < MOST_LINES);
    left_out += lines < MOST_LINES ? 0 : map->heads;
    lines += map->heads;
  }
  aq_shown_end(s);
  if (left_out)
    aq_shown_about(s, "%zu more head%s; aqc attend shows all.", left_out, left_out == 1 ? "" : "s");
}

int lib_hardest_maps(const struct lib_judge *judge, struct lib_looked looked, aq_shown *s,
                     struct rt_error *error) {
  const char **field;
  size_t count;
  if (!looked.row->texts.count) return RT_OK;
  int status = fields_of(judge->schema, &looked.row->texts, &field, &count);
  if (status == RT_OK) status = aq_session_attend(looked.session, field, NULL, count);
  rt_free(field);
  if (status == RT_NO_MEMORY) return rt_no_memory(error);
  if (status != RT_OK || !aq_session_map_count(looked.session)) return RT_OK; /* a row without an answer */
  aq_shown_begin(s, NULL);
  aq_shown_say(s, "line %lld: %s", (long long)looked.row->line, looked.said);
  aq_shown_whole(s, "line", NULL, looked.row->line);
  show_maps(looked.session, s);
  aq_shown_end(s);
  return RT_OK;
}
