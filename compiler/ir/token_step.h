/* token_step.h: what a model that continues a text computes for a few tokens more, and what it has to keep
 * for that of those before.
 *
 * Say that a text has P tokens already, and T more come. Every value of the model has rows for them along the
 * axes that are as long as the text. A value is made for the new rows alone where each row is made of its own
 * row of the operands: products, sums, all that goes element by element. Where a row is made of others too,
 * as under a head, the operand is wanted whole: then the rows of before are kept, and the new ones join them.
 * A recurrence keeps its state, a running sum its last row, a shift by k its last k rows. What the text does
 * not decide, such as an encoded source, is computed once, when the text begins.
 *
 * A row may be kept only when no later token changes it (dependence.h). Of keys that a mask lets nobody see
 * after a while, only the last rows are kept. */
#ifndef AQ_COMPILER_IR_TOKEN_STEP_H
#define AQ_COMPILER_IR_TOKEN_STEP_H

#include "compiler/ir/ir.h"

/* The text that a model continues. */
struct ir_written {
  ir_id output;       /* the scores of what comes next: [T, V] */
  int64_t input;      /* attribute of the OP_input nodes that are the text: [T] */
  vm_dim length;      /* T, a symbol */
  vm_dim before;      /* P */
  int64_t first_kept; /* OP_input nodes from this number on are what is kept */
};

/* A value that a step is given. start: what it is when the text begins; 0: there is nothing yet, since it has
 * a row for each token. next: what it is after the step; 0: it stays. */
struct ir_kept {
  struct vm_type type;
  ir_id start, next;
  int64_t most; /* rows of the first axis that matter, the last ones; 0: all do */
  vm_dim rows;  /* then: how many there are, a symbol */
};

struct ir_token_step {
  ir_id output; /* the scores behind each of the new tokens: [T, V]; 0: it cannot be done, see why */
  struct ir_kept *kept;
  int kept_count;
  const char *why; /* in the arena of the graph */
  struct gr_span at;
};

/* Appends the step to the graph. RT_OK also when the model cannot be computed so. */
int ir_token_step(struct ir_graph *g, const struct ir_written *text, struct ir_token_step *step,
                  struct rt_error *error);

#endif
