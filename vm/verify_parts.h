/* verify_parts.h: what the files of the verifier share. */
#ifndef AQ_VM_VERIFY_PARTS_H
#define AQ_VM_VERIFY_PARTS_H

#include "vm/signature.h"

struct verify {
  const struct vm_module *module;
  struct vm_dims dims; /* a branch of the module's: proofs make new sums and products */
  struct rt_error *error;
  const struct vm_function *f; /* the one at hand */
  uint32_t n;                  /* its instruction at hand */
  uint32_t *holder;            /* [slot_count] the value that a slot holds, UINT32_MAX none */
  uint32_t *seen_as;           /* [value_count] what a view shows; UINT32_MAX not read yet */
  bool *written;               /* [value_count] */
};

/* Is the type possible? Rank, dims, range and dtype are in range, and nothing that is shared is ragged. what:
 * whose type it is, for the message. */
int verify_type(struct verify *v, const struct vm_type *type, const char *what);
/* May a be a view of b: as many elements of the same kind, perhaps under another shape? */
bool verify_view(struct verify *v, const struct vm_type *a, const struct vm_type *b);
/* A failure at the instruction at hand. */
int verify_fail(struct verify *v, const char *format, ...) __attribute__((format(printf, 2, 3)));

int verify_module_parts(struct verify *v); /* verify_module.c: all but the functions */
int verify_continuing(struct verify *v);   /* verify_module.c: what is kept from token to token; the functions
                                              are known to be well formed */
int verify_lanes(
    struct verify *v); /* verify_lanes.c: the instruction at hand is OP_lanes; its operands exist */
int verify_scan(struct verify *v, const struct vm_instr *instr,
                const struct vm_type *const *arg);    /* verify_scan.c: its arguments and results */
int verify_native(struct verify *v, uint32_t number); /* verify_native.c: a native function of the module */
int verify_native_call(struct verify *v, const struct vm_instr *instr,
                       const struct vm_type *const *arg); /* verify_native.c: its arguments and results */
int verify_plan(struct verify *v, uint32_t number);       /* verify_lanes.c: an attention plan's programs */

#endif
