/* scan.h: from an elaborated step to OP_scan. */
#ifndef AQ_COMPILER_IR_SCAN_H
#define AQ_COMPILER_IR_SCAN_H

#include "compiler/ir/ir.h"

/* A step, elaborated once into the graph around it, with nodes that stand for the state and for a row of each
 * sequence. */
struct ir_step {
  ir_id first;        /* nodes from here on are the stand-ins and what the step made of them */
  vm_dim axis;        /* that the sequences share as their first */
  ir_id start, state; /* where it begins; the stand-in */
  int sequence_count;
  const ir_id *sequence, *row; /* [axis, *r]; the stand-ins [*r] */
  int result_count;
  const ir_id *result; /* the state's first, of its type; all batched as it is */
  bool reverse;
  const char *name; /* path, or NULL */
  struct gr_span span;
};

/* Does one of these values depend on the state or a row of a step whose nodes begin with `first`? */
bool ir_varies_in_step(const struct ir_graph *g, ir_id first, int count, const ir_id *id);

/* Appends the scan. What the step computes from neither state nor rows is computed once, around it; products
 * of rows with what is shared by all steps become products of whole sequences. out: [1], or when the step has
 * further results one for each of those. */
int ir_scan_make(struct ir_graph *g, const struct ir_step *step, ir_id *out, struct rt_error *error);

#endif
