/* token_step_parts.h: what the two files of the step of a text share. */
#ifndef AQ_COMPILER_IR_TOKEN_STEP_PARTS_H
#define AQ_COMPILER_IR_TOKEN_STEP_PARTS_H

#include "compiler/ir/dependence.h"
#include "compiler/ir/token_step.h"

/* A node as the step has it. all: a bit for each axis along the text that has the rows of the whole text so
 * far, 0 .. P + T - 1. The other axes along the text have the new ones, P .. P + T - 1; one of T + c rows has
 * P .. P + T + c - 1. most: of the axis in `all` there are so many rows of before at most. */
struct step_version {
  uint32_t all;
  int64_t most; /* 0: all of them */
  ir_id made;
  uint32_t next; /* another version of the node; 0: none */
};

struct stepping;

/* What the walks ask of token_rules.c, which calls them. */
struct step_rules {
  /* The version of a node by the rule of its op. */
  ir_id (*make)(struct stepping *s, ir_id n, uint32_t all);
  /* Is the node with all rows along its only axis along the text made from operands with all rows, instead of
   * kept? */
  bool (*passes)(const struct stepping *s, ir_id n);
};

/* Two walks over the nodes. The first, from the output backwards, finds out which versions are needed; the
 * second makes them in order. Both follow the same rules: step_need notes what it is asked for, then gives
 * it, and a rule makes nothing while `looking`. */
struct stepping {
  struct ir_graph *g;
  const struct ir_written *text;
  const struct step_rules *rules;
  struct ir_token_step *step;
  struct rt_error *error;
  uint32_t symbol; /* of T */
  uint32_t count;  /* of the graph when it began */
  bool looking;
  bool *depends; /* by node: on the text or its length */
  struct ir_dependence *reach;
  uint32_t *first;
  struct step_version *version; /* from 1 on */
  size_t version_count, version_capacity;
  ir_id *argument; /* by node: that has its value, when it was computed before */
  size_t kept_capacity;
};

/* A version of a node; of one that the text does not decide, the node or what was computed at the beginning.
 * 0 on failure. While looking, anything but 0. */
ir_id step_need(struct stepping *s, ir_id n, uint32_t all);
/* The new rows of a node along its first axis, the only one along the text, and the last `most` before them.
 */
ir_id step_need_last(struct stepping *s, ir_id n, int64_t most);
/* Says why there is no step, if nothing has been said yet. Gives 0. */
ir_id step_refuse(struct stepping *s, ir_id n, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The dim is times * T + rest. False: it is not, and that has been refused. times is VM_NO_DIM where there is
 * no T. */
bool step_split(struct stepping *s, ir_id n, vm_dim dim, vm_dim *times);
/* The dim as the whole text so far has it: T becomes P + T. */
vm_dim step_whole(struct stepping *s, vm_dim dim);
/* How many elements of such an axis are those of before: times * P. */
vm_dim step_before(struct stepping *s, vm_dim dim);
/* What is in the dim beside the text: rest. */
vm_dim step_rest(struct stepping *s, vm_dim dim);
bool step_is_along(const struct stepping *s, vm_dim dim);
bool step_has_none(const struct stepping *s, vm_dim dim); /* is it 0? */
/* A bit for each axis along the text. */
uint32_t step_axes(const struct stepping *s, ir_id n);
struct vm_type step_type(struct stepping *s, ir_id n, uint32_t all);
/* Messages and lines of what is made for a node go to its place. */
struct ir_at step_at(const struct stepping *s, ir_id n);
/* The node again, with other arguments and the type of the version. */
ir_id step_copy(struct stepping *s, ir_id n, uint32_t all, const ir_id *arg);
/* Part of an axis: `size` rows from `start` on. */
ir_id step_slice(struct stepping *s, ir_id n, ir_id from, int axis, vm_dim start, vm_dim size);
/* One behind the other along the axis of length `size`. */
ir_id step_join(struct stepping *s, ir_id n, const ir_id part[2], int axis, vm_dim size);

/* A kept value: what a step reads. start: a node that the text does not decide, or 0. step_replace says what
 * becomes of it. */
ir_id step_keep(struct stepping *s, const struct vm_type *type, ir_id start);
void step_replace(struct stepping *s, ir_id kept, ir_id next);
/* Do the rows of a node along the axis stay what they are when more tokens come? If not, that is refused. */
bool step_may_keep(struct stepping *s, ir_id n, int axis);

/* token_step.c: the walks, with those rules. */
int step_walk(struct ir_graph *g, const struct ir_written *text, const struct step_rules *rules,
              struct ir_token_step *step, struct rt_error *error);

#endif
