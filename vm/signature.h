/* signature.h: the shape rules of ops.def, applied to types. The compiler infers with them, the verifier
 * proves with them. */
#ifndef AQ_VM_SIGNATURE_H
#define AQ_VM_SIGNATURE_H

#include "vm/module.h"

/* What does not fit, for messages in the user's words: which argument and axis of the op, and the two dims
 * that differ. */
struct vm_mismatch {
  int arg, other_arg; /* -1: none. The argument that does not fit, and the one that said otherwise */
  int axis, other_axis;
  vm_dim found, expected;
  char why[160]; /* "rows of `a` and columns of `b`", "wrong number of axes", "needs whole numbers" … */
};

/* An op and what it is applied to. */
struct vm_op_call {
  struct vm_dims *dims;
  enum rt_op op;
  int arg_count;
  const struct vm_type *const *arg;
  const int64_t *attr;            /* NULL: all of them 0 */
  const struct attend_plan *plan; /* of an attention op; NULL for others */
  const struct vm_type *given;    /* the type of the result where the arguments do not tell it (expand, sum,
                                     slice,    constant …); else NULL */
  struct vm_mismatch *mismatch;   /* says what does not fit; may be NULL */
};

/* The type of the call's result. It is batched when an argument is, unless the op is SHARED or `given` says
 * so. Rules of single ops are checked as well: axis masks, permutations, equal element counts of reshape,
 * starts of slices. RT_OK and *result, or RT_BAD_DATA and the mismatch. */
int vm_signature_apply(const struct vm_op_call *call, struct vm_type *result);

/* The type of result number 0, 1, … of an op with several results (attention: y, lse; attention_grad: dquery,
 * dkey, dvalue, and one for each extra with wants_grad, in order). Number 0 is what vm_signature_apply gives.
 * Shapes are as runtime/attend_plan.h says. RT_BAD_DATA for other ops, and for a number that the op does not
 * have. */
int vm_signature_result(const struct vm_op_call *call, int number, struct vm_type *result);

int vm_op_arity(enum rt_op op); /* fixed arguments; those after `...` not counted */
bool vm_op_variadic(enum rt_op op);
const char *vm_op_arg_name(enum rt_op op, int arg, char name[32]);
bool vm_attr_is_dim(enum rt_op op, int attr); /* is attr[n] a vm_dim? */
int vm_op_attr_count(enum rt_op op);

#endif
