/* shown_tree.c: builds trees of facts. After a failed allocation additions do nothing, and writing returns
 * it. */
#include "libaq/shown/shown_curve.h"
#include "libaq/shown/shown_look.h"
#include "libaq/shown/shown_map.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "libaq/internal.h"
#include "runtime/mode.h"

enum { USUAL_DIGITS = 4 };

aq_shown *aq_shown_new(bool spaced) {
  aq_shown *s = rt_zalloc(1, sizeof *s);
  if (!s) return NULL;
  s->spaced = s->root.spaced = spaced;
  s->digits = USUAL_DIGITS;
  s->open = s->latest = &s->root;
  return s;
}

void aq_shown_free(aq_shown *s) {
  if (!s) return;
  rt_arena_free(&s->arena);
  rt_free(s);
}

static const char *keep(aq_shown *s, const char *text) {
  char *copy = s && text ? rt_arena_strndup(&s->arena, text, strlen(text)) : NULL;
  if (s && text && !copy) s->failed = RT_NO_MEMORY;
  return copy;
}

static struct shown_node *add(aq_shown *s, enum shown_kind kind, const char *key, const char *label) {
  if (!s || s->failed) return NULL;
  struct shown_node *node = rt_arena_alloc(&s->arena, sizeof *node), *parent = s->open;
  if (!node) {
    s->failed = RT_NO_MEMORY;
    return NULL;
  }
  *node = (struct shown_node){.kind = kind, .spaced = s->spaced, .digits = s->digits, .parent = parent};
  node->key = keep(s, key);
  node->label = keep(s, label);
  if (parent->last)
    parent->last->next = node;
  else
    parent->first = node;
  parent->last = s->latest = node;
  return node;
}

static void open_node(aq_shown *s, enum shown_kind kind, const char *key) {
  struct shown_node *node = add(s, kind, key, NULL);
  if (node) s->open = node;
}

void aq_shown_begin(aq_shown *s, const char *key) { open_node(s, SHOWN_OBJECT, key); }
void aq_shown_list(aq_shown *s, const char *key) { open_node(s, SHOWN_LIST, key); }

void aq_shown_end(aq_shown *s) {
  if (!s || s->failed || !s->open->parent) return;
  s->latest = s->open;
  s->open = s->open->parent;
}

void aq_shown_whole(aq_shown *s, const char *key, const char *label, int64_t value) {
  struct shown_node *node = add(s, SHOWN_WHOLE, key, label);
  if (node) node->whole = value;
}

void aq_shown_real(aq_shown *s, const char *key, const char *label, double value) {
  struct shown_node *node = add(s, SHOWN_REAL, key, label);
  if (node) node->real = value;
}

void aq_shown_flag(aq_shown *s, const char *key, const char *label, bool value) {
  struct shown_node *node = add(s, SHOWN_FLAG, key, label);
  if (node) node->flag = value;
}

void aq_shown_text(aq_shown *s, const char *key, const char *label, const char *value) {
  struct shown_node *node = add(s, SHOWN_TEXT, key, label);
  if (node) node->text = keep(s, value);
}

void aq_shown_numbers(aq_shown *s, const char *key, const double *number, size_t count) {
  struct shown_node *node = add(s, SHOWN_NUMBERS, key, NULL);
  if (!node) return;
  if (!number) count = 0;
  double *copy = shown_room(s, count, sizeof *copy);
  if (!copy) return;
  if (count) memcpy(copy, number, count * sizeof *number);
  node->number = copy;
  node->count = count;
}

void aq_shown_tree(aq_shown *s, const char *key, const aq_shown *tree) {
  struct shown_node *node = tree ? add(s, SHOWN_OTHER, key, NULL) : NULL;
  if (!node) return;
  node->of = &tree->root;
  shown_fail(s, tree->failed);
}

/* NULL once memory was short. Hosts call what has any number of arguments directly, with their own settings.
 */
static const char *words(aq_shown *s, const char *format, va_list arguments) {
  const struct rt_mode mode = rt_mode_enter();
  va_list again;
  if (!format) format = ""; /* a host may have none */
  va_copy(again, arguments);
  int length = vsnprintf(NULL, 0, format, arguments);
  char *text = length < 0 ? NULL : rt_arena_alloc(&s->arena, (size_t)length + 1);
  if (text)
    vsnprintf(text, (size_t)length + 1, format, again);
  else
    s->failed = RT_NO_MEMORY;
  va_end(again);
  rt_mode_leave(&mode);
  return text;
}

void aq_shown_say(aq_shown *s, const char *format, ...) {
  va_list arguments;
  if (!s || s->failed) return;
  va_start(arguments, format);
  s->latest->says = words(s, format, arguments);
  va_end(arguments);
}

void aq_shown_title(aq_shown *s, const char *format, ...) {
  va_list arguments;
  if (!s || s->failed) return;
  va_start(arguments, format);
  s->title = words(s, format, arguments);
  va_end(arguments);
}

void aq_shown_terminal(aq_shown *s, int columns, bool colour) {
  if (!s) return;
  s->columns = columns;
  s->colour = colour;
}

void aq_shown_note(aq_shown *s, const char *label, const char *format, ...) {
  struct shown_node *node = add(s, SHOWN_NOTE, NULL, label);
  va_list arguments;
  if (!node) return;
  va_start(arguments, format);
  node->says = words(s, format, arguments);
  va_end(arguments);
}

void aq_shown_about(aq_shown *s, const char *format, ...) {
  struct shown_node *node = add(s, SHOWN_NOTE, NULL, NULL);
  va_list arguments;
  if (!node) return;
  node->where = SHOWN_ON_PAGES;
  va_start(arguments, format);
  node->says = words(s, format, arguments);
  va_end(arguments);
}

/* ---- within the library ---- */

void shown_digits(aq_shown *s, int digits) {
  if (s) s->digits = digits;
}

void shown_count(aq_shown *s, const char *key, double value) {
  struct shown_node *node = add(s, SHOWN_COUNT, key, NULL);
  if (node) node->real = value;
}

void shown_labels(aq_shown *s, int width) {
  if (s && !s->failed) s->open->width = width;
}

void shown_grid(aq_shown *s, int width) {
  shown_labels(s, width);
  if (s && !s->failed) s->open->grid = true;
}

const struct shown_node *shown_latest(const aq_shown *s) { return s && !s->failed ? s->latest : NULL; }

void shown_fail(aq_shown *s, int status) {
  if (s && !s->failed) s->failed = status;
}

void *shown_room(aq_shown *s, size_t count, size_t size) {
  size_t all;
  bool fits = s && !s->failed && rt_mul(count, size, &all) && rt_add(all, size, &all);
  void *room = fits ? rt_arena_alloc(&s->arena, all) : NULL;
  if (!room) shown_fail(s, RT_NO_MEMORY);
  return room;
}

void shown_heading(aq_shown *s) {
  if (s && !s->failed) s->latest->heading = true;
}

void shown_draw(aq_shown *s, const struct shown_map *map) {
  struct shown_node *node = add(s, SHOWN_MAP, NULL, NULL);
  struct shown_map *copy = node ? rt_arena_alloc(&s->arena, sizeof *copy) : NULL;
  if (!node) return;
  if (!copy) {
    s->failed = RT_NO_MEMORY;
    return;
  }
  *copy = *map;
  node->map = copy;
}

void shown_draw_look(aq_shown *s, const struct shown_look *look) {
  struct shown_node *node = add(s, SHOWN_LOOK, NULL, NULL);
  struct shown_look *copy = node ? shown_room(s, 1, sizeof *copy) : NULL;
  if (!copy) return;
  *copy = *look;
  node->look = copy;
}

void shown_draw_curve(aq_shown *s, const aq_curve *curve) {
  struct shown_node *node = add(s, SHOWN_CURVE, NULL, NULL);
  if (node) node->curve = curve;
}

void shown_only(aq_shown *s, enum shown_where where) {
  if (s && !s->failed) s->latest->where = where;
}

void shown_beside(aq_shown *s) {
  if (s && !s->failed) s->latest->aside = true;
}

const struct shown_node *shown_opened(const aq_shown *s) { return s && !s->failed ? s->open : NULL; }

void shown_aside(aq_shown *s) {
  if (s && !s->failed) s->open->aside = true;
}

void shown_table(aq_shown *s, const struct shown_column *column, size_t count) {
  open_node(s, SHOWN_TABLE, NULL);
  if (!s || s->failed) return;
  s->open->column = column;
  s->open->count = count;
}

void shown_row(aq_shown *s, const char *label, const struct shown_node *of) {
  struct shown_node *node = of ? add(s, SHOWN_ROW, NULL, label) : NULL;
  if (node) node->of = of;
}

bool shown_is_said(const struct shown_node *node) {
  bool empty = node->kind == SHOWN_TEXT && !node->text;
  return node->says || (node->label && !empty);
}

const struct shown_node *shown_member(const struct shown_node *object, const char *key) {
  for (const struct shown_node *child = object->first; child; child = child->next)
    if (child->key && strcmp(child->key, key) == 0) return child;
  return NULL;
}
