/* places_axes.c: what becomes of the places of axes that are joined, moved and given other shapes. */
#include "compiler/ir/places.h"

struct ir_axis_places ir_places_input(struct vm_dims *dims, uint32_t input, int axis, vm_dim dim) {
  const vm_dim none = vm_dim_number(dims, 0);
  return (struct ir_axis_places){
      .count = 1, .piece[0] = {none, 1, {{dim, true, input, (uint8_t)axis, none, none, VM_ONE}}}};
}

static bool is_zero(const struct vm_dims *dims, vm_dim d) {
  int64_t n;
  return vm_dim_is_number(dims, d, &n) && n == 0;
}

/* ---- joining ---- */

/* The smaller, or the larger one. VM_NO_DIM: it cannot be told. */
static vm_dim extreme(struct vm_dims *dims, vm_dim a, vm_dim b, bool larger) {
  int64_t n;
  const vm_dim less = vm_dim_minus(dims, a, b);
  if (less == VM_NO_DIM || !vm_dim_is_number(dims, less, &n)) return VM_NO_DIM;
  return (n > 0) == larger ? a : b;
}

/* Of two inputs the first counts; what two say differently of one is not known. */
static void join_factor(struct vm_dims *dims, struct ir_factor *a, const struct ir_factor *b) {
  if (!a->known) *a = *b;
  if (!b->known || a->input != b->input) return;
  a->low = extreme(dims, a->low, b->low, false);
  a->high = extreme(dims, a->high, b->high, true);
  a->known = a->axis == b->axis && a->step == b->step && a->low != VM_NO_DIM && a->high != VM_NO_DIM;
}

/* A piece of one factor goes on to both ends of the axis: what is before it and behind it are edges, such as
 * the zeros around an image. */
static void cover(struct vm_dims *dims, vm_dim dim, struct ir_piece *p) {
  struct ir_factor *f = &p->factor[0];
  if (p->count != 1 || !f->known || (is_zero(dims, p->at) && f->dim == dim)) return;
  const vm_dim by = vm_dim_times(dims, p->at, f->step);
  f->low = by == VM_NO_DIM ? by : vm_dim_minus(dims, f->low, by);
  f->high = by == VM_NO_DIM ? by : vm_dim_minus(dims, f->high, by);
  f->known = f->low != VM_NO_DIM && f->high != VM_NO_DIM;
  f->dim = dim;
  p->at = vm_dim_number(dims, 0);
}

static bool has_same_factors(const struct ir_piece *a, const struct ir_piece *b) {
  bool same = a->at == b->at && a->count == b->count;
  for (int k = 0; k < a->count && same; k++) same = a->factor[k].dim == b->factor[k].dim;
  return same;
}

void ir_places_join(struct vm_dims *dims, vm_dim dim, struct ir_axis_places *a,
                    const struct ir_axis_places *b) {
  struct ir_axis_places other = *b;
  if (!a->count) *a = *b;
  if (a->count == 1 && other.count == 1 && !has_same_factors(&a->piece[0], &other.piece[0])) {
    cover(dims, dim, &a->piece[0]);
    cover(dims, dim, &other.piece[0]);
  }
  for (int k = 0; k < a->count && k < other.count; k++)
    if (has_same_factors(&a->piece[k], &other.piece[k]))
      for (int f = 0; f < a->piece[k].count; f++)
        join_factor(dims, &a->piece[k].factor[f], &other.piece[k].factor[f]);
}

/* ---- parts of an axis ---- */

void ir_places_move(struct vm_dims *dims, struct ir_axis_places *a, vm_dim by, bool back) {
  int kept = 0;
  for (int k = 0; k < a->count; k++) {
    struct ir_piece *p = &a->piece[k];
    p->at = back ? vm_dim_minus(dims, p->at, by) : vm_dim_plus(dims, p->at, by);
    if (p->at != VM_NO_DIM) a->piece[kept++] = *p;
  }
  a->count = kept;
}

/* low + by * step */
static vm_dim steps_from(struct vm_dims *dims, vm_dim low, int64_t by, vm_dim step) {
  const vm_dim more = vm_dim_times(dims, vm_dim_number(dims, by), step);
  return more == VM_NO_DIM ? more : vm_dim_plus(dims, low, more);
}

void ir_places_slide(struct vm_dims *dims, struct ir_axis_places *a, vm_dim from, vm_dim to,
                     struct ir_window window) {
  struct ir_piece *p = &a->piece[0];
  struct ir_factor *f = &p->factor[0];
  if (a->count == 1) cover(dims, from, p);
  if (a->count != 1 || p->count != 1 || !f->known || f->dim != from || !is_zero(dims, p->at)) {
    a->count = 0;
    return;
  }
  f->low = steps_from(dims, f->low, -window.before, f->step);
  f->high = steps_from(dims, f->high, window.behind, f->step);
  f->step = vm_dim_times(dims, f->step, vm_dim_number(dims, window.stride));
  f->dim = to;
  f->known = f->low != VM_NO_DIM && f->high != VM_NO_DIM && f->step != VM_NO_DIM;
}

void ir_places_append(struct ir_axis_places *a, const struct ir_axis_places *more) {
  for (int k = 0; k < more->count && a->count < IR_MOST_PIECES; k++) a->piece[a->count++] = more->piece[k];
}

/* ---- other shapes ---- */

enum { MOST = RT_MAX_RANK * IR_MOST_FACTORS };

/* All factors of a tensor, slowest first. */
struct factors {
  int count;
  struct ir_factor of[MOST];
  const struct ir_axis_places *whole[MOST]; /* that factor is this axis of several pieces */
};

static void add_factor(struct factors *all, struct ir_factor factor, const struct ir_axis_places *whole) {
  if (factor.dim == VM_ONE) return;
  all->of[all->count] = factor;
  all->whole[all->count++] = whole;
}

static void add_axis(struct vm_dims *dims, vm_dim dim, const struct ir_axis_places *axis,
                     struct factors *all) {
  struct ir_piece p = axis->piece[0];
  vm_dim product = VM_ONE;
  if (axis->count == 1) cover(dims, dim, &p);
  for (int k = 0; k < p.count && axis->count == 1 && product != VM_NO_DIM; k++)
    product = vm_dim_times(dims, product, p.factor[k].dim);
  if (axis->count != 1 || product != dim || !is_zero(dims, p.at))
    add_factor(all, (struct ir_factor){.dim = dim}, axis->count ? axis : NULL);
  else
    for (int k = 0; k < p.count; k++) add_factor(all, p.factor[k], NULL);
}

/* Of a factor of size q * rest, those of size q and of size rest. */
static bool split(struct vm_dims *dims, struct factors *all, int k, vm_dim q) {
  struct ir_factor *f = &all->of[k];
  int64_t n;
  const vm_dim rest = vm_dim_over(dims, f->dim, q);
  const bool whole =
      rest != VM_NO_DIM
      && ((vm_dim_is_number(dims, rest, &n) && n > 1) || (vm_dim_is_number(dims, q, &n) && n > 1));
  if (!whole || rest == VM_ONE || q == VM_ONE || all->count == MOST || all->whole[k]) return false;
  for (int i = all->count++; i > k + 1; i--) {
    all->of[i] = all->of[i - 1];
    all->whole[i] = all->whole[i - 1];
  }
  all->of[k + 1] = (struct ir_factor){.dim = rest};
  all->whole[k + 1] = NULL;
  f = &all->of[k];
  f->dim = q;
  if (f->known) f->step = vm_dim_times(dims, f->step, rest);
  f->known = f->known && f->step != VM_NO_DIM;
  return true;
}

/* How many factors from `from` on have the product `dim`; one of them may be split for it. 0: it cannot be
 * told. */
static int take(struct vm_dims *dims, struct factors *all, int from, vm_dim dim) {
  vm_dim product[MOST + 1] = {VM_ONE};
  int count = 0;
  for (; from + count < all->count && product[count] != VM_NO_DIM; count++) {
    product[count + 1] = vm_dim_times(dims, product[count], all->of[from + count].dim);
    if (product[count + 1] == dim) return count + 1;
  }
  for (int k = 0; k < count; k++) {
    const vm_dim q = vm_dim_over(dims, dim, product[k]);
    if (q != VM_NO_DIM && split(dims, all, from + k, q)) return k + 1;
  }
  return 0;
}

void ir_places_reshape(struct vm_dims *dims, const struct vm_type *type, const struct ir_axis_places *from,
                       const struct vm_type *into, struct ir_axis_places *to) {
  struct factors all = {.count = 0};
  int at = 0;
  for (int a = 0; a < type->rank; a++) add_axis(dims, type->dim[a], &from[a], &all);
  for (int a = 0; a < into->rank; a++) {
    to[a].count = 0;
    if (into->dim[a] == VM_ONE) continue;
    const int count = take(dims, &all, at, into->dim[a]);
    if (!count) return;
    if (count == 1 && all.whole[at]) to[a] = *all.whole[at];
    if (!all.whole[at] && count <= IR_MOST_FACTORS) {
      to[a].count = 1;
      to[a].piece[0] = (struct ir_piece){.at = vm_dim_number(dims, 0), .count = count};
      for (int k = 0; k < count; k++) to[a].piece[0].factor[k] = all.of[at + k];
    }
    at += count;
  }
}

/* ---- for the module ---- */

/* Where element 0 begins: around 0 it is 0, else in the middle. */
static vm_dim start_of(struct vm_dims *dims, const struct ir_factor *f) {
  int64_t low, high, apart;
  const bool numbers = vm_dim_is_number(dims, f->low, &low) && vm_dim_is_number(dims, f->high, &high);
  if (numbers && low <= 0) return vm_dim_number(dims, 0);
  if (numbers) return vm_dim_number(dims, low + (high - low) / 2);
  const vm_dim less = vm_dim_minus(dims, f->high, f->low);
  if (less == VM_NO_DIM || !vm_dim_is_number(dims, less, &apart)) return VM_NO_DIM;
  return vm_dim_plus(dims, f->low, vm_dim_number(dims, apart / 2));
}

static bool make_run(struct vm_dims *dims, const struct ir_piece *p, struct vm_run *run) {
  *run = (struct vm_run){.input = p->factor[0].input, .rank = (uint8_t)p->count, .at = p->at};
  if (p->count < 1 || p->count > 2) return false;
  for (int k = 0; k < p->count; k++) {
    const struct ir_factor *f = &p->factor[k];
    if (!f->known || f->input != run->input || (k && f->axis == run->axis[0])) return false;
    run->axis[k] = f->axis;
    run->count[k] = f->dim;
    run->start[k] = start_of(dims, f);
    run->step[k] = f->step;
    if (run->start[k] == VM_NO_DIM) return false;
  }
  return true;
}

uint32_t ir_places_runs(struct vm_dims *dims, const struct ir_axis_places *a, struct vm_run *run) {
  uint32_t count = 0;
  for (int k = 0; k < a->count && count < VM_MOST_RUNS; k++)
    count += make_run(dims, &a->piece[k], &run[count]);
  return count;
}
