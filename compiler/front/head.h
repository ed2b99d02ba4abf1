/* head.h: the slots of a head at one call. head.c fills them and makes the attention, with.c finds what is
 * said around them, head_slots.c evaluates them. */
#ifndef AQ_COMPILER_FRONT_HEAD_H
#define AQ_COMPILER_FRONT_HEAD_H

#include "compiler/front/elaborate.h"

/* Who says what a slot is: the head itself, or a `with` behind its call. */
struct cc_slot_source {
  const struct gr_node *node; /* its last child is the formula; NULL: the head does not say it */
  struct cc_scope *scope;     /* whose names are in sight there */
  const struct cc_unit *unit;
  const struct cc_slot_source *inner; /* of a `with`: what the slot's name means in its formula */
};

struct cc_slots {
  struct cc_slot_source own[CC_SLOTS];           /* what the head says */
  const struct cc_slot_source *source[CC_SLOTS]; /* what counts */
  const struct cc_scope *scope;                  /* of the head's body */
  vm_dim width;                                  /* of the query */
  bool several;                                  /* of a head[H] */
};

/* Evaluates what a source says. In a `with`, the name of the slot is what the source within says, and query,
 * key and value are the head's. */
int cc_slot_value(struct cc_context *c, const struct cc_slots *slots, enum cc_slot_number number,
                  const struct cc_slot_source *source, struct cc_value *value);
/* The programs of score (with norm), mask and drop. */
int cc_slot_programs(struct cc_context *c, const struct cc_slots *slots, struct cc_slot *slot,
                     struct gr_span span);

/* with.c: lays what is said behind the calls that led here around what the head says. */
int cc_lay_around(struct cc_context *c, struct cc_slots *slots);

#endif
