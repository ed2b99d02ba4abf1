/* requirement.c: is a condition on sizes met, what does it say about one size, and how is it written? */
#include "vm/requirement.h"

#include <inttypes.h>
#include <string.h>

#include "vm/dims_poly.h"

/* ---- one row ---- */

int vm_requirement_met(const struct vm_dims *dims, const struct vm_requirement *r, const int64_t *ragged) {
  struct vm_fraction f;
  switch (vm_poly_value(dims, &dims->poly[r->dim], ragged, &f)) {
    case VM_UNKNOWN: return RT_NEGATIVE;
    case VM_FINE: break;
    default: return RT_BAD_DATA;
  }
  return (r->kind == VM_WHOLE ? f.denominator == 1 : f.numerator >= 0) ? RT_OK : RT_BAD_DATA;
}

/* ---- its symbols ---- */

static bool is_known(const struct vm_symbol *symbol) {
  return (symbol->kind == VM_CONST || symbol->kind == VM_BOUND) && symbol->value >= 0;
}

/* Does some symbol of the dim fit? */
static bool mentions(const struct vm_dims *dims, vm_dim dim, bool (*fits)(const struct vm_symbol *)) {
  const struct vm_poly *poly = &dims->poly[dim];
  for (uint32_t t = 0; t < poly->term_count; t++)
    for (uint32_t k = 0; k < poly->term[t].factor_count; k++) {
      const struct vm_symbol *symbol = &dims->symbol[poly->term[t].factor[k].symbol];
      if (symbol->kind == VM_FLOOR ? mentions(dims, symbol->of, fits) : fits(symbol)) return true;
    }
  return false;
}

static bool is_open(const struct vm_symbol *symbol) { return symbol->kind == VM_BOUND && symbol->value < 0; }

bool vm_requirement_is_ragged(const struct vm_dims *dims, const struct vm_requirement *r) {
  return dims->poly[r->dim].ragged;
}

bool vm_requirement_is_open(const struct vm_dims *dims, const struct vm_requirement *r) {
  return mentions(dims, r->dim, is_open);
}

/* The one symbol whose value is not known. False: there are several, or it stands with another power than 1.
 */
static bool only_unknown(const struct vm_dims *dims, vm_dim dim, uint32_t *symbol) {
  const struct vm_poly *poly = &dims->poly[dim];
  bool found = false;
  for (uint32_t t = 0; t < poly->term_count; t++)
    for (uint32_t k = 0; k < poly->term[t].factor_count; k++) {
      const struct vm_factor *factor = &poly->term[t].factor[k];
      if (is_known(&dims->symbol[factor->symbol])) continue;
      if (factor->power != 1 || (found && factor->symbol != *symbol)) return false;
      *symbol = factor->symbol;
      found = true;
    }
  return found;
}

/* The dim as a * symbol + b. */
static bool as_line(const struct vm_dims *dims, vm_dim dim, uint32_t *symbol, struct vm_fraction *a,
                    struct vm_fraction *b) {
  if (dim >= dims->poly_count || !only_unknown(dims, dim, symbol)) return false;
  struct vm_point at = {*symbol, 0};
  if (vm_poly_value_with(dims, &dims->poly[dim], &at, b) != VM_FINE) return false;
  at.value = 1;
  if (vm_poly_value_with(dims, &dims->poly[dim], &at, a) != VM_FINE) return false;
  return vm_fraction_add(a, (struct vm_fraction){-b->numerator, b->denominator}) && a->numerator != 0;
}

static __int128 floor_of(__int128 n, __int128 d) { return n / d - (n % d != 0 && (n < 0) != (d < 0)); }

/* A limit of T // 2 as one of T: T // 2 >= 3 means T/2 >= 3, and T // 2 <= 3 means T/2 < 4. */
static bool limit_within(const struct vm_dims *dims, uint32_t *symbol, bool least, int64_t *limit) {
  struct vm_fraction a, b;
  if (!as_line(dims, dims->symbol[*symbol].of, symbol, &a, &b) || a.numerator < 0) return false;
  if (!vm_fraction_add(&b, (struct vm_fraction){-((__int128)*limit + !least), 1})) return false;
  __int128 above = -floor_of(b.numerator * a.denominator, b.denominator * a.numerator);
  above -= !least;
  if (above > INT64_MAX || above < 0) return false;
  *limit = (int64_t)above;
  return true;
}

/* a T + b >= 0 means T >= -b/a when a > 0, and T <= -b/a when a < 0. a and b are fractions of 64-bit numbers,
 * so products of two fit. */
bool vm_requirement_limit(const struct vm_dims *dims, const struct vm_requirement *r, uint32_t *symbol,
                          bool *least, int64_t *limit) {
  struct vm_fraction a, b;
  if (r->kind != VM_NOT_NEGATIVE || !as_line(dims, r->dim, symbol, &a, &b)) return false;
  __int128 n = -b.numerator * a.denominator, d = b.denominator * a.numerator;
  *least = a.numerator > 0;
  __int128 bound = *least ? -floor_of(-n, d) : floor_of(n, d);
  if (bound > INT64_MAX || bound < INT64_MIN) return false;
  *limit = (int64_t)bound;
  while (dims->symbol[*symbol].kind == VM_FLOOR)
    if (!limit_within(dims, symbol, *least, limit)) return false;
  return true;
}

bool vm_requirement_multiple(const struct vm_dims *dims, const struct vm_requirement *r, uint32_t *symbol,
                             int64_t *of) {
  struct vm_fraction a, b;
  if (r->kind != VM_WHOLE || !as_line(dims, r->dim, symbol, &a, &b) || b.denominator != 1) return false;
  *of = (int64_t)a.denominator;
  return true;
}

/* ---- as a formula ---- */

/* The terms that are positive, or those that are negative without their sign. */
static void part_of(const struct vm_poly *poly, bool negative, struct vm_term *term, struct vm_poly *part) {
  *part = (struct vm_poly){0, term, poly->ragged};
  for (uint32_t t = 0; t < poly->term_count; t++) {
    if ((poly->term[t].numerator < 0) != negative) continue;
    term[part->term_count] = poly->term[t];
    if (negative) term[part->term_count].numerator = -term[part->term_count].numerator;
    part->term_count++;
  }
}

static bool has_unknown(const struct vm_dims *dims, const struct vm_poly *poly) {
  for (uint32_t t = 0; t < poly->term_count; t++)
    for (uint32_t k = 0; k < poly->term[t].factor_count; k++)
      if (!is_known(&dims->symbol[poly->term[t].factor[k].symbol])) return true;
  return false;
}

void vm_requirement_print(const struct vm_dims *dims, const struct vm_requirement *r, struct rt_text *out) {
  uint32_t symbol;
  bool least;
  int64_t limit;
  if (r->kind == VM_WHOLE) {
    vm_dim_print(dims, r->dim, out);
    rt_text_puts(out, " is a whole number");
    return;
  }
  if (vm_requirement_limit(dims, r, &symbol, &least, &limit)) {
    rt_text_printf(out, "%s %s %" PRId64, dims->symbol[symbol].name, least ? ">=" : "<=", limit);
    return;
  }
  struct vm_term term[2][VM_MAX_TERMS];
  struct vm_poly plus, minus;
  part_of(&dims->poly[r->dim], false, term[0], &plus);
  part_of(&dims->poly[r->dim], true, term[1], &minus);
  bool turned = !has_unknown(dims, &plus) && has_unknown(dims, &minus);
  vm_poly_print(dims, turned ? &minus : &plus, out);
  rt_text_puts(out, turned ? " <= " : " >= ");
  vm_poly_print(dims, turned ? &plus : &minus, out);
}
