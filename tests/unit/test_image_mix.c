/* test_image_mix.c: how much an image counts that is mixed with another one. */
#include "runtime/io/image_change.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

enum { DRAWS = 100000 };

/* Mean and variance are those of Beta(a + 1, a). */
static void test_shares(void **state) {
  (void)state;
  static const double strengths[] = {1, 0.4, 0.1, 1e-3};
  for (size_t k = 0; k < sizeof strengths / sizeof *strengths; k++) {
    const double a = strengths[k], mean = (a + 1) / (2 * a + 1), variance = mean * (1 - mean) / (2 * a + 2);
    double sum = 0, squares = 0;
    for (uint64_t seed = 0; seed < DRAWS; seed++) {
      const double share = io_mix_draw(a, seed);
      assert_true(share >= 0 && share <= 1);
      assert_true(share == io_mix_draw(a, seed));
      sum += share;
      squares += (share - mean) * (share - mean);
    }
    assert_true(fabs(sum / DRAWS - mean) < 0.004);
    assert_true(fabs(squares / DRAWS - variance) < 0.004);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_shares)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
