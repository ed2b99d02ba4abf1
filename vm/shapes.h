/* shapes.h: the shapes of a function's values for one batch. Made once with a machine; bound anew for every
 * batch. */
#ifndef AQ_VM_SHAPES_H
#define AQ_VM_SHAPES_H

#include "vm/module.h"

/* A dim that the function uses. */
struct shape_dim {
  vm_dim dim;
  bool ragged;
  int64_t symbol;      /* ragged and just one symbol: its number, else -1 */
  int64_t size;        /* ragged: the sum over the examples */
  const int64_t *each; /* ragged: [examples] */
};

/* A RAGGED or BOUND symbol that matters, and what it was at the last bind. */
struct shape_symbol {
  uint32_t number;
  int64_t value;
  int64_t *each;
};

/* Lengths of one example that were bound before. */
enum { VM_SEEN = 128, VM_SEEN_LENGTHS = 4 };
struct shape_seen {
  int64_t noted; /* 1, once something is */
  int64_t length[VM_SEEN_LENGTHS];
};

struct vm_shapes {
  const struct vm_dims *dims;
  struct shape_dim *dim;
  size_t dim_count, dim_capacity;
  struct rt_shape *shape;
  size_t shape_count, shape_capacity;
  struct shape_axes {
    uint32_t axis[RT_MAX_RANK];
  } * axes;
  size_t axes_capacity; /* [shape_count] indices into dim */
  struct shape_symbol *ragged;
  size_t ragged_count, ragged_capacity;
  struct shape_symbol *bound;
  size_t bound_count, bound_capacity;
  int64_t *room;
  size_t room_capacity; /* all per-example numbers */
  int64_t *example;     /* [symbol_count] sizes of one example, by symbol number */
  size_t derived_count; /* ragged dims that are not just a symbol */
  size_t ragged_shape_count;
  int64_t examples;        /* of the last bind; 0: not bound */
  bool fixed;              /* dims that are not ragged have their sizes */
  struct shape_seen *seen; /* [VM_SEEN] */
};

void vm_shapes_init(struct vm_shapes *shapes, const struct vm_dims *dims);
void vm_shapes_free(struct vm_shapes *shapes);

/* The numbers of a type's shape and of a dim; the same type or dim gets the same number. Only before
 * vm_shapes_ready. UINT32_MAX: out of memory. */
uint32_t vm_shapes_type(struct vm_shapes *shapes, const struct vm_type *type);
uint32_t vm_shapes_dim(struct vm_shapes *shapes, vm_dim dim);
/* Symbols that `other` depends on are kept here too, but number `except` (UINT32_MAX: all). Only before
 * vm_shapes_ready. */
int vm_shapes_include(struct vm_shapes *shapes, const struct vm_shapes *other, uint32_t except);
/* Everything is known; shapes no longer move. */
int vm_shapes_ready(struct vm_shapes *shapes);

/* Computes all sizes, see vm_machine_bind. *changed: whether anything differs from the last bind. After a
 * failure nothing is bound. */
int vm_shapes_bind(struct vm_shapes *shapes, int64_t examples, const int64_t *const *ragged, bool *changed,
                   struct rt_error *error);

/* Were the sizes that are bound noted before? What depends on nothing else then needs no second look. Only
 * those of one example with a few lengths are kept, and all are forgotten when another size changes. */
bool vm_shapes_seen(const struct vm_shapes *shapes);
void vm_shapes_note(struct vm_shapes *shapes);
void vm_shapes_forget(struct vm_shapes *shapes);

size_t vm_shapes_memory(const struct vm_shapes *shapes);

#endif
