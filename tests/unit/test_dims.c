/* test_dims.c: symbolic sizes: one normal form, exact values, readable text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "tests/unit/rationed_memory.h"
#include "vm/dims.h"

struct fixture {
  struct vm_dims dims;
  vm_dim D, H, C, T, S;
};

static int setup(void **state) {
  struct fixture *f = calloc(1, sizeof *f);
  assert_non_null(f);
  assert_int_equal(vm_dims_init(&f->dims), RT_OK);
  f->D = vm_dim_symbol(&f->dims, "D", VM_CONST, 64);
  f->H = vm_dim_symbol(&f->dims, "H", VM_CONST, 5);
  f->C = vm_dim_symbol(&f->dims, "C", VM_BOUND, -1);
  f->T = vm_dim_symbol(&f->dims, "T", VM_RAGGED, -1);
  f->S = vm_dim_symbol(&f->dims, "S", VM_RAGGED, -1);
  *state = f;
  return 0;
}

static int teardown(void **state) {
  struct fixture *f = *state;
  vm_dims_free(&f->dims);
  free(f);
  return 0;
}

static void assert_prints(struct vm_dims *dims, vm_dim d, const char *expected) {
  struct rt_text text = {0};
  assert_int_not_equal(d, VM_NO_DIM);
  vm_dim_print(dims, d, &text);
  assert_string_equal(text.data, expected);
  rt_text_free(&text);
}

static void test_one_form(void **state) {
  struct fixture *f = *state;
  struct vm_dims *dims = &f->dims;
  vm_dim four = vm_dim_number(dims, 4), three = vm_dim_number(dims, 3);
  vm_dim left = vm_dim_times(dims, four, f->D);
  assert_int_equal(vm_dim_number(dims, 1), VM_ONE);
  assert_int_equal(left, vm_dim_times(dims, f->D, four));
  assert_int_equal(left, vm_dim_plus(dims, f->D, vm_dim_times(dims, f->D, three)));
  assert_int_not_equal(f->D, vm_dim_number(dims, 64));
  assert_int_equal(vm_dim_times(dims, vm_dim_over(dims, f->D, f->H), f->H), f->D);
  assert_int_equal(vm_dim_over(dims, f->D, f->D), VM_ONE);
  assert_int_equal(vm_dim_minus(dims, vm_dim_plus(dims, f->T, VM_ONE), f->T), VM_ONE);
  /* (T + S) (T - S) = T^2 - S^2 */
  vm_dim product = vm_dim_times(dims, vm_dim_plus(dims, f->T, f->S), vm_dim_minus(dims, f->T, f->S));
  assert_int_equal(product,
                   vm_dim_minus(dims, vm_dim_times(dims, f->T, f->T), vm_dim_times(dims, f->S, f->S)));
  int64_t n = -1;
  assert_true(vm_dim_is_number(dims, vm_dim_minus(dims, f->D, f->D), &n));
  assert_int_equal(n, 0);
  assert_false(vm_dim_is_number(dims, vm_dim_over(dims, VM_ONE, three), &n));
  assert_int_equal(vm_dim_as_symbol(dims, f->D), 0);
  assert_int_equal(vm_dim_as_symbol(dims, left), -1);
  assert_int_equal(vm_dim_as_symbol(dims, VM_ONE), -1);
  /* names may repeat; the symbols still differ */
  assert_int_not_equal(vm_dim_symbol(dims, "T", VM_RAGGED, -1), f->T);
}

static void test_text(void **state) {
  struct fixture *f = *state;
  struct vm_dims *dims = &f->dims;
  vm_dim two = vm_dim_number(dims, 2), four = vm_dim_number(dims, 4);
  assert_prints(dims, f->D, "D");
  assert_prints(dims, vm_dim_times(dims, four, f->D), "4*D");
  assert_prints(dims, vm_dim_plus(dims, VM_ONE, f->T), "T + 1");
  assert_prints(dims, vm_dim_minus(dims, f->T, VM_ONE), "T - 1");
  assert_prints(dims, vm_dim_minus(dims, VM_ONE, f->T), "-T + 1");
  assert_prints(dims, vm_dim_over(dims, f->D, f->H), "D/H");
  assert_prints(dims, vm_dim_over(dims, VM_ONE, f->H), "1/H");
  assert_prints(dims, vm_dim_over(dims, vm_dim_times(dims, f->D, f->D), vm_dim_times(dims, two, f->H)),
                "D^2/(2*H)");
  assert_prints(dims, vm_dim_minus(dims, f->T, f->T), "0");
  assert_prints(dims, vm_dim_number(dims, -7), "-7");
  assert_prints(dims, VM_NO_DIM - 1, "?");
}

static void test_values(void **state) {
  struct fixture *f = *state;
  struct vm_dims *dims = &f->dims;
  struct rt_error e = {0};
  int64_t v = -1, ragged[] = {0, 0, 0, 7, 0};
  assert_int_equal(vm_dim_value(dims, vm_dim_times(dims, f->D, f->H), NULL, &v, &e), RT_OK);
  assert_int_equal(v, 320);
  assert_int_equal(vm_dim_value(dims, f->C, NULL, &v, &e), RT_NEGATIVE);
  assert_int_equal(vm_dim_value(dims, f->T, NULL, &v, &e), RT_NEGATIVE);
  assert_int_equal(e.code, RT_OK);
  dims->symbol[2].value = 3;
  assert_int_equal(vm_dim_value(dims, vm_dim_times(dims, f->C, f->T), ragged, &v, &e), RT_OK);
  assert_int_equal(v, 21);
  assert_true(vm_dim_is_ragged(dims, vm_dim_times(dims, f->C, f->T)));
  assert_false(vm_dim_is_ragged(dims, f->C));
  /* T/2 + T/2 is whole although neither half is */
  vm_dim half = vm_dim_over(dims, f->T, vm_dim_number(dims, 2));
  assert_int_equal(vm_dim_value(dims, vm_dim_plus(dims, half, half), ragged, &v, &e), RT_OK);
  assert_int_equal(v, 7);
}

static void assert_fails(struct vm_dims *dims, vm_dim d, const int64_t *ragged, const char *expected) {
  struct rt_error e = {0};
  int64_t v = -1;
  assert_int_equal(vm_dim_value(dims, d, ragged, &v, &e), RT_BAD_DATA);
  assert_string_equal(e.text, expected);
  assert_int_equal(v, -1);
}

static void test_bad_values(void **state) {
  struct fixture *f = *state;
  struct vm_dims *dims = &f->dims;
  int64_t ragged[5] = {0};
  assert_fails(dims, vm_dim_over(dims, f->D, f->H), NULL, "D/H is 64/5, not a whole number (D = 64, H = 5)");
  assert_fails(dims, vm_dim_minus(dims, f->H, f->D), NULL, "-D + H is -59, less than 0 (D = 64, H = 5)");
  assert_fails(dims, vm_dim_number(dims, -2), NULL, "-2 is -2, less than 0");
  assert_fails(dims, vm_dim_over(dims, f->D, f->T), ragged, "D/T divides by 0 (D = 64, T = 0)");
  vm_dim large = f->D;
  for (int i = 0; i < 4; i++) large = vm_dim_times(dims, large, large);
  assert_fails(dims, large, NULL, "D^16 is too large (D = 64)");
}

static void test_limits(void **state) {
  struct fixture *f = *state;
  struct vm_dims *dims = &f->dims;
  vm_dim most = vm_dim_number(dims, INT64_MAX);
  assert_int_equal(vm_dim_plus(dims, most, most), VM_NO_DIM);
  assert_int_equal(vm_dim_times(dims, most, vm_dim_number(dims, 2)), VM_NO_DIM);
  assert_int_equal(vm_dim_over(dims, f->D, vm_dim_plus(dims, f->D, VM_ONE)), VM_NO_DIM);
  assert_int_equal(vm_dim_over(dims, f->D, vm_dim_number(dims, 0)), VM_NO_DIM);
  assert_int_equal(vm_dim_plus(dims, VM_NO_DIM, f->D), VM_NO_DIM);
  vm_dim sum = VM_ONE, product = VM_ONE;
  for (int i = 0; i < VM_MAX_TERMS + 1; i++) {
    vm_dim s = vm_dim_symbol(dims, "x", VM_CONST, 1);
    if (sum != VM_NO_DIM) sum = vm_dim_plus(dims, sum, s);
    if (product != VM_NO_DIM) product = vm_dim_times(dims, product, s);
  }
  assert_int_equal(sum, VM_NO_DIM);
  assert_int_equal(product, VM_NO_DIM);
}

static void test_terms(void **state) {
  struct fixture *f = *state;
  struct vm_dims *dims = &f->dims;
  struct vm_factor messy[] = {{3, 1}, {0, 2}, {3, -1}, {0, -1}}, nowhere[] = {{99, 1}};
  struct vm_term term[] = {{2, -4, 4, messy}, {3, 2, 4, messy}};
  assert_int_equal(vm_dim_of_terms(dims, term, 2), f->D); /* -D/2 + 3*D/2 */
  struct vm_term by_zero = {1, 0, 0, NULL}, stray = {1, 1, 1, nowhere};
  assert_int_equal(vm_dim_of_terms(dims, &by_zero, 1), VM_NO_DIM);
  assert_int_equal(vm_dim_of_terms(dims, &stray, 1), VM_NO_DIM);
}

static void test_branch(void **state) {
  struct fixture *f = *state;
  struct vm_dims branch;
  size_t before = f->dims.poly_count;
  assert_int_equal(vm_dims_branch(&branch, &f->dims), RT_OK);
  vm_dim d = VM_ONE;
  for (int i = 0; i < 100; i++) d = vm_dim_plus(&branch, d, f->T);
  assert_prints(&branch, d, "100*T + 1");
  assert_int_equal(vm_dim_plus(&branch, f->D, vm_dim_number(&branch, 0)), f->D);
  assert_int_equal(f->dims.poly_count, before);
  vm_dims_free(&branch);
}

static void test_many(void **state) {
  struct fixture *f = *state;
  vm_dim first = vm_dim_number(&f->dims, 1000);
  for (int64_t n = 0; n < 5000; n++) assert_int_not_equal(vm_dim_number(&f->dims, n), VM_NO_DIM);
  assert_int_equal(vm_dim_number(&f->dims, 1000), first);
  assert_true(f->dims.poly_count < 5010);
}

static struct ration memory;

/* (3 T - 5) // 2 for T from 0 on, by what the parts are worth and by rounding the whole. */
static void test_rounded(void **state) {
  struct fixture *f = *state;
  struct vm_dims *dims = &f->dims;
  vm_dim two = vm_dim_number(dims, 2), three = vm_dim_number(dims, 3), four = vm_dim_number(dims, 4);
  vm_dim half = vm_dim_over(dims, f->T, two), lower = vm_dim_floor(dims, half),
         upper = vm_dim_ceil(dims, half);
  assert_prints(dims, lower, "floor(T/2)");
  assert_prints(dims, upper, "ceil(T/2)");
  assert_int_equal(vm_dim_floor(dims, half), lower);
  assert_int_equal(vm_dim_floor(dims, lower), lower);
  assert_int_equal(vm_dim_floor(dims, vm_dim_plus(dims, half, two)), vm_dim_plus(dims, lower, two));
  assert_int_equal(vm_dim_floor(dims, vm_dim_over(dims, vm_dim_plus(dims, f->T, VM_ONE), two)), upper);
  assert_prints(dims, vm_dim_ceil(dims, vm_dim_over(dims, upper, two)), "ceil(T/4)");
  assert_int_equal(vm_dim_floor(dims, vm_dim_over(dims, f->D, four)), vm_dim_over(dims, f->D, four));
  assert_int_equal(vm_dim_floor(dims, vm_dim_over(dims, f->H, two)), two);
  assert_int_equal(vm_dim_ceil(dims, vm_dim_over(dims, f->H, two)), three);
  assert_prints(dims, vm_dim_ceil(dims, vm_dim_over(dims, f->T, f->H)), "ceil(T/H)");
  assert_int_equal(vm_dim_floor(dims, vm_dim_minus(dims, f->S, vm_dim_over(dims, f->T, f->C))), VM_NO_DIM);
  assert_true(vm_dim_is_ragged(dims, lower));
  assert_true(vm_dim_uses(dims, lower, 3));
  assert_false(vm_dim_uses(dims, lower, 4));
  vm_dim odd = vm_dim_floor(
      dims,
      vm_dim_over(dims, vm_dim_minus(dims, vm_dim_times(dims, three, f->T), vm_dim_number(dims, 5)), two));
  for (int64_t n = 2; n < 12; n++) {
    int64_t size[] = {-1, -1, -1, n, 1, -1, -1, -1, -1, -1}, value;
    assert_int_equal(vm_dim_value(dims, odd, size, &value, NULL), RT_OK);
    assert_int_equal(value, (3 * n - 5 + 1) / 2 - (n % 2 == 0));
    assert_int_equal(vm_dim_value(dims, upper, size, &value, NULL), RT_OK);
    assert_int_equal(value, (n + 1) / 2);
  }
  assert_true(vm_dims_floors_fit(dims));
  dims->symbol[vm_dim_as_symbol(dims, lower)].of = lower;
  assert_false(vm_dims_floors_fit(dims));
}

static void test_no_memory(void **state) {
  (void)state;
  rt_set_allocator(ration_resize, &memory);
  for (int n = 0; n < 40; n++) {
    struct vm_dims dims, branch;
    memory.left = n;
    if (vm_dims_init(&dims) != RT_OK) continue;
    vm_dim d = vm_dim_symbol(&dims, "D", VM_CONST, 2);
    for (int i = 0; i < 40 && d != VM_NO_DIM; i++) d = vm_dim_plus(&dims, d, VM_ONE);
    if (d != VM_NO_DIM) vm_dim_ceil(&dims, vm_dim_over(&dims, vm_dim_symbol(&dims, "T", VM_RAGGED, -1), d));
    if (vm_dims_branch(&branch, &dims) == RT_OK) vm_dims_free(&branch);
    vm_dims_free(&dims);
  }
  rt_set_allocator(NULL, NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_one_form, setup, teardown),
      cmocka_unit_test_setup_teardown(test_text, setup, teardown),
      cmocka_unit_test_setup_teardown(test_values, setup, teardown),
      cmocka_unit_test_setup_teardown(test_bad_values, setup, teardown),
      cmocka_unit_test_setup_teardown(test_limits, setup, teardown),
      cmocka_unit_test_setup_teardown(test_terms, setup, teardown),
      cmocka_unit_test_setup_teardown(test_branch, setup, teardown),
      cmocka_unit_test_setup_teardown(test_many, setup, teardown),
      cmocka_unit_test_setup_teardown(test_rounded, setup, teardown),
      cmocka_unit_test(test_no_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
