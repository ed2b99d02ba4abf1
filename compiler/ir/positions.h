/* positions.h: where a formula of two positions holds. A mask such as `j <= i and i - j <= 8` says of a key j
 * and a query i whether they meet; this finds how far j may then be from i. Formulas are evaluated on ranges
 * that keep i and j apart: j - i is exact however large both are. What is not known of a value, such as data,
 * may be any number. */
#ifndef AQ_COMPILER_IR_POSITIONS_H
#define AQ_COMPILER_IR_POSITIONS_H

#include "compiler/ir/finite.h"

/* An end of a range of positions: a size, below or above 0, or beyond all sizes. */
struct ir_end {
  bool far;
  vm_dim at;
};

/* The positions that a formula is asked about: 0 <= i < queries and from <= j < to. VM_NO_DIM: no limit.
 * dims: where sizes are computed in. */
struct ir_box {
  struct vm_dims *dims;
  vm_dim queries, from, to;
};

/* A formula as a list of steps, operands before what uses them. */
enum { IR_FORMULA_STEPS = 256 };
struct ir_formula {
  int count, result; /* count 0: nothing is known of it */
  int heads;         /* it must be asked for each of so many; 0: it says the same for all */
  struct ir_step_of {
    enum {
      IR_STEP_ANY,    /* any number */
      IR_STEP_NUMBER, /* `number` */
      IR_STEP_SIZE,   /* `size` */
      IR_STEP_I,      /* the position i, and `size` */
      IR_STEP_J,
      IR_STEP_H,    /* the number of the head */
      IR_STEP_SOME, /* a position along another axis: a whole number below `size` */
      IR_STEP_OP,   /* a lane op */
      IR_STEP_OVER, /* a reduction of operand 0 over the keys, of the kind `op`: any number */
      IR_STEP_PICK, /* the element of table `op` (an extra) that operand 0 says: any number */
      IR_STEP_MOST  /* the largest along an axis: at least operand 0, its element at i */
    } is;
    uint16_t op;
    bool wild; /* it may be infinite or not a number */
    bool not_zero;
    int16_t arg[3];
    double number;
    vm_dim size;
  } step[IR_FORMULA_STEPS];
};

/* Where formulas are taken from: a graph, what its nodes may be, and where sizes are computed in. */
struct ir_around {
  const struct ir_graph *g;
  const struct ir_numbers *numbers;
  struct vm_dims *dims;
  /* Of the body of a recurrence, by argument: one that is range(n) and this size, or its row, the number of
   * the step (VM_NO_DIM: it is something else); NULL: of none. of_step: that number is i, of `steps`. */
  const vm_dim *counts;
  bool of_step;
  vm_dim steps;
  bool shown; /* only elements count that a head does not hide: what it makes of others is left out */
};
/* The formula of a slot of the head that an attention op runs. RT_OK or RT_NO_MEMORY. */
int ir_formula_of_slot(const struct ir_around *around, const struct ir_node *attention,
                       const struct ir_slot *slot, struct ir_formula *out);
/* The formula that a node is, where i counts along one of its axes and j along another. */
void ir_formula_of_node(const struct ir_around *around, ir_id node, int i_axis, int j_axis,
                        struct ir_formula *out);

/* What is asked for: pairs in which the formula is not 0, or 0; or in which a score counts: it is not minus
 * infinity (of a softmax), or not 0. */
enum ir_question { IR_WHERE_TRUE, IR_WHERE_FALSE, IR_WHERE_SOFTMAX, IR_WHERE_WEIGHT };
struct ir_asked {
  const struct ir_formula *formula; /* NULL: it says nothing */
  enum ir_question question;
};

/* The most (or least) that j - i - shift is where all of the questions are answered with yes: a whole number,
 * or far, when the questions keep no pair of the box out. `never`: there is no such pair. */
struct ir_gap {
  bool never, far;
  int64_t at;
};
struct ir_gap ir_most_ahead(const struct ir_asked *asked, int count, const struct ir_box *box, vm_dim shift);
struct ir_gap ir_most_behind(const struct ir_asked *asked, int count, const struct ir_box *box, vm_dim shift);
/* Is the formula surely true, or surely false, in the whole box? */
bool ir_surely(const struct ir_formula *formula, const struct ir_box *box, bool truth);

/* A table of `length` elements is read at the place that a step of the formula is, for the pairs of the box
 * for which all questions are answered with yes. May that be in front of its first element, or behind its
 * last? There the first is read, or the last. */
struct ir_beyond {
  bool front, behind;
};
struct ir_beyond ir_reads_beyond(const struct ir_formula *formula, int step, vm_dim length,
                                 const struct ir_asked *asked, int count, const struct ir_box *box);

/* A formula that is i or j, or i - j, … and a size: exactly i `i` + j `j` + size. False: it is not. */
struct ir_place {
  double i, j;
  vm_dim size;
};
bool ir_formula_place(const struct ir_formula *formula, int step, struct vm_dims *dims,
                      struct ir_place *place);
/* Does the formula, asked about the box, depend on the size that the symbol is? Conditions that are decided
 * in the whole box do not. placed[k]: what the index of table k is counted from (VM_NO_DIM: 0). */
bool ir_formula_tells(const struct ir_formula *formula, const struct ir_box *box, uint32_t symbol,
                      const vm_dim *placed);

#endif
