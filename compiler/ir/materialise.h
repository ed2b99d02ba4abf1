/* materialise.h: values of slots as tensors. A node of a slot becomes a tensor with the axes that the
 * node varies with, laid out [h?, its own axes.., i?, j?]. What a mask hides must be as if it did not
 * exist, forwards and backwards, whatever the program makes of it. So a value that enters a tile (a leaf,
 * or a value with fewer axes) is set to 0 where it is hidden. The gradient of that choice is 0 there too,
 * so that no NaN gets out. Sums and maxima leave out what is hidden, and hidden weights are 0. */
#ifndef AQ_COMPILER_IR_MATERIALISE_H
#define AQ_COMPILER_IR_MATERIALISE_H

#include "compiler/ir/ir.h"

/* R: the value was made from what is seen of a row, a column or all pairs, and is hidden where nothing is
 * seen. G: its own axis is that of all heads, and each element is hidden where that head does not see. */
enum { I = IR_VARIES(ATTEND_I), J = IR_VARIES(ATTEND_J), H = IR_VARIES(ATTEND_H), R = 1 << 7, G = 1 << 6 };

struct tensor {
  ir_id id;
  uint8_t varies;
};

struct materialise {
  struct ir_graph *g;
  struct ir_head *head;
  const ir_id *arg;      /* query, key, value, extras */
  ir_id first;           /* the position of the first query; 0: 0 */
  bool may_hide;         /* some scores may be minus infinity */
  vm_dim dim[3];         /* by role */
  uint8_t scored;        /* what the raw score varies with */
  struct tensor seen[4]; /* by I and J: true where a pair is seen, a query sees, a key is seen, anything is.
                            id 0: always */
  struct tensor *value;  /* by node of the slot at hand */
  const struct ir_graph *slot;
  struct gr_span span;
  struct rt_error *error;
};

/* Where the node of the slot at hand is appended. */
static inline struct ir_at here(const struct materialise *m) {
  return (struct ir_at){m->g, m->span, m->error};
}

extern const struct vm_type ir_number_type;

/* The type of a value of type `own` in a slot that varies so, and which of its axes is that of a role. */
struct vm_type ir_tensor_type(const struct materialise *m, uint8_t varies, const struct vm_type *own,
                              bool batched);
int ir_tensor_axis(uint8_t varies, int own_rank, enum attend_axis role);
/* Of the axes of a value that varies with `in`, by a mask, those of the positions in `of`. */
uint32_t ir_tensor_axes(uint8_t of, uint8_t in, int own_rank);
bool ir_tensor_batched(const struct materialise *m, ir_id id);

/* All that follow pass id 0 on, and return it on failure. */
ir_id ir_tensor_fill(struct materialise *m, double number, const struct vm_type *type);
/* Repeats a tensor along the positions it lacks, and for every example when `batched`. */
ir_id ir_tensor_spread(struct materialise *m, struct tensor t, uint8_t to, const struct vm_type *own,
                       bool batched);
/* where(c, yes, no) of three tensors of one shape, which takes from what is finite: see IR_CHOICE_OWN. */
ir_id ir_tensor_choose(struct materialise *m, ir_id c, ir_id yes, ir_id no);
/* where(seen, t, hidden), when that says anything about a value that varies so. */
ir_id ir_tensor_hide(struct materialise *m, struct tensor t, const struct vm_type *own,
                     const struct tensor *seen, double hidden);
/* A value as it is used in something that varies with `to`. */
ir_id ir_tensor_enter(struct materialise *m, struct tensor t, uint8_t to, const struct vm_type *own,
                      bool batched);

/* Where something that varies so is seen. */
const struct tensor *ir_tensors_seen(const struct materialise *m, uint8_t varies);
/* Fills m->seen from the mask (id 0: none). */
bool ir_tensors_see(struct materialise *m, struct tensor mask);

#endif
