/* dependence.h: from which positions of a text each value is made. An element of a value that stands at
 * position t of the text may be made of that position alone, of those before it too, or of all. Masks decide
 * it for heads, the direction for recurrences and running sums, the start for parts of an axis.
 *
 * What is found is never too little: a value whose positions cannot be told from its formula counts as made
 * of all of them. */
#ifndef AQ_COMPILER_IR_DEPENDENCE_H
#define AQ_COMPILER_IR_DEPENDENCE_H

#include "compiler/ir/positions.h"

/* The text: inputs whose positions are followed, and the symbol of its length. */
struct ir_text {
  uint32_t length; /* symbol number */
  int count;
  const struct ir_text_input {
    ir_id node;
    int axis;
  } * input;
};

struct ir_dependence;
/* For all nodes of the graph, which stays as it is. RT_OK or RT_NO_MEMORY; freed by ir_dependence_free. */
int ir_dependence_find(const struct ir_graph *g, const struct ir_text *text, struct ir_dependence **out);
void ir_dependence_free(struct ir_dependence *d);
/* What the nodes of the graph may be, by their number. */
const struct ir_numbers *ir_dependence_numbers(const struct ir_dependence *d);

/* What element t along an axis of a node is made of: positions t - back .. t + ahead of the text. */
struct ir_reach {
  bool none;                /* of no position */
  bool length;              /* of how long the text is */
  bool back_far, ahead_far; /* from the first position on; up to the last one */
  int64_t back, ahead;      /* where not far; below 0: not even its own */
};
struct ir_reach ir_reach_along(const struct ir_dependence *d, ir_id node, int axis);
/* own: of nothing but position t; past: of nothing behind it. */
static inline bool ir_reach_is_past(const struct ir_reach *r) {
  return !r->length && (r->none || (!r->ahead_far && r->ahead <= 0));
}
static inline bool ir_reach_is_own(const struct ir_reach *r) {
  return ir_reach_is_past(r) && (r->none || (!r->back_far && r->back <= 0));
}

/* Why element t of a node is made of what is behind t: the way from there to where it comes in. */
struct ir_leak {
  enum {
    IR_LEAK_AHEAD,  /* the last node of the way reads positions behind t where its operand does not */
    IR_LEAK_LENGTH, /* the last node is the length of the text, or something that is placed by it */
  } kind;
  bool far;      /* up to the end; else by `ahead` positions */
  int64_t ahead; /* 0: by a size that is not a number */
  bool wild;     /* the last reads what may be infinite or not a number, which a weight of 0 does not hide */
  bool beyond;   /* the last reads a table behind its end, which is placed by the length */
  int count;     /* the nodes on the way, the first one first */
  ir_id node[64];
  ir_id operand;                /* of the last: by which it comes; 0: it has none */
  const struct ir_node *inside; /* of the last, a recurrence: the node of its body that does; NULL: itself */
};
/* False: there is none. */
bool ir_leak_of(const struct ir_dependence *d, ir_id node, int axis, struct ir_leak *leak);

#endif
