/* dims_fraction.h: the exact value of a polynomial, for the files that ask what a dim is worth. */
#ifndef AQ_VM_DIMS_FRACTION_H
#define AQ_VM_DIMS_FRACTION_H

#include "vm/dims.h"

/* A fraction in lowest terms, its denominator positive. Parts fit in 64 bits wherever one is handed out. */
struct vm_fraction {
  __int128 numerator, denominator;
};

enum vm_outcome { VM_FINE, VM_UNKNOWN, VM_BY_ZERO, VM_TOO_LARGE };

/* sizes: of RAGGED symbols by number, below 0 where not known, or NULL. The others have their own value. */
enum vm_outcome vm_poly_value(const struct vm_dims *dims, const struct vm_poly *poly, const int64_t *sizes,
                              struct vm_fraction *value);
/* The same where `all` has the value of every symbol. */
enum vm_outcome vm_poly_value_at(const struct vm_dims *dims, const struct vm_poly *poly, const int64_t *all,
                                 struct vm_fraction *value);

#endif
