/* dims_range.c: for which sizes, within the limits of their symbols, a condition on a dim holds. */
#include <string.h>

#include "vm/dims_poly.h"
#include "vm/requirement.h"

/* ---- limits ---- */

enum { NO_LIMIT = -1 };

struct limits {
  int64_t least, most; /* NO_LIMIT: any */
};

/* The symbols of a polynomial, each once. */
struct symbols {
  uint32_t number[VM_MAX_TERMS];
  int count; /* VM_MAX_TERMS + 1: more than that */
};

static void add_number(struct symbols *symbols, uint32_t number) {
  int at = 0;
  while (at < symbols->count && symbols->number[at] != number) at++;
  if (at < symbols->count) return;
  if (at < VM_MAX_TERMS) symbols->number[at] = number;
  symbols->count++;
}

/* through: not T // 2 but T. */
static void add_symbols(const struct vm_dims *dims, const struct vm_poly *poly, bool through,
                        struct symbols *symbols) {
  for (uint32_t t = 0; t < poly->term_count; t++)
    for (uint32_t k = 0; k < poly->term[t].factor_count && symbols->count <= VM_MAX_TERMS; k++) {
      uint32_t number = poly->term[t].factor[k].symbol;
      if (through && dims->symbol[number].kind == VM_FLOOR)
        add_symbols(dims, &dims->poly[dims->symbol[number].of], through, symbols);
      else
        add_number(symbols, number);
    }
}

static void collect(const struct vm_dims *dims, const struct vm_poly *poly, bool through,
                    struct symbols *symbols) {
  symbols->count = 0;
  add_symbols(dims, poly, through, symbols);
}

/* ---- bounds ---- */

/* A least or greatest value: a number, or one beyond all numbers. NO_BOUND: not known. */
struct bound {
  enum { BELOW_ALL = -1, NUMBER, ABOVE_ALL, NO_BOUND } kind;
  struct vm_fraction number;
};

static void add_bound(struct bound *sum, struct bound b) {
  if (sum->kind == NO_BOUND || (sum->kind != NUMBER && b.kind != NUMBER && sum->kind != b.kind))
    b.kind = NO_BOUND;
  if (b.kind != NUMBER)
    *sum = b;
  else if (sum->kind == NUMBER && !vm_fraction_add(&sum->number, b.number))
    sum->kind = NO_BOUND;
}

/* What one question needs: the sizes that are being looked at, for all symbols. */
struct asking {
  const struct vm_dims *dims;
  int64_t *value;        /* [symbols] the sizes; NO_LIMIT: larger than any number */
  struct limits *limits; /* [symbols] */
  int depth;             /* of derivatives */
};

/* A term at the sizes `value`. T without a limit is beyond all numbers, and so is 1/T at T = 0. 1/T for a T
 * without a limit is 0. */
static struct bound term_at(const struct asking *a, const struct vm_term *term) {
  bool above = false, zero = false;
  struct bound b = {NUMBER, {0, 1}};
  for (uint32_t k = 0; k < term->factor_count; k++) {
    int64_t value = a->value[term->factor[k].symbol];
    bool up = term->factor[k].power > 0;
    above |= up ? value == NO_LIMIT : value == 0;
    zero |= up ? value == 0 : value == NO_LIMIT;
  }
  if (above && zero) {
    b.kind = NO_BOUND;
  } else if (above) {
    b.kind = term->numerator < 0 ? BELOW_ALL : ABOVE_ALL;
  } else if (!zero) {
    const struct vm_poly one = {1, (struct vm_term *)(uintptr_t)term, false};
    if (vm_poly_value_at(a->dims, &one, a->value, &b.number) != VM_FINE) b.kind = NO_BOUND;
  }
  return b;
}

/* The least or greatest value of a term. It either rises or falls with each of its symbols, so each symbol is
 * at one of its limits there. */
static struct bound term_extreme(struct asking *a, const struct vm_term *term, bool most) {
  for (uint32_t k = 0; k < term->factor_count; k++) {
    struct limits l = a->limits[term->factor[k].symbol];
    bool rises = (term->factor[k].power > 0) == (term->numerator > 0);
    a->value[term->factor[k].symbol] = rises == most ? l.most : l.least;
  }
  return term_at(a, term);
}

static struct bound extreme(struct asking *a, const struct vm_poly *poly, bool most);

/* The derivative by a symbol. room: for the factors of each term. False: its numbers are too large. */
static bool derive(const struct vm_poly *poly, uint32_t symbol, struct vm_poly *out,
                   struct vm_factor (*room)[VM_MAX_FACTORS]) {
  out->term_count = 0;
  for (uint32_t t = 0; t < poly->term_count; t++) {
    struct vm_term *term = &out->term[out->term_count];
    uint32_t at = 0;
    *term = poly->term[t];
    while (at < term->factor_count && term->factor[at].symbol != symbol) at++;
    if (at == term->factor_count) continue;
    if (term->factor_count > VM_MAX_FACTORS
        || __builtin_mul_overflow(term->numerator, term->factor[at].power, &term->numerator)
        || term->numerator == INT64_MIN || term->factor[at].power == INT32_MIN)
      return false;
    term->factor = memcpy(room[t], term->factor, term->factor_count * sizeof *term->factor);
    if (--term->factor[at].power == 0)
      memmove(term->factor + at, term->factor + at + 1, (--term->factor_count - at) * sizeof *term->factor);
    out->term_count++;
  }
  return true;
}

/* 1: the polynomial never falls when the symbol grows. -1: it never rises. 0: neither is known. */
static int direction(struct asking *a, const struct vm_poly *poly, uint32_t symbol) {
  enum { DEEPEST = 3 };
  struct vm_term term[VM_MAX_TERMS];
  struct vm_factor room[VM_MAX_TERMS][VM_MAX_FACTORS];
  struct vm_poly slope = {0, term, false};
  struct limits l = a->limits[symbol];
  if (l.least == l.most) return 1;
  if (a->depth >= DEEPEST || !derive(poly, symbol, &slope, room)) return 0;
  a->depth++;
  struct bound least = extreme(a, &slope, false), most = extreme(a, &slope, true);
  a->depth--;
  if (least.kind == ABOVE_ALL || (least.kind == NUMBER && least.number.numerator >= 0)) return 1;
  return most.kind == BELOW_ALL || (most.kind == NUMBER && most.number.numerator <= 0) ? -1 : 0;
}

/* The least or greatest value of a polynomial that rises or falls with each symbol: each symbol is at one of
 * its limits there. False: some symbol does both, or it is not known. */
static bool corner(struct asking *a, const struct vm_poly *poly, bool most, struct bound *b) {
  struct symbols symbols;
  int way[VM_MAX_TERMS];
  collect(a->dims, poly, false, &symbols);
  if (symbols.count > VM_MAX_TERMS) return false;
  for (int k = 0; k < symbols.count; k++)
    if ((way[k] = direction(a, poly, symbols.number[k])) == 0) return false;
  for (int k = 0; k < symbols.count; k++) {
    struct limits l = a->limits[symbols.number[k]];
    a->value[symbols.number[k]] = (way[k] > 0) == most ? l.most : l.least;
  }
  *b = (struct bound){NUMBER, {0, 1}};
  for (uint32_t t = 0; t < poly->term_count; t++) add_bound(b, term_at(a, &poly->term[t]));
  return b->kind != NO_BOUND;
}

/* A bound that is never above the least value, or never below the greatest. Where `corner` does not know, the
 * bounds of the terms are added. */
static struct bound extreme(struct asking *a, const struct vm_poly *poly, bool most) {
  struct bound b;
  if (poly->term_count > 1 && corner(a, poly, most, &b)) return b;
  b = (struct bound){NUMBER, {0, 1}};
  for (uint32_t t = 0; t < poly->term_count; t++) add_bound(&b, term_extreme(a, &poly->term[t], most));
  return b;
}

static enum vm_truth not_negative(struct asking *a, const struct vm_poly *poly) {
  struct bound least = extreme(a, poly, false), most = extreme(a, poly, true);
  if (least.kind == ABOVE_ALL || (least.kind == NUMBER && least.number.numerator >= 0)) return VM_FOR_ALL;
  return most.kind == BELOW_ALL || (most.kind == NUMBER && most.number.numerator < 0) ? VM_FOR_NONE
                                                                                      : VM_FOR_SOME;
}

/* ---- wholeness ---- */

enum { MOST_TRIED = 4096 };

/* The least common multiple of the denominators, once known sizes are put in. 0: too large, or a rounded size
 * divides. */
static int64_t common_denominator(struct asking *a, const struct vm_poly *poly) {
  int64_t common = 1;
  for (uint32_t t = 0; t < poly->term_count; t++) {
    for (uint32_t k = 0; k < poly->term[t].factor_count; k++) {
      uint32_t symbol = poly->term[t].factor[k].symbol;
      if (a->dims->symbol[symbol].kind == VM_FLOOR && poly->term[t].factor[k].power < 0) return 0;
      a->value[symbol] = a->limits[symbol].least == a->limits[symbol].most ? a->limits[symbol].most : 1;
    }
    struct bound b = term_at(a, &poly->term[t]);
    if (b.kind != NUMBER || b.number.denominator > MOST_TRIED) return 0;
    int64_t d = (int64_t)b.number.denominator, x = common, y = d;
    while (y) {
      int64_t rest = x % y;
      x = y;
      y = rest;
    }
    common = common / x * d;
    if (common > MOST_TRIED) return 0;
  }
  return common;
}

/* After how many sizes of a symbol wholeness repeats: T/2 + T/3 is whole at T if it is whole at T + 6. T // 2
 * is larger by a multiple of 3 at T + 6. 0: too many to try. */
static int64_t period(struct asking *a, const struct vm_poly *poly) {
  struct symbols symbols;
  int64_t steps = common_denominator(a, poly);
  collect(a->dims, poly, false, &symbols);
  if (symbols.count > VM_MAX_TERMS) return 0;
  for (int k = 0; k < symbols.count && steps > 0; k++) {
    const struct vm_symbol *symbol = &a->dims->symbol[symbols.number[k]];
    if (symbol->kind == VM_FLOOR) steps *= period(a, &a->dims->poly[symbol->of]);
    if (steps > MOST_TRIED) return 0;
  }
  return steps;
}

static bool divides_by(const struct vm_dims *dims, const struct vm_poly *poly, uint32_t symbol) {
  for (uint32_t t = 0; t < poly->term_count; t++)
    for (uint32_t k = 0; k < poly->term[t].factor_count; k++) {
      const struct vm_factor *factor = &poly->term[t].factor[k];
      const struct vm_symbol *found = &dims->symbol[factor->symbol];
      if (factor->symbol == symbol && factor->power < 0) return true;
      if (found->kind == VM_FLOOR && divides_by(dims, &dims->poly[found->of], symbol)) return true;
    }
  return false;
}

/* How many values of each symbol must be tried, from its least on. False: too many. */
static bool count_tries(struct asking *a, const struct vm_poly *poly, const struct symbols *symbols,
                        int64_t *count) {
  int64_t steps = period(a, poly), all = 1;
  if (steps == 0) return false;
  for (int k = 0; k < symbols->count; k++) {
    struct limits l = a->limits[symbols->number[k]];
    bool divisor = divides_by(a->dims, poly, symbols->number[k]);
    if (divisor && l.most == NO_LIMIT) return false;
    count[k] = l.most != NO_LIMIT && (divisor || l.most - l.least < steps) ? l.most - l.least + 1 : steps;
    if (count[k] < 1 || count[k] > MOST_TRIED || (all *= count[k]) > MOST_TRIED) return false;
    a->value[symbols->number[k]] = l.least;
  }
  return true;
}

/* The next values to try; false after the last. */
static bool next_try(struct asking *a, const struct symbols *symbols, const int64_t *count) {
  for (int k = 0; k < symbols->count; k++) {
    int64_t least = a->limits[symbols->number[k]].least;
    if (++a->value[symbols->number[k]] < least + count[k]) return true;
    a->value[symbols->number[k]] = least;
  }
  return false;
}

static enum vm_truth whole(struct asking *a, const struct vm_poly *poly) {
  struct symbols symbols;
  int64_t count[VM_MAX_TERMS];
  bool some = false, all = true;
  collect(a->dims, poly, true, &symbols);
  if (symbols.count > VM_MAX_TERMS || !count_tries(a, poly, &symbols, count)) return VM_FOR_SOME;
  for (uint32_t s = 0; s < a->dims->symbol_count; s++)
    if (a->dims->symbol[s].kind == VM_FLOOR) a->value[s] = -1;
  do {
    struct vm_fraction f;
    enum vm_outcome outcome = vm_poly_value_at(a->dims, poly, a->value, &f);
    if (outcome == VM_TOO_LARGE) return VM_FOR_SOME;
    bool fits = outcome == VM_FINE && f.denominator == 1;
    some |= fits;
    all &= fits;
  } while (next_try(a, &symbols, count));
  return all ? VM_FOR_ALL : some ? VM_FOR_SOME : VM_FOR_NONE;
}

/* ---- rounded sizes ---- */

static struct limits rounded_limits(struct asking *a, const struct vm_poly *of) {
  struct bound least = extreme(a, of, false), most = extreme(a, of, true);
  struct limits l = {0, NO_LIMIT};
  if (least.kind == NUMBER && least.number.numerator > 0)
    l.least = (int64_t)(least.number.numerator / least.number.denominator);
  if (most.kind == NUMBER && most.number.numerator >= 0)
    l.most = (int64_t)(most.number.numerator / most.number.denominator);
  return l;
}

static void find_limits(struct asking *a) {
  for (uint32_t s = 0; s < a->dims->symbol_count; s++) {
    const struct vm_symbol *symbol = &a->dims->symbol[s];
    if (symbol->kind == VM_FLOOR)
      a->limits[s] = rounded_limits(a, &a->dims->poly[symbol->of]);
    else if (symbol->kind != VM_RAGGED && symbol->kind != VM_ROWS && symbol->value >= 0)
      a->limits[s] = (struct limits){symbol->value, symbol->value};
    else
      a->limits[s] = (struct limits){symbol->least, symbol->limit > 0 ? symbol->limit : NO_LIMIT};
  }
}

/* What holds of T - 2 * (T // 2) shows once T // 2 is bounded by T/2. */
static int not_negative_through(struct asking *a, vm_dim dim, enum vm_truth *truth) {
  struct vm_dims more;
  const struct vm_dims *dims = a->dims;
  if (vm_dims_branch(&more, dims) != RT_OK) return RT_NO_MEMORY;
  a->dims = &more;
  vm_dim least = vm_dim_without_floors(&more, dim, false), most = vm_dim_without_floors(&more, dim, true);
  if (least != VM_NO_DIM && not_negative(a, &more.poly[least]) == VM_FOR_ALL)
    *truth = VM_FOR_ALL;
  else if (most != VM_NO_DIM && not_negative(a, &more.poly[most]) == VM_FOR_NONE)
    *truth = VM_FOR_NONE;
  a->dims = dims;
  int status = more.exhausted ? RT_NO_MEMORY : RT_OK;
  vm_dims_free(&more);
  return status;
}

static bool has_floor(const struct vm_dims *dims, const struct vm_poly *poly) {
  for (uint32_t t = 0; t < poly->term_count; t++)
    for (uint32_t k = 0; k < poly->term[t].factor_count; k++)
      if (dims->symbol[poly->term[t].factor[k].symbol].kind == VM_FLOOR) return true;
  return false;
}

int vm_requirement_truth(const struct vm_dims *dims, enum vm_requirement_kind kind, vm_dim dim,
                         enum vm_truth *truth) {
  struct asking a = {.dims = dims,
                     .value = rt_zalloc(dims->symbol_count + 1, sizeof *a.value),
                     .limits = rt_zalloc(dims->symbol_count + 1, sizeof *a.limits)};
  int status = a.value && a.limits ? RT_OK : RT_NO_MEMORY;
  if (status == RT_OK) {
    find_limits(&a);
    *truth = kind == VM_WHOLE ? whole(&a, &dims->poly[dim]) : not_negative(&a, &dims->poly[dim]);
    if (kind != VM_WHOLE && *truth == VM_FOR_SOME && has_floor(dims, &dims->poly[dim]))
      status = not_negative_through(&a, dim, truth);
  }
  rt_free(a.value);
  rt_free(a.limits);
  return status;
}

bool vm_never_negative(const struct vm_dims *dims, vm_dim a) {
  enum vm_truth truth;
  return a != VM_NO_DIM && vm_requirement_truth(dims, VM_NOT_NEGATIVE, a, &truth) == RT_OK
         && truth == VM_FOR_ALL;
}
