/* dims_poly.h: polynomials as such, for the files that ask what a dim is worth. */
#ifndef AQ_VM_DIMS_POLY_H
#define AQ_VM_DIMS_POLY_H

#include "vm/dims.h"

/* A fraction in lowest terms, its denominator positive. Both parts have 64 bits, so that products of two
 * fit. */
struct vm_fraction {
  __int128 numerator, denominator;
};
/* False when the sum has no such fraction. */
bool vm_fraction_add(struct vm_fraction *sum, struct vm_fraction f);

enum vm_outcome { VM_FINE, VM_UNKNOWN, VM_BY_ZERO, VM_TOO_LARGE };

/* sizes: of RAGGED symbols by number, below 0 where not known, or NULL. The others have their own value. */
enum vm_outcome vm_poly_value(const struct vm_dims *dims, const struct vm_poly *poly, const int64_t *sizes,
                              struct vm_fraction *value);
/* The same with a value for one symbol more, in place of what it has. */
struct vm_point {
  uint32_t symbol;
  int64_t value;
};
enum vm_outcome vm_poly_value_with(const struct vm_dims *dims, const struct vm_poly *poly,
                                   const struct vm_point *at, struct vm_fraction *value);
/* The same where `all` has the value of every symbol; of a FLOOR symbol it may be -1, and is computed then.
 */
enum vm_outcome vm_poly_value_at(const struct vm_dims *dims, const struct vm_poly *poly, const int64_t *all,
                                 struct vm_fraction *value);
void vm_poly_print(const struct vm_dims *dims, const struct vm_poly *poly, struct rt_text *out);

#endif
