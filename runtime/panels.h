/* panels.h: a matrix once more, laid out as products with it read it.
 *
 * Its columns come in panels, as many side by side as a kernel keeps sums of in registers, and a panel lies
 * in memory row by row. So a product reads from the beginning to the end, where the rows of the matrix itself
 * may be as far from each other as the lines that push each other out of a cache. It costs as much memory as
 * the matrix, and is worth it for one that many products share, such as a model's weights when they are
 * learned. */
#ifndef AQ_RUNTIME_PANELS_H
#define AQ_RUNTIME_PANELS_H

#include "runtime/ops.h"

/* Columns of a panel: two vectors. */
#define RT_PANEL_WIDE(vector_bytes, number_bytes) (2 * (vector_bytes) / (number_bytes))

/* A product reads the panels that there are if it has so many rows, or no more columns than one panel, is so
 * deep, and has no more numbers on the left, which each panel reads again. */
enum {
  RT_PANELS_LEAST_ROWS = 3, /* with AVX2; fewer take more columns at a time than a panel has */
  RT_PANELS_LEAST_DEPTH = 13,
  RT_PANELS_MOST = 1 << 18
};

/* How wide are the panels that the kernels read? 0: they read none. */
int64_t rt_panel_wide(enum rt_precision precision, enum rt_isa isa);
/* The bytes that a matrix takes as panels; what the last one lacks of its width is 0. SIZE_MAX: too many. */
size_t rt_panels_bytes(int64_t rows, int64_t columns, int64_t wide, enum rt_precision precision);
void rt_panels_fill(int64_t rows, int64_t columns, int64_t wide, enum rt_precision precision,
                    const void *matrix, void *panels);

#endif
