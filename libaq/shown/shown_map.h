/* shown_map.h: maps of numbers as part of a tree of facts: a cell for each number, darker for a larger one.
 */
#ifndef AQ_LIBAQ_SHOWN_MAP_H
#define AQ_LIBAQ_SHOWN_MAP_H

#include "libaq/shown/shown_tree.h"

struct shown_map {
  const char *title;
  size_t heads, rows, columns;
  const double *number;                   /* [heads, rows, columns] */
  const char *const *row, *const *column; /* [rows], [columns]: their names; NULL: numbers from 1 */
  const char *corner;                     /* what rows and columns stand for, or NULL */
  bool counts;       /* whole numbers: shown without digits behind the point, and how dark
                        one is tells its share of its row */
  bool words;        /* on pages: a line of column names for each head, darker for a larger mean
                        weight */
  bool bars;         /* each number is a bar; there is one row */
  bool on_pages;     /* drawn on pages alone, not in text */
  const char *about; /* a sentence that explains it, or NULL */
};

/* Adds a drawing, which JSON does not have. All that the map points to must outlive the tree. */
void shown_draw(aq_shown *s, const struct shown_map *map);

/* Adds a map as aq_shown_map does, but that pages write its words, or nothing unless drawn. */
void shown_words(aq_shown *s, const char *key, const struct aq_map *map, bool drawn);

/* The name of row or column k; where names is NULL, its number, which is written to buffer. */
enum { SHOWN_NAME = 24 };
const char *shown_map_name(const char *const *names, size_t k, char buffer[SHOWN_NAME]);
/* The largest size of its finite numbers. */
double shown_map_most(const struct shown_map *map);
/* How dark a number is, from 0 to 1. */
double shown_map_share(double number, double most);

/* In a terminal of so many columns: shaded cells where there is colour, else blocks of rising density. */
void shown_map_text(const struct shown_map *map, int columns, bool colour, struct rt_text *out);
/* true: a large one is a canvas, which the page's script draws. */
bool shown_map_html(const struct shown_map *map, struct rt_text *out);

#endif
