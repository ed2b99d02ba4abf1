/* report_confusion.c: the confusion matrix as a drawing of pages: of many classes those that are confused
 * most. */
#include <stdlib.h>
#include <string.h>

#include "libaq/judge/report.h"
#include "libaq/shown/shown_map.h"

/* More classes than MOST would be no picture: then the FEW that are confused most are drawn. */
enum { MOST = 30, FEW = 20 };

struct confused {
  uint64_t wrong; /* rows of the class that were taken for another, and the other way round */
  size_t class;
};

/* The classes that are drawn, in the order of their names, and the room for their numbers. */
struct drawing {
  size_t *drawn; /* [count] */
  size_t count;
  bool others; /* a last row and column stand for all other classes */
  double *number;
  const char **name;
};

static const struct rep_class *in_order(const struct rep_report *r, size_t k) {
  return &r->classes[r->order[k]];
}

static double taken_for(const struct rep_report *r, size_t truth, size_t said) {
  return (double)r->confusion[r->order[truth] * r->confusion_side + r->order[said]];
}

static int most_first(const void *one, const void *other) {
  const struct confused *a = one, *b = other;
  if (a->wrong != b->wrong) return a->wrong < b->wrong ? 1 : -1;
  return a->class < b->class ? -1 : 1;
}

static int by_name(const void *one, const void *other) {
  const size_t a = *(const size_t *)one, b = *(const size_t *)other;
  return a < b ? -1 : a > b;
}

/* The FEW classes with the most wrong rows. */
static int choose(const struct rep_report *r, size_t *class) {
  struct confused *all = rt_zalloc(r->class_count, sizeof *all);
  if (!all) return RT_NO_MEMORY;
  for (size_t k = 0; k < r->class_count; k++) {
    const struct rep_class *c = in_order(r, k);
    all[k] = (struct confused){c->truths - c->hits + c->predictions - c->hits, k};
  }
  qsort(all, r->class_count, sizeof *all, most_first);
  for (size_t k = 0; k < FEW; k++) class[k] = all[k].class;
  qsort(class, FEW, sizeof *class, by_name);
  rt_free(all);
  return RT_OK;
}

static bool make_room(struct drawing *d, const struct rep_report *r, aq_shown *s) {
  d->others = r->class_count > MOST;
  d->count = d->others ? FEW : r->class_count;
  d->drawn = shown_room(s, d->count, sizeof *d->drawn);
  d->number = shown_room(s, (d->count + 1) * (d->count + 1), sizeof *d->number);
  d->name = shown_room(s, d->count + 1, sizeof *d->name);
  if (!d->drawn || !d->number || !d->name) return false;
  for (size_t k = 0; k < d->count; k++) d->drawn[k] = k;
  return !d->others || choose(r, d->drawn) == RT_OK;
}

/* Rows of the drawn classes: those taken for each drawn one, and with `others` those taken for any other. */
static void fill(struct drawing *d, const struct rep_report *r, aq_shown *s) {
  size_t columns = d->count + d->others;
  for (size_t t = 0; t < d->count; t++) {
    double rest = (double)in_order(r, d->drawn[t])->truths;
    for (size_t p = 0; p < d->count; p++) {
      d->number[t * columns + p] = taken_for(r, d->drawn[t], d->drawn[p]);
      rest -= d->number[t * columns + p];
    }
    if (d->others) d->number[t * columns + d->count] = rest;
    const char *name = in_order(r, d->drawn[t])->name;
    d->name[t] = rt_arena_strndup(&s->arena, name, strlen(name));
    if (!d->name[t]) shown_fail(s, RT_NO_MEMORY);
  }
  d->name[d->count] = "others";
}

void rep_draw_confusion(const struct rep_report *r, aq_shown *s) {
  struct drawing d;
  if (!r->confusion || !s) return;
  if (!make_room(&d, r, s)) {
    shown_fail(s, RT_NO_MEMORY); /* choose may have failed */
    return;
  }
  fill(&d, r, s);
  struct shown_map map = {
      .title = d.others ? "confusion matrix of the 20 classes that are most often wrong" : "confusion matrix",
      .heads = 1,
      .rows = d.count,
      .columns = d.count + d.others,
      .number = d.number,
      .row = d.name,
      .column = d.name,
      .corner = "true ↓  predicted →",
      .counts = true,
      .on_pages = true,
      .about =
          r->kind & REP_OF_TAGS
              ? "How many words of each tag (line) were taken for which tag (column); the darker, the "
                "larger its share of the line. Right answers are on the diagonal."
              : "How many rows of each class (line) were taken for which class (column); the darker, the "
                "larger its share of the line. Right answers are on the diagonal."};
  shown_draw(s, &map);
}
