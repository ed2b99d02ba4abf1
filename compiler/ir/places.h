/* places.h: of what places of the data the positions of an axis are. After `patches` the positions of an
 * axis are squares of an image, row by row; after `concat` of that with words, some are squares and some are
 * words. What is shown of a head says so of its queries and keys.
 *
 * An axis of an input runs over that input. Each op hands axes on, by its signature; reshape takes them apart
 * and puts them together again. Where it cannot be told, nothing is said of an axis. */
#ifndef AQ_COMPILER_IR_PLACES_H
#define AQ_COMPILER_IR_PLACES_H

#include "compiler/ir/ir.h"

/* An axis is a product of factors, the slowest first. */
struct ir_factor {
  vm_dim dim;
  bool known; /* it runs over an axis of an input: */
  uint32_t input;
  uint8_t axis;
  vm_dim low, high; /* element 0 is made of the places around these of the input's axis … */
  vm_dim step;      /* … and each further one of those so many behind */
};

/* Part of an axis, from position `at` on, which may be before its first one: what was there is cut off. */
enum { IR_MOST_FACTORS = 4, IR_MOST_PIECES = 6 };
struct ir_piece {
  vm_dim at;
  int count;
  struct ir_factor factor[IR_MOST_FACTORS];
};
struct ir_axis_places {
  int count; /* 0: nothing is known */
  struct ir_piece piece[IR_MOST_PIECES];
};

/* ---- places_axes.c ---- */

/* That of an axis of an input. */
struct ir_axis_places ir_places_input(struct vm_dims *dims, uint32_t input, int axis, vm_dim dim);
/* What is known of an axis of size `dim` that is made of both, position by position: stays in *a. */
void ir_places_join(struct vm_dims *dims, vm_dim dim, struct ir_axis_places *a,
                    const struct ir_axis_places *b);
/* All positions move by so many, towards the end or (back) the beginning. */
void ir_places_move(struct vm_dims *dims, struct ir_axis_places *a, vm_dim by, bool back);
/* Of an axis of size `from`, every stride-th position with those around it, so many before and behind: an
 * axis of size `to`. Beyond the ends is nothing. */
struct ir_window {
  int64_t before, behind, stride;
};
void ir_places_slide(struct vm_dims *dims, struct ir_axis_places *a, vm_dim from, vm_dim to,
                     struct ir_window window);
/* Adds what stands behind it. */
void ir_places_append(struct ir_axis_places *a, const struct ir_axis_places *more);
/* Axes of a tensor under another shape: from[rank of `type`] becomes to[rank of `into`]. */
void ir_places_reshape(struct vm_dims *dims, const struct vm_type *type, const struct ir_axis_places *from,
                       const struct vm_type *into, struct ir_axis_places *to);
/* For the module: the runs of places that an axis has. run: [VM_MOST_RUNS]; returns how many there are. */
uint32_t ir_places_runs(struct vm_dims *dims, const struct ir_axis_places *a, struct vm_run *run);

/* ---- places.c ---- */

struct ir_places {
  struct ir_axis_places **of; /* [nodes] of the axes of each; NULL: nothing is known of them */
  struct rt_arena arena;
};
int ir_places_find(const struct ir_graph *g, struct ir_places *places); /* RT_OK or RT_NO_MEMORY */
void ir_places_free(struct ir_places *places);

#endif
