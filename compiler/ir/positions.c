/* positions.c: questions about formulas of two positions: where they hold, how far that is apart, where
 * tables are read. */
#include "compiler/ir/positions_forms.h"

#include <math.h>

/* Do reductions over the keys take nothing from this pair? */
static bool is_neutral(const struct ir_step_of *s, const struct form *value) {
  switch (s->op) {
    case IR_OVER_SUM:
    case IR_OVER_CUMSUM:
    case IR_OVER_CUMSUM_BACK: return form_is_point(&value[s->arg[0]], 0);
    case IR_OVER_MAX:
    case IR_OVER_ENTMAX:
    case IR_OVER_KTH: return form_is_point(&value[s->arg[0]], -INFINITY);
    default: return false;
  }
}

/* Is the answer no for all pairs in the box for which the assumption holds? Of one head; value: room for what
 * each step is. */
static bool is_no(const struct asking *a, const struct ir_asked *asked, struct form *value) {
  const struct ir_formula *formula = asked->formula;
  bool neutral = true;
  for (int k = 0; k < formula->count; k++) {
    value[k] = form_of_step(a, &formula->step[k], value);
    if (formula->step[k].is == IR_STEP_OVER) neutral = neutral && is_neutral(&formula->step[k], value);
  }
  const struct form *result = &value[formula->result];
  struct lane_span span = form_span(a, result);
  switch (asked->question) {
    case IR_WHERE_TRUE: return span.low == 0 && span.high == 0;
    case IR_WHERE_FALSE: return span.low > 0 || span.high < 0;
    case IR_WHERE_SOFTMAX: return neutral && form_is_point(result, -INFINITY);
    case IR_WHERE_WEIGHT: return neutral && form_is_point(result, 0);
  }
  return false;
}

/* Without memory nothing is sure. A host's thread may have little stack, so the steps are not there. */
static bool no_in_head(const struct asking *a, const struct ir_asked *asked) {
  struct form *value = rt_zalloc((size_t)asked->formula->count, sizeof *value);
  bool no = value && is_no(a, asked, value);
  rt_free(value);
  return no;
}

static bool surely_no(const struct asking *a, const struct ir_asked *asked) {
  const struct ir_formula *formula = asked->formula;
  struct asking of_head = *a;
  bool no = formula && formula->count;
  for (int h = 0; no && (h == 0 || h < formula->heads); h++) {
    of_head.head = h;
    no = no_in_head(&of_head, asked);
  }
  return no;
}

/* No pair: the box and the assumption do not meet, or one of the questions is answered with no. */
static bool none(const struct asking *a, const struct ir_asked *asked, int count) {
  struct asking alone = *a;
  const double by = -a->way * (double)a->gap;
  struct form gap = {.i = -a->way, .j = a->way, .low = by, .high = by, .size = a->shift};
  alone.way = 0;
  if (form_scale_size(a->box->dims, &gap.size, -a->way) && form_below_0(&alone, &gap, true)) return true;
  for (int k = 0; k < count; k++)
    if (surely_no(a, &asked[k])) return true;
  return false;
}

/* The last gap, outwards, behind which there is no pair. */
static struct ir_gap last_gap(const struct ir_asked *asked, int count, const struct ir_box *box, vm_dim shift,
                              int way) {
  const int64_t furthest = INT64_C(1) << 24;
  struct asking a = {.box = box, .way = way, .shift = shift, .gap = way};
  int64_t in = -1, out; /* beyond `out` there is none, beyond `in` there is perhaps */
  if (none(&a, asked, count)) {
    for (out = 0, in = -1; - in < furthest; out = in, in *= 2) {
      a.gap = way * (in + 1);
      if (!none(&a, asked, count)) break;
    }
    if (-in >= furthest) return (struct ir_gap){.never = true};
  } else {
    for (in = 0, out = 1; out < furthest; in = out, out *= 2) {
      a.gap = way * (out + 1);
      if (none(&a, asked, count)) break;
    }
    if (out >= furthest) return (struct ir_gap){.far = true};
  }
  while (out - in > 1) {
    int64_t middle = in + (out - in) / 2;
    a.gap = way * (middle + 1);
    *(none(&a, asked, count) ? &out : &in) = middle;
  }
  return (struct ir_gap){.at = way * out};
}

static struct ir_gap search(const struct ir_asked *asked, int count, const struct ir_box *box, vm_dim shift,
                            int way) {
  struct ir_gap gap = last_gap(asked, count, box, shift, way);
  if (gap.far || gap.never || !count) return gap;
  struct ir_gap whole = last_gap(NULL, 0, box, shift, way);
  if (!whole.far && !whole.never && whole.at == gap.at && way * gap.at > 0) gap.far = true;
  return gap;
}

struct ir_gap ir_most_ahead(const struct ir_asked *asked, int count, const struct ir_box *box, vm_dim shift) {
  return search(asked, count, box, shift, 1);
}
struct ir_gap ir_most_behind(const struct ir_asked *asked, int count, const struct ir_box *box,
                             vm_dim shift) {
  return search(asked, count, box, shift, -1);
}

bool ir_surely(const struct ir_formula *formula, const struct ir_box *box, bool truth) {
  const struct asking a = {.box = box, .shift = VM_NO_DIM};
  const struct ir_asked asked = {formula, truth ? IR_WHERE_FALSE : IR_WHERE_TRUE};
  return surely_no(&a, &asked);
}

bool ir_formula_place(const struct ir_formula *formula, int step, struct vm_dims *dims,
                      struct ir_place *place) {
  const struct ir_box box = {dims, VM_NO_DIM, VM_NO_DIM, VM_NO_DIM};
  const struct asking a = {.box = &box, .shift = VM_NO_DIM, .head = -1};
  struct form value[IR_FORMULA_STEPS] = {0};
  for (int k = 0; k <= step; k++) value[k] = form_of_step(&a, &formula->step[k], value);
  const struct form *f = &value[step];
  double whole = floor(f->low);
  if (f->low != f->high || whole != f->low || fabs(whole) > FORM_LONGEST) return false;
  *place = (struct ir_place){f->i, f->j, vm_dim_number(dims, (int64_t)whole)};
  return form_add_size(dims, &place->size, f->size);
}

/* Where there is a pair there is a first query and a first key. */
static bool has_first(const struct ir_box *box, vm_dim length) {
  const vm_dim there[] = {box->queries, box->from == VM_NO_DIM ? box->to : VM_NO_DIM};
  for (int k = 0; k < 2; k++)
    if (there[k] != VM_NO_DIM && vm_never_negative(box->dims, vm_dim_minus(box->dims, length, there[k])))
      return true;
  return false;
}

/* The place is rounded to a whole number. */
static struct ir_beyond reads_beyond(const struct asking *a, const struct ir_formula *formula, int step,
                                     vm_dim length) {
  struct form value[IR_FORMULA_STEPS] = {0}, end = form_number(-0.5, -0.5);
  for (int k = 0; k <= step; k++) value[k] = form_of_step(a, &formula->step[k], value);
  end.size = length;
  struct form behind = form_difference(a, value[step], end),
              front = form_difference(a, form_number(-0.5, -0.5), value[step]);
  bool first = form_is_number(&value[step]) && value[step].low < 0.5 && has_first(a->box, length);
  return (struct ir_beyond){.front = !form_below_0(a, &front, false),
                            .behind = !first && !form_below_0(a, &behind, false)};
}

struct ir_beyond ir_reads_beyond(const struct ir_formula *formula, int step, vm_dim length,
                                 const struct ir_asked *asked, int count, const struct ir_box *box) {
  struct ir_beyond beyond = {true, true};
  const struct ir_gap most = ir_most_ahead(asked, count, box, VM_NO_DIM),
                      least = ir_most_behind(asked, count, box, VM_NO_DIM);
  if (most.never || least.never) return (struct ir_beyond){false, false};
  for (int way = -1; way <= 1; way++) {
    const struct asking a = {
        .box = box, .way = way, .shift = VM_NO_DIM, .gap = way < 0 ? most.at : least.at, .head = -1};
    if ((way < 0 && most.far) || (way > 0 && least.far)) continue;
    struct ir_beyond found = reads_beyond(&a, formula, step, length);
    beyond.front = beyond.front && found.front;
    beyond.behind = beyond.behind && found.behind;
  }
  return beyond;
}

static bool uses(const struct ir_box *box, vm_dim size, uint32_t symbol) {
  return size != VM_NO_DIM && vm_dim_uses(box->dims, size, symbol);
}

/* Is a table read at a place that has the size in it, which is not that from which its places are counted? */
static bool picks_by(const struct ir_formula *formula, const struct ir_step_of *s, const struct ir_box *box,
                     uint32_t symbol, const vm_dim *placed) {
  struct ir_place place;
  if (!ir_formula_place(formula, s->arg[0], box->dims, &place)) return true;
  vm_dim from = placed[s->op];
  if (from == VM_NO_DIM) return uses(box, place.size, symbol);
  vm_dim rest = vm_dim_minus(box->dims, place.size, from);
  return rest == VM_NO_DIM || uses(box, rest, symbol);
}

bool ir_formula_tells(const struct ir_formula *formula, const struct ir_box *box, uint32_t symbol,
                      const vm_dim *placed) {
  const struct asking a = {.box = box, .shift = VM_NO_DIM, .head = -1};
  struct form value[IR_FORMULA_STEPS] = {0};
  bool tells[IR_FORMULA_STEPS] = {false};
  for (int k = 0; k < formula->count; k++) {
    const struct ir_step_of *s = &formula->step[k];
    value[k] = form_of_step(&a, s, value);
    int arity =
        s->is == IR_STEP_OP ? rt_op_info[s->op].arity : s->is == IR_STEP_OVER || s->is == IR_STEP_MOST;
    tells[k] = s->is == IR_STEP_SIZE && uses(box, s->size, symbol);
    for (int n = 0; n < arity; n++) tells[k] = tells[k] || tells[s->arg[n]];
    if (s->is == IR_STEP_PICK) {
      bool by = tells[s->arg[0]] || placed[s->op] != VM_NO_DIM;
      tells[k] = by && picks_by(formula, s, box, symbol, placed);
    }
    tells[k] = tells[k] && !form_is_number(&value[k]);
  }
  return formula->count && tells[formula->result];
}
