/* test_blas_load.c: a BLAS that is not there, or is none, is an error with words, and no pool is made without
 * one. The file under test is compiled here once more, with names of libraries that change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

static const char *tried = "libaq-has-no-such-library.so";
#undef RT_BLAS_LIBRARY
#undef RT_BLAS_PATH
#define RT_BLAS_LIBRARY tried
#define RT_BLAS_PATH tried
#include "runtime/blas_load.c"
#include "runtime/threads.h"

static void no_library(void **state) {
  (void)state;
  struct rt_error error = {0};
  assert_int_equal(rt_blas_load(&error), RT_NO_INPUT);
  assert_non_null(strstr(error.text, "cannot be loaded"));
  assert_non_null(strstr(error.text, tried));
  assert_non_null(strstr(error.hint, tried));
  assert_int_equal(rt_blas_load(NULL), RT_NO_INPUT); /* tried again, and nobody asks why */
}

static void no_pool_either(void **state) {
  (void)state;
  struct rt_error error = {0};
  assert_null(rt_pool_new(1, &error));
  assert_int_equal(error.code, RT_NO_INPUT);
}

static void a_library_without_products(void **state) {
  (void)state;
  struct rt_error error = {0};
  tried = "libc.so.6";
  if (!dlopen(tried, RTLD_NOW)) skip();
  assert_int_equal(rt_blas_load(&error), RT_NO_INPUT);
  assert_non_null(strstr(error.text, "cblas_sgemm"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(no_library),
      cmocka_unit_test(no_pool_either),
      cmocka_unit_test(a_library_without_products),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
