/* shown_curve.h: curves as part of a tree of facts: lines over common places. */
#ifndef AQ_LIBAQ_SHOWN_CURVE_H
#define AQ_LIBAQ_SHOWN_CURVE_H

#include "libaq/shown/shown_tree.h"

/* Adds a drawing, which JSON does not have. All that the curve points to must outlive the tree. */
void shown_draw_curve(aq_shown *s, const aq_curve *curve);
/* A curve whose strings and numbers are the tree's own; NULL once memory was short. */
const aq_curve *shown_keep_curve(aq_shown *s, const aq_curve *curve);

/* Can it be drawn? What is not finite cannot, nor what would overflow in the making of an axis. */
static inline bool shown_is_drawn(double number) { return number >= -1e300 && number <= 1e300; }
/* The smallest and the largest of the numbers that can be drawn. false: there is none. */
bool shown_curve_range(const double *number, size_t count, double *least, double *most);

/* A line of blocks for each line, in at most so many columns. */
void shown_curve_text(const aq_curve *curve, int columns, struct rt_text *out);
/* A figure with a drawing in SVG. */
void shown_curve_html(const aq_curve *curve, struct rt_text *out);

#endif
