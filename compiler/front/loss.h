/* loss.h: the terms of what training minimises. Internal to loss.c and loss_term.c. */
#ifndef AQ_COMPILER_FRONT_LOSS_H
#define AQ_COMPILER_FRONT_LOSS_H

#include "compiler/front/elaborate.h"

/* One summand: a loss function of an output, or any other value. */
struct cc_term {
  const struct cc_definition *function; /* NULL: an expression */
  const char *written;                  /* "huber(delta = 2)", in the arena */
  int output;                           /* of a function; else -1 */
  double weight;
  struct gr_span span;
  ir_id mean;  /* over the rows of a batch */
  ir_id count; /* what it is divided by; 0: it is the same for all rows */
  const char
      *link;    /* how the answer follows from what the model returns: of vm/link.h; NULL: it does not say */
  bool counted; /* which is not how many examples or tokens there are */
  uint64_t targets; /* a bit for each output whose target it is made of */
};

/* constant + the sum of the terms. */
struct cc_terms {
  double constant;
  int count;
  size_t capacity;
  struct cc_term *term; /* in the arena */
};

/* Adds a term, or its weight to one that is the same. */
int cc_add_term(struct cc_context *c, struct cc_terms *terms, const struct cc_term *term);
/* The function that a loss names, by itself or in a call, when it takes a prediction and a target; else NULL.
 */
const struct cc_definition *cc_loss_function(struct cc_context *c, const struct gr_node *node);
/* The terms of `huber` or `huber(delta = 2)`, of all outputs, or `huber(y)`, of one. */
int cc_function_terms(struct cc_context *c, const struct cc_definition *function, const struct gr_node *node,
                      struct cc_terms *terms);
/* The term that any other expression is. */
int cc_expression_term(struct cc_context *c, const struct gr_node *node, struct cc_terms *terms);
/* The loss of an output whose program names none. */
int cc_usual_term(struct cc_context *c, int output, struct cc_terms *terms);
const char *cc_usual_loss(const struct cc_context *c, int output);
/* link_twice.c: warns where a model returns what its loss takes of it already. */
int cc_warn_of_links(struct cc_context *c, const ir_id *prediction);
/* Refuses what is no loss: one that is misspelt, or of another system. */
int cc_no_loss(struct cc_context *c, const struct gr_node *node);

#endif
