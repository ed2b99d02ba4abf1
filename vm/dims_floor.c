/* dims_floor.c: sizes that are rounded, such as T // 2 and ceil(T / 2). What is whole stays outside, so that
 * (T + 4) // 2 is T // 2 + 2, and what is left is a FLOOR symbol, one for each dim that is rounded. */
#include "vm/dims_poly.h"

#include <string.h>

/* A sum that is split into what is whole for all sizes, and the rest. */
struct parts {
  struct vm_term whole[VM_MAX_TERMS + 1], rest[VM_MAX_TERMS + 1];
  uint32_t whole_count, rest_count;
};

static bool divides(const struct vm_term *term) {
  for (uint32_t k = 0; k < term->factor_count; k++)
    if (term->factor[k].power < 0) return true;
  return false;
}

static void put(struct vm_term *list, uint32_t *count, const struct vm_term *term, int64_t numerator) {
  if (numerator == 0) return;
  list[*count] = *term;
  list[(*count)++].numerator = numerator;
}

/* 7/2 T is 3 T and T/2; -T/2 is -T and T/2, so that the rest is never below 0. */
static void split_multiple(struct parts *p, const struct vm_term *term) {
  int64_t d = term->denominator, rest = term->numerator % d;
  if (rest < 0) rest += d;
  put(p->rest, &p->rest_count, term, rest);
  struct vm_term whole = *term;
  whole.denominator = 1;
  put(p->whole, &p->whole_count, &whole, (term->numerator - rest) / d);
}

/* -3/P for P = 4 is -1 and 1 - 3/P. add: what all such terms add to the rest. False: the value is not known.
 */
static bool split_quotient(const struct vm_dims *dims, struct parts *p, const struct vm_term *term,
                           int64_t *add) {
  struct vm_fraction f;
  struct vm_poly alone = {1, (struct vm_term *)(uintptr_t)term, false};
  put(p->rest, &p->rest_count, term, term->numerator);
  if (term->numerator >= 0) return true;
  if (vm_poly_value(dims, &alone, NULL, &f) != VM_FINE || -f.numerator / f.denominator > INT32_MAX)
    return false;
  *add += (int64_t)(-f.numerator / f.denominator) + 1;
  return true;
}

static bool split(const struct vm_dims *dims, vm_dim d, struct parts *p) {
  const struct vm_poly *poly = &dims->poly[d];
  int64_t add = 0;
  p->whole_count = p->rest_count = 0;
  for (uint32_t t = 0; t < poly->term_count; t++)
    if (!divides(&poly->term[t]))
      split_multiple(p, &poly->term[t]);
    else if (!split_quotient(dims, p, &poly->term[t], &add))
      return false;
  struct vm_term one = {1, 1, 0, NULL};
  put(p->rest, &p->rest_count, &one, add);
  put(p->whole, &p->whole_count, &one, -add);
  return true;
}

/* The rest is (T // 3 + c)/n with a whole n: then it is (T/3 + c)/n, rounded once. VM_NO_DIM: it is not so.
 */
static vm_dim within(struct vm_dims *dims, vm_dim rest) {
  const struct vm_poly *poly = &dims->poly[rest];
  const struct vm_term *first = poly->term, *c = poly->term_count == 2 ? &poly->term[1] : NULL;
  if (poly->term_count > 2 || first->factor_count != 1 || first->factor[0].power != 1 || first->numerator != 1
      || dims->symbol[first->factor[0].symbol].kind != VM_FLOOR
      || (c && (c->factor_count || first->denominator % c->denominator)))
    return VM_NO_DIM;
  vm_dim of = dims->symbol[first->factor[0].symbol].of, n = vm_dim_number(dims, first->denominator);
  struct vm_term constant = c ? *c : (struct vm_term){0, 1, 0, NULL};
  vm_dim more = vm_dim_of_terms(dims, &constant, c != NULL);
  return vm_dim_plus(dims, vm_dim_over(dims, of, n), more);
}

/* How many FLOOR symbols the value of a dim takes; more than the most there may be: too many. */
static int floors(const struct vm_dims *dims, vm_dim d, int count) {
  const struct vm_poly *poly = &dims->poly[d];
  for (uint32_t t = 0; t < poly->term_count; t++)
    for (uint32_t k = 0; k < poly->term[t].factor_count && count <= VM_MAX_FLOORS; k++) {
      const struct vm_symbol *symbol = &dims->symbol[poly->term[t].factor[k].symbol];
      if (symbol->kind == VM_FLOOR) count = floors(dims, symbol->of, count + 1);
    }
  return count;
}

/* 1 - 1/b, where the dim has the common denominator b: x is above a whole number by 1/b at least, if at all,
 * and so ceil(x) is floor(x + 1 - 1/b). */
static vm_dim step_up(struct vm_dims *dims, vm_dim d) {
  const struct vm_poly *poly = &dims->poly[d];
  struct vm_factor factor[VM_MAX_FACTORS];
  struct vm_term part = {-1, 1, 0, factor};
  for (uint32_t t = 0; t < poly->term_count; t++) {
    int64_t x = part.denominator, y = poly->term[t].denominator;
    while (y) {
      int64_t rest = x % y;
      x = y;
      y = rest;
    }
    if (__builtin_mul_overflow(part.denominator / x, poly->term[t].denominator, &part.denominator))
      return VM_NO_DIM;
    for (uint32_t k = 0; k < poly->term[t].factor_count; k++) {
      struct vm_factor below = poly->term[t].factor[k];
      uint32_t at = 0;
      if (below.power > 0) continue;
      while (at < part.factor_count && factor[at].symbol != below.symbol) at++;
      if (at == VM_MAX_FACTORS) return VM_NO_DIM;
      if (at == part.factor_count) factor[part.factor_count++] = below;
      if (below.power < factor[at].power) factor[at].power = below.power;
    }
  }
  return vm_dim_plus(dims, VM_ONE, vm_dim_of_terms(dims, &part, 1));
}

/* "floor(T/2)", and of T/2 + 1/2 "ceil(T/2)". */
static void print_name(struct vm_dims *dims, vm_dim rest, struct rt_text *name) {
  vm_dim within = vm_dim_minus(dims, rest, step_up(dims, rest));
  bool up = within != VM_NO_DIM;
  for (uint32_t t = 0; up && t < dims->poly[within].term_count; t++)
    up = dims->poly[within].term[t].factor_count > 0 && dims->poly[within].term[t].numerator > 0;
  rt_text_puts(name, up ? "ceil(" : "floor(");
  vm_dim_print(dims, up ? within : rest, name);
  rt_text_puts(name, ")");
}

static vm_dim symbol_of(struct vm_dims *dims, vm_dim rest) {
  uint32_t s = 0;
  while (s < dims->symbol_count && (dims->symbol[s].kind != VM_FLOOR || dims->symbol[s].of != rest)) s++;
  if (s == dims->symbol_count) {
    if (floors(dims, rest, 1) > VM_MAX_FLOORS) return VM_NO_DIM;
    struct rt_text name = {0};
    print_name(dims, rest, &name);
    s = name.failed ? UINT32_MAX : vm_dims_add_symbol(dims, name.data, VM_FLOOR, -1);
    rt_text_free(&name);
    if (s == UINT32_MAX) return VM_NO_DIM;
    dims->symbol[s].of = rest;
  }
  struct vm_factor factor = {s, 1};
  return vm_dim_of_terms(dims, &(struct vm_term){1, 1, 1, &factor}, 1);
}

vm_dim vm_dim_floor(struct vm_dims *dims, vm_dim d) {
  struct parts p;
  struct vm_fraction f;
  if (d >= dims->poly_count || !split(dims, d, &p)) return VM_NO_DIM;
  vm_dim whole = vm_dim_of_terms(dims, p.whole, p.whole_count),
         rest = vm_dim_of_terms(dims, p.rest, p.rest_count);
  if (whole == VM_NO_DIM || rest == VM_NO_DIM) return VM_NO_DIM;
  if (dims->poly[rest].term_count == 0) return whole;
  vm_dim once = within(dims, rest);
  if (once != VM_NO_DIM) return vm_dim_plus(dims, whole, vm_dim_floor(dims, once));
  if (vm_poly_value(dims, &dims->poly[rest], NULL, &f) != VM_FINE)
    return vm_dim_plus(dims, whole, symbol_of(dims, rest));
  if (f.denominator == 1) return d;
  return vm_dim_plus(dims, whole, vm_dim_number(dims, (int64_t)(f.numerator / f.denominator)));
}

vm_dim vm_dim_ceil(struct vm_dims *dims, vm_dim d) {
  struct vm_fraction f;
  if (d >= dims->poly_count) return VM_NO_DIM;
  if (vm_poly_value(dims, &dims->poly[d], NULL, &f) == VM_FINE) {
    if (f.denominator == 1) return d;
    return vm_dim_number(dims, (int64_t)(f.numerator / f.denominator) + (f.numerator > 0));
  }
  return vm_dim_floor(dims, vm_dim_plus(dims, d, step_up(dims, d)));
}

/* The first FLOOR symbol in a term; -1: none with the power 1. */
static int first_floor(const struct vm_dims *dims, const struct vm_term *term) {
  for (uint32_t k = 0; k < term->factor_count; k++)
    if (dims->symbol[term->factor[k].symbol].kind == VM_FLOOR && term->factor[k].power == 1) return (int)k;
  return -1;
}

/* T // 2 is at most T/2, and at least T/2 - 1/2. What else is in the term is not negative, but for its sign.
 */
static vm_dim bound_term(struct vm_dims *dims, struct vm_term term, int k, bool above) {
  struct vm_factor factor[VM_MAX_FACTORS];
  vm_dim of = dims->symbol[term.factor[k].symbol].of;
  if ((term.numerator > 0) != above) of = vm_dim_minus(dims, of, step_up(dims, of));
  memcpy(factor, term.factor, term.factor_count * sizeof *factor);
  memmove(factor + k, factor + k + 1, (--term.factor_count - (uint32_t)k) * sizeof *factor);
  term.factor = factor;
  return vm_dim_times(dims, vm_dim_of_terms(dims, &term, 1), of);
}

vm_dim vm_dim_without_floors(struct vm_dims *dims, vm_dim d, bool above) {
  for (uint32_t t = 0; d != VM_NO_DIM && t < dims->poly[d].term_count; t++) {
    struct vm_term term = dims->poly[d].term[t];
    int k = first_floor(dims, &term);
    if (k < 0) continue;
    vm_dim was = vm_dim_of_terms(dims, &term, 1), bound = bound_term(dims, term, k, above);
    return vm_dim_without_floors(dims, vm_dim_plus(dims, vm_dim_minus(dims, d, was), bound), above);
  }
  return d;
}

/* Each FLOOR symbol in a dim of that number, or in what is rounded to the symbol of that number, must be made
 * of what stands before. */
static bool in_order(const struct vm_dims *dims, vm_dim d, uint32_t symbol) {
  const struct vm_poly *poly = &dims->poly[d];
  for (uint32_t t = 0; t < poly->term_count; t++)
    for (uint32_t k = 0; k < poly->term[t].factor_count; k++) {
      uint32_t number = poly->term[t].factor[k].symbol;
      if (number >= symbol || (dims->symbol[number].kind == VM_FLOOR && dims->symbol[number].of >= d))
        return false;
    }
  return true;
}

bool vm_dims_floors_fit(const struct vm_dims *dims) {
  for (vm_dim d = 0; d < dims->poly_count; d++)
    if (!in_order(dims, d, UINT32_MAX)) return false;
  for (uint32_t s = 0; s < dims->symbol_count; s++) {
    const struct vm_symbol *symbol = &dims->symbol[s];
    if (symbol->kind == VM_FLOOR
        && (symbol->of >= dims->poly_count || !in_order(dims, symbol->of, s)
            || floors(dims, symbol->of, 1) > VM_MAX_FLOORS))
      return false;
  }
  return true;
}
