/* shown_curve.c: curves as facts: arrays for JSON, and a drawing of the same numbers. */
#include "libaq/shown/shown_curve.h"

#include <math.h>
#include <string.h>

static void *keep(aq_shown *s, const void *bytes, size_t count, size_t size) {
  void *copy = shown_room(s, count, size);
  if (copy && count) memcpy(copy, bytes, count * size);
  return copy;
}

static const char *keep_text(aq_shown *s, const char *text) {
  return text ? keep(s, text, strlen(text) + 1, 1) : NULL;
}

const aq_curve *shown_keep_curve(aq_shown *s, const aq_curve *curve) {
  aq_curve own = *curve;
  aq_line *line = keep(s, curve->line, curve->line_count, sizeof *line);
  own.title = keep_text(s, curve->title);
  own.about = keep_text(s, curve->about);
  own.key = keep_text(s, curve->key);
  own.place = keep_text(s, curve->place);
  own.mark = keep_text(s, curve->mark);
  own.at = keep(s, curve->at, curve->count, sizeof *curve->at);
  own.line = line;
  for (size_t k = 0; line && k < curve->line_count; k++) {
    line[k].key = keep_text(s, curve->line[k].key);
    line[k].name = keep_text(s, curve->line[k].name);
    line[k].value = keep(s, curve->line[k].value, curve->count, sizeof *curve->line[k].value);
  }
  return keep(s, &own, 1, sizeof own);
}

/* Are there as many numbers as the counts say, as far as NULL can tell? */
static bool is_whole(const aq_curve *curve) {
  bool whole = (curve->at || !curve->count) && (curve->line || !curve->line_count);
  for (size_t k = 0; whole && curve->count && k < curve->line_count; k++)
    whole = curve->line[k].value != NULL;
  return whole;
}

void aq_shown_curve(aq_shown *s, const char *key, const aq_curve *curve) {
  if (!s || !curve) return;
  if (!is_whole(curve)) {
    shown_fail(s, RT_USAGE);
    return;
  }
  const aq_curve *own = shown_keep_curve(s, curve);
  if (s->failed) return;
  aq_shown_begin(s, key);
  aq_shown_numbers(s, own->key ? own->key : "at", own->at, own->count);
  for (size_t k = 0; k < own->line_count; k++)
    aq_shown_numbers(s, own->line[k].key, own->line[k].value, own->count);
  shown_draw_curve(s, own);
  aq_shown_end(s);
}

bool shown_curve_range(const double *number, size_t count, double *least, double *most) {
  *least = INFINITY;
  *most = -INFINITY;
  for (size_t k = 0; k < count; k++) {
    if (!shown_is_drawn(number[k])) continue;
    *least = fmin(*least, number[k]);
    *most = fmax(*most, number[k]);
  }
  return *least <= *most;
}
