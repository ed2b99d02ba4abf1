/* test_signature.c: the shape rules of every op, and what is said when shapes do not fit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "vm/signature.h"

struct fixture {
  struct vm_dims dims;
  vm_dim D, H, K, C, V, T, S;
};
static struct fixture f;

static int setup(void **state) {
  (void)state;
  assert_int_equal(vm_dims_init(&f.dims), RT_OK);
  f.D = vm_dim_symbol(&f.dims, "D", VM_CONST, 64);
  f.H = vm_dim_symbol(&f.dims, "H", VM_CONST, 4);
  f.K = vm_dim_symbol(&f.dims, "K", VM_CONST, 16);
  f.C = vm_dim_symbol(&f.dims, "C", VM_BOUND, -1);
  f.V = vm_dim_symbol(&f.dims, "V", VM_BOUND, -1);
  f.T = vm_dim_symbol(&f.dims, "T", VM_RAGGED, -1);
  f.S = vm_dim_symbol(&f.dims, "S", VM_RAGGED, -1);
  return 0;
}

static int teardown(void **state) {
  (void)state;
  vm_dims_free(&f.dims);
  return 0;
}

/* "[T, D]" per example, "shared [D, C]", "[T] of V": a type in the words of the fixture. */
static struct vm_type type(const char *text) {
  struct vm_type t = {.dtype = RT_REAL, .batched = 1, .of = VM_NO_DIM};
  bool of = false;
  if (strncmp(text, "shared ", 7) == 0) {
    t.batched = 0;
    text += 7;
  }
  for (; *text; text++) {
    vm_dim dim = *text == 'D'   ? f.D
                 : *text == 'H' ? f.H
                 : *text == 'K' ? f.K
                 : *text == 'C' ? f.C
                 : *text == 'V' ? f.V
                 : *text == 'T' ? f.T
                 : *text == 'S' ? f.S
                 : *text == '1' ? VM_ONE
                                : VM_NO_DIM;
    if (*text == 'o') of = true;
    if (dim == VM_NO_DIM) continue;
    if (!of) {
      t.dim[t.rank++] = dim;
    } else {
      t.dtype = RT_INT;
      t.of = dim;
    }
  }
  return t;
}

struct example {
  enum rt_op op;
  const char *arg[8], *given;
  int64_t attr[RT_MAX_ATTR];
  const char *result; /* NULL: a mismatch whose message contains `why` */
  const char *why;
};

static int apply(const struct example *e, const struct attend_plan *plan, struct vm_type *result,
                 struct vm_mismatch *mismatch) {
  struct vm_type types[8], given;
  const struct vm_type *args[8];
  int count = 0;
  for (; count < 8 && e->arg[count]; count++) {
    types[count] = type(e->arg[count]);
    args[count] = &types[count];
  }
  if (e->given) given = type(e->given);
  const struct vm_op_call call = {&f.dims, e->op, count, args, e->attr, 2, plan, e->given ? &given : NULL,
                                  mismatch};
  return vm_signature_apply(&call, result);
}

static void check(const struct example *e, const struct attend_plan *plan) {
  struct vm_type result;
  struct vm_mismatch mismatch;
  int status = apply(e, plan, &result, &mismatch);
  if (!e->result) {
    assert_int_equal(status, RT_BAD_DATA);
    if (!strstr(mismatch.why, e->why))
      fail_msg("%s: \"%s\" is not in \"%s\"", rt_op_info[e->op].name, e->why, mismatch.why);
    return;
  }
  if (status != RT_OK) fail_msg("%s: %s", rt_op_info[e->op].name, mismatch.why);
  struct vm_type expected = type(e->result);
  struct rt_text text = {0};
  vm_type_print(&f.dims, &result, &text);
  if (!vm_type_equal(&result, &expected))
    fail_msg("%s gives %s, expected %s", rt_op_info[e->op].name, text.data, e->result);
  rt_text_free(&text);
}

static const struct example fits[] = {
    {OP_relu, {"[T, D]"}, NULL, {0}, "[T, D]", NULL},
    {OP_add, {"shared [D]", "[D]"}, NULL, {0}, "[D]", NULL},
    {OP_select, {"[T]", "[T]", "[T]"}, NULL, {0}, "[T]", NULL},
    {OP_input, {NULL}, "[T] of V", {0}, "[T] of V", NULL},
    {OP_constant, {NULL}, "shared [D]", {0}, "shared [D]", NULL},
    {OP_iota, {NULL}, "[T]", {0}, "[T]", NULL},
    {OP_expand, {"shared [D]"}, "[T, D]", {2}, "[T, D]", NULL},
    {OP_expand, {"shared []"}, "shared [D, K]", {0}, "shared [D, K]", NULL},
    {OP_expand, {"[T]"}, "[T, T]", {1}, "[T, T]", NULL},
    {OP_sum, {"[T, D]"}, "shared [D]", {2}, "shared [D]", NULL},
    {OP_sum, {"[T, D]"}, "[T]", {1}, "[T]", NULL},
    {OP_maximum, {"[T, D]"}, "[D]", {2}, "[D]", NULL},
    {OP_maximum, {"[T, D]"}, "shared [D]", {2}, "[D]", NULL}, /* what is given is not believed */
    {OP_transpose, {"[T, H, K]"}, "[H, T, K]", {0x201}, "[H, T, K]", NULL},
    {OP_slice, {"shared [V, D]"}, "[T, D]", {0, 0}, "[T, D]", NULL},
    {OP_pad, {"[T, D]"}, "[V, D]", {0, 0}, "[V, D]", NULL},
    {OP_project, {"[T, D]", "shared [D, H, K]"}, NULL, {0}, "[T, H, K]", NULL},
    {OP_project, {"[T, H, D]", "shared [D, H, K]"}, NULL, {1}, "[T, H, K]", NULL},
    {OP_project, {"[D]", "shared [D]"}, NULL, {0}, "[]", NULL},
    {OP_project_back, {"[T, H, K]", "shared [D, H, K]"}, NULL, {0}, "[T, D]", NULL},
    {OP_project_back, {"[T, H, K]", "shared [D, H, K]"}, NULL, {1}, "[T, H, D]", NULL},
    {OP_project_grad, {"[T, D]", "[T, H, K]"}, NULL, {0}, "shared [D, H, K]", NULL},
    {OP_project_grad, {"[T, H, D]", "[T, H, K]"}, NULL, {1}, "shared [D, H, K]", NULL},
    {OP_matmul, {"[H, T, K]", "[H, K, S]"}, NULL, {0, 0}, "[H, T, S]", NULL},
    {OP_matmul, {"[H, K, T]", "[H, S, K]"}, NULL, {1, 1}, "[H, T, S]", NULL},
    {OP_matmul, {"[K, T]", "shared [K, D]"}, NULL, {1, 0}, "[T, D]", NULL},
    {OP_softmax, {"[T, D]"}, NULL, {0}, "[T, D]", NULL},
    {OP_standardize_grad, {"[T, D]", "[T, D]"}, NULL, {0}, "[T, D]", NULL},
    {OP_convolve, {"[T, H, D]", "shared [D, K]"}, "[T, H, K]", {1, 1, 1}, "[T, H, K]", NULL},
    {OP_convolve_back, {"[T, H, K]", "shared [D, K]"}, "[T, H, D]", {1, 1, 1}, "[T, H, D]", NULL},
    {OP_convolve_grad, {"[T, H, D]", "[T, H, K]"}, "shared [D, K]", {1, 1, 1}, "shared [D, K]", NULL},
    {OP_cumsum, {"[T, D]"}, NULL, {0, 1}, "[T, D]", NULL},
    {OP_max_pool, {"[T, H, D]"}, "[T, H, D]", {1}, "[T, H, D]", NULL},
    {OP_max_pool_grad, {"[T, H, D]", "[T, H, D]"}, NULL, {1}, "[T, H, D]", NULL},
    {OP_threshold, {"[H, D, T]"}, NULL, {0}, "[H, D]", NULL},
    {OP_dot, {"[T, H, D]", "[T, H, D]"}, NULL, {7}, "[T, H]", NULL},
    {OP_dot, {"[T, H, D]", "shared [D]"}, NULL, {4}, "[T, H]", NULL},
    {OP_dot, {"[T, H, D]", "[T, D]"}, NULL, {5}, "[T, H]", NULL},
    {OP_dot, {"shared [D]", "shared [D]"}, NULL, {1}, "shared []", NULL},
    {OP_take, {"shared [K]", "[T, S]"}, NULL, {0}, "[T, S]", NULL},
    {OP_take, {"shared [H, K]", "[H, T, S]"}, NULL, {1}, "[H, T, S]", NULL},
    {OP_take, {"[H, S, K]", "[H, T, S]"}, NULL, {5}, "[H, T, S]", NULL},
    {OP_take_grad, {"[H, T, S]", "[H, T, S]"}, "[H, K]", {1}, "[H, K]", NULL},
    {OP_threshold, {"shared [D]"}, NULL, {1}, "shared []", NULL},
    {OP_cross_entropy, {"[C]", "[] of C"}, NULL, {0}, "[]", NULL},
    {OP_cross_entropy_grad, {"[T, V]", "[T] of V", "[T]"}, NULL, {0}, "[T, V]", NULL},
    {OP_forward_chain, {"[T, V, V]"}, NULL, {0}, "[T, V]", NULL},
    {OP_forward_chain,
     {"[T, V, D]"},
     NULL,
     {0},
     NULL,
     "the last axis of `score` must match the second axis of `score`"},
    {OP_assign, {"[T, D]"}, NULL, {0}, "[T, D]", NULL},
    {OP_ctc_nll,
     {"[T, D]", "[S] of V"},
     NULL,
     {0},
     NULL,
     "a frame has a score for each letter and, as the last one, for blank"},
    {OP_gather, {"shared [V, D]", "[T] of V"}, NULL, {0}, "[T, D]", NULL},
    {OP_scatter, {"[T] of V", "[T, H, D]"}, NULL, {0}, "shared [V, H, D]", NULL},
    {OP_onehot, {"[T] of V"}, NULL, {0}, "[T, V]", NULL},
    {OP_stop, {"[T] of V"}, NULL, {0}, "[T] of V", NULL},
    {OP_lanes, {"[T, D]", "[T]"}, "[T, D]", {0}, "[T, D]", NULL},
};

static const struct example misfits[] = {
    {OP_add, {"[T]", "[S]"}, NULL, {0}, NULL, "the only axis of `b` must match the only axis of `a`"},
    {OP_add, {"[T]"}, NULL, {0}, NULL, "1 argument given, 2 needed"},
    {OP_relu, {"[T] of V"}, NULL, {0}, NULL, "whole numbers"},
    {OP_softmax, {"[]"}, NULL, {0}, NULL, "`x` has 0 axes, but at least 1 is needed"},
    {OP_convolve, {"[T, H, D]", "shared [D, K]"}, "[T, H, K]", {3, 1, 3, 1}, NULL, "the matrix has a row"},
    {OP_convolve, {"[T, H, D]", "shared [D, K]"}, "[T, H, K]", {1, 2, 1}, NULL, "there is one point for"},
    {OP_convolve, {"[T, H, D]", "shared [D, K]"}, "[T, H, K]", {0, 1, 1}, NULL, "`width` is from 1 to 32768"},
    {OP_convolve, {"[T, H, D]", "shared [D, K]"}, "[T, H, K]", {1, 1}, NULL, "`height` is from 1 to 32768"},
    {OP_convolve, {"[T, H, D]", "shared [D, K]"}, "[T, H, K]", {1, 1, 1, 1}, NULL, "`before` is from 0 to"},
    {OP_convolve_grad,
     {"[T, H, D]", "[T, H, K]"},
     "shared [D, K]",
     {1, -1, 1},
     NULL,
     "`stride` is from 1 to"},
    {OP_max_pool, {"[T, H, D]"}, "[T, H, D]", {2}, NULL, "the image is made of whole squares"},
    {OP_max_pool, {"[T, H, D]"}, "[T, H, D]", {0}, NULL, "`size` is from 1 to 4096"},
    {OP_cumsum, {"[]"}, NULL, {0}, NULL, "no such axis"},
    {OP_dot, {"[T, D]", "[T]"}, NULL, {1}, NULL, "must keep the last axis"},
    {OP_dot, {"[T, D]", "[T, D]"}, NULL, {7}, NULL, "axes that are not there"},
    {OP_dot, {"[T, D]", "[T, D]"}, NULL, {-1}, NULL, "axes that are not there"},
    {OP_dot, {"[]", "[]"}, NULL, {0}, NULL, "`a` has 0 axes, but at least 1 is needed"},
    {OP_dot, {"[T, D]", "[S, D]"}, NULL, {3}, NULL, "the first axis of `b` must match the first axis of `a`"},
    {OP_dot, {"[T, D]", "[D]"}, NULL, {3}, NULL, "`b` has 1 axis, but 2 are needed"},
    {OP_dot, {"[T, D]", "[D, D]"}, NULL, {2}, NULL, "`b` has 2 axes, but 1 is needed"},
    {OP_dot, {"shared [D]", "[D]"}, NULL, {1}, NULL, "must be per example"},
    {OP_take,
     {"shared [H, K]", "[H, T]"},
     NULL,
     {2},
     NULL,
     "the first axis of `table` must match the last axis of `index`"},
    {OP_take, {"shared [H, K]", "[H, T]"}, NULL, {0}, NULL, "`table` has 2 axes, but 1 is needed"},
    {OP_take, {"shared [K]", "[K]"}, NULL, {1}, NULL, "`table` has 1 axis, but 2 are needed"},
    {OP_take, {"shared [K]", "[T]"}, NULL, {2}, NULL, "axes that are not there"},
    {OP_take, {"[K]", "shared [D]"}, NULL, {0}, NULL, "`index` must be per example"},
    {OP_take, {"shared []", "[D]"}, NULL, {0}, NULL, "`table` has 0 axes, but 1 is needed"},
    {OP_take_grad, {"[T]", "[T]"}, "shared [K]", {0}, NULL, "result is shared"},
    {OP_take_grad, {"[T]", "[T]"}, "[K, D]", {0}, NULL, "the result has 2 axes, but 1 is needed"},
    {OP_take_grad, {"[T]", "[T]"}, "[]", {0}, NULL, "the result has 0 axes, but 1 is needed"},
    {OP_threshold, {"[]"}, NULL, {0}, NULL, "`a` has 0 axes, but at least 1 is needed"},
    {OP_threshold, {"[T]"}, NULL, {2}, NULL, "no threshold of kind 2"},
    {OP_cumsum, {"[T, D]"}, NULL, {-1, 0}, NULL, "no such axis"},
    {OP_cumsum, {"[T, D]"}, NULL, {2, 0}, NULL, "no such axis"},
    {OP_cumsum, {"[T, D]"}, NULL, {0, 2}, NULL, "`reverse` is 0 or 1"},
    {OP_constant, {NULL}, NULL, {0}, NULL, "must be given"},
    {OP_constant, {NULL}, "shared [T]", {0}, NULL, "shared by all examples"},
    {OP_param, {NULL}, "[D]", {0}, NULL, "shared"},
    {OP_expand, {"[D]"}, "[T, D]", {1}, NULL, "the only axis of `a` must match the first axis of the result"},
    {OP_expand, {"[D]"}, "[T, D]", {8}, NULL, "mask"},
    {OP_expand, {"[D]"}, "shared [D, D]", {1}, NULL, "result is shared"},
    {OP_sum, {"[T, D]"}, "[T]", {3}, NULL, "the result has 1 axis, but 2 are needed"},
    {OP_sum, {"[T, D]"}, "[T]", {0}, NULL, "the result has 1 axis, but 0 are needed"},
    {OP_sum, {"[T, D]"}, "[T]", {-1}, NULL, "mask names"},
    {OP_reshape, {"[T, D]"}, "[T, H]", {0}, NULL, "number of elements"},
    {OP_transpose, {"[D, D]"}, "[D, D]", {0x00}, NULL, "permutation"},
    {OP_transpose, {"[T, D]"}, "[D, T]", {0x321}, NULL, "not there"},
    {OP_slice, {"[T, D]"}, "[T, D]", {2, 0}, NULL, "no such axis"},
    {OP_slice, {"[T, D]"}, "[T, D]", {0, 999}, NULL, "no dim"},
    {OP_slice,
     {"[T, D]"},
     "[S, H]",
     {0, 0},
     NULL,
     "the last axis of `a` must match the last axis of the result"},
    {OP_project,
     {"[T, D]", "shared [K, D]"},
     NULL,
     {0},
     NULL,
     "the first axis of `w` must match the last axis of `x`"},
    {OP_project, {"[T, D]", "[D, K]"}, NULL, {0}, NULL, "`w` must be shared"},
    {OP_project, {"[T, D]", "shared [D, K]"}, NULL, {7}, NULL, "0 or 1"},
    {OP_matmul, {"[T, K]", "[H, K, S]"}, NULL, {0, 0}, NULL, "`b` has 3 axes, but 2 are needed"},
    {OP_cross_entropy,
     {"[C]", "[] of V"},
     NULL,
     {0},
     NULL,
     "the range of `target` must be the only axis of `logits`"},
    {OP_cross_entropy, {"[C]", "[]"}, NULL, {0}, NULL, "`target` must hold whole numbers"},
    {OP_cross_entropy,
     {"shared [C]", "[] of C"},
     NULL,
     {0},
     NULL,
     "`logits` is shared by all examples but `target` is per example"},
    {OP_concat, {NULL}, "[T]", {0}, NULL, "needs an argument"},
    {OP_concat, {"[T]", "[S]"}, "[T]", {0}, NULL, "sum of the parts"},
};

static void test_fits(void **state) {
  (void)state;
  for (size_t i = 0; i < RT_COUNT(fits); i++) check(&fits[i], NULL);
}

static void test_misfits(void **state) {
  (void)state;
  for (size_t i = 0; i < RT_COUNT(misfits); i++) check(&misfits[i], NULL);
}

static void test_mismatch_tells_dims(void **state) {
  (void)state;
  struct vm_type result;
  struct vm_mismatch m;
  struct example e = {OP_project, {"[T, D]", "shared [K, D]"}, NULL, {0}, NULL, NULL};
  assert_int_equal(apply(&e, NULL, &result, &m), RT_BAD_DATA);
  assert_int_equal(m.arg, 1);
  assert_int_equal(m.axis, 0);
  assert_int_equal(m.other_arg, 0);
  assert_int_equal(m.other_axis, 1);
  assert_int_equal(m.found, f.K);
  assert_int_equal(m.expected, f.D);
  assert_int_equal(
      vm_signature_apply(&(struct vm_op_call){&f.dims, (enum rt_op)9999, 0, NULL, NULL, 0, NULL, NULL, NULL},
                         &result),
      RT_BAD_DATA);
}

static void test_sums_of_dims(void **state) {
  (void)state;
  struct vm_mismatch m;
  struct vm_type a = type("[T, D]"), b = type("shared [K, D]"), t = type("[T, D]"), flat = type("[T]"),
                 result;
  const struct vm_type *args[] = {&a, &b, &a};
  t.dim[0] = vm_dim_plus(&f.dims, vm_dim_plus(&f.dims, f.T, f.T), f.K);
  assert_int_equal(
      vm_signature_apply(&(struct vm_op_call){&f.dims, OP_concat, 3, args, (int64_t[]){0}, 0, NULL, &t, &m},
                         &result),
      RT_OK);
  flat.dim[0] = vm_dim_times(&f.dims, f.D, f.T);
  assert_int_equal(vm_signature_apply(
                       &(struct vm_op_call){&f.dims, OP_reshape, 1, args, NULL, 0, NULL, &flat, &m}, &result),
                   RT_OK);
  flat.batched = 0;
  assert_int_equal(vm_signature_apply(
                       &(struct vm_op_call){&f.dims, OP_reshape, 1, args, NULL, 0, NULL, &flat, &m}, &result),
                   RT_BAD_DATA);
}

static void test_sizes(void **state) {
  (void)state;
  struct vm_type result;
  assert_int_equal(
      vm_signature_apply(
          &(struct vm_op_call){&f.dims, OP_size, 0, NULL, (int64_t[]){f.T}, 0, NULL, NULL, NULL}, &result),
      RT_OK);
  assert_int_equal(result.batched, 1);
  assert_int_equal(
      vm_signature_apply(
          &(struct vm_op_call){&f.dims, OP_size, 0, NULL, (int64_t[]){f.C}, 0, NULL, NULL, NULL}, &result),
      RT_OK);
  assert_int_equal(result.batched, 0);
  assert_int_equal(
      vm_signature_apply(
          &(struct vm_op_call){&f.dims, OP_rows, 0, NULL, (int64_t[]){f.T}, 0, NULL, NULL, NULL}, &result),
      RT_OK);
  assert_int_equal(result.batched, 0);
  assert_int_equal(
      vm_signature_apply(
          &(struct vm_op_call){&f.dims, OP_rows, 0, NULL, (int64_t[]){-1}, 0, NULL, NULL, NULL}, &result),
      RT_BAD_DATA);
}

static struct attend_operand roles(const char *text) {
  struct attend_operand operand = {0};
  for (; *text; text++)
    operand.role[operand.rank++] = *text == 'i'   ? ATTEND_I
                                   : *text == 'j' ? ATTEND_J
                                   : *text == 'h' ? ATTEND_H
                                                  : ATTEND_FEATURE;
  return operand;
}

static void test_attention(void **state) {
  (void)state;
  struct attend_plan heads = {.softmax = true,
                              .query = roles("ihf"),
                              .key = roles("jhf"),
                              .value = roles("jhf"),
                              .out = roles("ihf")};
  check(
      &(struct example){OP_attention, {"[T, H, K]", "[S, H, K]", "[S, H, D]"}, NULL, {0}, "[T, H, D]", NULL},
      &heads);
  check(&(struct example){OP_attention_weights, {"[T, H, K]", "[S, H, K]"}, NULL, {0}, "[H, T, S]", NULL},
        &heads);
  check(
      &(struct example){
          OP_attention, {"[T, H, K]", "[S, H, D]", "[S, H, D]"}, NULL, {0}, NULL, "feature axis of `key`"},
      &heads);
  check(
      &(struct example){
          OP_attention, {"[T, H, K]", "[S, H, K]", "[T, H, D]"}, NULL, {0}, NULL, "j axis of `value`"},
      &heads);
  check(
      &(struct example){
          OP_attention, {"[T, K]", "[S, H, K]", "[S, H, D]"}, NULL, {0}, NULL, "another number of axes"},
      &heads);
  check(
      &(struct example){
          OP_attention, {"[T, H, K]", "[S, H, K]", "[S, H, D]", "[H]"}, NULL, {0}, NULL, "extra"},
      &heads);
  struct attend_plan pool = {
      .query = roles("f"), .key = roles("jf"), .value = roles("jf"), .out = roles("f")};
  check(&(struct example){OP_attention, {"shared [D]", "[T, D]", "[T, D]"}, NULL, {0}, "[D]", NULL}, &pool);
  pool.out = roles("if");
  check(
      &(struct example){
          OP_attention, {"shared [D]", "[T, D]", "[T, D]"}, NULL, {0}, NULL, "that no operand has"},
      &pool);
  check(&(struct example){OP_attention, {"[D]", "[T, D]", "[T, D]"}, NULL, {0}, NULL, "needs its plan"},
        NULL);
}

static void test_attention_results(void **state) {
  (void)state;
  struct attend_plan plan = {.softmax = true,
                             .query = roles("ihf"),
                             .key = roles("jf"),
                             .value = roles("jf"),
                             .out = roles("ihf"),
                             .extra_count = 3,
                             .extra = {roles("h"), roles("ij"), roles("hf")},
                             .wants_grad = {true, false, true}};
  const char *texts[] = {"[T, H, K]", "[S, K]",     "[S, D]", "[T, H]",       "[T, H]",
                         "[T, H, D]", "shared [H]", "[T, S]", "shared [H, V]"};
  struct vm_type types[9], result, expected;
  const struct vm_type *args[9];
  const int64_t attr[] = {0, 7};
  for (int i = 0; i < 9; i++) {
    types[i] = type(texts[i]);
    args[i] = &types[i];
  }
  static const char *const results[] = {"[T, H, K]", "[S, H, K]", "[S, H, D]", "[H]", "[H, V]"};
  struct vm_mismatch m;
  for (int n = 0; n < 5; n++) {
    int status = vm_signature_result(
        &(struct vm_op_call){&f.dims, OP_attention_grad, 9, args, attr, 0, &plan, NULL, &m}, n, &result);
    if (status != RT_OK) fail_msg("%s", m.why);
    expected = type(results[n]);
    assert_true(vm_type_equal(&result, &expected));
  }
  assert_int_equal(
      vm_signature_result(&(struct vm_op_call){&f.dims, OP_attention_grad, 9, args, attr, 0, &plan, NULL, &m},
                          5, &result),
      RT_BAD_DATA);
  const struct vm_type *forward[] = {args[0], args[1], args[2], args[6], args[7], args[8]};
  assert_int_equal(
      vm_signature_result(&(struct vm_op_call){&f.dims, OP_attention, 6, forward, NULL, 0, &plan, NULL, &m},
                          1, &result),
      RT_OK);
  expected = type("[T, H]");
  assert_true(vm_type_equal(&result, &expected));
  assert_int_equal(
      vm_signature_result(&(struct vm_op_call){&f.dims, OP_attention, 6, forward, NULL, 0, &plan, NULL, &m},
                          2, &result),
      RT_BAD_DATA);
  types[4] = type("[T]");
  assert_int_equal(
      vm_signature_result(&(struct vm_op_call){&f.dims, OP_attention_grad, 9, args, attr, 0, &plan, NULL, &m},
                          0, &result),
      RT_BAD_DATA);
  assert_non_null(strstr(m.why, "`lse`"));
}

/* dy may lack axes of y that its mask leaves out. */
static void test_attention_dy(void **state) {
  (void)state;
  struct attend_plan heads = {
      .softmax = true, .query = roles("ihf"), .key = roles("jf"), .value = roles("jf"), .out = roles("ihf")};
  static const struct {
    const char *dy;
    int64_t axes;
    const char *why;
  } cases[] = {
      {"[T, H, D]", 7, NULL},
      {"[H, D]", 6, NULL},
      {"[T, D]", 5, NULL},
      {"[D]", 4, NULL},
      {"shared [D]", 4, NULL},
      {"shared [H, D]", 6, NULL},
      {"[T, H, D]", 15, "a mask of more axes"},
      {"[T, H, D]", -1, "a mask of more axes"},
      {"[T, H]", 3, "leaves out the axis of features"},
      {"[D]", 0, "leaves out the axis of features"},
      {"[T, D]", 6, "its mask keeps"},
      {"[D]", 7, "its mask keeps"},
      {"[T, H, D]", 4, "its mask keeps"},
      {"[K]", 4, "its mask keeps"},
      {"[S, D]", 5, "its mask keeps"},
  };
  for (size_t k = 0; k < RT_COUNT(cases); k++)
    check(&(struct example){OP_attention_grad,
                            {"[T, H, K]", "[S, K]", "[S, D]", "[T, H]", "[T, H]", cases[k].dy},
                            NULL,
                            {0, cases[k].axes},
                            cases[k].why ? NULL : "[T, H, K]",
                            cases[k].why},
          &heads);
  struct attend_plan pool = {
      .query = roles("f"), .key = roles("jf"), .value = roles("jf"), .out = roles("f")};
  check(&(struct example){OP_attention_grad,
                          {"shared [K]", "shared [V, K]", "shared [V, D]", "shared []", "shared []", "[D]"},
                          NULL,
                          {0, 1},
                          NULL,
                          "its mask keeps"},
        &pool); /* per example, but y is not */
}

static void test_asking(void **state) {
  (void)state;
  char name[32];
  assert_int_equal(vm_op_arity(OP_select), 3);
  assert_int_equal(vm_op_arity(OP_attention_grad), 6);
  assert_int_equal(vm_op_arity(OP_concat), 0);
  assert_true(vm_op_variadic(OP_concat));
  assert_false(vm_op_variadic(OP_add));
  assert_string_equal(vm_op_arg_name(OP_attention_grad, 4, name), "lse");
  assert_string_equal(vm_op_arg_name(OP_attention, 4, name), "extra 2");
  assert_int_equal(vm_op_attr_count(OP_slice), 2);
  assert_int_equal(vm_op_attr_count(OP_standardize), 0);
  assert_int_equal(vm_op_attr_count(OP_add), 0);
  assert_true(vm_op_attr_kind(OP_slice, 1) == VM_ATTR_DIM);
  assert_false(vm_op_attr_kind(OP_slice, 0) == VM_ATTR_DIM);
  assert_true(vm_op_attr_kind(OP_size, 0) == VM_ATTR_DIM);
}

/* Every op accepts or refuses arguments of every rank without crashing, also with attributes that are none.
 */
static void test_anything(void **state) {
  (void)state;
  const char *texts[] = {
      "[]", "[T]", "[T, D]", "shared [D]", "[T, H, K]", "[T] of V", "[T, T, T, T, T, T, T, T]"};
  struct vm_type types[8], result;
  const struct vm_type *args[8];
  struct vm_mismatch m;
  struct attend_plan plan = {
      .query = roles("if"), .key = roles("jf"), .value = roles("jf"), .out = roles("if")};
  srand(1);
  int accepted = 0;
  for (int round = 0; round < 20000; round++) {
    int count = rand() % 7;
    for (int i = 0; i < 8; i++) {
      types[i] = type(texts[rand() % (int)RT_COUNT(texts)]);
      args[i] = &types[i];
    }
    int64_t attr[RT_MAX_ATTR] = {rand() % 9 - 1, rand() % 9 - 1};
    accepted += vm_signature_apply(&(struct vm_op_call){&f.dims, (enum rt_op)(rand() % OP_COUNT), count, args,
                                                        attr, 0, &plan, &types[7], &m},
                                   &result)
                == RT_OK;
  }
  assert_true(accepted > 100);
}

/* What the rows say must hold together. */
static void test_rows(void **state) {
  (void)state;
  for (int op = 0; op < OP_COUNT; op++) {
    const struct rt_op_info *info = &rt_op_info[op];
    bool plan = vm_op_attr_kind((enum rt_op)op, 0) == VM_ATTR_PLAN;
    if (!info->name[0] || !info->written[0] || !info->doc[0]) fail_msg("%s: a text is missing", info->name);
    if (rt_has_plan((enum rt_op)op) != plan) fail_msg("%s: a plan, or none?", info->name);
    if (vm_op_result_count((enum rt_op)op, NULL) == 0) fail_msg("%s: no result", info->name);
    for (int k = 0; k < vm_op_attr_count((enum rt_op)op); k++)
      if (!vm_op_attr_name((enum rt_op)op, k)[0]) fail_msg("%s: attribute %d has no name", info->name, k);
    for (int k = 0; k < vm_op_arity((enum rt_op)op); k++) {
      char name[32];
      if (!vm_op_arg_name((enum rt_op)op, k, name)[0]) fail_msg("%s: argument %d has no name", info->name, k);
    }
    for (int other = 0; other < op; other++)
      if (!strcmp(rt_op_info[other].name, info->name)) fail_msg("%s: twice", info->name);
  }
  assert_int_equal(vm_op_result_count(OP_attention, NULL), 2);
  assert_int_equal(vm_op_result_count(OP_lanes, NULL), -1);
  assert_false(vm_op_may_overwrite(OP_project_back, 0));
  assert_true(vm_op_may_overwrite(OP_lanes, 7));
  assert_true(vm_op_may_be_infinite(OP_attention, 1));
  assert_false(vm_op_may_be_infinite(OP_attention, 0));
  assert_true(vm_op_has_rows(OP_project, 0));
  assert_false(vm_op_has_rows(OP_project, 1));
  assert_true(vm_op_has_rows(OP_gather, 1));
}

/* m k n of a product, grouped or not. */
static void test_combined(void **state) {
  (void)state;
  struct vm_type x = type("[T, H, D]"), w = type("shared [D, H, K]");
  const struct vm_type *args[] = {&x, &w};
  vm_dim dim[VM_MOST_COMBINED];
  const int64_t group = 1;
  struct vm_op_call call = {.dims = &f.dims, .op = OP_project, .arg_count = 2, .arg = args, .attr = &group};
  assert_int_equal(vm_signature_combined(&call, dim), 4);
  assert_int_equal(dim[0], f.T);
  call.arg_count = 1;
  assert_int_equal(vm_signature_combined(&call, dim), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_fits),
      cmocka_unit_test(test_misfits),
      cmocka_unit_test(test_mismatch_tells_dims),
      cmocka_unit_test(test_sizes),
      cmocka_unit_test(test_rows),
      cmocka_unit_test(test_combined),
      cmocka_unit_test(test_sums_of_dims),
      cmocka_unit_test(test_attention),
      cmocka_unit_test(test_asking),
      cmocka_unit_test(test_attention_results),
      cmocka_unit_test(test_attention_dy),
      cmocka_unit_test(test_anything),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
