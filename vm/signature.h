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

/* The type of op(args). given: the result type for ops whose signature does not bind it (expand, sum, slice,
 * constant …), else NULL. The result is batched when an argument is, unless the op is SHARED or given says
 * so. Every op-specific rule is checked as well: axis masks, permutations, equal element counts of reshape,
 * starts of slices. RT_OK and *result, or RT_BAD_DATA with *mismatch. Attention ops take their plan; NULL
 * otherwise. */
int vm_signature_apply(struct vm_dims *dims, enum rt_op op, int arg_count, const struct vm_type *const *arg,
                       const int64_t *attr, const struct attend_plan *plan, const struct vm_type *given,
                       struct vm_type *result, struct vm_mismatch *mismatch);

/* The type of result number 0.. of an op with several results (attention: y, lse; attention_grad: dquery,
 * dkey, dvalue, one for each extra with wants_grad, in order); number 0 is what vm_signature_apply gives,
 * from the same attributes. Shapes as runtime/attend_plan.h says. For other ops, and numbers there are none
 * of, RT_BAD_DATA. */
int vm_signature_result(struct vm_dims *dims, enum rt_op op, int arg_count, const struct vm_type *const *arg,
                        const int64_t *attr, const struct attend_plan *plan, int number,
                        struct vm_type *result, struct vm_mismatch *mismatch);

int vm_op_arity(enum rt_op op); /* fixed arguments; those after `...` not counted */
bool vm_op_variadic(enum rt_op op);
const char *vm_op_arg_name(enum rt_op op, int arg, char name[32]);
bool vm_attr_is_dim(enum rt_op op, int attr); /* is attr[n] a vm_dim? */
int vm_op_attr_count(enum rt_op op);

#endif
