/* shown_curve.c: curves as facts: arrays for JSON, and a drawing of the same numbers. */
#include "libaq/shown/shown_curve.h"

#include <math.h>
#include <string.h>

#include "libaq/host_options.h"

static void *keep(aq_shown *s, const void *bytes, size_t count, size_t size) {
  void *copy = shown_room(s, count, size);
  if (copy && count) memcpy(copy, bytes, count * size);
  return copy;
}

static const char *keep_text(aq_shown *s, const char *text) {
  return text ? keep(s, text, strlen(text) + 1, 1) : NULL;
}

/* Copies of [count] texts; of NULL as many NULLs. */
static const char *const *keep_texts(aq_shown *s, const char *const *text, size_t count) {
  const char **copy = shown_room(s, count, sizeof *copy);
  for (size_t k = 0; copy && k < count; k++) copy[k] = text ? keep_text(s, text[k]) : NULL;
  return copy;
}

const aq_curve *shown_keep_curve(aq_shown *s, const aq_curve *curve) {
  aq_curve own = *curve;
  const double **value = shown_room(s, curve->line_count, sizeof *value);
  own.title = keep_text(s, curve->title);
  own.about = keep_text(s, curve->about);
  own.key = keep_text(s, curve->key);
  own.place = keep_text(s, curve->place);
  own.mark = keep_text(s, curve->mark);
  own.at = keep(s, curve->at, curve->count, sizeof *curve->at);
  own.line_key = keep_texts(s, curve->line_key, curve->line_count);
  own.line_name = keep_texts(s, curve->line_name, curve->line_count);
  for (size_t k = 0; value && k < curve->line_count; k++)
    value[k] = keep(s, curve->line_value[k], curve->count, sizeof **value);
  own.line_value = value;
  return keep(s, &own, 1, sizeof own);
}

/* Are there as many numbers as the counts say, as far as NULL can tell? */
static bool is_whole(const aq_curve *curve) {
  bool whole = (curve->at || !curve->count) && (curve->line_value || !curve->line_count);
  for (size_t k = 0; whole && curve->count && k < curve->line_count; k++)
    whole = curve->line_value[k] != NULL;
  return whole;
}

void aq_shown_curve(aq_shown *s, const char *key, const aq_curve *given) {
  aq_curve curve;
  if (!s || !given) return;
  if (lib_take_options(LIB_CURVE, given, &curve, NULL) != RT_OK || !is_whole(&curve)) {
    shown_fail(s, RT_USAGE);
    return;
  }
  const aq_curve *own = shown_keep_curve(s, &curve);
  if (s->failed) return;
  aq_shown_begin(s, key);
  aq_shown_numbers(s, own->key ? own->key : "at", own->at, own->count);
  for (size_t k = 0; k < own->line_count; k++)
    aq_shown_numbers(s, own->line_key[k], own->line_value[k], own->count);
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
