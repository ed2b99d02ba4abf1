/* signature_rules.h: the signature strings of ops.def, taken apart. Only for signature*.c. */
#ifndef AQ_VM_SIGNATURE_RULES_H
#define AQ_VM_SIGNATURE_RULES_H

#include "vm/signature.h"

enum { RULE_MAX_ARGS = 7, RULE_MAX_AXES = 4, RULE_MAX_NAMES = 8, RULE_NAME = 12 };

struct rule_axis {
  bool group;
  uint8_t name;
}; /* `*r` or `k`; name: index into the rule's names */

struct rule_shape {
  char name[RULE_NAME]; /* of the argument; "" for the result */
  struct rule_axis axis[RULE_MAX_AXES];
  int axis_count;
  bool whole; /* `[]i`: whole numbers */
  int of;     /* name of the dim in `of v`, -1 none */
};

struct rule {
  struct rule_shape arg[RULE_MAX_ARGS], result;
  int arg_count; /* the one before `...` included */
  bool variadic;
  bool free_result; /* some name in the result is in no argument */
  int name_count;
  struct {
    char text[RULE_NAME];
    bool group;
  } name[RULE_MAX_NAMES];
};

/* The rule of an op; attr chooses between the variants of the products (NULL: the plain one). */
const struct rule *rule_of(enum rt_op op, const int64_t *attr);

/* ---- what the files of the signature share ---- */

/* An axis of an argument; arg -1: of the given result. */
struct op_axis {
  int arg, axis;
};

/* No mismatch yet. */
void signature_start_mismatch(struct vm_mismatch *mismatch);
/* Fills the mismatch (when there is one to fill) and returns RT_BAD_DATA. */
int signature_fail(const struct vm_op_call *call, int arg, int axis, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* The same, about two axes that should have one dim: `at` has `found` where `other` says `expected`. */
int signature_fail_dims(const struct vm_op_call *call, struct op_axis at, struct op_axis other, vm_dim found,
                        vm_dim expected);
const char *signature_axis_name(int axis, int rank);

/* Is the type one that can be: rank, dims and dtype in range, nothing ragged that is shared. arg -1: the
 * result. */
int signature_check_type(const struct vm_op_call *call, const struct vm_type *type, int arg);

/* signature_ops.c: take, take_grad: the table's axes before its last are the index's that attribute 0 keeps.
 */
int signature_check_take(const struct vm_op_call *call, const struct vm_type *table,
                         const struct vm_type *index);
/* signature_ops.c: dot: b's axes are those of a that attribute 0 keeps, its last among them. */
int signature_check_dot(const struct vm_op_call *call);
/* signature_ops.c: ops with rules beyond their strings. RT_OK and *result. */
int signature_given_result(const struct vm_op_call *call, struct vm_type *result);
/* signature_attend.c: result number n of the attention ops. */
int signature_attend(const struct vm_op_call *call, int number, struct vm_type *result);

#endif
