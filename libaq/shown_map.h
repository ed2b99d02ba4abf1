/* shown_map.h: maps of numbers, as part of a tree of facts: rows by columns, the larger the darker. */
#ifndef AQ_LIBAQ_SHOWN_MAP_H
#define AQ_LIBAQ_SHOWN_MAP_H

#include "libaq/shown_tree.h"

struct shown_map {
  const char *title;
  size_t heads, rows, columns;
  const double *number;                   /* [heads, rows, columns] */
  const char *const *row, *const *column; /* what they are; NULL: they are numbered from 1 */
  const char *corner;                     /* what rows and columns are, or NULL */
  bool counts;                            /* whole numbers, which are shown as they are */
  bool bars;                              /* each number is a bar: there is one row */
  bool on_pages;                          /* and nowhere else */
};

/* Adds a drawing, which is no part of JSON. All that the map points to must outlive the tree. */
void shown_draw(aq_shown *s, const struct shown_map *map);

/* What row or column number k is called; a number is written to buffer. */
enum { SHOWN_NAME = 24 };
const char *shown_map_name(const char *const *names, size_t k, char buffer[SHOWN_NAME]);
/* The largest size of its finite numbers. */
double shown_map_most(const struct shown_map *map);
/* How dark a number is, from 0 to 1. */
double shown_map_share(double number, double most);

/* In a terminal of so many columns: shaded cells where there is colour, else blocks of rising density. */
void shown_map_text(const struct shown_map *map, int columns, bool colour, struct rt_text *out);
void shown_map_html(const struct shown_map *map, struct rt_text *out);

#endif
