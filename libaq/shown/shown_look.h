/* shown_look.h: weights over the places of a picture, as part of a tree of facts: the picture with a layer
 * over it, that is the stronger the larger a weight is. */
#ifndef AQ_LIBAQ_SHOWN_LOOK_H
#define AQ_LIBAQ_SHOWN_LOOK_H

#include "libaq/shown/shown_tree.h"

struct shown_look {
  const char *title;
  const aq_grid *grid;     /* the places */
  size_t heads, count;     /* pictures of a head */
  const double *number;    /* [heads, count, rows of the grid, columns of the grid] */
  const char *const *name; /* [count] what each is about; NULL: numbers from 1 */
  /* What each is about are places themselves: [count] number in this grid, from left to right and from the
   * top down. NULL: they are not. A page has so many pictures side by side. */
  const aq_grid *from;
  const size_t *cell;
  size_t abreast;
  bool of_queries; /* weights of queries in the picture, which look at what `name` says */
  bool brief;      /* one of many, without a heading: of all of a head one picture, the mean */
};

/* Adds a drawing, which JSON does not have. All that it points to must outlive the tree. */
void shown_draw_look(aq_shown *s, const struct shown_look *look);

/* The numbers of a picture of a head; `count`: the mean of all of them, which is written to `mean`, [rows *
 * columns of the grid]. */
const double *shown_look_numbers(const struct shown_look *look, size_t head, size_t picture, double *mean);
/* What a picture is about: "red", "row 3, column 5". Of the mean: "all". */
enum { SHOWN_LOOK_NAME = 64 };
const char *shown_look_name(const struct shown_look *look, size_t picture, char buffer[SHOWN_LOOK_NAME]);
/* The largest of the finite sizes, and where it is; 0 where there is none. */
double shown_look_most(const struct shown_look *look, const double *number, size_t *place);

/* The pictures that a page has embedded already. */
struct shown_pictures {
  const aq_image *of[64];
  size_t count;
};
void shown_look_html(const struct shown_look *look, struct shown_pictures *pictures, struct rt_text *out);
/* Coarse: a cell for each place. Without colour, shades. */
void shown_look_text(const struct shown_look *look, int columns, bool colour, struct rt_text *out);

#endif
