/* signature.h: the shape rules of ops.def, applied to types. The compiler infers with them, the verifier
 * proves with them. */
#ifndef AQ_VM_SIGNATURE_H
#define AQ_VM_SIGNATURE_H

#include "vm/module.h"

/* What does not fit, so that messages can say it in the user's words: which argument and axis of the op, and
 * the two dims that differ. */
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
  const int64_t *attr; /* NULL: all of them 0 */
  double real;
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

/* The dims of all axes that the op combines, each once: k, m and n of a product [m, k] times [k, n]. The call
 * must have passed vm_signature_apply. Gives their number. */
enum { VM_MOST_COMBINED = 64 };
int vm_signature_combined(const struct vm_op_call *call, vm_dim dim[VM_MOST_COMBINED]);

/* Which axis of the result each axis of an argument is, by the letters of the signature: to[a], or -1: it is
 * none. `given` of the call is the type of the result. */
void vm_signature_axes(const struct vm_op_call *call, int arg, int8_t to[RT_MAX_RANK]);

/* How many results the op has; plan: of an attention op. -1: the instruction says (lanes, scan). */
int vm_op_result_count(enum rt_op op, const struct attend_plan *plan);

/* What the row of an op says. */
int vm_op_arity(enum rt_op op); /* fixed arguments; those after `...` not counted */
bool vm_op_variadic(enum rt_op op);
/* Has the argument the rows of the result, as x of `x:[*r,k] w:[k,*n] -> [*r,*n]`? */
bool vm_op_has_rows(enum rt_op op, int arg);
const char *vm_op_arg_name(enum rt_op op, int arg, char name[32]);
bool vm_op_may_overwrite(enum rt_op op, int arg);      /* may a result lie where the argument is? */
bool vm_op_may_be_infinite(enum rt_op op, int result); /* by definition, not by mistake */

/* What an attribute means; its prefix in ops.def. */
enum vm_attr_kind {
  VM_ATTR_WHOLE,   /* a whole number that only the op knows */
  VM_ATTR_SWITCH,  /* 0 or 1; chooses among the op's signatures where it has several */
  VM_ATTR_AXIS,    /* of argument 0 */
  VM_ATTR_MASK,    /* a bit for each axis that is kept */
  VM_ATTR_ORDER,   /* of axes, four bits each */
  VM_ATTR_DIM,     /* a vm_dim; the kernel gets its size */
  VM_ATTR_PLAN,    /* of a head: its number in the module */
  VM_ATTR_PROGRAM, /* a lane program */
  VM_ATTR_BODY,    /* a function that the op runs */
  VM_ATTR_NATIVE   /* a native function: its number in the module */
};
int vm_op_attr_count(enum rt_op op);
enum vm_attr_kind vm_op_attr_kind(enum rt_op op, int attr);
const char *vm_op_attr_name(enum rt_op op, int attr);
const char *vm_op_real_name(enum rt_op op); /* of its real number; NULL: it has none */

#endif
