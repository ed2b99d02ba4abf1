/* requirement.h: what a program asks of sizes. x[0] needs a T of at least 1; a shape with T / 2 needs an even
 * T. The compiler proves what it can from the limits that the program declares, such as words[1 <= T]. It
 * refuses what no sizes can meet, and writes the rest into the module, for whoever reads rows. The machine
 * does not trust this table and checks sizes by itself. */
#ifndef AQ_VM_REQUIREMENT_H
#define AQ_VM_REQUIREMENT_H

#include "vm/dims.h"

enum vm_requirement_kind {
  VM_NOT_NEGATIVE, /* the dim is at least 0: T - 3 for x[2] */
  VM_WHOLE         /* the dim is a whole number, and divides by nothing that is 0: T/2 */
};

struct vm_requirement {
  vm_dim dim;
  uint8_t kind;     /* enum vm_requirement_kind */
  const char *what; /* the words of the program that ask for it: "x[2]" */
  const char *file;
  uint32_t line, column; /* where they stand */
  const char *text;      /* that line of the source */
};

/* Do the sizes meet it? ragged: the sizes of one example by symbol number, below 0 where not known, or NULL.
 * RT_OK: yes; RT_BAD_DATA: no; RT_NEGATIVE: that depends on a size that is not known. */
int vm_requirement_met(const struct vm_dims *dims, const struct vm_requirement *r, const int64_t *ragged);

/* For which sizes within their limits does it hold? */
enum vm_truth { VM_FOR_SOME, VM_FOR_ALL, VM_FOR_NONE };
/* The answer is exact when the dim rises or falls with each of its symbols, and for wholeness when few sizes
 * must be tried. Otherwise it is VM_FOR_SOME. Returns RT_OK or RT_NO_MEMORY. */
int vm_requirement_truth(const struct vm_dims *dims, enum vm_requirement_kind kind, vm_dim dim,
                         enum vm_truth *truth);
/* a >= 0 for all sizes within their limits? No for VM_NO_DIM, and where it is not known. */
bool vm_never_negative(const struct vm_dims *dims, vm_dim a);

/* ragged: does it depend on a size that each example has of its own? open: on one that the data will give? */
bool vm_requirement_is_ragged(const struct vm_dims *dims, const struct vm_requirement *r);
bool vm_requirement_is_open(const struct vm_dims *dims, const struct vm_requirement *r);

/* Does it say how large one unknown size may be, as T >= 3 does? Then the symbol, whether the limit is the
 * least or the most, and the limit. */
bool vm_requirement_limit(const struct vm_dims *dims, const struct vm_requirement *r, uint32_t *symbol,
                          bool *least, int64_t *limit);
/* Does it say that one unknown size is a multiple of a number? Then the symbol and the number. */
bool vm_requirement_multiple(const struct vm_dims *dims, const struct vm_requirement *r, uint32_t *symbol,
                             int64_t *of);
/* As a formula: "T >= P + 1", "T/2 is a whole number". */
void vm_requirement_print(const struct vm_dims *dims, const struct vm_requirement *r, struct rt_text *out);

#endif
