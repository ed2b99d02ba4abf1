/* dims.h: the sizes of axes as formulas. D and 64 are two dims, even when D is 64; 4*D, D*4 and D + 3*D are
 * one. A dim is a sum of terms, such as 3/2 * T * D^2. It is kept in one normal form, once, so that two dims
 * are equal when their numbers are. */
#ifndef AQ_VM_DIMS_H
#define AQ_VM_DIMS_H

#include "runtime/base.h"

typedef uint32_t vm_dim; /* index into the table; the constant 1 is VM_ONE, in every table */
enum { VM_ONE = 0, VM_NO_DIM = UINT32_MAX };

enum vm_symbol_kind {
  VM_CONST,  /* dim D = 64: the value is known to the compiler */
  VM_BOUND,  /* C, a vocabulary: the data gives it once, before the first run */
  VM_RAGGED, /* T: every example has its own */
  VM_ROWS,   /* likewise, but the machine says how many: the rows that a step of a scan takes */
  VM_FLOOR   /* T // 2: the largest whole number that is not above the dim `of` */
};

struct vm_symbol {
  char *name;
  enum vm_symbol_kind kind;
  int64_t value; /* CONST, and BOUND once bound; otherwise -1 */
  int64_t limit; /* RAGGED: longest allowed (T <= 128), 0: no limit */
  int64_t least; /* RAGGED: shortest allowed (1 <= T); of others the least there can be. 0: no limit */
  vm_dim of;     /* FLOOR: made of earlier symbols, and never below 0; else VM_NO_DIM */
};

struct vm_factor {
  uint32_t symbol;
  int32_t power;
};
struct vm_term {
  int64_t numerator, denominator;
  uint32_t factor_count;
  struct vm_factor *factor;
};
struct vm_poly {
  uint32_t term_count;
  struct vm_term *term;
  bool ragged; /* it has RAGGED or ROWS symbols */
};

struct vm_dims {
  struct vm_symbol *symbol;
  size_t symbol_count, symbol_capacity;
  struct vm_poly *poly;
  size_t poly_count, poly_capacity;
  uint32_t *bucket;      /* hash table over poly: index + 1, 0 empty */
  size_t bucket_count;   /* a power of two, or 0 */
  bool exhausted;        /* memory ran out: some VM_NO_DIM is no overflow */
  struct rt_arena arena; /* names, terms, factors */
};
/* What one dim may hold; more is treated as overflow. */
enum { VM_MAX_TERMS = 64, VM_MAX_FACTORS = 16 };
/* How many FLOOR symbols the value of one may take, itself included. */
enum { VM_MAX_FLOORS = 32 };

int vm_dims_init(struct vm_dims *dims); /* RT_OK or RT_NO_MEMORY; the table then holds VM_ONE */
void vm_dims_free(struct vm_dims *dims);
/* A table that starts out equal to base and grows on its own; base must outlive it and stay as it is. */
int vm_dims_branch(struct vm_dims *branch, const struct vm_dims *base);

/* Adds a symbol (names may repeat: symbols are told apart by number) and returns its dim; VM_NO_DIM when out
 * of memory. */
vm_dim vm_dim_symbol(struct vm_dims *dims, const char *name, enum vm_symbol_kind kind, int64_t value);
/* Adds a symbol without making its dim, for tables that are read from a file. UINT32_MAX when out of memory,
 * else its number. */
uint32_t vm_dims_add_symbol(struct vm_dims *dims, const char *name, enum vm_symbol_kind kind, int64_t value);
vm_dim vm_dim_number(struct vm_dims *dims, int64_t n);
/* VM_NO_DIM: out of memory, overflow, or a divisor of more than one term. D/H is a dim, and so is T - 3:
 * whether they are whole and not negative is checked when sizes are known. */
vm_dim vm_dim_plus(struct vm_dims *dims, vm_dim a, vm_dim b);
vm_dim vm_dim_minus(struct vm_dims *dims, vm_dim a, vm_dim b);
vm_dim vm_dim_times(struct vm_dims *dims, vm_dim a, vm_dim b);
vm_dim vm_dim_over(struct vm_dims *dims, vm_dim a, vm_dim b);
/* Of several, one for none; VM_NO_DIM also when one of them is that. */
vm_dim vm_dim_product(struct vm_dims *dims, const vm_dim *dim, int count);
/* The whole number below and above: of D/2 that is D/2 itself for D = 64, 2 for D = 5, and a FLOOR symbol for
 * a T that differs. VM_NO_DIM also where the rest could be below 0, as in -T/C. */
vm_dim vm_dim_floor(struct vm_dims *dims, vm_dim d);
vm_dim vm_dim_ceil(struct vm_dims *dims, vm_dim d);
/* A dim without FLOOR symbols of power 1 that is never below d (above), or never above it. */
vm_dim vm_dim_without_floors(struct vm_dims *dims, vm_dim d, bool above);
/* Are FLOOR symbols made of what stands before them in the table? That of a file may say otherwise. */
bool vm_dims_floors_fit(const struct vm_dims *dims);

/* The dim that is the sum of these terms, which may be in any order and not in lowest terms, as in a file.
 * VM_NO_DIM also for a denominator of 0 or a symbol that is not in the table. */
vm_dim vm_dim_of_terms(struct vm_dims *dims, const struct vm_term *term, uint32_t term_count);

bool vm_dim_is_ragged(const struct vm_dims *dims, vm_dim d);
/* Also through a FLOOR symbol, which is itself in no dim: T // 2 uses T. */
bool vm_dim_uses(const struct vm_dims *dims, vm_dim d, uint32_t symbol);
bool vm_dim_is_number(const struct vm_dims *dims, vm_dim d, int64_t *n); /* no symbols at all */
/* The symbol number when d is just one symbol, else -1. */
int64_t vm_dim_as_symbol(const struct vm_dims *dims, vm_dim d);
/* Its value when no RAGGED and no unbound symbol is in it: RT_OK and *value; RT_NEGATIVE: not known yet;
 * RT_BAD_DATA with a message: not whole, negative, or out of range ("D/H is 64/5, not a whole number").
 * ragged: the sizes of one example by symbol number, or NULL. */
int vm_dim_value(const struct vm_dims *dims, vm_dim d, const int64_t *ragged, int64_t *value,
                 struct rt_error *error);
/* As the user would write it: "D", "4*D", "T + 1", "D/H". */
void vm_dim_print(const struct vm_dims *dims, vm_dim d, struct rt_text *out);

#endif
