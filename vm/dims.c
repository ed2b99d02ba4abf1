/* dims.c: symbolic sizes in normal form, interned: arithmetic and the table. Values and text are in
 * dims_value.c.
 *
 * Normal form: factors ordered by symbol, no power 0; terms ordered by compare_terms, coefficients in lowest
 * terms, positive denominators, no coefficient 0. Zero itself has no terms. */
#include "vm/dims.h"

#include <string.h>

/* A sum under construction, kept in normal form at every step. */
struct sum {
  struct vm_term term[VM_MAX_TERMS];
  struct vm_factor factor[VM_MAX_TERMS][VM_MAX_FACTORS]; /* term[i].factor points at one of these rows */
  uint32_t count;
};

/* ---- fractions ---- */

static uint64_t magnitude(int64_t n) { return n < 0 ? 0 - (uint64_t)n : (uint64_t)n; }

static uint64_t gcd(uint64_t a, uint64_t b) {
  while (b) {
    uint64_t rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

/* Lowest terms, positive denominator. INT64_MIN is refused, so that every number has its negative. */
static bool reduce(int64_t *n, int64_t *d) {
  if (*d == 0 || *n == INT64_MIN || *d == INT64_MIN) return false;
  int64_t g = (int64_t)gcd(magnitude(*n), magnitude(*d));
  if (*d < 0) g = -g;
  *n /= g;
  *d /= g;
  return true;
}

static bool add_fractions(int64_t *n, int64_t *d, int64_t n2, int64_t d2) {
  int64_t g = (int64_t)gcd(magnitude(*d), magnitude(d2)), left, right, sum, product;
  if (__builtin_mul_overflow(*n, d2 / g, &left) || __builtin_mul_overflow(n2, *d / g, &right)
      || __builtin_add_overflow(left, right, &sum) || __builtin_mul_overflow(*d, d2 / g, &product))
    return false;
  *n = sum;
  *d = product;
  return reduce(n, d);
}

static bool multiply_fractions(int64_t *n, int64_t *d, int64_t n2, int64_t d2) {
  int64_t n1 = *n, d1 = *d;
  if (!reduce(&n1, &d2) || !reduce(&n2, &d1)) /* across, so that products stay small */
    return false;
  return !__builtin_mul_overflow(n1, n2, n) && !__builtin_mul_overflow(d1, d2, d) && reduce(n, d);
}

/* ---- terms ---- */

/* The order of terms: the first factor that differs decides. Lower symbols come first, then higher powers. If
 * none differs, the term with more factors comes first: T*D, T, 1. */
static int compare_terms(const struct vm_term *a, const struct vm_term *b) {
  for (uint32_t i = 0; i < a->factor_count && i < b->factor_count; i++) {
    const struct vm_factor *x = &a->factor[i], *y = &b->factor[i];
    if (x->symbol != y->symbol) return x->symbol < y->symbol ? -1 : 1;
    if (x->power != y->power) return x->power > y->power ? -1 : 1;
  }
  return a->factor_count == b->factor_count ? 0 : a->factor_count > b->factor_count ? -1 : 1;
}

/* Multiplies the term by symbol^power. The term has room for VM_MAX_FACTORS. */
static bool multiply_factor(struct vm_term *term, struct vm_factor by) {
  uint32_t at = 0;
  if (by.power == 0) return true;
  while (at < term->factor_count && term->factor[at].symbol < by.symbol) at++;
  if (at < term->factor_count && term->factor[at].symbol == by.symbol) {
    if (__builtin_add_overflow(term->factor[at].power, by.power, &term->factor[at].power)
        || term->factor[at].power == INT32_MIN)
      return false;
    if (term->factor[at].power == 0) {
      term->factor_count--;
      memmove(term->factor + at, term->factor + at + 1, (term->factor_count - at) * sizeof *term->factor);
    }
    return true;
  }
  if (term->factor_count == VM_MAX_FACTORS || by.power == INT32_MIN) return false;
  memmove(term->factor + at + 1, term->factor + at, (term->factor_count - at) * sizeof *term->factor);
  term->factor[at] = by;
  term->factor_count++;
  return true;
}

static bool multiply_terms(struct vm_term *product, const struct vm_term *by) {
  if (!multiply_fractions(&product->numerator, &product->denominator, by->numerator, by->denominator))
    return false;
  for (uint32_t i = 0; i < by->factor_count; i++)
    if (!multiply_factor(product, by->factor[i])) return false;
  return true;
}

/* Rows of factors move with their terms by swapping pointers; the row past the end is always free. */
static void sum_start(struct sum *sum) {
  sum->count = 0;
  for (int i = 0; i < VM_MAX_TERMS; i++) sum->term[i].factor = sum->factor[i];
}

static void sum_remove(struct sum *sum, uint32_t at) {
  struct vm_term gone = sum->term[at];
  sum->count--;
  memmove(sum->term + at, sum->term + at + 1, (sum->count - at) * sizeof *sum->term);
  sum->term[sum->count] = gone;
}

/* Adds a term whose factors are in normal order. */
static bool sum_add(struct sum *sum, const struct vm_term *term) {
  uint32_t at = 0;
  int order = 1;
  if (term->numerator == 0) return true;
  while (at < sum->count && (order = compare_terms(&sum->term[at], term)) < 0) at++;
  if (at < sum->count && order == 0) {
    struct vm_term *same = &sum->term[at];
    if (!add_fractions(&same->numerator, &same->denominator, term->numerator, term->denominator))
      return false;
    if (same->numerator == 0) sum_remove(sum, at);
    return true;
  }
  if (sum->count == VM_MAX_TERMS) return false;
  struct vm_term room = sum->term[sum->count];
  memmove(sum->term + at + 1, sum->term + at, (sum->count - at) * sizeof *sum->term);
  if (term->factor_count) memcpy(room.factor, term->factor, term->factor_count * sizeof *term->factor);
  sum->term[at] = (struct vm_term){term->numerator, term->denominator, term->factor_count, room.factor};
  sum->count++;
  return true;
}

/* ---- the table ---- */

static uint64_t mix(uint64_t hash, uint64_t word) {
  hash = (hash ^ word) * 0x9E3779B97F4A7C15u;
  return hash ^ hash >> 29;
}

static uint64_t hash_terms(const struct vm_term *term, uint32_t count) {
  uint64_t hash = count;
  for (uint32_t i = 0; i < count; i++) {
    hash = mix(mix(hash, (uint64_t)term[i].numerator), (uint64_t)term[i].denominator);
    for (uint32_t k = 0; k < term[i].factor_count; k++)
      hash = mix(hash, (uint64_t)term[i].factor[k].symbol << 32 | (uint32_t)term[i].factor[k].power);
  }
  return hash;
}

static bool same_terms(const struct vm_poly *poly, const struct vm_term *term, uint32_t count) {
  if (poly->term_count != count) return false;
  for (uint32_t i = 0; i < count; i++)
    if (poly->term[i].numerator != term[i].numerator || poly->term[i].denominator != term[i].denominator
        || compare_terms(&poly->term[i], &term[i]) != 0)
      return false;
  return true;
}

static void bucket_put(struct vm_dims *dims, uint32_t index) {
  const struct vm_poly *poly = &dims->poly[index];
  size_t at = hash_terms(poly->term, poly->term_count) & (dims->bucket_count - 1);
  while (dims->bucket[at]) at = (at + 1) & (dims->bucket_count - 1);
  dims->bucket[at] = index + 1;
}

/* Keeps the hash table at most half full. */
static int grow_buckets(struct vm_dims *dims) {
  if (dims->poly_count < dims->bucket_count / 2) return RT_OK;
  size_t count = dims->bucket_count ? dims->bucket_count : 32;
  while (dims->poly_count >= count / 2) count *= 2;
  uint32_t *bucket = rt_zalloc(count, sizeof *bucket);
  if (!bucket) return RT_NO_MEMORY;
  rt_free(dims->bucket);
  dims->bucket = bucket;
  dims->bucket_count = count;
  for (size_t i = 0; i < dims->poly_count; i++) bucket_put(dims, (uint32_t)i);
  return RT_OK;
}

/* A copy of the terms in the arena: terms first, all factors behind them. */
static bool copy_terms(struct vm_dims *dims, struct vm_poly *poly, const struct vm_term *term,
                       uint32_t count) {
  size_t factors = 0;
  for (uint32_t i = 0; i < count; i++) factors += term[i].factor_count;
  struct vm_term *copy =
      rt_arena_alloc(&dims->arena, count * sizeof *copy + factors * sizeof(struct vm_factor));
  if (!copy) return false;
  struct vm_factor *factor = (struct vm_factor *)(copy + count);
  *poly = (struct vm_poly){count, copy, false};
  for (uint32_t i = 0; i < count; i++) {
    copy[i] = term[i];
    copy[i].factor = factor;
    for (uint32_t k = 0; k < term[i].factor_count; k++) {
      *factor = term[i].factor[k];
      const struct vm_symbol *symbol = &dims->symbol[factor++->symbol];
      poly->ragged |=
          symbol->kind == VM_RAGGED || symbol->kind == VM_ROWS
          || (symbol->kind == VM_FLOOR && symbol->of < dims->poly_count && dims->poly[symbol->of].ragged);
    }
  }
  return true;
}

/* The number of the dim with these terms, which are in normal form. */
static vm_dim intern(struct vm_dims *dims, const struct vm_term *term, uint32_t count) {
  if (dims->bucket_count) {
    size_t at = hash_terms(term, count) & (dims->bucket_count - 1);
    for (; dims->bucket[at]; at = (at + 1) & (dims->bucket_count - 1))
      if (same_terms(&dims->poly[dims->bucket[at] - 1], term, count)) return dims->bucket[at] - 1;
  }
  void *items = dims->poly;
  dims->exhausted = dims->poly_count >= UINT32_MAX - 1
                    || rt_grow(&items, &dims->poly_capacity, dims->poly_count + 1, sizeof *dims->poly);
  dims->poly = items;
  if (!dims->exhausted)
    dims->exhausted = grow_buckets(dims) || !copy_terms(dims, &dims->poly[dims->poly_count], term, count);
  if (dims->exhausted) return VM_NO_DIM;
  uint32_t index = (uint32_t)dims->poly_count++;
  bucket_put(dims, index);
  return index;
}

int vm_dims_init(struct vm_dims *dims) {
  memset(dims, 0, sizeof *dims);
  if (vm_dim_number(dims, 1) == VM_ONE) return RT_OK;
  vm_dims_free(dims);
  return RT_NO_MEMORY;
}

void vm_dims_free(struct vm_dims *dims) {
  if (!dims) return;
  rt_free(dims->symbol);
  rt_free(dims->poly);
  rt_free(dims->bucket);
  rt_arena_free(&dims->arena);
  memset(dims, 0, sizeof *dims);
}

int vm_dims_branch(struct vm_dims *branch, const struct vm_dims *base) {
  memset(branch, 0, sizeof *branch);
  branch->symbol = rt_zalloc(base->symbol_count, sizeof *branch->symbol);
  branch->poly = rt_zalloc(base->poly_count, sizeof *branch->poly);
  branch->bucket = rt_zalloc(base->bucket_count, sizeof *branch->bucket);
  if (!branch->symbol || !branch->poly || !branch->bucket) {
    vm_dims_free(branch);
    return RT_NO_MEMORY;
  }
  if (base->symbol_count) memcpy(branch->symbol, base->symbol, base->symbol_count * sizeof *branch->symbol);
  if (base->poly_count) memcpy(branch->poly, base->poly, base->poly_count * sizeof *branch->poly);
  if (base->bucket_count) memcpy(branch->bucket, base->bucket, base->bucket_count * sizeof *branch->bucket);
  branch->symbol_count = branch->symbol_capacity = base->symbol_count;
  branch->poly_count = branch->poly_capacity = base->poly_count;
  branch->bucket_count = base->bucket_count;
  return RT_OK;
}

/* ---- making dims ---- */

uint32_t vm_dims_add_symbol(struct vm_dims *dims, const char *name, enum vm_symbol_kind kind, int64_t value) {
  void *items = dims->symbol;
  if (dims->symbol_count >= UINT32_MAX
      || rt_grow(&items, &dims->symbol_capacity, dims->symbol_count + 1, sizeof *dims->symbol))
    return UINT32_MAX;
  dims->symbol = items;
  char *copy = rt_arena_strndup(&dims->arena, name, strlen(name));
  if (!copy) return UINT32_MAX;
  bool known = kind == VM_CONST || kind == VM_BOUND;
  dims->symbol[dims->symbol_count] = (struct vm_symbol){copy, kind, known ? value : -1, 0, 0, VM_NO_DIM};
  return (uint32_t)dims->symbol_count++;
}

vm_dim vm_dim_symbol(struct vm_dims *dims, const char *name, enum vm_symbol_kind kind, int64_t value) {
  uint32_t number = vm_dims_add_symbol(dims, name, kind, value);
  if (number == UINT32_MAX) return VM_NO_DIM;
  struct vm_factor factor = {number, 1};
  struct vm_term term = {1, 1, 1, &factor};
  vm_dim dim = intern(dims, &term, 1);
  if (dim == VM_NO_DIM) dims->symbol_count--;
  return dim;
}

vm_dim vm_dim_of_terms(struct vm_dims *dims, const struct vm_term *term, uint32_t term_count) {
  struct sum sum;
  struct vm_factor factor[VM_MAX_FACTORS];
  sum_start(&sum);
  for (uint32_t i = 0; i < term_count; i++) {
    struct vm_term copy = {term[i].numerator, term[i].denominator, 0, factor};
    if (!reduce(&copy.numerator, &copy.denominator)) return VM_NO_DIM;
    for (uint32_t k = 0; k < term[i].factor_count; k++)
      if (term[i].factor[k].symbol >= dims->symbol_count || !multiply_factor(&copy, term[i].factor[k]))
        return VM_NO_DIM;
    if (!sum_add(&sum, &copy)) return VM_NO_DIM;
  }
  return intern(dims, sum.term, sum.count);
}

vm_dim vm_dim_number(struct vm_dims *dims, int64_t n) {
  struct vm_term term = {n, 1, 0, NULL};
  if (n == INT64_MIN) return VM_NO_DIM;
  return intern(dims, &term, n != 0);
}

/* a + scale * b */
static vm_dim add_scaled(struct vm_dims *dims, vm_dim a, vm_dim b, int64_t scale) {
  struct sum sum;
  if (a >= dims->poly_count || b >= dims->poly_count) return VM_NO_DIM;
  const struct vm_poly *x = &dims->poly[a], *y = &dims->poly[b];
  sum_start(&sum);
  for (uint32_t i = 0; i < x->term_count; i++)
    if (!sum_add(&sum, &x->term[i])) return VM_NO_DIM;
  for (uint32_t i = 0; i < y->term_count; i++) {
    struct vm_term term = y->term[i];
    term.numerator *= scale;
    if (!sum_add(&sum, &term)) return VM_NO_DIM;
  }
  return intern(dims, sum.term, sum.count);
}

vm_dim vm_dim_plus(struct vm_dims *dims, vm_dim a, vm_dim b) { return add_scaled(dims, a, b, 1); }
vm_dim vm_dim_minus(struct vm_dims *dims, vm_dim a, vm_dim b) { return add_scaled(dims, a, b, -1); }

static bool sum_add_product(struct sum *sum, const struct vm_term *a, const struct vm_term *b) {
  struct vm_factor factor[VM_MAX_FACTORS];
  struct vm_term product = {a->numerator, a->denominator, a->factor_count, factor};
  if (a->factor_count) memcpy(factor, a->factor, a->factor_count * sizeof *factor);
  return multiply_terms(&product, b) && sum_add(sum, &product);
}

vm_dim vm_dim_times(struct vm_dims *dims, vm_dim a, vm_dim b) {
  struct sum sum;
  if (a >= dims->poly_count || b >= dims->poly_count) return VM_NO_DIM;
  const struct vm_poly *x = &dims->poly[a], *y = &dims->poly[b];
  sum_start(&sum);
  for (uint32_t i = 0; i < x->term_count; i++)
    for (uint32_t k = 0; k < y->term_count; k++)
      if (!sum_add_product(&sum, &x->term[i], &y->term[k])) return VM_NO_DIM;
  return intern(dims, sum.term, sum.count);
}

vm_dim vm_dim_product(struct vm_dims *dims, const vm_dim *dim, int count) {
  vm_dim product = VM_ONE;
  for (int k = 0; k < count && product != VM_NO_DIM; k++) product = vm_dim_times(dims, product, dim[k]);
  return product;
}

vm_dim vm_dim_over(struct vm_dims *dims, vm_dim a, vm_dim b) {
  struct sum sum;
  struct vm_factor factor[VM_MAX_FACTORS];
  if (a >= dims->poly_count || b >= dims->poly_count || dims->poly[b].term_count != 1) return VM_NO_DIM;
  const struct vm_poly *x = &dims->poly[a];
  const struct vm_term *by = dims->poly[b].term;
  struct vm_term inverse = {by->denominator, by->numerator, by->factor_count, factor};
  for (uint32_t i = 0; i < by->factor_count; i++)
    factor[i] = (struct vm_factor){by->factor[i].symbol, -by->factor[i].power};
  if (!reduce(&inverse.numerator, &inverse.denominator)) return VM_NO_DIM;
  sum_start(&sum);
  for (uint32_t i = 0; i < x->term_count; i++)
    if (!sum_add_product(&sum, &x->term[i], &inverse)) return VM_NO_DIM;
  return intern(dims, sum.term, sum.count);
}

/* ---- asking about dims ---- */

bool vm_dim_uses(const struct vm_dims *dims, vm_dim d, uint32_t symbol) {
  const struct vm_poly *poly = &dims->poly[d];
  for (uint32_t t = 0; t < poly->term_count; t++)
    for (uint32_t k = 0; k < poly->term[t].factor_count; k++) {
      uint32_t number = poly->term[t].factor[k].symbol;
      const struct vm_symbol *found = &dims->symbol[number];
      if (found->kind == VM_FLOOR ? vm_dim_uses(dims, found->of, symbol) : number == symbol) return true;
    }
  return false;
}

bool vm_dim_is_ragged(const struct vm_dims *dims, vm_dim d) {
  return d < dims->poly_count && dims->poly[d].ragged;
}

bool vm_dim_is_number(const struct vm_dims *dims, vm_dim d, int64_t *n) {
  if (d >= dims->poly_count) return false;
  const struct vm_poly *poly = &dims->poly[d];
  if (poly->term_count == 0) {
    *n = 0;
    return true;
  }
  if (poly->term_count != 1 || poly->term[0].factor_count || poly->term[0].denominator != 1) return false;
  *n = poly->term[0].numerator;
  return true;
}

int64_t vm_dim_as_symbol(const struct vm_dims *dims, vm_dim d) {
  if (d >= dims->poly_count || dims->poly[d].term_count != 1) return -1;
  const struct vm_term *term = dims->poly[d].term;
  if (term->factor_count != 1 || term->factor[0].power != 1 || term->numerator != 1 || term->denominator != 1)
    return -1;
  return term->factor[0].symbol;
}
