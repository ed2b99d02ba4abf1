/* dims_value.c: what a dim is worth when sizes are known, and how it reads. */
#include "vm/dims_poly.h"

#include <inttypes.h>

/* ---- values ---- */

static __int128 gcd(__int128 a, __int128 b) {
  while (b) {
    __int128 rest = a % b;
    a = b;
    b = rest;
  }
  return a < 0 ? -a : a;
}

static bool fits(__int128 n) { return n >= -INT64_MAX && n <= INT64_MAX; }

/* Lowest terms; both parts must fit in 64 bits. */
static bool reduce(struct vm_fraction *f) {
  __int128 g = gcd(f->numerator, f->denominator);
  if (g > 1) {
    f->numerator /= g;
    f->denominator /= g;
  }
  return fits(f->numerator) && fits(f->denominator);
}

/* Where the values of symbols come from. */
struct sizes {
  const int64_t *ragged, *all; /* by symbol number, or NULL */
  const struct vm_point *with; /* or NULL */
};

static enum vm_outcome poly_value(const struct vm_dims *dims, const struct vm_poly *poly,
                                  const struct sizes *sizes, struct vm_fraction *sum);

static enum vm_outcome floor_value(const struct vm_dims *dims, vm_dim of, const struct sizes *sizes,
                                   int64_t *value) {
  struct vm_fraction f;
  enum vm_outcome outcome = poly_value(dims, &dims->poly[of], sizes, &f);
  if (outcome != VM_FINE) return outcome;
  *value = (int64_t)(f.numerator / f.denominator);
  return f.numerator >= 0 ? VM_FINE : VM_UNKNOWN;
}

static enum vm_outcome symbol_value(const struct vm_dims *dims, uint32_t number, const struct sizes *sizes,
                                    int64_t *value) {
  const struct vm_symbol *symbol = &dims->symbol[number];
  if (sizes->with && sizes->with->symbol == number)
    *value = sizes->with->value;
  else if (symbol->kind == VM_FLOOR && !(sizes->all && sizes->all[number] >= 0))
    return floor_value(dims, symbol->of, sizes, value);
  else if (sizes->all)
    *value = sizes->all[number];
  else if (symbol->kind == VM_RAGGED || symbol->kind == VM_ROWS)
    *value = sizes->ragged ? sizes->ragged[number] : -1;
  else
    *value = symbol->value;
  return *value >= 0 ? VM_FINE : VM_UNKNOWN;
}

static enum vm_outcome term_value(const struct vm_dims *dims, const struct vm_term *term,
                                  const struct sizes *sizes, struct vm_fraction *f) {
  bool zero = false;
  *f = (struct vm_fraction){term->numerator, term->denominator};
  for (uint32_t i = 0; i < term->factor_count; i++) {
    const struct vm_factor *factor = &term->factor[i];
    int64_t value;
    enum vm_outcome outcome = symbol_value(dims, factor->symbol, sizes, &value);
    if (outcome != VM_FINE) return outcome;
    if (value == 0 && factor->power < 0) return VM_BY_ZERO;
    zero |= value == 0;
    /* Powers of 1 are skipped: a file may ask for 1^2000000000. Others reach the limit within 63 steps. */
    for (int32_t n = factor->power; n != 0 && value > 1; n += n > 0 ? -1 : 1) {
      if (n > 0)
        f->numerator *= value;
      else
        f->denominator *= value;
      if (!reduce(f)) return VM_TOO_LARGE;
    }
  }
  if (zero) *f = (struct vm_fraction){0, 1};
  return VM_FINE;
}

/* Parts below 2^63: each product stays below 2^126 and their sum below 2^127. */
bool vm_fraction_add(struct vm_fraction *sum, struct vm_fraction f) {
  sum->numerator = sum->numerator * f.denominator + f.numerator * sum->denominator;
  sum->denominator *= f.denominator;
  return reduce(sum);
}

static enum vm_outcome poly_value(const struct vm_dims *dims, const struct vm_poly *poly,
                                  const struct sizes *sizes, struct vm_fraction *sum) {
  *sum = (struct vm_fraction){0, 1};
  for (uint32_t i = 0; i < poly->term_count; i++) {
    struct vm_fraction f;
    enum vm_outcome outcome = term_value(dims, &poly->term[i], sizes, &f);
    if (outcome != VM_FINE) return outcome;
    if (!vm_fraction_add(sum, f)) return VM_TOO_LARGE;
  }
  return VM_FINE;
}

enum vm_outcome vm_poly_value(const struct vm_dims *dims, const struct vm_poly *poly, const int64_t *sizes,
                              struct vm_fraction *value) {
  return poly_value(dims, poly, &(struct sizes){.ragged = sizes}, value);
}

enum vm_outcome vm_poly_value_at(const struct vm_dims *dims, const struct vm_poly *poly, const int64_t *all,
                                 struct vm_fraction *value) {
  return poly_value(dims, poly, &(struct sizes){.all = all}, value);
}

enum vm_outcome vm_poly_value_with(const struct vm_dims *dims, const struct vm_poly *poly,
                                   const struct vm_point *at, struct vm_fraction *value) {
  return poly_value(dims, poly, &(struct sizes){.with = at}, value);
}

/* " (D = 64, H = 5)": the sizes a dim's value came from. */
static void print_sizes(const struct vm_dims *dims, vm_dim d, const int64_t *ragged, struct rt_text *out) {
  const char *before = " (";
  for (uint32_t s = 0; s < dims->symbol_count; s++) {
    int64_t value;
    if (!vm_dim_uses(dims, d, s)
        || symbol_value(dims, s, &(struct sizes){.ragged = ragged}, &value) != VM_FINE)
      continue;
    rt_text_printf(out, "%s%s = %" PRId64, before, dims->symbol[s].name, value);
    before = ", ";
  }
  if (before[0] == ',') rt_text_puts(out, ")");
}

enum { LARGEST_MULTIPLE = 4096 };

/* D/H with H = 3 is whole when D is a multiple of 3. There is such a hint for one term in which a size of the
 * program stands with power 1. */
static void hint_multiple(const struct vm_dims *dims, vm_dim d, struct rt_error *error) {
  const struct vm_poly *poly = &dims->poly[d];
  if (poly->term_count != 1) return;
  const struct vm_term *term = &poly->term[0];
  for (uint32_t k = 0; k < term->factor_count; k++) {
    uint32_t symbol = term->factor[k].symbol;
    if (term->factor[k].power != 1 || dims->symbol[symbol].kind == VM_RAGGED) continue;
    for (int64_t m = 2; m <= LARGEST_MULTIPLE; m++) {
      struct vm_fraction f;
      if (vm_poly_value_with(dims, poly, &(struct vm_point){symbol, m}, &f) != VM_FINE) return;
      if (f.denominator != 1) continue;
      rt_hint(error, "%s must be a multiple of %" PRId64, dims->symbol[symbol].name, m);
      return;
    }
  }
}

static int complain(const struct vm_dims *dims, vm_dim d, const int64_t *ragged, enum vm_outcome outcome,
                    const struct vm_fraction *f, struct rt_error *error) {
  struct rt_text name = {0}, sizes = {0};
  vm_dim_print(dims, d, &name);
  print_sizes(dims, d, ragged, &sizes);
  const char *dim = name.data && !name.failed ? name.data : "a dim",
             *where = sizes.data && !sizes.failed ? sizes.data : "";
  int code;
  if (outcome == VM_BY_ZERO)
    code = rt_fail(error, RT_BAD_DATA, "%s divides by 0%s", dim, where);
  else if (outcome == VM_TOO_LARGE)
    code = rt_fail(error, RT_BAD_DATA, "%s is too large%s", dim, where);
  else if (f->denominator != 1 && !sizes.length) /* made of numbers alone, as 5/2 is: its name is its value */
    code = rt_fail(error, RT_BAD_DATA, "%s is not a whole number", dim);
  else if (f->denominator != 1)
    code = rt_fail(error, RT_BAD_DATA, "%s is %" PRId64 "/%" PRId64 ", not a whole number%s", dim,
                   (int64_t)f->numerator, (int64_t)f->denominator, where);
  else
    code = rt_fail(error, RT_BAD_DATA, "%s is %" PRId64 ", less than 0%s", dim, (int64_t)f->numerator, where);
  rt_text_free(&name);
  rt_text_free(&sizes);
  if (outcome == VM_FINE && f->denominator != 1) hint_multiple(dims, d, error);
  return code;
}

int vm_dim_value(const struct vm_dims *dims, vm_dim d, const int64_t *ragged, int64_t *value,
                 struct rt_error *error) {
  struct vm_fraction f;
  if (d >= dims->poly_count) return rt_fail(error, RT_BAD_DATA, "no such dim: %" PRIu32, d);
  enum vm_outcome outcome = vm_poly_value(dims, &dims->poly[d], ragged, &f);
  if (outcome == VM_UNKNOWN) return RT_NEGATIVE;
  if (outcome != VM_FINE || f.denominator != 1 || f.numerator < 0)
    return complain(dims, d, ragged, outcome, &f, error);
  *value = (int64_t)f.numerator;
  return RT_OK;
}

/* ---- text ---- */

static void print_power(const struct vm_dims *dims, const struct vm_factor *factor, struct rt_text *out) {
  int64_t power = factor->power < 0 ? -(int64_t)factor->power : factor->power;
  rt_text_puts(out, dims->symbol[factor->symbol].name);
  if (power != 1) rt_text_printf(out, "^%" PRId64, power);
}

/* One term without its sign: "3*T/2", "D^2/(2*H)", "1/D". */
static void print_term(const struct vm_dims *dims, const struct vm_term *term, struct rt_text *out) {
  uint64_t size = term->numerator < 0 ? -(uint64_t)term->numerator
                                      : (uint64_t)term->numerator; /* also of -2^63, which a file may hold */
  int above = 0, below = term->denominator != 1;
  for (uint32_t i = 0; i < term->factor_count; i++) below += term->factor[i].power < 0;
  if (size != 1 || below - (term->denominator != 1) == (int)term->factor_count) {
    rt_text_printf(out, "%" PRIu64, size);
    above++;
  }
  for (uint32_t i = 0; i < term->factor_count; i++)
    if (term->factor[i].power > 0) {
      rt_text_puts(out, above++ ? "*" : "");
      print_power(dims, &term->factor[i], out);
    }
  if (!below) return;
  rt_text_puts(out, below > 1 ? "/(" : "/");
  int written = 0;
  if (term->denominator != 1) {
    rt_text_printf(out, "%" PRId64, term->denominator);
    written++;
  }
  for (uint32_t i = 0; i < term->factor_count; i++)
    if (term->factor[i].power < 0) {
      rt_text_puts(out, written++ ? "*" : "");
      print_power(dims, &term->factor[i], out);
    }
  rt_text_puts(out, below > 1 ? ")" : "");
}

void vm_poly_print(const struct vm_dims *dims, const struct vm_poly *poly, struct rt_text *out) {
  if (poly->term_count == 0) rt_text_puts(out, "0");
  for (uint32_t i = 0; i < poly->term_count; i++) {
    bool minus = poly->term[i].numerator < 0;
    if (i == 0)
      rt_text_puts(out, minus ? "-" : "");
    else
      rt_text_puts(out, minus ? " - " : " + ");
    print_term(dims, &poly->term[i], out);
  }
}

void vm_dim_print(const struct vm_dims *dims, vm_dim d, struct rt_text *out) {
  if (d >= dims->poly_count)
    rt_text_puts(out, "?");
  else
    vm_poly_print(dims, &dims->poly[d], out);
}
