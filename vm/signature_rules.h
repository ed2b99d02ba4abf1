/* signature_rules.h: the signature strings of ops.def, taken apart. Only for signature*.c. */
#ifndef AQ_VM_SIGNATURE_RULES_H
#define AQ_VM_SIGNATURE_RULES_H

#include "vm/signature.h"

enum { RULE_MAX_ARGS = 7, RULE_MAX_AXES = 4, RULE_MAX_NAMES = 8, RULE_NAME = 12, RULE_MAX_SWITCHES = 2 };
enum { RULE_RESULT = -1 }; /* stands for the result where others have the number of an argument */

enum rule_axis_kind {
  AXIS_ONE,   /* `k` */
  AXIS_GROUP, /* `*r`: any number of axes */
  AXIS_KEPT   /* `a&axes`: those axes of argument a that the bit mask in attribute `axes` keeps */
};

struct rule_axis {
  enum rule_axis_kind kind;
  uint8_t name;                        /* ONE, GROUP: index into the rule's names */
  int8_t source;                       /* KEPT: the argument, or RULE_RESULT */
  uint8_t mask;                        /* KEPT: number of the attribute */
  char from[RULE_NAME], by[RULE_NAME]; /* KEPT: both by name */
};

struct rule_shape {
  char name[RULE_NAME];
  bool shared, either, over, infinite; /* the words before the name, see ops.def */
  struct rule_axis axis[RULE_MAX_AXES];
  int axis_count;
  bool whole; /* `[]i`: whole numbers */
  bool any;   /* `[]?`: whole numbers or real ones */
  int of;     /* name of the dim in `of v`, -1 none */
};

struct rule {
  struct rule_shape arg[RULE_MAX_ARGS], result; /* result: the first one */
  int arg_count;                                /* the one before `...` included */
  bool variadic;
  bool given; /* the arguments alone do not tell the result */
  int result_count;
  bool results_open; /* `...` after the result: how many there are is said elsewhere */
  uint32_t infinite; /* bit n: result n may hold infinities */
  int name_count;
  struct {
    char text[RULE_NAME];
    bool group;
  } name[RULE_MAX_NAMES];
};

/* The rule of an op. attr: its switches choose among the op's signatures (NULL: all off). */
const struct rule *rule_of(enum rt_op op, const int64_t *attr);
/* The shape of argument k, which may be one of those that `...` stands for; RULE_RESULT: of the result. */
const struct rule_shape *rule_shape_of(const struct rule *rule, int k);

/* ---- signature_mismatch.c ---- */

/* An axis of an argument, or of the given result. */
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
/* "`x`" or "the result" */
const char *signature_name(const struct vm_op_call *call, int arg, char text[48]);

/* Is the type possible? Rank, dims and dtype are in range, and nothing that is shared is ragged. */
int signature_check_type(const struct vm_op_call *call, const struct vm_type *type, int arg);

/* ---- signature_match.c ---- */

/* What the names of a rule stand for so far, and which argument and axis said so. */
struct bound {
  bool known[RULE_MAX_NAMES];
  vm_dim dim[RULE_MAX_NAMES][RT_MAX_RANK]; /* [0] for a name that is no group */
  int rank[RULE_MAX_NAMES];
  int arg[RULE_MAX_NAMES], axis[RULE_MAX_NAMES]; /* axis -1: the range of arg */
};

/* Do the types have the shapes of the rule? */
int signature_match(const struct vm_op_call *call, const struct rule *rule, struct bound *bound);
/* Is what is shared and what is per example as the words of the rule demand? */
int signature_check_batched(const struct vm_op_call *call, const struct rule *rule);
/* The result of an op whose arguments tell it. */
int signature_result(const struct vm_op_call *call, const struct rule *rule, const struct bound *bound,
                     struct vm_type *result);

/* ---- signature_ops.c, signature_attend.c ---- */

/* What the strings cannot say, for the ops with RT_CHECKED. */
int signature_check_op(const struct vm_op_call *call);
/* Result number n of the attention ops. */
int signature_attend(const struct vm_op_call *call, int number, struct vm_type *result);

#endif
