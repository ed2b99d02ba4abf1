/* attend_cases.h: cases for the attention kernels: programs, masks and extras; running the kernels on them;
 * comparing with plain loops and with central differences. */
#ifndef AQ_TESTS_UNIT_ATTEND_CASES_H
#define AQ_TESTS_UNIT_ATTEND_CASES_H

#include "runtime/ops.h"
#include "runtime/threads.h"
#include "tests/unit/attend_reference.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#include "tests/unit/run_op.h"

static int threads = 1;
static enum rt_isa isa;

/* ---- programs ---- */

/* The extras that the programs below read, in this order. The first is a number, then what varies with h, i,
 * j, and i and j; the last is a table. */
enum { E_NUMBER, E_HEAD, E_ROW, E_COLUMN, E_PAIR, E_TABLE };
static const uint8_t extra_class[CASE_EXTRAS] = {0, 0, LANE_I, LANE_J, LANE_I | LANE_J, 0};
static const char *const extra_axes[CASE_EXTRAS] = {"S", "Sh", "ih", "hj", "ij", "hf"};
enum { TABLE_REACH = 3, TABLE_WIDTH = 2 * TABLE_REACH + 1 };

struct programs {
  struct lane_text score, score_grad, mask, drop;
};

/* Registers of the parts of the score, shared by score and score_grad. */
struct score_parts {
  int s, extra[CASE_EXTRAS], scaled, tanh, gap, index, result;
};

/* s' = 2 tanh(number s) + row column + pair - head |i - j| + table[clip(i - j) + reach] */
static inline struct score_parts write_score(struct lane_text *t) {
  struct score_parts r;
  r.s = lane_put(t, LANE_input, 0, 0, 0);
  for (int k = 0; k < E_TABLE; k++) r.extra[k] = lane_put(t, LANE_input, 1 + k, 0, 0);
  r.scaled = lane_put(t, LANE_mul, r.extra[E_NUMBER], r.s, 0);
  r.tanh = lane_put(t, LANE_tanh, r.scaled, 0, 0);
  int two = lane_number(t, 2), apart = lane_put(t, LANE_offset, 0, 0, 0);
  r.gap = lane_put(t, LANE_abs, apart, 0, 0);
  r.index = lane_put(t, LANE_add, apart, lane_number(t, TABLE_REACH), 0);
  int near = lane_put(t, LANE_gather, 1 + E_TABLE, r.index, 0);
  int sum = lane_put(t, LANE_mul, two, r.tanh, 0);
  sum = lane_put(t, LANE_add, sum, lane_put(t, LANE_mul, r.extra[E_ROW], r.extra[E_COLUMN], 0), 0);
  sum = lane_put(t, LANE_add, sum, r.extra[E_PAIR], 0);
  sum = lane_put(t, LANE_sub, sum, lane_put(t, LANE_mul, r.extra[E_HEAD], r.gap, 0), 0);
  r.result = lane_put(t, LANE_add, sum, near, 0);
  return r;
}

/* What score_grad has come to is its first part: the score, in a register. */
static inline void end_score_part(struct attend_case *c, const struct lane_text *t, int result) {
  c->plan.score_end = t->program.instr_count, c->plan.score_register = (uint8_t)result;
}

static inline void classes_with(uint8_t *classes, bool score) {
  int first = score ? 1 : 0;
  classes[0] = LANE_I | LANE_J;
  memcpy(classes + first, extra_class, sizeof extra_class);
  classes[first + CASE_EXTRAS] = LANE_I | LANE_J;
}

/* The results of a score_grad whose gradient of s' is register `gradient`. wanted: for each extra, whether
 * its gradient is. */
static inline void end_score_grad(struct lane_text *t, struct score_parts r, int gradient,
                                  const bool *wanted) {
  int slope = lane_put(t, LANE_sub, lane_number(t, 1), lane_put(t, LANE_square, r.tanh, 0, 0), 0);
  slope = lane_put(t, LANE_mul, slope, lane_put(t, LANE_add, gradient, gradient, 0), 0);
  int extra[CASE_EXTRAS] = {
      lane_put(t, LANE_mul, slope, r.s, 0),
      lane_put(t, LANE_neg, lane_put(t, LANE_mul, gradient, r.gap, 0), 0, 0),
      lane_put(t, LANE_mul, gradient, r.extra[E_COLUMN], 0),
      lane_put(t, LANE_mul, gradient, r.extra[E_ROW], 0),
      gradient,
      gradient,
  };
  int out[2 + CASE_EXTRAS] = {lane_put(t, LANE_mul, slope, r.extra[E_NUMBER], 0)}, count = 1;
  for (int k = 0; k < CASE_EXTRAS; k++) {
    if (!wanted[k]) continue;
    out[count++] = extra[k];
    if (k == E_TABLE) out[count++] = r.index;
  }
  lane_text_end(t, count, out);
}

/* Gives a case all extras. */
static inline void use_extras(struct attend_case *c, const bool *wanted) {
  c->extra_count = CASE_EXTRAS;
  c->table_width = TABLE_WIDTH;
  for (int k = 0; k < CASE_EXTRAS; k++) c->extra[k] = extra_axes[k], c->plan.wants_grad[k] = wanted[k];
}

static inline void use_score_wanting(struct attend_case *c, struct programs *p, const bool *wanted) {
  uint8_t classes[CASE_EXTRAS + 2];
  classes_with(classes, true);
  lane_text_init(&p->score, 1 + CASE_EXTRAS, classes);
  struct score_parts r = write_score(&p->score);
  c->plan.score = lane_text_end(&p->score, 1, &r.result);
  lane_text_init(&p->score_grad, 2 + CASE_EXTRAS, classes);
  r = write_score(&p->score_grad);
  end_score_part(c, &p->score_grad, r.result);
  end_score_grad(&p->score_grad, r, lane_put(&p->score_grad, LANE_input, 1 + CASE_EXTRAS, 0, 0), wanted);
  c->plan.score_grad = &p->score_grad.program;
  use_extras(c, wanted);
}

static inline void use_score(struct attend_case *c, struct programs *p) {
  static const bool all[CASE_EXTRAS] = {true, true, true, true, true, true};
  use_score_wanting(c, p, all);
}

enum mask { SEE_ALL, CAUSAL, WINDOW, ISLANDS, NOTHING, BY_COLUMN, BY_PAIR, MASK_COUNT };

/* Masks over i and j; the last two read extras, which must be there. */
static inline void use_mask(struct attend_case *c, struct programs *p, enum mask mask) {
  uint8_t classes[CASE_EXTRAS + 2];
  struct lane_text *t = &p->mask;
  if (mask == SEE_ALL) return;
  classes_with(classes, false);
  lane_text_init(t, c->extra_count, classes);
  int row = lane_put(t, LANE_row, 0, 0, 0), column = lane_put(t, LANE_column, 0, 0, 0), out, away;
  int gap = lane_put(t, LANE_abs, lane_put(t, LANE_sub, row, column, 0), 0, 0);
  int limit = lane_number(t, mask == BY_COLUMN || mask == BY_PAIR ? 0.2 : 10);
  switch (mask) {
    case CAUSAL: out = lane_put(t, LANE_le, column, row, 0); break;
    case WINDOW: out = lane_put(t, LANE_lt, gap, limit, 0); break;
    case ISLANDS: /* a window, key 700 and what is 300 to 304 away: hidden stretches of all lengths between
                     what is seen */
      out = lane_put(t, LANE_eq, column, lane_number(t, 700), 0);
      away = lane_put(t, LANE_abs, lane_put(t, LANE_sub, gap, lane_number(t, 302), 0), 0, 0);
      out = lane_put(t, LANE_or, out, lane_put(t, LANE_le, away, lane_number(t, 2), 0), 0);
      out = lane_put(t, LANE_or, out, lane_put(t, LANE_lt, gap, limit, 0), 0);
      break;
    case BY_COLUMN: out = lane_put(t, LANE_lt, lane_put(t, LANE_input, E_COLUMN, 0, 0), limit, 0); break;
    case BY_PAIR: out = lane_put(t, LANE_lt, lane_put(t, LANE_input, E_PAIR, 0, 0), limit, 0); break;
    default: out = lane_number(t, 0);
  }
  c->plan.mask = lane_text_end(t, 1, &out);
}

/* A multiplier that plain loops can follow: 0, 1 or 2 by (i + 2 j) mod 3. */
static inline void use_plain_drop(struct attend_case *c, struct programs *p) {
  uint8_t classes[CASE_EXTRAS + 2];
  struct lane_text *t = &p->drop;
  classes_with(classes, false);
  lane_text_init(t, c->extra_count, classes);
  int row = lane_put(t, LANE_row, 0, 0, 0), column = lane_put(t, LANE_column, 0, 0, 0);
  int sum = lane_put(t, LANE_add, row, lane_put(t, LANE_add, column, column, 0), 0);
  int out = lane_put(t, LANE_mod, sum, lane_number(t, 3), 0);
  c->plan.drop = lane_text_end(t, 1, &out);
}

static inline void use_random_drop(struct attend_case *c, struct programs *p, double rate) {
  struct lane_text *t = &p->drop;
  uint8_t classes[CASE_EXTRAS + 2];
  classes_with(classes, false);
  lane_text_init(t, c->extra_count, classes);
  int keeps = lane_put(t, LANE_le, lane_number(t, rate), lane_put(t, LANE_random, 5, 0, 0), 0);
  int out = lane_put(t, LANE_mul, keeps, lane_number(t, 1 / (1 - rate)), 0);
  c->plan.drop = lane_text_end(t, 1, &out);
}

/* ---- calling the kernels ---- */

static inline void call_kernel(struct attend_case *c, enum rt_op op, struct rt_tensor *in, int in_count,
                               struct rt_tensor *out, int out_count) {
  const int64_t attr[3] = {op == OP_dot ? c->dy_axes : 0, op == OP_attention ? 1 : c->dy_axes};
  struct rt_pool *pool = rt_pool_new(threads, NULL);
  const struct lane_program *const programs[] = {c->plan.score, c->plan.mask, c->plan.drop,
                                                 c->plan.score_grad};
  struct rt_error error = {0};
  for (int k = 0; k < c->plan.row_count; k++)
    if (lane_verify(c->plan.row[k].program, &error)) fail_msg("%s", error.text);
  for (size_t k = 0; k < RT_COUNT(programs); k++)
    if (programs[k] && lane_verify(programs[k], &error)) fail_msg("%s", error.text);
  struct rt_call call = {.in_count = in_count,
                         .out_count = out_count,
                         .in = in,
                         .out = out,
                         .attr = attr,
                         .attend = &c->plan,
                         .seed = 99,
                         .examples = c->examples,
                         .pool = pool};
  run_op(op, c->f64 ? RT_F64 : RT_F32, isa, &call);
  rt_pool_free(pool);
}

static inline struct rt_tensor tensor_of(struct case_tensor *t) {
  return (struct rt_tensor){t->data, &t->shape};
}

static inline void run_forward(struct attend_case *c) {
  struct rt_tensor in[3 + CASE_EXTRAS] = {tensor_of(&c->in[0]), tensor_of(&c->in[1]), tensor_of(&c->in[2])};
  struct rt_tensor out[2] = {tensor_of(&c->y), tensor_of(&c->lse)};
  for (int k = 0; k < c->extra_count; k++) in[3 + k] = tensor_of(&c->extras[k]);
  call_kernel(c, OP_attention, in, 3 + c->extra_count, out, 2);
}

static inline void run_backward(struct attend_case *c) {
  struct rt_tensor in[CASE_INPUTS] = {tensor_of(&c->in[0]), tensor_of(&c->in[1]), tensor_of(&c->in[2]),
                                      tensor_of(&c->lse),   tensor_of(&c->lse),   tensor_of(&c->dy)};
  struct rt_tensor out[3 + CASE_EXTRAS];
  if (c->plan.softmax) {
    in[3] = tensor_of(&c->delta);
    call_kernel(c, OP_dot, (struct rt_tensor[]){tensor_of(&c->y), in[5]}, 2, &in[3], 1);
  }
  for (int k = 0; k < c->extra_count; k++) in[6 + k] = tensor_of(&c->extras[k]);
  for (int k = 0; k < c->grad_count; k++) out[k] = tensor_of(&c->grad[k]);
  call_kernel(c, OP_attention_grad, in, 6 + c->extra_count, out, c->grad_count);
}

static inline void compare(const struct attend_case *c, const struct case_tensor *t, const char *what) {
  double bound = c->f64 ? 1e-10 : 1e-4, largest = 1;
  for (int64_t k = 0; k < t->shape.count; k++)
    if (isfinite(t->exact[k])) largest = fmax(largest, fabs(t->exact[k]));
  for (int64_t k = 0; k < t->shape.count; k++) {
    double found = case_tensor_get(c, t, k), wanted = t->exact[k];
    bool same = isinf(wanted) ? found == wanted : fabs(found - wanted) <= bound * largest;
    if (!same)
      fail_msg("%s, %s, element %d: %.12g, not %.12g", rt_isa_name(isa), what, (int)k, found, wanted);
  }
}

static inline void check_weights(struct attend_case *c, const double *weights) {
  struct case_tensor w;
  case_tensor_make(c, &w, case_has(c->query, 'i') ? "hij" : "hj", c->heads, 1);
  struct rt_tensor in[2 + CASE_EXTRAS] = {tensor_of(&c->in[0]), tensor_of(&c->in[1])}, out = tensor_of(&w);
  for (int k = 0; k < c->extra_count; k++) in[2 + k] = tensor_of(&c->extras[k]);
  call_kernel(c, OP_attention_weights, in, 2 + c->extra_count, &out, 1);
  memcpy(w.exact, weights, (size_t)w.shape.count * sizeof(double));
  compare(c, &w, "weights");
  case_tensor_free(&w);
}

/* Runs a made case for every instruction set and compares everything with the reference. */
static inline void check_case(struct attend_case *c) {
  static const char *const names[] = {"dquery",   "dkey",     "dvalue",   "dextra 0", "dextra 1",
                                      "dextra 2", "dextra 3", "dextra 4", "dextra 5"};
  int64_t pairs = 1;
  for (int e = 0; e < c->examples; e++) pairs += c->heads * c->queries[e] * c->keys[e];
  double *weights = malloc((size_t)pairs * sizeof(double));
  case_reference(c, weights);
  for (isa = RT_BASE; isa <= rt_best_isa(); isa++) {
    run_forward(c);
    compare(c, &c->y, "y");
    if (c->plan.softmax) compare(c, &c->lse, "lse");
    run_backward(c);
    for (int k = 0; k < c->grad_count; k++) compare(c, &c->grad[k], names[k]);
    check_weights(c, weights);
  }
  free(weights);
}

/* Threads 1 to 4 give the same bits. */
static inline void check_threads(struct attend_case *c) {
  void *first[2 + 3 + CASE_EXTRAS];
  for (threads = 1; threads <= 4; threads++) {
    run_forward(c);
    run_backward(c);
    for (int k = 0; k < 2 + c->grad_count; k++) {
      struct case_tensor *t = k == 0 ? &c->y : k == 1 ? &c->lse : &c->grad[k - 2];
      size_t bytes = (size_t)t->shape.count * (c->f64 ? sizeof(double) : sizeof(float));
      if (threads == 1)
        first[k] = memcpy(malloc(bytes + 1), t->data, bytes);
      else
        assert_memory_equal(first[k], t->data, bytes);
      memset(t->data, 0xff, bytes);
      if (threads == 4) free(first[k]);
      if (threads < 4 && k == 1) run_forward(c); /* attention_grad of the next round reads them */
    }
  }
  threads = 1;
}

/* Hides what is above the diagonal, where the pair scores are infinite or no numbers: nothing of them may
 * show. */
static inline void check_hidden(struct attend_case *c) {
  int64_t n = c->queries[0];
  for (int64_t i = 0; i < n; i++)
    for (int64_t j = i + 1; j < n; j++) c->extras[E_PAIR].exact[i * n + j] = j % 2 ? INFINITY : (double)NAN;
  case_tensor_put(c, &c->extras[E_PAIR]);
  run_forward(c);
  run_backward(c);
  for (int64_t k = 0; k < c->y.shape.count; k++) assert_true(isfinite(case_tensor_get(c, &c->y, k)));
  for (int g = 0; g < c->grad_count; g++)
    for (int64_t k = 0; k < c->grad[g].shape.count; k++)
      assert_true(isfinite(case_tensor_get(c, &c->grad[g], k)));
}

/* ---- cases ---- */

/* dy that lacks axes of y; the last two are shared, and for examples with as many queries each. */
static const char *const narrow[] = {"Sf", "f", "hf", "Shf", "if", "Sif", "Sihf"};
enum { NARROW_OF_ANY_LENGTH = 5, NARROW_COUNT = 7 };

static inline struct attend_case plain_case(int64_t n, int64_t m, bool f64) {
  return (struct attend_case){.examples = 1,
                              .queries = {n},
                              .keys = {m},
                              .heads = 2,
                              .key_heads = 2,
                              .width = 8,
                              .value_width = 8,
                              .query = "ihf",
                              .key = "jhf",
                              .value = "jhf",
                              .plan = {.softmax = true},
                              .f64 = f64};
}

static inline void run_case(struct attend_case c) {
  case_make(&c);
  check_case(&c);
  case_free(&c);
}

/* ---- central differences ---- */

static inline double loss_of(struct attend_case *c) {
  double loss = 0;
  run_forward(c);
  for (struct case_point p = {.c = c}; p.e < c->examples; p.e++)
    for (p.i = 0; p.i < c->queries[p.e]; p.i++)
      for (p.h = 0; p.h < c->heads; p.h++)
        for (int64_t f = 0; f < c->value_width; f++)
          loss +=
              ((double *)c->y.data)[case_element(&c->y, &p, f) - c->y.exact] * *case_element(&c->dy, &p, f);
  return loss;
}

/* The gradient in `grad` (which may still have h, or i of several examples apart) summed to the operand's own
 * shape must match differences. */
static inline void check_differences(struct attend_case *c, struct case_tensor *t,
                                     const struct case_tensor *grad) {
  double *sum = calloc((size_t)t->shape.count + 1, sizeof(double));
  int64_t width = 1;
  for (int a = 0; a < t->roles.rank; a++)
    if (t->roles.role[a] == ATTEND_FEATURE) width = t->shape.size[a];
  for (int64_t e = 0; e < c->examples; e++)
    for (int64_t h = 0; h < c->heads; h++)
      for (int64_t k = 0; k < rt_extent(&grad->shape, 0, grad->shape.rank, e) / c->heads; k++) {
        /* (i?, j?, h, f) of the gradient to an element of the operand */
        struct case_point p = {.c = c, .e = e, .h = h};
        bool has_i = false, has_j = false;
        for (int a = 0; a < t->roles.rank; a++)
          has_i |= t->roles.role[a] == ATTEND_I, has_j |= t->roles.role[a] == ATTEND_J;
        int64_t row = k / width;
        p.j = has_j ? row % c->keys[e] : 0;
        p.i = has_i ? row / (has_j ? c->keys[e] : 1) : 0;
        sum[case_element(t, &p, k % width) - t->exact] +=
            ((double *)grad->data)[rt_offset(&grad->shape, e) + (row * c->heads + h) * width + k % width];
      }
  for (int64_t k = 0; k < t->shape.count; k++) {
    double *x = &((double *)t->data)[k], old = *x, step = 1e-5;
    *x = old + step;
    double above = loss_of(c);
    *x = old - step;
    double below = loss_of(c);
    *x = old;
    double wanted = (above - below) / (2 * step);
    if (fabs(sum[k] - wanted) > 1e-7 * (1 + fabs(wanted)))
      fail_msg("element %d: %.10g, differences say %.10g", (int)k, sum[k], wanted);
  }
  free(sum);
}

#endif
