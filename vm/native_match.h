/* native_match.h: a native function against the types that it is called with. */
#ifndef AQ_VM_NATIVE_MATCH_H
#define AQ_VM_NATIVE_MATCH_H

#include "vm/module.h"

/* A call of it: arg are its arguments, without what a gradient is given beside them. */
struct vm_native_types {
  const struct vm_dims *dims;
  const struct vm_native_signature *signature;
  const struct vm_type *const *arg;
  const struct vm_type *result;
};
/* Fits what is declared? Fills size[] with the dim of each size; those of numbers are VM_NO_DIM. Otherwise
 * *arg is the argument that does not fit, -1: the result. */
bool vm_native_match(const struct vm_native_types *types, vm_dim size[VM_NATIVE_SIZES], int *arg);
/* The type of what argument k receives from the gradient of a call. */
struct vm_type vm_native_received(const struct vm_native_types *types, int k);
/* The number of the real argument that result number k of a gradient is for. */
int vm_native_real_at(const struct vm_native_signature *signature, int k);

#endif
